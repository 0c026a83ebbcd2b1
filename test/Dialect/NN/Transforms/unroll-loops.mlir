// RUN: nnc-opt %s --nn-unroll-loops --canonicalize --cse | FileCheck %s

// CHECK-LABEL: func @sums
// CHECK-SAME: (%[[X:.+]]: tensor<2x8xf32>, %[[H:.+]]: tensor<8xf32>)
// CHECK-NOT: nn.scan
// CHECK-DAG: %[[ALL:.+]] = nn.reshape %[[X]] : tensor<2x8xf32> -> tensor<16xf32>
// CHECK-DAG: %[[R0:.+]] = nn.slice %[[ALL]] starts = [0]
// CHECK-DAG: %[[A:.+]] = nn.add %[[H]], %[[R0]]
// CHECK-DAG: %[[R1:.+]] = nn.slice %[[ALL]] starts = [8]
// CHECK-DAG: %[[B:.+]] = nn.add %[[A]], %[[R1]]
// CHECK: %[[C:.+]] = nn.concat %[[A]], %[[B]] axis = 0
// CHECK: %[[S:.+]] = nn.reshape %[[C]] : tensor<16xf32> -> tensor<2x8xf32>
// CHECK: return %[[S]], %[[B]]
func.func @sums(%x: tensor<2x8xf32>, %h: tensor<8xf32>) -> (tensor<2x8xf32>, tensor<8xf32>) {
  %s, %last = nn.scan steps = <2> sources (%x) axes = [0] initial (%h) invariants () stack_axes = [0] : (tensor<2x8xf32>, tensor<8xf32>) -> (tensor<2x8xf32>, tensor<8xf32>) {
  ^bb0(%row: tensor<8xf32>, %old: tensor<8xf32>):
    %new = nn.add %old, %row : tensor<8xf32>
    nn.next %new, %new : tensor<8xf32>, tensor<8xf32>
  }
  return %s, %last : tensor<2x8xf32>, tensor<8xf32>
}

// From the last step to the first: the first row is added last.
// CHECK-LABEL: func @backwards
// CHECK: %[[FIRST:.+]] = nn.slice %{{.+}} starts = [8]
// CHECK: %[[A:.+]] = nn.sub %[[FIRST]], %{{.+}}
// CHECK: %[[SECOND:.+]] = nn.slice %{{.+}} starts = [0]
// CHECK: %[[B:.+]] = nn.sub %[[SECOND]], %[[A]]
// CHECK: return %[[B]]
func.func @backwards(%x: tensor<2x8xf32>, %h: tensor<8xf32>) -> tensor<8xf32> {
  %last = nn.scan reverse steps = <2> sources (%x) axes = [0] initial (%h) invariants () stack_axes = [] : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%row: tensor<8xf32>, %old: tensor<8xf32>):
    %new = nn.sub %row, %old : tensor<8xf32>
    nn.next %new : tensor<8xf32>
  }
  return %last : tensor<8xf32>
}

// Without a step the carried values are the initial ones.
// CHECK-LABEL: func @no_step
// CHECK-SAME: (%{{.+}}, %[[H:.+]]: tensor<8xf32>)
// CHECK: return %[[H]]
func.func @no_step(%x: tensor<0x8xf32>, %h: tensor<8xf32>) -> tensor<8xf32> {
  %last = nn.scan steps = <0> sources (%x) axes = [0] initial (%h) invariants () stack_axes = [] : (tensor<0x8xf32>, tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%row: tensor<8xf32>, %old: tensor<8xf32>):
    %new = nn.add %old, %row : tensor<8xf32>
    nn.next %new : tensor<8xf32>
  }
  return %last : tensor<8xf32>
}

// An axis that is the last one, or stands before an open one, stays.
// CHECK-LABEL: func @last_axis
// CHECK: %[[S:.+]] = nn.slice %{{.+}} starts = [0, 0] steps = [1, 1] : {{.+}} -> tensor<?x1xf32, {{.+}}>
// CHECK: nn.reshape %[[S]] : {{.+}} -> tensor<?xf32, #nn.dims<batch>>
// CHECK: nn.concat %{{.+}}, %{{.+}} axis = 1 : {{.+}} -> tensor<?x2xf32, {{.+}}>
func.func @last_axis(%x: tensor<?x2xf32, #nn.dims<batch, 2>>) -> tensor<?x2xf32, #nn.dims<batch, 2>> {
  %s = nn.scan steps = <2> sources (%x) axes = [1] initial () invariants () stack_axes = [1] : (tensor<?x2xf32, #nn.dims<batch, 2>>) -> tensor<?x2xf32, #nn.dims<batch, 2>> {
  ^bb0(%row: tensor<?xf32, #nn.dims<batch>>):
    %y = nn.exp %row : tensor<?xf32, #nn.dims<batch>>
    nn.next %y : tensor<?xf32, #nn.dims<batch>>
  }
  return %s : tensor<?x2xf32, #nn.dims<batch, 2>>
}

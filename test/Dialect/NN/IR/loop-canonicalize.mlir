// RUN: nnc-opt %s --canonicalize | FileCheck %s

// The stacked result and the first carried value are not needed; the second
// source was read for it alone.
// CHECK-LABEL: func @unused
// CHECK-SAME: (%[[X:[^:]+]]: tensor<4x8xf32>, %[[Z:[^:]+]]: tensor<4x8xf32>, %[[H:[^:]+]]: tensor<8xf32>)
// CHECK: nn.scan steps = <4> sources(%[[X]]) axes = [0] initial(%[[H]]) invariants() stack_axes = []
// CHECK-NEXT: ^bb0(%[[ROW:.+]]: tensor<8xf32>, %[[OLD:.+]]: tensor<8xf32>):
// CHECK-NEXT: %[[NEW:.+]] = nn.add %[[OLD]], %[[ROW]]
// CHECK-NEXT: nn.next %[[NEW]] : tensor<8xf32>
func.func @unused(%x: tensor<4x8xf32>, %z: tensor<4x8xf32>, %h: tensor<8xf32>) -> tensor<8xf32> {
  %s, %a, %b = nn.scan steps = <4> sources (%x, %z) axes = [0, 0] initial (%h, %h) invariants (%h) stack_axes = [0] : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<8xf32>, tensor<8xf32>) {
  ^bb0(%row: tensor<8xf32>, %other: tensor<8xf32>, %first: tensor<8xf32>, %second: tensor<8xf32>, %w: tensor<8xf32>):
    %p = nn.mul %first, %other : tensor<8xf32>
    %q = nn.mul %p, %w : tensor<8xf32>
    %new = nn.add %second, %row : tensor<8xf32>
    nn.next %second, %q, %new : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
  }
  return %b : tensor<8xf32>
}

// A product of the slices alone is one product of all steps before the loop.
// CHECK-LABEL: func @hoist
// CHECK-SAME: (%[[X:[^:]+]]: tensor<2x3x4xf32>, %[[W:[^:]+]]: tensor<4x5xf32>, %[[H:[^:]+]]: tensor<2x5xf32>)
// CHECK-NEXT: %[[ROWS:.+]] = nn.reshape %[[X]] : tensor<2x3x4xf32> -> tensor<6x4xf32>
// CHECK-NEXT: %[[P:.+]] = nn.matmul %[[ROWS]], %[[W]]
// CHECK-NEXT: %[[ALL:.+]] = nn.reshape %[[P]] : tensor<6x5xf32> -> tensor<2x3x5xf32>
// CHECK-NEXT: nn.scan steps = <3> sources(%[[ALL]]) axes = [1] initial(%[[H]]) invariants()
// CHECK-NOT: nn.matmul
// CHECK: return
func.func @hoist(%x: tensor<2x3x4xf32>, %w: tensor<4x5xf32>, %h: tensor<2x5xf32>) -> tensor<2x5xf32> {
  %y = nn.scan steps = <3> sources (%x) axes = [1] initial (%h) invariants (%w) stack_axes = [] : (tensor<2x3x4xf32>, tensor<2x5xf32>, tensor<4x5xf32>) -> tensor<2x5xf32> {
  ^bb0(%row: tensor<2x4xf32>, %old: tensor<2x5xf32>, %u: tensor<4x5xf32>):
    %p = nn.matmul %row, %u : (tensor<2x4xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
    %s = nn.add %p, %old : tensor<2x5xf32>
    %new = nn.tanh %s : tensor<2x5xf32>
    nn.next %new : tensor<2x5xf32>
  }
  return %y : tensor<2x5xf32>
}

// The sum of the columns' sums of all steps is taken behind the loop.
// CHECK-LABEL: func @sink
// CHECK: %[[S:.+]]:2 = nn.scan steps = <3> sources(%{{.+}}) axes = [1] initial(%{{.+}}) invariants() stack_axes = [1]
// CHECK-NOT: nn.reduce_sum
// CHECK: nn.next
// CHECK: %[[ROWS:.+]] = nn.reshape %[[S]]#0 : tensor<2x3x5xf32> -> tensor<6x5xf32>
// CHECK: %[[SUM:.+]] = nn.reduce_sum %[[ROWS]] axes = [0]
// CHECK: %[[TOTAL:.+]] = nn.add %{{.+}}, %[[SUM]]
// CHECK: return %[[TOTAL]], %[[S]]#1
func.func @sink(%x: tensor<2x3x5xf32>, %b: tensor<5xf32>, %h: tensor<2x5xf32>) -> (tensor<5xf32>, tensor<2x5xf32>) {
  %y:2 = nn.scan steps = <3> sources (%x) axes = [1] initial (%b, %h) invariants () stack_axes = [] : (tensor<2x3x5xf32>, tensor<5xf32>, tensor<2x5xf32>) -> (tensor<5xf32>, tensor<2x5xf32>) {
  ^bb0(%row: tensor<2x5xf32>, %sum: tensor<5xf32>, %old: tensor<2x5xf32>):
    %new = nn.mul %row, %old : tensor<2x5xf32>
    %part = nn.reduce_sum %new axes = [0] : tensor<2x5xf32> -> tensor<5xf32>
    %next = nn.add %sum, %part : tensor<5xf32>
    nn.next %next, %new : tensor<5xf32>, tensor<2x5xf32>
  }
  return %y#0, %y#1 : tensor<5xf32>, tensor<2x5xf32>
}

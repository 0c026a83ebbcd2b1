// RUN: nnc-opt %s --verify-roundtrip | nnc-opt | FileCheck %s

// CHECK-LABEL: func @sums
// CHECK: nn.scan steps = <4> sources(%{{.+}}) axes = [0] initial(%{{.+}}) invariants() stack_axes = [0]
// CHECK: nn.next %{{.+}}, %{{.+}} : tensor<8xf32>, tensor<8xf32>
func.func @sums(%x: tensor<4x8xf32>, %h: tensor<8xf32>) -> (tensor<4x8xf32>, tensor<8xf32>) {
  %s, %last = nn.scan steps = <4> sources (%x) axes = [0] initial (%h) invariants () stack_axes = [0] : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<8xf32>) {
  ^bb0(%row: tensor<8xf32>, %old: tensor<8xf32>):
    %new = nn.add %old, %row : tensor<8xf32>
    nn.next %new, %new : tensor<8xf32>, tensor<8xf32>
  }
  return %s, %last : tensor<4x8xf32>, tensor<8xf32>
}

// Named sizes: the axis and others may be open.
// CHECK-LABEL: func @named
// CHECK: nn.scan reverse steps = <time>
func.func @named(%x: tensor<?x?xf32, #nn.dims<batch, time>>, %h: tensor<?xf32, #nn.dims<batch>>) -> tensor<?xf32, #nn.dims<batch>> {
  %last = nn.scan reverse steps = <time> sources (%x) axes = [1] initial (%h) invariants (%h) stack_axes = [] : (tensor<?x?xf32, #nn.dims<batch, time>>, tensor<?xf32, #nn.dims<batch>>, tensor<?xf32, #nn.dims<batch>>) -> tensor<?xf32, #nn.dims<batch>> {
  ^bb0(%row: tensor<?xf32, #nn.dims<batch>>, %old: tensor<?xf32, #nn.dims<batch>>, %w: tensor<?xf32, #nn.dims<batch>>):
    %p = nn.mul %old, %w : tensor<?xf32, #nn.dims<batch>>
    %new = nn.add %p, %row : tensor<?xf32, #nn.dims<batch>>
    nn.next %new : tensor<?xf32, #nn.dims<batch>>
  }
  return %last : tensor<?xf32, #nn.dims<batch>>
}

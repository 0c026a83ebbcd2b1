// RUN: nnc-opt %s --split-input-file --nn-decompose --nn-simplify --nn-fuse-ops \
// RUN:   | FileCheck %s

// What a training step is made of becomes few groups: an optimiser's update is
// one, a loss of its logits one, a chain with a reduction at either end one.

// CHECK-LABEL: func.func @adam
// CHECK: %[[N:.+]]:3 = nn.fusion map({{.*}}tensor<4x6xf32>
// CHECK: nn.sqrt %{{.+}} : tensor<4x6xf32>
// CHECK: nn.sub %{{.+}} : tensor<4x6xf32>
// CHECK: nn.yield
// CHECK-NOT: nn.fusion
// CHECK: return %[[N]]#
func.func @adam(%w: tensor<4x6xf32> {nn.name = "w"}, %g: tensor<4x6xf32>,
    %m: tensor<4x6xf32> {nn.name = "m"}, %v: tensor<4x6xf32> {nn.name = "v"},
    %rate: tensor<f32>, %step: tensor<i64>)
    -> (tensor<4x6xf32> {nn.updates = "w"}, tensor<4x6xf32> {nn.updates = "m"},
        tensor<4x6xf32> {nn.updates = "v"}) {
  %n:3 = nn.adam %w, %g states(%m, %v) learning_rate(%rate) step(%step)
      : (tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x6xf32>, tensor<f32>, tensor<i64>) -> (tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x6xf32>)
  return %n#0, %n#1, %n#2 : tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x6xf32>
}

// -----

// Plain descent goes behind the product that makes the gradient.

// CHECK-LABEL: func.func @sgd_behind_product
// CHECK: nn.fusion contraction(
// CHECK: nn.matmul
// CHECK: nn.sub
// CHECK: nn.yield
// CHECK-NOT: nn.fusion
// CHECK: return
func.func @sgd_behind_product(%x: tensor<8x4xf32>, %d: tensor<8x6xf32>,
    %w: tensor<4x6xf32> {nn.name = "w"}) -> (tensor<4x6xf32> {nn.updates = "w"}) {
  %g = nn.matmul %x, %d transpose_a : (tensor<8x4xf32>, tensor<8x6xf32>) -> tensor<4x6xf32>
  %c = nn.constant dense<0.1> : tensor<f32>
  %rate = nn.broadcast %c dimensions = [] : tensor<f32> -> tensor<4x6xf32>
  %s = nn.mul %rate, %g : tensor<4x6xf32>
  %n = nn.sub %w, %s : tensor<4x6xf32>
  return %n : tensor<4x6xf32>
}

// -----

// Near miss: a clip by the norm of the whole gradient needs all of it first.

// CHECK-LABEL: func.func @clipped
// CHECK: %[[G:.+]] = nn.fusion contraction(
// CHECK: nn.matmul
// CHECK: nn.yield
// CHECK: nn.reduce_sum
// CHECK: nn.yield
// CHECK: nn.fusion map(
// CHECK: nn.sub
// CHECK: return
func.func @clipped(%x: tensor<8x4xf32>, %d: tensor<8x6xf32>,
    %w: tensor<4x6xf32> {nn.name = "w"}) -> (tensor<4x6xf32> {nn.updates = "w"}) {
  %g = nn.matmul %x, %d transpose_a : (tensor<8x4xf32>, tensor<8x6xf32>) -> tensor<4x6xf32>
  %q = nn.mul %g, %g : tensor<4x6xf32>
  %n2 = nn.reduce_sum %q axes = [0, 1] : tensor<4x6xf32> -> tensor<f32>
  %r = nn.rsqrt %n2 : tensor<f32>
  %rb = nn.broadcast %r dimensions = [] : tensor<f32> -> tensor<4x6xf32>
  %s = nn.mul %rb, %g : tensor<4x6xf32>
  %n = nn.sub %w, %s : tensor<4x6xf32>
  return %n : tensor<4x6xf32>
}

// -----

// The losses of a batch and the gradient of its logits are one sweep.

// CHECK-LABEL: func.func @loss_and_gradient
// CHECK: nn.fusion row_sweep(
// CHECK: nn.reduce_max
// CHECK: nn.exp
// CHECK: nn.reduce_sum
// CHECK: nn.log
// CHECK: nn.yield
// CHECK-NOT: nn.fusion
// CHECK: return
func.func @loss_and_gradient(%z: tensor<4x6xf32>, %t: tensor<4x6xf32>)
    -> (tensor<4xf32>, tensor<4x6xf32>) {
  %e = nn.softmax_cross_entropy %z, %t : tensor<4x6xf32> -> tensor<4xf32>
  %p = nn.softmax %z : tensor<4x6xf32>
  %d = nn.sub %p, %t : tensor<4x6xf32>
  return %e, %d : tensor<4xf32>, tensor<4x6xf32>
}

// -----

// A chain before a sum, and what follows the sum.

// CHECK-LABEL: func.func @chain_with_reduction
// CHECK: nn.fusion
// CHECK: nn.sub
// CHECK: nn.mul
// CHECK: nn.reduce_sum
// CHECK: nn.sqrt
// CHECK-NOT: nn.fusion
// CHECK: return
func.func @chain_with_reduction(%x: tensor<4x6xf32>, %y: tensor<4x6xf32>) -> tensor<4xf32> {
  %d = nn.sub %x, %y : tensor<4x6xf32>
  %q = nn.mul %d, %d : tensor<4x6xf32>
  %s = nn.reduce_sum %q axes = [1] : tensor<4x6xf32> -> tensor<4xf32>
  %r = nn.sqrt %s : tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

// Near miss: what is summed along one axis and again along the other has no
// order of rows in which both are done at once.

// CHECK-LABEL: func.func @two_axes
// CHECK: nn.reduce_sum {{.*}} axes = [1]
// CHECK: nn.yield
// CHECK: nn.fusion
// CHECK: nn.reduce_sum {{.*}} axes = [0]
// CHECK: return
func.func @two_axes(%x: tensor<4x6xf32>) -> tensor<6xf32> {
  %s = nn.reduce_sum %x axes = [1] : tensor<4x6xf32> -> tensor<4xf32>
  %b = nn.broadcast %s dimensions = [0] : tensor<4xf32> -> tensor<4x6xf32>
  %d = nn.div %x, %b : tensor<4x6xf32>
  %r = nn.reduce_sum %d axes = [0] : tensor<4x6xf32> -> tensor<6xf32>
  return %r : tensor<6xf32>
}

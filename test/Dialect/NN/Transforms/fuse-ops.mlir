// RUN: nnc-opt %s --split-input-file --nn-fuse-ops | FileCheck %s

// A product takes bias, activation and the mask for the way back.

// CHECK-LABEL: func.func @dense
// CHECK: %[[R:.+]]:2 = nn.fusion contraction(
// CHECK: nn.matmul
// CHECK: nn.add
// CHECK: %[[Y:.+]] = nn.relu
// CHECK: %[[M:.+]] = nn.compare
// CHECK: nn.yield %[[Y]], %[[M]]
// CHECK-NOT: nn.fusion
// CHECK: return %[[R]]#0, %[[R]]#1
func.func @dense(%x: tensor<4x8xf32>, %w: tensor<8x6xf32>, %b: tensor<6xf32>)
    -> (tensor<4x6xf32>, tensor<4x6xi1>) {
  %0 = nn.matmul %x, %w : (tensor<4x8xf32>, tensor<8x6xf32>) -> tensor<4x6xf32>
  %1 = nn.broadcast %b dimensions = [1] : tensor<6xf32> -> tensor<4x6xf32>
  %2 = nn.add %0, %1 : tensor<4x6xf32>
  %3 = nn.relu %2 : tensor<4x6xf32>
  %c = nn.constant dense<0.0> : tensor<f32>
  %z = nn.broadcast %c dimensions = [] : tensor<f32> -> tensor<4x6xf32>
  %4 = nn.compare gt, %3, %z : tensor<4x6xf32>
  return %3, %4 : tensor<4x6xf32>, tensor<4x6xi1>
}

// -----

// A softmax is one sweep over its rows.

// CHECK-LABEL: func.func @softmax
// CHECK: nn.fusion row_sweep(
// CHECK: nn.reduce_max
// CHECK: nn.exp
// CHECK: nn.reduce_sum
// CHECK: nn.div
// CHECK-NOT: nn.fusion
// CHECK: return
func.func @softmax(%x: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %m = nn.reduce_max %x axes = [1] : tensor<4x6xf32> -> tensor<4xf32>
  %mb = nn.broadcast %m dimensions = [0] : tensor<4xf32> -> tensor<4x6xf32>
  %s = nn.sub %x, %mb : tensor<4x6xf32>
  %e = nn.exp %s : tensor<4x6xf32>
  %t = nn.reduce_sum %e axes = [1] : tensor<4x6xf32> -> tensor<4xf32>
  %tb = nn.broadcast %t dimensions = [0] : tensor<4xf32> -> tensor<4x6xf32>
  %y = nn.div %e, %tb : tensor<4x6xf32>
  return %y : tensor<4x6xf32>
}

// -----

// A bias gradient and its update are one reduction; what is computed before
// and after it belongs to it.

// CHECK-LABEL: func.func @bias_update
// CHECK: nn.fusion column_reduce(
// CHECK: nn.mul
// CHECK: nn.reduce_sum
// CHECK: nn.sub
// CHECK-NOT: nn.fusion
// CHECK: return
func.func @bias_update(%d: tensor<4x6xf32>, %s: tensor<4x6xf32>,
    %b: tensor<6xf32> {nn.name = "b"})
    -> (tensor<6xf32> {nn.updates = "b"}) {
  %p = nn.mul %d, %s : tensor<4x6xf32>
  %g = nn.reduce_sum %p axes = [0] : tensor<4x6xf32> -> tensor<6xf32>
  %n = nn.sub %b, %g : tensor<6xf32>
  return %n : tensor<6xf32>
}

// -----

// The update of a weight waits for the reader of the old value.

// CHECK-LABEL: func.func @anti_dependence
// CHECK-SAME: %[[X:[^:]+]]: tensor<4x6xf32>, %[[W:[^:]+]]: tensor<6x6xf32>
// CHECK: nn.fusion contraction(%[[X]], %[[W]])
// CHECK: transpose_b
// CHECK: nn.fusion contraction(%[[X]], %[[W]])
// CHECK: transpose_a
// CHECK: nn.sub
func.func @anti_dependence(%x: tensor<4x6xf32>,
    %w: tensor<6x6xf32> {nn.name = "w"})
    -> (tensor<6x6xf32> {nn.updates = "w"}, tensor<4x6xf32>) {
  %g = nn.matmul %x, %x transpose_a
      : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<6x6xf32>
  %n = nn.sub %w, %g : tensor<6x6xf32>
  %d = nn.matmul %x, %w transpose_b
      : (tensor<4x6xf32>, tensor<6x6xf32>) -> tensor<4x6xf32>
  return %n, %d : tensor<6x6xf32>, tensor<4x6xf32>
}

// -----

// Near miss: the second operand of the addition depends on the first product
// through another one, so the addition cannot belong to the first.

// CHECK-LABEL: func.func @waits_for_itself
// CHECK: nn.fusion contraction(
// CHECK-NOT: nn.add
// CHECK: nn.fusion contraction(
// CHECK: nn.add
func.func @waits_for_itself(%x: tensor<6x6xf32>) -> tensor<6x6xf32> {
  %0 = nn.matmul %x, %x : (tensor<6x6xf32>, tensor<6x6xf32>) -> tensor<6x6xf32>
  %1 = nn.matmul %0, %x : (tensor<6x6xf32>, tensor<6x6xf32>) -> tensor<6x6xf32>
  %2 = nn.add %0, %1 : tensor<6x6xf32>
  return %2 : tensor<6x6xf32>
}

// -----

// Near miss: shapes differ, so two chains stay two groups.

// CHECK-LABEL: func.func @two_shapes
// CHECK-COUNT-2: nn.fusion map(
func.func @two_shapes(%x: tensor<4xf32>, %y: tensor<5xf32>)
    -> (tensor<4xf32>, tensor<5xf32>) {
  %0 = nn.exp %x : tensor<4xf32>
  %1 = nn.exp %y : tensor<5xf32>
  return %0, %1 : tensor<4xf32>, tensor<5xf32>
}

// -----

// A reshape moves nothing and stays outside.

// CHECK-LABEL: func.func @reshape
// CHECK: nn.fusion map(
// CHECK: nn.reshape
// CHECK: nn.fusion map(
func.func @reshape(%x: tensor<4x2xf32>) -> tensor<8xf32> {
  %0 = nn.exp %x : tensor<4x2xf32>
  %1 = nn.reshape %0 : tensor<4x2xf32> -> tensor<8xf32>
  %2 = nn.neg %1 : tensor<8xf32>
  return %2 : tensor<8xf32>
}

// -----

// Near miss: what a product reads as an operand comes from memory, even if the
// ops after the product read it too.

// CHECK-LABEL: func.func @operand_read_again
// CHECK: %[[E:.+]] = nn.fusion map(
// CHECK: nn.exp
// CHECK: nn.fusion contraction(%[[E]]
// CHECK: nn.sub
func.func @operand_read_again(%x: tensor<6x6xf32>, %w: tensor<6x6xf32>)
    -> tensor<6x6xf32> {
  %0 = nn.exp %x : tensor<6x6xf32>
  %1 = nn.matmul %0, %w : (tensor<6x6xf32>, tensor<6x6xf32>) -> tensor<6x6xf32>
  %2 = nn.sub %1, %0 : tensor<6x6xf32>
  return %2 : tensor<6x6xf32>
}

// -----

// Near miss: the same for what is read transposed beside being read in place.

// CHECK-LABEL: func.func @transposed_beside
// CHECK: %[[E:.+]] = nn.fusion map(
// CHECK: nn.exp
// CHECK-NEXT: nn.yield
// CHECK: nn.fusion map(%[[E]]
// CHECK: nn.transpose
func.func @transposed_beside(%x: tensor<6x6xf32>) -> tensor<6x6xf32> {
  %0 = nn.exp %x : tensor<6x6xf32>
  %1 = nn.transpose %0 permutation = [1, 0] : tensor<6x6xf32> -> tensor<6x6xf32>
  %2 = nn.sub %1, %0 : tensor<6x6xf32>
  return %2 : tensor<6x6xf32>
}

// -----

// A product reads a repeated number from memory, which a group of its own
// writes; what follows the product has a copy.

// CHECK-LABEL: func.func @filled_operand
// CHECK: %[[ONES:.+]] = nn.fusion map()
// CHECK: nn.fusion contraction({{.*}}%[[ONES]]
// CHECK: nn.matmul
// CHECK: nn.mul
func.func @filled_operand(%w: tensor<6x8xf32>) -> tensor<4x8xf32> {
  %c = nn.constant dense<1.0> : tensor<f32>
  %ones = nn.broadcast %c dimensions = [] : tensor<f32> -> tensor<4x6xf32>
  %0 = nn.matmul %ones, %w : (tensor<4x6xf32>, tensor<6x8xf32>) -> tensor<4x8xf32>
  %h = nn.constant dense<0.5> : tensor<f32>
  %half = nn.broadcast %h dimensions = [] : tensor<f32> -> tensor<4x8xf32>
  %1 = nn.mul %0, %half : tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

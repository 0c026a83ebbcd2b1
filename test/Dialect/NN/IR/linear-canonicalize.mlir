// RUN: nnc-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func @transposes_fold
// CHECK-SAME: (%[[A:.+]]: tensor<3x2xf32>, %[[B:.+]]: tensor<4x3xf32>)
// CHECK-NEXT: %[[Y:.+]] = nn.matmul %[[A]], %[[B]] transpose_a transpose_b
// CHECK-NEXT: return %[[Y]]
func.func @transposes_fold(%a: tensor<3x2xf32>, %b: tensor<4x3xf32>) -> tensor<2x4xf32> {
  %at = nn.transpose %a permutation = [1, 0] : tensor<3x2xf32> -> tensor<2x3xf32>
  %bt = nn.transpose %b permutation = [1, 0] : tensor<4x3xf32> -> tensor<3x4xf32>
  %y = nn.matmul %at, %bt : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// Two transposes of one operand cancel.
// CHECK-LABEL: func @flag_cancels
// CHECK-SAME: (%[[A:.+]]: tensor<2x3xf32>, %[[B:.+]]: tensor<3x4xf32>)
// CHECK-NEXT: nn.matmul %[[A]], %[[B]] : (
func.func @flag_cancels(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>) -> tensor<2x4xf32> {
  %at = nn.transpose %a permutation = [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
  %y = nn.matmul %at, %b transpose_a : (tensor<3x2xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// CHECK-LABEL: func @batch_stays
// CHECK-NEXT: nn.matmul %{{.+}}, %{{.+}} transpose_b : (tensor<5x2x3xf32>, tensor<5x4x3xf32>)
func.func @batch_stays(%a: tensor<5x2x3xf32>, %b: tensor<5x4x3xf32>) -> tensor<5x2x4xf32> {
  %bt = nn.transpose %b permutation = [0, 2, 1] : tensor<5x4x3xf32> -> tensor<5x3x4xf32>
  %y = nn.matmul %a, %bt : (tensor<5x2x3xf32>, tensor<5x3x4xf32>) -> tensor<5x2x4xf32>
  return %y : tensor<5x2x4xf32>
}

// Near miss: the transpose moves the batch.
// CHECK-LABEL: func @batch_moves
// CHECK-NEXT: nn.transpose
// CHECK-NEXT: nn.matmul %{{.+}}, %{{.+}} : (
func.func @batch_moves(%a: tensor<5x2x3xf32>, %b: tensor<3x5x4xf32>) -> tensor<5x2x4xf32> {
  %bt = nn.transpose %b permutation = [1, 0, 2] : tensor<3x5x4xf32> -> tensor<5x3x4xf32>
  %y = nn.matmul %a, %bt : (tensor<5x2x3xf32>, tensor<5x3x4xf32>) -> tensor<5x2x4xf32>
  return %y : tensor<5x2x4xf32>
}

// RUN: nnc-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func @no_axes
// CHECK-SAME: (%[[X:[^:]+]]: tensor<4xf32>)
// CHECK-NEXT: return %[[X]], %[[X]], %[[X]], %[[X]]
func.func @no_axes(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %0 = nn.reduce_sum %x axes = [] : tensor<4xf32> -> tensor<4xf32>
  %1 = nn.reduce_max %x axes = [] : tensor<4xf32> -> tensor<4xf32>
  %2 = nn.reduce_min %x axes = [] : tensor<4xf32> -> tensor<4xf32>
  %3 = nn.reduce_prod %x axes = [] : tensor<4xf32> -> tensor<4xf32>
  return %0, %1, %2, %3 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// An index out of range gives a row of zeros, so its sum need not be 1.
// CHECK-LABEL: func @sum_of_one_hot
// CHECK: nn.one_hot
// CHECK: nn.reduce_sum
func.func @sum_of_one_hot(%i: tensor<4xi32>) -> tensor<4xf32> {
  %0 = nn.one_hot %i : tensor<4xi32> -> tensor<4x10xf32>
  %1 = nn.reduce_sum %0 axes = [1] : tensor<4x10xf32> -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// RUN: nnc-opt %s --nn-fuse-ops=alone | FileCheck %s

// CHECK-LABEL: func.func @chain
// CHECK: nn.fusion contraction(
// CHECK-NEXT: ^bb0
// CHECK-NEXT: nn.matmul
// CHECK-NEXT: nn.yield
// CHECK: nn.fusion map(
// CHECK: nn.exp
// CHECK: nn.fusion map(
// CHECK: nn.neg
func.func @chain(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = nn.matmul %x, %x : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = nn.exp %0 : tensor<4x4xf32>
  %2 = nn.neg %1 : tensor<4x4xf32>
  return %2 : tensor<4x4xf32>
}

// What nobody uses is no group.

// CHECK-LABEL: func.func @unused
// CHECK-NOT: nn.exp
// CHECK: nn.fusion map(
// CHECK-NEXT: ^bb0
// CHECK-NEXT: nn.neg
func.func @unused(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = nn.exp %x : tensor<4xf32>
  %1 = nn.neg %x : tensor<4xf32>
  return %1 : tensor<4xf32>
}

// RUN: nnc-opt %s --pass-pipeline='builtin.module(func.func(nn-recompute{budget=16384}))' \
// RUN:   | FileCheck %s
// RUN: nnc-opt %s --pass-pipeline='builtin.module(func.func(nn-recompute{budget=40000}))' \
// RUN:   | FileCheck %s --check-prefix=ROOM
// RUN: nnc-opt %s --pass-pipeline='builtin.module(func.func(nn-recompute))' \
// RUN:   | FileCheck %s --check-prefix=ROOM

// With room enough, or without a bound, nothing is computed again.
// ROOM-NOT: nn.recomputed

// Each value takes 4 kB, and five are alive where the backward part begins: the
// products, their exponentials, the first gradient. What costs no product is
// computed again, just before it is read.

// CHECK-LABEL: func.func @cheap
// CHECK: %[[H:.+]] = nn.matmul %arg0, %arg1
// CHECK: %[[E:.+]] = nn.exp %[[H]]
// CHECK: nn.matmul %[[E]], %arg2
// CHECK: %[[D:.+]] = nn.mul
// CHECK-NEXT: %[[AGAIN:.+]] = nn.exp %[[H]] {nn.recomputed}
// CHECK-NEXT: nn.matmul %[[AGAIN]], %[[D]] transpose_a
// CHECK-NOT: nn.recomputed
// CHECK: return
func.func @cheap(%x: tensor<32x32xf32>,
    %w1: tensor<32x32xf32>,
    %w2: tensor<32x32xf32>,
    %w3: tensor<32x32xf32>,
    %s1: tensor<32x32xf32> {nn.name = "s1", nn.role = "optimizer"},
    %s2: tensor<32x32xf32> {nn.name = "s2", nn.role = "optimizer"},
    %s3: tensor<32x32xf32> {nn.name = "s3", nn.role = "optimizer"})
    -> (tensor<32x32xf32> {nn.name = "y"},
        tensor<32x32xf32> {nn.updates = "s1"},
        tensor<32x32xf32> {nn.updates = "s2"},
        tensor<32x32xf32> {nn.updates = "s3"}) {
  %h1 = nn.matmul %x, %w1 : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %e1 = nn.exp %h1 : tensor<32x32xf32>
  %h2 = nn.matmul %e1, %w2 : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %e2 = nn.exp %h2 : tensor<32x32xf32>
  %y = nn.matmul %e2, %w3 : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %g = nn.tanh %y : tensor<32x32xf32>
  %dw3 = nn.matmul %e2, %g transpose_a : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %de2 = nn.matmul %g, %w3 transpose_b : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %dh2 = nn.mul %de2, %h2 : tensor<32x32xf32>
  %dw2 = nn.matmul %e1, %dh2 transpose_a : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %de1 = nn.matmul %dh2, %w2 transpose_b : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %dh1 = nn.mul %de1, %h1 : tensor<32x32xf32>
  %dw1 = nn.matmul %x, %dh1 transpose_a : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  return %y, %dw1, %dw2, %dw3 : tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>
}

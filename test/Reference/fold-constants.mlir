// RUN: nnc-opt %s --split-input-file --nn-fold-constants | FileCheck %s
// RUN: nnc-opt %s --split-input-file --nn-fold-constants=maximum-elements=2 \
// RUN:   | FileCheck %s --check-prefix=SMALL

// A chain of ops, and the ops that made it are gone.
// CHECK-LABEL: func @chain
func.func @chain() -> tensor<2xf64> {
  // CHECK-NEXT: %[[Y:.+]] = nn.constant dense<[1.400000e+01, 3.200000e+01]> : tensor<2xf64>
  // CHECK-NEXT: return %[[Y]]
  %a = nn.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf64>
  %b = nn.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf64>
  %c = nn.reshape %b : tensor<3xf64> -> tensor<3x1xf64>
  %p = nn.matmul %a, %c : (tensor<2x3xf64>, tensor<3x1xf64>) -> tensor<2x1xf64>
  %y = nn.reshape %p : tensor<2x1xf64> -> tensor<2xf64>
  return %y : tensor<2xf64>
}

// -----

// The result is rounded to the op's element type: 1/3 in f32.
// CHECK-LABEL: func @rounded
func.func @rounded() -> (tensor<f32>, tensor<bf16>) {
  %one = nn.constant dense<1.0> : tensor<f32>
  %three = nn.constant dense<3.0> : tensor<f32>
  %y = nn.div %one, %three : tensor<f32>
  // CHECK-DAG: nn.constant dense<0.333333343> : tensor<f32>
  // CHECK-DAG: nn.constant dense<3.339840e-01> : tensor<bf16>
  %b = nn.cast %y : tensor<f32> to tensor<bf16>
  return %y, %b : tensor<f32>, tensor<bf16>
}

// -----

// Integers, booleans and several results.
// CHECK-LABEL: func @kinds
func.func @kinds(%rate: tensor<f32>) -> (tensor<3xi32>, tensor<3xi1>) {
  %a = nn.constant dense<[7, -7, 2147483647]> : tensor<3xi32>
  %b = nn.constant dense<[2, 2, 1]> : tensor<3xi32>
  // CHECK-DAG: %[[Q:.+]] = nn.constant dense<[9, -5, -2147483648]> : tensor<3xi32>
  %q = nn.add %a, %b : tensor<3xi32>
  // CHECK-DAG: %[[L:.+]] = nn.constant dense<[false, true, false]> : tensor<3xi1>
  %l = nn.compare lt, %a, %b : tensor<3xi32>
  // CHECK: return %[[Q]], %[[L]]
  return %q, %l : tensor<3xi32>, tensor<3xi1>
}

// -----

// Large results stay, unless one number fills them.
// CHECK-LABEL: func @large
// SMALL-LABEL: func @large
func.func @large() -> (tensor<3xf32>, tensor<3xf32>) {
  %a = nn.constant dense<[1.0, 4.0, 9.0]> : tensor<3xf32>
  %s = nn.constant dense<4.0> : tensor<3xf32>
  // CHECK-DAG: nn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]>
  // SMALL: nn.sqrt %
  %y = nn.sqrt %a : tensor<3xf32>
  // SMALL: nn.constant dense<2.000000e+00> : tensor<3xf32>
  // SMALL-NOT: nn.sqrt
  %z = nn.sqrt %s : tensor<3xf32>
  return %y, %z : tensor<3xf32>, tensor<3xf32>
}

// -----

// A constant that is needed elsewhere stays; what does not depend on constants
// alone, repetitions and random numbers stay.
// CHECK-LABEL: func @left_alone
// CHECK-SAME: (%[[X:.+]]: tensor<2xf32>)
func.func @left_alone(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xi32>) {
  // CHECK: %[[C:.+]] = nn.constant dense<2.0
  %c = nn.constant dense<2.0> : tensor<f32>
  // CHECK: %[[B:.+]] = nn.broadcast %[[C]]
  %b = nn.broadcast %c dimensions = [] : tensor<f32> -> tensor<2xf32>
  // CHECK: %[[Y:.+]] = nn.mul %[[X]], %[[B]]
  %y = nn.mul %x, %b : tensor<2xf32>
  %seed = nn.constant dense<1> : tensor<i64>
  // CHECK: nn.random_uniform
  %u = nn.random_uniform %seed, %seed stream = 1 : tensor<2xf32>
  // CHECK: nn.iota
  %i = nn.iota axis = 0 : tensor<2xi32>
  return %y, %u, %i : tensor<2xf32>, tensor<2xf32>, tensor<2xi32>
}

// -----

// Named sizes are no numbers yet.
// CHECK-LABEL: func @named
func.func @named() -> tensor<?xf32, #nn.dims<n>> {
  %c = nn.constant dense<2.0> : tensor<f32>
  %b = nn.broadcast %c dimensions = [] : tensor<f32> -> tensor<?xf32, #nn.dims<n>>
  // CHECK: nn.exp
  %y = nn.exp %b : tensor<?xf32, #nn.dims<n>>
  return %y : tensor<?xf32, #nn.dims<n>>
}

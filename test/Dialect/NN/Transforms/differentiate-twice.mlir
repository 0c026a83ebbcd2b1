// RUN: nnc-opt %s --nn-differentiate --nn-differentiate --nn-simplify \
// RUN:   --nn-fold-constants --nn-simplify | FileCheck %s

// What rules emit is differentiated again: the second derivative of x^3 is 6x,
// one x for each of the six pairs of paths.
// CHECK-LABEL: func.func @cube
// CHECK-SAME: (%[[X:[^:]+]]: tensor<f64>)
// CHECK-NEXT: %[[X2:.+]] = nn.add %[[X]], %[[X]] : tensor<f64>
// CHECK-NEXT: %[[X4:.+]] = nn.add %[[X2]], %[[X2]] : tensor<f64>
// CHECK-NEXT: %[[X5:.+]] = nn.add %[[X4]], %[[X]] : tensor<f64>
// CHECK-NEXT: %[[X6:.+]] = nn.add %[[X5]], %[[X]] : tensor<f64>
// CHECK-NEXT: return %[[X6]]
func.func @cube(%x: tensor<f64>) -> tensor<f64> {
  %q = nn.mul %x, %x : tensor<f64>
  %y = nn.mul %q, %x : tensor<f64>
  return %y : tensor<f64>
}

// The first derivative of the exponential reuses its result, the second too.
// CHECK-LABEL: func.func @exponential
// CHECK-SAME: (%[[X:[^:]+]]: tensor<f64>)
// CHECK-NEXT: %[[E:.+]] = nn.exp %[[X]]
// CHECK-NEXT: return %[[E]]
func.func @exponential(%x: tensor<f64>) -> tensor<f64> {
  %y = nn.exp %x : tensor<f64>
  return %y : tensor<f64>
}

// Linear: the second derivative is zero.
// CHECK-LABEL: func.func @linear
// CHECK: %[[ZERO:.+]] = nn.constant dense<0.0
// CHECK: return %[[ZERO]]
func.func @linear(%x: tensor<f64>) -> tensor<f64> {
  %c = nn.constant dense<3.0> : tensor<f64>
  %y = nn.mul %x, %c : tensor<f64>
  return %y : tensor<f64>
}

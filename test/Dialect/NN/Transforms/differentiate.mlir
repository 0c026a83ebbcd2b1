// RUN: nnc-opt %s --split-input-file --nn-differentiate | FileCheck %s
// RUN: nnc-opt %s --split-input-file --nn-differentiate --canonicalize --cse \
// RUN:   | FileCheck %s --check-prefix=CLEAN

// Two paths that join: L = x^2 * 2x, dL/dx = 2x * 2x + x^2 * 2.
// CHECK-LABEL: func @two_paths
// CHECK-SAME: (%[[X:.+]]: tensor<f64>) -> (tensor<f64> {nn.name = "gradient.arg0"})
func.func @two_paths(%x: tensor<f64>) -> tensor<f64> {
  %two = nn.constant dense<2.0> : tensor<f64>
  // CHECK: %[[A:.+]] = nn.mul %[[X]], %[[X]]
  %a = nn.mul %x, %x : tensor<f64>
  // CHECK: %[[B:.+]] = nn.mul %[[X]], %[[TWO:.+]] :
  %b = nn.mul %x, %two : tensor<f64>
  %y = nn.mul %a, %b : tensor<f64>
  // CHECK: %[[ONE:.+]] = nn.constant dense<1.0
  // CHECK: %[[DA:.+]] = nn.mul %[[ONE]], %[[B]]
  // CHECK: %[[DB:.+]] = nn.mul %[[ONE]], %[[A]]
  // CHECK: %[[FROM_B:.+]] = nn.mul %[[DB]], %[[TWO]]
  // CHECK: %[[FROM_A:.+]] = nn.mul %[[DA]], %[[X]]
  // CHECK: %[[FROM_A_TOO:.+]] = nn.mul %[[DA]], %[[X]]
  // CHECK: %[[SUM:.+]] = nn.add %[[FROM_B]], %[[FROM_A]]
  // CHECK: %[[DX:.+]] = nn.add %[[SUM]], %[[FROM_A_TOO]]
  // CHECK: return %[[DX]]
  return %y : tensor<f64>
}

// -----

// An op that does not reach the result gets no gradient, one that does not
// depend on the argument neither; both stay as they are.
// CHECK-LABEL: func @only_what_matters
func.func @only_what_matters(
    %x: tensor<4xf32> {nn.name = "x", nn.role = "input"},
    %w: tensor<4xf32> {nn.name = "w", nn.role = "parameter"}) -> tensor<f32> {
  // CHECK: nn.tanh %{{.+}}
  %unused = nn.tanh %w : tensor<4xf32>
  // CHECK: %[[E:.+]] = nn.exp
  %e = nn.exp %x : tensor<4xf32>
  %p = nn.mul %e, %w : tensor<4xf32>
  %y = nn.reduce_sum %p axes = [0] : tensor<4xf32> -> tensor<f32>
  // CHECK: nn.reduce_sum
  // CHECK: %[[ONE:.+]] = nn.constant dense<1.0
  // CHECK: %[[DP:.+]] = nn.broadcast %[[ONE]]
  // CHECK-NEXT: %[[DW:.+]] = nn.mul %[[DP]], %[[E]]
  // CHECK-NOT: nn.
  // CHECK: return %[[DW]]
  return %y : tensor<f32>
}

// -----

// CLEAN-LABEL: func @stop_gradient
// CLEAN-SAME: (%[[X:.+]]: tensor<f32>)
func.func @stop_gradient(%x: tensor<f32>) -> tensor<f32> {
  %s = nn.stop_gradient %x : tensor<f32>
  // CLEAN-NEXT: %[[S:.+]] = nn.stop_gradient %[[X]]
  // CLEAN-NEXT: return %[[S]]
  %y = nn.mul %s, %x : tensor<f32>
  return %y : tensor<f32>
}

// -----

// Not connected: zeros.
// CLEAN-LABEL: func @unconnected
func.func @unconnected(%x: tensor<4xf32>, %z: tensor<f32>) -> tensor<f32> {
  // CLEAN-DAG: %[[ZERO:.+]] = nn.constant dense<0.0
  // CLEAN-DAG: %[[ONE:.+]] = nn.constant dense<1.0
  // CLEAN: %[[ZEROS:.+]] = nn.broadcast %[[ZERO]]
  // CLEAN: return %[[ZEROS]], %[[ONE]]
  return %z : tensor<f32>
}

// -----

// A dense layer: the products carry the transposes.
// CLEAN-LABEL: func @dense
func.func @dense(
    %x: tensor<?x3xf32, #nn.dims<batch, 3>> {nn.name = "x", nn.role = "input"},
    %w: tensor<3x2xf32> {nn.name = "w", nn.role = "parameter"},
    %b: tensor<2xf32> {nn.name = "b", nn.role = "parameter"}) -> tensor<f32> {
  %p = nn.matmul %x, %w : (tensor<?x3xf32, #nn.dims<batch, 3>>, tensor<3x2xf32>) -> tensor<?x2xf32, #nn.dims<batch, 2>>
  %c = nn.broadcast %b dimensions = [1] : tensor<2xf32> -> tensor<?x2xf32, #nn.dims<batch, 2>>
  %z = nn.add %p, %c : tensor<?x2xf32, #nn.dims<batch, 2>>
  %a = nn.tanh %z : tensor<?x2xf32, #nn.dims<batch, 2>>
  // CLEAN: %[[DZ:.+]] = nn.sub
  // CLEAN: %[[DB:.+]] = nn.reduce_sum %[[DZ]] axes = [0]
  // CLEAN: %[[DW:.+]] = nn.matmul %{{.+}}, %[[DZ]] transpose_a
  // CLEAN: return %[[DW]], %[[DB]]
  %y = nn.reduce_sum %a axes = [0, 1] : tensor<?x2xf32, #nn.dims<batch, 2>> -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// A ladder of joins: each level adds its two paths up once, so the ops grow
// with the levels and not with the paths.
// CLEAN-LABEL: func @ladder
// CLEAN-SAME: (%[[X:.+]]: tensor<f64>)
// CLEAN: %[[ONE:.+]] = nn.constant dense<1.0
// CLEAN-NEXT: %[[D3:.+]] = nn.add %[[ONE]], %[[ONE]]
// CLEAN-NEXT: %[[D2:.+]] = nn.add %[[D3]], %[[D3]]
// CLEAN-NEXT: %[[D1:.+]] = nn.add %[[D2]], %[[D2]]
// CLEAN-NEXT: %[[D0:.+]] = nn.add %[[D1]], %[[D1]]
// CLEAN-NEXT: return %[[D0]]
func.func @ladder(%x: tensor<f64>) -> tensor<f64> {
  %1 = nn.add %x, %x : tensor<f64>
  %2 = nn.add %1, %1 : tensor<f64>
  %3 = nn.add %2, %2 : tensor<f64>
  %4 = nn.add %3, %3 : tensor<f64>
  return %4 : tensor<f64>
}

// -----

// A weight that two layers share gets the sum of both products.
// CLEAN-LABEL: func @shared_weight
// CLEAN: %[[SECOND:.+]] = nn.matmul %{{.+}}, %{{.+}} transpose_a
// CLEAN: %[[FIRST:.+]] = nn.matmul %{{.+}}, %{{.+}} transpose_a
// CLEAN: %[[SUM:.+]] = nn.add %[[SECOND]], %[[FIRST]]
// CLEAN: return %[[SUM]]
func.func @shared_weight(
    %x: tensor<4x3xf32> {nn.name = "x", nn.role = "input"},
    %w: tensor<3x3xf32> {nn.name = "w", nn.role = "parameter"}) -> tensor<f32> {
  %a = nn.matmul %x, %w : (tensor<4x3xf32>, tensor<3x3xf32>) -> tensor<4x3xf32>
  %b = nn.matmul %a, %w : (tensor<4x3xf32>, tensor<3x3xf32>) -> tensor<4x3xf32>
  %y = nn.reduce_sum %b axes = [0, 1] : tensor<4x3xf32> -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// Values that nothing reads have no part in it, and leave no trace.
// CLEAN-LABEL: func @unused_values
// CLEAN-NOT: nn.log
// CLEAN-NOT: nn.exp
// CLEAN: return
func.func @unused_values(
    %w: tensor<4xf32> {nn.name = "w", nn.role = "parameter"}) -> tensor<f32> {
  %dead = nn.log %w : tensor<4xf32>
  %more = nn.exp %dead : tensor<4xf32>
  %q = nn.mul %w, %w : tensor<4xf32>
  %y = nn.reduce_sum %q axes = [0] : tensor<4xf32> -> tensor<f32>
  return %y : tensor<f32>
}

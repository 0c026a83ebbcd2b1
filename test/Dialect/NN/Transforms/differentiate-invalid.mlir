// RUN: nnc-opt %s --split-input-file --verify-diagnostics --nn-differentiate=wrt=x

// expected-error@+1 {{'func.func' op has no argument 'x'}}
func.func @no_such_argument(%arg: tensor<f32>) -> tensor<f32> {
  return %arg : tensor<f32>
}

// -----

// expected-error@+1 {{'func.func' op argument 'x' is of no floating-point type}}
func.func @integer_argument(%arg: tensor<i32> {nn.name = "x"}) -> tensor<i32> {
  return %arg : tensor<i32>
}

// -----

// expected-error@+1 {{'func.func' op must have one result to be differentiated, has 2}}
func.func @two_results(%arg: tensor<f32> {nn.name = "x"}) -> (tensor<f32>, tensor<f32>) {
  return %arg, %arg : tensor<f32>, tensor<f32>
}

// -----

// expected-error@+1 {{'func.func' op must have one block to be differentiated}}
func.func private @external(tensor<f32>) -> tensor<f32>

// -----

func.func @integer_result(%arg: tensor<f32> {nn.name = "x"}) -> tensor<i32> {
  // expected-error@+1 {{only floating-point values have a gradient, got 'tensor<i32>'}}
  %y = nn.cast %arg : tensor<f32> to tensor<i32>
  return %y : tensor<i32>
}

// -----

func.func @no_rule(%arg: tensor<f32> {nn.name = "x"}) -> tensor<f32> {
  %e = nn.exp %arg : tensor<f32>
  // expected-error@+1 {{'arith.negf' op has no gradient rule}}
  %b = arith.negf %e : tensor<f32>
  %y = nn.exp %b : tensor<f32>
  return %y : tensor<f32>
}

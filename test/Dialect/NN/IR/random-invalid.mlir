// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @seed_is_a_scalar(%seed: tensor<2xi64>, %step: tensor<i64>) {
  // expected-error@+1 {{operand #0 must be scalar tensor of i64}}
  %y = "nn.random_uniform"(%seed, %step) {stream = 1 : i32} : (tensor<2xi64>, tensor<i64>) -> tensor<4xf32>
  return
}

// -----

func.func @integers(%seed: tensor<i64>, %step: tensor<i64>) {
  // expected-error@+1 {{result #0 must be ranked tensor of 32-bit float}}
  %y = nn.random_normal %seed, %step stream = 1 : tensor<4xi32>
  return
}

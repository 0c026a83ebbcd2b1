// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @c1(%w: tensor<4xf32>, %g: tensor<3xf32>, %rate: tensor<f32>, %step: tensor<i64>) {
  // expected-error@+2 {{parameter has the type 'tensor<4xf32>', gradient 'tensor<3xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.sgd %w, %g learning_rate(%rate) step(%step) : (tensor<4xf32>, tensor<3xf32>, tensor<f32>, tensor<i64>) -> tensor<4xf32>
  return
}

// -----

func.func @sgd_c2(%w: tensor<4xf32>, %rate: tensor<f32>, %step: tensor<i64>) {
  // expected-error@+2 {{expected 1 states, got 0}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.sgd %w, %w learning_rate(%rate) step(%step) momentum = 0.5 : (tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i64>) -> tensor<4xf32>
  return
}

// -----

func.func @adam_c2(%w: tensor<4xf32>, %rate: tensor<f32>, %step: tensor<i64>) {
  // expected-error@+2 {{expected 3 states, got 2}}
  // expected-error@+1 {{failed to infer returned types}}
  %y:3 = nn.adam %w, %w states(%w, %w) learning_rate(%rate) step(%step) amsgrad : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @rmsprop_c2(%w: tensor<4xf32>, %rate: tensor<f32>, %step: tensor<i64>) {
  // expected-error@+2 {{expected 3 states, got 1}}
  // expected-error@+1 {{failed to infer returned types}}
  %y:2 = nn.rmsprop %w, %w states(%w) learning_rate(%rate) step(%step) momentum = 0.5 centered : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @adagrad_c3(%w: tensor<4xf32>, %s: tensor<4xf64>, %rate: tensor<f32>, %step: tensor<i64>) {
  // expected-error@+2 {{state 0 has the type 'tensor<4xf64>', expected 'tensor<4xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %y:2 = nn.adagrad %w, %w states(%s) learning_rate(%rate) step(%step) : (tensor<4xf32>, tensor<4xf32>, tensor<4xf64>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf64>)
  return
}

// -----

func.func @nadam_c3(%w: tensor<4xf32>, %rate: tensor<f32>, %step: tensor<i64>) {
  // expected-error@+2 {{state 2 has the type 'tensor<4xf32>', expected 'tensor<f32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %y:4 = nn.nadam %w, %w states(%w, %w, %w) learning_rate(%rate) step(%step) : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @sgd_c4_momentum(%w: tensor<4xf32>, %rate: tensor<f32>, %step: tensor<i64>) {
  // expected-error@+2 {{nesterov needs a momentum and no dampening}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.sgd %w, %w learning_rate(%rate) step(%step) nesterov : (tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i64>) -> tensor<4xf32>
  return
}

// -----

func.func @sgd_c4_dampening(%w: tensor<4xf32>, %rate: tensor<f32>, %step: tensor<i64>) {
  // expected-error@+2 {{nesterov needs a momentum and no dampening}}
  // expected-error@+1 {{failed to infer returned types}}
  %y:2 = nn.sgd %w, %w states(%w) learning_rate(%rate) step(%step) momentum = 0.5 dampening = 0.5 nesterov : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @adam_beta(%w: tensor<4xf32>, %rate: tensor<f32>, %step: tensor<i64>) {
  // expected-error@+1 {{attribute 'beta1' failed to satisfy constraint: 64-bit float attribute in [0, 1)}}
  %y:3 = nn.adam %w, %w states(%w, %w) learning_rate(%rate) step(%step) beta1 = 1.0 : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return
}

// -----

func.func @learning_rate_is_a_scalar(%w: tensor<4xf32>, %step: tensor<i64>) {
  // expected-error@+1 {{operand #2 must be scalar tensor}}
  %y = nn.sgd %w, %w learning_rate(%w) step(%step) : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<i64>) -> tensor<4xf32>
  return
}

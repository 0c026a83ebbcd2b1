// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @matmul_c1_ranks(%a: tensor<2x3xf32>, %b: tensor<1x3x4xf32>) {
  // expected-error@+2 {{ranks must be equal and at least 2, got 2 and 3}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.matmul %a, %b : (tensor<2x3xf32>, tensor<1x3x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @matmul_c1_vector(%a: tensor<3xf32>) {
  // expected-error@+2 {{ranks must be equal and at least 2, got 1 and 1}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.matmul %a, %a : (tensor<3xf32>, tensor<3xf32>) -> tensor<f32>
  return
}

// -----

func.func @matmul_c2(%a: tensor<2x3xf32>, %b: tensor<3x4xf64>) {
  // expected-error@+2 {{element types differ: 'f32' and 'f64'}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.matmul %a, %b : (tensor<2x3xf32>, tensor<3x4xf64>) -> tensor<2x4xf32>
  return
}

// -----

func.func @matmul_c3(%a: tensor<5x2x3xf32>, %b: tensor<6x3x4xf32>) {
  // expected-error@+2 {{leading dimensions differ: [5, 2, 3] and [6, 3, 4]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.matmul %a, %b : (tensor<5x2x3xf32>, tensor<6x3x4xf32>) -> tensor<5x2x4xf32>
  return
}

// -----

func.func @matmul_c4(%a: tensor<2x3xf32>, %b: tensor<2x4xf32>) {
  // expected-error@+2 {{contracting dimensions differ: [2, 3] and [2, 4]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.matmul %a, %b : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @matmul_c4_names(%a: tensor<2x?xf32, #nn.dims<2, time>>,
                           %b: tensor<?x4xf32, #nn.dims<batch, 4>>) {
  // expected-error@+2 {{contracting dimensions differ: [2, time] and [batch, 4]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.matmul %a, %b : (tensor<2x?xf32, #nn.dims<2, time>>, tensor<?x4xf32, #nn.dims<batch, 4>>) -> tensor<2x4xf32>
  return
}

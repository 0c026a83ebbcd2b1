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

// -----

func.func @column_panels_c1(%w: tensor<3x4x5xf32>) {
  // expected-error@+2 {{w must be two numbers of elements, got [3, 4, 5]}}
  // expected-error@+1 {{failed to infer returned types}}
  %p = nn.column_panels %w panel = 8 gates = 1 : (tensor<3x4x5xf32>) -> tensor<1x4x8xf32>
  return
}

// -----

func.func @column_panels_c1_open(%w: tensor<?x4xf32, #nn.dims<batch, 4>>) {
  // expected-error@+2 {{w must be two numbers of elements, got [batch, 4]}}
  // expected-error@+1 {{failed to infer returned types}}
  %p = nn.column_panels %w panel = 8 gates = 1 : (tensor<?x4xf32, #nn.dims<batch, 4>>) -> tensor<1x4x8xf32>
  return
}

// -----

func.func @column_panels_c2(%w: tensor<3x6xf32>) {
  // expected-error@+2 {{gates must be 1 to 4 and divide the columns, 6, and panel, 8, got 4}}
  // expected-error@+1 {{failed to infer returned types}}
  %p = nn.column_panels %w panel = 8 gates = 4 : (tensor<3x6xf32>) -> tensor<1x3x8xf32>
  return
}

// -----

func.func @column_panels_c2_none(%w: tensor<3x6xf32>) {
  // expected-error@+2 {{gates must be 1 to 4 and divide the columns, 6, and panel, 8, got 0}}
  // expected-error@+1 {{failed to infer returned types}}
  %p = nn.column_panels %w panel = 8 gates = 0 : (tensor<3x6xf32>) -> tensor<1x3x8xf32>
  return
}

// -----

func.func @column_panels_c3(%w: tensor<3x6xf32>) {
  // expected-error@+2 {{panel must be 1 to 1024, got 1025}}
  // expected-error@+1 {{failed to infer returned types}}
  %p = nn.column_panels %w panel = 1025 gates = 1 : (tensor<3x6xf32>) -> tensor<1x3x8xf32>
  return
}

// -----

func.func @panel_matmul_c1(%a: tensor<3xf32>, %p: tensor<1x3x8xf32>) {
  // expected-error@+2 {{a must have two and p three dimensions, got 1 and 3}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.panel_matmul %a, %p columns = 6 gates = 1 : (tensor<3xf32>, tensor<1x3x8xf32>) -> tensor<6xf32>
  return
}

// -----

func.func @panel_matmul_c1_elements(%a: tensor<2x3xf64>, %p: tensor<1x3x8xf32>) {
  // expected-error@+2 {{element types differ: 'f64' and 'f32'}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.panel_matmul %a, %p columns = 6 gates = 1 : (tensor<2x3xf64>, tensor<1x3x8xf32>) -> tensor<2x6xf64>
  return
}

// -----

func.func @panel_matmul_c2(%a: tensor<2x3xf32>, %p: tensor<1x3x8xf32>) {
  // expected-error@+2 {{p must have the panels of 9 columns in 1 gates and of the sums of [2, 3], got [1, 3, 8]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.panel_matmul %a, %p columns = 9 gates = 1 : (tensor<2x3xf32>, tensor<1x3x8xf32>) -> tensor<2x9xf32>
  return
}

// -----

func.func @panel_matmul_c2_sums(%a: tensor<2x4xf32>, %p: tensor<1x3x8xf32>) {
  // expected-error@+2 {{p must have the panels of 8 columns in 1 gates and of the sums of [2, 4], got [1, 3, 8]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.panel_matmul %a, %p columns = 8 gates = 1 : (tensor<2x4xf32>, tensor<1x3x8xf32>) -> tensor<2x8xf32>
  return
}

// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @reduce_sum_c1_order(%x: tensor<4x8xf32>) {
  // expected-error@+2 {{axes must be distinct, increasing and below the rank 2, got [1, 0]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.reduce_sum %x axes = [1, 0] : tensor<4x8xf32> -> tensor<f32>
  return
}

// -----

func.func @reduce_max_c1_order(%x: tensor<4x8xf32>) {
  // expected-error@+2 {{axes must be distinct, increasing and below the rank 2, got [1, 0]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.reduce_max %x axes = [1, 0] : tensor<4x8xf32> -> tensor<f32>
  return
}

// -----

func.func @reduce_min_c1_order(%x: tensor<4x8xf32>) {
  // expected-error@+2 {{axes must be distinct, increasing and below the rank 2, got [1, 0]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.reduce_min %x axes = [1, 0] : tensor<4x8xf32> -> tensor<f32>
  return
}

// -----

func.func @reduce_prod_c1_order(%x: tensor<4x8xf32>) {
  // expected-error@+2 {{axes must be distinct, increasing and below the rank 2, got [1, 0]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.reduce_prod %x axes = [1, 0] : tensor<4x8xf32> -> tensor<f32>
  return
}

// -----

func.func @reduce_all_c1(%x: tensor<4x8xi1>) {
  // expected-error@+2 {{axes must be distinct, increasing and below the rank 2, got [0, 0]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.reduce_all %x axes = [0, 0] : tensor<4x8xi1> -> tensor<8xi1>
  return
}

// -----

func.func @reduce_any_c1(%x: tensor<4x8xi1>) {
  // expected-error@+2 {{axes must be distinct, increasing and below the rank 2, got [0, 0]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.reduce_any %x axes = [0, 0] : tensor<4x8xi1> -> tensor<8xi1>
  return
}

// -----

func.func @reduce_sum_c1_rank(%x: tensor<4x8xf32>) {
  // expected-error@+2 {{axes must be distinct, increasing and below the rank 2, got [2]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.reduce_sum %x axes = [2] : tensor<4x8xf32> -> tensor<4xf32>
  return
}

// -----

func.func @reduce_sum_c1_negative(%x: tensor<4x8xf32>) {
  // expected-error@+2 {{axes must be distinct, increasing and below the rank 2, got [-1]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.reduce_sum %x axes = [-1] : tensor<4x8xf32> -> tensor<4xf32>
  return
}

// -----

func.func @reduce_sum_type(%x: tensor<4x8xf32>) {
  // expected-error@+2 {{op inferred type(s) 'tensor<4xf32>' are incompatible with return type(s) of operation 'tensor<8xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.reduce_sum %x axes = [1] : tensor<4x8xf32> -> tensor<8xf32>
  return
}

// -----

func.func @reduce_all_of_numbers(%x: tensor<4xf32>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of 1-bit signless integer values}}
  %y = "nn.reduce_all"(%x) {axes = array<i64: 0>} : (tensor<4xf32>) -> tensor<i1>
  return
}

// -----

func.func @cumsum_c1(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{axis 2 is outside the rank 2}}
  %y = nn.cumsum %x axis = 2 : tensor<4x8xf32>
  return
}

// -----

func.func @cumsum_c1_negative(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{axis -1 is outside the rank 2}}
  %y = nn.cumsum %x axis = -1 : tensor<4x8xf32>
  return
}

// -----

func.func @argmax_c1(%x: tensor<4x8xf32>) {
  // expected-error@+2 {{axis 2 is outside the rank 2}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.argmax %x axis = 2 : tensor<4x8xf32> -> tensor<4xi32>
  return
}

// -----

func.func @argmin_c1(%x: tensor<4x0xf32>) {
  // expected-error@+2 {{axis 1 is empty}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.argmin %x axis = 1 : tensor<4x0xf32> -> tensor<4xi32>
  return
}

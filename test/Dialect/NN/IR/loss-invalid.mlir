// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @softmax_c1(%x: tensor<f32>) {
  // expected-error@+1 {{operand must have at least one dimension}}
  %y = nn.softmax %x : tensor<f32>
  return
}

// -----

func.func @log_softmax_c1(%x: tensor<f32>) {
  // expected-error@+1 {{operand must have at least one dimension}}
  %y = nn.log_softmax %x : tensor<f32>
  return
}

// -----

func.func @softmax_cross_entropy_c1_rank(%x: tensor<f32>) {
  // expected-error@+2 {{logits and target must have the same type, of at least one dimension, got 'tensor<f32>' and 'tensor<f32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.softmax_cross_entropy %x, %x : tensor<f32> -> tensor<f32>
  return
}

// -----

func.func @softmax_cross_entropy_c1_types(%x: tensor<2x3xf32>, %t: tensor<2x4xf32>) {
  // expected-error@+1 {{failed to verify that all of {logits, target} have same type}}
  %y = "nn.softmax_cross_entropy"(%x, %t) : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2xf32>
  return
}

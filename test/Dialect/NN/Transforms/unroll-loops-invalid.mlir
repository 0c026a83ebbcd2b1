// RUN: nnc-opt %s --split-input-file --nn-unroll-loops --verify-diagnostics

func.func @open(%x: tensor<?xf32, #nn.dims<time>>, %h: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{runs along a size that is left open}}
  %last = nn.scan steps = <time> sources (%x) axes = [0] initial (%h) invariants () stack_axes = [] : (tensor<?xf32, #nn.dims<time>>, tensor<f32>) -> tensor<f32> {
  ^bb0(%row: tensor<f32>, %old: tensor<f32>):
    %new = nn.add %old, %row : tensor<f32>
    nn.next %new : tensor<f32>
  }
  return %last : tensor<f32>
}

// -----

func.func @long(%x: tensor<1000000xf32>, %h: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{has 1000000 steps of 3 ops; at most 200000 ops are supported}}
  %last = nn.scan steps = <1000000> sources (%x) axes = [0] initial (%h) invariants () stack_axes = [] : (tensor<1000000xf32>, tensor<f32>) -> tensor<f32> {
  ^bb0(%row: tensor<f32>, %old: tensor<f32>):
    %new = nn.add %old, %row : tensor<f32>
    nn.next %new : tensor<f32>
  }
  return %last : tensor<f32>
}

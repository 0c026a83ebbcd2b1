// RUN: nnc-opt %s --verify-diagnostics --pass-pipeline='builtin.module(func.func(nn-recompute{budget=9000}))'

// Some values must be kept: a bound below is an error that tells the least.

// expected-error @below {{the step needs at least 20480 bytes for the values that are alive at once, more than the budget of 9000}}
func.func @segments(%x: tensor<32x32xf32>,
    %w1: tensor<32x32xf32>,
    %w2: tensor<32x32xf32>,
    %w3: tensor<32x32xf32>,
    %w4: tensor<32x32xf32>,
    %w5: tensor<32x32xf32>,
    %w6: tensor<32x32xf32>,
    %s1: tensor<32x32xf32> {nn.name = "s1", nn.role = "optimizer"},
    %s2: tensor<32x32xf32> {nn.name = "s2", nn.role = "optimizer"},
    %s3: tensor<32x32xf32> {nn.name = "s3", nn.role = "optimizer"},
    %s4: tensor<32x32xf32> {nn.name = "s4", nn.role = "optimizer"},
    %s5: tensor<32x32xf32> {nn.name = "s5", nn.role = "optimizer"},
    %s6: tensor<32x32xf32> {nn.name = "s6", nn.role = "optimizer"})
    -> (tensor<32x32xf32> {nn.name = "y"},
        tensor<32x32xf32> {nn.updates = "s1"},
        tensor<32x32xf32> {nn.updates = "s2"},
        tensor<32x32xf32> {nn.updates = "s3"},
        tensor<32x32xf32> {nn.updates = "s4"},
        tensor<32x32xf32> {nn.updates = "s5"},
        tensor<32x32xf32> {nn.updates = "s6"}) {
  %z1 = nn.matmul %x, %w1 : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %h1 = nn.exp %z1 : tensor<32x32xf32>
  %z2 = nn.matmul %h1, %w2 : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %h2 = nn.exp %z2 : tensor<32x32xf32>
  %z3 = nn.matmul %h2, %w3 : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %h3 = nn.exp %z3 : tensor<32x32xf32>
  %z4 = nn.matmul %h3, %w4 : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %h4 = nn.exp %z4 : tensor<32x32xf32>
  %z5 = nn.matmul %h4, %w5 : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %h5 = nn.exp %z5 : tensor<32x32xf32>
  %z6 = nn.matmul %h5, %w6 : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %y = nn.exp %z6 : tensor<32x32xf32>
  %g = nn.tanh %y : tensor<32x32xf32>
  %dw6 = nn.matmul %h5, %g transpose_a : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %dh5 = nn.matmul %g, %w6 transpose_b : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %dz5 = nn.mul %dh5, %h5 : tensor<32x32xf32>
  %dw5 = nn.matmul %h4, %dz5 transpose_a : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %dh4 = nn.matmul %dz5, %w5 transpose_b : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %dz4 = nn.mul %dh4, %h4 : tensor<32x32xf32>
  %dw4 = nn.matmul %h3, %dz4 transpose_a : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %dh3 = nn.matmul %dz4, %w4 transpose_b : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %dz3 = nn.mul %dh3, %h3 : tensor<32x32xf32>
  %dw3 = nn.matmul %h2, %dz3 transpose_a : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %dh2 = nn.matmul %dz3, %w3 transpose_b : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %dz2 = nn.mul %dh2, %h2 : tensor<32x32xf32>
  %dw2 = nn.matmul %h1, %dz2 transpose_a : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %dh1 = nn.matmul %dz2, %w2 transpose_b : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  %dz1 = nn.mul %dh1, %h1 : tensor<32x32xf32>
  %dw1 = nn.matmul %x, %dz1 transpose_a : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
  return %y, %dw1, %dw2, %dw3, %dw4, %dw5, %dw6 : tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>
}

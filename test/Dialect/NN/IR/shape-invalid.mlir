// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @dim_size_c1() {
  // expected-error@+1 {{needs exactly one size and a scalar result}}
  %n = nn.dim_size <batch, time> : tensor<f32>
  return
}

// -----

func.func @dim_size_scalar() {
  // expected-error@+1 {{needs exactly one size and a scalar result}}
  %n = nn.dim_size <batch> : tensor<2xf32>
  return
}

// -----

func.func @broadcast_c1_count(%x: tensor<8xf32>) {
  // expected-error@+1 {{dimensions must have one entry a dimension of the operand, got 2 for rank 1}}
  %y = nn.broadcast %x dimensions = [0, 1] : tensor<8xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @broadcast_c1_order(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{dimensions must be increasing and below the rank 2, got [1, 0]}}
  %y = nn.broadcast %x dimensions = [1, 0] : tensor<4x8xf32> -> tensor<8x4xf32>
  return
}

// -----

func.func @broadcast_c1_rank(%x: tensor<8xf32>) {
  // expected-error@+1 {{dimensions must be increasing and below the rank 2, got [2]}}
  %y = nn.broadcast %x dimensions = [2] : tensor<8xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @broadcast_c2(%x: tensor<1xf32>) {
  // expected-error@+1 {{sizes differ: operand [1], result [4, 8]}}
  %y = nn.broadcast %x dimensions = [1] : tensor<1xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @broadcast_c3(%x: tensor<8xf32>) {
  // expected-error@+1 {{element types differ}}
  %y = nn.broadcast %x dimensions = [1] : tensor<8xf32> -> tensor<4x8xf64>
  return
}

// -----

func.func @reshape_c1(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{numbers of elements differ: operand [4, 8], result [31]}}
  %y = nn.reshape %x : tensor<4x8xf32> -> tensor<31xf32>
  return
}

// -----

func.func @reshape_c1_names(%x: tensor<?x8xf32, #nn.dims<batch, 8>>) {
  // expected-error@+1 {{numbers of elements differ: operand [batch, 8], result [time, 8]}}
  %y = nn.reshape %x : tensor<?x8xf32, #nn.dims<batch, 8>> -> tensor<?x8xf32, #nn.dims<time, 8>>
  return
}

// -----

func.func @reshape_c2(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{element types differ}}
  %y = nn.reshape %x : tensor<4x8xf32> -> tensor<32xf64>
  return
}

// -----

func.func @transpose_c1_count(%x: tensor<4x8xf32>) {
  // expected-error@+2 {{[0] is no permutation of 2 dimensions}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.transpose %x permutation = [0] : tensor<4x8xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @transpose_c1_twice(%x: tensor<4x8xf32>) {
  // expected-error@+2 {{[1, 1] is no permutation of 2 dimensions}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.transpose %x permutation = [1, 1] : tensor<4x8xf32> -> tensor<8x8xf32>
  return
}

// -----

func.func @concat_c1() {
  // expected-error@+2 {{at least one operand is needed}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.concat axis = 0 : () -> tensor<4xf32>
  return
}

// -----

func.func @concat_c2(%x: tensor<4xf32>) {
  // expected-error@+2 {{axis 1 is outside the rank 1}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.concat %x, %x axis = 1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @concat_c3_types(%x: tensor<4xf32>, %z: tensor<4xf64>) {
  // expected-error@+2 {{operands differ: 'tensor<4xf32>' and 'tensor<4xf64>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.concat %x, %z axis = 0 : (tensor<4xf32>, tensor<4xf64>) -> tensor<8xf32>
  return
}

// -----

func.func @concat_c3_sizes(%x: tensor<4x2xf32>, %z: tensor<4x3xf32>) {
  // expected-error@+2 {{operands differ in dimension 1: [4, 2] and [4, 3]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.concat %x, %z axis = 0 : (tensor<4x2xf32>, tensor<4x3xf32>) -> tensor<8x2xf32>
  return
}

// -----

func.func @slice_c1_count(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{needs one start and one step a dimension}}
  %y = nn.slice %x starts = [0] steps = [1] : tensor<4x8xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @slice_c1_start(%x: tensor<8xf32>) {
  // expected-error@+1 {{start -1 or step 1 of dimension 0 is out of range}}
  %y = nn.slice %x starts = [-1] steps = [1] : tensor<8xf32> -> tensor<2xf32>
  return
}

// -----

func.func @slice_c1_step(%x: tensor<8xf32>) {
  // expected-error@+1 {{start 0 or step 0 of dimension 0 is out of range}}
  %y = nn.slice %x starts = [0] steps = [0] : tensor<8xf32> -> tensor<2xf32>
  return
}

// -----

func.func @slice_c2(%x: tensor<8xf32>) {
  // expected-error@+1 {{reaches beyond dimension 0 of size 8}}
  %y = nn.slice %x starts = [1] steps = [7] : tensor<8xf32> -> tensor<2xf32>
  return
}

// -----

func.func @slice_c3(%x: tensor<8xf32>) {
  // expected-error@+1 {{rank or element type differ: 'tensor<8xf32>' and 'tensor<8xf64>'}}
  %y = nn.slice %x starts = [0] steps = [1] : tensor<8xf32> -> tensor<8xf64>
  return
}

// -----

func.func @slice_c4(%x: tensor<?xf32, #nn.dims<batch>>) {
  // expected-error@+1 {{dimension 0 has a named size and must be taken whole: [batch] to [2]}}
  %y = nn.slice %x starts = [1] steps = [1] : tensor<?xf32, #nn.dims<batch>> -> tensor<2xf32>
  return
}

// -----

func.func @slice_overflow(%x: tensor<8xf32>) {
  // expected-error@+1 {{reaches beyond dimension 0 of size 8}}
  %y = nn.slice %x starts = [1] steps = [9223372036854775807] : tensor<8xf32> -> tensor<3xf32>
  return
}

// -----

func.func @pad_c1_count(%x: tensor<4xf32>) {
  // expected-error@+2 {{low, high and interior need one entry a dimension}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.pad %x value = 0.0 low = [1] high = [] interior = [0] : tensor<4xf32> -> tensor<5xf32>
  return
}

// -----

func.func @pad_c1_negative(%x: tensor<4xf32>) {
  // expected-error@+2 {{padding of dimension 0 is negative}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.pad %x value = 0.0 low = [-1] high = [0] interior = [0] : tensor<4xf32> -> tensor<3xf32>
  return
}

// -----

func.func @pad_c2(%x: tensor<?xf32, #nn.dims<batch>>) {
  // expected-error@+2 {{dimension 0 has a named size and cannot be padded}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.pad %x value = 0.0 low = [1] high = [0] interior = [0] : tensor<?xf32, #nn.dims<batch>> -> tensor<?xf32, #nn.dims<batch + 1>>
  return
}

// -----

func.func @pad_overflow(%x: tensor<4xf32>) {
  // expected-error@+2 {{dimension 0 becomes too large}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.pad %x value = 0.0 low = [9223372036854775807] high = [9223372036854775807] interior = [9223372036854775807] : tensor<4xf32> -> tensor<4xf32>
  return
}

// -----

func.func @reverse_c1(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{axes must be distinct, increasing and below the rank 2, got [1, 1]}}
  %y = nn.reverse %x axes = [1, 1] : tensor<4x8xf32>
  return
}

// -----

func.func @iota_c1() {
  // expected-error@+1 {{axis 1 is outside the rank 1}}
  %y = nn.iota axis = 1 : tensor<4xi32>
  return
}

// -----

func.func @one_hot_c1(%i: tensor<4xi32>) {
  // expected-error@+1 {{result must have the shape of the indices and one more dimension, got [4] and [5, 10]}}
  %y = nn.one_hot %i : tensor<4xi32> -> tensor<5x10xf32>
  return
}

// -----

func.func @gather_c1(%x: tensor<f32>, %i: tensor<4xi32>) {
  // expected-error@+2 {{operand must have at least one dimension}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.gather %x, %i : (tensor<f32>, tensor<4xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @scatter_add_rank(%x: tensor<f32>, %i: tensor<4xi32>, %u: tensor<4xf32>) {
  // expected-error@+1 {{operand must have at least one dimension}}
  %y = nn.scatter_add %x, %i, %u : tensor<f32>, tensor<4xi32>, tensor<4xf32>
  return
}

// -----

func.func @scatter_add_c1(%x: tensor<9x8xf32>, %i: tensor<4xi32>, %u: tensor<4x7xf32>) {
  // expected-error@+1 {{updates must have the shape of the indices followed by a row, got [4, 7]}}
  %y = nn.scatter_add %x, %i, %u : tensor<9x8xf32>, tensor<4xi32>, tensor<4x7xf32>
  return
}

// -----

func.func @scatter_add_c2(%x: tensor<9xf32>, %i: tensor<4xi32>, %u: tensor<4xf64>) {
  // expected-error@+1 {{element types differ}}
  %y = nn.scatter_add %x, %i, %u : tensor<9xf32>, tensor<4xi32>, tensor<4xf64>
  return
}

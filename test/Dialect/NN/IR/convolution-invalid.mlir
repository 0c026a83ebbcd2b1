// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @conv2d_c1(%x: tensor<3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error@+2 {{x must have rank 4, got [3, 8, 8]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (tensor<3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<4x6x6xf32>
  return
}

// -----

func.func @conv2d_c2(%x: tensor<2x3x8x8xf64>, %w: tensor<4x3x3x3xf32>) {
  // expected-error@+2 {{element types differ: 'f64' and 'f32'}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (tensor<2x3x8x8xf64>, tensor<4x3x3x3xf32>) -> tensor<2x4x6x6xf32>
  return
}

// -----

func.func @conv2d_c3(%x: tensor<2x3x?x8xf32, #nn.dims<2, 3, time, 8>>, %w: tensor<4x3x3x3xf32>) {
  // expected-error@+2 {{sizes of x but the first must be numbers below 2^31, got [2, 3, time, 8]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (tensor<2x3x?x8xf32, #nn.dims<2, 3, time, 8>>, tensor<4x3x3x3xf32>) -> tensor<2x4x6x6xf32>
  return
}

// -----

func.func @conv2d_c4_stride(%x: tensor<2x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error@+2 {{strides must be at least 1 and below 2^31, got 0}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.conv2d %x, %w strides = [1, 0] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (tensor<2x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<2x4x6x6xf32>
  return
}

// -----

func.func @conv2d_c4_padding(%x: tensor<2x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error@+2 {{padding must have 4 numbers, got 2}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0] dilations = [1, 1] groups = 1 : (tensor<2x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<2x4x6x6xf32>
  return
}

// -----

func.func @conv2d_c5_groups(%x: tensor<2x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error@+2 {{groups = 2 must divide channels and filters, got [2, 3, 8, 8] and [4, 3, 3, 3]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 2 : (tensor<2x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<2x4x6x6xf32>
  return
}

// -----

func.func @conv2d_c5_channels(%x: tensor<2x4x8x8xf32>, %w: tensor<4x4x3x3xf32>) {
  // expected-error@+2 {{w must have 2 channels, got [4, 4, 3, 3] for x [2, 4, 8, 8]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 2 : (tensor<2x4x8x8xf32>, tensor<4x4x3x3xf32>) -> tensor<2x4x6x6xf32>
  return
}

// -----

func.func @conv2d_c6(%x: tensor<2x3x2x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error@+2 {{the window does not fit into the image: x [2, 3, 2, 8], w [4, 3, 3, 3]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (tensor<2x3x2x8xf32>, tensor<4x3x3x3xf32>) -> tensor<2x4x1x6xf32>
  return
}

// -----

func.func @data_gradient_c1(%dy: tensor<2x4x6x6xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error@+2 {{dy must have the sizes [2, 4, 7, 6], got [2, 4, 6, 6]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.conv2d_data_gradient %dy, %w size = [9, 8] strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (tensor<2x4x6x6xf32>, tensor<4x3x3x3xf32>) -> tensor<2x3x9x8xf32>
  return
}

// -----

func.func @weight_gradient_c1(%x: tensor<?x3x8x8xf32, #nn.dims<batch, 3, 8, 8>>, %dy: tensor<?x4x6x6xf32, #nn.dims<rows, 4, 6, 6>>) {
  // expected-error@+2 {{dy must have the sizes [batch, 4, 6, 6], got [rows, 4, 6, 6]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.conv2d_weight_gradient %x, %dy kernel = [3, 3] strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (tensor<?x3x8x8xf32, #nn.dims<batch, 3, 8, 8>>, tensor<?x4x6x6xf32, #nn.dims<rows, 4, 6, 6>>) -> tensor<4x3x3x3xf32>
  return
}

// -----

func.func @weight_parts_c3(%x: tensor<2x3x8x8xf32>, %dy: tensor<2x4x6x6xf32>) {
  // expected-error@+2 {{tile must be 2 or 4, got 3}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.conv2d_weight_parts %x, %dy parts = 1 kernel = [3, 3] strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 tile = 3 : (tensor<2x3x8x8xf32>, tensor<2x4x6x6xf32>) -> tensor<1x4x3x3x3xf32>
  return
}

// -----

func.func @weight_parts_c3_stride(%x: tensor<2x3x8x8xf32>, %dy: tensor<2x4x3x3xf32>) {
  // expected-error@+2 {{a tile needs windows of 3 x 3, strides, dilations and groups of 1 and paddings of 0 to 2}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.conv2d_weight_parts %x, %dy parts = 1 kernel = [3, 3] strides = [2, 2] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 tile = 4 : (tensor<2x3x8x8xf32>, tensor<2x4x3x3xf32>) -> tensor<1x4x3x3x3xf32>
  return
}

// -----

func.func @weight_parts_c2(%x: tensor<2x3x8x8xf32>, %dy: tensor<2x4x6x6xf32>) {
  // expected-error@+2 {{parts must be at least 1 and below 2^31, got 0}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.conv2d_weight_parts %x, %dy parts = 0 kernel = [3, 3] strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (tensor<2x3x8x8xf32>, tensor<2x4x6x6xf32>) -> tensor<0x4x3x3x3xf32>
  return
}

// -----

func.func @weight_parts_c2_run(%x: tensor<2x3x8x8xf32>, %dy: tensor<2x4x6x6xf32>) {
  // expected-error@+2 {{run must be at least 1 and below 2^31, got 0}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.conv2d_weight_parts %x, %dy parts = 1 kernel = [3, 3] strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 run = 0 : (tensor<2x3x8x8xf32>, tensor<2x4x6x6xf32>) -> tensor<1x4x3x3x3xf32>
  return
}

// -----

func.func @max_pool_c1(%x: tensor<8x8xf32>) {
  // expected-error@+2 {{x must have rank 4, got [8, 8]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y, %p = nn.max_pool2d %x kernel = [2, 2] strides = [2, 2] padding = [0, 0, 0, 0] : (tensor<8x8xf32>) -> (tensor<4x4xf32>, tensor<4x4xi32>)
  return
}

// -----

func.func @max_pool_c3(%x: tensor<1x1x8x8xf32>) {
  // expected-error@+2 {{padding must be less than the kernel, got 2 for 2}}
  // expected-error@+1 {{failed to infer returned types}}
  %y, %p = nn.max_pool2d %x kernel = [2, 2] strides = [2, 2] padding = [0, 0, 2, 0] : (tensor<1x1x8x8xf32>) -> (tensor<1x1x4x5xf32>, tensor<1x1x4x5xi32>)
  return
}

// -----

func.func @max_pool_c4(%x: tensor<1x1x8x8xf32>) {
  // expected-error@+2 {{the window does not fit into the image [1, 1, 8, 8]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y, %p = nn.max_pool2d %x kernel = [9, 2] strides = [2, 2] padding = [0, 0, 0, 0] : (tensor<1x1x8x8xf32>) -> (tensor<1x1x1x4xf32>, tensor<1x1x1x4xi32>)
  return
}

// -----

func.func @max_unpool_c2(%x: tensor<1x1x4x4xf32>, %i: tensor<1x1x4x5xi32>) {
  // expected-error@+2 {{sizes of x and index differ: [1, 1, 4, 4] and [1, 1, 4, 5]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.max_unpool2d %x, %i size = [8, 8] : (tensor<1x1x4x4xf32>, tensor<1x1x4x5xi32>) -> tensor<1x1x8x8xf32>
  return
}

// -----

func.func @gather_pooled_c2(%x: tensor<1x2x8x8xf32>, %i: tensor<1x1x4x5xi32>) {
  // expected-error@+2 {{sizes of x and index differ: [1, 2, 8, 8] and [1, 1, 4, 5]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.gather_pooled2d %x, %i : (tensor<1x2x8x8xf32>, tensor<1x1x4x5xi32>) -> tensor<1x2x4x5xf32>
  return
}

// -----

func.func @avg_unpool_c1(%x: tensor<1x1x4x5xf32>) {
  // expected-error@+2 {{x must have the sizes [1, 1, 4, 4], got [1, 1, 4, 5]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.avg_unpool2d %x size = [8, 8] kernel = [2, 2] strides = [2, 2] padding = [0, 0, 0, 0] : (tensor<1x1x4x5xf32>) -> tensor<1x1x8x8xf32>
  return
}

// -----

func.func @winograd_weights_c1(%w: tensor<4x3x3x5xf32>) {
  // expected-error@+2 {{the windows of w must be 3 x 3, got [4, 3, 3, 5]}}
  // expected-error@+1 {{failed to infer returned types}}
  %u = nn.winograd_weights %w tile = 4 panel = 16 : (tensor<4x3x3x5xf32>) -> tensor<36x1x3x16xf32>
  return
}

// -----

func.func @winograd_weights_c2(%w: tensor<4x3x3x3xf32>) {
  // expected-error@+2 {{tile must be 2 or 4, got 3}}
  // expected-error@+1 {{failed to infer returned types}}
  %u = nn.winograd_weights %w tile = 3 panel = 16 : (tensor<4x3x3x3xf32>) -> tensor<25x1x3x16xf32>
  return
}

// -----

func.func @winograd_weights_c3(%w: tensor<4x3x3x3xf32>) {
  // expected-error@+2 {{panel must be 1 to 1024, got 0}}
  // expected-error@+1 {{failed to infer returned types}}
  %u = nn.winograd_weights %w tile = 4 panel = 0 : (tensor<4x3x3x3xf32>) -> tensor<36x1x3x16xf32>
  return
}

// -----

func.func @winograd_conv2d_c1_points(%x: tensor<2x3x8x8xf32>, %u: tensor<16x1x3x8xf32>) {
  // expected-error@+2 {{u must be 36 x panels of the 8 outputs x 3 x columns of a panel, got [16, 1, 3, 8]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.winograd_conv2d %x, %u outputs = 8 tile = 4 padding = [1, 1, 1, 1] : (tensor<2x3x8x8xf32>, tensor<16x1x3x8xf32>) -> tensor<2x8x8x8xf32>
  return
}

// -----

func.func @winograd_conv2d_c1_channels(%x: tensor<2x3x8x8xf32>, %u: tensor<16x1x4x8xf32>) {
  // expected-error@+2 {{u must be 16 x panels of the 8 outputs x 3 x columns of a panel, got [16, 1, 4, 8]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.winograd_conv2d %x, %u outputs = 8 tile = 2 padding = [1, 1, 1, 1] : (tensor<2x3x8x8xf32>, tensor<16x1x4x8xf32>) -> tensor<2x8x8x8xf32>
  return
}

// -----

func.func @winograd_conv2d_c2(%x: tensor<2x3x8x8xf32>, %u: tensor<16x1x3x8xf64>) {
  // expected-error@+2 {{element types differ: 'f32' and 'f64'}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.winograd_conv2d %x, %u outputs = 8 tile = 2 padding = [1, 1, 1, 1] : (tensor<2x3x8x8xf32>, tensor<16x1x3x8xf64>) -> tensor<2x8x8x8xf32>
  return
}

// -----

func.func @winograd_conv2d_c3(%x: tensor<2x3x8x8xf32>, %u: tensor<25x1x3x8xf32>) {
  // expected-error@+2 {{tile must be 2 or 4, got 3}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.winograd_conv2d %x, %u outputs = 8 tile = 3 padding = [1, 1, 1, 1] : (tensor<2x3x8x8xf32>, tensor<25x1x3x8xf32>) -> tensor<2x8x8x8xf32>
  return
}

// -----

func.func @winograd_conv2d_c4(%x: tensor<2x3x8x8xf32>, %u: tensor<16x1x3x8xf32>) {
  // expected-error@+2 {{padding must be at most 2, got 3}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.winograd_conv2d %x, %u outputs = 8 tile = 2 padding = [3, 1, 1, 1] : (tensor<2x3x8x8xf32>, tensor<16x1x3x8xf32>) -> tensor<2x8x10x8xf32>
  return
}

// -----

func.func @winograd_conv2d_c5(%x: tensor<2x3x1x8xf32>, %u: tensor<16x1x3x8xf32>) {
  // expected-error@+2 {{the window does not fit into the image: x [2, 3, 1, 8]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.winograd_conv2d %x, %u outputs = 8 tile = 2 padding = [0, 0, 1, 1] : (tensor<2x3x1x8xf32>, tensor<16x1x3x8xf32>) -> tensor<2x8x1x8xf32>
  return
}

// -----

func.func @winograd_conv2d_c1_panels(%x: tensor<2x3x8x8xf32>, %u: tensor<16x3x3x8xf32>) {
  // expected-error@+2 {{u must be 16 x panels of the 8 outputs x 3 x columns of a panel, got [16, 3, 3, 8]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.winograd_conv2d %x, %u outputs = 8 tile = 2 padding = [1, 1, 1, 1] : (tensor<2x3x8x8xf32>, tensor<16x3x3x8xf32>) -> tensor<2x8x8x8xf32>
  return
}

// -----

func.func @conv2d_c4_negative_padding(%x: tensor<2x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error@+2 {{padding above and left must be at least 0, got -1}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.conv2d %x, %w strides = [1, 1] padding = [0, -2, -1, 0] dilations = [1, 1] groups = 1 : (tensor<2x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<2x4x4x5xf32>
  return
}

// -----

func.func @conv2d_c6_cropped(%x: tensor<2x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error@+2 {{the window does not fit into the image}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = nn.conv2d %x, %w strides = [1, 1] padding = [0, -6, 0, 0] dilations = [1, 1] groups = 1 : (tensor<2x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<2x4x1x6xf32>
  return
}

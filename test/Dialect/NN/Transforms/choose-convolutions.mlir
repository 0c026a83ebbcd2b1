// RUN: nnc-opt %s --nn-choose-convolutions=panel=48 | FileCheck %s

// Many channels: tiles of 4 x 4.
// CHECK-LABEL: func.func @many_channels
// CHECK: %[[U:.*]] = nn.winograd_weights %arg1 tile = 4 panel = 48 : (tensor<192x192x3x3xf32>) -> tensor<36x4x192x48xf32>
// CHECK: nn.winograd_conv2d %arg0, %[[U]] outputs = 192 tile = 4 padding = [1, 1, 1, 1]
func.func @many_channels(%x: tensor<16x192x19x19xf32>, %w: tensor<192x192x3x3xf32>) -> tensor<16x192x19x19xf32> {
  %y = nn.conv2d %x, %w strides = [1, 1] padding = [1, 1, 1, 1] dilations = [1, 1] groups = 1 : (tensor<16x192x19x19xf32>, tensor<192x192x3x3xf32>) -> tensor<16x192x19x19xf32>
  return %y : tensor<16x192x19x19xf32>
}

// The adjoint in the images is one of turned windows with other zeros.
// CHECK-LABEL: func.func @data_gradient
// CHECK: %[[U:.*]] = nn.winograd_weights %arg1 tile = 4 panel = 48 adjoint : (tensor<128x64x3x3xf32>) -> tensor<36x2x128x48xf32>
// CHECK: nn.winograd_conv2d %arg0, %[[U]] outputs = 64 tile = 4 padding = [2, 1, 0, 2] : {{.*}} -> tensor<16x64x28x28xf32>
func.func @data_gradient(%dy: tensor<16x128x27x28xf32>, %w: tensor<128x64x3x3xf32>) -> tensor<16x64x28x28xf32> {
  %dx = nn.conv2d_data_gradient %dy, %w size = [28, 28] strides = [1, 1] padding = [0, 1, 2, 0] dilations = [1, 1] groups = 1 : (tensor<16x128x27x28xf32>, tensor<128x64x3x3xf32>) -> tensor<16x64x28x28xf32>
  return %dx : tensor<16x64x28x28xf32>
}

// One image: worth it where the weights are transformed once for many calls.
// CHECK-LABEL: func.func @fixed_weights
// CHECK: nn.winograd_conv2d {{.*}} tile = 2
func.func @fixed_weights(%x: tensor<1x128x10x10xf32>, %w: tensor<128x128x3x3xf32> {nn.role = "parameter"}) -> tensor<1x128x10x10xf32> {
  %y = nn.conv2d %x, %w strides = [1, 1] padding = [1, 1, 1, 1] dilations = [1, 1] groups = 1 : (tensor<1x128x10x10xf32>, tensor<128x128x3x3xf32>) -> tensor<1x128x10x10xf32>
  return %y : tensor<1x128x10x10xf32>
}

// CHECK-LABEL: func.func @changing_weights
// CHECK-NOT: winograd
func.func @changing_weights(%x: tensor<1x128x10x10xf32>, %w: tensor<128x128x3x3xf32> {nn.name = "w", nn.role = "parameter"}) -> (tensor<1x128x10x10xf32>, tensor<128x128x3x3xf32> {nn.updates = "w"}) {
  %y = nn.conv2d %x, %w strides = [1, 1] padding = [1, 1, 1, 1] dilations = [1, 1] groups = 1 : (tensor<1x128x10x10xf32>, tensor<128x128x3x3xf32>) -> tensor<1x128x10x10xf32>
  return %y, %w : tensor<1x128x10x10xf32>, tensor<128x128x3x3xf32>
}

// CHECK-LABEL: func.func @left_alone
// CHECK-NOT: winograd
func.func @left_alone(%x: tensor<16x64x28x28xf32>, %narrow: tensor<16x8x28x28xf32>,
                      %double: tensor<16x64x28x28xf64>, %one: tensor<1x64x2x2xf32>,
                      %w: tensor<64x64x3x3xf32>, %wide: tensor<64x64x5x5xf32>,
                      %few: tensor<64x8x3x3xf32>, %exact: tensor<64x64x3x3xf64>,
                      %grouped: tensor<64x32x3x3xf32>) {
  // A stride.
  %0 = nn.conv2d %x, %w strides = [2, 2] padding = [1, 1, 1, 1] dilations = [1, 1] groups = 1 : (tensor<16x64x28x28xf32>, tensor<64x64x3x3xf32>) -> tensor<16x64x14x14xf32>
  // A dilation.
  %1 = nn.conv2d %x, %w strides = [1, 1] padding = [2, 2, 2, 2] dilations = [2, 2] groups = 1 : (tensor<16x64x28x28xf32>, tensor<64x64x3x3xf32>) -> tensor<16x64x28x28xf32>
  // Groups.
  %2 = nn.conv2d %x, %grouped strides = [1, 1] padding = [1, 1, 1, 1] dilations = [1, 1] groups = 2 : (tensor<16x64x28x28xf32>, tensor<64x32x3x3xf32>) -> tensor<16x64x28x28xf32>
  // Another window.
  %3 = nn.conv2d %x, %wide strides = [1, 1] padding = [2, 2, 2, 2] dilations = [1, 1] groups = 1 : (tensor<16x64x28x28xf32>, tensor<64x64x5x5xf32>) -> tensor<16x64x28x28xf32>
  // Few channels.
  %4 = nn.conv2d %narrow, %few strides = [1, 1] padding = [1, 1, 1, 1] dilations = [1, 1] groups = 1 : (tensor<16x8x28x28xf32>, tensor<64x8x3x3xf32>) -> tensor<16x64x28x28xf32>
  // More zeros than a tile reaches.
  %5 = nn.conv2d %x, %w strides = [1, 1] padding = [3, 1, 1, 1] dilations = [1, 1] groups = 1 : (tensor<16x64x28x28xf32>, tensor<64x64x3x3xf32>) -> tensor<16x64x30x28xf32>
  // Double precision.
  %6 = nn.conv2d %double, %exact strides = [1, 1] padding = [1, 1, 1, 1] dilations = [1, 1] groups = 1 : (tensor<16x64x28x28xf64>, tensor<64x64x3x3xf64>) -> tensor<16x64x28x28xf64>
  // So small that transforming the weights costs more.
  %7 = nn.conv2d %one, %w strides = [1, 1] padding = [1, 1, 1, 1] dilations = [1, 1] groups = 1 : (tensor<1x64x2x2xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x2x2xf32>
  return
}

// Gradients by the weights: a tile that is set stays, a stride has none.
// CHECK-LABEL: func.func @weight_gradient
// CHECK: nn.conv2d_weight_parts {{.*}} groups = 1 tile = 4 :
// CHECK: nn.conv2d_weight_parts {{.*}} groups = 1 tile = 2 :
// CHECK: nn.conv2d_weight_parts {{.*}} strides = [2, 2] {{.*}} groups = 1 :
func.func @weight_gradient(%x: tensor<16x64x28x28xf32>, %dy: tensor<16x64x28x28xf32>, %half: tensor<16x64x14x14xf32>) {
  %0 = nn.conv2d_weight_parts %x, %dy parts = 1 kernel = [3, 3] strides = [1, 1] padding = [1, 1, 1, 1] dilations = [1, 1] groups = 1 : (tensor<16x64x28x28xf32>, tensor<16x64x28x28xf32>) -> tensor<1x64x64x3x3xf32>
  %1 = nn.conv2d_weight_parts %x, %dy parts = 1 kernel = [3, 3] strides = [1, 1] padding = [1, 1, 1, 1] dilations = [1, 1] groups = 1 tile = 2 : (tensor<16x64x28x28xf32>, tensor<16x64x28x28xf32>) -> tensor<1x64x64x3x3xf32>
  %2 = nn.conv2d_weight_parts %x, %half parts = 1 kernel = [3, 3] strides = [2, 2] padding = [1, 1, 1, 1] dilations = [1, 1] groups = 1 : (tensor<16x64x28x28xf32>, tensor<16x64x14x14xf32>) -> tensor<1x64x64x3x3xf32>
  return
}

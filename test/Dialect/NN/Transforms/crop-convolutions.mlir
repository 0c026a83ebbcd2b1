// RUN: nnc-opt %s --nn-crop-convolutions --split-input-file | FileCheck %s

// A pool of 2 x 2 leaves out the last row and column of 11 x 11: so do the
// convolution, what stands between them, and the gradients.
!x = tensor<4x3x13x13xf32>
!y = tensor<4x5x11x11xf32>
!pooled = tensor<4x5x5x5xf32>
!places = tensor<4x5x5x5xi32>

// CHECK-LABEL: func @odd_images
//  CHECK-SAME:   (%[[X:.*]]: tensor<4x3x13x13xf32>, %[[W:.*]]: tensor<5x3x3x3xf32>, %[[B:.*]]: tensor<5xf32>, %[[D:.*]]: tensor<4x5x5x5xf32>)
//       CHECK:   %[[C:.*]] = nn.conv2d %[[X]], %[[W]] {{.*}} padding = [0, -1, 0, -1] {{.*}} -> tensor<4x5x10x10xf32>
//       CHECK:   %[[R:.*]] = nn.broadcast %[[B]] dimensions = [1] : tensor<5xf32> -> tensor<4x5x10x10xf32>
//       CHECK:   %[[S:.*]] = nn.add %[[C]], %[[R]] : tensor<4x5x10x10xf32>
//       CHECK:   %[[A:.*]] = nn.relu %[[S]] : tensor<4x5x10x10xf32>
//       CHECK:   %[[Y:.*]], %[[I:.*]] = nn.max_pool2d %[[A]] {{.*}} padding = [0, 0, 0, 0] : (tensor<4x5x10x10xf32>)
//       CHECK:   %[[U:.*]] = nn.max_unpool2d %[[D]], %[[I]] size = [10, 10]
//       CHECK:   %[[DX:.*]] = nn.conv2d_data_gradient %[[U]], %[[W]] size = [13, 13] {{.*}} padding = [0, -1, 0, -1]
//       CHECK:   %[[DW:.*]] = nn.conv2d_weight_parts %[[X]], %[[U]] parts = 2 kernel = [3, 3] {{.*}} padding = [0, -1, 0, -1]
//       CHECK:   return %[[Y]], %[[DX]], %[[DW]]
func.func @odd_images(%x: !x, %w: tensor<5x3x3x3xf32>, %b: tensor<5xf32>,
                      %d: !pooled)
    -> (!pooled, !x, tensor<2x5x3x3x3xf32>) {
  %c = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (!x, tensor<5x3x3x3xf32>) -> !y
  %r = nn.broadcast %b dimensions = [1] : tensor<5xf32> -> !y
  %s = nn.add %c, %r : !y
  %a = nn.relu %s : !y
  %y, %i = nn.max_pool2d %a kernel = [2, 2] strides = [2, 2] padding = [0, 0, 0, 0] : (!y) -> (!pooled, !places)
  %u = nn.max_unpool2d %d, %i size = [11, 11] : (!pooled, !places) -> !y
  %dx = nn.conv2d_data_gradient %u, %w size = [13, 13] strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (!y, tensor<5x3x3x3xf32>) -> !x
  %dw = nn.conv2d_weight_parts %x, %u parts = 2 kernel = [3, 3] strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (!x, !y) -> tensor<2x5x3x3x3xf32>
  return %y, %dx, %dw : !pooled, !x, tensor<2x5x3x3x3xf32>
}

// -----

// Strides, padding that is left over, one dimension alone, an open batch.
!x = tensor<?x2x16x9xf32, #nn.dims<batch, 2, 16, 9>>
!y = tensor<?x4x8x9xf32, #nn.dims<batch, 4, 8, 9>>

// CHECK-LABEL: func @strides
//       CHECK:   nn.conv2d {{.*}} strides = [2, 1] padding = [1, -2, 1, 1] {{.*}} -> tensor<?x4x7x9xf32, #nn.dims<batch, 4, 7, 9>>
//       CHECK:   nn.max_pool2d {{.*}} padding = [1, 0, 0, 0]
func.func @strides(%x: !x, %w: tensor<4x2x3x3xf32>)
    -> tensor<?x4x2x3xf32, #nn.dims<batch, 4, 2, 3>> {
  %c = nn.conv2d %x, %w strides = [2, 1] padding = [1, 0, 1, 1] dilations = [1, 1] groups = 1 : (!x, tensor<4x2x3x3xf32>) -> !y
  %y, %i = nn.max_pool2d %c kernel = [3, 3] strides = [5, 3] padding = [1, 1, 0, 0] : (!y) -> (tensor<?x4x2x3xf32, #nn.dims<batch, 4, 2, 3>>, tensor<?x4x2x3xi32, #nn.dims<batch, 4, 2, 3>>)
  return %y : tensor<?x4x2x3xf32, #nn.dims<batch, 4, 2, 3>>
}

// -----

// Images that something else reads, an index that leaves, operands that differ
// within an image, a pool that reads all.
!x = tensor<4x3x13x13xf32>
!y = tensor<4x5x11x11xf32>
!pooled = tensor<4x5x5x5xf32>
!places = tensor<4x5x5x5xi32>

// CHECK-LABEL: func @as_they_are
// CHECK-COUNT-5: padding = [0, 0, 0, 0] dilations
func.func @as_they_are(%x: !x, %w: tensor<5x3x3x3xf32>, %row: tensor<11xf32>)
    -> (!pooled, !y, !pooled, !places, !pooled, tensor<4x5x9x9xf32>, !pooled, !y) {
  %c = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (!x, tensor<5x3x3x3xf32>) -> !y
  %a = nn.relu %c : !y
  %y, %i = nn.max_pool2d %a kernel = [2, 2] strides = [2, 2] padding = [0, 0, 0, 0] : (!y) -> (!pooled, !places)

  %c1 = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (!x, tensor<5x3x3x3xf32>) -> !y
  %y1, %i1 = nn.max_pool2d %c1 kernel = [2, 2] strides = [2, 2] padding = [0, 0, 0, 0] : (!y) -> (!pooled, !places)

  %c2 = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (!x, tensor<5x3x3x3xf32>) -> !y
  %r2 = nn.broadcast %row dimensions = [3] : tensor<11xf32> -> !y
  %a2 = nn.add %c2, %r2 : !y
  %y2, %i2 = nn.max_pool2d %a2 kernel = [2, 2] strides = [2, 2] padding = [0, 0, 0, 0] : (!y) -> (!pooled, !places)

  %c3 = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (!x, tensor<5x3x3x3xf32>) -> !y
  %y3, %i3 = nn.max_pool2d %c3 kernel = [3, 3] strides = [1, 1] padding = [0, 0, 0, 0] : (!y) -> (tensor<4x5x9x9xf32>, tensor<4x5x9x9xi32>)

  %c4 = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (!x, tensor<5x3x3x3xf32>) -> !y
  %y4, %i4 = nn.max_pool2d %c4 kernel = [2, 2] strides = [2, 2] padding = [0, 0, 0, 0] : (!y) -> (!pooled, !places)
  %u4 = nn.max_unpool2d %y4, %i4 size = [11, 11] : (!pooled, !places) -> !y
  return %y, %a, %y1, %i1, %y2, %y3, %y4, %u4 : !pooled, !y, !pooled, !places, !pooled, tensor<4x5x9x9xf32>, !pooled, !y
}

// -----

// Images of two convolutions.
!x = tensor<4x3x13x13xf32>
!y = tensor<4x5x11x11xf32>
!pooled = tensor<4x5x5x5xf32>

// CHECK-LABEL: func @two
// CHECK-COUNT-2: nn.conv2d {{.*}} padding = [0, 0, 0, 0] {{.*}} -> tensor<4x5x11x11xf32>
// CHECK: nn.add
// CHECK: nn.max_pool2d
func.func @two(%x: !x, %w: tensor<5x3x3x3xf32>, %v: tensor<5x3x3x3xf32>) -> !pooled {
  %c = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (!x, tensor<5x3x3x3xf32>) -> !y
  %d = nn.conv2d %x, %v strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (!x, tensor<5x3x3x3xf32>) -> !y
  %a = nn.add %c, %d : !y
  %y, %i = nn.max_pool2d %a kernel = [2, 2] strides = [2, 2] padding = [0, 0, 0, 0] : (!y) -> (!pooled, tensor<4x5x5x5xi32>)
  return %y : !pooled
}

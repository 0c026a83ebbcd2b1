// RUN: nnc-opt %s --nn-fuse-ops --split-input-file | FileCheck %s
// RUN: nnc-opt %s --nn-fuse-ops --nn-lower-precision=least=16 --split-input-file | FileCheck %s --check-prefix=NARROW

// A pool stands in the group of the convolution that it reads alone, and so do
// the bias and the activation between them.
!x = tensor<4x3x12x12xf32>
!y = tensor<4x5x10x10xf32>
!pooled = tensor<4x5x5x5xf32>
!places = tensor<4x5x5x5xi32>

// CHECK-LABEL: func @with_index
//       CHECK:   %[[G:.*]]:2 = nn.fusion contraction(%arg0, %arg1, %arg2) : {{.*}} -> (tensor<4x5x5x5xf32>, tensor<4x5x5x5xi32>)
//       CHECK:     nn.conv2d
//       CHECK:     nn.broadcast
//       CHECK:     nn.add
//       CHECK:     nn.relu
//       CHECK:     %[[Y:.*]], %[[I:.*]] = nn.max_pool2d
//       CHECK:     nn.yield %[[Y]], %[[I]]
//       CHECK:   return %[[G]]#0, %[[G]]#1
func.func @with_index(%x: !x, %w: tensor<5x3x3x3xf32>, %b: tensor<5xf32>)
    -> (!pooled, !places) {
  %c = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (!x, tensor<5x3x3x3xf32>) -> !y
  %r = nn.broadcast %b dimensions = [1] : tensor<5xf32> -> !y
  %s = nn.add %c, %r : !y
  %a = nn.relu %s : !y
  %y, %i = nn.max_pool2d %a kernel = [2, 2] strides = [2, 2] padding = [0, 0, 0, 0] : (!y) -> (!pooled, !places)
  return %y, %i : !pooled, !places
}

// -----

// Without the index, and of the sums themselves.
!x = tensor<4x3x12x12xf32>
!y = tensor<4x5x10x10xf32>
!pooled = tensor<4x5x5x3xf32>

// CHECK-LABEL: func @without_index
//       CHECK:   nn.fusion contraction(%arg0, %arg1) : {{.*}} -> tensor<4x5x5x3xf32> {
//       CHECK:     nn.conv2d
//       CHECK:     %[[Y:.*]], %{{.*}} = nn.max_pool2d
//       CHECK:     nn.yield %[[Y]] :
func.func @without_index(%x: !x, %w: tensor<5x3x3x3xf32>) -> !pooled {
  %c = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (!x, tensor<5x3x3x3xf32>) -> !y
  %y, %i = nn.max_pool2d %c kernel = [1, 3] strides = [2, 3] padding = [0, 0, 0, 1] : (!y) -> (!pooled, tensor<4x5x5x3xi32>)
  return %y : !pooled
}

// -----

// Windows over each other; images that are read by others; an operand that
// differs all over the images; windows that reach into padding.
!x = tensor<4x3x12x12xf32>
!y = tensor<4x5x10x10xf32>
!pooled = tensor<4x5x5x5xf32>
!places = tensor<4x5x5x5xi32>

// CHECK-LABEL: func @alone
// CHECK-COUNT-4: nn.yield %{{[0-9]+}} : tensor<4x5x10x10xf32>
func.func @alone(%x: !x, %w: tensor<5x3x3x3xf32>, %other: !y)
    -> (tensor<4x5x4x4xf32>, !pooled, !y, !pooled, tensor<4x5x6x6xf32>) {
  %c0 = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (!x, tensor<5x3x3x3xf32>) -> !y
  %y0, %i0 = nn.max_pool2d %c0 kernel = [3, 3] strides = [2, 2] padding = [0, 0, 0, 0] : (!y) -> (tensor<4x5x4x4xf32>, tensor<4x5x4x4xi32>)
  %c1 = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (!x, tensor<5x3x3x3xf32>) -> !y
  %a1 = nn.relu %c1 : !y
  %y1, %i1 = nn.max_pool2d %a1 kernel = [2, 2] strides = [2, 2] padding = [0, 0, 0, 0] : (!y) -> (!pooled, !places)
  %c2 = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (!x, tensor<5x3x3x3xf32>) -> !y
  %a2 = nn.add %c2, %other : !y
  %y2, %i2 = nn.max_pool2d %a2 kernel = [2, 2] strides = [2, 2] padding = [0, 0, 0, 0] : (!y) -> (!pooled, !places)
  %c3 = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (!x, tensor<5x3x3x3xf32>) -> !y
  %y3, %i3 = nn.max_pool2d %c3 kernel = [2, 2] strides = [2, 2] padding = [1, 1, 1, 1] : (!y) -> (tensor<4x5x6x6xf32>, tensor<4x5x6x6xi32>)
  return %y0, %y1, %a1, %y2, %y3 : tensor<4x5x4x4xf32>, !pooled, !y, !pooled, tensor<4x5x6x6xf32>
}

// -----

// With bf16 pooled images stay f32.
!x = tensor<4x3x12x12xf32>
!y = tensor<4x5x10x10xf32>
!pooled = tensor<4x5x5x5xf32>

// NARROW-LABEL: func @read_by_a_product
//       NARROW:   nn.fusion contraction
//       NARROW:     %[[Y:.*]], %{{.*}} = nn.max_pool2d
//       NARROW:     nn.yield %[[Y]] : tensor<4x5x5x5xf32>
func.func @read_by_a_product(%x: !x, %w: tensor<5x3x3x3xf32>, %v: tensor<125x64xf32>) -> tensor<4x64xf32> {
  %c = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (!x, tensor<5x3x3x3xf32>) -> !y
  %y, %i = nn.max_pool2d %c kernel = [2, 2] strides = [2, 2] padding = [0, 0, 0, 0] : (!y) -> (!pooled, tensor<4x5x5x5xi32>)
  %f = nn.reshape %y : !pooled -> tensor<4x125xf32>
  %p = nn.matmul %f, %v : (tensor<4x125xf32>, tensor<125x64xf32>) -> tensor<4x64xf32>
  return %p : tensor<4x64xf32>
}

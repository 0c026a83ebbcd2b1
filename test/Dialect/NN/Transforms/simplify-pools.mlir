// RUN: nnc-opt %s --nn-simplify --split-input-file | FileCheck %s

// What a pool's gradient is masked by, and the sum of that gradient.
!images = tensor<?x3x8x8xf32, #nn.dims<batch, 3, 8, 8>>
!pooled = tensor<?x3x4x4xf32, #nn.dims<batch, 3, 4, 4>>
!places = tensor<?x3x4x4xi32, #nn.dims<batch, 3, 4, 4>>

// CHECK-LABEL: func @mask_of_pool
//  CHECK-SAME:   (%[[X:.*]]: {{.*}}, %[[DY:.*]]: tensor
//       CHECK:   %[[Y:.*]], %[[I:.*]] = nn.max_pool2d %[[X]]
//       CHECK:   %[[M:.*]] = nn.compare gt, %[[Y]]
//       CHECK:   %[[D:.*]] = nn.select %[[M]], %[[DY]]
//       CHECK:   %[[DX:.*]] = nn.max_unpool2d %[[D]], %[[I]]
//       CHECK:   %[[SUM:.*]] = nn.reduce_sum %[[D]] axes = [0, 2, 3]
//       CHECK:   return %[[Y]], %[[DX]], %[[SUM]]
func.func @mask_of_pool(%x: !images, %dy: !pooled)
    -> (!pooled, !images, tensor<3xf32>) {
  %y, %i = nn.max_pool2d %x kernel = [2, 2] strides = [2, 2]
      padding = [0, 0, 0, 0] : (!images) -> (!pooled, !places)
  %zero = nn.constant dense<0.0> : tensor<f32>
  %zeros = nn.broadcast %zero dimensions = [] : tensor<f32> -> !images
  %mask = nn.compare gt, %x, %zeros : !images
  %u = nn.max_unpool2d %dy, %i size = [8, 8] : (!pooled, !places) -> !images
  %dx = nn.select %mask, %u, %zeros : tensor<?x3x8x8xi1, #nn.dims<batch, 3, 8, 8>>, !images
  %sum = nn.reduce_sum %dx axes = [0, 2, 3] : !images -> tensor<3xf32>
  return %y, %dx, %sum : !pooled, !images, tensor<3xf32>
}

// -----

// The gradient comes in another shape: the mask is of that shape.
!images = tensor<2x3x8x8xf32>
!pooled = tensor<2x3x4x4xf32>
!places = tensor<2x3x4x4xi32>

// CHECK-LABEL: func @mask_of_flat_pool
//  CHECK-SAME:   (%[[X:.*]]: {{.*}}, %[[DY:.*]]: tensor
//       CHECK:   %[[Y:.*]], %[[I:.*]] = nn.max_pool2d %[[X]]
//       CHECK:   %[[FLAT:.*]] = nn.reshape %[[Y]]
//       CHECK:   %[[M:.*]] = nn.compare gt, %[[FLAT]]
//       CHECK:   %[[D:.*]] = nn.select %[[M]], %[[DY]]
//       CHECK:   %[[R:.*]] = nn.reshape %[[D]]
//       CHECK:   nn.max_unpool2d %[[R]], %[[I]]
func.func @mask_of_flat_pool(%x: !images, %dy: tensor<2x48xf32>) -> !images {
  %y, %i = nn.max_pool2d %x kernel = [2, 2] strides = [2, 2]
      padding = [0, 0, 0, 0] : (!images) -> (!pooled, !places)
  %zero = nn.constant dense<0.0> : tensor<f32>
  %zeros = nn.broadcast %zero dimensions = [] : tensor<f32> -> !images
  %mask = nn.compare gt, %x, %zeros : !images
  %r = nn.reshape %dy : tensor<2x48xf32> -> !pooled
  %u = nn.max_unpool2d %r, %i size = [8, 8] : (!pooled, !places) -> !images
  %dx = nn.select %mask, %u, %zeros : tensor<2x3x8x8xi1>, !images
  return %dx : !images
}

// -----

// Of other images than were pooled, or with another number than zero, the mask
// stays; so does a sum along one axis of the images.
!images = tensor<2x3x8x8xf32>
!pooled = tensor<2x3x4x4xf32>
!places = tensor<2x3x4x4xi32>

// CHECK-LABEL: func @other_masks
//       CHECK:   %[[U:.*]] = nn.max_unpool2d
//       CHECK:   nn.select %{{.*}}, %[[U]]
//       CHECK:   %[[V:.*]] = nn.max_unpool2d
//       CHECK:   nn.select %{{.*}}, %[[V]]
//       CHECK:   %[[W:.*]] = nn.max_unpool2d
//       CHECK:   nn.reduce_sum %[[W]] axes = [3]
func.func @other_masks(%x: !images, %z: !images, %a: !pooled, %b: !pooled,
                       %c: !pooled)
    -> (!images, !images, tensor<2x3x8xf32>) {
  %y, %i = nn.max_pool2d %x kernel = [2, 2] strides = [2, 2]
      padding = [0, 0, 0, 0] : (!images) -> (!pooled, !places)
  %zero = nn.constant dense<0.0> : tensor<f32>
  %one = nn.constant dense<1.0> : tensor<f32>
  %zeros = nn.broadcast %zero dimensions = [] : tensor<f32> -> !images
  %ones = nn.broadcast %one dimensions = [] : tensor<f32> -> !images
  %ofOther = nn.compare gt, %z, %zeros : !images
  %ofSame = nn.compare gt, %x, %zeros : !images
  %u = nn.max_unpool2d %a, %i size = [8, 8] : (!pooled, !places) -> !images
  %first = nn.select %ofOther, %u, %zeros : tensor<2x3x8x8xi1>, !images
  %v = nn.max_unpool2d %b, %i size = [8, 8] : (!pooled, !places) -> !images
  %second = nn.select %ofSame, %v, %ones : tensor<2x3x8x8xi1>, !images
  %w = nn.max_unpool2d %c, %i size = [8, 8] : (!pooled, !places) -> !images
  %sum = nn.reduce_sum %w axes = [3] : !images -> tensor<2x3x8xf32>
  return %first, %second, %sum : !images, !images, tensor<2x3x8xf32>
}

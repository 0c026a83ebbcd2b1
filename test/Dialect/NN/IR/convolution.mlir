// RUN: nnc-opt %s --verify-roundtrip | nnc-opt | FileCheck %s

!images = tensor<?x3x8x9xf32, #nn.dims<batch, 3, 8, 9>>
!filters = tensor<4x3x3x2xf32>
!maps = tensor<?x4x4x8xf32, #nn.dims<batch, 4, 4, 8>>

// CHECK-LABEL: func @convolutions
func.func @convolutions(%x: !images, %w: !filters, %dy: !maps) {
  // CHECK: nn.conv2d %{{.+}}, %{{.+}} strides = [2, 1] padding = [1, 0, 0, 0] dilations = [1, 1] groups = 1 : (tensor<?x3x8x9xf32, #nn.dims<batch, 3, 8, 9>>, tensor<4x3x3x2xf32>) -> tensor<?x4x4x8xf32, #nn.dims<batch, 4, 4, 8>>
  %y = nn.conv2d %x, %w strides = [2, 1] padding = [1, 0, 0, 0] dilations = [1, 1] groups = 1 : (!images, !filters) -> !maps
  // CHECK: nn.conv2d_data_gradient %{{.+}}, %{{.+}} size = [8, 9] strides = [2, 1] padding = [1, 0, 0, 0] dilations = [1, 1] groups = 1
  %dx = nn.conv2d_data_gradient %dy, %w size = [8, 9] strides = [2, 1] padding = [1, 0, 0, 0] dilations = [1, 1] groups = 1 : (!maps, !filters) -> !images
  // CHECK: nn.conv2d_weight_gradient %{{.+}}, %{{.+}} kernel = [3, 2] strides = [2, 1] padding = [1, 0, 0, 0] dilations = [1, 1] groups = 1
  %dw = nn.conv2d_weight_gradient %x, %dy kernel = [3, 2] strides = [2, 1] padding = [1, 0, 0, 0] dilations = [1, 1] groups = 1 : (!images, !maps) -> !filters
  // CHECK: nn.conv2d_weight_parts {{.+}} groups = 1 run = 16 : {{.+}} -> tensor<3x4x3x3x2xf32>
  %runs = nn.conv2d_weight_parts %x, %dy parts = 3 kernel = [3, 2] strides = [2, 1] padding = [1, 0, 0, 0] dilations = [1, 1] groups = 1 run = 16 : (!images, !maps) -> tensor<3x4x3x3x2xf32>
  // CHECK: nn.conv2d_weight_parts %{{.+}}, %{{.+}} parts = 3 kernel = [3, 2] strides = [2, 1] padding = [1, 0, 0, 0] dilations = [1, 1] groups = 1 : {{.+}} -> tensor<3x4x3x3x2xf32>
  %parts = nn.conv2d_weight_parts %x, %dy parts = 3 kernel = [3, 2] strides = [2, 1] padding = [1, 0, 0, 0] dilations = [1, 1] groups = 1 : (!images, !maps) -> tensor<3x4x3x3x2xf32>
  return
}

// CHECK-LABEL: func @groups
func.func @groups(%x: tensor<2x4x5x5xf64>, %w: tensor<6x2x3x3xf64>) {
  // CHECK: dilations = [2, 1] groups = 2 : (tensor<2x4x5x5xf64>, tensor<6x2x3x3xf64>) -> tensor<2x6x1x3xf64>
  %y = nn.conv2d %x, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [2, 1] groups = 2 : (tensor<2x4x5x5xf64>, tensor<6x2x3x3xf64>) -> tensor<2x6x1x3xf64>
  return
}

!pooled = tensor<?x3x4x4xf32, #nn.dims<batch, 3, 4, 4>>
!index = tensor<?x3x4x4xi32, #nn.dims<batch, 3, 4, 4>>

// CHECK-LABEL: func @pools
func.func @pools(%x: !images, %v: !pooled) {
  // CHECK: nn.max_pool2d %{{.+}} kernel = [2, 3] strides = [2, 2] padding = [0, 0, 0, 1] : (tensor<?x3x8x9xf32, #nn.dims<batch, 3, 8, 9>>) -> (tensor<?x3x4x4xf32, #nn.dims<batch, 3, 4, 4>>, tensor<?x3x4x4xi32, #nn.dims<batch, 3, 4, 4>>)
  %y, %i = nn.max_pool2d %x kernel = [2, 3] strides = [2, 2] padding = [0, 0, 0, 1] : (!images) -> (!pooled, !index)
  // CHECK: nn.max_unpool2d %{{.+}}, %{{.+}} size = [8, 9]
  %u = nn.max_unpool2d %v, %i size = [8, 9] : (!pooled, !index) -> !images
  // CHECK: nn.gather_pooled2d %{{.+}}, %{{.+}} : (tensor
  %g = nn.gather_pooled2d %x, %i : (!images, !index) -> !pooled
  // CHECK: nn.avg_pool2d %{{.+}} kernel = [2, 3] strides = [2, 2] padding = [0, 0, 0, 1] count_padding :
  %a = nn.avg_pool2d %x kernel = [2, 3] strides = [2, 2] padding = [0, 0, 0, 1] count_padding : (!images) -> !pooled
  // CHECK: nn.avg_unpool2d %{{.+}} size = [8, 9] kernel = [2, 3] strides = [2, 2] padding = [0, 0, 0, 1] :
  %b = nn.avg_unpool2d %v size = [8, 9] kernel = [2, 3] strides = [2, 2] padding = [0, 0, 0, 1] : (!pooled) -> !images
  return
}

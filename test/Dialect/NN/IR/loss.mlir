// RUN: nnc-opt %s --verify-roundtrip | nnc-opt | FileCheck %s

!named = tensor<?x4xf32, #nn.dims<batch, 4>>

// CHECK-LABEL: func @losses
func.func @losses(%z: !named, %v: tensor<3xf64>) {
  // CHECK: nn.softmax %{{.+}} : tensor<?x4xf32, #nn.dims<batch, 4>>
  %0 = nn.softmax %z : !named
  // CHECK: nn.log_softmax %{{.+}} : tensor<3xf64>
  %1 = nn.log_softmax %v : tensor<3xf64>
  // CHECK: nn.softmax_cross_entropy %{{.+}}, %{{.+}} : {{.+}} -> tensor<?xf32, #nn.dims<batch>>
  %2 = nn.softmax_cross_entropy %z, %z : !named -> tensor<?xf32, #nn.dims<batch>>
  // CHECK: nn.softmax_cross_entropy %{{.+}}, %{{.+}} : tensor<3xf64> -> tensor<f64>
  %3 = nn.softmax_cross_entropy %v, %v : tensor<3xf64> -> tensor<f64>
  // CHECK: nn.sigmoid_cross_entropy %{{.+}}, %{{.+}} : tensor<?x4xf32, #nn.dims<batch, 4>>
  %4 = nn.sigmoid_cross_entropy %z, %z : !named
  return
}

// RUN: nnc-opt %s --verify-roundtrip | nnc-opt | FileCheck %s

// CHECK-LABEL: func @random
func.func @random(%seed: tensor<i64>, %step: tensor<i64>) {
  // CHECK: nn.random_uniform %{{.+}}, %{{.+}} stream = -5 : tensor<?x4xf32, #nn.dims<batch, 4>>
  %0 = nn.random_uniform %seed, %step stream = -5 : tensor<?x4xf32, #nn.dims<batch, 4>>
  // CHECK: nn.random_normal %{{.+}}, %{{.+}} stream = 7 : tensor<3xf64>
  %1 = nn.random_normal %seed, %step stream = 7 : tensor<3xf64>
  return
}

// RUN: nnc-opt %s --verify-roundtrip | nnc-opt | FileCheck %s

// CHECK-LABEL: func @matmul
func.func @matmul(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>, %bt: tensor<4x3xf32>,
                  %n: tensor<?x3xf32, #nn.dims<batch, 3>>,
                  %s: tensor<5x2x0xf64>) {
  // CHECK: nn.matmul %{{.+}}, %{{.+}} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  %0 = nn.matmul %a, %b : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  // CHECK: nn.matmul %{{.+}}, %{{.+}} transpose_b : (tensor<2x3xf32>, tensor<4x3xf32>)
  %1 = nn.matmul %a, %bt transpose_b : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x4xf32>
  // CHECK: nn.matmul %{{.+}}, %{{.+}} transpose_a : {{.+}} -> tensor<3x3xf32>
  %2 = nn.matmul %n, %n transpose_a : (tensor<?x3xf32, #nn.dims<batch, 3>>, tensor<?x3xf32, #nn.dims<batch, 3>>) -> tensor<3x3xf32>
  // CHECK: nn.matmul %{{.+}}, %{{.+}} transpose_a transpose_b
  %3 = nn.matmul %b, %a transpose_a transpose_b : (tensor<3x4xf32>, tensor<2x3xf32>) -> tensor<4x2xf32>
  // CHECK: nn.matmul %{{.+}}, %{{.+}} transpose_b : (tensor<5x2x0xf64>, tensor<5x2x0xf64>) -> tensor<5x2x2xf64>
  %4 = nn.matmul %s, %s transpose_b : (tensor<5x2x0xf64>, tensor<5x2x0xf64>) -> tensor<5x2x2xf64>
  return
}

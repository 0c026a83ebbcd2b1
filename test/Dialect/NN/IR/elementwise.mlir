// RUN: nnc-opt %s --verify-roundtrip | nnc-opt | FileCheck %s

!named = tensor<?x4xf32, #nn.dims<batch, 4>>

// CHECK-LABEL: func @unary
func.func @unary(%x: tensor<4xf32>, %d: tensor<2x0xf64>, %h: tensor<bf16>,
                 %n: !named) {
  // CHECK: nn.neg %{{.+}} : tensor<4xf32>
  %0 = nn.neg %x : tensor<4xf32>
  // CHECK: nn.abs %{{.+}} : tensor<2x0xf64>
  %1 = nn.abs %d : tensor<2x0xf64>
  // CHECK: nn.exp %{{.+}} : tensor<bf16>
  %2 = nn.exp %h : tensor<bf16>
  // CHECK: nn.tanh %{{.+}} : tensor<?x4xf32, #nn.dims<batch, 4>>
  %3 = nn.tanh %n : !named
  return
}

// CHECK-LABEL: func @binary
func.func @binary(%a: tensor<4xi32>, %b: tensor<4xf16>, %c: tensor<4xi1>) {
  // CHECK: nn.add %{{.+}}, %{{.+}} : tensor<4xi32>
  %0 = nn.add %a, %a : tensor<4xi32>
  // CHECK: nn.div %{{.+}}, %{{.+}} : tensor<4xf16>
  %1 = nn.div %b, %b : tensor<4xf16>
  // CHECK: nn.mod %{{.+}}, %{{.+}} : tensor<4xi32>
  %2 = nn.mod %a, %a : tensor<4xi32>
  // CHECK: nn.and %{{.+}}, %{{.+}} : tensor<4xi1>
  %3 = nn.and %c, %c : tensor<4xi1>
  return
}

// CHECK-LABEL: func @mixed
func.func @mixed(%n: !named, %c: tensor<?x4xi1, #nn.dims<batch, 4>>,
                 %i: tensor<4xi64>) {
  // CHECK: nn.compare eq, %{{.+}}, %{{.+}} : tensor<?x4xf32, #nn.dims<batch, 4>>
  %eq = nn.compare eq, %n, %n : !named
  // CHECK: nn.and %{{.+}}, %{{.+}} : tensor<?x4xi1, #nn.dims<batch, 4>>
  %and = nn.and %eq, %c : tensor<?x4xi1, #nn.dims<batch, 4>>
  // CHECK: nn.compare ne
  %ne = nn.compare ne, %n, %n : !named
  // CHECK: nn.compare lt
  %lt = nn.compare lt, %n, %n : !named
  // CHECK: nn.compare le
  %le = nn.compare le, %n, %n : !named
  // CHECK: nn.compare gt
  %gt = nn.compare gt, %n, %n : !named
  // CHECK: nn.compare ge
  %ge = nn.compare ge, %n, %n : !named
  // CHECK: nn.select %{{.+}}, %{{.+}}, %{{.+}} : tensor<?x4xi1, #nn.dims<batch, 4>>, tensor<?x4xf32, #nn.dims<batch, 4>>
  %s = nn.select %c, %n, %n : tensor<?x4xi1, #nn.dims<batch, 4>>, !named
  // CHECK: nn.cast %{{.+}} : tensor<4xi64> to tensor<4xf16>
  %f = nn.cast %i : tensor<4xi64> to tensor<4xf16>
  // CHECK: nn.is_nan %{{.+}} : tensor<?x4xf32, #nn.dims<batch, 4>>
  %nan = nn.is_nan %n : !named
  // CHECK: nn.is_inf %{{.+}} : tensor<?x4xf32, #nn.dims<batch, 4>>
  %inf = nn.is_inf %n : !named
  return
}

// RUN: nnc-opt %s --nn-specialize="sizes=batch=32,time=28,unused=3 bounded=batch" | FileCheck %s
// RUN: nnc-opt %s --nn-specialize=sizes=batch=32,time=28 | FileCheck %s --check-prefix=STATIC

// A bounded name stays, its size is the capacity; others become numbers.
// CHECK-LABEL: func @sizes
// CHECK-SAME: (%[[X:.+]]: tensor<32x28xf32, #nn.dims<batch, 28>>, %{{.+}}: tensor<7xf32>) -> (tensor<896xf32, #nn.dims<batch * 28>>
// STATIC-LABEL: func @sizes
// STATIC-SAME: (%[[X:.+]]: tensor<32x28xf32>, %{{.+}}: tensor<7xf32>) -> (tensor<896xf32>
func.func @sizes(%x: tensor<?x?xf32, #nn.dims<batch, time>>,
                 %k: tensor<?xf32, #nn.dims<time floordiv 4>>)
    -> (tensor<?xf32, #nn.dims<batch * time>>, tensor<f32>, tensor<i64>, tensor<4xf32>) {
  // CHECK: nn.reshape %[[X]] : tensor<32x28xf32, #nn.dims<batch, 28>> -> tensor<896xf32, #nn.dims<batch * 28>>
  // STATIC: nn.reshape %[[X]] : tensor<32x28xf32> -> tensor<896xf32>
  %0 = nn.reshape %x : tensor<?x?xf32, #nn.dims<batch, time>> -> tensor<?xf32, #nn.dims<batch * time>>
  // CHECK: nn.dim_size <batch * 28> : tensor<f32>
  // STATIC: nn.dim_size <896> : tensor<f32>
  %1 = nn.dim_size <batch * time> : tensor<f32>
  // CHECK: nn.dim_size <28> : tensor<i64>
  %2 = nn.dim_size <time> : tensor<i64>
  // CHECK: nn.constant dense<0.0{{.+}} : tensor<4xf32>
  %3 = nn.constant dense<0.0> : tensor<4xf32>
  return %0, %1, %2, %3 : tensor<?xf32, #nn.dims<batch * time>>, tensor<f32>, tensor<i64>, tensor<4xf32>
}

// Regions of ops, too.
// CHECK-LABEL: func @region
// CHECK: ^bb0(%{{.+}}: tensor<32xf32, #nn.dims<batch>>):
// CHECK: nn.exp %{{.+}} : tensor<32xf32, #nn.dims<batch>>
// STATIC-LABEL: func @region
func.func @region(%x: tensor<?xf32, #nn.dims<batch>>) -> tensor<?xf32, #nn.dims<batch>> {
  %y = nn.fusion map (%x) : (tensor<?xf32, #nn.dims<batch>>) -> tensor<?xf32, #nn.dims<batch>> {
  ^bb0(%a: tensor<?xf32, #nn.dims<batch>>):
    %e = nn.exp %a : tensor<?xf32, #nn.dims<batch>>
    nn.yield %e : tensor<?xf32, #nn.dims<batch>>
  }
  return %y : tensor<?xf32, #nn.dims<batch>>
}

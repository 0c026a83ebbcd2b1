// RUN: nnc-opt %s --nn-decompose | FileCheck %s
// RUN: nnc-opt %s --nn-decompose=keep=nn.softmax,nn.softmax_cross_entropy | FileCheck %s --check-prefix=KEEP
// RUN: not nnc-opt %s --nn-decompose=keep=nn.soft 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: 'func.func' op cannot keep 'nn.soft': there is no such op

// CHECK-LABEL: func @softmax
// CHECK-SAME: (%[[X:.+]]: tensor<4x10xf32>)
// CHECK: %[[MAX:.+]] = nn.reduce_max %[[X]] axes = [1]
// CHECK: %[[SPREAD:.+]] = nn.broadcast %[[MAX]] dimensions = [0]
// CHECK: %[[SHIFTED:.+]] = nn.sub %[[X]], %[[SPREAD]]
// CHECK: %[[E:.+]] = nn.exp %[[SHIFTED]]
// CHECK: %[[SUM:.+]] = nn.reduce_sum %[[E]] axes = [1]
// CHECK: %[[TOTAL:.+]] = nn.broadcast %[[SUM]]
// CHECK: nn.div %[[E]], %[[TOTAL]]
// KEEP-LABEL: func @softmax
// KEEP: nn.softmax
func.func @softmax(%x: tensor<4x10xf32>) -> tensor<4x10xf32> {
  %y = nn.softmax %x : tensor<4x10xf32>
  return %y : tensor<4x10xf32>
}

// CHECK-LABEL: func @log_softmax
// CHECK-NOT: nn.log_softmax
// CHECK: nn.log
// KEEP-LABEL: func @log_softmax
// KEEP-NOT: nn.log_softmax
// KEEP: nn.log
func.func @log_softmax(%x: tensor<4x10xf32>) -> tensor<4x10xf32> {
  %y = nn.log_softmax %x : tensor<4x10xf32>
  return %y : tensor<4x10xf32>
}

// CHECK-LABEL: func @quantifiers
// CHECK: nn.cast %{{.+}} : tensor<4x10xi1> to tensor<4x10xi32>
// CHECK: nn.reduce_min
// CHECK: nn.compare gt
// CHECK: nn.reduce_max
// CHECK: nn.compare gt
func.func @quantifiers(%x: tensor<4x10xi1>) -> (tensor<4xi1>, tensor<10xi1>) {
  %all = nn.reduce_all %x axes = [1] : tensor<4x10xi1> -> tensor<4xi1>
  %any = nn.reduce_any %x axes = [0] : tensor<4x10xi1> -> tensor<10xi1>
  return %all, %any : tensor<4xi1>, tensor<10xi1>
}

// By doubling where the extent is known: 1, 2 and 4 elements back.
// CHECK-LABEL: func @cumsum
// CHECK-COUNT-3: nn.add
// CHECK-NOT: nn.add
// CHECK: return
func.func @cumsum(%x: tensor<4x5xf32>) -> tensor<4x5xf32> {
  %y = nn.cumsum %x axis = 1 : tensor<4x5xf32>
  return %y : tensor<4x5xf32>
}

// CHECK-LABEL: func @cumsum_of_names
// CHECK: nn.compare lt
// CHECK: nn.select
// CHECK: nn.reduce_sum
func.func @cumsum_of_names(%x: tensor<?x5xf32, #nn.dims<time, 5>>) -> tensor<?x5xf32, #nn.dims<time, 5>> {
  %y = nn.cumsum %x axis = 0 reverse : tensor<?x5xf32, #nn.dims<time, 5>>
  return %y : tensor<?x5xf32, #nn.dims<time, 5>>
}

// The learning rate's share is computed in f64, once.
// CHECK-LABEL: func @adam
// CHECK-NOT: nn.adam
// CHECK: nn.pow %{{.+}}, %{{.+}} : tensor<f64>
// CHECK: nn.cast %{{.+}} : tensor<f64> to tensor<f32>
// CHECK: nn.broadcast
func.func @adam(%w: tensor<4xf32>, %g: tensor<4xf32>, %m: tensor<4xf32>, %v: tensor<4xf32>,
                %rate: tensor<f32>, %step: tensor<i64>) -> tensor<4xf32> {
  %a:3 = nn.adam %w, %g states(%m, %v) learning_rate(%rate) step(%step) : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  return %a#0 : tensor<4xf32>
}

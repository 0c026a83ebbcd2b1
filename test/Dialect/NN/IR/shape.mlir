// RUN: nnc-opt %s --verify-roundtrip | nnc-opt | FileCheck %s

!named = tensor<?x8xf32, #nn.dims<batch, 8>>

// CHECK-LABEL: func @making
func.func @making() {
  // CHECK: nn.constant dense<{{\[\[}}1, 2], [3, 4]]> : tensor<2x2xi64>
  %0 = nn.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi64>
  // CHECK: nn.constant dense<> : tensor<0xf32>
  %1 = nn.constant dense<> : tensor<0xf32>
  // CHECK: nn.dim_size <(batch * 28) + 1> : tensor<f64>
  %2 = nn.dim_size <batch * 28 + 1> : tensor<f64>
  // CHECK: nn.dim_size <time floordiv 2> : tensor<i64>
  %3 = nn.dim_size <time floordiv 2> : tensor<i64>
  // CHECK: nn.iota axis = 1 : tensor<?x8xi32, #nn.dims<batch, 8>>
  %4 = nn.iota axis = 1 : tensor<?x8xi32, #nn.dims<batch, 8>>
  return
}

// CHECK-LABEL: func @moving
func.func @moving(%x: !named, %b: tensor<8xf32>, %f: tensor<2x3x4xi1>) {
  // CHECK: nn.broadcast %{{.+}} dimensions = [1] : tensor<8xf32> -> tensor<?x8xf32, #nn.dims<batch, 8>>
  %0 = nn.broadcast %b dimensions = [1] : tensor<8xf32> -> !named
  // CHECK: nn.reshape %{{.+}} : tensor<?x8xf32, #nn.dims<batch, 8>> -> tensor<?x2x4xf32, #nn.dims<batch, 2, 4>>
  %1 = nn.reshape %x : !named -> tensor<?x2x4xf32, #nn.dims<batch, 2, 4>>
  // CHECK: nn.reshape %{{.+}} -> tensor<?xf32, #nn.dims<batch * 8>>
  %2 = nn.reshape %x : !named -> tensor<?xf32, #nn.dims<batch * 8>>
  // CHECK: nn.transpose %{{.+}} permutation = [2, 0, 1] : tensor<2x3x4xi1> -> tensor<4x2x3xi1>
  %3 = nn.transpose %f permutation = [2, 0, 1] : tensor<2x3x4xi1> -> tensor<4x2x3xi1>
  // CHECK: nn.concat %{{.+}}, %{{.+}} axis = 0 : {{.+}} -> tensor<?x8xf32, #nn.dims<batch * 2, 8>>
  %4 = nn.concat %x, %x axis = 0 : (!named, !named) -> tensor<?x8xf32, #nn.dims<batch * 2, 8>>
  // CHECK: nn.slice %{{.+}} starts = [0, 1] steps = [1, 3] : {{.+}} -> tensor<?x3xf32, #nn.dims<batch, 3>>
  %5 = nn.slice %x starts = [0, 1] steps = [1, 3] : !named -> tensor<?x3xf32, #nn.dims<batch, 3>>
  // CHECK: nn.pad %{{.+}} value = 1.000000e+00 low = [1] high = [0] interior = [2] : tensor<8xf32> -> tensor<23xf32>
  %6 = nn.pad %b value = 1.0 low = [1] high = [0] interior = [2] : tensor<8xf32> -> tensor<23xf32>
  // CHECK: nn.reverse %{{.+}} axes = [0, 2] : tensor<2x3x4xi1>
  %7 = nn.reverse %f axes = [0, 2] : tensor<2x3x4xi1>
  return
}

// CHECK-LABEL: func @indexing
func.func @indexing(%w: tensor<9x8xf32>, %i: tensor<?x2xi32, #nn.dims<batch, 2>>,
                    %u: tensor<?x2x8xf32, #nn.dims<batch, 2, 8>>) {
  // CHECK: nn.one_hot %{{.+}} : {{.+}} -> tensor<?x2x9xf32, #nn.dims<batch, 2, 9>>
  %0 = nn.one_hot %i : tensor<?x2xi32, #nn.dims<batch, 2>> -> tensor<?x2x9xf32, #nn.dims<batch, 2, 9>>
  // CHECK: nn.gather %{{.+}}, %{{.+}} : {{.+}} -> tensor<?x2x8xf32, #nn.dims<batch, 2, 8>>
  %1 = nn.gather %w, %i : (tensor<9x8xf32>, tensor<?x2xi32, #nn.dims<batch, 2>>) -> tensor<?x2x8xf32, #nn.dims<batch, 2, 8>>
  // CHECK: nn.scatter_add %{{.+}}, %{{.+}}, %{{.+}} : tensor<9x8xf32>, {{.+}}
  %2 = nn.scatter_add %w, %i, %u : tensor<9x8xf32>, tensor<?x2xi32, #nn.dims<batch, 2>>, tensor<?x2x8xf32, #nn.dims<batch, 2, 8>>
  return
}

// A capacity with a smaller extent at run time.
// CHECK-LABEL: func @capacity
// CHECK-SAME: tensor<32x8xf32, #nn.dims<batch, 8>>
func.func @capacity(%x: tensor<32x8xf32, #nn.dims<batch, 8>>) -> tensor<32xf32, #nn.dims<batch>> {
  %0 = nn.reduce_sum %x axes = [1] : tensor<32x8xf32, #nn.dims<batch, 8>> -> tensor<32xf32, #nn.dims<batch>>
  return %0 : tensor<32xf32, #nn.dims<batch>>
}

// CHECK-LABEL: func @roles
// CHECK-SAME: %{{.+}}: tensor<4xf32> {nn.initializer = "zeros", nn.name = "w", nn.role = "parameter"}) -> (tensor<4xf32> {nn.name = "y", nn.updates = "w"})
func.func @roles(%w: tensor<4xf32> {nn.initializer = "zeros", nn.name = "w", nn.role = "parameter"})
    -> (tensor<4xf32> {nn.name = "y", nn.updates = "w"}) {
  return %w : tensor<4xf32>
}

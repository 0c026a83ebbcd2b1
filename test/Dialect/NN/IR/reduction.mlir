// RUN: nnc-opt %s --verify-roundtrip | nnc-opt | FileCheck %s

!named = tensor<?x4x?xf32, #nn.dims<batch, 4, time * 2>>

// CHECK-LABEL: func @reductions
func.func @reductions(%x: !named, %i: tensor<4x0xi32>, %b: tensor<4x2xi1>) {
  // CHECK: nn.reduce_sum %{{.+}} axes = [0, 2] : tensor<?x4x?xf32, #nn.dims<batch, 4, time * 2>> -> tensor<4xf32>
  %0 = nn.reduce_sum %x axes = [0, 2] : !named -> tensor<4xf32>
  // CHECK: nn.reduce_max %{{.+}} axes = [1] : {{.+}} -> tensor<?x?xf32, #nn.dims<batch, time * 2>>
  %1 = nn.reduce_max %x axes = [1] : !named -> tensor<?x?xf32, #nn.dims<batch, time * 2>>
  // CHECK: nn.reduce_min %{{.+}} axes = [1] : tensor<4x0xi32> -> tensor<4xi32>
  %2 = nn.reduce_min %i axes = [1] : tensor<4x0xi32> -> tensor<4xi32>
  // CHECK: nn.reduce_prod %{{.+}} axes = []
  %3 = nn.reduce_prod %x axes = [] : !named -> !named
  // CHECK: nn.reduce_all %{{.+}} axes = [0, 1] : tensor<4x2xi1> -> tensor<i1>
  %4 = nn.reduce_all %b axes = [0, 1] : tensor<4x2xi1> -> tensor<i1>
  // CHECK: nn.reduce_any %{{.+}} axes = [0] : tensor<4x2xi1> -> tensor<2xi1>
  %5 = nn.reduce_any %b axes = [0] : tensor<4x2xi1> -> tensor<2xi1>
  // CHECK: nn.argmax %{{.+}} axis = 0 : {{.+}} -> tensor<4x?xi32, #nn.dims<4, time * 2>>
  %6 = nn.argmax %x axis = 0 : !named -> tensor<4x?xi32, #nn.dims<4, time * 2>>
  // CHECK: nn.argmin %{{.+}} axis = 2 : {{.+}} -> tensor<?x4xi32, #nn.dims<batch, 4>>
  %7 = nn.argmin %x axis = 2 : !named -> tensor<?x4xi32, #nn.dims<batch, 4>>
  // CHECK: nn.cumsum %{{.+}} axis = 0 : tensor<?x4x?xf32
  %8 = nn.cumsum %x axis = 0 : !named
  // CHECK: nn.cumsum %{{.+}} axis = 1 reverse : tensor<4x0xi32>
  %9 = nn.cumsum %i axis = 1 reverse : tensor<4x0xi32>
  return
}

// RUN: nnc-opt %s --split-input-file --nn-prepare | FileCheck %s
// RUN: nnc-opt %s --split-input-file --nn-prepare --nn-differentiate=wrt=z \
// RUN:   --canonicalize --cse | FileCheck %s --check-prefix=GRADIENT

// -sum(t * log(softmax(z))), the mean over the batch around it.
// CHECK-LABEL: func @cross_entropy
// CHECK-SAME: (%[[Z:.+]]: tensor<4x3xf32> {{.+}}, %[[T:.+]]: tensor<4x3xf32>)
// CHECK: %[[E:.+]] = nn.softmax_cross_entropy %[[Z]], %[[T]]
// CHECK-NOT: nn.log
// CHECK: %[[N:.+]] = nn.neg %[[E]]
// CHECK: %[[M:.+]] = nn.neg %[[N]]
// CHECK: %[[S:.+]] = nn.reduce_sum %[[M]] axes = [0]
// CHECK: nn.div %[[S]]

// The gradient is (softmax(z) * sum(t) - t) / 4.
// GRADIENT-LABEL: func @cross_entropy
// GRADIENT-NOT: nn.log
// GRADIENT: nn.softmax
// GRADIENT-NOT: nn.log
// GRADIENT: return
func.func @cross_entropy(%z: tensor<4x3xf32> {nn.name = "z"},
                         %t: tensor<4x3xf32>) -> tensor<f32> {
  %p = nn.softmax %z : tensor<4x3xf32>
  %l = nn.log %p : tensor<4x3xf32>
  %tl = nn.mul %t, %l : tensor<4x3xf32>
  %s = nn.reduce_sum %tl axes = [1] : tensor<4x3xf32> -> tensor<4xf32>
  %n = nn.neg %s : tensor<4xf32>
  %sum = nn.reduce_sum %n axes = [0] : tensor<4xf32> -> tensor<f32>
  %four = nn.constant dense<4.0> : tensor<f32>
  %mean = nn.div %sum, %four : tensor<f32>
  return %mean : tensor<f32>
}

// -----

// The factors the other way round, the minus inside, all summed at once.
// CHECK-LABEL: func @other_order
// CHECK-SAME: (%[[Z:.+]]: tensor<4x3xf32> {{.+}}, %[[T:.+]]: tensor<4x3xf32>)
// CHECK-NEXT: %[[E:.+]] = nn.softmax_cross_entropy %[[Z]], %[[T]]
// CHECK-NEXT: %[[S:.+]] = nn.reduce_sum %[[E]] axes = [0]
// CHECK-NEXT: return %[[S]]
// GRADIENT-LABEL: func @other_order
func.func @other_order(%z: tensor<4x3xf32> {nn.name = "z"},
                       %t: tensor<4x3xf32>) -> tensor<f32> {
  %l = nn.log_softmax %z : tensor<4x3xf32>
  %nl = nn.neg %l : tensor<4x3xf32>
  %lt = nn.mul %nl, %t : tensor<4x3xf32>
  %s = nn.reduce_sum %lt axes = [0, 1] : tensor<4x3xf32> -> tensor<f32>
  return %s : tensor<f32>
}

// -----

// log(softmax(z)) alone is stable too.
// CHECK-LABEL: func @log_softmax
// CHECK-NEXT: nn.log_softmax
// CHECK-NEXT: nn.reduce_sum
// GRADIENT-LABEL: func @log_softmax
func.func @log_softmax(%z: tensor<4x3xf32> {nn.name = "z"}) -> tensor<f32> {
  %p = nn.softmax %z : tensor<4x3xf32>
  %l = nn.log %p : tensor<4x3xf32>
  %s = nn.reduce_sum %l axes = [0, 1] : tensor<4x3xf32> -> tensor<f32>
  return %s : tensor<f32>
}

// -----

// Near misses: the sum runs over the batch only, or the logarithm is of
// something else.
// CHECK-LABEL: func @batch_only
// CHECK-NOT: nn.softmax_cross_entropy
// CHECK: return
// GRADIENT-LABEL: func @batch_only
func.func @batch_only(%z: tensor<4x3xf32> {nn.name = "z"},
                      %t: tensor<4x3xf32>) -> tensor<3xf32> {
  %p = nn.softmax %z : tensor<4x3xf32>
  %l = nn.log %p : tensor<4x3xf32>
  %tl = nn.mul %t, %l : tensor<4x3xf32>
  %s = nn.reduce_sum %tl axes = [0] : tensor<4x3xf32> -> tensor<3xf32>
  return %s : tensor<3xf32>
}

// CHECK-LABEL: func @no_softmax
// CHECK-NOT: nn.softmax_cross_entropy
// CHECK: return
// GRADIENT-LABEL: func @no_softmax
func.func @no_softmax(%z: tensor<4x3xf32> {nn.name = "z"},
                      %t: tensor<4x3xf32>) -> tensor<4xf32> {
  %p = nn.sigmoid %z : tensor<4x3xf32>
  %l = nn.log %p : tensor<4x3xf32>
  %tl = nn.mul %t, %l : tensor<4x3xf32>
  %s = nn.reduce_sum %tl axes = [1] : tensor<4x3xf32> -> tensor<4xf32>
  return %s : tensor<4xf32>
}

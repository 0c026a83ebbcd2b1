// RUN: nnc-opt %s --nn-fuse-ops --nn-lower-precision=least=16 --split-input-file | FileCheck %s

// Activations are stored as bf16, weights are rounded for products, what leaves
// is f32.
// CHECK-LABEL: func.func @two_layers
// CHECK: %[[X:.*]] = nn.fusion map(%arg0) : (tensor<4x8xf32>) -> tensor<4x8xbf16>
// CHECK: %[[W:.*]] = nn.fusion map(%arg1) : (tensor<8x6xf32>) -> tensor<8x6xbf16>
// CHECK: %[[H:.*]] = nn.fusion contraction(%[[X]], %[[W]]) : {{.*}} -> tensor<4x6xbf16>
// CHECK: nn.matmul {{.*}} : (tensor<4x8xbf16>, tensor<8x6xbf16>) -> tensor<4x6xf32>
// CHECK: %[[R:.*]] = nn.relu {{.*}} : tensor<4x6xf32>
// CHECK: %[[N:.*]] = nn.cast %[[R]] : tensor<4x6xf32> to tensor<4x6xbf16>
// CHECK: nn.yield %[[N]]
// CHECK: %[[V:.*]] = nn.fusion map(%arg2)
// CHECK: %[[Y:.*]] = nn.fusion contraction(%[[H]], %[[V]]) : (tensor<4x6xbf16>, tensor<6x5xbf16>) -> tensor<4x5xf32>
// CHECK: return %[[Y]]
func.func @two_layers(%x: tensor<4x8xf32>, %w: tensor<8x6xf32>, %v: tensor<6x5xf32>) -> tensor<4x5xf32> {
  %0 = nn.matmul %x, %w : (tensor<4x8xf32>, tensor<8x6xf32>) -> tensor<4x6xf32>
  %1 = nn.relu %0 : tensor<4x6xf32>
  %2 = nn.matmul %1, %v : (tensor<4x6xf32>, tensor<6x5xf32>) -> tensor<4x5xf32>
  return %2 : tensor<4x5xf32>
}

// -----

// A value that element-wise ops read is cast back; a transpose reads it as it
// lies.
// CHECK-LABEL: func.func @readers
// CHECK: %[[H:.*]] = nn.fusion row_sweep({{.*}}) : {{.*}} -> tensor<4x6xbf16>
// CHECK: nn.fusion map(%[[H]]) : (tensor<4x6xbf16>) -> tensor<6x4xf32>
// CHECK: %[[T:.*]] = nn.transpose {{.*}} : tensor<4x6xbf16> -> tensor<6x4xbf16>
// CHECK: %[[C:.*]] = nn.cast %[[T]] : tensor<6x4xbf16> to tensor<6x4xf32>
// CHECK: nn.exp %[[C]]
func.func @readers(%x: tensor<4x6xf32>) -> (tensor<6x4xf32>) {
  %m = nn.reduce_max %x axes = [1] : tensor<4x6xf32> -> tensor<4xf32>
  %b = nn.broadcast %m dimensions = [0] : tensor<4xf32> -> tensor<4x6xf32>
  %d = nn.sub %x, %b : tensor<4x6xf32>
  %t = nn.transpose %d permutation = [1, 0] : tensor<4x6xf32> -> tensor<6x4xf32>
  %e = nn.exp %t : tensor<6x4xf32>
  return %e : tensor<6x4xf32>
}

// -----

// Gradients on their way to an update stay f32, and so do the parameters and
// sums along columns; f64 is left alone.
// CHECK-LABEL: func.func @update
// CHECK-NOT: bf16
// CHECK: return
func.func @update(%w: tensor<4x6xf32> {nn.name = "w"}, %x: tensor<64x32xf32>, %d: tensor<8x8xf64>)
    -> (tensor<4x6xf32> {nn.updates = "w"}, tensor<32xf32>, tensor<8x8xf64>) {
  %g = nn.exp %w : tensor<4x6xf32>
  %t = nn.transpose %g permutation = [1, 0] : tensor<4x6xf32> -> tensor<6x4xf32>
  %s = nn.transpose %t permutation = [1, 0] : tensor<6x4xf32> -> tensor<4x6xf32>
  %n = nn.sub %w, %s : tensor<4x6xf32>
  %c = nn.reduce_sum %x axes = [0] : tensor<64x32xf32> -> tensor<32xf32>
  %e = nn.exp %c : tensor<32xf32>
  %f = nn.matmul %d, %d : (tensor<8x8xf64>, tensor<8x8xf64>) -> tensor<8x8xf64>
  return %n, %e, %f : tensor<4x6xf32>, tensor<32xf32>, tensor<8x8xf64>
}

// -----

// A convolution reads a copy in f32, the gradient of what it reads the value
// itself; reshapes take the type along.
// CHECK-LABEL: func.func @convolution
// CHECK: %[[H:.*]] = nn.fusion map({{.*}}) : {{.*}} -> tensor<2x3x6x6xbf16>
// CHECK: %[[C:.*]] = nn.fusion map(%[[H]]) : (tensor<2x3x6x6xbf16>) -> tensor<2x3x6x6xf32>
// CHECK: nn.fusion contraction(%arg1, %[[C]]
// CHECK: %[[R:.*]] = nn.reshape %[[H]] : tensor<2x3x6x6xbf16> -> tensor<2x108xbf16>
// CHECK: nn.matmul {{.*}} : (tensor<2x108xbf16>, tensor<108x4xbf16>) -> tensor<2x4xf32>
func.func @convolution(%x: tensor<2x3x6x6xf32>, %w: tensor<4x3x3x3xf32>, %v: tensor<108x4xf32>) -> (tensor<2x4x4x4xf32>, tensor<2x4xf32>) {
  %h = nn.exp %x : tensor<2x3x6x6xf32>
  %y = nn.conv2d %h, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (tensor<2x3x6x6xf32>, tensor<4x3x3x3xf32>) -> tensor<2x4x4x4xf32>
  %r = nn.reshape %h : tensor<2x3x6x6xf32> -> tensor<2x108xf32>
  %z = nn.matmul %r, %v : (tensor<2x108xf32>, tensor<108x4xf32>) -> tensor<2x4xf32>
  return %y, %z : tensor<2x4x4x4xf32>, tensor<2x4xf32>
}

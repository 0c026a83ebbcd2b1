// RUN: nnc-opt %s --nn-fuse-ops --nn-lower-precision=least=16 --split-input-file | FileCheck %s
// RUN: nnc-opt %s --nn-fuse-ops --nn-lower-precision="least=16 keeps-prepared=true" --split-input-file | FileCheck %s --check-prefix=KEPT

// Activations are stored as bf16, weights are rounded for products, what leaves
// is f32.
// CHECK-LABEL: func.func @two_layers
// CHECK: %[[X:.*]] = nn.fusion map(%arg0) : (tensor<32x40xf32>) -> tensor<32x40xbf16>
// CHECK: %[[W:.*]] = nn.fusion map(%arg1) : (tensor<40x36xf32>) -> tensor<40x36xbf16>
// CHECK: %[[H:.*]] = nn.fusion contraction(%[[X]], %[[W]]) : {{.*}} -> tensor<32x36xbf16>
// CHECK: nn.matmul {{.*}} : (tensor<32x40xbf16>, tensor<40x36xbf16>) -> tensor<32x36xf32>
// CHECK: %[[R:.*]] = nn.relu {{.*}} : tensor<32x36xf32>
// CHECK: %[[N:.*]] = nn.cast %[[R]] : tensor<32x36xf32> to tensor<32x36xbf16>
// CHECK: nn.yield %[[N]]
// CHECK: %[[V:.*]] = nn.fusion map(%arg2)
// CHECK: %[[Y:.*]] = nn.fusion contraction(%[[H]], %[[V]]) : (tensor<32x36xbf16>, tensor<36x28xbf16>) -> tensor<32x28xf32>
// CHECK: return %[[Y]]
func.func @two_layers(%x: tensor<32x40xf32>, %w: tensor<40x36xf32>, %v: tensor<36x28xf32>) -> tensor<32x28xf32> {
  %0 = nn.matmul %x, %w : (tensor<32x40xf32>, tensor<40x36xf32>) -> tensor<32x36xf32>
  %1 = nn.relu %0 : tensor<32x36xf32>
  %2 = nn.matmul %1, %v : (tensor<32x36xf32>, tensor<36x28xf32>) -> tensor<32x28xf32>
  return %2 : tensor<32x28xf32>
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

// What a convolution reads stays f32, and so do its reshapes; what it gives may
// be bf16.
// CHECK-LABEL: func.func @convolution
// CHECK: %[[H:.*]] = nn.fusion map({{.*}}) : {{.*}} -> tensor<2x3x6x6xf32>
// CHECK: %[[Y:.*]] = nn.fusion contraction({{.*}}) : {{.*}} -> tensor<2x4x4x4xbf16>
// CHECK: nn.conv2d {{.*}} -> tensor<2x4x4x4xf32>
// CHECK: nn.reshape %[[Y]] : tensor<2x4x4x4xbf16> -> tensor<2x64xbf16>
// CHECK: nn.matmul {{.*}} : (tensor<2x64xbf16>, tensor<64x4xbf16>) -> tensor<2x4xf32>
func.func @convolution(%x: tensor<2x3x6x6xf32>, %w: tensor<4x3x3x3xf32>, %v: tensor<64x4xf32>) -> (tensor<2x108xf32>, tensor<2x4xf32>) {
  %h = nn.exp %x : tensor<2x3x6x6xf32>
  %y = nn.conv2d %h, %w strides = [1, 1] padding = [0, 0, 0, 0] dilations = [1, 1] groups = 1 : (tensor<2x3x6x6xf32>, tensor<4x3x3x3xf32>) -> tensor<2x4x4x4xf32>
  %e = nn.relu %y : tensor<2x4x4x4xf32>
  %s = nn.reshape %e : tensor<2x4x4x4xf32> -> tensor<2x64xf32>
  %z = nn.matmul %s, %v : (tensor<2x64xf32>, tensor<64x4xf32>) -> tensor<2x4xf32>
  %r = nn.reshape %h : tensor<2x3x6x6xf32> -> tensor<2x108xf32>
  %t = nn.sin %r : tensor<2x108xf32>
  return %t, %z : tensor<2x108xf32>, tensor<2x4xf32>
}

// -----

// A copy of what products read seldom does not pay, unless it is kept.
// CHECK-LABEL: func.func @few_rows
// CHECK-NOT: bf16
// CHECK: return
// KEPT-LABEL: func.func @few_rows
// KEPT: nn.matmul {{.*}} : (tensor<2x16xbf16>, tensor<16x64xbf16>) -> tensor<2x64xf32>
func.func @few_rows(%x: tensor<2x16xf32> {nn.role = "input"}, %w: tensor<16x64xf32> {nn.role = "parameter", nn.name = "w"}) -> tensor<2x64xf32> {
  %y = nn.matmul %x, %w : (tensor<2x16xf32>, tensor<16x64xf32>) -> tensor<2x64xf32>
  return %y : tensor<2x64xf32>
}

// -----

// Many rows read the weight often enough.
// CHECK-LABEL: func.func @rows
// CHECK: nn.matmul {{.*}} : (tensor<24x16xbf16>, tensor<16x64xbf16>) -> tensor<24x64xf32>
func.func @rows(%x: tensor<24x16xf32> {nn.role = "input"}, %w: tensor<16x64xf32> {nn.role = "parameter", nn.name = "w"}) -> tensor<24x64xf32> {
  %y = nn.matmul %x, %w : (tensor<24x16xf32>, tensor<16x64xf32>) -> tensor<24x64xf32>
  return %y : tensor<24x64xf32>
}

// -----

// A product with short sums stays f32, and what it reads too.
// CHECK-LABEL: func.func @short
// CHECK-NOT: bf16
// CHECK: return
func.func @short(%x: tensor<32x8xf32>, %w: tensor<8x64xf32>) -> tensor<32x64xf32> {
  %h = nn.exp %x : tensor<32x8xf32>
  %y = nn.matmul %h, %w : (tensor<32x8xf32>, tensor<8x64xf32>) -> tensor<32x64xf32>
  return %y : tensor<32x64xf32>
}

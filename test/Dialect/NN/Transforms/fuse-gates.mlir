// RUN: nnc-opt --nn-fuse-ops %s | FileCheck %s

// The columns of one product fall into two gates: no product is written.
// CHECK-LABEL: func.func @cell
// CHECK: %[[H:.+]] = nn.fusion contraction(
// CHECK: %[[P:.+]] = nn.matmul
// CHECK: nn.slice %[[P]] starts = [0, 0]
// CHECK: nn.slice %[[P]] starts = [0, 8]
// CHECK: nn.sigmoid
// CHECK: nn.tanh
// CHECK: %[[N:.+]] = nn.mul
// CHECK-NEXT: nn.yield %[[N]] : tensor<4x8xf32>
// CHECK-NOT: nn.fusion
// CHECK: return %[[H]]
func.func @cell(%z: tensor<4x32xf32>, %h: tensor<4x8xf32>, %u: tensor<8x16xf32>, %b: tensor<16xf32>) -> tensor<4x8xf32> {
  %x = nn.slice %z starts = [0, 16] steps = [1, 1] : tensor<4x32xf32> -> tensor<4x16xf32>
  %p = nn.matmul %h, %u : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
  %s = nn.add %x, %p : tensor<4x16xf32>
  %i = nn.slice %s starts = [0, 0] steps = [1, 1] : tensor<4x16xf32> -> tensor<4x8xf32>
  %g = nn.slice %s starts = [0, 8] steps = [1, 1] : tensor<4x16xf32> -> tensor<4x8xf32>
  %a = nn.sigmoid %i : tensor<4x8xf32>
  %t = nn.tanh %g : tensor<4x8xf32>
  %n = nn.mul %a, %t : tensor<4x8xf32>
  return %n : tensor<4x8xf32>
}

// A gate's part of the bias is read where it lies.
// CHECK-LABEL: func.func @bias
// CHECK-SAME: %[[B:[^:]+]]: tensor<16xf32>
// CHECK: nn.fusion contraction(%{{.+}}, %{{.+}}, %[[B]])
// CHECK: nn.slice %{{.+}} starts = [8] steps = [1] : tensor<16xf32> -> tensor<8xf32>
// CHECK: nn.broadcast
// CHECK-NOT: nn.fusion
// CHECK: return
func.func @bias(%b: tensor<16xf32>, %h: tensor<4x8xf32>, %u: tensor<8x16xf32>) -> tensor<4x8xf32> {
  %r = nn.broadcast %b dimensions = [1] : tensor<16xf32> -> tensor<4x16xf32>
  %p = nn.matmul %h, %u : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
  %s = nn.add %p, %r : tensor<4x16xf32>
  %i = nn.slice %s starts = [0, 0] steps = [1, 1] : tensor<4x16xf32> -> tensor<4x8xf32>
  %g = nn.slice %s starts = [0, 8] steps = [1, 1] : tensor<4x16xf32> -> tensor<4x8xf32>
  %n = nn.mul %i, %g : tensor<4x8xf32>
  return %n : tensor<4x8xf32>
}

// Parts of different sizes are no gates.
// CHECK-LABEL: func.func @uneven
// CHECK: nn.fusion contraction(
// CHECK-NOT: nn.slice
// CHECK: nn.yield %{{.+}} : tensor<4x16xf32>
// CHECK: nn.fusion map(
func.func @uneven(%h: tensor<4x8xf32>, %u: tensor<8x16xf32>) -> (tensor<4x4xf32>, tensor<4x12xf32>) {
  %p = nn.matmul %h, %u : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
  %i = nn.slice %p starts = [0, 0] steps = [1, 1] : tensor<4x16xf32> -> tensor<4x4xf32>
  %g = nn.slice %p starts = [0, 4] steps = [1, 1] : tensor<4x16xf32> -> tensor<4x12xf32>
  %a = nn.exp %i : tensor<4x4xf32>
  %c = nn.exp %g : tensor<4x12xf32>
  return %a, %c : tensor<4x4xf32>, tensor<4x12xf32>
}

// A product that leaves the function is written whole.
// CHECK-LABEL: func.func @kept
// CHECK: %[[P:.+]] = nn.fusion contraction(
// CHECK-NOT: nn.slice
// CHECK: nn.yield %{{.+}} : tensor<4x16xf32>
// CHECK: return %[[P]]
func.func @kept(%h: tensor<4x8xf32>, %u: tensor<8x16xf32>) -> (tensor<4x16xf32>, tensor<4x8xf32>) {
  %p = nn.matmul %h, %u : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
  %i = nn.slice %p starts = [0, 0] steps = [1, 1] : tensor<4x16xf32> -> tensor<4x8xf32>
  %g = nn.slice %p starts = [0, 8] steps = [1, 1] : tensor<4x16xf32> -> tensor<4x8xf32>
  %n = nn.mul %i, %g : tensor<4x8xf32>
  return %p, %n : tensor<4x16xf32>, tensor<4x8xf32>
}

// Weights that several products read transposed are turned once.
// CHECK-LABEL: func.func @turned
// CHECK-SAME: %[[X:[^:]+]]: tensor<4x8xf32>, %[[U:[^:]+]]: tensor<8x8xf32>
// CHECK: %[[T:.+]] = nn.fusion map(%[[U]])
// CHECK: nn.transpose
// CHECK-COUNT-4: nn.fusion contraction(%{{.+}}, %[[T]])
// CHECK-NOT: transpose
// CHECK: return
func.func @turned(%x: tensor<4x8xf32>, %u: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %a = nn.matmul %x, %u transpose_b : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %b = nn.matmul %a, %u transpose_b : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %c = nn.matmul %b, %u transpose_b : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %d = nn.matmul %c, %u transpose_b : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  return %d : tensor<4x8xf32>
}

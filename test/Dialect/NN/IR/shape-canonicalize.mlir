// RUN: nnc-opt %s --canonicalize | FileCheck %s

//===----------------------------------------------------------------------===//
// Identities
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @identities
// CHECK-SAME: (%[[X:[^:]+]]: tensor<4x8xf32>, %[[R:[^:]+]]: tensor<1x8xf32>)
// CHECK-NEXT: return %[[X]], %[[X]], %[[X]], %[[X]], %[[X]], %[[X]], %[[R]]
func.func @identities(%x: tensor<4x8xf32>, %row: tensor<1x8xf32>)
    -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<1x8xf32>) {
  %0 = nn.broadcast %x dimensions = [0, 1] : tensor<4x8xf32> -> tensor<4x8xf32>
  %1 = nn.reshape %x : tensor<4x8xf32> -> tensor<4x8xf32>
  %2 = nn.transpose %x permutation = [0, 1] : tensor<4x8xf32> -> tensor<4x8xf32>
  %3 = nn.concat %x axis = 0 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %4 = nn.slice %x starts = [0, 0] steps = [1, 1] : tensor<4x8xf32> -> tensor<4x8xf32>
  %5 = nn.pad %x value = 1.0 low = [0, 0] high = [0, 0] interior = [0, 0] : tensor<4x8xf32> -> tensor<4x8xf32>
  %6 = nn.reverse %row axes = [0] : tensor<1x8xf32>
  return %0, %1, %2, %3, %4, %5, %6 : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<1x8xf32>
}

// CHECK-LABEL: func @inverses
// CHECK-SAME: (%[[X:[^:]+]]: tensor<4x8xf32>)
// CHECK-NEXT: return %[[X]], %[[X]], %[[X]], %[[X]]
func.func @inverses(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = nn.reshape %x : tensor<4x8xf32> -> tensor<32xf32>
  %1 = nn.reshape %0 : tensor<32xf32> -> tensor<4x8xf32>
  %2 = nn.transpose %x permutation = [1, 0] : tensor<4x8xf32> -> tensor<8x4xf32>
  %3 = nn.transpose %2 permutation = [1, 0] : tensor<8x4xf32> -> tensor<4x8xf32>
  %4 = nn.reverse %x axes = [0, 1] : tensor<4x8xf32>
  %5 = nn.reverse %4 axes = [0, 1] : tensor<4x8xf32>
  %6 = nn.pad %x value = 0.0 low = [1, 2] high = [3, 0] interior = [0, 1] : tensor<4x8xf32> -> tensor<8x17xf32>
  %7 = nn.slice %6 starts = [1, 2] steps = [1, 2] : tensor<8x17xf32> -> tensor<4x8xf32>
  return %1, %3, %5, %7 : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
}

// Near misses.
// CHECK-LABEL: func @no_inverses
// CHECK: nn.reverse
// CHECK: nn.reverse
// CHECK: nn.pad
// CHECK: nn.slice
func.func @no_inverses(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = nn.reverse %x axes = [0] : tensor<4x8xf32>
  %1 = nn.reverse %0 axes = [1] : tensor<4x8xf32>
  %2 = nn.pad %x value = 0.0 low = [1, 2] high = [3, 0] interior = [0, 1] : tensor<4x8xf32> -> tensor<8x17xf32>
  %3 = nn.slice %2 starts = [1, 3] steps = [1, 2] : tensor<8x17xf32> -> tensor<4x7xf32>
  %4 = nn.slice %2 starts = [0, 2] steps = [1, 2] : tensor<8x17xf32> -> tensor<4x8xf32>
  return %1, %4 : tensor<4x8xf32>, tensor<4x8xf32>
}

//===----------------------------------------------------------------------===//
// Two of a kind
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @merged
// CHECK-SAME: (%[[X:[^:]+]]: tensor<2x3x4xf32>, %[[B:[^:]+]]: tensor<3xf32>)
func.func @merged(%x: tensor<2x3x4xf32>, %b: tensor<3xf32>)
    -> (tensor<5x3x2xf32>, tensor<4x2x3xf32>, tensor<1x1x1xf32>, tensor<8x3x4xf32>, tensor<6x3x4xf32>) {
  // CHECK-NEXT: %[[R0:.+]] = nn.broadcast %[[B]] dimensions = [1] : tensor<3xf32> -> tensor<5x3x2xf32>
  %0 = nn.broadcast %b dimensions = [0] : tensor<3xf32> -> tensor<3x2xf32>
  %1 = nn.broadcast %0 dimensions = [1, 2] : tensor<3x2xf32> -> tensor<5x3x2xf32>
  // CHECK-NEXT: %[[R1:.+]] = nn.transpose %[[X]] permutation = [2, 0, 1]
  %2 = nn.transpose %x permutation = [1, 2, 0] : tensor<2x3x4xf32> -> tensor<3x4x2xf32>
  %3 = nn.transpose %2 permutation = [1, 2, 0] : tensor<3x4x2xf32> -> tensor<4x2x3xf32>
  // CHECK-NEXT: %[[R2:.+]] = nn.slice %[[X]] starts = [1, 0, 3] steps = [1, 1, 1] : tensor<2x3x4xf32> -> tensor<1x1x1xf32>
  %4 = nn.slice %x starts = [1, 0, 1] steps = [2, 1, 2] : tensor<2x3x4xf32> -> tensor<1x3x2xf32>
  %5 = nn.slice %4 starts = [0, 0, 1] steps = [1, 1, 1] : tensor<1x3x2xf32> -> tensor<1x1x1xf32>
  // CHECK-NEXT: %[[R3:.+]] = nn.pad %[[X]] value = 5.000000e-01 low = [3, 0, 0] high = [2, 0, 0] interior = [1, 0, 0]
  %6 = nn.pad %x value = 0.5 low = [1, 0, 0] high = [1, 0, 0] interior = [1, 0, 0] : tensor<2x3x4xf32> -> tensor<5x3x4xf32>
  %7 = nn.pad %6 value = 0.5 low = [2, 0, 0] high = [1, 0, 0] interior = [0, 0, 0] : tensor<5x3x4xf32> -> tensor<8x3x4xf32>
  // CHECK-NEXT: %[[R4:.+]] = nn.concat %[[X]], %[[X]], %[[X]] axis = 0
  %8 = nn.concat %x, %x axis = 0 : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<4x3x4xf32>
  %9 = nn.concat %8, %x axis = 0 : (tensor<4x3x4xf32>, tensor<2x3x4xf32>) -> tensor<6x3x4xf32>
  // CHECK-NEXT: return %[[R0]], %[[R1]], %[[R2]], %[[R3]], %[[R4]]
  return %1, %3, %5, %7, %9 : tensor<5x3x2xf32>, tensor<4x2x3xf32>, tensor<1x1x1xf32>, tensor<8x3x4xf32>, tensor<6x3x4xf32>
}

// Near misses: other values, gaps outside, another axis.
// CHECK-LABEL: func @not_merged
// CHECK-COUNT-3: nn.pad
// CHECK-COUNT-2: nn.concat
func.func @not_merged(%x: tensor<2x2xf32>) -> (tensor<4x2xf32>, tensor<5x2xf32>, tensor<4x4xf32>) {
  %0 = nn.pad %x value = 0.5 low = [1, 0] high = [0, 0] interior = [0, 0] : tensor<2x2xf32> -> tensor<3x2xf32>
  %1 = nn.pad %0 value = -0.5 low = [1, 0] high = [0, 0] interior = [0, 0] : tensor<3x2xf32> -> tensor<4x2xf32>
  %2 = nn.pad %0 value = 0.5 low = [0, 0] high = [0, 0] interior = [1, 0] : tensor<3x2xf32> -> tensor<5x2xf32>
  %3 = nn.concat %x, %x axis = 0 : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32>
  %4 = nn.concat %3, %3 axis = 1 : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x4xf32>
  return %1, %2, %4 : tensor<4x2xf32>, tensor<5x2xf32>, tensor<4x4xf32>
}

//===----------------------------------------------------------------------===//
// Transposes
//===----------------------------------------------------------------------===//

// Only dimensions of size 1 move.
// CHECK-LABEL: func @transpose_to_reshape
// CHECK-NEXT: nn.reshape %{{.+}} : tensor<4x1x8xf32> -> tensor<1x4x8xf32>
// CHECK-NEXT: nn.transpose
func.func @transpose_to_reshape(%x: tensor<4x1x8xf32>) -> (tensor<1x4x8xf32>, tensor<1x8x4xf32>) {
  %0 = nn.transpose %x permutation = [1, 0, 2] : tensor<4x1x8xf32> -> tensor<1x4x8xf32>
  %1 = nn.transpose %x permutation = [1, 2, 0] : tensor<4x1x8xf32> -> tensor<1x8x4xf32>
  return %0, %1 : tensor<1x4x8xf32>, tensor<1x8x4xf32>
}

// CHECK-LABEL: func @transpose_of_broadcast
// CHECK-SAME: (%[[B:[^:]+]]: tensor<8xf32>, %[[X:[^:]+]]: tensor<4x8xf32>)
// CHECK-NEXT: %[[R0:.+]] = nn.broadcast %[[B]] dimensions = [0] : tensor<8xf32> -> tensor<8x4xf32>
// CHECK-NEXT: %[[R1:.+]] = nn.broadcast %[[X]] dimensions = [0, 1]
// CHECK-NEXT: %[[R2:.+]] = nn.transpose %[[R1]]
// CHECK-NEXT: return %[[R0]], %[[R2]]
func.func @transpose_of_broadcast(%b: tensor<8xf32>, %x: tensor<4x8xf32>) -> (tensor<8x4xf32>, tensor<2x8x4xf32>) {
  %0 = nn.broadcast %b dimensions = [1] : tensor<8xf32> -> tensor<4x8xf32>
  %1 = nn.transpose %0 permutation = [1, 0] : tensor<4x8xf32> -> tensor<8x4xf32>
  %2 = nn.broadcast %x dimensions = [0, 1] : tensor<4x8xf32> -> tensor<4x8x2xf32>
  %3 = nn.transpose %2 permutation = [2, 1, 0] : tensor<4x8x2xf32> -> tensor<2x8x4xf32>
  return %1, %3 : tensor<8x4xf32>, tensor<2x8x4xf32>
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @slice_of_concat
// CHECK-SAME: (%[[A:[^:]+]]: tensor<2x8xf32>, %[[B:[^:]+]]: tensor<3x8xf32>)
// CHECK: %[[C:.+]] = nn.concat
// CHECK: %[[PART:.+]] = nn.slice %[[B]] starts = [1, 2] steps = [1, 1] : tensor<3x8xf32> -> tensor<2x3xf32>
// CHECK: %[[BOTH:.+]] = nn.slice %[[C]]
// CHECK: return %[[B]], %[[PART]], %[[BOTH]]
func.func @slice_of_concat(%a: tensor<2x8xf32>, %b: tensor<3x8xf32>) -> (tensor<3x8xf32>, tensor<2x3xf32>, tensor<2x8xf32>) {
  %0 = nn.concat %a, %b axis = 0 : (tensor<2x8xf32>, tensor<3x8xf32>) -> tensor<5x8xf32>
  %1 = nn.slice %0 starts = [2, 0] steps = [1, 1] : tensor<5x8xf32> -> tensor<3x8xf32>
  %2 = nn.slice %0 starts = [3, 2] steps = [1, 1] : tensor<5x8xf32> -> tensor<2x3xf32>
  // Near miss: it reaches from one part into the other.
  %3 = nn.slice %0 starts = [1, 0] steps = [1, 1] : tensor<5x8xf32> -> tensor<2x8xf32>
  return %1, %2, %3 : tensor<3x8xf32>, tensor<2x3xf32>, tensor<2x8xf32>
}

// What is cut and put together again was never cut; empty parts go.
// CHECK-LABEL: func @concat_of_slices
// CHECK-SAME: (%[[X:[^:]+]]: tensor<6x8xf32>, %[[EMPTY:[^:]+]]: tensor<0x8xf32>)
// CHECK-NEXT: return %[[X]]
func.func @concat_of_slices(%x: tensor<6x8xf32>, %empty: tensor<0x8xf32>) -> tensor<6x8xf32> {
  %0 = nn.slice %x starts = [0, 0] steps = [1, 1] : tensor<6x8xf32> -> tensor<1x8xf32>
  %1 = nn.slice %x starts = [1, 0] steps = [1, 1] : tensor<6x8xf32> -> tensor<3x8xf32>
  %2 = nn.slice %x starts = [4, 0] steps = [1, 1] : tensor<6x8xf32> -> tensor<2x8xf32>
  %3 = nn.concat %0, %empty, %1, %2 axis = 0 : (tensor<1x8xf32>, tensor<0x8xf32>, tensor<3x8xf32>, tensor<2x8xf32>) -> tensor<6x8xf32>
  return %3 : tensor<6x8xf32>
}

// Near misses: a gap, the wrong order.
// CHECK-LABEL: func @concat_with_gap
// CHECK: nn.concat %{{.+}}, %{{.+}} axis
// CHECK: nn.concat %{{.+}}, %{{.+}} axis
func.func @concat_with_gap(%x: tensor<6x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = nn.slice %x starts = [0, 0] steps = [1, 1] : tensor<6x8xf32> -> tensor<2x8xf32>
  %1 = nn.slice %x starts = [2, 0] steps = [1, 1] : tensor<6x8xf32> -> tensor<2x8xf32>
  %2 = nn.slice %x starts = [3, 0] steps = [1, 1] : tensor<6x8xf32> -> tensor<2x8xf32>
  %3 = nn.concat %0, %2 axis = 0 : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<4x8xf32>
  %4 = nn.concat %1, %0 axis = 0 : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<4x8xf32>
  return %3, %4 : tensor<4x8xf32>, tensor<4x8xf32>
}

// CHECK-LABEL: func @of_broadcasts
// CHECK-SAME: (%[[S:[^:]+]]: tensor<f32>, %[[B:[^:]+]]: tensor<8xf32>)
// CHECK-NEXT: %[[R0:.+]] = nn.broadcast %[[S]] dimensions = [] : tensor<f32> -> tensor<32xf32>
// CHECK-NEXT: %[[WIDE:.+]] = nn.broadcast %[[B]] dimensions = [1] : tensor<8xf32> -> tensor<4x8xf32>
// CHECK-NEXT: %[[R1:.+]] = nn.broadcast %[[B]] dimensions = [1] : tensor<8xf32> -> tensor<2x8xf32>
// CHECK-NEXT: %[[R2:.+]] = nn.slice %[[WIDE]]
// CHECK-NEXT: return %[[R0]], %[[R1]], %[[R2]]
func.func @of_broadcasts(%s: tensor<f32>, %b: tensor<8xf32>) -> (tensor<32xf32>, tensor<2x8xf32>, tensor<4x3xf32>) {
  %0 = nn.broadcast %s dimensions = [] : tensor<f32> -> tensor<4x8xf32>
  %1 = nn.reshape %0 : tensor<4x8xf32> -> tensor<32xf32>
  %2 = nn.broadcast %b dimensions = [1] : tensor<8xf32> -> tensor<4x8xf32>
  %3 = nn.slice %2 starts = [1, 0] steps = [2, 1] : tensor<4x8xf32> -> tensor<2x8xf32>
  // Near miss: it cuts what is repeated.
  %4 = nn.slice %2 starts = [0, 1] steps = [1, 1] : tensor<4x8xf32> -> tensor<4x3xf32>
  return %1, %3, %4 : tensor<32xf32>, tensor<2x8xf32>, tensor<4x3xf32>
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @sizes
// CHECK: nn.constant dense<2.800000e+01> : tensor<f32>
// CHECK: nn.dim_size <batch> : tensor<f32>
func.func @sizes() -> (tensor<f32>, tensor<f32>) {
  %0 = nn.dim_size <4 * 7> : tensor<f32>
  %1 = nn.dim_size <batch> : tensor<f32>
  return %0, %1 : tensor<f32>, tensor<f32>
}

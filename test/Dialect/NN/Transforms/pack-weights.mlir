// RUN: nnc-opt %s --nn-fuse-ops --nn-pack-weights=panel=32 | FileCheck %s --check-prefix=CHANGES
// RUN: nnc-opt %s --nn-fuse-ops "--nn-pack-weights=keeps-prepared panel=32" | FileCheck %s

// One row takes eight vectors at once, with the columns behind the last zero.
// CHECK-LABEL: func.func @one_row
// CHECK: %[[P:.*]] = nn.column_panels %arg1 panel = 128 gates = 1 : (tensor<64x500xf32>) -> tensor<4x64x128xf32>
// CHECK: nn.fusion contraction(%arg0, %[[P]])
// CHECK: nn.panel_matmul %{{.*}}, %{{.*}} columns = 500 gates = 1 : (tensor<1x64xf32>, tensor<4x64x128xf32>) -> tensor<1x500xf32>
func.func @one_row(%x: tensor<1x64xf32>, %w: tensor<64x500xf32> {nn.role = "parameter"}) -> tensor<1x500xf32> {
  %y = nn.matmul %x, %w : (tensor<1x64xf32>, tensor<64x500xf32>) -> tensor<1x500xf32>
  %r = nn.relu %y : tensor<1x500xf32>
  return %r : tensor<1x500xf32>
}

// CHECK-LABEL: func.func @rows_of_turned_weights
// CHECK: nn.column_panels %arg1 panel = 32 gates = 1 transposed : (tensor<96x64xf32>) -> tensor<3x64x32xf32>
func.func @rows_of_turned_weights(%x: tensor<5x64xf32>, %w: tensor<96x64xf32> {nn.role = "parameter"}) -> tensor<5x96xf32> {
  %y = nn.matmul %x, %w transpose_b : (tensor<5x64xf32>, tensor<96x64xf32>) -> tensor<5x96xf32>
  return %y : tensor<5x96xf32>
}

// Elements of 64 bits: half as many columns.
// CHECK-LABEL: func.func @double
// CHECK: nn.column_panels %arg1 panel = 16 gates = 1
func.func @double(%x: tensor<4x64xf64>, %w: tensor<64x96xf64> {nn.role = "parameter"}) -> tensor<4x96xf64> {
  %y = nn.matmul %x, %w : (tensor<4x64xf64>, tensor<64x96xf64>) -> tensor<4x96xf64>
  return %y : tensor<4x96xf64>
}

// Steps of a recurrence share the panels, which hold the same units of both
// gates.
// CHECK-LABEL: func.func @gates
// CHECK: nn.column_panels %arg1 panel = 128 gates = 2 : (tensor<64x128xf32>) -> tensor<1x64x128xf32>
// CHECK-NOT: nn.column_panels
// CHECK: nn.panel_matmul {{.*}} columns = 128 gates = 2
// CHECK: nn.panel_matmul {{.*}} columns = 128 gates = 2
func.func @gates(%h: tensor<1x64xf32>, %u: tensor<64x128xf32> {nn.role = "parameter"}) -> tensor<1x64xf32> {
  %p = nn.matmul %h, %u : (tensor<1x64xf32>, tensor<64x128xf32>) -> tensor<1x128xf32>
  %i = nn.slice %p starts = [0, 0] steps = [1, 1] : tensor<1x128xf32> -> tensor<1x64xf32>
  %f = nn.slice %p starts = [0, 64] steps = [1, 1] : tensor<1x128xf32> -> tensor<1x64xf32>
  %g = nn.mul %i, %f : tensor<1x64xf32>
  %q = nn.matmul %g, %u : (tensor<1x64xf32>, tensor<64x128xf32>) -> tensor<1x128xf32>
  %j = nn.slice %q starts = [0, 0] steps = [1, 1] : tensor<1x128xf32> -> tensor<1x64xf32>
  %k = nn.slice %q starts = [0, 64] steps = [1, 1] : tensor<1x128xf32> -> tensor<1x64xf32>
  %y = nn.mul %j, %k : tensor<1x64xf32>
  return %y : tensor<1x64xf32>
}

// Many rows, few columns, short sums, weights that change or are inputs.
// CHECK-LABEL: func.func @left_alone
// CHECK-NOT: panel
// CHECK: return
func.func @left_alone(%many: tensor<300x64xf32>, %one: tensor<1x64xf32>, %short: tensor<1x8xf32>, %input: tensor<64x128xf32>,
                      %w: tensor<64x128xf32> {nn.role = "parameter"}, %few: tensor<64x10xf32> {nn.role = "parameter"},
                      %low: tensor<8x128xf32> {nn.role = "parameter"},
                      %u: tensor<64x128xf32> {nn.role = "parameter", nn.name = "u"})
    -> (tensor<300x128xf32>, tensor<1x10xf32>, tensor<1x128xf32>, tensor<1x128xf32>, tensor<1x128xf32>, tensor<64x128xf32> {nn.updates = "u"}) {
  %a = nn.matmul %many, %w : (tensor<300x64xf32>, tensor<64x128xf32>) -> tensor<300x128xf32>
  %b = nn.matmul %one, %few : (tensor<1x64xf32>, tensor<64x10xf32>) -> tensor<1x10xf32>
  %c = nn.matmul %short, %low : (tensor<1x8xf32>, tensor<8x128xf32>) -> tensor<1x128xf32>
  %d = nn.matmul %one, %input : (tensor<1x64xf32>, tensor<64x128xf32>) -> tensor<1x128xf32>
  %e = nn.matmul %one, %u : (tensor<1x64xf32>, tensor<64x128xf32>) -> tensor<1x128xf32>
  return %a, %b, %c, %d, %e, %u : tensor<300x128xf32>, tensor<1x10xf32>, tensor<1x128xf32>, tensor<1x128xf32>, tensor<1x128xf32>, tensor<64x128xf32>
}

// Four products of many rows share a weight that changes; what three share, or
// what only left operands are, stays.
// CHECK-LABEL: func.func @shared
// CHANGES-LABEL: func.func @one_row
// CHANGES-NOT: panel
// CHANGES-LABEL: func.func @shared
// CHANGES: %[[P:.*]] = nn.column_panels %arg1 panel = 32 gates = 1 : (tensor<64x64xf32>) -> tensor<2x64x32xf32>
// CHANGES-NOT: nn.column_panels
// CHANGES-COUNT-4: nn.panel_matmul
// CHANGES-NOT: nn.panel_matmul
// CHANGES: return
func.func @shared(%h: tensor<100x64xf32>, %u: tensor<64x64xf32> {nn.role = "parameter", nn.name = "u"}, %v: tensor<64x64xf32> {nn.role = "parameter", nn.name = "v"})
    -> (tensor<100x64xf32>, tensor<64x64xf32> {nn.updates = "u"}, tensor<64x64xf32> {nn.updates = "v"}) {
  %a = nn.matmul %h, %u : (tensor<100x64xf32>, tensor<64x64xf32>) -> tensor<100x64xf32>
  %b = nn.matmul %a, %u : (tensor<100x64xf32>, tensor<64x64xf32>) -> tensor<100x64xf32>
  %c = nn.matmul %b, %u : (tensor<100x64xf32>, tensor<64x64xf32>) -> tensor<100x64xf32>
  %d = nn.matmul %c, %u : (tensor<100x64xf32>, tensor<64x64xf32>) -> tensor<100x64xf32>
  %e = nn.matmul %d, %v : (tensor<100x64xf32>, tensor<64x64xf32>) -> tensor<100x64xf32>
  %f = nn.matmul %e, %v : (tensor<100x64xf32>, tensor<64x64xf32>) -> tensor<100x64xf32>
  %g = nn.matmul %f, %v : (tensor<100x64xf32>, tensor<64x64xf32>) -> tensor<100x64xf32>
  %w = nn.matmul %v, %v : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  %x = nn.matmul %u, %w : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  return %g, %x, %w : tensor<100x64xf32>, tensor<64x64xf32>, tensor<64x64xf32>
}

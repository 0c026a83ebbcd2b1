// RUN: nnc-opt %s --nn-simplify | FileCheck %s

// The ops' own patterns, and equal ops become one, in turns.
// CHECK-LABEL: func @equal_ops
// CHECK-SAME: (%[[X:[^:]+]]: tensor<4xf32>, %[[C:[^:]+]]: tensor<4xi1>)
// CHECK-NEXT: %[[E:.+]] = nn.exp %[[X]]
// CHECK-NEXT: return %[[E]]
func.func @equal_ops(%x: tensor<4xf32>, %c: tensor<4xi1>) -> tensor<4xf32> {
  %a = nn.exp %x : tensor<4xf32>
  %b = nn.exp %x : tensor<4xf32>
  %unused = nn.log %x : tensor<4xf32>
  %y = nn.select %c, %a, %b : tensor<4xi1>, tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: func @scalars_first
// CHECK-SAME: (%[[A:[^:]+]]: tensor<f32>, %[[B:[^:]+]]: tensor<f32>)
// CHECK-NEXT: %[[SUM:.+]] = nn.add %[[A]], %[[B]] : tensor<f32>
// CHECK-NEXT: %[[LESS:.+]] = nn.compare lt, %[[SUM]], %[[B]] : tensor<f32>
// CHECK-NEXT: %[[Y:.+]] = nn.broadcast %[[LESS]] dimensions = [] : tensor<i1> -> tensor<4x8xi1>
// CHECK-NEXT: return %[[Y]]
func.func @scalars_first(%a: tensor<f32>, %b: tensor<f32>) -> tensor<4x8xi1> {
  %0 = nn.broadcast %a dimensions = [] : tensor<f32> -> tensor<4x8xf32>
  %1 = nn.broadcast %b dimensions = [] : tensor<f32> -> tensor<4x8xf32>
  %2 = nn.add %0, %1 : tensor<4x8xf32>
  %3 = nn.compare lt, %2, %1 : tensor<4x8xf32>
  return %3 : tensor<4x8xi1>
}

// A scalar beside a row.
// CHECK-LABEL: func @scalar_beside_row
// CHECK-SAME: (%[[A:[^:]+]]: tensor<f32>, %[[B:[^:]+]]: tensor<8xf32>)
// CHECK-NEXT: %[[ROW:.+]] = nn.broadcast %[[A]] dimensions = [] : tensor<f32> -> tensor<8xf32>
// CHECK-NEXT: %[[P:.+]] = nn.mul %[[ROW]], %[[B]] : tensor<8xf32>
// CHECK-NEXT: nn.broadcast %[[P]] dimensions = [1] : tensor<8xf32> -> tensor<?x8xf32, #nn.dims<batch, 8>>
func.func @scalar_beside_row(%a: tensor<f32>, %b: tensor<8xf32>) -> tensor<?x8xf32, #nn.dims<batch, 8>> {
  %0 = nn.broadcast %a dimensions = [] : tensor<f32> -> tensor<?x8xf32, #nn.dims<batch, 8>>
  %1 = nn.broadcast %b dimensions = [1] : tensor<8xf32> -> tensor<?x8xf32, #nn.dims<batch, 8>>
  %2 = nn.mul %0, %1 : tensor<?x8xf32, #nn.dims<batch, 8>>
  return %2 : tensor<?x8xf32, #nn.dims<batch, 8>>
}

// Near misses: a row beside a column, an operand that is not repeated.
// CHECK-LABEL: func @row_beside_column
// CHECK: %[[P:.+]] = nn.mul %{{.+}}, %{{.+}} : tensor<4x8xf32>
// CHECK: nn.add %{{.+}}, %{{.+}} : tensor<4x8xf32>
func.func @row_beside_column(%a: tensor<4xf32>, %b: tensor<8xf32>, %x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = nn.broadcast %a dimensions = [0] : tensor<4xf32> -> tensor<4x8xf32>
  %1 = nn.broadcast %b dimensions = [1] : tensor<8xf32> -> tensor<4x8xf32>
  %2 = nn.mul %0, %1 : tensor<4x8xf32>
  %3 = nn.add %x, %1 : tensor<4x8xf32>
  %4 = nn.sub %2, %3 : tensor<4x8xf32>
  return %4 : tensor<4x8xf32>
}

// CHECK-LABEL: func @reduce_first
// CHECK-SAME: (%[[X:[^:]+]]: tensor<4x8xf32>, %[[S:[^:]+]]: tensor<f32>)
// CHECK-NEXT: %[[SUM:.+]] = nn.reduce_sum %[[X]] axes = [1] : tensor<4x8xf32> -> tensor<4xf32>
// CHECK-NEXT: %[[Y:.+]] = nn.broadcast %[[SUM]] dimensions = [1] : tensor<4xf32> -> tensor<2x4xf32>
// CHECK-NEXT: %[[MAX:.+]] = nn.reduce_max %[[X]] axes = [0] : tensor<4x8xf32> -> tensor<8xf32>
// CHECK-NEXT: return %[[Y]], %[[MAX]], %[[S]]
func.func @reduce_first(%x: tensor<4x8xf32>, %s: tensor<f32>) -> (tensor<2x4xf32>, tensor<8xf32>, tensor<f32>) {
  %0 = nn.broadcast %x dimensions = [1, 2] : tensor<4x8xf32> -> tensor<2x4x8xf32>
  %1 = nn.reduce_sum %0 axes = [2] : tensor<2x4x8xf32> -> tensor<2x4xf32>
  %2 = nn.reduce_max %0 axes = [0, 1] : tensor<2x4x8xf32> -> tensor<8xf32>
  %3 = nn.broadcast %s dimensions = [] : tensor<f32> -> tensor<2x4x8xf32>
  %4 = nn.reduce_min %3 axes = [0, 1, 2] : tensor<2x4x8xf32> -> tensor<f32>
  return %1, %2, %4 : tensor<2x4xf32>, tensor<8xf32>, tensor<f32>
}

// Near misses: a sum over copies is no copy; an empty extent has no element.
// CHECK-LABEL: func @reduce_copies
// CHECK: nn.reduce_sum %{{.+}} axes = [0]
// CHECK: nn.reduce_max %{{.+}} axes = [0]
func.func @reduce_copies(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %0 = nn.broadcast %x dimensions = [1] : tensor<8xf32> -> tensor<3x8xf32>
  %1 = nn.reduce_sum %0 axes = [0] : tensor<3x8xf32> -> tensor<8xf32>
  %2 = nn.broadcast %x dimensions = [1] : tensor<8xf32> -> tensor<0x8xf32>
  %3 = nn.reduce_max %2 axes = [0] : tensor<0x8xf32> -> tensor<8xf32>
  return %1, %3 : tensor<8xf32>, tensor<8xf32>
}

// What follows a product of rows stays with it: the bias, a sum with an
// argument, and reductions.
// CHECK-LABEL: func @before_axes_are_cut
// CHECK-SAME: (%[[P:[^:]+]]: tensor<6x8xf32>, %[[BIAS:[^:]+]]: tensor<8xf32>, %[[R:[^:]+]]: tensor<2x3x8xf32>)
// CHECK-DAG: %[[REPEATED:.+]] = nn.broadcast %[[BIAS]] dimensions = [1] : tensor<8xf32> -> tensor<6x8xf32>
// CHECK-DAG: %[[BIASED:.+]] = nn.add %[[P]], %[[REPEATED]] : tensor<6x8xf32>
// CHECK-DAG: %[[FLAT:.+]] = nn.reshape %[[R]] : tensor<2x3x8xf32> -> tensor<6x8xf32>
// CHECK-DAG: %[[Y:.+]] = nn.add %[[FLAT]], %[[BIASED]] : tensor<6x8xf32>
// CHECK-DAG: %[[ROWS:.+]] = nn.reduce_sum %[[Y]] axes = [1] : tensor<6x8xf32> -> tensor<6xf32>
// CHECK-DAG: %[[COLUMNS:.+]] = nn.reduce_sum %[[Y]] axes = [0] : tensor<6x8xf32> -> tensor<8xf32>
// CHECK-DAG: %[[Z:.+]] = nn.reshape %[[Y]] : tensor<6x8xf32> -> tensor<2x3x8xf32>
// CHECK-DAG: %[[CUT:.+]] = nn.reshape %[[ROWS]] : tensor<6xf32> -> tensor<2x3xf32>
// CHECK: return %[[Z]], %[[CUT]], %[[COLUMNS]]
func.func @before_axes_are_cut(%p: tensor<6x8xf32>, %bias: tensor<8xf32>, %r: tensor<2x3x8xf32>)
    -> (tensor<2x3x8xf32>, tensor<2x3xf32>, tensor<8xf32>) {
  %0 = nn.reshape %p : tensor<6x8xf32> -> tensor<2x3x8xf32>
  %1 = nn.broadcast %bias dimensions = [2] : tensor<8xf32> -> tensor<2x3x8xf32>
  %2 = nn.add %0, %1 : tensor<2x3x8xf32>
  %3 = nn.add %r, %2 : tensor<2x3x8xf32>
  %4 = nn.reduce_sum %3 axes = [2] : tensor<2x3x8xf32> -> tensor<2x3xf32>
  %5 = nn.reduce_sum %3 axes = [0, 1] : tensor<2x3x8xf32> -> tensor<8xf32>
  return %3, %4, %5 : tensor<2x3x8xf32>, tensor<2x3xf32>, tensor<8xf32>
}

// Axes of size 1, and a batch that is cut off.
// CHECK-LABEL: func @before_axes_of_one
// CHECK-NEXT: %[[SUM:.+]] = nn.reduce_sum %{{.+}} axes = [1] : tensor<12x8xf32, #nn.dims<batch * 3, 8>> -> tensor<12xf32, #nn.dims<batch * 3>>
// CHECK-NEXT: %[[ROOT:.+]] = nn.sqrt %[[SUM]] : tensor<12xf32, #nn.dims<batch * 3>>
// CHECK-NEXT: nn.broadcast %[[ROOT]] dimensions = [0]
func.func @before_axes_of_one(%x: tensor<12x8xf32, #nn.dims<batch * 3, 8>>) -> tensor<4x3x8xf32, #nn.dims<batch, 3, 8>> {
  %0 = nn.reshape %x : tensor<12x8xf32, #nn.dims<batch * 3, 8>> -> tensor<4x3x8xf32, #nn.dims<batch, 3, 8>>
  %1 = nn.reduce_sum %0 axes = [2] : tensor<4x3x8xf32, #nn.dims<batch, 3, 8>> -> tensor<4x3xf32, #nn.dims<batch, 3>>
  %2 = nn.reshape %1 : tensor<4x3xf32, #nn.dims<batch, 3>> -> tensor<4x3x1xf32, #nn.dims<batch, 3, 1>>
  %3 = nn.sqrt %2 : tensor<4x3x1xf32, #nn.dims<batch, 3, 1>>
  %4 = nn.reshape %3 : tensor<4x3x1xf32, #nn.dims<batch, 3, 1>> -> tensor<4x3xf32, #nn.dims<batch, 3>>
  %5 = nn.broadcast %4 dimensions = [0, 1] : tensor<4x3xf32, #nn.dims<batch, 3>> -> tensor<4x3x8xf32, #nn.dims<batch, 3, 8>>
  %6 = nn.sub %0, %5 : tensor<4x3x8xf32, #nn.dims<batch, 3, 8>>
  return %6 : tensor<4x3x8xf32, #nn.dims<batch, 3, 8>>
}

// Near misses: numbers repeated along a part of an axis, a sum along one, a
// number that is not in memory, axes that are joined.
// CHECK-LABEL: func @after_axes_are_cut
// CHECK: nn.add %{{.+}} : tensor<2x3x8xf32>
// CHECK: nn.reduce_sum %{{.+}} axes = [1] : tensor<2x3x8xf32> -> tensor<2x8xf32>
// CHECK: nn.exp %{{.+}} : tensor<2x3x8xf32>
// CHECK: nn.mul %{{.+}} : tensor<2x3x8xf32>
// CHECK: nn.reshape %{{.+}} : tensor<2x3x8xf32> -> tensor<6x8xf32>
// CHECK: nn.tanh %{{.+}} : tensor<6x8xf32>
func.func @after_axes_are_cut(%p: tensor<6x8xf32>, %table: tensor<3x8xf32>, %r: tensor<2x3x8xf32>)
    -> (tensor<2x3x8xf32>, tensor<2x8xf32>, tensor<2x3x8xf32>, tensor<6x8xf32>) {
  %0 = nn.reshape %p : tensor<6x8xf32> -> tensor<2x3x8xf32>
  %1 = nn.broadcast %table dimensions = [1, 2] : tensor<3x8xf32> -> tensor<2x3x8xf32>
  %2 = nn.add %0, %1 : tensor<2x3x8xf32>
  %3 = nn.reduce_sum %0 axes = [1] : tensor<2x3x8xf32> -> tensor<2x8xf32>
  %4 = nn.exp %r : tensor<2x3x8xf32>
  %5 = nn.mul %0, %4 : tensor<2x3x8xf32>
  %6 = nn.reshape %r : tensor<2x3x8xf32> -> tensor<6x8xf32>
  %7 = nn.tanh %6 : tensor<6x8xf32>
  return %2, %3, %5, %7 : tensor<2x3x8xf32>, tensor<2x8xf32>, tensor<2x3x8xf32>, tensor<6x8xf32>
}

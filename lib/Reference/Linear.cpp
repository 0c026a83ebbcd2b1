//===- Linear.cpp - Reference evaluation of matrix products ---------------===//

#include "Models.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;
using namespace nnc::reference;

//===----------------------------------------------------------------------===//
// MatmulOp
//===----------------------------------------------------------------------===//

static void evaluateMatmul(MatmulOp op, Operands operands, Results results) {
  ArrayRef<int64_t> aShape = operands[0]->shape();
  ArrayRef<int64_t> yShape = results[0].shape();
  int64_t rank = yShape.size(), rows = yShape[rank - 2];
  int64_t columns = yShape[rank - 1];
  int64_t depth = aShape[op.getTransposeA() ? rank - 2 : rank - 1];
  int64_t batches = 1;
  for (int64_t extent : yShape.drop_back(2))
    batches *= extent;
  // Strides of the indices of rows, columns and depth in the operands.
  int64_t aRow = op.getTransposeA() ? 1 : depth;
  int64_t aDepth = op.getTransposeA() ? rows : 1;
  int64_t bColumn = op.getTransposeB() ? depth : 1;
  int64_t bDepth = op.getTransposeB() ? 1 : columns;
  for (int64_t batch = 0; batch < batches; ++batch) {
    const double *a = operands[0]->floats().data() + batch * rows * depth;
    const double *b = operands[1]->floats().data() + batch * depth * columns;
    double *y = results[0].floats().data() + batch * rows * columns;
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j) {
        double sum = 0.0;
        for (int64_t k = 0; k < depth; ++k)
          sum += a[i * aRow + k * aDepth] * b[k * bDepth + j * bColumn];
        y[i * columns + j] = sum;
      }
  }
}

//===----------------------------------------------------------------------===//
// ColumnPanelsOp and PanelMatmulOp
//===----------------------------------------------------------------------===//

/// Where column \p column of the sum \p k stands in panels.
static int64_t placeInPanels(int64_t column, int64_t k, int64_t columns,
                             int64_t gates, ArrayRef<int64_t> panels) {
  int64_t ofGate = columns / gates, width = panels[2] / gates;
  int64_t gate = column / ofGate, inGate = column % ofGate;
  return (inGate / width * panels[1] + k) * panels[2] + gate * width +
         inGate % width;
}

static void evaluateColumnPanels(ColumnPanelsOp op, Operands operands,
                                 Results results) {
  ArrayRef<int64_t> w = operands[0]->shape(), panels = results[0].shape();
  bool turned = op.getTransposed();
  int64_t depth = w[turned ? 1 : 0], columns = w[turned ? 0 : 1];
  llvm::fill(results[0].floats(), 0.0);
  for (int64_t k = 0; k < depth; ++k)
    for (int64_t column = 0; column < columns; ++column)
      results[0]
          .floats()[placeInPanels(column, k, columns, op.getGates(), panels)] =
          operands[0]
              ->floats()[turned ? column * depth + k : k * columns + column];
}

static void evaluatePanelMatmul(PanelMatmulOp op, Operands operands,
                                Results results) {
  ArrayRef<int64_t> panels = operands[1]->shape(), y = results[0].shape();
  int64_t depth = panels[1], columns = y[1];
  for (int64_t row = 0; row < y[0]; ++row)
    for (int64_t column = 0; column < columns; ++column) {
      double sum = 0.0;
      for (int64_t k = 0; k < depth; ++k)
        sum += operands[0]->floats()[row * depth + k] *
               operands[1]->floats()[placeInPanels(column, k, columns,
                                                   op.getGates(), panels)];
      results[0].floats()[row * columns + column] = sum;
    }
}

void reference::attachLinearModels(MLIRContext &context) {
  attach<ColumnPanelsOp, evaluateColumnPanels>(context);
  attach<PanelMatmulOp, evaluatePanelMatmul>(context);
  attach<MatmulOp, evaluateMatmul>(context);
}

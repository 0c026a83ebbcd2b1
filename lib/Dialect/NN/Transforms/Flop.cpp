//===- Flop.cpp - Arithmetic of ops ---------------------------------------===//

#include "nnc/Dialect/NN/Transforms/Recompute.h"

using namespace mlir;
using namespace nnc::nn;

int64_t nnc::nn::depthOf(Operation *op) {
  if (auto product = dyn_cast<PanelMatmulOp>(op))
    return product.getA().getType().getDimSize(1);
  auto product = dyn_cast<MatmulOp>(op);
  if (!product)
    return 0;
  RankedTensorType a = product.getA().getType();
  return a.getDimSize(a.getRank() - (product.getTransposeA() ? 2 : 1));
}

/// Of a convolution with weights \p weight and result \p result, or one of its
/// gradients: padding counts too, as in the figures of others. The first
/// \p outer dimensions of the weights do not lengthen the sums.
static int64_t convolutionFlop(Value weight, Value result, int64_t outer = 1) {
  auto weights = cast<RankedTensorType>(weight.getType());
  auto images = cast<RankedTensorType>(result.getType());
  int64_t length = 1;
  for (int64_t size : weights.getShape().drop_front(outer))
    length *= size;
  return 2 * images.getNumElements() * length;
}

int64_t nnc::nn::productFlop(Operation *op) {
  if (int64_t depth = depthOf(op))
    return 2 * depth *
           cast<RankedTensorType>(op->getResult(0).getType()).getNumElements();
  if (auto convolution = dyn_cast<Conv2dOp>(op))
    return convolutionFlop(convolution.getW(), convolution.getY());
  if (auto convolution = dyn_cast<WinogradConv2dOp>(op)) {
    // What it does, not what it stands for: tiles times points.
    RankedTensorType y = convolution.getType(),
                     u = convolution.getU().getType();
    int64_t m = convolution.getTile();
    return 2 * y.getDimSize(0) * ((y.getDimSize(2) + m - 1) / m) *
           ((y.getDimSize(3) + m - 1) / m) * u.getDimSize(0) * u.getDimSize(2) *
           y.getDimSize(1);
  }
  if (auto gradient = dyn_cast<Conv2dDataGradientOp>(op))
    return convolutionFlop(gradient.getW(), gradient.getDy());
  if (auto gradient = dyn_cast<Conv2dWeightGradientOp>(op))
    return convolutionFlop(gradient.getDw(), gradient.getDy());
  if (auto parts = dyn_cast<Conv2dWeightPartsOp>(op))
    return convolutionFlop(parts.getY(), parts.getDy(), /*outer=*/2);
  return 0;
}

int64_t nnc::nn::countFlop(Operation *op) {
  if (int64_t flop = productFlop(op))
    return flop;
  int64_t most = 0;
  auto count = [&](TypeRange types) {
    for (Type type : types)
      if (auto tensor = dyn_cast<RankedTensorType>(type))
        most = std::max(most, tensor.getNumElements());
  };
  count(op->getOperandTypes());
  count(op->getResultTypes());
  return most;
}

//===- KernelDescription.cpp - What a kernel does, in words ---------------===//

#include "KernelDescription.h"
#include "nnc/Dialect/NN/Transforms/Fusion.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;

/// The length of the sums of \p op.
static int64_t depthOf(MatmulOp op) {
  RankedTensorType a = op.getA().getType();
  return a.getDimSize(a.getRank() - (op.getTransposeA() ? 2 : 1));
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

int64_t nnc::productFlop(Operation *op) {
  if (auto matmul = dyn_cast<MatmulOp>(op))
    return 2 * depthOf(matmul) * matmul.getType().getNumElements();
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

/// The mnemonic, with the sizes of products: "matmul 128x500x784" has 128 rows,
/// 500 columns and sums of 784.
static std::string workOf(Operation *op) {
  std::string text = op->getName().stripDialect().str();
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type)
    return text;
  if (auto matmul = dyn_cast<MatmulOp>(op)) {
    SmallVector<int64_t> sizes(type.getShape());
    sizes.push_back(depthOf(matmul));
    text += " ";
    llvm::raw_string_ostream os(text);
    llvm::interleave(sizes, os, "x");
  }
  return text;
}

/// The names that \p loc and the locations in it give.
static void collectLayers(Location loc, llvm::SetVector<StringRef> &layers) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    if (!name.getName().empty())
      layers.insert(name.getName());
  } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location inner : fused.getLocations())
      collectLayers(inner, layers);
  }
}

KernelInfo nnc::describeKernel(Operation *op) {
  KernelInfo info;
  llvm::SetVector<StringRef> layers;
  collectLayers(op->getLoc(), layers);
  for (StringRef layer : layers)
    info.layers.push_back(layer.str());

  SmallVector<Operation *> members;
  if (auto group = dyn_cast<FusionOp>(op)) {
    for (Operation &inner : group.getBody().front().without_terminator())
      if (!isImmediate(&inner) && !isa<BroadcastOp>(inner))
        members.push_back(&inner);
  } else if (op->getNumResults() > 0) {
    members.push_back(op);
  }
  SmallVector<std::string> works;
  for (Operation *member : members) {
    std::string work = workOf(member);
    if (!llvm::is_contained(works, work))
      works.push_back(std::move(work));
    auto type = dyn_cast<RankedTensorType>(member->getResult(0).getType());
    if (int64_t flop = productFlop(member))
      info.flop += flop;
    else if (isa<ScalarBodyOpInterface>(member) && type)
      info.flop += type.getNumElements();
  }
  info.work = llvm::join(works, ", ");
  return info;
}

std::string nnc::describeValue(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return "argument";
  if (auto group = dyn_cast<FusionOp>(op)) {
    unsigned number = cast<OpResult>(value).getResultNumber();
    Value yielded = group.getBody().front().getTerminator()->getOperand(number);
    if (Operation *inner = yielded.getDefiningOp())
      op = inner;
  }
  llvm::SetVector<StringRef> layers;
  collectLayers(op->getLoc(), layers);
  std::string text = op->getName().stripDialect().str();
  return layers.empty()
             ? text
             : text + " of " + llvm::join(layers.getArrayRef(), ", ");
}

std::string nnc::describeType(RankedTensorType type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (type.getElementType().isInteger(1))
    os << "bool";
  else
    os << type.getElementType();
  os << "[";
  llvm::interleaveComma(type.getShape(), os);
  os << "]";
  return text;
}

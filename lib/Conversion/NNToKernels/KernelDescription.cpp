//===- KernelDescription.cpp - What a kernel does, in words ---------------===//

#include "KernelDescription.h"
#include "nnc/Conversion/NNToKernels.h"
#include "nnc/Dialect/NN/Transforms/Fusion.h"
#include "nnc/Dialect/NN/Transforms/Recompute.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;

/// The mnemonic, with the sizes of products: "matmul 128x500x784" has 128 rows,
/// 500 columns and sums of 784.
static std::string workOf(Operation *op) {
  // How a weight lies in memory says nothing of the work.
  bool isProduct = isa<MatmulOp, PanelMatmulOp>(op);
  std::string text = isProduct ? "matmul" : op->getName().stripDialect().str();
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (type && isProduct) {
    SmallVector<int64_t> sizes(type.getShape());
    sizes.push_back(depthOf(op));
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

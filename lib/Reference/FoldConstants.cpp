//===- FoldConstants.cpp - Constant folding through the reference ---------===//

#include "nnc/Reference/Evaluate.h"
#include "nnc/Reference/Passes.h"

namespace nnc::reference {
#define GEN_PASS_DEF_FOLDCONSTANTSPASS
#include "nnc/Reference/Passes.h.inc"
} // namespace nnc::reference

using namespace mlir;
using namespace nnc;
using namespace nnc::reference;

/// Whether ops of this kind are worth a constant.
static bool mayFold(Operation *op) {
  if (!isa<nn::ReferenceOpInterface>(op) || op->getNumOperands() == 0 ||
      op->getNumRegions() != 0)
    return false;
  auto classed = dyn_cast<nn::FusionOpInterface>(op);
  if (!classed)
    return true;
  nn::FusionClass kind = classed.getFusionClass();
  return kind != nn::FusionClass::broadcast && kind != nn::FusionClass::random;
}

/// The one number that fills \p constant, as a scalar.
static std::optional<Tensor> splatOf(DenseElementsAttr constant) {
  if (!constant.isSplat())
    return std::nullopt;
  return Tensor::fromAttribute(constant.resizeSplat(
      RankedTensorType::get({}, constant.getElementType())));
}

/// The value of an element-wise op whose operands are each filled with one
/// number, computed once; null for other operands.
static Attribute foldSplats(Operation *op,
                            ArrayRef<DenseElementsAttr> constants) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  SmallVector<Tensor> numbers;
  for (DenseElementsAttr constant : constants) {
    std::optional<Tensor> number = splatOf(constant);
    if (!number)
      return {};
    numbers.push_back(std::move(*number));
  }
  SmallVector<const Tensor *> operands;
  for (const Tensor &number : numbers)
    operands.push_back(&number);
  Tensor result(kindOf(type.getElementType()), {});
  if (failed(cast<nn::ReferenceOpInterface>(op).evaluate(operands, result,
                                                         Sizes())))
    return {};
  return DenseElementsAttr::get(
      type, result.elementAttribute(0, type.getElementType()));
}

/// The values of the constants that \p op's operands are; none if one is not.
static SmallVector<DenseElementsAttr> constantOperands(Operation *op) {
  SmallVector<DenseElementsAttr> constants;
  for (Value operand : op->getOperands()) {
    auto constant = operand.getDefiningOp<nn::ConstantOp>();
    auto elements =
        constant ? dyn_cast<DenseIntOrFPElementsAttr>(constant.getValue())
                 : DenseIntOrFPElementsAttr();
    if (!elements)
      return {};
    constants.push_back(elements);
  }
  return constants;
}

/// Appends to \p values those of \p op's results if it is to be folded. Fails,
/// with a diagnostic, if the op cannot be evaluated.
static LogicalResult fold(Operation *op, int64_t maximumElements,
                          SmallVectorImpl<Attribute> &values) {
  SmallVector<DenseElementsAttr> constants = constantOperands(op);
  if (constants.empty())
    return success();
  bool isSmall = true;
  for (Type type : op->getResultTypes()) {
    auto tensor = cast<RankedTensorType>(type);
    if (!tensor.hasStaticShape() || tensor.getEncoding())
      return success();
    isSmall &= tensor.getNumElements() <= maximumElements;
  }
  if (isa<nn::ScalarBodyOpInterface>(op))
    if (Attribute splat = foldSplats(op, constants)) {
      values.push_back(splat);
      return success();
    }
  if (!isSmall)
    return success();
  SmallVector<Tensor> tensors;
  SmallVector<const Tensor *> operands;
  for (DenseElementsAttr constant : constants)
    tensors.push_back(*Tensor::fromAttribute(constant));
  for (const Tensor &tensor : tensors)
    operands.push_back(&tensor);
  FailureOr<SmallVector<Tensor>> results = evaluateOp(op, operands);
  if (failed(results))
    return failure();
  for (auto [result, type] : llvm::zip(*results, op->getResultTypes()))
    values.push_back(result.toAttribute(cast<RankedTensorType>(type)));
  return success();
}

namespace {
struct FoldConstantsPass
    : reference::impl::FoldConstantsPassBase<FoldConstantsPass> {
  using FoldConstantsPassBase::FoldConstantsPassBase;

  void runOnOperation() override {
    for (Block &block : getOperation().getBody())
      if (failed(foldBlock(block)))
        return signalPassFailure();
  }

  LogicalResult foldBlock(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (!mayFold(&op))
        continue;
      SmallVector<Attribute> values;
      if (failed(fold(&op, maximumElements, values)))
        return failure();
      if (values.empty())
        continue;
      OpBuilder builder(&op);
      SmallVector<Operation *> producers;
      for (Value operand : op.getOperands())
        producers.push_back(operand.getDefiningOp());
      for (auto [result, value] : llvm::zip(op.getResults(), values))
        result.replaceAllUsesWith(nn::ConstantOp::create(
            builder, op.getLoc(), cast<ElementsAttr>(value)));
      op.erase();
      ++folded;
      llvm::SmallPtrSet<Operation *, 4> erased;
      for (Operation *producer : producers)
        if (erased.insert(producer).second && producer->use_empty())
          producer->erase();
    }
    return success();
  }
};
} // namespace

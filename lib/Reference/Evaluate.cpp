//===- Evaluate.cpp - Slow, plain evaluation of graphs --------------------===//

#include "nnc/Reference/Evaluate.h"
#include "Models.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::reference;

void reference::registerReferenceModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, nn::NNDialect *) {
    attachConvolutionModels(*context);
    attachWinogradModels(*context);
    attachElementwiseModels(*context);
    attachReductionModels(*context);
    attachLinearModels(*context);
    attachShapeModels(*context);
    attachRandomModels(*context);
    attachLossModels(*context);
    attachOptimizerModels(*context);
    attachFusionModels(*context);
    attachLoopModels(*context);
  });
}

FailureOr<SmallVector<Tensor>>
reference::evaluateOp(Operation *op, ArrayRef<const Tensor *> operands,
                      const Sizes &sizes) {
  auto model = dyn_cast<nn::ReferenceOpInterface>(op);
  if (!model)
    return op->emitOpError("has no reference evaluation");
  SmallVector<Tensor> results;
  for (Type type : op->getResultTypes()) {
    auto tensor = cast<RankedTensorType>(type);
    FailureOr<SmallVector<int64_t>> shape =
        sizes.shapeOf(tensor, [&] { return op->emitOpError(); });
    if (failed(shape))
      return failure();
    results.emplace_back(kindOf(tensor.getElementType()), *shape);
  }
  if (failed(model.evaluate(operands, results, sizes)))
    return failure();
  return results;
}

namespace {
/// The values of a block while its ops run, each freed after its last use.
class Values {
public:
  explicit Values(Block &block) {
    for (Operation &op : block)
      for (Value operand : op.getOperands())
        ++usesLeft[operand];
  }

  void borrow(Value value, const Tensor *tensor) { known[value] = tensor; }

  void own(Value value, Tensor tensor) {
    if (usesLeft.lookup(value) == 0)
      return;
    auto &place = owned[value];
    place = std::make_unique<Tensor>(std::move(tensor));
    known[value] = place.get();
  }

  const Tensor *lookup(Value value) const { return known.lookup(value); }

  /// Counts the uses of \p op's operands as done.
  void release(Operation &op) {
    for (Value operand : op.getOperands())
      if (--usesLeft[operand] == 0)
        owned.erase(operand);
  }

private:
  llvm::DenseMap<Value, unsigned> usesLeft;
  llvm::DenseMap<Value, std::unique_ptr<Tensor>> owned;
  llvm::DenseMap<Value, const Tensor *> known;
};
} // namespace

FailureOr<SmallVector<Tensor>>
reference::evaluateBlock(Block &block, ArrayRef<const Tensor *> arguments,
                         const Sizes &sizes) {
  Values values(block);
  for (auto [argument, tensor] : llvm::zip(block.getArguments(), arguments))
    values.borrow(argument, tensor);
  for (Operation &op : block) {
    SmallVector<const Tensor *> operands;
    for (Value operand : op.getOperands()) {
      operands.push_back(values.lookup(operand));
      if (!operands.back())
        return op.emitOpError("uses a value from outside its block");
    }
    if (op.hasTrait<OpTrait::IsTerminator>()) {
      SmallVector<Tensor> results;
      for (const Tensor *operand : operands)
        results.push_back(*operand);
      return results;
    }
    FailureOr<SmallVector<Tensor>> results = evaluateOp(&op, operands, sizes);
    if (failed(results))
      return failure();
    values.release(op);
    for (auto [value, tensor] : llvm::zip(op.getResults(), *results))
      values.own(value, std::move(tensor));
  }
  return block.getParentOp()->emitOpError("has a block without a terminator");
}

FailureOr<SmallVector<Tensor>>
reference::evaluate(func::FuncOp function, ArrayRef<Tensor> arguments,
                    const std::map<std::string, int64_t> &sizeValues) {
  if (!function.getBody().hasOneBlock())
    return function.emitOpError("must have one block to be evaluated");
  if (function.getNumArguments() != arguments.size())
    return function.emitOpError("has ")
           << function.getNumArguments() << " arguments, got "
           << arguments.size();
  Sizes sizes(sizeValues);
  SmallVector<const Tensor *> pointers;
  for (auto [i, tensor] : llvm::enumerate(arguments)) {
    auto emitError = [&, i = i] {
      return function.emitOpError("argument ") << i << " ";
    };
    auto type = dyn_cast<RankedTensorType>(function.getArgumentTypes()[i]);
    if (!type || kindOf(type.getElementType()) != tensor.kind())
      return emitError() << "does not hold elements of "
                         << function.getArgumentTypes()[i];
    if (failed(sizes.bind(type, tensor.shape(), emitError)))
      return failure();
    pointers.push_back(&tensor);
  }
  for (auto [i, tensor] : llvm::enumerate(arguments)) {
    auto type = cast<RankedTensorType>(function.getArgumentTypes()[i]);
    auto emitError = [&, i = i] {
      return function.emitOpError("argument ") << i << ": ";
    };
    FailureOr<SmallVector<int64_t>> shape = sizes.shapeOf(type, emitError);
    if (failed(shape))
      return failure();
    if (ArrayRef(*shape) != tensor.shape())
      return emitError() << "has the shape [" << tensor.shape()
                         << "], expected [" << ArrayRef(*shape) << "]";
  }
  return evaluateBlock(function.getBody().front(), pointers, sizes);
}

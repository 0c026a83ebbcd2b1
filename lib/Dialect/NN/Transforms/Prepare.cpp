//===- Prepare.cpp - Stable forms of losses that were spelt out -----------===//

#include "nnc/Dialect/NN/Transforms/Differentiate.h"
#include "nnc/Dialect/NN/Transforms/Passes.h"

namespace nnc::nn {
#define GEN_PASS_DEF_PREPAREPASS
#include "nnc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace nnc::nn

using namespace mlir;
using namespace nnc::nn;

/// \p value without the negations around it, which flip \p negative.
static Value stripNegations(Value value, bool &negative) {
  while (auto neg = value.getDefiningOp<NegOp>()) {
    value = neg.getX();
    negative = !negative;
  }
  return value;
}

/// The logits if \p value is the logarithm of their softmax, else null.
static Value matchLogSoftmax(Value value) {
  if (auto logSoftmax = value.getDefiningOp<LogSoftmaxOp>())
    return logSoftmax.getX();
  if (auto log = value.getDefiningOp<LogOp>())
    if (auto softmax = log.getX().getDefiningOp<SoftmaxOp>())
      return softmax.getX();
  return {};
}

/// What stands for \p op, sum(± target * log softmax(logits)) over the last
/// dimension and perhaps others; null if op is something else.
static Value replaceCrossEntropy(ReduceSumOp op) {
  int64_t last = op.getX().getType().getRank() - 1;
  if (!llvm::is_contained(op.getAxes(), last))
    return {};
  bool negative = false;
  auto product = stripNegations(op.getX(), negative).getDefiningOp<MulOp>();
  if (!product)
    return {};
  Value target = stripNegations(product.getA(), negative);
  Value other = stripNegations(product.getB(), negative);
  Value logits = matchLogSoftmax(other);
  if (!logits) {
    std::swap(target, other);
    logits = matchLogSoftmax(other);
  }
  if (!logits)
    return {};
  OpBuilder builder(op);
  Value result =
      SoftmaxCrossEntropyOp::create(builder, op.getLoc(), logits, target);
  if (ArrayRef<int64_t> others = op.getAxes().drop_back(); !others.empty())
    result = ReduceSumOp::create(builder, op.getLoc(), result, others);
  return negative ? result : NegOp::create(builder, op.getLoc(), result);
}

/// What stands for \p op in the stable form, or null.
static Value replacementFor(Operation *op) {
  if (auto sum = dyn_cast<ReduceSumOp>(op))
    return replaceCrossEntropy(sum);
  auto log = dyn_cast<LogOp>(op);
  auto softmax = log ? log.getX().getDefiningOp<SoftmaxOp>() : SoftmaxOp();
  if (!softmax)
    return {};
  OpBuilder builder(op);
  return LogSoftmaxOp::create(builder, op->getLoc(), softmax.getX());
}

/// Rewrites the ops of \p block up to \p last (all if null); \p follow, if
/// given, is replaced like the uses.
static void prepare(Block &block, Operation *last, Value *follow) {
  for (Operation &op : block) {
    if (Value replacement = replacementFor(&op)) {
      if (follow && *follow == op.getResult(0))
        *follow = replacement;
      op.getResult(0).replaceAllUsesWith(replacement);
    }
    if (&op == last)
      return;
  }
}

Value nnc::nn::prepareForDifferentiation(Value y) {
  if (Operation *last = y.getDefiningOp())
    prepare(*last->getBlock(), last, &y);
  return y;
}

namespace {
struct PreparePass : nnc::nn::impl::PreparePassBase<PreparePass> {
  using PreparePassBase::PreparePassBase;

  void runOnOperation() override {
    for (Block &block : getOperation().getBody()) {
      prepare(block, nullptr, nullptr);
      for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
        if (isOpTriviallyDead(&op))
          op.erase();
    }
  }
};
} // namespace

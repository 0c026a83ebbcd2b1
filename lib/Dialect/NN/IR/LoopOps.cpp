//===- LoopOps.cpp - Recurrence along an axis -----------------------------===//

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "nnc/Dialect/NN/IR/Loops.h"

using namespace mlir;
using namespace nnc::nn;

#define GET_OP_CLASSES
#include "nnc/Dialect/NN/IR/NNLoopOps.cpp.inc"

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

RankedTensorType nnc::nn::sliceType(RankedTensorType type, int64_t axis) {
  SmallVector<int64_t> keep;
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (i != axis)
      keep.push_back(i);
  return selectDimensions(type, keep);
}

RankedTensorType nnc::nn::stackedType(RankedTensorType type, int64_t axis,
                                      AffineExpr steps, int64_t capacity) {
  SmallVector<AffineExpr> sizes = sizesOf(type);
  SmallVector<int64_t> capacities(type.getShape());
  sizes.insert(sizes.begin() + axis, steps);
  capacities.insert(capacities.begin() + axis, capacity);
  return tensorType(type.getElementType(), sizes, capacities);
}

//===----------------------------------------------------------------------===//
// ScanOp
//===----------------------------------------------------------------------===//

static LogicalResult verifySources(ScanOp op, AffineExpr steps) {
  if (op.getAxes().size() != op.getSources().size())
    return op.emitOpError("has ") << op.getSources().size() << " sources and "
                                  << op.getAxes().size() << " axes";
  for (auto [i, source, axis, slice] :
       llvm::enumerate(op.getSources(), op.getAxes(), op.getSlices())) {
    RankedTensorType type = typeOf(source);
    if (axis < 0 || axis >= type.getRank())
      return op.emitOpError("axis ")
             << axis << " of source " << i << " is outside the rank "
             << type.getRank();
    if (sizesOf(type)[axis] != steps)
      return op.emitOpError("source ")
             << i << " has another size than the steps along axis " << axis
             << ": " << printSizes(type);
    if (slice.getType() != sliceType(type, axis))
      return op.emitOpError("slice ")
             << i << " must be " << sliceType(type, axis) << ", is "
             << slice.getType();
  }
  return success();
}

LogicalResult ScanOp::verify() {
  if (getSteps().getSizes().size() != 1)
    return emitOpError("steps must be one size");
  AffineExpr steps = getSteps().getSizes()[0];
  Block &block = getBody().front();
  if (block.getNumArguments() !=
      getSources().size() + getInitial().size() + getInvariants().size())
    return emitOpError("body has ")
           << block.getNumArguments() << " arguments, expected one an operand";
  if (failed(verifySources(*this, steps)))
    return failure();
  for (auto [argument, operand] :
       llvm::zip_equal(block.getArguments().drop_front(getSources().size()),
                       getOperands().drop_front(getSources().size())))
    if (argument.getType() != operand.getType())
      return emitOpError("body argument ")
             << argument.getArgNumber() << " must be " << operand.getType()
             << ", is " << argument.getType();
  auto next = dyn_cast<NextOp>(block.getTerminator());
  if (!next)
    return emitOpError("body must end with nn.next");
  unsigned stacked = getNumStacked();
  if (next.getValues().size() != stacked + getInitial().size() ||
      getNumResults() != next.getValues().size())
    return emitOpError("expected ")
           << stacked + getInitial().size() << " results and values of nn.next";
  for (auto [i, value, result] :
       llvm::enumerate(next.getValues(), getResults())) {
    RankedTensorType type = typeOf(value), expected = typeOf(result);
    if (i >= stacked) {
      if (type != expected || type != getInitial()[i - stacked].getType())
        return emitOpError("carried value ")
               << i - stacked << " changes its type: " << type << ", "
               << expected;
      continue;
    }
    int64_t axis = getStackAxes()[i];
    if (axis < 0 || axis > type.getRank())
      return emitOpError("axis ")
             << axis << " of stacked result " << i << " is outside the rank "
             << type.getRank() + 1;
    int64_t capacity = axis < expected.getRank() ? expected.getDimSize(axis)
                                                 : ShapedType::kDynamic;
    if (expected != stackedType(type, axis, steps, capacity))
      return emitOpError("stacked result ")
             << i << " must have the sizes "
             << printSizes(stackedType(type, axis, steps, capacity)) << ", has "
             << printSizes(expected);
  }
  return success();
}

ScanParts nnc::nn::partsOf(ScanOp op) {
  ScanParts parts(op.getLoc(), op.getSteps());
  parts.reverse = op.getReverse();
  llvm::append_range(parts.sources, op.getSources());
  llvm::append_range(parts.initial, op.getInitial());
  llvm::append_range(parts.invariants, op.getInvariants());
  parts.axes.assign(op.getAxes().begin(), op.getAxes().end());
  parts.stackAxes.assign(op.getStackAxes().begin(), op.getStackAxes().end());
  llvm::append_range(parts.slices, op.getSlices());
  llvm::append_range(parts.carried, op.getCarried());
  llvm::append_range(parts.invariantArguments, op.getInvariantArguments());
  llvm::append_range(parts.yields,
                     op.getNext().getValues().take_front(op.getNumStacked()));
  llvm::append_range(parts.next,
                     op.getNext().getValues().drop_front(op.getNumStacked()));
  if (!parts.sources.empty())
    parts.capacity = typeOf(parts.sources[0]).getDimSize(parts.axes[0]);
  else if (!parts.stackAxes.empty())
    parts.capacity = typeOf(op.getResult(0)).getDimSize(parts.stackAxes[0]);
  else if (auto constant =
               dyn_cast<AffineConstantExpr>(parts.steps.getSizes()[0]))
    parts.capacity = constant.getValue();
  return parts;
}

ScanOp nnc::nn::createScan(OpBuilder &builder, const ScanParts &parts,
                           Region &body) {
  Block &block = body.front();
  // The arguments in the op's order, then those that no part names go.
  unsigned old = block.getNumArguments();
  IRMapping mapping;
  auto append = [&](ArrayRef<BlockArgument> arguments) {
    for (BlockArgument argument : arguments) {
      BlockArgument copy =
          block.addArgument(argument.getType(), argument.getLoc());
      mapping.map(argument, copy);
      argument.replaceAllUsesWith(copy);
    }
  };
  append(parts.slices);
  append(parts.carried);
  append(parts.invariantArguments);
  SmallVector<Value> values;
  SmallVector<Type> types;
  AffineExpr steps = parts.steps.getSizes()[0];
  for (auto [value, axis] : llvm::zip_equal(parts.yields, parts.stackAxes)) {
    values.push_back(mapping.lookupOrDefault(value));
    types.push_back(stackedType(typeOf(value), axis, steps, parts.capacity));
  }
  for (Value value : parts.next) {
    values.push_back(mapping.lookupOrDefault(value));
    types.push_back(value.getType());
  }
  block.eraseArguments(0, old);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(&block);
    NextOp::create(builder, parts.loc, values);
  }
  auto op = ScanOp::create(builder, parts.loc, types, parts.steps,
                           parts.sources, parts.axes, parts.initial,
                           parts.invariants, parts.stackAxes, parts.reverse);
  op.getBody().takeBody(body);
  return op;
}

namespace {
/// Results, carried values and operands that nothing needs go.
struct DropUnused : OpRewritePattern<ScanOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ScanOp op,
                                PatternRewriter &rewriter) const override;
};
} // namespace

/// The values of \p block that \p roots are computed from.
static void markNeeded(Block &block, SmallVector<Value> pending,
                       DenseSet<Value> &needed) {
  while (!pending.empty()) {
    Value value = pending.pop_back_val();
    if (!needed.insert(value).second)
      continue;
    if (Operation *op = value.getDefiningOp())
      llvm::append_range(pending, op->getOperands());
  }
}

LogicalResult DropUnused::matchAndRewrite(ScanOp op,
                                          PatternRewriter &rewriter) const {
  ScanParts all = partsOf(op);
  unsigned stacked = op.getNumStacked();
  Block &block = op.getBody().front();
  DenseSet<Value> needed;
  SmallVector<bool> keepCarried(all.carried.size(), false);
  for (auto [i, yield] : llvm::enumerate(all.yields))
    if (!op.getResult(i).use_empty())
      markNeeded(block, {yield}, needed);
  for (bool changed = true; changed;) {
    changed = false;
    for (auto [i, argument] : llvm::enumerate(all.carried)) {
      if (keepCarried[i] ||
          (op.getResult(stacked + i).use_empty() && !needed.contains(argument)))
        continue;
      keepCarried[i] = changed = true;
      markNeeded(block, {all.next[i]}, needed);
    }
  }
  ScanParts kept(all.loc, all.steps);
  kept.capacity = all.capacity;
  kept.reverse = all.reverse;
  SmallVector<unsigned> results;
  for (unsigned i = 0; i < all.yields.size(); ++i)
    if (!op.getResult(i).use_empty()) {
      kept.yields.push_back(all.yields[i]);
      kept.stackAxes.push_back(all.stackAxes[i]);
      results.push_back(i);
    }
  for (unsigned i = 0; i < all.carried.size(); ++i)
    if (keepCarried[i]) {
      kept.initial.push_back(all.initial[i]);
      kept.carried.push_back(all.carried[i]);
      kept.next.push_back(all.next[i]);
      results.push_back(stacked + i);
    }
  for (unsigned i = 0; i < all.sources.size(); ++i)
    if (needed.contains(all.slices[i])) {
      kept.sources.push_back(all.sources[i]);
      kept.axes.push_back(all.axes[i]);
      kept.slices.push_back(all.slices[i]);
    }
  for (unsigned i = 0; i < all.invariants.size(); ++i)
    if (needed.contains(all.invariantArguments[i])) {
      kept.invariants.push_back(all.invariants[i]);
      kept.invariantArguments.push_back(all.invariantArguments[i]);
    }
  if (results.size() == op.getNumResults() &&
      kept.sources.size() == all.sources.size() &&
      kept.invariants.size() == all.invariants.size())
    return rewriter.notifyMatchFailure(op, "everything is needed");
  // What is dropped goes with the ops that read it.
  rewriter.eraseOp(op.getNext());
  for (Operation &inner :
       llvm::make_early_inc_range(llvm::reverse(block.getOperations())))
    if (llvm::none_of(inner.getResults(),
                      [&](Value v) { return needed.contains(v); }))
      rewriter.eraseOp(&inner);
  ScanOp smaller = createScan(rewriter, kept, op.getBody());
  for (auto [i, number] : llvm::enumerate(results))
    rewriter.replaceAllUsesWith(op.getResult(number), smaller.getResult(i));
  rewriter.eraseOp(op);
  return success();
}

void ScanOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *context) {
  patterns.add<DropUnused>(context);
  addLoopPatterns(patterns);
}

//===- LoopPatterns.cpp - Canonical forms of loops ------------------------===//
//
// What one product over all steps computes does not stay inside a loop.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/PatternMatch.h"
#include "nnc/Dialect/NN/IR/Loops.h"

using namespace mlir;
using namespace nnc::nn;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// \p value of [b, t, n] as [b * t, n].
static Value joinRows(OpBuilder &builder, Location loc, Value value) {
  RankedTensorType type = typeOf(value);
  SmallVector<AffineExpr> sizes = sizesOf(type);
  ArrayRef<int64_t> shape = type.getShape();
  int64_t rows = type.isDynamicDim(0) || type.isDynamicDim(1)
                     ? ShapedType::kDynamic
                     : shape[0] * shape[1];
  RankedTensorType joined = tensorType(
      type.getElementType(), {sizes[0] * sizes[1], sizes[2]}, {rows, shape[2]});
  return ReshapeOp::create(builder, loc, joined, value);
}

namespace {
/// A carried sum of products a^T b, or of the columns' sums of v, that nothing
/// in the loop reads, as one product of all steps behind the loop.
struct SinkSum : OpRewritePattern<ScanOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ScanOp op,
                                PatternRewriter &rewriter) const override;
};
} // namespace

/// What the carried \p argument adds up at each step, if it does nothing else
/// and \p next is its new value.
static Value findSummand(BlockArgument argument, Value next) {
  auto add = next.getDefiningOp<AddOp>();
  if (!add || !argument.hasOneUse() || !next.hasOneUse() ||
      *argument.getUsers().begin() != add)
    return {};
  Value summand = add.getA() == argument ? add.getB() : add.getA();
  return summand.hasOneUse() ? summand : Value();
}

/// The values of rank 2 that \p summand combines along their first dimension;
/// none if it is no such op.
static SmallVector<Value> findFactors(Value summand) {
  if (auto product = summand.getDefiningOp<MatmulOp>())
    if (product.getType().getRank() == 2 && product.getTransposeA() &&
        !product.getTransposeB())
      return {product.getA(), product.getB()};
  if (auto sum = summand.getDefiningOp<ReduceSumOp>())
    if (typeOf(sum.getX()).getRank() == 2 &&
        sum.getAxes() == ArrayRef<int64_t>{0})
      return {sum.getX()};
  return {};
}

LogicalResult SinkSum::matchAndRewrite(ScanOp op,
                                       PatternRewriter &rewriter) const {
  ScanParts parts = partsOf(op);
  unsigned stacked = op.getNumStacked(), found = 0;
  Value summand;
  SmallVector<Value> factors;
  for (; found < parts.carried.size(); ++found) {
    summand = findSummand(parts.carried[found], parts.next[found]);
    if (summand && !(factors = findFactors(summand)).empty())
      break;
  }
  if (found == parts.carried.size())
    return rewriter.notifyMatchFailure(op, "carries no such sum");

  Operation *add = parts.next[found].getDefiningOp();
  Operation *inner = summand.getDefiningOp();
  Value initial = parts.initial[found];
  parts.initial.erase(parts.initial.begin() + found);
  parts.carried.erase(parts.carried.begin() + found);
  parts.next.erase(parts.next.begin() + found);
  for (Value factor : factors) {
    parts.yields.push_back(factor);
    parts.stackAxes.push_back(1);
  }
  rewriter.eraseOp(op.getNext());
  rewriter.eraseOp(add);
  rewriter.eraseOp(inner);
  ScanOp smaller = createScan(rewriter, parts, op.getBody());
  SmallVector<Value> rows;
  for (unsigned i = 0; i < factors.size(); ++i)
    rows.push_back(
        joinRows(rewriter, op.getLoc(), smaller.getResult(stacked + i)));
  Value total;
  if (rows.size() == 2)
    total = MatmulOp::create(rewriter, op.getLoc(), rows[0], rows[1],
                             /*transpose_a=*/true, /*transpose_b=*/false);
  else
    total = ReduceSumOp::create(rewriter, op.getLoc(), rows[0],
                                ArrayRef<int64_t>{0});
  total = AddOp::create(rewriter, op.getLoc(), initial, total);
  for (unsigned i = 0; i < op.getNumResults(); ++i) {
    if (i == stacked + found)
      rewriter.replaceAllUsesWith(op.getResult(i), total);
    else
      rewriter.replaceAllUsesWith(
          op.getResult(i),
          smaller.getResult(i < stacked           ? i
                            : i < stacked + found ? i + factors.size()
                                                  : i + factors.size() - 1));
  }
  rewriter.eraseOp(op);
  return success();
}

namespace {
/// The product of a slice and an invariant is a slice of the product of the
/// whole source, which is computed before the loop.
struct HoistProduct : OpRewritePattern<ScanOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ScanOp op,
                                PatternRewriter &rewriter) const override;
};
} // namespace

/// Whether \p source holds the values that another scan carries, stored for its
/// gradient: products of theirs are shared with that scan's steps.
static bool isStoredCarry(Value source) {
  auto scan = source.getDefiningOp<ScanOp>();
  if (!scan)
    return false;
  unsigned number = cast<OpResult>(source).getResultNumber();
  return number < scan.getNumStacked() &&
         llvm::is_contained(scan.getCarried(),
                            scan.getNext().getValues()[number]);
}

LogicalResult HoistProduct::matchAndRewrite(ScanOp op,
                                            PatternRewriter &rewriter) const {
  ScanParts parts = partsOf(op);
  MatmulOp found;
  unsigned source = 0, invariant = 0;
  for (auto product : op.getBody().front().getOps<MatmulOp>()) {
    const auto *slice = llvm::find(parts.slices, product.getA());
    const auto *weight = llvm::find(parts.invariantArguments, product.getB());
    if (slice == parts.slices.end() ||
        weight == parts.invariantArguments.end() || product.getTransposeA() ||
        product.getType().getRank() != 2)
      continue;
    source = slice - parts.slices.begin();
    invariant = weight - parts.invariantArguments.begin();
    if (parts.axes[source] != 1 || isStoredCarry(parts.sources[source]))
      continue;
    found = product;
    break;
  }
  if (!found)
    return rewriter.notifyMatchFailure(op, "no product can leave the loop");
  Location loc = found.getLoc();
  Value product = MatmulOp::create(
      rewriter, loc, joinRows(rewriter, loc, parts.sources[source]),
      parts.invariants[invariant], /*transpose_a=*/false,
      found.getTransposeB());
  Value all =
      ReshapeOp::create(rewriter, loc,
                        stackedType(found.getType(), 1,
                                    parts.steps.getSizes()[0], parts.capacity),
                        product);
  Block &block = op.getBody().front();
  BlockArgument slice = block.addArgument(found.getType(), loc);
  parts.sources.push_back(all);
  parts.axes.push_back(1);
  parts.slices.push_back(slice);
  rewriter.replaceAllUsesWith(found.getResult(), slice);
  rewriter.eraseOp(found);
  for (SmallVector<Value> *values : {&parts.yields, &parts.next}) {
    unsigned offset = values == &parts.yields ? 0 : op.getNumStacked();
    for (auto [i, value] : llvm::enumerate(*values))
      value = op.getNext().getValues()[offset + i];
  }
  rewriter.eraseOp(op.getNext());
  ScanOp smaller = createScan(rewriter, parts, op.getBody());
  rewriter.replaceAllUsesWith(op.getResults(), smaller.getResults());
  rewriter.eraseOp(op);
  return success();
}

void nnc::nn::addLoopPatterns(RewritePatternSet &patterns) {
  patterns.add<HoistProduct, SinkSum>(patterns.getContext());
}

//===- ShapePatterns.cpp - Canonical forms of ops that move elements ------===//
//
// Every pattern moves the same elements to the same places.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/PatternMatch.h"
#include "nnc/Dialect/NN/IR/NN.h"

using namespace mlir;
using namespace nnc::nn;

//===----------------------------------------------------------------------===//
// BroadcastOp
//===----------------------------------------------------------------------===//

namespace {
/// A broadcast of a broadcast is one broadcast.
struct MergeBroadcasts : OpRewritePattern<BroadcastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BroadcastOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<BroadcastOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "operand is no broadcast");
    SmallVector<int64_t> places;
    for (int64_t place : inner.getDimensions())
      places.push_back(op.getDimensions()[place]);
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), inner.getX(),
                                             places);
    return success();
  }
};
} // namespace

void BroadcastOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<MergeBroadcasts>(context);
}

//===----------------------------------------------------------------------===//
// ReshapeOp
//===----------------------------------------------------------------------===//

namespace {
/// A repeated scalar has the same elements in any shape.
struct ReshapeOfRepeatedScalar : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto broadcast = op.getX().getDefiningOp<BroadcastOp>();
    if (!broadcast || !broadcast.getDimensions().empty())
      return rewriter.notifyMatchFailure(op, "operand is no repeated scalar");
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), broadcast.getX(),
                                             ArrayRef<int64_t>{});
    return success();
  }
};
} // namespace

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                            MLIRContext *context) {
  patterns.add<ReshapeOfRepeatedScalar>(context);
}

//===----------------------------------------------------------------------===//
// TransposeOp
//===----------------------------------------------------------------------===//

namespace {
/// A transpose that keeps the order of all dimensions but those of size 1 is a
/// reshape.
struct TransposeToReshape : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    SmallVector<AffineExpr> sizes = sizesOf(op.getX());
    int64_t previous = -1;
    for (int64_t place : op.getPermutation()) {
      if (sizes[place] == 1)
        continue;
      if (place < previous)
        return rewriter.notifyMatchFailure(op, "elements move");
      previous = place;
    }
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getX());
    return success();
  }
};

/// A transpose of a broadcast is a broadcast, if the dimensions of what is
/// repeated stay in order.
struct TransposeOfBroadcast : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto broadcast = op.getX().getDefiningOp<BroadcastOp>();
    if (!broadcast)
      return rewriter.notifyMatchFailure(op, "operand is no broadcast");
    SmallVector<int64_t> places;
    for (int64_t dimension : broadcast.getDimensions())
      places.push_back(llvm::find(op.getPermutation(), dimension) -
                       op.getPermutation().begin());
    if (!llvm::is_sorted(places))
      return rewriter.notifyMatchFailure(op, "dimensions change their order");
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), broadcast.getX(),
                                             places);
    return success();
  }
};
} // namespace

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<TransposeToReshape, TransposeOfBroadcast>(context);
}

//===----------------------------------------------------------------------===//
// ConcatOp
//===----------------------------------------------------------------------===//

/// Whether \p second takes up along \p axis where \p first ends, both being
/// slices of one tensor without gaps that agree elsewhere.
static bool areAdjacent(SliceOp first, SliceOp second, int64_t axis) {
  if (!first || !second || first.getX() != second.getX() ||
      llvm::any_of(first.getSteps(), [](int64_t s) { return s != 1; }) ||
      first.getSteps() != second.getSteps())
    return false;
  SmallVector<int64_t> expected(first.getStarts());
  expected[axis] += first.getType().getDimSize(axis);
  return ArrayRef(expected) == second.getStarts();
}

namespace {
/// Parts that are concatenations along the same axis give their own parts,
/// empty parts go, and adjacent slices of one tensor become one slice.
struct SimplifyParts : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op,
                                PatternRewriter &rewriter) const override {
    int64_t axis = op.getAxis();
    SmallVector<Value> parts;
    for (Value part : op.getParts()) {
      auto inner = part.getDefiningOp<ConcatOp>();
      if (inner && (int64_t)inner.getAxis() == axis)
        llvm::append_range(parts, inner.getParts());
      else if (sizesOf(part)[axis] != 0)
        parts.push_back(part);
    }
    if (parts.empty())
      parts.push_back(op.getParts()[0]);
    SmallVector<Value> merged;
    for (Value part : parts) {
      auto slice = part.getDefiningOp<SliceOp>();
      auto previous =
          merged.empty() ? SliceOp() : merged.back().getDefiningOp<SliceOp>();
      if (!areAdjacent(previous, slice, axis)) {
        merged.push_back(part);
        continue;
      }
      SmallVector<AffineExpr> sizes = sizesOf(slice.getType());
      SmallVector<int64_t> shape(slice.getType().getShape());
      shape[axis] += previous.getType().getDimSize(axis);
      sizes[axis] = rewriter.getAffineConstantExpr(shape[axis]);
      merged.back() = SliceOp::create(
          rewriter, slice.getLoc(),
          tensorType(slice.getType().getElementType(), sizes, shape),
          slice.getX(), previous.getStarts(), previous.getSteps());
    }
    if (llvm::equal(merged, op.getParts()))
      return rewriter.notifyMatchFailure(op, "no parts can be joined");
    rewriter.replaceOpWithNewOp<ConcatOp>(op, merged, axis);
    return success();
  }
};
} // namespace

void ConcatOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<SimplifyParts>(context);
}

//===----------------------------------------------------------------------===//
// SliceOp
//===----------------------------------------------------------------------===//

namespace {
/// A slice of a slice is one slice.
struct MergeSlices : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<SliceOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "operand is no slice");
    SmallVector<int64_t> starts(inner.getStarts()), steps(inner.getSteps());
    for (auto [i, count] : llvm::enumerate(op.getType().getShape())) {
      // Where at most one element is taken, the step says nothing.
      bool many = count > 1 || ShapedType::isDynamic(count);
      starts[i] += count == 0 ? 0 : op.getStarts()[i] * steps[i];
      steps[i] = many ? op.getSteps()[i] * steps[i] : 1;
    }
    rewriter.replaceOpWithNewOp<SliceOp>(op, op.getType(), inner.getX(), starts,
                                         steps);
    return success();
  }
};

/// A slice that lies within one part of a concatenation is a slice of the part.
struct SliceOfConcat : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto concat = op.getX().getDefiningOp<ConcatOp>();
    if (!concat)
      return rewriter.notifyMatchFailure(op, "operand is no concatenation");
    int64_t axis = concat.getAxis();
    if (!isa<AffineConstantExpr>(sizesOf(op.getX())[axis]))
      return rewriter.notifyMatchFailure(op, "parts end at named places");
    SmallVector<int64_t> starts(op.getStarts());
    int64_t count = op.getType().getDimSize(axis);
    int64_t covered = count == 0 ? 0 : (count - 1) * op.getSteps()[axis] + 1;
    for (Value part : concat.getParts()) {
      int64_t extent = cast<RankedTensorType>(part.getType()).getDimSize(axis);
      if (starts[axis] < extent) {
        if (starts[axis] + covered > extent)
          return rewriter.notifyMatchFailure(op, "reaches into another part");
        rewriter.replaceOpWithNewOp<SliceOp>(op, op.getType(), part, starts,
                                             op.getSteps());
        return success();
      }
      starts[axis] -= extent;
    }
    return rewriter.notifyMatchFailure(op, "takes nothing");
  }
};

/// A slice that takes back exactly what a pad surrounded is the pad's operand.
struct SliceOfPad : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto pad = op.getX().getDefiningOp<PadOp>();
    if (!pad || pad.getX().getType() != op.getType() ||
        pad.getLow() != op.getStarts())
      return rewriter.notifyMatchFailure(op, "operand is no such pad");
    for (auto [step, gap, size] : llvm::zip_equal(
             op.getSteps(), pad.getInterior(), op.getType().getShape()))
      if (step != gap + 1 && size != 1)
        return rewriter.notifyMatchFailure(op, "steps differ from the gaps");
    rewriter.replaceOp(op, pad.getX());
    return success();
  }
};

/// A slice of a broadcast that takes the dimensions of what is repeated whole
/// is a smaller broadcast.
struct SliceOfBroadcast : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto broadcast = op.getX().getDefiningOp<BroadcastOp>();
    if (!broadcast)
      return rewriter.notifyMatchFailure(op, "operand is no broadcast");
    SmallVector<AffineExpr> sizes = sizesOf(op.getY()),
                            whole = sizesOf(op.getX());
    for (int64_t place : broadcast.getDimensions())
      if (sizes[place] != whole[place])
        return rewriter.notifyMatchFailure(op, "cuts what is repeated");
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), broadcast.getX(),
                                             broadcast.getDimensions());
    return success();
  }
};
} // namespace

void SliceOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                          MLIRContext *context) {
  patterns.add<MergeSlices, SliceOfConcat, SliceOfPad, SliceOfBroadcast>(
      context);
}

//===----------------------------------------------------------------------===//
// PadOp
//===----------------------------------------------------------------------===//

namespace {
/// Margins around margins of the same value are wider margins.
struct MergePads : OpRewritePattern<PadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PadOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<PadOp>();
    auto isZero = [](int64_t gap) { return gap == 0; };
    if (!inner || !llvm::all_of(op.getInterior(), isZero))
      return rewriter.notifyMatchFailure(op, "operand is no pad, or has gaps");
    if (!inner.getValue().bitwiseIsEqual(op.getValue()))
      return rewriter.notifyMatchFailure(op, "the values differ");
    auto sum = [](ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
      return llvm::map_to_vector(llvm::zip_equal(a, b), [](auto pair) {
        return std::get<0>(pair) + std::get<1>(pair);
      });
    };
    rewriter.replaceOpWithNewOp<PadOp>(
        op, inner.getX(), op.getValue(), sum(op.getLow(), inner.getLow()),
        sum(op.getHigh(), inner.getHigh()), inner.getInterior());
    return success();
  }
};
} // namespace

void PadOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                        MLIRContext *context) {
  patterns.add<MergePads>(context);
}

//===- ElementwisePatterns.cpp - Canonical forms of element-wise ops ------===//
//
// Every pattern gives the same bits, zeros with their signs; the sign and the
// payload of a NaN are not kept.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/PatternMatch.h"
#include "nnc/Dialect/NN/IR/NN.h"

using namespace mlir;
using namespace nnc::nn;

/// The operand if \p value is its negation, else null.
static Value negated(Value value) {
  auto neg = value.getDefiningOp<NegOp>();
  return neg ? neg.getX() : Value();
}

static Type elementOf(Value value) {
  return getElementTypeOrSelf(value.getType());
}

//===----------------------------------------------------------------------===//
// AbsOp
//===----------------------------------------------------------------------===//

namespace {
/// |-x| becomes |x|.
struct DropNegationInAbs : OpRewritePattern<AbsOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AbsOp op,
                                PatternRewriter &rewriter) const override {
    Value x = negated(op.getX());
    if (!x)
      return rewriter.notifyMatchFailure(op, "operand is no negation");
    rewriter.replaceOpWithNewOp<AbsOp>(op, x);
    return success();
  }
};
} // namespace

void AbsOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                        MLIRContext *context) {
  patterns.add<DropNegationInAbs>(context);
}

//===----------------------------------------------------------------------===//
// AddOp
//===----------------------------------------------------------------------===//

namespace {
/// a + -b and -b + a become a - b.
struct AddOfNegation : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AddOp op,
                                PatternRewriter &rewriter) const override {
    if (Value b = negated(op.getB()))
      rewriter.replaceOpWithNewOp<SubOp>(op, op.getA(), b);
    else if (Value a = negated(op.getA()))
      rewriter.replaceOpWithNewOp<SubOp>(op, op.getB(), a);
    else
      return rewriter.notifyMatchFailure(op, "no operand is a negation");
    return success();
  }
};

/// Two neighbours along an axis, each padded with zeros where the other
/// stands, are side by side: the gradient of what was cut in parts.
struct AddOfNeighbours : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AddOp op,
                                PatternRewriter &rewriter) const override;
};
} // namespace

/// The only axis along which \p pad, of zeros and without gaps, adds margins.
static std::optional<int64_t> paddedAxis(PadOp pad) {
  if (!pad || !pad.getValue().isZero() || !pad->hasOneUse())
    return std::nullopt;
  std::optional<int64_t> axis;
  for (int64_t i = 0; i < pad.getType().getRank(); ++i) {
    if (pad.getInterior()[i] != 0)
      return std::nullopt;
    if (pad.getLow()[i] == 0 && pad.getHigh()[i] == 0)
      continue;
    if (axis)
      return std::nullopt;
    axis = i;
  }
  return axis;
}

LogicalResult
AddOfNeighbours::matchAndRewrite(AddOp op, PatternRewriter &rewriter) const {
  auto first = op.getA().getDefiningOp<PadOp>(),
       second = op.getB().getDefiningOp<PadOp>();
  std::optional<int64_t> axis = paddedAxis(first);
  if (!axis || paddedAxis(second) != axis)
    return rewriter.notifyMatchFailure(op, "operands are no such pads");
  auto end = [&](PadOp pad) {
    return pad.getType().getDimSize(*axis) - pad.getHigh()[*axis];
  };
  if (end(second) == first.getLow()[*axis])
    std::swap(first, second);
  if (end(first) != second.getLow()[*axis])
    return rewriter.notifyMatchFailure(op, "operands are no neighbours");
  SmallVector<int64_t> low(first.getLow()), high(second.getHigh()),
      interior(low.size(), 0);
  Value both = ConcatOp::create(rewriter, op.getLoc(),
                                ValueRange{first.getX(), second.getX()}, *axis);
  if (low[*axis] == 0 && high[*axis] == 0)
    rewriter.replaceOp(op, both);
  else
    rewriter.replaceOpWithNewOp<PadOp>(op, both, first.getValue(), low, high,
                                       interior);
  return success();
}

void AddOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                        MLIRContext *context) {
  patterns.add<AddOfNegation, AddOfNeighbours>(context);
}

//===----------------------------------------------------------------------===//
// SubOp
//===----------------------------------------------------------------------===//

namespace {
/// a - -b becomes a + b, and -0.0 - b becomes -b (0.0 - b does not: it gives
/// 0.0 for b = 0.0).
struct SubOfNegation : OpRewritePattern<SubOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SubOp op,
                                PatternRewriter &rewriter) const override {
    if (Value b = negated(op.getB()))
      rewriter.replaceOpWithNewOp<AddOp>(op, op.getA(), b);
    else if (isa<FloatType>(elementOf(op)) && isFilledWith(op.getA(), -0.0))
      rewriter.replaceOpWithNewOp<NegOp>(op, op.getB());
    else
      return rewriter.notifyMatchFailure(op, "nothing is negated");
    return success();
  }
};
} // namespace

void SubOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                        MLIRContext *context) {
  patterns.add<SubOfNegation>(context);
}

//===----------------------------------------------------------------------===//
// MulOp and DivOp
//===----------------------------------------------------------------------===//

namespace {
/// x * -1 and x / -1 become -x; the signs of -a * -b and -a / -b cancel.
template <typename Op> struct SimplifySigns : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!isa<FloatType>(elementOf(op)))
      return rewriter.notifyMatchFailure(op, "integers have no negation");
    Value a = negated(op.getA()), b = negated(op.getB());
    if (a && b)
      rewriter.replaceOpWithNewOp<Op>(op, a, b);
    else if (isFilledWith(op.getB(), -1.0))
      rewriter.replaceOpWithNewOp<NegOp>(op, op.getA());
    else if (std::is_same_v<Op, MulOp> && isFilledWith(op.getA(), -1.0))
      rewriter.replaceOpWithNewOp<NegOp>(op, op.getB());
    else
      return rewriter.notifyMatchFailure(op, "the signs do not cancel");
    return success();
  }
};
} // namespace

void MulOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                        MLIRContext *context) {
  patterns.add<SimplifySigns<MulOp>>(context);
}

void DivOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                        MLIRContext *context) {
  patterns.add<SimplifySigns<DivOp>>(context);
}

//===----------------------------------------------------------------------===//
// PowOp
//===----------------------------------------------------------------------===//

namespace {
/// x^2 becomes x * x, x^1 becomes x, and x^0 becomes 1 (of NaN too).
struct SimplifyPower : OpRewritePattern<PowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PowOp op,
                                PatternRewriter &rewriter) const override {
    if (isFilledWith(op.getB(), 1.0)) {
      rewriter.replaceOp(op, op.getA());
      return success();
    }
    if (isFilledWith(op.getB(), 2.0)) {
      rewriter.replaceOpWithNewOp<MulOp>(op, op.getA(), op.getA());
      return success();
    }
    if (isFilledWith(op.getB(), 0.0) || isFilledWith(op.getB(), -0.0)) {
      rewriter.replaceOp(op,
                         createFull(rewriter, op.getLoc(), op.getType(), 1.0));
      return success();
    }
    return rewriter.notifyMatchFailure(op, "exponent is none of 0, 1, 2");
  }
};
} // namespace

void PowOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                        MLIRContext *context) {
  patterns.add<SimplifyPower>(context);
}

//===----------------------------------------------------------------------===//
// NotOp
//===----------------------------------------------------------------------===//

/// The predicate that holds exactly where \p predicate does not: of any numbers
/// for eq and ne, of numbers without NaN for all.
static ComparePredicate opposite(ComparePredicate predicate) {
  switch (predicate) {
  case ComparePredicate::eq:
    return ComparePredicate::ne;
  case ComparePredicate::ne:
    return ComparePredicate::eq;
  case ComparePredicate::lt:
    return ComparePredicate::ge;
  case ComparePredicate::le:
    return ComparePredicate::gt;
  case ComparePredicate::gt:
    return ComparePredicate::le;
  case ComparePredicate::ge:
    return ComparePredicate::lt;
  }
  llvm_unreachable("all predicates are handled");
}

namespace {
/// not (a < b) becomes a >= b, for integers; not (a == b) for all numbers.
struct NotOfComparison : OpRewritePattern<NotOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(NotOp op,
                                PatternRewriter &rewriter) const override {
    auto compare = op.getX().getDefiningOp<CompareOp>();
    if (!compare)
      return rewriter.notifyMatchFailure(op, "operand is no comparison");
    ComparePredicate predicate = compare.getPredicate();
    if (isa<FloatType>(elementOf(compare.getA())) &&
        predicate != ComparePredicate::eq && predicate != ComparePredicate::ne)
      return rewriter.notifyMatchFailure(op, "false for NaN either way");
    rewriter.replaceOpWithNewOp<CompareOp>(op, opposite(predicate),
                                           compare.getA(), compare.getB());
    return success();
  }
};
} // namespace

void NotOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                        MLIRContext *context) {
  patterns.add<NotOfComparison>(context);
}

//===----------------------------------------------------------------------===//
// SelectOp
//===----------------------------------------------------------------------===//

namespace {
/// select(not c, a, b) becomes select(c, b, a), and a choice by the same
/// condition inside a choice is made.
struct SimplifyCondition : OpRewritePattern<SelectOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SelectOp op,
                                PatternRewriter &rewriter) const override {
    Value condition = op.getCondition(), a = op.getA(), b = op.getB();
    if (auto inner = condition.getDefiningOp<NotOp>()) {
      condition = inner.getX();
      std::swap(a, b);
    }
    if (auto inner = a.getDefiningOp<SelectOp>();
        inner && inner.getCondition() == condition)
      a = inner.getA();
    if (auto inner = b.getDefiningOp<SelectOp>();
        inner && inner.getCondition() == condition)
      b = inner.getB();
    if (condition == op.getCondition() && a == op.getA() && b == op.getB())
      return rewriter.notifyMatchFailure(op, "the condition is used once");
    rewriter.replaceOpWithNewOp<SelectOp>(op, op.getType(), condition, a, b);
    return success();
  }
};
} // namespace

void SelectOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<SimplifyCondition>(context);
}

//===----------------------------------------------------------------------===//
// CastOp
//===----------------------------------------------------------------------===//

/// Whether each value of type \p from is one of type \p to.
static bool isExactConversion(Type from, Type to) {
  if (from == to)
    return true;
  auto fromFloat = dyn_cast<FloatType>(from), toFloat = dyn_cast<FloatType>(to);
  if (fromFloat && toFloat)
    return fromFloat.getFPMantissaWidth() <= toFloat.getFPMantissaWidth() &&
           fromFloat.getWidth() < toFloat.getWidth();
  if (fromFloat)
    return false;
  // One bit of an integer is its sign; a boolean is 0 or 1.
  unsigned width = from.getIntOrFloatBitWidth();
  if (toFloat)
    return width == 1 || width - 1 <= toFloat.getFPMantissaWidth();
  return to.getIntOrFloatBitWidth() > width;
}

namespace {
/// A cast of an exact cast is one cast.
struct MergeCasts : OpRewritePattern<CastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(CastOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<CastOp>();
    if (!inner || !isExactConversion(elementOf(inner.getX()), elementOf(inner)))
      return rewriter.notifyMatchFailure(op, "operand is no exact cast");
    rewriter.replaceOpWithNewOp<CastOp>(op, op.getType(), inner.getX());
    return success();
  }
};
} // namespace

void CastOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *context) {
  patterns.add<MergeCasts>(context);
}

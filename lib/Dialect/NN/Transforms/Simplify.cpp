//===- Simplify.cpp - Canonical forms of graphs ---------------------------===//

#include "mlir/IR/Dominance.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "nnc/Dialect/NN/Transforms/Passes.h"

namespace nnc::nn {
#define GEN_PASS_DEF_SIMPLIFYPASS
#include "nnc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace nnc::nn

using namespace mlir;
using namespace nnc::nn;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

//===----------------------------------------------------------------------===//
// Element-wise ops before repetition
//===----------------------------------------------------------------------===//

namespace {
/// f(broadcast a, broadcast b) becomes broadcast f(a, b): fewer elements are
/// computed, all of the same bits. The dimensions of one operand hold those of
/// all others.
struct ComputeBeforeBroadcast
    : OpInterfaceRewritePattern<ScalarBodyOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(ScalarBodyOpInterface op,
                                PatternRewriter &rewriter) const override {
    BroadcastOp widest;
    for (Value operand : op->getOperands()) {
      auto broadcast = operand.getDefiningOp<BroadcastOp>();
      if (!broadcast)
        return rewriter.notifyMatchFailure(op, "an operand is not repeated");
      if (!widest ||
          broadcast.getDimensions().size() > widest.getDimensions().size())
        widest = broadcast;
    }
    if (!widest)
      return rewriter.notifyMatchFailure(op, "there is no operand");
    ArrayRef<int64_t> places = widest.getDimensions();
    for (Value operand : op->getOperands())
      if (!llvm::all_of(
              operand.getDefiningOp<BroadcastOp>().getDimensions(),
              [&](int64_t d) { return llvm::is_contained(places, d); }))
        return rewriter.notifyMatchFailure(op, "repeated along different axes");

    IRMapping mapping;
    for (Value operand : op->getOperands())
      mapping.map(operand, narrow(operand.getDefiningOp<BroadcastOp>(), widest,
                                  rewriter));
    Operation *narrowOp = rewriter.clone(*op, mapping);
    auto type = typeOf(op->getResult(0));
    narrowOp->getResult(0).setType(
        withElementType(typeOf(widest.getX()), type.getElementType()));
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, type, narrowOp->getResult(0),
                                             places);
    return success();
  }

  /// What \p operand repeats, repeated to the shape of what \p widest repeats.
  static Value narrow(BroadcastOp operand, BroadcastOp widest,
                      PatternRewriter &rewriter) {
    if (operand.getDimensions() == widest.getDimensions())
      return operand.getX();
    SmallVector<int64_t> places;
    for (int64_t dimension : operand.getDimensions())
      places.push_back(llvm::find(widest.getDimensions(), dimension) -
                       widest.getDimensions().begin());
    auto type = withElementType(typeOf(widest.getX()),
                                typeOf(operand.getX()).getElementType());
    return BroadcastOp::create(rewriter, operand.getLoc(), type, operand.getX(),
                               places);
  }
};

//===----------------------------------------------------------------------===//
// Reductions before repetition
//===----------------------------------------------------------------------===//

/// A reduction of a broadcast along none of the repeated dimensions is a
/// broadcast of the reduction. A maximum or minimum may also run along repeated
/// dimensions, if they are not empty: equal elements have themselves as
/// extreme.
template <typename Op> struct ReduceBeforeBroadcast : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  static constexpr bool isIdempotent =
      std::is_same_v<Op, ReduceMaxOp> || std::is_same_v<Op, ReduceMinOp>;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    auto broadcast = op.getX().template getDefiningOp<BroadcastOp>();
    if (!broadcast)
      return rewriter.notifyMatchFailure(op, "operand is no broadcast");
    SmallVector<int64_t> innerAxes, places;
    ArrayRef<int64_t> dimensions = broadcast.getDimensions();
    auto type = typeOf(op.getX());
    for (int64_t axis : op.getAxes()) {
      const int64_t *it = llvm::find(dimensions, axis);
      if (it != dimensions.end())
        innerAxes.push_back(it - dimensions.begin());
      else if (!isIdempotent || ShapedType::isDynamic(type.getDimSize(axis)) ||
               type.getDimSize(axis) == 0)
        return rewriter.notifyMatchFailure(op, "combines repeated elements");
    }
    for (int64_t place : dimensions)
      if (!llvm::is_contained(op.getAxes(), place))
        places.push_back(
            place - llvm::count_if(op.getAxes(),
                                   [&](int64_t axis) { return axis < place; }));
    Value reduced =
        Op::create(rewriter, op.getLoc(), broadcast.getX(), innerAxes);
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), reduced, places);
    return success();
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Ops before axes are cut
//===----------------------------------------------------------------------===//

namespace {
/// A reshape that only cuts axes: an axis of its operand is the product of
/// adjacent axes of its result, whose other axes have the size 1.
class CutAxes {
public:
  static std::optional<CutAxes> of(ReshapeOp op) {
    CutAxes cut;
    cut.source = typeOf(op.getX());
    RankedTensorType result = op.getType();
    if (!cut.source.hasStaticShape() || !result.hasStaticShape() ||
        cut.source.getRank() == 0 || cut.source.getRank() >= result.getRank() ||
        result.getNumElements() == 0)
      return std::nullopt;
    int64_t place = 0;
    for (int64_t axis = 0; axis < cut.source.getRank(); ++axis) {
      int64_t count = 1;
      AffineExpr extent = getAffineConstantExpr(1, op.getContext());
      for (; count < cut.source.getDimSize(axis) && place < result.getRank();
           ++place) {
        count *= result.getDimSize(place);
        extent = extent * extentOf(result, place);
        cut.axes.push_back(result.getDimSize(place) == 1 ? -1 : axis);
      }
      if (count != cut.source.getDimSize(axis) ||
          extent != extentOf(cut.source, axis))
        return std::nullopt;
    }
    for (; place < result.getRank(); ++place)
      if (cut.axes.push_back(-1); result.getDimSize(place) != 1)
        return std::nullopt;
    return cut;
  }

  /// The axes of the operand that make up \p axes of the result, if these hold
  /// each of them whole.
  std::optional<SmallVector<int64_t>> whole(ArrayRef<int64_t> places) const {
    SmallVector<int64_t> found;
    for (int64_t axis = 0; axis < source.getRank(); ++axis) {
      int64_t parts = llvm::count(axes, axis);
      int64_t held = llvm::count_if(
          places, [&](int64_t place) { return axes[place] == axis; });
      if (held != 0 && held != parts)
        return std::nullopt;
      if (held != 0)
        found.push_back(axis);
    }
    return found;
  }

  /// A tensor of the axes \p kept of the operand.
  RankedTensorType partOf(ArrayRef<int64_t> kept, Type element) const {
    SmallVector<AffineExpr> extents;
    SmallVector<int64_t> capacities;
    for (int64_t axis : kept) {
      extents.push_back(extentOf(source, axis));
      capacities.push_back(source.getDimSize(axis));
    }
    return tensorType(element, extents, capacities);
  }

  RankedTensorType source;

private:
  static AffineExpr extentOf(RankedTensorType type, int64_t axis) {
    if (auto dims = dyn_cast_or_null<DimsAttr>(type.getEncoding()))
      return dims.getSizes()[axis];
    return getAffineConstantExpr(type.getDimSize(axis), type.getContext());
  }

  /// For each axis of the result the operand's axis it is a part of, or -1.
  SmallVector<int64_t> axes;
};

/// f(reshape a, reshape b) becomes reshape f(a, b) if the reshape cuts axes, so
/// that what follows a product of rows stays with it. Repeated operands are
/// repeated to the shape of a.
struct ComputeBeforeCut : OpInterfaceRewritePattern<ScalarBodyOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(ScalarBodyOpInterface op,
                                PatternRewriter &rewriter) const override {
    std::optional<CutAxes> cut;
    for (Value operand : op->getOperands())
      if (auto reshape = operand.getDefiningOp<ReshapeOp>(); reshape && !cut)
        cut = CutAxes::of(reshape);
    if (!cut)
      return rewriter.notifyMatchFailure(op, "no operand has its axes cut");
    for (Value operand : op->getOperands())
      if (!canJoin(operand, *cut))
        return rewriter.notifyMatchFailure(op, "an operand has other axes");
    IRMapping mapping;
    for (Value operand : op->getOperands())
      if (!mapping.contains(operand))
        mapping.map(operand, joined(operand, *cut, rewriter));
    Operation *wide = rewriter.clone(*op, mapping);
    auto type = typeOf(op->getResult(0));
    wide->getResult(0).setType(
        withElementType(cut->source, type.getElementType()));
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, type, wide->getResult(0));
    return success();
  }

private:
  static RankedTensorType joinedType(Value operand, const CutAxes &cut) {
    return withElementType(cut.source, typeOf(operand).getElementType());
  }

  static bool canJoin(Value operand, const CutAxes &cut) {
    if (auto reshape = operand.getDefiningOp<ReshapeOp>();
        reshape && reshape.getX().getType() == joinedType(operand, cut))
      return true;
    if (auto broadcast = operand.getDefiningOp<BroadcastOp>())
      return cut.whole(broadcast.getDimensions()).has_value();
    // It is in memory, and its other shape costs nothing.
    return isa<BlockArgument>(operand) ||
           llvm::any_of(operand.getUsers(), [&](Operation *user) {
             return isa<ReshapeOp>(user) &&
                    user->getResult(0).getType() == joinedType(operand, cut);
           });
  }

  static Value joined(Value operand, const CutAxes &cut,
                      PatternRewriter &rewriter) {
    RankedTensorType type = joinedType(operand, cut);
    auto reshape = operand.getDefiningOp<ReshapeOp>();
    if (reshape && reshape.getX().getType() == type)
      return reshape.getX();
    auto broadcast = operand.getDefiningOp<BroadcastOp>();
    if (!broadcast)
      return ReshapeOp::create(rewriter, operand.getLoc(), type, operand);
    SmallVector<int64_t> places = *cut.whole(broadcast.getDimensions());
    RankedTensorType repeated = cut.partOf(places, type.getElementType());
    Value x = broadcast.getX();
    if (x.getType() != repeated)
      x = ReshapeOp::create(rewriter, operand.getLoc(), repeated, x);
    return BroadcastOp::create(rewriter, operand.getLoc(), type, x, places);
  }
};

/// A reduction of a reshape that cuts axes, along whole axes of its operand, is
/// a reshape of the reduction.
template <typename Op> struct ReduceBeforeCut : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    auto reshape = op.getX().template getDefiningOp<ReshapeOp>();
    std::optional<CutAxes> cut;
    if (reshape)
      cut = CutAxes::of(reshape);
    if (!cut)
      return rewriter.notifyMatchFailure(op, "the operand's axes are not cut");
    std::optional<SmallVector<int64_t>> axes = cut->whole(op.getAxes());
    if (!axes || axes->empty())
      return rewriter.notifyMatchFailure(op, "runs along a part of an axis");
    Value reduced = Op::create(rewriter, op.getLoc(), reshape.getX(), *axes);
    if (reduced.getType() == op.getType())
      rewriter.replaceOp(op, reduced);
    else
      rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), reduced);
    return success();
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Ops before images are unpooled
//===----------------------------------------------------------------------===//

/// The pool that \p unpool undoes: of images of the same sizes.
static MaxPool2dOp poolOf(MaxUnpool2dOp unpool) {
  auto pool = unpool.getIndex().getDefiningOp<MaxPool2dOp>();
  return pool && sizesOf(typeOf(pool.getX())) == sizesOf(unpool.getType())
             ? pool
             : nullptr;
}

namespace {
/// select(a < scalar, unpool(x, index), 0) becomes unpool(select(y < scalar, x,
/// 0), index) if (y, index) = max_pool(a): where the index points, a is y.
/// Fewer elements are chosen, and a need not be kept. Any comparison will do.
struct SelectBeforeUnpool : OpRewritePattern<SelectOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SelectOp op,
                                PatternRewriter &rewriter) const override {
    auto unpool = op.getA().getDefiningOp<MaxUnpool2dOp>();
    if (!unpool || !unpool->hasOneUse() || !isZero(op.getB()))
      return rewriter.notifyMatchFailure(op, "no unpooled images or zeros");
    auto compare = op.getCondition().getDefiningOp<CompareOp>();
    MaxPool2dOp pool = poolOf(unpool);
    if (!compare || !pool || compare.getA() != pool.getX())
      return rewriter.notifyMatchFailure(op, "not by what was pooled");
    auto limit = compare.getB().getDefiningOp<BroadcastOp>();
    if (!limit || !limit.getDimensions().empty())
      return rewriter.notifyMatchFailure(op, "compared with several numbers");
    // In the shape that x comes in, so that this stays with what gives it.
    Value x = unpool.getX(), y = pool.getY();
    auto reshape = x.getDefiningOp<ReshapeOp>();
    if (reshape) {
      x = reshape.getX();
      y = ReshapeOp::create(rewriter, op.getLoc(), typeOf(x), y);
    }
    auto repeat = [&](Value value) -> Value {
      auto broadcast = value.getDefiningOp<BroadcastOp>();
      return BroadcastOp::create(rewriter, value.getLoc(), typeOf(x),
                                 broadcast.getX(), ArrayRef<int64_t>());
    };
    Value condition =
        CompareOp::create(rewriter, compare.getLoc(), compare.getPredicate(), y,
                          repeat(compare.getB()));
    Value chosen = SelectOp::create(rewriter, op.getLoc(), typeOf(x), condition,
                                    x, repeat(op.getB()));
    if (reshape)
      chosen =
          ReshapeOp::create(rewriter, op.getLoc(), reshape.getType(), chosen);
    rewriter.replaceOpWithNewOp<MaxUnpool2dOp>(
        op, op.getType(), chosen, unpool.getIndex(), unpool.getSize());
    return success();
  }

  static bool isZero(Value value) {
    auto broadcast = value.getDefiningOp<BroadcastOp>();
    return broadcast && broadcast.getDimensions().empty() &&
           matchPattern(broadcast.getX(), m_PosZeroFloat());
  }
};

/// The sum of whole unpooled images is that of what is put into them.
struct SumBeforeUnpool : OpRewritePattern<ReduceSumOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceSumOp op,
                                PatternRewriter &rewriter) const override {
    auto unpool = op.getX().getDefiningOp<MaxUnpool2dOp>();
    if (!unpool || !llvm::is_contained(op.getAxes(), 2) ||
        !llvm::is_contained(op.getAxes(), 3))
      return rewriter.notifyMatchFailure(op, "not of whole unpooled images");
    rewriter.replaceOpWithNewOp<ReduceSumOp>(op, unpool.getX(), op.getAxes());
    return success();
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct SimplifyPass : nnc::nn::impl::SimplifyPassBase<SimplifyPass> {
  using SimplifyPassBase::SimplifyPassBase;

  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet set(context);
    for (RegisteredOperationName name : context->getRegisteredOperations())
      if (isa<NNDialect>(name.getDialect()))
        name.getCanonicalizationPatterns(set, context);
    set.add<ComputeBeforeBroadcast, ReduceBeforeBroadcast<ReduceSumOp>,
            ReduceBeforeBroadcast<ReduceProdOp>,
            ReduceBeforeBroadcast<ReduceMaxOp>,
            ReduceBeforeBroadcast<ReduceMinOp>, ComputeBeforeCut,
            ReduceBeforeCut<ReduceSumOp>, ReduceBeforeCut<ReduceProdOp>,
            ReduceBeforeCut<ReduceMaxOp>, ReduceBeforeCut<ReduceMinOp>,
            SelectBeforeUnpool, SumBeforeUnpool>(context);
    patterns = FrozenRewritePatternSet(std::move(set));
    return success();
  }

  void runOnOperation() override {
    GreedyRewriteConfig config;
    config.setUseTopDownTraversal();
    bool changed = true;
    while (changed) {
      if (failed(applyPatternsGreedily(getOperation(), patterns, config))) {
        getOperation().emitOpError("does not reach a canonical form");
        return signalPassFailure();
      }
      // Equal ops that become one may give a pattern its chance.
      IRRewriter rewriter(&getContext());
      DominanceInfo dominance(getOperation());
      eliminateCommonSubExpressions(rewriter, dominance, getOperation(),
                                    &changed);
    }
  }

  FrozenRewritePatternSet patterns;
};
} // namespace

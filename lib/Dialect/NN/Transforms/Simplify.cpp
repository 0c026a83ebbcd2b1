//===- Simplify.cpp - Canonical forms of graphs ---------------------------===//

#include "mlir/IR/Dominance.h"
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
            ReduceBeforeBroadcast<ReduceMinOp>>(context);
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

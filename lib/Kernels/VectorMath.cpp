//===- VectorMath.cpp - Elementary functions from arith ops ---------------===//

#include "nnc/Kernels/VectorMath.h"
#include "MathExpr.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include <limits>

using namespace mlir;
using nnc::vectormath::Expr;
namespace fn = nnc::vectormath;

namespace {

/// Replaces an op of f32 or f64 by what \p Function emits.
template <typename OpTy, typename Function>
class Expand : public OpRewritePattern<OpTy> {
public:
  Expand(MLIRContext *context, Function function)
      : OpRewritePattern<OpTy>(context), function(function) {}

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    Type element = getElementTypeOrSelf(op->getOperand(0).getType());
    if (!element.isF32() && !element.isF64())
      return rewriter.notifyMatchFailure(op, "neither f32 nor f64");
    SmallVector<Expr, 3> operands;
    for (Value operand : op->getOperands())
      operands.emplace_back(rewriter, op.getLoc(), operand);
    rewriter.replaceOp(op, function(operands));
    return success();
  }

private:
  Function function;
};

/// Whether all that reads \p value adds 1 to it.
bool isAddedToOne(Value value) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    auto sum = dyn_cast<arith::AddFOp>(user);
    if (!sum)
      return false;
    Value other = sum.getLhs() == value ? sum.getRhs() : sum.getLhs();
    return matchPattern(other, m_OneFloat());
  });
}

/// Replaces e^x, shorter where the result is added to 1.
struct ExpandExp : OpRewritePattern<math::ExpOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::ExpOp op,
                                PatternRewriter &rewriter) const override {
    Type element = getElementTypeOrSelf(op.getType());
    if (!element.isF32() && !element.isF64())
      return rewriter.notifyMatchFailure(op, "neither f32 nor f64");
    Expr x(rewriter, op.getLoc(), op.getOperand());
    Expr result =
        isAddedToOne(op.getResult()) ? fn::expBesideOne(x) : fn::exp(x);
    rewriter.replaceOp(op, result.value);
    return success();
  }
};

/// Evaluates \p function on f64 and rounds back for f32.
template <typename Function>
SmallVector<Value> inDouble(ArrayRef<Expr> operands, Function function) {
  if (operands[0].isDouble())
    return {function(operands).value};
  SmallVector<Expr, 3> wide;
  for (const Expr &operand : operands)
    wide.push_back(operand.toDouble());
  return {function(wide).toSingle().value};
}

} // namespace

void nnc::populateVectorMathPatterns(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  auto add = [&]<typename OpTy>(auto function) {
    patterns.add(
        std::make_unique<Expand<OpTy, decltype(function)>>(context, function));
  };
  // Functions of one operand, evaluated in its type.
  auto unary = [&]<typename OpTy>(Expr (*function)(Expr)) {
    add.template operator()<OpTy>([function](ArrayRef<Expr> x) {
      return SmallVector<Value>{function(x[0]).value};
    });
  };
  patterns.add<ExpandExp>(context);
  unary.operator()<math::ExpM1Op>(fn::expm1);
  unary.operator()<math::TanhOp>(fn::tanh);
  unary.operator()<math::LogOp>(fn::log);
  unary.operator()<math::Log1pOp>(fn::log1p);
  unary.operator()<math::ErfOp>(fn::erf);

  // Functions that f64 serves for both types.
  auto unaryInDouble = [&]<typename OpTy>(Expr (*function)(Expr)) {
    add.template operator()<OpTy>([function](ArrayRef<Expr> x) {
      return inDouble(x, [&](ArrayRef<Expr> x) { return function(x[0]); });
    });
  };
  unaryInDouble.operator()<math::Exp2Op>(fn::exp2);
  unaryInDouble.operator()<math::SinhOp>(fn::sinh);
  unaryInDouble.operator()<math::CoshOp>(fn::cosh);
  unaryInDouble.operator()<math::Log2Op>(fn::log2);
  unaryInDouble.operator()<math::Log10Op>(fn::log10);
  unaryInDouble.operator()<math::AsinhOp>(fn::asinh);
  unaryInDouble.operator()<math::AcoshOp>(fn::acosh);
  unaryInDouble.operator()<math::AtanhOp>(fn::atanh);
  unaryInDouble.operator()<math::CbrtOp>(fn::cbrtDouble);
  unaryInDouble.operator()<math::ErfcOp>(fn::erfcDouble);
  unaryInDouble.operator()<math::SinOp>(fn::sinDouble);
  unaryInDouble.operator()<math::CosOp>(fn::cosDouble);
  unaryInDouble.operator()<math::TanOp>(fn::tanDouble);
  unaryInDouble.operator()<math::AtanOp>(fn::atanDouble);
  unaryInDouble.operator()<math::AsinOp>(fn::asinDouble);
  unaryInDouble.operator()<math::AcosOp>(fn::acosDouble);

  auto binaryInDouble = [&]<typename OpTy>(Expr (*function)(Expr, Expr)) {
    add.template operator()<OpTy>([function](ArrayRef<Expr> x) {
      return inDouble(x,
                      [&](ArrayRef<Expr> x) { return function(x[0], x[1]); });
    });
  };
  binaryInDouble.operator()<math::Atan2Op>(fn::atan2Double);
  binaryInDouble.operator()<math::PowFOp>(fn::powDouble);
  binaryInDouble.operator()<arith::RemFOp>(fn::remainderDouble);

  // Those that are a few instructions.
  add.operator()<math::RsqrtOp>([](ArrayRef<Expr> x) {
    return SmallVector<Value>{(1.0 / fn::sqrt(x[0])).value};
  });
  add.operator()<math::RoundOp>([](ArrayRef<Expr> x) {
    // The largest number below 1/2, so that no sum is rounded up to a half.
    double half = x[0].isDouble() ? 0x1.fffffffffffffp-2 : 0x1.fffffep-2;
    Expr shift = fn::copySign(x[0].constant(half), x[0]);
    return SmallVector<Value>{fn::trunc(x[0] + shift).value};
  });
  add.operator()<math::ClampFOp>([](ArrayRef<Expr> x) {
    Expr low = select(x[0] < x[1], x[1], x[0]);
    return SmallVector<Value>{select(low > x[2], x[2], low).value};
  });
  add.operator()<math::IsInfOp>([](ArrayRef<Expr> x) {
    double infinity = std::numeric_limits<double>::infinity();
    return SmallVector<Value>{(fn::abs(x[0]) == infinity).value};
  });
  add.operator()<math::IsNaNOp>([](ArrayRef<Expr> x) {
    return SmallVector<Value>{fn::isNaN(x[0]).value};
  });
  add.operator()<math::IsFiniteOp>([](ArrayRef<Expr> x) {
    double infinity = std::numeric_limits<double>::infinity();
    return SmallVector<Value>{(fn::abs(x[0]) < infinity).value};
  });
  add.operator()<math::SincosOp>([](ArrayRef<Expr> x) {
    return SmallVector<Value>{
        inDouble(x, [](ArrayRef<Expr> x) { return fn::sinDouble(x[0]); })[0],
        inDouble(x, [](ArrayRef<Expr> x) { return fn::cosDouble(x[0]); })[0]};
  });
  add.operator()<math::FPowIOp>([](ArrayRef<Expr> x) {
    Expr base = x[0].isDouble() ? x[0] : x[0].toDouble();
    Expr exponent = base.with(arith::SIToFPOp::create(*base.builder, base.loc,
                                                      base.type(), x[1].value));
    Expr power = fn::powDouble(base, exponent);
    return SmallVector<Value>{
        (x[0].isDouble() ? power : power.toSingle()).value};
  });
}

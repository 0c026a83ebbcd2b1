//===- ScalarExpr.cpp - Scalar bodies as expressions ----------------------===//

#include "nnc/Dialect/NN/IR/ScalarExpr.h"
#include "nnc/Dialect/NN/IR/NN.h"

using namespace mlir;
using namespace nnc::nn;

static Type elementOf(Value value) {
  return getElementTypeOrSelf(value.getType());
}
static bool isFloat(Value value) { return isa<FloatType>(elementOf(value)); }

static Value constantOf(OpBuilder &builder, Location loc, Type type,
                        double number) {
  Type element = getElementTypeOrSelf(type);
  TypedAttr attribute;
  if (isa<FloatType>(element))
    attribute = builder.getFloatAttr(element, number);
  else
    attribute = builder.getIntegerAttr(element, (int64_t)number);
  if (auto shaped = dyn_cast<ShapedType>(type))
    attribute = DenseElementsAttr::get(shaped, attribute);
  return arith::ConstantOp::create(builder, loc, attribute);
}

ScalarExpr ScalarExpr::constant(double number) const {
  return {*builder, loc, constantOf(*builder, loc, value.getType(), number)};
}

template <typename Op> static ScalarExpr unary(ScalarExpr x) {
  return {*x.builder, x.loc, Op::create(*x.builder, x.loc, x.value)};
}
template <typename Op> static ScalarExpr binary(ScalarExpr a, ScalarExpr b) {
  return {*a.builder, a.loc, Op::create(*a.builder, a.loc, a.value, b.value)};
}
template <typename FloatOp, typename IntegerOp>
static ScalarExpr binary(ScalarExpr a, ScalarExpr b) {
  return isFloat(a) ? binary<FloatOp>(a, b) : binary<IntegerOp>(a, b);
}

namespace nnc::nn {

ScalarExpr operator-(ScalarExpr x) {
  return isFloat(x) ? unary<arith::NegFOp>(x) : x.constant(0.0) - x;
}
ScalarExpr operator!(ScalarExpr x) {
  return binary<arith::XOrIOp>(x, x.constant(1.0));
}
ScalarExpr operator+(ScalarExpr a, ScalarExpr b) {
  return binary<arith::AddFOp, arith::AddIOp>(a, b);
}
ScalarExpr operator-(ScalarExpr a, ScalarExpr b) {
  return binary<arith::SubFOp, arith::SubIOp>(a, b);
}
ScalarExpr operator*(ScalarExpr a, ScalarExpr b) {
  return binary<arith::MulFOp, arith::MulIOp>(a, b);
}
ScalarExpr operator/(ScalarExpr a, ScalarExpr b) {
  return binary<arith::DivFOp>(a, b);
}
ScalarExpr operator&(ScalarExpr a, ScalarExpr b) {
  return binary<arith::AndIOp>(a, b);
}
ScalarExpr operator|(ScalarExpr a, ScalarExpr b) {
  return binary<arith::OrIOp>(a, b);
}
ScalarExpr operator<(ScalarExpr a, ScalarExpr b) {
  return compare(ComparePredicate::lt, a, b);
}
ScalarExpr operator>(ScalarExpr a, ScalarExpr b) {
  return compare(ComparePredicate::gt, a, b);
}
ScalarExpr operator==(ScalarExpr a, ScalarExpr b) {
  return compare(ComparePredicate::eq, a, b);
}

ScalarExpr compare(ComparePredicate predicate, ScalarExpr a, ScalarExpr b) {
  using arith::CmpFPredicate;
  using arith::CmpIPredicate;
  static constexpr CmpFPredicate floats[] = {
      CmpFPredicate::OEQ, CmpFPredicate::UNE, CmpFPredicate::OLT,
      CmpFPredicate::OLE, CmpFPredicate::OGT, CmpFPredicate::OGE};
  static constexpr CmpIPredicate signedIntegers[] = {
      CmpIPredicate::eq,  CmpIPredicate::ne,  CmpIPredicate::slt,
      CmpIPredicate::sle, CmpIPredicate::sgt, CmpIPredicate::sge};
  static constexpr CmpIPredicate booleans[] = {
      CmpIPredicate::eq,  CmpIPredicate::ne,  CmpIPredicate::ult,
      CmpIPredicate::ule, CmpIPredicate::ugt, CmpIPredicate::uge};
  auto index = static_cast<unsigned>(predicate);
  Value result;
  if (isFloat(a))
    result = arith::CmpFOp::create(*a.builder, a.loc, floats[index], a, b);
  else if (elementOf(a).isInteger(1))
    result = arith::CmpIOp::create(*a.builder, a.loc, booleans[index], a, b);
  else
    result =
        arith::CmpIOp::create(*a.builder, a.loc, signedIntegers[index], a, b);
  return {*a.builder, a.loc, result};
}

ScalarExpr select(ScalarExpr condition, ScalarExpr a, ScalarExpr b) {
  return {*a.builder, a.loc,
          arith::SelectOp::create(*a.builder, a.loc, condition.value, a.value,
                                  b.value)};
}
ScalarExpr max(ScalarExpr a, ScalarExpr b) {
  return binary<arith::MaximumFOp, arith::MaxSIOp>(a, b);
}
ScalarExpr min(ScalarExpr a, ScalarExpr b) {
  return binary<arith::MinimumFOp, arith::MinSIOp>(a, b);
}

ScalarExpr floorDiv(ScalarExpr a, ScalarExpr b) {
  if (isFloat(a))
    return floor(a / b);
  // Division by zero is undefined in arith: divide by one, then answer zero.
  ScalarExpr isZero = b == b.constant(0.0);
  ScalarExpr divisor = select(isZero, b.constant(1.0), b);
  return select(isZero, b.constant(0.0),
                binary<arith::FloorDivSIOp>(a, divisor));
}

ScalarExpr pow(ScalarExpr a, ScalarExpr b) {
  return binary<math::PowFOp>(a, b);
}
ScalarExpr abs(ScalarExpr x) { return unary<math::AbsFOp>(x); }
ScalarExpr exp(ScalarExpr x) { return unary<math::ExpOp>(x); }
ScalarExpr expm1(ScalarExpr x) { return unary<math::ExpM1Op>(x); }
ScalarExpr log(ScalarExpr x) { return unary<math::LogOp>(x); }
ScalarExpr log1p(ScalarExpr x) { return unary<math::Log1pOp>(x); }
ScalarExpr sqrt(ScalarExpr x) { return unary<math::SqrtOp>(x); }
ScalarExpr sin(ScalarExpr x) { return unary<math::SinOp>(x); }
ScalarExpr cos(ScalarExpr x) { return unary<math::CosOp>(x); }
ScalarExpr atan(ScalarExpr x) { return unary<math::AtanOp>(x); }
ScalarExpr erf(ScalarExpr x) { return unary<math::ErfOp>(x); }
ScalarExpr tanh(ScalarExpr x) { return unary<math::TanhOp>(x); }
ScalarExpr floor(ScalarExpr x) { return unary<math::FloorOp>(x); }
ScalarExpr ceil(ScalarExpr x) { return unary<math::CeilOp>(x); }
ScalarExpr round(ScalarExpr x) { return unary<math::RoundEvenOp>(x); }

ScalarExpr cast(ScalarExpr x, Type type) {
  OpBuilder &builder = *x.builder;
  Type from = elementOf(x), to = getElementTypeOrSelf(type);
  if (from == to)
    return x;
  auto made = [&](Value value) { return ScalarExpr(builder, x.loc, value); };
  if (to.isInteger(1))
    return compare(ComparePredicate::ne, x, x.constant(0.0));
  if (isa<FloatType>(from) && isa<FloatType>(to)) {
    if (from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth())
      return made(arith::ExtFOp::create(builder, x.loc, type, x.value));
    return made(arith::TruncFOp::create(builder, x.loc, type, x.value));
  }
  if (isa<FloatType>(to)) {
    if (from.isInteger(1))
      return made(arith::UIToFPOp::create(builder, x.loc, type, x.value));
    return made(arith::SIToFPOp::create(builder, x.loc, type, x.value));
  }
  if (isa<FloatType>(from)) {
    // Out-of-range conversions are undefined in arith: clamp first. The upper
    // bound is the largest value of the float type below 2^(bits-1).
    unsigned bits = to.getIntOrFloatBitWidth();
    double limit = std::ldexp(1.0, bits - 1);
    ScalarExpr high = x.constant(limit), low = x.constant(-limit);
    ScalarExpr nan = compare(ComparePredicate::ne, x, x);
    ScalarExpr tooHigh = compare(ComparePredicate::ge, x, high);
    ScalarExpr tooLow = x < low;
    ScalarExpr safe = select(nan | tooHigh | tooLow, x.constant(0.0), x);
    ScalarExpr converted =
        made(arith::FPToSIOp::create(builder, x.loc, type, safe.value));
    int64_t largest = bits == 32 ? INT32_MAX : INT64_MAX;
    Value largestValue = arith::ConstantOp::create(
        builder, x.loc,
        isa<ShapedType>(type)
            ? TypedAttr(DenseElementsAttr::get(
                  llvm::cast<ShapedType>(type),
                  Attribute(builder.getIntegerAttr(to, largest))))
            : TypedAttr(builder.getIntegerAttr(to, largest)));
    converted = select(tooHigh, made(largestValue), converted);
    return select(tooLow, converted.constant(-limit), converted);
  }
  if (from.getIntOrFloatBitWidth() > to.getIntOrFloatBitWidth())
    return made(arith::TruncIOp::create(builder, x.loc, type, x.value));
  if (from.isInteger(1))
    return made(arith::ExtUIOp::create(builder, x.loc, type, x.value));
  return made(arith::ExtSIOp::create(builder, x.loc, type, x.value));
}

} // namespace nnc::nn

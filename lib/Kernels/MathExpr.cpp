//===- MathExpr.cpp - Formulas on f32 and f64 vectors ---------------------===//

#include "MathExpr.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace nnc::vectormath;
namespace arith = mlir::arith;

/// \p element, or vectors of it as \p like has.
static Type shaped(Type like, Type element) {
  if (auto vector = dyn_cast<VectorType>(like))
    return vector.clone(element);
  return element;
}

Expr Expr::constant(double number) const {
  Type element = elementType();
  TypedAttr attribute = builder->getFloatAttr(element, number);
  if (auto vector = dyn_cast<VectorType>(type()))
    attribute = DenseElementsAttr::get(vector, Attribute(attribute));
  return with(arith::ConstantOp::create(*builder, loc, attribute));
}

Expr Expr::toDouble() const {
  return with(arith::ExtFOp::create(
      *builder, loc, shaped(type(), builder->getF64Type()), value));
}

Expr Expr::toSingle() const {
  return with(arith::TruncFOp::create(
      *builder, loc, shaped(type(), builder->getF32Type()), value));
}

Expr nnc::vectormath::operator+(Expr a, Expr b) {
  return a.with(arith::AddFOp::create(*a.builder, a.loc, a.value, b.value));
}
Expr nnc::vectormath::operator-(Expr a, Expr b) {
  return a.with(arith::SubFOp::create(*a.builder, a.loc, a.value, b.value));
}
Expr nnc::vectormath::operator*(Expr a, Expr b) {
  return a.with(arith::MulFOp::create(*a.builder, a.loc, a.value, b.value));
}
Expr nnc::vectormath::operator/(Expr a, Expr b) {
  return a.with(arith::DivFOp::create(*a.builder, a.loc, a.value, b.value));
}
Expr nnc::vectormath::operator-(Expr a) {
  return a.with(arith::NegFOp::create(*a.builder, a.loc, a.value));
}

static Condition compare(arith::CmpFPredicate predicate, Expr a, Expr b) {
  return {
      a.builder, a.loc,
      arith::CmpFOp::create(*a.builder, a.loc, predicate, a.value, b.value)};
}
Condition nnc::vectormath::operator<(Expr a, Expr b) {
  return compare(arith::CmpFPredicate::OLT, a, b);
}
Condition nnc::vectormath::operator>(Expr a, Expr b) {
  return compare(arith::CmpFPredicate::OGT, a, b);
}
Condition nnc::vectormath::operator==(Expr a, Expr b) {
  return compare(arith::CmpFPredicate::OEQ, a, b);
}
Condition nnc::vectormath::isNaN(Expr a) {
  return compare(arith::CmpFPredicate::UNO, a, a);
}
Condition nnc::vectormath::operator&(Condition a, Condition b) {
  return {a.builder, a.loc,
          arith::AndIOp::create(*a.builder, a.loc, a.value, b.value)};
}
Condition nnc::vectormath::operator|(Condition a, Condition b) {
  return {a.builder, a.loc,
          arith::OrIOp::create(*a.builder, a.loc, a.value, b.value)};
}
Expr nnc::vectormath::select(Condition condition, Expr a, Expr b) {
  return a.with(arith::SelectOp::create(*a.builder, a.loc, condition.value,
                                        a.value, b.value));
}

Expr nnc::vectormath::fma(Expr a, Expr b, Expr c) {
  return a.with(
      mlir::math::FmaOp::create(*a.builder, a.loc, a.value, b.value, c.value));
}
Expr nnc::vectormath::abs(Expr x) {
  return x.with(mlir::math::AbsFOp::create(*x.builder, x.loc, x.value));
}
Expr nnc::vectormath::sqrt(Expr x) {
  return x.with(mlir::math::SqrtOp::create(*x.builder, x.loc, x.value));
}
Expr nnc::vectormath::trunc(Expr x) {
  return x.with(mlir::math::TruncOp::create(*x.builder, x.loc, x.value));
}
Expr nnc::vectormath::copySign(Expr x, Expr sign) {
  return x.with(
      mlir::math::CopySignOp::create(*x.builder, x.loc, x.value, sign.value));
}
Expr nnc::vectormath::atMost(Expr x, double high) {
  return select(x > high, high, x);
}
Expr nnc::vectormath::atLeast(Expr x, double low) {
  return select(x < low, low, x);
}

Expr nnc::vectormath::polynomial(Expr x, ArrayRef<double> coefficients) {
  Expr sum = x.constant(coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    sum = fma(sum, x, coefficient);
  return sum;
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

static Type integerType(Expr like) {
  return shaped(like.type(),
                like.builder->getIntegerType(like.isDouble() ? 64 : 32));
}

Value nnc::vectormath::integerConstant(Expr like, int64_t number) {
  Type type = integerType(like);
  TypedAttr attribute =
      like.builder->getIntegerAttr(getElementTypeOrSelf(type), number);
  if (auto vector = dyn_cast<VectorType>(type))
    attribute = DenseElementsAttr::get(vector, Attribute(attribute));
  return arith::ConstantOp::create(*like.builder, like.loc, attribute);
}

Value nnc::vectormath::toBits(Expr x) {
  return arith::BitcastOp::create(*x.builder, x.loc, integerType(x), x.value);
}

Expr nnc::vectormath::fromBits(Expr like, Value bits) {
  return like.with(
      arith::BitcastOp::create(*like.builder, like.loc, like.type(), bits));
}

Expr nnc::vectormath::powerOfTwo(Expr like, Value exponent) {
  int64_t bias = like.isDouble() ? 1023 : 127;
  int64_t mantissaBits = like.isDouble() ? 52 : 23;
  Value biased = arith::AddIOp::create(*like.builder, like.loc, exponent,
                                       integerConstant(like, bias));
  return fromBits(like,
                  arith::ShLIOp::create(*like.builder, like.loc, biased,
                                        integerConstant(like, mantissaBits)));
}

/// Adding this leaves an integer in the low bits of the mantissa.
static double roundingShift(Expr like) {
  return like.isDouble() ? 0x1.8p52 : 0x1.8p23;
}

static Rounded fromShifted(Expr shifted) {
  Expr shift = shifted.constant(roundingShift(shifted));
  Value integer = arith::SubIOp::create(*shifted.builder, shifted.loc,
                                        toBits(shifted), toBits(shift));
  return {shifted - shift, integer};
}

Rounded nnc::vectormath::roundNear(Expr x) {
  return fromShifted(x + roundingShift(x));
}

Rounded nnc::vectormath::roundProduct(Expr x, double factor) {
  return fromShifted(fma(x, factor, x.constant(roundingShift(x))));
}

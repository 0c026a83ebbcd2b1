//===- MathExpr.h - Formulas on f32 and f64 vectors -------------*- C++ -*-===//
//
// Expressions that emit arith ops, so that an expansion reads as its formula,
// and the elementary functions built from them.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_KERNELS_MATHEXPR_H
#define NNC_LIB_KERNELS_MATHEXPR_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace nnc::vectormath {

/// One f32 or f64 value, scalar or vector, and where to emit ops on it.
class Expr {
public:
  Expr(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value)
      : builder(&builder), loc(loc), value(value) {}

  mlir::Type type() const { return value.getType(); }
  mlir::Type elementType() const { return getElementTypeOrSelf(value); }
  bool isDouble() const { return elementType().isF64(); }
  /// Another value at the same place.
  Expr with(mlir::Value other) const { return {*builder, loc, other}; }
  /// A constant of this type.
  Expr constant(double number) const;
  /// This value as f32 or f64.
  Expr toDouble() const;
  Expr toSingle() const;

  mlir::OpBuilder *builder;
  mlir::Location loc;
  mlir::Value value;
};

/// A condition, lane by lane.
struct Condition {
  mlir::OpBuilder *builder;
  mlir::Location loc;
  mlir::Value value;
};

Expr operator+(Expr a, Expr b);
Expr operator-(Expr a, Expr b);
Expr operator*(Expr a, Expr b);
Expr operator/(Expr a, Expr b);
Expr operator-(Expr a);
inline Expr operator+(Expr a, double b) { return a + a.constant(b); }
inline Expr operator-(Expr a, double b) { return a - a.constant(b); }
inline Expr operator*(Expr a, double b) { return a * a.constant(b); }
inline Expr operator/(Expr a, double b) { return a / a.constant(b); }
inline Expr operator+(double a, Expr b) { return b.constant(a) + b; }
inline Expr operator-(double a, Expr b) { return b.constant(a) - b; }
inline Expr operator*(double a, Expr b) { return b.constant(a) * b; }
inline Expr operator/(double a, Expr b) { return b.constant(a) / b; }

/// Ordered comparisons: false if either is NaN.
Condition operator<(Expr a, Expr b);
Condition operator>(Expr a, Expr b);
Condition operator==(Expr a, Expr b);
inline Condition operator<(Expr a, double b) { return a < a.constant(b); }
inline Condition operator>(Expr a, double b) { return a > a.constant(b); }
inline Condition operator==(Expr a, double b) { return a == a.constant(b); }
Condition isNaN(Expr a);
Condition operator&(Condition a, Condition b);
Condition operator|(Condition a, Condition b);
Expr select(Condition condition, Expr a, Expr b);
inline Expr select(Condition condition, double a, Expr b) {
  return select(condition, b.constant(a), b);
}

/// a * b + c with one rounding.
Expr fma(Expr a, Expr b, Expr c);
inline Expr fma(Expr a, Expr b, double c) { return fma(a, b, b.constant(c)); }
inline Expr fma(Expr a, double b, Expr c) { return fma(a, a.constant(b), c); }
Expr abs(Expr x);
Expr sqrt(Expr x);
Expr trunc(Expr x);
/// |x| with the sign of \p sign.
Expr copySign(Expr x, Expr sign);
/// min(x, high) and max(x, low) that keep NaN.
Expr atMost(Expr x, double high);
Expr atLeast(Expr x, double low);
/// The polynomial with \p coefficients, constant first, by Horner's rule.
Expr polynomial(Expr x, llvm::ArrayRef<double> coefficients);

/// The nearest integer, in both forms; |x| below 2^22 (f32) or 2^51 (f64).
struct Rounded {
  Expr number;
  /// As an integer of the element's size.
  mlir::Value integer;
};
Rounded roundNear(Expr x);
/// x * factor rounded, with one rounding before.
Rounded roundProduct(Expr x, double factor);

/// Integer helpers on vectors of the element's size.
mlir::Value integerConstant(Expr like, int64_t number);
mlir::Value toBits(Expr x);
Expr fromBits(Expr like, mlir::Value bits);
/// 2^exponent for an exponent in the range of normal numbers.
Expr powerOfTwo(Expr like, mlir::Value exponent);

// Exponential.cpp
Expr exp(Expr x);
/// e^x for 1 + e^x alone: where it is too small to count it may be larger.
Expr expBesideOne(Expr x);
Expr exp2(Expr x);
Expr expm1(Expr x);
Expr tanh(Expr x);
Expr sinh(Expr x);
Expr cosh(Expr x);

// Logarithm.cpp
Expr log(Expr x);
Expr log2(Expr x);
Expr log10(Expr x);
Expr log1p(Expr x);
Expr asinh(Expr x);
Expr acosh(Expr x);
Expr atanh(Expr x);
/// x^y for f64.
Expr powDouble(Expr x, Expr y);
/// The cube root for f64.
Expr cbrtDouble(Expr x);

// ErrorFunction.cpp
Expr erf(Expr x);
/// For f64.
Expr erfcDouble(Expr x);

// Trigonometric.cpp: all for f64.
Expr sinDouble(Expr x);
Expr cosDouble(Expr x);
Expr tanDouble(Expr x);
Expr atanDouble(Expr x);
Expr atan2Double(Expr y, Expr x);
Expr asinDouble(Expr x);
Expr acosDouble(Expr x);
/// The remainder of C's fmod, for f64.
Expr remainderDouble(Expr x, Expr y);

} // namespace nnc::vectormath

#endif // NNC_LIB_KERNELS_MATHEXPR_H

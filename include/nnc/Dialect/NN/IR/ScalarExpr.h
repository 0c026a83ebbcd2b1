//===- ScalarExpr.h - Scalar bodies as expressions --------------*- C++ -*-===//
//
// Operators that emit arith and math ops on scalars or vectors, so that an op's
// body reads as its formula. Comparisons give i1.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_DIALECT_NN_IR_SCALAREXPR_H
#define NNC_DIALECT_NN_IR_SCALAREXPR_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

namespace nnc::nn {

enum class ComparePredicate : uint32_t;

/// One scalar or vector value and where to emit ops on it.
class ScalarExpr {
public:
  ScalarExpr(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value)
      : builder(&builder), loc(loc), value(value) {}

  /// A constant of this expression's type.
  ScalarExpr constant(double constant) const;

  operator mlir::Value() const { return value; }

  mlir::OpBuilder *builder;
  mlir::Location loc;
  mlir::Value value;
};

ScalarExpr operator-(ScalarExpr x);
ScalarExpr operator!(ScalarExpr x);
ScalarExpr operator+(ScalarExpr a, ScalarExpr b);
ScalarExpr operator-(ScalarExpr a, ScalarExpr b);
ScalarExpr operator*(ScalarExpr a, ScalarExpr b);
ScalarExpr operator/(ScalarExpr a, ScalarExpr b);
ScalarExpr operator&(ScalarExpr a, ScalarExpr b);
ScalarExpr operator|(ScalarExpr a, ScalarExpr b);
ScalarExpr operator<(ScalarExpr a, ScalarExpr b);
ScalarExpr operator>(ScalarExpr a, ScalarExpr b);
ScalarExpr operator==(ScalarExpr a, ScalarExpr b);
ScalarExpr compare(ComparePredicate predicate, ScalarExpr a, ScalarExpr b);
ScalarExpr select(ScalarExpr condition, ScalarExpr a, ScalarExpr b);
ScalarExpr max(ScalarExpr a, ScalarExpr b); ///< NaN if either is.
ScalarExpr min(ScalarExpr a, ScalarExpr b); ///< NaN if either is.
ScalarExpr floorDiv(ScalarExpr a, ScalarExpr b);
ScalarExpr pow(ScalarExpr a, ScalarExpr b);
ScalarExpr abs(ScalarExpr x);
ScalarExpr exp(ScalarExpr x);
ScalarExpr expm1(ScalarExpr x);
ScalarExpr log(ScalarExpr x);
ScalarExpr log1p(ScalarExpr x);
ScalarExpr sqrt(ScalarExpr x);
ScalarExpr sin(ScalarExpr x);
ScalarExpr cos(ScalarExpr x);
ScalarExpr atan(ScalarExpr x);
ScalarExpr erf(ScalarExpr x);
ScalarExpr tanh(ScalarExpr x);
ScalarExpr floor(ScalarExpr x);
ScalarExpr ceil(ScalarExpr x);
ScalarExpr round(ScalarExpr x); ///< Halves to even.
/// Conversion to the scalar or vector type \p type, as `nn.cast`.
ScalarExpr cast(ScalarExpr x, mlir::Type type);

} // namespace nnc::nn

#endif // NNC_DIALECT_NN_IR_SCALAREXPR_H

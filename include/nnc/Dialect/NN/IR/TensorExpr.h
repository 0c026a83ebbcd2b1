//===- TensorExpr.h - Gradient rules as expressions -------------*- C++ -*-===//
//
// Operators that emit nn ops on tensors of one type, so that a gradient rule
// reads as its formula. A number stands for a tensor filled with it.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_DIALECT_NN_IR_TENSOREXPR_H
#define NNC_DIALECT_NN_IR_TENSOREXPR_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

namespace nnc::nn {

/// One tensor value and where to emit ops on it.
class TensorExpr {
public:
  TensorExpr(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value)
      : builder(&builder), loc(loc), value(value) {}

  /// A tensor of this expression's type, filled with \p constant.
  TensorExpr like(double constant) const;

  operator mlir::Value() const { return value; }

  mlir::OpBuilder *builder;
  mlir::Location loc;
  mlir::Value value;
};

TensorExpr operator-(TensorExpr x);
TensorExpr operator+(TensorExpr a, TensorExpr b);
TensorExpr operator-(TensorExpr a, TensorExpr b);
TensorExpr operator*(TensorExpr a, TensorExpr b);
TensorExpr operator/(TensorExpr a, TensorExpr b);
TensorExpr operator<(TensorExpr a, TensorExpr b);
TensorExpr operator>(TensorExpr a, TensorExpr b);
TensorExpr operator==(TensorExpr a, TensorExpr b);

inline TensorExpr operator+(TensorExpr a, double b) { return a + a.like(b); }
inline TensorExpr operator-(TensorExpr a, double b) { return a - a.like(b); }
inline TensorExpr operator-(double a, TensorExpr b) { return b.like(a) - b; }
inline TensorExpr operator*(TensorExpr a, double b) { return a * a.like(b); }
inline TensorExpr operator>(TensorExpr a, double b) { return a > a.like(b); }
inline TensorExpr operator==(TensorExpr a, double b) { return a == a.like(b); }

TensorExpr select(TensorExpr condition, TensorExpr a, TensorExpr b);
inline TensorExpr select(TensorExpr condition, TensorExpr a, double b) {
  return select(condition, a, a.like(b));
}
inline TensorExpr select(TensorExpr condition, double a, TensorExpr b) {
  return select(condition, b.like(a), b);
}

TensorExpr pow(TensorExpr a, TensorExpr b);
TensorExpr max(TensorExpr a, TensorExpr b); ///< NaN if either is.
TensorExpr min(TensorExpr a, TensorExpr b); ///< NaN if either is.
TensorExpr sign(TensorExpr x);
TensorExpr exp(TensorExpr x);
TensorExpr log(TensorExpr x);
TensorExpr sqrt(TensorExpr x);
TensorExpr sin(TensorExpr x);
TensorExpr cos(TensorExpr x);
TensorExpr sigmoid(TensorExpr x);

/// Sum over \p axes, which disappear.
TensorExpr sum(TensorExpr x, llvm::ArrayRef<int64_t> axes);
/// \p x repeated to \p type along all dimensions that \p dimensions, the places
/// of x's own ones, does not list.
TensorExpr broadcast(TensorExpr x, mlir::RankedTensorType type,
                     llvm::ArrayRef<int64_t> dimensions);

} // namespace nnc::nn

#endif // NNC_DIALECT_NN_IR_TENSOREXPR_H

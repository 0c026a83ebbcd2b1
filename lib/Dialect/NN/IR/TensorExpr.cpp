//===- TensorExpr.cpp - Gradient rules as expressions ---------------------===//

#include "nnc/Dialect/NN/IR/TensorExpr.h"
#include "nnc/Dialect/NN/IR/NN.h"

using namespace mlir;
using namespace nnc::nn;

static RankedTensorType typeOf(TensorExpr x) {
  return cast<RankedTensorType>(x.value.getType());
}

TensorExpr TensorExpr::like(double constant) const {
  return {*builder, loc, createFull(*builder, loc, typeOf(*this), constant)};
}

template <typename Op> static TensorExpr unary(TensorExpr x) {
  return {*x.builder, x.loc, Op::create(*x.builder, x.loc, x.value)};
}
template <typename Op> static TensorExpr binary(TensorExpr a, TensorExpr b) {
  return {*a.builder, a.loc, Op::create(*a.builder, a.loc, a.value, b.value)};
}
static TensorExpr compared(ComparePredicate predicate, TensorExpr a,
                           TensorExpr b) {
  return {*a.builder, a.loc,
          CompareOp::create(*a.builder, a.loc, predicate, a.value, b.value)};
}

namespace nnc::nn {

TensorExpr operator-(TensorExpr x) { return unary<NegOp>(x); }
TensorExpr operator+(TensorExpr a, TensorExpr b) { return binary<AddOp>(a, b); }
TensorExpr operator-(TensorExpr a, TensorExpr b) { return binary<SubOp>(a, b); }
TensorExpr operator*(TensorExpr a, TensorExpr b) { return binary<MulOp>(a, b); }
TensorExpr operator/(TensorExpr a, TensorExpr b) { return binary<DivOp>(a, b); }
TensorExpr operator<(TensorExpr a, TensorExpr b) {
  return compared(ComparePredicate::lt, a, b);
}
TensorExpr operator>(TensorExpr a, TensorExpr b) {
  return compared(ComparePredicate::gt, a, b);
}
TensorExpr operator==(TensorExpr a, TensorExpr b) {
  return compared(ComparePredicate::eq, a, b);
}

TensorExpr select(TensorExpr condition, TensorExpr a, TensorExpr b) {
  return {*a.builder, a.loc,
          SelectOp::create(*a.builder, a.loc, a.value.getType(),
                           condition.value, a.value, b.value)};
}
TensorExpr pow(TensorExpr a, TensorExpr b) { return binary<PowOp>(a, b); }
TensorExpr max(TensorExpr a, TensorExpr b) { return binary<MaximumOp>(a, b); }
TensorExpr min(TensorExpr a, TensorExpr b) { return binary<MinimumOp>(a, b); }
TensorExpr sign(TensorExpr x) { return unary<SignOp>(x); }
TensorExpr exp(TensorExpr x) { return unary<ExpOp>(x); }
TensorExpr log(TensorExpr x) { return unary<LogOp>(x); }
TensorExpr sqrt(TensorExpr x) { return unary<SqrtOp>(x); }
TensorExpr sin(TensorExpr x) { return unary<SinOp>(x); }
TensorExpr cos(TensorExpr x) { return unary<CosOp>(x); }
TensorExpr sigmoid(TensorExpr x) { return unary<SigmoidOp>(x); }

TensorExpr sum(TensorExpr x, ArrayRef<int64_t> axes) {
  return {*x.builder, x.loc,
          ReduceSumOp::create(*x.builder, x.loc, x.value, axes)};
}

TensorExpr broadcast(TensorExpr x, RankedTensorType type,
                     ArrayRef<int64_t> dimensions) {
  return {*x.builder, x.loc,
          BroadcastOp::create(*x.builder, x.loc, type, x.value, dimensions)};
}

} // namespace nnc::nn

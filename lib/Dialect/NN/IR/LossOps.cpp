//===- LossOps.cpp - Softmax and the losses that need it ------------------===//

#include "nnc/Dialect/NN/IR/NN.h"

using namespace mlir;
using namespace nnc::nn;

/// The places of all dimensions of \p type but the last.
static SmallVector<int64_t> leadingPlaces(RankedTensorType type) {
  return llvm::to_vector(llvm::seq<int64_t>(0, type.getRank() - 1));
}

/// \p x reduced along its last dimension by \p Op and repeated again.
template <typename Op> static TensorExpr spreadReduction(TensorExpr x) {
  auto type = cast<RankedTensorType>(x.value.getType());
  Value reduced =
      Op::create(*x.builder, x.loc, x.value, ArrayRef{type.getRank() - 1});
  return broadcast({*x.builder, x.loc, reduced}, type, leadingPlaces(type));
}

template <typename Op> static LogicalResult verifyRank(Op op) {
  if (op.getX().getType().getRank() == 0)
    return op.emitOpError("operand must have at least one dimension");
  return success();
}

//===----------------------------------------------------------------------===//
// SoftmaxOp
//===----------------------------------------------------------------------===//

LogicalResult SoftmaxOp::verify() { return verifyRank(*this); }

void SoftmaxOp::decompose(OpBuilder &builder, SmallVectorImpl<Value> &results) {
  TensorExpr x(builder, getLoc(), getX());
  TensorExpr e = exp(x - spreadReduction<ReduceMaxOp>(x));
  results.push_back(e / spreadReduction<ReduceSumOp>(e));
}

void SoftmaxOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                              SmallVectorImpl<Value> &operandGradients) {
  TensorExpr y(builder, getLoc(), getY());
  TensorExpr dy(builder, getLoc(), resultGradients[0]);
  operandGradients.push_back(y * (dy - spreadReduction<ReduceSumOp>(dy * y)));
}

//===----------------------------------------------------------------------===//
// LogSoftmaxOp
//===----------------------------------------------------------------------===//

LogicalResult LogSoftmaxOp::verify() { return verifyRank(*this); }

/// The logarithm of the softmax of \p x along the last dimension.
static TensorExpr logSoftmax(TensorExpr x) {
  TensorExpr shifted = x - spreadReduction<ReduceMaxOp>(x);
  auto type = cast<RankedTensorType>(x.value.getType());
  TensorExpr total = sum(exp(shifted), type.getRank() - 1);
  return shifted - broadcast(log(total), type, leadingPlaces(type));
}

void LogSoftmaxOp::decompose(OpBuilder &builder,
                             SmallVectorImpl<Value> &results) {
  results.push_back(logSoftmax({builder, getLoc(), getX()}));
}

void LogSoftmaxOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                                 SmallVectorImpl<Value> &operandGradients) {
  TensorExpr y(builder, getLoc(), getY());
  TensorExpr dy(builder, getLoc(), resultGradients[0]);
  operandGradients.push_back(dy - exp(y) * spreadReduction<ReduceSumOp>(dy));
}

//===----------------------------------------------------------------------===//
// SoftmaxCrossEntropyOp
//===----------------------------------------------------------------------===//

LogicalResult SoftmaxCrossEntropyOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> location,
    SoftmaxCrossEntropyOp::Adaptor adaptor, SmallVectorImpl<Type> &inferred) {
  auto logits = cast<RankedTensorType>(adaptor.getLogits().getType());
  auto target = cast<RankedTensorType>(adaptor.getTarget().getType());
  if (logits != target || logits.getRank() == 0)
    return emitOptionalError(location,
                             "logits and target must have the same type, of at "
                             "least one dimension, got ",
                             logits, " and ", target);
  inferred.push_back(selectDimensions(logits, leadingPlaces(logits)));
  return success();
}

void SoftmaxCrossEntropyOp::decompose(OpBuilder &builder,
                                      SmallVectorImpl<Value> &results) {
  TensorExpr logits(builder, getLoc(), getLogits());
  TensorExpr target(builder, getLoc(), getTarget());
  // A target of 0 adds 0, even where the logarithm is -inf.
  TensorExpr terms =
      select(target == 0.0, target.like(0.0), target * logSoftmax(logits));
  results.push_back(-sum(terms, getLogits().getType().getRank() - 1));
}

void SoftmaxCrossEntropyOp::buildGradient(
    OpBuilder &builder, ValueRange resultGradients,
    SmallVectorImpl<Value> &operandGradients) {
  TensorExpr logits(builder, getLoc(), getLogits());
  TensorExpr target(builder, getLoc(), getTarget());
  RankedTensorType type = getLogits().getType();
  TensorExpr dy = broadcast({builder, getLoc(), resultGradients[0]}, type,
                            leadingPlaces(type));
  TensorExpr probabilities(builder, getLoc(),
                           SoftmaxOp::create(builder, getLoc(), getLogits()));
  TensorExpr total = spreadReduction<ReduceSumOp>(target);
  operandGradients.push_back(dy * (probabilities * total - target));
  TensorExpr logProbabilities(
      builder, getLoc(), LogSoftmaxOp::create(builder, getLoc(), getLogits()));
  operandGradients.push_back(-(dy * logProbabilities));
}

//===----------------------------------------------------------------------===//
// SigmoidCrossEntropyOp
//===----------------------------------------------------------------------===//

void SigmoidCrossEntropyOp::buildGradient(
    OpBuilder &builder, ValueRange resultGradients,
    SmallVectorImpl<Value> &operandGradients) {
  TensorExpr logits(builder, getLoc(), getLogits());
  TensorExpr target(builder, getLoc(), getTarget());
  TensorExpr dy(builder, getLoc(), resultGradients[0]);
  operandGradients.push_back(dy * (sigmoid(logits) - target));
  operandGradients.push_back(-(dy * logits));
}

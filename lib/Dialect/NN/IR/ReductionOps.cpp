//===- ReductionOps.cpp - Reductions along axes ---------------------------===//

#include "nnc/Dialect/NN/IR/NN.h"

using namespace mlir;
using namespace nnc::nn;

/// C1 of the reductions, and the type without the axes.
static LogicalResult inferReduced(std::optional<Location> location,
                                  RankedTensorType type, ArrayRef<int64_t> axes,
                                  SmallVectorImpl<Type> &inferred) {
  int64_t previous = -1;
  for (int64_t axis : axes) {
    if (axis <= previous || axis >= type.getRank())
      return emitOptionalError(
          location, "axes must be distinct, increasing and below the rank ",
          type.getRank(), ", got [", axes, "]");
    previous = axis;
  }
  SmallVector<int64_t> keep;
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (!llvm::is_contained(axes, i))
      keep.push_back(i);
  inferred.push_back(selectDimensions(type, keep));
  return success();
}

/// The places in x of the dimensions that remain after reducing \p axes.
static SmallVector<int64_t> remaining(int64_t rank, ArrayRef<int64_t> axes) {
  SmallVector<int64_t> places;
  for (int64_t i = 0; i < rank; ++i)
    if (!llvm::is_contained(axes, i))
      places.push_back(i);
  return places;
}

//===----------------------------------------------------------------------===//
// ReduceSumOp
//===----------------------------------------------------------------------===//

LogicalResult ReduceSumOp::inferReturnTypes(MLIRContext *context,
                                            std::optional<Location> location,
                                            ReduceSumOp::Adaptor adaptor,
                                            SmallVectorImpl<Type> &inferred) {
  return inferReduced(location,
                      cast<RankedTensorType>(adaptor.getX().getType()),
                      adaptor.getAxes(), inferred);
}

OpFoldResult ReduceSumOp::fold(FoldAdaptor) {
  return getAxes().empty() ? getX() : Value();
}

void ReduceSumOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                                SmallVectorImpl<Value> &operandGradients) {
  TensorExpr dy(builder, getLoc(), resultGradients[0]);
  RankedTensorType type = getX().getType();
  operandGradients.push_back(
      broadcast(dy, type, remaining(type.getRank(), getAxes())));
}

//===----------------------------------------------------------------------===//
// ReduceMaxOp and ReduceMinOp
//===----------------------------------------------------------------------===//

/// dy shared evenly by the elements of x that equal y.
template <typename Op>
static Value shareAmongExtremes(Op op, OpBuilder &builder, Value gradient) {
  RankedTensorType type = op.getX().getType();
  SmallVector<int64_t> places = remaining(type.getRank(), op.getAxes());
  TensorExpr x(builder, op.getLoc(), op.getX());
  TensorExpr y(builder, op.getLoc(), op.getY());
  TensorExpr dy(builder, op.getLoc(), gradient);
  TensorExpr chosen =
      select(x == broadcast(y, type, places), x.like(1.0), x.like(0.0));
  TensorExpr share = dy / sum(chosen, op.getAxes());
  return chosen * broadcast(share, type, places);
}

LogicalResult ReduceMaxOp::inferReturnTypes(MLIRContext *context,
                                            std::optional<Location> location,
                                            ReduceMaxOp::Adaptor adaptor,
                                            SmallVectorImpl<Type> &inferred) {
  return inferReduced(location,
                      cast<RankedTensorType>(adaptor.getX().getType()),
                      adaptor.getAxes(), inferred);
}

void ReduceMaxOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                                SmallVectorImpl<Value> &operandGradients) {
  operandGradients.push_back(
      shareAmongExtremes(*this, builder, resultGradients[0]));
}

LogicalResult ReduceMinOp::inferReturnTypes(MLIRContext *context,
                                            std::optional<Location> location,
                                            ReduceMinOp::Adaptor adaptor,
                                            SmallVectorImpl<Type> &inferred) {
  return inferReduced(location,
                      cast<RankedTensorType>(adaptor.getX().getType()),
                      adaptor.getAxes(), inferred);
}

void ReduceMinOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                                SmallVectorImpl<Value> &operandGradients) {
  operandGradients.push_back(
      shareAmongExtremes(*this, builder, resultGradients[0]));
}

//===----------------------------------------------------------------------===//
// ArgmaxOp and ArgminOp
//===----------------------------------------------------------------------===//

static LogicalResult inferIndex(std::optional<Location> location,
                                RankedTensorType type, int64_t axis,
                                SmallVectorImpl<Type> &inferred) {
  if (axis < 0 || axis >= type.getRank())
    return emitOptionalError(location, "axis ", axis, " is outside the rank ",
                             type.getRank());
  if (type.getDimSize(axis) == 0)
    return emitOptionalError(location, "axis ", axis, " is empty");
  SmallVector<Type> reduced;
  if (failed(inferReduced(location, type, axis, reduced)))
    return failure();
  inferred.push_back(withElementType(cast<RankedTensorType>(reduced[0]),
                                     IntegerType::get(type.getContext(), 32)));
  return success();
}

LogicalResult ArgmaxOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> location,
                                         ArgmaxOp::Adaptor adaptor,
                                         SmallVectorImpl<Type> &inferred) {
  return inferIndex(location, cast<RankedTensorType>(adaptor.getX().getType()),
                    adaptor.getAxis(), inferred);
}

LogicalResult ArgminOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> location,
                                         ArgminOp::Adaptor adaptor,
                                         SmallVectorImpl<Type> &inferred) {
  return inferIndex(location, cast<RankedTensorType>(adaptor.getX().getType()),
                    adaptor.getAxis(), inferred);
}

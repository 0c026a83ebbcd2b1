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

OpFoldResult ReduceMaxOp::fold(FoldAdaptor) {
  return getAxes().empty() ? getX() : Value();
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

OpFoldResult ReduceMinOp::fold(FoldAdaptor) {
  return getAxes().empty() ? getX() : Value();
}

void ReduceMinOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                                SmallVectorImpl<Value> &operandGradients) {
  operandGradients.push_back(
      shareAmongExtremes(*this, builder, resultGradients[0]));
}

//===----------------------------------------------------------------------===//
// ReduceProdOp
//===----------------------------------------------------------------------===//

LogicalResult ReduceProdOp::inferReturnTypes(MLIRContext *,
                                             std::optional<Location> location,
                                             ReduceProdOp::Adaptor adaptor,
                                             SmallVectorImpl<Type> &inferred) {
  return inferReduced(location,
                      cast<RankedTensorType>(adaptor.getX().getType()),
                      adaptor.getAxes(), inferred);
}

OpFoldResult ReduceProdOp::fold(FoldAdaptor) {
  return getAxes().empty() ? getX() : Value();
}

/// For each element of \p x the product of all others along \p axis: x is
/// repeated along a second such axis, and where both indices are equal 1 takes
/// its place.
static TensorExpr productOfOthers(TensorExpr x, int64_t axis) {
  auto type = cast<RankedTensorType>(x.value.getType());
  int64_t rank = type.getRank();
  // Dimensions of the table: those of x with the axis, then the axis again.
  SmallVector<int64_t> keep = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  keep.push_back(axis);
  RankedTensorType table = selectDimensions(type, keep);
  SmallVector<int64_t> places = remaining(rank + 1, axis);
  // The element's own place comes last: move the axis of x there.
  SmallVector<int64_t> permutation = remaining(rank, axis);
  permutation.push_back(axis);
  TensorExpr factors(*x.builder, x.loc,
                     TransposeOp::create(*x.builder, x.loc, x, permutation));
  RankedTensorType indices =
      withElementType(table, x.builder->getIntegerType(32));
  TensorExpr row(*x.builder, x.loc,
                 IotaOp::create(*x.builder, x.loc, indices, axis));
  TensorExpr column(*x.builder, x.loc,
                    IotaOp::create(*x.builder, x.loc, indices, rank));
  TensorExpr others =
      select(row == column, 1.0, broadcast(factors, table, places));
  return {*x.builder, x.loc,
          ReduceProdOp::create(*x.builder, x.loc, others, rank)};
}

void ReduceProdOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                                 SmallVectorImpl<Value> &operandGradients) {
  // Axis by axis, the last first; a number's gradient passes each stage.
  SmallVector<TensorExpr> stages = {{builder, getLoc(), getX()}};
  for (int64_t axis : llvm::reverse(getAxes()))
    stages.emplace_back(
        builder, getLoc(),
        ReduceProdOp::create(builder, getLoc(), stages.back(), axis));
  TensorExpr gradient(builder, getLoc(), resultGradients[0]);
  for (auto [i, axis] : llvm::enumerate(getAxes())) {
    TensorExpr stage = stages[getAxes().size() - 1 - i];
    auto type = cast<RankedTensorType>(stage.value.getType());
    gradient = broadcast(gradient, type, remaining(type.getRank(), axis)) *
               productOfOthers(stage, axis);
  }
  operandGradients.push_back(gradient);
}

//===----------------------------------------------------------------------===//
// ReduceAllOp and ReduceAnyOp
//===----------------------------------------------------------------------===//

/// Whether the extreme of x as 0 and 1 along the axes is above 0. An empty
/// extent gives the largest integer for a minimum and the smallest for a
/// maximum.
template <typename ReduceOp, typename Op>
static Value quantify(Op op, OpBuilder &builder) {
  RankedTensorType type =
      withElementType(op.getX().getType(), builder.getIntegerType(32));
  Value numbers = CastOp::create(builder, op.getLoc(), type, op.getX());
  TensorExpr extreme(
      builder, op.getLoc(),
      ReduceOp::create(builder, op.getLoc(), numbers, op.getAxes()));
  return extreme > 0.0;
}

LogicalResult ReduceAllOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            ReduceAllOp::Adaptor adaptor,
                                            SmallVectorImpl<Type> &inferred) {
  return inferReduced(location,
                      cast<RankedTensorType>(adaptor.getX().getType()),
                      adaptor.getAxes(), inferred);
}

void ReduceAllOp::decompose(OpBuilder &builder,
                            SmallVectorImpl<Value> &results) {
  results.push_back(quantify<ReduceMinOp>(*this, builder));
}

LogicalResult ReduceAnyOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            ReduceAnyOp::Adaptor adaptor,
                                            SmallVectorImpl<Type> &inferred) {
  return inferReduced(location,
                      cast<RankedTensorType>(adaptor.getX().getType()),
                      adaptor.getAxes(), inferred);
}

void ReduceAnyOp::decompose(OpBuilder &builder,
                            SmallVectorImpl<Value> &results) {
  results.push_back(quantify<ReduceMaxOp>(*this, builder));
}

//===----------------------------------------------------------------------===//
// CumsumOp
//===----------------------------------------------------------------------===//

LogicalResult CumsumOp::verify() {
  int64_t axis = getAxis(), rank = getX().getType().getRank();
  if (axis < 0 || axis >= rank)
    return emitOpError("axis ") << axis << " is outside the rank " << rank;
  return success();
}

/// The running sum by doubling: after the step with offset d, each element is
/// the sum of up to 2 d elements that end at it.
static TensorExpr sumByDoubling(TensorExpr x, int64_t axis, bool reverse) {
  auto type = cast<RankedTensorType>(x.value.getType());
  int64_t rank = type.getRank(), extent = type.getDimSize(axis);
  SmallVector<int64_t> zeros(rank, 0), ones(rank, 1);
  for (int64_t offset = 1; offset < extent; offset *= 2) {
    SmallVector<int64_t> shape(type.getShape()), starts(zeros), low(zeros),
        high(zeros);
    shape[axis] = extent - offset;
    (reverse ? starts : low)[axis] = offset;
    high[axis] = offset - low[axis];
    SmallVector<AffineExpr> sizes = sizesOf(type);
    sizes[axis] = getAffineConstantExpr(shape[axis], type.getContext());
    Value moved = SliceOp::create(
        *x.builder, x.loc, tensorType(type.getElementType(), sizes, shape), x,
        starts, ones);
    x = x + TensorExpr(*x.builder, x.loc,
                       PadOp::create(*x.builder, x.loc, moved,
                                     llvm::APFloat(0.0), low, high, zeros));
  }
  return x;
}

/// The running sum along an axis whose extent is known at run time only: for
/// each element the sum of all that do not follow it.
static TensorExpr sumByMask(TensorExpr x, int64_t axis, bool reverse) {
  auto type = cast<RankedTensorType>(x.value.getType());
  int64_t rank = type.getRank();
  // Dimensions of the table: those of x, then the axis again.
  SmallVector<int64_t> keep = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  keep.push_back(axis);
  RankedTensorType table = selectDimensions(type, keep);
  SmallVector<int64_t> permutation = remaining(rank, axis);
  permutation.push_back(axis);
  TensorExpr terms(*x.builder, x.loc,
                   TransposeOp::create(*x.builder, x.loc, x, permutation));
  RankedTensorType indices =
      withElementType(table, x.builder->getIntegerType(32));
  TensorExpr row(*x.builder, x.loc,
                 IotaOp::create(*x.builder, x.loc, indices, axis));
  TensorExpr column(*x.builder, x.loc,
                    IotaOp::create(*x.builder, x.loc, indices, rank));
  TensorExpr follows = reverse ? column < row : column > row;
  TensorExpr repeated = broadcast(terms, table, remaining(rank + 1, axis));
  return sum(select(follows, 0.0, repeated), rank);
}

void CumsumOp::decompose(OpBuilder &builder, SmallVectorImpl<Value> &results) {
  TensorExpr x(builder, getLoc(), getX());
  bool known = isa<AffineConstantExpr>(sizesOf(getX())[getAxis()]);
  results.push_back(known ? sumByDoubling(x, getAxis(), getReverse())
                          : sumByMask(x, getAxis(), getReverse()));
}

void CumsumOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                             SmallVectorImpl<Value> &operandGradients) {
  operandGradients.push_back(CumsumOp::create(
      builder, getLoc(), resultGradients[0], getAxis(), !getReverse()));
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

//===- ShapeOps.cpp - Ops that move or make elements ----------------------===//

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "nnc/Dialect/NN/IR/NN.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace nnc::nn;

static bool isNamed(AffineExpr size) { return !isa<AffineConstantExpr>(size); }

static bool isIdentity(ArrayRef<int64_t> permutation) {
  return llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size()));
}

//===----------------------------------------------------------------------===//
// ConstantOp
//===----------------------------------------------------------------------===//

LogicalResult ConstantOp::inferReturnTypes(MLIRContext *,
                                           std::optional<Location>,
                                           ConstantOp::Adaptor adaptor,
                                           SmallVectorImpl<Type> &inferred) {
  inferred.push_back(adaptor.getValue().getType());
  return success();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

//===----------------------------------------------------------------------===//
// DimSizeOp
//===----------------------------------------------------------------------===//

LogicalResult DimSizeOp::verify() {
  if (getSize().getSizes().size() != 1 || getY().getType().getRank() != 0)
    return emitOpError("needs exactly one size and a scalar result");
  return success();
}

OpFoldResult DimSizeOp::fold(FoldAdaptor) {
  auto constant = dyn_cast<AffineConstantExpr>(getSize().getSizes().front());
  if (!constant)
    return {};
  Type element = getY().getType().getElementType();
  Builder builder(getContext());
  Attribute value =
      isa<FloatType>(element)
          ? Attribute(builder.getFloatAttr(element, constant.getValue()))
          : Attribute(builder.getIntegerAttr(element, constant.getValue()));
  return DenseElementsAttr::get(getY().getType(), value);
}

//===----------------------------------------------------------------------===//
// BroadcastOp
//===----------------------------------------------------------------------===//

LogicalResult BroadcastOp::verify() {
  SmallVector<AffineExpr> sizes = sizesOf(getX()),
                          resultSizes = sizesOf(getY());
  ArrayRef<int64_t> dimensions = getDimensions();
  if (dimensions.size() != sizes.size())
    return emitOpError("dimensions must have one entry a dimension of the "
                       "operand, got ")
           << dimensions.size() << " for rank " << sizes.size();
  int64_t previous = -1;
  for (auto [size, place] : llvm::zip(sizes, dimensions)) {
    if (place <= previous || place >= (int64_t)resultSizes.size())
      return emitOpError("dimensions must be increasing and below the rank ")
             << resultSizes.size() << ", got [" << dimensions << "]";
    if (size != resultSizes[place])
      return emitOpError("sizes differ: operand ")
             << printSizes(getX().getType()) << ", result "
             << printSizes(getY().getType());
    previous = place;
  }
  if (getX().getType().getElementType() != getY().getType().getElementType())
    return emitOpError("element types differ");
  return success();
}

OpFoldResult BroadcastOp::fold(FoldAdaptor) {
  return getX().getType() == getY().getType() ? getX() : Value();
}

void BroadcastOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                                SmallVectorImpl<Value> &operandGradients) {
  SmallVector<int64_t> axes;
  for (int64_t i = 0; i < getY().getType().getRank(); ++i)
    if (!llvm::is_contained(getDimensions(), i))
      axes.push_back(i);
  TensorExpr dy(builder, getLoc(), resultGradients[0]);
  operandGradients.push_back(sum(dy, axes));
}

//===----------------------------------------------------------------------===//
// ReshapeOp
//===----------------------------------------------------------------------===//

LogicalResult ReshapeOp::verify() {
  auto count = [&](RankedTensorType type) {
    AffineExpr product = getAffineConstantExpr(1, getContext());
    SmallVector<AffineExpr> sizes = sizesOf(type);
    // Symbols multiply in one order, so that equal products compare equal.
    llvm::sort(sizes, [](AffineExpr a, AffineExpr b) {
      auto rank = [](AffineExpr e) {
        auto symbol = dyn_cast<AffineSymbolExpr>(e);
        return symbol
                   ? (int64_t)symbol.getPosition()
                   : (isa<AffineConstantExpr>(e) ? INT64_MAX : INT64_MAX - 1);
      };
      return rank(a) < rank(b);
    });
    for (AffineExpr size : sizes)
      product = product * size;
    return simplifyAffineExpr(product, 0, 0);
  };
  if (count(getX().getType()) != count(getY().getType()))
    return emitOpError("numbers of elements differ: operand ")
           << printSizes(getX().getType()) << ", result "
           << printSizes(getY().getType());
  if (getX().getType().getElementType() != getY().getType().getElementType())
    return emitOpError("element types differ");
  return success();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getY().getType())
    return getX();
  if (auto inner = getX().getDefiningOp<ReshapeOp>()) {
    setOperand(inner.getX());
    return getResult();
  }
  if (auto elements = dyn_cast_or_null<DenseElementsAttr>(adaptor.getX()))
    return elements.reshape(getY().getType());
  return {};
}

void ReshapeOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                              SmallVectorImpl<Value> &operandGradients) {
  operandGradients.push_back(ReshapeOp::create(
      builder, getLoc(), getX().getType(), resultGradients[0]));
}

//===----------------------------------------------------------------------===//
// TransposeOp
//===----------------------------------------------------------------------===//

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            TransposeOp::Adaptor adaptor,
                                            SmallVectorImpl<Type> &inferred) {
  auto type = cast<RankedTensorType>(adaptor.getX().getType());
  ArrayRef<int64_t> permutation = adaptor.getPermutation();
  SmallVector<int64_t> sorted(permutation);
  llvm::sort(sorted);
  if ((int64_t)permutation.size() != type.getRank() || !isIdentity(sorted))
    return emitOptionalError(location, "[", permutation,
                             "] is no permutation of ", type.getRank(),
                             " dimensions");
  inferred.push_back(selectDimensions(type, permutation));
  return success();
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  if (isIdentity(getPermutation()))
    return getX();
  auto inner = getX().getDefiningOp<TransposeOp>();
  if (!inner)
    return {};
  SmallVector<int64_t> merged;
  for (int64_t place : getPermutation())
    merged.push_back(inner.getPermutation()[place]);
  if (isIdentity(merged))
    return inner.getX();
  setOperand(inner.getX());
  setPermutation(merged);
  return getResult();
}

void TransposeOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                                SmallVectorImpl<Value> &operandGradients) {
  SmallVector<int64_t> inverse(getPermutation().size());
  for (auto [i, place] : llvm::enumerate(getPermutation()))
    inverse[place] = i;
  operandGradients.push_back(
      TransposeOp::create(builder, getLoc(), resultGradients[0], inverse));
}

//===----------------------------------------------------------------------===//
// ConcatOp
//===----------------------------------------------------------------------===//

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> location,
                                         ConcatOp::Adaptor adaptor,
                                         SmallVectorImpl<Type> &inferred) {
  if (adaptor.getParts().empty())
    return emitOptionalError(location, "at least one operand is needed");
  auto first = cast<RankedTensorType>(adaptor.getParts()[0].getType());
  int64_t axis = adaptor.getAxis();
  if (axis < 0 || axis >= first.getRank())
    return emitOptionalError(location, "axis ", axis, " is outside the rank ",
                             first.getRank());
  SmallVector<AffineExpr> sizes = sizesOf(first);
  SmallVector<int64_t> capacities(first.getShape());
  sizes[axis] = getAffineConstantExpr(0, context);
  capacities[axis] = 0;
  for (Value part : adaptor.getParts()) {
    auto type = cast<RankedTensorType>(part.getType());
    if (type.getRank() != first.getRank() ||
        type.getElementType() != first.getElementType())
      return emitOptionalError(location, "operands differ: ", first, " and ",
                               type);
    for (auto [i, size] : llvm::enumerate(sizesOf(type)))
      if ((int64_t)i != axis && size != sizes[i])
        return emitOptionalError(location, "operands differ in dimension ", i,
                                 ": ", printSizes(first), " and ",
                                 printSizes(type));
    sizes[axis] = sizes[axis] + sizesOf(type)[axis];
    int64_t extent = type.getDimSize(axis);
    capacities[axis] =
        ShapedType::isDynamic(extent) || ShapedType::isDynamic(capacities[axis])
            ? ShapedType::kDynamic
            : capacities[axis] + extent;
  }
  inferred.push_back(tensorType(first.getElementType(), sizes, capacities));
  return success();
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  return getParts().size() == 1 ? getParts()[0] : Value();
}

/// The \p extent elements of \p x along \p axis from \p start on, both known at
/// run time only: gathered by index.
static Value gatherRange(OpBuilder &builder, Location loc, Value x,
                         int64_t axis, AffineExpr start, AffineExpr extent,
                         int64_t capacity) {
  auto type = cast<RankedTensorType>(x.getType());
  SmallVector<int64_t> toFront = {axis}, back;
  for (int64_t i = 0; i < type.getRank(); ++i) {
    if (i != axis)
      toFront.push_back(i);
    back.push_back(i < axis ? i + 1 : (i == axis ? 0 : i));
  }
  Type i64 = builder.getI64Type();
  RankedTensorType indexType = tensorType(i64, extent, capacity);
  TensorExpr indices(builder, loc,
                     IotaOp::create(builder, loc, indexType, /*axis=*/0));
  TensorExpr offset(
      builder, loc,
      DimSizeOp::create(builder, loc, RankedTensorType::get({}, i64),
                        DimsAttr::get(builder.getContext(), start)));
  indices = indices + broadcast(offset, indexType, {});
  Value rows = TransposeOp::create(builder, loc, x, toFront);
  rows = GatherOp::create(builder, loc, rows, indices);
  return TransposeOp::create(builder, loc, rows, back);
}

void ConcatOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                             SmallVectorImpl<Value> &operandGradients) {
  int64_t axis = getAxis(), rank = getY().getType().getRank();
  bool isStatic = !isNamed(sizesOf(getY())[axis]);
  AffineExpr start = builder.getAffineConstantExpr(0);
  for (Value part : getParts()) {
    auto type = cast<RankedTensorType>(part.getType());
    AffineExpr extent = sizesOf(type)[axis];
    if (isStatic) {
      SmallVector<int64_t> starts(rank, 0), steps(rank, 1);
      starts[axis] = cast<AffineConstantExpr>(start).getValue();
      operandGradients.push_back(SliceOp::create(
          builder, getLoc(), type, resultGradients[0], starts, steps));
    } else {
      operandGradients.push_back(gatherRange(builder, getLoc(),
                                             resultGradients[0], axis, start,
                                             extent, type.getDimSize(axis)));
    }
    start = start + extent;
  }
}

//===----------------------------------------------------------------------===//
// SliceOp
//===----------------------------------------------------------------------===//

LogicalResult SliceOp::verify() {
  RankedTensorType type = getX().getType(), result = getY().getType();
  int64_t rank = type.getRank();
  if (result.getRank() != rank ||
      result.getElementType() != type.getElementType())
    return emitOpError("rank or element type differ: ")
           << type << " and " << result;
  if ((int64_t)getStarts().size() != rank || (int64_t)getSteps().size() != rank)
    return emitOpError("needs one start and one step a dimension");
  SmallVector<AffineExpr> sizes = sizesOf(type), resultSizes = sizesOf(result);
  for (int64_t i = 0; i < rank; ++i) {
    int64_t start = getStarts()[i], step = getSteps()[i];
    if (start < 0 || step < 1)
      return emitOpError("start ")
             << start << " or step " << step << " of dimension " << i
             << " is out of range";
    if (isNamed(sizes[i]) || isNamed(resultSizes[i])) {
      if (start != 0 || step != 1 || sizes[i] != resultSizes[i])
        return emitOpError("dimension ")
               << i << " has a named size and must be taken whole: "
               << printSizes(type) << " to " << printSizes(result);
      continue;
    }
    int64_t count = result.getDimSize(i), last = type.getDimSize(i) - 1;
    if (count > 0 && (start > last || count - 1 > (last - start) / step))
      return emitOpError("reaches beyond dimension ")
             << i << " of size " << type.getDimSize(i);
  }
  return success();
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  // Nothing is left out, so nothing moves.
  return getX().getType() == getY().getType() ? getX() : Value();
}

void SliceOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                            SmallVectorImpl<Value> &operandGradients) {
  size_t rank = getStarts().size();
  SmallVector<int64_t> low(rank, 0), high(rank, 0), interior(rank, 0);
  SmallVector<AffineExpr> sizes = sizesOf(getX()), taken = sizesOf(getY());
  for (size_t i = 0; i < rank; ++i) {
    if (sizes[i] == taken[i])
      continue;
    int64_t count = getY().getType().getDimSize(i), covered = 0;
    if (count > 0) {
      low[i] = getStarts()[i];
      interior[i] = count > 1 ? getSteps()[i] - 1 : 0;
      covered = low[i] + (count - 1) * (interior[i] + 1) + 1;
    }
    high[i] = getX().getType().getDimSize(i) - covered;
  }
  operandGradients.push_back(
      PadOp::create(builder, getLoc(), resultGradients[0], llvm::APFloat(0.0),
                    low, high, interior));
}

//===----------------------------------------------------------------------===//
// PadOp
//===----------------------------------------------------------------------===//

/// The extent of \p n padded elements, or nothing if it overflows.
static std::optional<int64_t> paddedExtent(int64_t n, int64_t low, int64_t high,
                                           int64_t interior) {
  int64_t inner = 0, margins, total;
  if (n > 0 && (llvm::MulOverflow(n - 1, interior, inner) ||
                llvm::AddOverflow(inner, n, inner)))
    return std::nullopt;
  if (llvm::AddOverflow(low, high, margins) ||
      llvm::AddOverflow(inner, margins, total))
    return std::nullopt;
  return total;
}

LogicalResult PadOp::inferReturnTypes(MLIRContext *context,
                                      std::optional<Location> location,
                                      PadOp::Adaptor adaptor,
                                      SmallVectorImpl<Type> &inferred) {
  auto type = cast<RankedTensorType>(adaptor.getX().getType());
  ArrayRef<int64_t> low = adaptor.getLow(), high = adaptor.getHigh(),
                    interior = adaptor.getInterior();
  size_t rank = type.getRank();
  if (low.size() != rank || high.size() != rank || interior.size() != rank)
    return emitOptionalError(
        location, "low, high and interior need one entry a dimension");
  SmallVector<AffineExpr> sizes = sizesOf(type);
  SmallVector<int64_t> capacities(type.getShape());
  for (size_t i = 0; i < rank; ++i) {
    if (low[i] < 0 || high[i] < 0 || interior[i] < 0)
      return emitOptionalError(location, "padding of dimension ", i,
                               " is negative");
    if (isNamed(sizes[i])) {
      if (low[i] || high[i] || interior[i])
        return emitOptionalError(location, "dimension ", i,
                                 " has a named size and cannot be padded");
      continue;
    }
    std::optional<int64_t> padded =
        paddedExtent(capacities[i], low[i], high[i], interior[i]);
    if (!padded)
      return emitOptionalError(location, "dimension ", i, " becomes too large");
    capacities[i] = *padded;
    sizes[i] = getAffineConstantExpr(capacities[i], context);
  }
  inferred.push_back(tensorType(type.getElementType(), sizes, capacities));
  return success();
}

OpFoldResult PadOp::fold(FoldAdaptor) {
  return getX().getType() == getY().getType() ? getX() : Value();
}

void PadOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                          SmallVectorImpl<Value> &operandGradients) {
  SmallVector<int64_t> steps;
  for (auto [gap, extent] :
       llvm::zip_equal(getInterior(), getX().getType().getShape()))
    steps.push_back(extent > 1 ? gap + 1 : 1);
  operandGradients.push_back(
      SliceOp::create(builder, getLoc(), getX().getType(), resultGradients[0],
                      getLow(), steps));
}

//===----------------------------------------------------------------------===//
// ReverseOp
//===----------------------------------------------------------------------===//

LogicalResult ReverseOp::verify() {
  int64_t previous = -1;
  for (int64_t axis : getAxes()) {
    if (axis <= previous || axis >= getX().getType().getRank())
      return emitOpError(
                 "axes must be distinct, increasing and below the rank ")
             << getX().getType().getRank() << ", got [" << getAxes() << "]";
    previous = axis;
  }
  return success();
}

OpFoldResult ReverseOp::fold(FoldAdaptor) {
  SmallVector<AffineExpr> sizes = sizesOf(getX());
  if (llvm::all_of(getAxes(), [&](int64_t axis) { return sizes[axis] == 1; }))
    return getX();
  auto inner = getX().getDefiningOp<ReverseOp>();
  return inner && inner.getAxes() == getAxes() ? inner.getX() : Value();
}

void ReverseOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                              SmallVectorImpl<Value> &operandGradients) {
  operandGradients.push_back(
      ReverseOp::create(builder, getLoc(), resultGradients[0], getAxes()));
}

//===----------------------------------------------------------------------===//
// IotaOp
//===----------------------------------------------------------------------===//

LogicalResult IotaOp::verify() {
  int64_t axis = getAxis(), rank = getY().getType().getRank();
  if (axis < 0 || axis >= rank)
    return emitOpError("axis ") << axis << " is outside the rank " << rank;
  return success();
}

//===----------------------------------------------------------------------===//
// OneHotOp
//===----------------------------------------------------------------------===//

LogicalResult OneHotOp::verify() {
  SmallVector<AffineExpr> sizes = sizesOf(getIndices()),
                          resultSizes = sizesOf(getY());
  if (resultSizes.size() != sizes.size() + 1 ||
      !llvm::equal(sizes, ArrayRef(resultSizes).drop_back()))
    return emitOpError("result must have the shape of the indices and one more "
                       "dimension, got ")
           << printSizes(getIndices().getType()) << " and "
           << printSizes(getY().getType());
  return success();
}

//===----------------------------------------------------------------------===//
// GatherOp
//===----------------------------------------------------------------------===//

LogicalResult GatherOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> location,
                                         GatherOp::Adaptor adaptor,
                                         SmallVectorImpl<Type> &inferred) {
  auto type = cast<RankedTensorType>(adaptor.getX().getType());
  auto indices = cast<RankedTensorType>(adaptor.getIndices().getType());
  if (type.getRank() == 0)
    return emitOptionalError(location,
                             "operand must have at least one dimension");
  SmallVector<AffineExpr> sizes = sizesOf(indices);
  SmallVector<int64_t> capacities(indices.getShape());
  llvm::append_range(sizes, ArrayRef(sizesOf(type)).drop_front());
  llvm::append_range(capacities, type.getShape().drop_front());
  inferred.push_back(tensorType(type.getElementType(), sizes, capacities));
  return success();
}

void GatherOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                             SmallVectorImpl<Value> &operandGradients) {
  Value zeros = createFull(builder, getLoc(), getX().getType(), 0.0);
  operandGradients.push_back(
      ScatterAddOp::create(builder, getLoc(), zeros.getType(), zeros,
                           getIndices(), resultGradients[0]));
  operandGradients.push_back(nullptr);
}

//===----------------------------------------------------------------------===//
// ScatterAddOp
//===----------------------------------------------------------------------===//

LogicalResult ScatterAddOp::verify() {
  RankedTensorType type = getX().getType();
  if (type.getRank() == 0)
    return emitOpError("operand must have at least one dimension");
  SmallVector<AffineExpr> expected = sizesOf(getIndices());
  llvm::append_range(expected, ArrayRef(sizesOf(type)).drop_front());
  if (sizesOf(getUpdates()) != expected)
    return emitOpError("updates must have the shape of the indices followed by "
                       "a row, got ")
           << printSizes(getUpdates().getType());
  if (getUpdates().getType().getElementType() != type.getElementType())
    return emitOpError("element types differ");
  return success();
}

void ScatterAddOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                                 SmallVectorImpl<Value> &operandGradients) {
  operandGradients.push_back(resultGradients[0]);
  operandGradients.push_back(nullptr);
  operandGradients.push_back(
      GatherOp::create(builder, getLoc(), resultGradients[0], getIndices()));
}

//===- ElementwiseOps.cpp - Element-wise operations -----------------------===//

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "nnc/Dialect/NN/IR/NN.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace nnc::nn;

#define GET_OP_CLASSES
#include "nnc/Dialect/NN/IR/NNOps.cpp.inc"

bool nnc::nn::isFilledWith(Value value, double expected) {
  if (auto broadcast = value.getDefiningOp<BroadcastOp>())
    value = broadcast.getX();
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.isSplat())
    return false;
  if (isa<FloatType>(elements.getElementType())) {
    APFloat number = elements.getSplatValue<APFloat>();
    return number.isExactlyValue(expected) &&
           number.isNegative() == std::signbit(expected);
  }
  return elements.getSplatValue<APInt>().getSExtValue() == (int64_t)expected;
}

static bool isFloatTensor(Value value) {
  return isa<FloatType>(getElementTypeOrSelf(value.getType()));
}

static bool isTrue(Value value) { return isFilledWith(value, -1.0); }
static bool isFalse(Value value) { return isFilledWith(value, 0.0); }

//===----------------------------------------------------------------------===//
// NegOp
//===----------------------------------------------------------------------===//

OpFoldResult NegOp::fold(FoldAdaptor) {
  if (auto inner = getX().getDefiningOp<NegOp>())
    return inner.getX();
  return {};
}

//===----------------------------------------------------------------------===//
// AbsOp
//===----------------------------------------------------------------------===//

OpFoldResult AbsOp::fold(FoldAdaptor) {
  return getX().getDefiningOp<AbsOp>() ? getX() : Value();
}

//===----------------------------------------------------------------------===//
// ReluOp
//===----------------------------------------------------------------------===//

OpFoldResult ReluOp::fold(FoldAdaptor) {
  if (getX().getDefiningOp<ReluOp>())
    return getX();
  return {};
}

//===----------------------------------------------------------------------===//
// AddOp
//===----------------------------------------------------------------------===//

OpFoldResult AddOp::fold(FoldAdaptor) {
  // x + (-0.0) is x for every x; x + 0.0 is not, at x = -0.0.
  double zero = isFloatTensor(getA()) ? -0.0 : 0.0;
  if (isFilledWith(getB(), zero))
    return getA();
  return isFilledWith(getA(), zero) ? getB() : Value();
}

//===----------------------------------------------------------------------===//
// SubOp
//===----------------------------------------------------------------------===//

OpFoldResult SubOp::fold(FoldAdaptor) {
  return isFilledWith(getB(), 0.0) ? getA() : Value();
}

//===----------------------------------------------------------------------===//
// MulOp
//===----------------------------------------------------------------------===//

OpFoldResult MulOp::fold(FoldAdaptor) {
  if (isFilledWith(getB(), 1.0))
    return getA();
  return isFilledWith(getA(), 1.0) ? getB() : Value();
}

//===----------------------------------------------------------------------===//
// DivOp
//===----------------------------------------------------------------------===//

OpFoldResult DivOp::fold(FoldAdaptor) {
  return isFilledWith(getB(), 1.0) ? getA() : Value();
}

//===----------------------------------------------------------------------===//
// MaximumOp, MinimumOp, AndOp, OrOp and NotOp
//===----------------------------------------------------------------------===//

OpFoldResult MaximumOp::fold(FoldAdaptor) {
  return getA() == getB() ? getA() : Value();
}

OpFoldResult MinimumOp::fold(FoldAdaptor) {
  return getA() == getB() ? getA() : Value();
}

OpFoldResult AndOp::fold(FoldAdaptor) {
  if (getA() == getB() || isTrue(getA()) || isFalse(getB()))
    return getB();
  return isTrue(getB()) || isFalse(getA()) ? getA() : Value();
}

OpFoldResult OrOp::fold(FoldAdaptor) {
  if (getA() == getB() || isFalse(getA()) || isTrue(getB()))
    return getB();
  return isFalse(getB()) || isTrue(getA()) ? getA() : Value();
}

OpFoldResult NotOp::fold(FoldAdaptor) {
  if (auto inner = getX().getDefiningOp<NotOp>())
    return inner.getX();
  return {};
}

//===----------------------------------------------------------------------===//
// CompareOp
//===----------------------------------------------------------------------===//

static LogicalResult inferBoolean(ValueRange operands,
                                  SmallVectorImpl<Type> &inferred) {
  auto type = cast<RankedTensorType>(operands[0].getType());
  inferred.push_back(
      withElementType(type, IntegerType::get(type.getContext(), 1)));
  return success();
}

LogicalResult CompareOp::inferReturnTypes(MLIRContext *,
                                          std::optional<Location>,
                                          Adaptor adaptor,
                                          SmallVectorImpl<Type> &inferred) {
  return inferBoolean(adaptor.getOperands(), inferred);
}

//===----------------------------------------------------------------------===//
// SelectOp
//===----------------------------------------------------------------------===//

LogicalResult SelectOp::verify() {
  if (sizesOf(getCondition()) != sizesOf(getY()))
    return emitOpError("condition has the shape ")
           << printSizes(getCondition().getType()) << ", operands "
           << printSizes(getY().getType());
  return success();
}

OpFoldResult SelectOp::fold(FoldAdaptor) {
  if (getA() == getB() || isTrue(getCondition()))
    return getA();
  return isFalse(getCondition()) ? getB() : Value();
}

void SelectOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                             SmallVectorImpl<Value> &operandGradients) {
  TensorExpr condition(builder, getLoc(), getCondition());
  TensorExpr dy(builder, getLoc(), resultGradients[0]);
  operandGradients.push_back(nullptr);
  operandGradients.push_back(select(condition, dy, 0.0));
  operandGradients.push_back(select(condition, 0.0, dy));
}

//===----------------------------------------------------------------------===//
// CastOp
//===----------------------------------------------------------------------===//

LogicalResult CastOp::verify() {
  if (sizesOf(getX()) != sizesOf(getY()))
    return emitOpError("operand has the shape ")
           << printSizes(getX().getType()) << ", result "
           << printSizes(getY().getType());
  return success();
}

OpFoldResult CastOp::fold(FoldAdaptor) {
  return getX().getType() == getY().getType() ? getX() : Value();
}

void CastOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                           SmallVectorImpl<Value> &operandGradients) {
  if (!isFloatTensor(getX())) {
    operandGradients.push_back(nullptr);
    return;
  }
  operandGradients.push_back(
      CastOp::create(builder, getLoc(), getX().getType(), resultGradients[0]));
}

//===----------------------------------------------------------------------===//
// IsNanOp and IsInfOp
//===----------------------------------------------------------------------===//

LogicalResult IsNanOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                        Adaptor adaptor,
                                        SmallVectorImpl<Type> &inferred) {
  return inferBoolean(adaptor.getOperands(), inferred);
}

LogicalResult IsInfOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                        Adaptor adaptor,
                                        SmallVectorImpl<Type> &inferred) {
  return inferBoolean(adaptor.getOperands(), inferred);
}

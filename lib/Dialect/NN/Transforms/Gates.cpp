//===- Gates.cpp - Products whose columns fall into gates -----------------===//
//
// A recurrent cell multiplies its state by the weights of all its gates at once
// and cuts the result. Where each piece only goes into arithmetic, one kernel
// can hold the same unit of all gates and need not write the product.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/IRMapping.h"
#include "nnc/Dialect/NN/Transforms/Fusion.h"

using namespace mlir;
using namespace nnc::nn;

/// Blocks of columns that the template of products can hold.
static constexpr int64_t mostGates = 4;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

static bool isElementwise(Operation *op) {
  auto classed = dyn_cast<FusionOpInterface>(op);
  return classed && classed.getFusionClass() == FusionClass::elementwise;
}

/// The users of \p value if all are slices that cut its last axis into equal
/// parts, each used, none but by arithmetic.
static SmallVector<SliceOp> partsOf(Value value) {
  RankedTensorType type = typeOf(value);
  int64_t last = type.getRank() - 1;
  SmallVector<SliceOp> slices;
  for (Operation *user : value.getUsers()) {
    auto slice = dyn_cast<SliceOp>(user);
    if (!slice || (!slices.empty() && slice.getType() != slices[0].getType()) ||
        !llvm::all_of(slice.getSteps(), [](int64_t step) { return step == 1; }))
      return {};
    for (int64_t axis = 0; axis < last; ++axis)
      if (slice.getType().getDimSize(axis) != type.getDimSize(axis))
        return {};
    if (!llvm::all_of(slice->getUsers(), isElementwise))
      return {};
    slices.push_back(slice);
  }
  if (slices.empty())
    return {};
  int64_t width = slices[0].getType().getDimSize(last);
  int64_t gates = width > 0 ? type.getDimSize(last) / width : 0;
  if (gates < 2 || gates > mostGates || gates * width != type.getDimSize(last))
    return {};
  SmallVector<bool> used(gates, false);
  for (SliceOp slice : slices) {
    int64_t start = slice.getStarts()[last];
    if (start % width != 0)
      return {};
    used[start / width] = true;
  }
  return llvm::all_of(used, [](bool is) { return is; })
             ? slices
             : SmallVector<SliceOp>();
}

SmallVector<SliceOp> nnc::nn::gatesOf(Operation *op) {
  auto matmul = dyn_cast<MatmulOp>(op);
  if (!matmul || matmul.getTransposeB())
    return {};
  return partsOf(matmul.getY());
}

/// The part of \p operand that \p slice takes of what it is an operand of.
static Value cut(OpBuilder &builder, SliceOp slice, Value operand) {
  SmallVector<int64_t> starts(slice.getStarts());
  RankedTensorType type = slice.getType();
  if (auto broadcast = operand.getDefiningOp<BroadcastOp>()) {
    RankedTensorType repeated = broadcast.getX().getType();
    SmallVector<AffineExpr> sizes = sizesOf(repeated);
    SmallVector<int64_t> shape(repeated.getShape());
    SmallVector<int64_t> from(shape.size(), 0), steps(shape.size(), 1);
    int64_t last = type.getRank() - 1;
    bool cuts = false;
    for (auto [i, place] : llvm::enumerate(broadcast.getDimensions())) {
      if (place != last)
        continue;
      cuts = true;
      from[i] = starts[last];
      shape[i] = type.getDimSize(last);
      sizes[i] = getAffineConstantExpr(shape[i], builder.getContext());
    }
    Value source = broadcast.getX();
    if (cuts)
      source =
          SliceOp::create(builder, slice.getLoc(),
                          tensorType(repeated.getElementType(), sizes, shape),
                          source, from, steps);
    return BroadcastOp::create(
        builder, slice.getLoc(),
        RankedTensorType::get(type.getShape(), typeOf(operand).getElementType(),
                              type.getEncoding()),
        source, broadcast.getDimensions());
  }
  if (auto inner = operand.getDefiningOp<SliceOp>())
    if (llvm::all_of(inner.getSteps(),
                     [](int64_t step) { return step == 1; })) {
      for (auto [start, offset] : llvm::zip_equal(starts, inner.getStarts()))
        start += offset;
      operand = inner.getX();
    }
  return SliceOp::create(builder, slice.getLoc(), type, operand, starts,
                         slice.getSteps());
}

void nnc::nn::exposeGates(func::FuncOp function) {
  SmallVector<MatmulOp> products(function.getBody().front().getOps<MatmulOp>());
  for (MatmulOp matmul : products) {
    if (matmul.getTransposeB() || !matmul.getY().hasOneUse())
      continue;
    Operation *user = *matmul->user_begin();
    if (!isElementwise(user) || user->getNumResults() != 1 ||
        user->getResult(0).getType() != matmul.getType() ||
        llvm::any_of(user->getOperands(), [&](Value operand) {
          return operand.getType() != matmul.getType();
        }))
      continue;
    SmallVector<SliceOp> parts = partsOf(user->getResult(0));
    for (SliceOp part : parts) {
      OpBuilder builder(part);
      SmallVector<Value> operands;
      for (Value operand : user->getOperands())
        operands.push_back(cut(builder, part, operand));
      IRMapping mapping;
      Operation *copy = builder.clone(*user, mapping);
      copy->setOperands(operands);
      copy->getResult(0).setType(part.getType());
      part.getY().replaceAllUsesWith(copy->getResult(0));
      part.erase();
    }
    if (!parts.empty())
      user->erase();
  }
}

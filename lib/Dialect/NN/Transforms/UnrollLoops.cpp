//===- UnrollLoops.cpp - Steps in place of scans --------------------------===//
//
// Each step of a scan becomes a copy of its body, so that what a step of the
// gradient computes again is shared with the forward step, and every product
// is fused with what follows it.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/IRMapping.h"
#include "nnc/Dialect/NN/IR/Loops.h"
#include "nnc/Dialect/NN/Transforms/Passes.h"

namespace nnc::nn {
#define GEN_PASS_DEF_UNROLLLOOPSPASS
#include "nnc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace nnc::nn

using namespace mlir;
using namespace nnc::nn;

/// The most ops that the steps of one scan may become.
static constexpr int64_t maximumOps = 200'000;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// \p type with \p extent along \p axis.
static RankedTensorType withExtent(RankedTensorType type, int64_t axis,
                                   int64_t extent) {
  SmallVector<AffineExpr> sizes = sizesOf(type);
  SmallVector<int64_t> capacities(type.getShape());
  sizes[axis] = getAffineConstantExpr(extent, type.getContext());
  capacities[axis] = extent;
  return tensorType(type.getElementType(), sizes, capacities);
}

/// Whether \p axis of \p type and the one behind it are numbers, so that the
/// two can be one, of which a step is a part: no axis of size 1 comes and goes.
static bool canMerge(RankedTensorType type, int64_t axis) {
  SmallVector<AffineExpr> sizes = sizesOf(type);
  return axis + 1 < type.getRank() && isa<AffineConstantExpr>(sizes[axis]) &&
         isa<AffineConstantExpr>(sizes[axis + 1]);
}

/// \p type with \p axis and the one behind it as one.
static RankedTensorType mergedType(RankedTensorType type, int64_t axis) {
  return withExtent(sliceType(type, axis), axis,
                    type.getDimSize(axis) * type.getDimSize(axis + 1));
}

/// The slice of \p source at \p step along \p axis.
static Value createSlice(OpBuilder &builder, Location loc, Value source,
                         int64_t axis, int64_t step) {
  RankedTensorType type = typeOf(source), result = sliceType(type, axis);
  bool merge = canMerge(type, axis);
  SmallVector<int64_t> starts(type.getRank() - merge, 0);
  SmallVector<int64_t> steps(starts.size(), 1);
  if (merge) {
    Value merged =
        ReshapeOp::create(builder, loc, mergedType(type, axis), source);
    starts[axis] = step * type.getDimSize(axis + 1);
    return SliceOp::create(builder, loc, result, merged, starts, steps);
  }
  starts[axis] = step;
  Value one = SliceOp::create(builder, loc, withExtent(type, axis, 1), source,
                              starts, steps);
  return ReshapeOp::create(builder, loc, result, one);
}

/// \p values side by side along a new axis, as a tensor of \p type.
static Value createStack(OpBuilder &builder, Location loc, ValueRange values,
                         int64_t axis, RankedTensorType type) {
  if (values.empty())
    return createFull(builder, loc, type, 0.0);
  if (canMerge(type, axis))
    return ReshapeOp::create(builder, loc, type,
                             ConcatOp::create(builder, loc, values, axis));
  SmallVector<Value> parts;
  for (Value value : values)
    parts.push_back(ReshapeOp::create(
        builder, loc,
        stackedType(typeOf(value), axis, builder.getAffineConstantExpr(1), 1),
        value));
  return ConcatOp::create(builder, loc, parts, axis);
}

static LogicalResult unroll(ScanOp op) {
  auto steps = dyn_cast<AffineConstantExpr>(op.getSteps().getSizes()[0]);
  if (!steps)
    return op.emitOpError("runs along a size that is left open");
  int64_t count = steps.getValue();
  Block &body = op.getBody().front();
  int64_t size = std::distance(body.begin(), body.end()) + 1;
  if (count > maximumOps / size)
    return op.emitOpError("has ")
           << count << " steps of " << size << " ops; at most " << maximumOps
           << " ops are supported";
  OpBuilder builder(op);
  SmallVector<Value> carried(op.getInitial());
  unsigned stacked = op.getNumStacked();
  std::vector<SmallVector<Value>> stacks(stacked, SmallVector<Value>(count));
  for (int64_t i = 0; i < count; ++i) {
    int64_t step = op.getReverse() ? count - 1 - i : i;
    IRMapping mapping;
    for (auto [argument, source, axis] :
         llvm::zip_equal(op.getSlices(), op.getSources(), op.getAxes()))
      mapping.map(argument,
                  createSlice(builder, op.getLoc(), source, axis, step));
    mapping.map(op.getCarried(), carried);
    mapping.map(op.getInvariantArguments(), op.getInvariants());
    for (Operation &inner : body.without_terminator())
      builder.clone(inner, mapping);
    for (auto [j, value] : llvm::enumerate(op.getNext().getValues())) {
      Value mapped = mapping.lookup(value);
      if (j < stacked)
        stacks[j][step] = mapped;
      else
        carried[j - stacked] = mapped;
    }
  }
  for (auto [j, values] : llvm::enumerate(stacks))
    op.getResult(j).replaceAllUsesWith(createStack(builder, op.getLoc(), values,
                                                   op.getStackAxes()[j],
                                                   typeOf(op.getResult(j))));
  for (auto [j, value] : llvm::enumerate(carried))
    op.getResult(stacked + j).replaceAllUsesWith(value);
  op.erase();
  return success();
}

namespace {
struct UnrollLoopsPass : nnc::nn::impl::UnrollLoopsPassBase<UnrollLoopsPass> {
  using UnrollLoopsPassBase::UnrollLoopsPassBase;

  void runOnOperation() override {
    SmallVector<ScanOp> scans;
    getOperation().walk([&](ScanOp op) { scans.push_back(op); });
    for (ScanOp op : scans)
      if (failed(unroll(op)))
        return signalPassFailure();
  }
};
} // namespace

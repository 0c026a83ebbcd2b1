//===- Loops.cpp - Reference evaluation of ops with a region --------------===//

#include "nnc/Dialect/NN/IR/Loops.h"
#include "Models.h"
#include "nnc/Reference/Evaluate.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;
using namespace nnc::reference;

//===----------------------------------------------------------------------===//
// ScanOp
//===----------------------------------------------------------------------===//

/// Calls \p move(place in the slice, place in \p whole) for each element of
/// the slice of a tensor of the shape \p whole at \p step along \p axis.
template <typename Function>
static void forEachOfSlice(ArrayRef<int64_t> whole, int64_t axis, int64_t step,
                           Function move) {
  AxisView view(whole, axis);
  for (int64_t o = 0; o < view.outer; ++o)
    for (int64_t i = 0; i < view.inner; ++i)
      move(o * view.inner + i, view.place(o, step, i));
}

/// Copies elements between tensors of one kind.
template <typename Elements>
static void copySlice(const Tensor &source, Tensor &target, Elements elements,
                      int64_t axis, int64_t step, bool isRead) {
  auto from = elements(source);
  auto to = elements(target);
  forEachOfSlice(isRead ? source.shape() : target.shape(), axis, step,
                 [&](int64_t part, int64_t whole) {
                   if (isRead)
                     to[part] = from[whole];
                   else
                     to[whole] = from[part];
                 });
}

/// Reads a slice of \p source into \p target, or writes \p source as a slice
/// of \p target.
static void moveSlice(const Tensor &source, Tensor &target, int64_t axis,
                      int64_t step, bool isRead) {
  switch (source.kind()) {
  case ElementKind::floating:
    return copySlice(
        source, target, [](auto &t) { return t.floats(); }, axis, step, isRead);
  case ElementKind::integer:
    return copySlice(
        source, target, [](auto &t) { return t.integers(); }, axis, step,
        isRead);
  case ElementKind::boolean:
    return copySlice(
        source, target, [](auto &t) { return t.booleans(); }, axis, step,
        isRead);
  }
}

static LogicalResult evaluateScan(ScanOp op, Operands operands, Results results,
                                  const Sizes &sizes) {
  std::optional<int64_t> count = sizes.evaluate(op.getSteps().getSizes()[0]);
  if (!count)
    return op.emitOpError("has an unknown number of steps");
  size_t sources = op.getSources().size(), stacked = op.getNumStacked();
  Operands invariants = operands.take_back(op.getInvariants().size());
  std::vector<Tensor> carried;
  for (size_t i = 0; i < op.getInitial().size(); ++i)
    carried.push_back(*operands[sources + i]);
  for (int64_t i = 0; i < *count; ++i) {
    int64_t step = op.getReverse() ? *count - 1 - i : i;
    std::vector<Tensor> slices;
    for (size_t s = 0; s < sources; ++s) {
      int64_t axis = op.getAxes()[s];
      SmallVector<int64_t> shape(operands[s]->shape());
      shape.erase(shape.begin() + axis);
      slices.emplace_back(operands[s]->kind(), shape);
      moveSlice(*operands[s], slices.back(), axis, step, /*isRead=*/true);
    }
    SmallVector<const Tensor *> arguments;
    for (const Tensor &slice : slices)
      arguments.push_back(&slice);
    for (const Tensor &value : carried)
      arguments.push_back(&value);
    llvm::append_range(arguments, invariants);
    FailureOr<SmallVector<Tensor>> values =
        evaluateBlock(op.getBody().front(), arguments, sizes);
    if (failed(values))
      return failure();
    for (size_t j = 0; j < values->size(); ++j) {
      if (j < stacked)
        moveSlice((*values)[j], results[j], op.getStackAxes()[j], step,
                  /*isRead=*/false);
      else
        carried[j - stacked] = std::move((*values)[j]);
    }
  }
  for (size_t i = 0; i < carried.size(); ++i)
    results[stacked + i] = std::move(carried[i]);
  return success();
}

void reference::attachLoopModels(MLIRContext &context) {
  attachFallible<ScanOp, evaluateScan>(context);
}

//===- ScanGradient.cpp - The gradient of a scan --------------------------===//
//
// Let a step be (y, h') = f(x, h, w) with slices x, carried values h and
// invariants w. Going back, each step takes dy and the gradient dh' of the
// carried values, and gives dx, dh and what it adds to dw: the gradients of
// sum(y * dy) + sum(h' * dh') to x, h and w, where dy and dh' are constants.
//
//===----------------------------------------------------------------------===//

#include "ScanGradient.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "nnc/Dialect/NN/Transforms/Differentiate.h"

using namespace mlir;
using namespace nnc::nn;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

static bool isFloat(Value value) {
  return isa<FloatType>(typeOf(value).getElementType());
}

/// For each carried value of \p op its values before the steps, stacked, and
/// the axis: results of \p op where it gives them, else of a copy.
static SmallVector<std::pair<Value, int64_t>>
findStoredCarries(OpBuilder &builder, ScanOp op) {
  SmallVector<std::pair<Value, int64_t>> stored(op.getInitial().size());
  auto find = [&](ScanOp scan) {
    bool all = true;
    for (auto [i, argument] : llvm::enumerate(scan.getCarried())) {
      for (unsigned j = 0; j < scan.getNumStacked() && !stored[i].first; ++j)
        if (scan.getNext().getValues()[j] == argument)
          stored[i] = {scan.getResult(j), scan.getStackAxes()[j]};
      all &= bool(stored[i].first);
    }
    return all;
  };
  if (find(op))
    return stored;
  IRMapping mapping;
  Region body;
  op.getBody().cloneInto(&body, mapping);
  ScanParts parts = partsOf(op);
  auto follow = [&](auto &values) {
    for (auto &value : values)
      value = cast<std::decay_t<decltype(value)>>(mapping.lookup(value));
  };
  follow(parts.slices);
  follow(parts.carried);
  follow(parts.invariantArguments);
  for (Value &value : parts.yields)
    value = mapping.lookup(value);
  for (Value &value : parts.next)
    value = mapping.lookup(value);
  for (auto [argument, place] : llvm::zip_equal(parts.carried, stored))
    if (!place.first) {
      parts.yields.push_back(argument);
      parts.stackAxes.push_back(typeOf(argument).getRank() > 0);
    }
  body.front().getTerminator()->erase();
  find(createScan(builder, parts, body));
  return stored;
}

LogicalResult
nnc::nn::buildScanGradient(OpBuilder &builder, ScanOp op,
                           ValueRange resultGradients,
                           SmallVectorImpl<Value> &operandGradients) {
  Location loc = op.getLoc();
  unsigned stacked = op.getNumStacked();
  ScanParts forward = partsOf(op);
  SmallVector<std::pair<Value, int64_t>> stored =
      findStoredCarries(builder, op);

  // The body: the forward step again, then its gradient.
  Region region;
  region.push_back(new Block());
  Block &block = region.front();
  OpBuilder inner(builder.getContext());
  inner.setInsertionPointToEnd(&block);
  IRMapping mapping;
  ScanParts back(loc, forward.steps);
  back.capacity = forward.capacity;
  back.reverse = !forward.reverse;
  auto addSource = [&](Value source, int64_t axis) {
    BlockArgument slice =
        block.addArgument(sliceType(typeOf(source), axis), loc);
    back.sources.push_back(source);
    back.axes.push_back(axis);
    back.slices.push_back(slice);
    return slice;
  };
  auto addCarried = [&](Value initial) {
    BlockArgument argument = block.addArgument(initial.getType(), loc);
    back.initial.push_back(initial);
    back.carried.push_back(argument);
    return argument;
  };
  SmallVector<Value> inputs;
  for (auto [slice, source, axis] :
       llvm::zip_equal(forward.slices, forward.sources, forward.axes))
    mapping.map(slice, addSource(source, axis));
  for (auto [argument, place] : llvm::zip_equal(forward.carried, stored))
    mapping.map(argument, addSource(place.first, place.second));
  for (auto [argument, invariant] :
       llvm::zip_equal(forward.invariantArguments, forward.invariants)) {
    BlockArgument copy = block.addArgument(argument.getType(), loc);
    back.invariants.push_back(invariant);
    back.invariantArguments.push_back(copy);
    mapping.map(argument, copy);
  }
  for (Operation &step : op.getBody().front().without_terminator())
    inner.clone(step, mapping);

  Value total;
  auto addTerm = [&](Value value, Value gradient) {
    Value product = MulOp::create(inner, loc, value, gradient);
    Value sum = ReduceSumOp::create(
        inner, loc, product,
        llvm::to_vector(llvm::seq<int64_t>(0, typeOf(value).getRank())));
    if (total && total.getType() != sum.getType())
      sum = CastOp::create(inner, loc, total.getType(), sum);
    total = total ? AddOp::create(inner, loc, total, sum).getY() : sum;
  };
  for (unsigned i = 0; i < stacked; ++i)
    if (resultGradients[i])
      addTerm(mapping.lookup(forward.yields[i]),
              addSource(resultGradients[i], forward.stackAxes[i]));
  SmallVector<Value> wrt;
  for (unsigned i = 0; i < forward.carried.size(); ++i) {
    if (!isFloat(forward.carried[i]))
      continue;
    Value gradient = resultGradients[stacked + i];
    if (!gradient)
      gradient = createFull(builder, loc, typeOf(forward.carried[i]), 0.0);
    addTerm(mapping.lookup(forward.next[i]), addCarried(gradient));
    wrt.push_back(mapping.lookup(forward.carried[i]));
  }
  for (ArrayRef<BlockArgument> arguments :
       {ArrayRef(forward.slices), ArrayRef(forward.invariantArguments)})
    for (BlockArgument argument : arguments)
      if (isFloat(argument))
        wrt.push_back(mapping.lookup(argument));
  SmallVector<Value> gradients(wrt.size());
  if (total && failed(differentiate(inner, total, wrt, gradients)))
    return failure();

  // What the body gives: dh and the sums of dw are carried, dx is stacked.
  auto gradient = gradients.begin();
  for (BlockArgument argument : forward.carried)
    if (isFloat(argument)) {
      Value value = *gradient++;
      back.next.push_back(
          value ? value : createFull(inner, loc, typeOf(argument), 0.0));
    }
  SmallVector<int> sourceResults, invariantResults;
  for (auto [slice, axis] : llvm::zip_equal(forward.slices, forward.axes)) {
    Value value = isFloat(slice) ? *gradient++ : Value();
    sourceResults.push_back(value ? int(back.yields.size()) : -1);
    if (value) {
      back.yields.push_back(value);
      back.stackAxes.push_back(axis);
    }
  }
  for (BlockArgument argument : forward.invariantArguments) {
    Value value = isFloat(argument) ? *gradient++ : Value();
    invariantResults.push_back(value ? int(back.next.size()) : -1);
    if (!value)
      continue;
    Value sum = addCarried(createFull(builder, loc, typeOf(argument), 0.0));
    back.next.push_back(AddOp::create(inner, loc, sum, value));
  }

  // The forward step's results that no gradient reads go.
  DenseSet<Value> kept(back.yields.begin(), back.yields.end());
  kept.insert(back.next.begin(), back.next.end());
  for (Operation &step :
       llvm::make_early_inc_range(llvm::reverse(block.getOperations())))
    if (isOpTriviallyDead(&step) &&
        llvm::none_of(step.getResults(),
                      [&](Value v) { return kept.contains(v); }))
      step.erase();
  for (unsigned i = back.slices.size(); i-- > 0;)
    if (back.slices[i].use_empty() && !kept.contains(back.slices[i])) {
      back.sources.erase(back.sources.begin() + i);
      back.axes.erase(back.axes.begin() + i);
      back.slices.erase(back.slices.begin() + i);
    }

  int offset = back.yields.size();
  ScanOp result = createScan(builder, back, region);
  auto resultAt = [&](int number) {
    return number < 0 ? Value() : Value(result.getResult(number));
  };
  for (int number : sourceResults)
    operandGradients.push_back(resultAt(number));
  int carried = 0;
  for (BlockArgument argument : forward.carried)
    operandGradients.push_back(isFloat(argument) ? resultAt(offset + carried++)
                                                 : Value());
  for (int number : invariantResults)
    operandGradients.push_back(number < 0 ? Value()
                                          : resultAt(offset + number));
  return success();
}

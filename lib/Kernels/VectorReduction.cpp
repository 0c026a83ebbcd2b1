//===- VectorReduction.cpp - Accumulators of reductions -------------------===//

#include "VectorReduction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

Value kernels::combine(KernelBuilder &kernel, ReduceKind kind, Value a,
                       Value b) {
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  bool isFloat = isa<FloatType>(getElementTypeOrSelf(a));
  switch (kind) {
  case ReduceKind::sum:
    if (isFloat)
      return arith::AddFOp::create(builder, loc, a, b);
    return arith::AddIOp::create(builder, loc, a, b);
  case ReduceKind::product:
    if (isFloat)
      return arith::MulFOp::create(builder, loc, a, b);
    return arith::MulIOp::create(builder, loc, a, b);
  case ReduceKind::maximum:
    if (isFloat)
      return arith::MaximumFOp::create(builder, loc, a, b);
    return arith::MaxSIOp::create(builder, loc, a, b);
  case ReduceKind::minimum:
    if (isFloat)
      return arith::MinimumFOp::create(builder, loc, a, b);
    return arith::MinSIOp::create(builder, loc, a, b);
  case ReduceKind::argmax:
  case ReduceKind::argmin:
    break;
  }
  llvm_unreachable("positions are combined by an accumulator");
}

/// The lower and the upper half of \p vector.
static std::pair<Value, Value> halves(KernelBuilder &kernel, Value vector) {
  int64_t half = cast<VectorType>(vector.getType()).getNumElements() / 2;
  SmallVector<int64_t> low(half), high(half);
  for (int64_t lane = 0; lane < half; ++lane) {
    low[lane] = lane;
    high[lane] = half + lane;
  }
  return {kernel.shuffle(vector, vector, low),
          kernel.shuffle(vector, vector, high)};
}

static int64_t widthOf(Value vector) {
  return cast<VectorType>(vector.getType()).getNumElements();
}

Value kernels::reduceLanes(KernelBuilder &kernel, ReduceKind kind,
                           Value vector) {
  while (widthOf(vector) > 1) {
    auto [low, high] = halves(kernel, vector);
    vector = combine(kernel, kind, low, high);
  }
  return vector;
}

SmallVector<Type, 2> Accumulator::types() const {
  SmallVector<Type, 2> types{reduction.element};
  if (hasPosition())
    types.push_back(kernel.builder.getI64Type());
  return types;
}

SmallVector<Value, 2> Accumulator::identity(int64_t width) {
  OpBuilder &builder = kernel.builder;
  auto splat = [&](TypedAttr scalar) -> Value {
    return arith::ConstantOp::create(
        builder, kernel.loc,
        DenseElementsAttr::get(kernel.vectorType(width, scalar.getType()),
                               Attribute(scalar)));
  };
  Type type = reduction.element;
  bool largest = reduction.kind == ReduceKind::minimum ||
                 reduction.kind == ReduceKind::argmin;
  Value start;
  if (reduction.kind == ReduceKind::sum ||
      reduction.kind == ReduceKind::product) {
    start = kernel.splatConstant(type, width,
                                 reduction.kind == ReduceKind::product);
  } else if (auto floating = dyn_cast<FloatType>(type)) {
    start = splat(builder.getFloatAttr(
        type, APFloat::getInf(floating.getFloatSemantics(), !largest)));
  } else {
    unsigned bits = type.getIntOrFloatBitWidth();
    start = splat(
        builder.getIntegerAttr(type, largest ? APInt::getSignedMaxValue(bits)
                                             : APInt::getSignedMinValue(bits)));
  }
  if (!hasPosition())
    return {start};
  // Any real position comes before this one.
  return {start, splat(builder.getI64IntegerAttr(INT64_MAX))};
}

SmallVector<Value, 2>
Accumulator::accumulate(ValueRange carried, Value value, const Lanes &lanes,
                        llvm::function_ref<Value()> position) {
  if (lanes.mask)
    value = kernel.select(lanes.mask, value, identity(lanes.width)[0]);
  if (!hasPosition())
    return {combine(kernel, reduction.kind, carried[0], value)};
  Value at = position();
  if (lanes.mask)
    at = kernel.select(lanes.mask, at, identity(lanes.width)[1]);
  return merge(carried, {value, at});
}

SmallVector<Value, 2> Accumulator::merge(ValueRange a, ValueRange b) {
  if (!hasPosition())
    return {combine(kernel, reduction.kind, a[0], b[0])};
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  bool wantsMaximum = reduction.kind == ReduceKind::argmax;
  Value better, equal;
  if (isa<FloatType>(reduction.element)) {
    // A NaN beats any number; two NaN are equal.
    auto isNaN = [&](Value x) -> Value {
      return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNO, x,
                                   x);
    };
    Value aIsNaN = isNaN(a[0]), bIsNaN = isNaN(b[0]);
    Value beats = arith::CmpFOp::create(
        builder, loc,
        wantsMaximum ? arith::CmpFPredicate::UGT : arith::CmpFPredicate::ULT,
        b[0], a[0]);
    Value same = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ,
                                       b[0], a[0]);
    Value bothNaN = arith::AndIOp::create(builder, loc, aIsNaN, bIsNaN);
    Value aNumber = arith::CmpFOp::create(
        builder, loc, arith::CmpFPredicate::ORD, a[0], a[0]);
    better = arith::AndIOp::create(builder, loc, beats, aNumber);
    equal = arith::OrIOp::create(builder, loc, same, bothNaN);
  } else {
    better = arith::CmpIOp::create(builder, loc,
                                   wantsMaximum ? arith::CmpIPredicate::sgt
                                                : arith::CmpIPredicate::slt,
                                   b[0], a[0]);
    equal = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, b[0],
                                  a[0]);
  }
  Value earlier = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt,
                                        b[1], a[1]);
  Value takeB =
      arith::OrIOp::create(builder, loc, better,
                           arith::AndIOp::create(builder, loc, equal, earlier));
  return {kernel.select(takeB, b[0], a[0]), kernel.select(takeB, b[1], a[1])};
}

SmallVector<Value, 2> Accumulator::collapse(ValueRange carried) {
  SmallVector<Value, 2> state(carried);
  while (widthOf(state[0]) > 1) {
    SmallVector<Value, 2> low, high;
    for (Value vector : state) {
      auto [a, b] = halves(kernel, vector);
      low.push_back(a);
      high.push_back(b);
    }
    state = merge(low, high);
  }
  return state;
}

//===----------------------------------------------------------------------===//
// Accumulators
//===----------------------------------------------------------------------===//

Accumulators::Accumulators(KernelBuilder &kernel,
                           ArrayRef<Reduction> reductions) {
  for (const Reduction &reduction : reductions)
    all.emplace_back(kernel, reduction);
}

SmallVector<Type> Accumulators::types() const {
  SmallVector<Type> types;
  for (const Accumulator &one : all)
    llvm::append_range(types, one.types());
  return types;
}

SmallVector<Value> Accumulators::identity(int64_t width) {
  SmallVector<Value> states;
  for (Accumulator &one : all)
    llvm::append_range(states, one.identity(width));
  return states;
}

SmallVector<Value>
Accumulators::accumulate(ValueRange carried, ValueRange values,
                         const Lanes &lanes,
                         llvm::function_ref<Value()> position) {
  SmallVector<Value> states;
  Value known;
  auto once = [&] {
    if (!known)
      known = position();
    return known;
  };
  for (auto [number, one] : llvm::enumerate(all)) {
    llvm::append_range(states, one.accumulate(carried.take_front(one.size()),
                                              values[number], lanes, once));
    carried = carried.drop_front(one.size());
  }
  return states;
}

SmallVector<Value> Accumulators::merge(ValueRange a, ValueRange b) {
  SmallVector<Value> states;
  for (Accumulator &one : all) {
    llvm::append_range(
        states, one.merge(a.take_front(one.size()), b.take_front(one.size())));
    a = a.drop_front(one.size());
    b = b.drop_front(one.size());
  }
  return states;
}

SmallVector<Value> Accumulators::collapse(ValueRange carried) {
  SmallVector<Value> states;
  for (Accumulator &one : all) {
    llvm::append_range(states, one.collapse(carried.take_front(one.size())));
    carried = carried.drop_front(one.size());
  }
  return states;
}

SmallVector<Value> Accumulators::results(ValueRange carried) {
  SmallVector<Value> results;
  for (Accumulator &one : all) {
    results.push_back(one.result(carried.take_front(one.size())));
    carried = carried.drop_front(one.size());
  }
  return results;
}

//===----------------------------------------------------------------------===//
// LaneReduction
//===----------------------------------------------------------------------===//

SmallVector<Value> LaneReduction::start() {
  SmallVector<Value> states = accumulators.identity(width);
  if (hasScalars())
    llvm::append_range(states, accumulators.identity(1));
  return states;
}

SmallVector<Value> LaneReduction::run(
    ValueRange carried, Value low, Value high, Value offset,
    llvm::function_ref<SmallVector<Value>(Value, const Lanes &)> body) {
  size_t size = accumulators.types().size();
  SmallVector<Value> vectors(carried.take_front(size)),
      scalars(carried.drop_front(size));
  auto step = [&](Value at, ValueRange states, const Lanes &lanes) {
    return accumulators.accumulate(states, body(at, lanes), lanes, [&] {
      return kernel.iota(kernel.add(offset, at), lanes.width);
    });
  };
  Value middle = low;
  if (full) {
    middle = rest ? kernel.sub(high, kernel.rem(kernel.sub(high, low),
                                                kernel.constant(width)))
                  : high;
    vectors = kernel.loop(low, middle, width, vectors,
                          [&](Value at, ValueRange states) {
                            return step(at, states, Lanes{width});
                          });
  }
  if (rest && masked)
    vectors = step(middle, vectors,
                   kernel.firstLanes(kernel.sub(high, middle), width));
  if (hasScalars())
    scalars =
        kernel.loop(middle, high, 1, scalars, [&](Value at, ValueRange states) {
          return step(at, states, Lanes{1});
        });
  llvm::append_range(vectors, scalars);
  return vectors;
}

SmallVector<Value> LaneReduction::end(ValueRange carried) {
  size_t size = accumulators.types().size();
  SmallVector<Value> states = accumulators.collapse(carried.take_front(size));
  if (hasScalars())
    states = accumulators.merge(states, carried.drop_front(size));
  return states;
}

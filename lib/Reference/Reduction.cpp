//===- Reduction.cpp - Reference evaluation of reductions -----------------===//

#include "Models.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;
using namespace nnc::reference;

/// Calls \p function with the place of each element of a tensor of \p shape and
/// that of the element it is reduced into along \p axes.
template <typename Function>
static void forEachReduced(ArrayRef<int64_t> shape, ArrayRef<int64_t> axes,
                           Function function) {
  int64_t place = 0;
  forEachIndex(shape, [&](ArrayRef<int64_t> index) {
    int64_t target = 0;
    for (size_t i = 0; i < shape.size(); ++i)
      if (!llvm::is_contained(axes, i))
        target = target * shape[i] + index[i];
    function(place++, target);
  });
}

/// Reduces doubles or integers from \p initial by \p combine, which gives the
/// new value from the old one and the next element.
template <typename Op, typename Floats, typename Integers>
static void reduce(Op op, Operands operands, Results results,
                   double initialFloat, int64_t initialInteger,
                   Floats combineFloats, Integers combineIntegers) {
  const Tensor &x = *operands[0];
  if (x.kind() == ElementKind::floating) {
    MutableArrayRef<double> y = results[0].floats();
    std::fill(y.begin(), y.end(), initialFloat);
    forEachReduced(x.shape(), op.getAxes(), [&](int64_t from, int64_t to) {
      y[to] = combineFloats(y[to], x.floats()[from]);
    });
    return;
  }
  Type type = elementTypeOf(op.getY());
  MutableArrayRef<int64_t> y = results[0].integers();
  std::fill(y.begin(), y.end(), initialInteger);
  forEachReduced(x.shape(), op.getAxes(), [&](int64_t from, int64_t to) {
    y[to] = wrapTo(combineIntegers(y[to], x.integers()[from]), type);
  });
}

//===----------------------------------------------------------------------===//
// ReduceSumOp and ReduceProdOp
//===----------------------------------------------------------------------===//

static void evaluateSum(ReduceSumOp op, Operands operands, Results results) {
  reduce(
      op, operands, results, 0.0, 0, [](double a, double b) { return a + b; },
      [](uint64_t a, uint64_t b) { return a + b; });
}

static void evaluateProd(ReduceProdOp op, Operands operands, Results results) {
  reduce(
      op, operands, results, 1.0, 1, [](double a, double b) { return a * b; },
      [](uint64_t a, uint64_t b) { return a * b; });
}

//===----------------------------------------------------------------------===//
// ReduceMaxOp and ReduceMinOp
//===----------------------------------------------------------------------===//

static void evaluateMax(ReduceMaxOp op, Operands operands, Results results) {
  bool isShort = elementTypeOf(op.getY()).isInteger(32);
  reduce(
      op, operands, results, -std::numeric_limits<double>::infinity(),
      isShort ? INT32_MIN : INT64_MIN,
      [](double a, double b) { return a > b || std::isnan(a) ? a : b; },
      [](int64_t a, int64_t b) { return a > b ? a : b; });
}

static void evaluateMin(ReduceMinOp op, Operands operands, Results results) {
  bool isShort = elementTypeOf(op.getY()).isInteger(32);
  reduce(
      op, operands, results, std::numeric_limits<double>::infinity(),
      isShort ? INT32_MAX : INT64_MAX,
      [](double a, double b) { return a < b || std::isnan(a) ? a : b; },
      [](int64_t a, int64_t b) { return a < b ? a : b; });
}

//===----------------------------------------------------------------------===//
// ReduceAllOp and ReduceAnyOp
//===----------------------------------------------------------------------===//

static void evaluateAll(ReduceAllOp op, Operands operands, Results results) {
  results[0].fill(1.0);
  forEachReduced(operands[0]->shape(), op.getAxes(),
                 [&](int64_t from, int64_t to) {
                   if (!operands[0]->booleans()[from])
                     results[0].booleans()[to] = 0;
                 });
}

static void evaluateAny(ReduceAnyOp op, Operands operands, Results results) {
  forEachReduced(operands[0]->shape(), op.getAxes(),
                 [&](int64_t from, int64_t to) {
                   if (operands[0]->booleans()[from])
                     results[0].booleans()[to] = 1;
                 });
}

//===----------------------------------------------------------------------===//
// CumsumOp
//===----------------------------------------------------------------------===//

static void evaluateCumsum(CumsumOp op, Operands operands, Results results) {
  results[0] = *operands[0];
  AxisView view(results[0].shape(), op.getAxis());
  auto accumulate = [&](auto add) {
    for (int64_t outer = 0; outer < view.outer; ++outer)
      for (int64_t inner = 0; inner < view.inner; ++inner)
        for (int64_t k = 1; k < view.extent; ++k) {
          int64_t at = op.getReverse() ? view.extent - 1 - k : k;
          int64_t before = op.getReverse() ? at + 1 : at - 1;
          add(view.place(outer, at, inner), view.place(outer, before, inner));
        }
  };
  if (results[0].kind() == ElementKind::floating)
    return accumulate([y = results[0].floats()](int64_t at, int64_t before) {
      y[at] += y[before];
    });
  Type type = elementTypeOf(op.getY());
  accumulate([&, y = results[0].integers()](int64_t at, int64_t before) {
    y[at] = wrapTo(uint64_t(y[at]) + uint64_t(y[before]), type);
  });
}

//===----------------------------------------------------------------------===//
// ArgmaxOp and ArgminOp
//===----------------------------------------------------------------------===//

/// The index along the axis of the first element that \p precedes no other.
template <typename Op, typename Precedes>
static LogicalResult evaluateExtreme(Op op, Operands operands, Results results,
                                     Precedes precedes) {
  AxisView view(operands[0]->shape(), op.getAxis());
  if (view.extent == 0)
    return op.emitOpError("axis ") << op.getAxis() << " is empty";
  operands[0]->visit([&](const auto &x) {
    for (int64_t outer = 0; outer < view.outer; ++outer)
      for (int64_t inner = 0; inner < view.inner; ++inner) {
        int64_t best = 0;
        for (int64_t k = 1; k < view.extent; ++k)
          if (precedes(x[view.place(outer, k, inner)],
                       x[view.place(outer, best, inner)]))
            best = k;
        results[0].integers()[outer * view.inner + inner] = best;
      }
  });
  return success();
}

static bool isNaN(double x) { return std::isnan(x); }

static LogicalResult evaluateArgmax(ArgmaxOp op, Operands operands,
                                    Results results, const Sizes &) {
  return evaluateExtreme(op, operands, results, [](auto a, auto b) {
    return !isNaN(b) && (isNaN(a) || a > b);
  });
}

static LogicalResult evaluateArgmin(ArgminOp op, Operands operands,
                                    Results results, const Sizes &) {
  return evaluateExtreme(op, operands, results, [](auto a, auto b) {
    return !isNaN(b) && (isNaN(a) || a < b);
  });
}

//===----------------------------------------------------------------------===//
// All of the family
//===----------------------------------------------------------------------===//

void reference::attachReductionModels(MLIRContext &context) {
  attach<ReduceSumOp, evaluateSum>(context);
  attach<ReduceProdOp, evaluateProd>(context);
  attach<ReduceMaxOp, evaluateMax>(context);
  attach<ReduceMinOp, evaluateMin>(context);
  attach<ReduceAllOp, evaluateAll>(context);
  attach<ReduceAnyOp, evaluateAny>(context);
  attach<CumsumOp, evaluateCumsum>(context);
  attachFallible<ArgmaxOp, evaluateArgmax>(context);
  attachFallible<ArgminOp, evaluateArgmin>(context);
}

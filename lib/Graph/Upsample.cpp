//===- Upsample.cpp - Larger images ---------------------------------------===//

#include "GraphImpl.h"

using namespace mlir;
using namespace nnc;

/// Each element of axis \p axis \p factor times.
static Tensor repeatEach(const Tensor &x, int64_t axis, int64_t factor) {
  std::vector<Dim> shape = x.shape(), repeated = shape;
  repeated.insert(repeated.begin() + axis + 1, factor);
  shape[axis] = shape[axis] * factor;
  return reshape(broadcast(expand(x, axis + 1), repeated), shape);
}

/// Linear interpolation along axis \p axis, whose size is constant. Element o
/// stands at (o + 1/2) / factor - 1/2 of x, whose ends continue outwards.
static Tensor interpolate(const Tensor &x, int64_t axis, int64_t factor) {
  std::vector<Dim> shape = x.shape();
  int64_t size = shape[axis].constant();
  Tensor before =
      concat({slice(x, axis, 0, 1), slice(x, axis, 0, size - 1)}, axis);
  Tensor after =
      concat({slice(x, axis, 1, size), slice(x, axis, size - 1, size)}, axis);
  std::vector<Tensor> phases;
  for (int64_t phase = 0; phase < factor; ++phase) {
    double offset = (phase + 0.5) / factor - 0.5;
    if (offset == 0)
      phases.push_back(x);
    else if (offset < 0)
      phases.push_back(x * (1 + offset) + before * -offset);
    else
      phases.push_back(x * (1 - offset) + after * offset);
  }
  shape[axis] = shape[axis] * factor;
  return reshape(stack(phases, axis + 1), shape);
}

Tensor nnc::upsample(const Operand &x, const std::vector<int64_t> &factors,
                     UpsampleMode mode) {
  Operands in("upsample", {&x});
  if (!in.requireFloat(0) ||
      !in.requireRank(0, 3, "f32[batch, channels, n, ...]"))
    return in.poison();
  int64_t rank = in.rank(0);
  if (factors.size() != 1 && (int64_t)factors.size() != rank - 2)
    return in.fail(ErrorCode::settingOutOfRange, "factor",
                   "one number, or one an axis after the channels",
                   fmt::format("{} numbers", factors.size()));
  constexpr int64_t largest = 1 << 10;
  std::vector<Dim> shape = in.shape(0), larger = shape;
  for (int64_t axis = 2; axis < rank; ++axis) {
    int64_t factor = factors[factors.size() == 1 ? 0 : axis - 2];
    if (factor < 1 || factor > largest)
      return in.fail(ErrorCode::settingOutOfRange, "factor",
                     "at least 1 and at most 1024", factor);
    bool isLinear = mode == UpsampleMode::linear && factor > 1;
    if (isLinear && !shape[axis].isConstant())
      return in.fail(ErrorCode::openAxis, "upsample", axis, in.tensor(0).str());
    if (isLinear && shape[axis].isConstant(0))
      return in.fail(ErrorCode::tensorExpected, "upsample",
                     "axes that are not empty", in.tensor(0).str());
    larger[axis] = larger[axis] * factor;
  }
  if (!product(larger).isValid())
    return in.fail(ErrorCode::sizeOutOfRange, "upsample", str(larger));
  Tensor result = in.tensor(0);
  for (int64_t axis = 2; axis < rank; ++axis) {
    int64_t factor = factors[factors.size() == 1 ? 0 : axis - 2];
    if (factor == 1)
      continue;
    result = mode == UpsampleMode::linear ? interpolate(result, axis, factor)
                                          : repeatEach(result, axis, factor);
  }
  return result;
}

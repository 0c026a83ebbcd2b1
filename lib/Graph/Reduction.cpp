//===- Reduction.cpp - Reductions -----------------------------------------===//

#include "GraphImpl.h"
#include <limits>

using namespace mlir;
using namespace nnc;

/// The shape of \p in's operand with \p axes of size 1.
static std::vector<Dim> keptShape(const Operands &in, ArrayRef<int64_t> axes) {
  std::vector<Dim> shape = in.shape(0);
  for (int64_t axis : axes)
    shape[axis] = 1;
  return shape;
}

/// One reduction of a checked operand over \p axes.
template <typename OpTy>
static Tensor reduceOver(const Operands &in, ArrayRef<int64_t> axes,
                         bool keepDims) {
  GraphImpl &graph = *in.graph();
  Value result = in[0];
  if (!axes.empty())
    result = OpTy::create(graph.builder, graph.location(), result, axes);
  if (keepDims)
    result = reshapeTo(graph, result, keptShape(in, axes));
  return graph.tensor(result);
}

template <typename OpTy>
static Tensor reduce(const char *name, const Operand &x, const Axes &axes,
                     bool keepDims) {
  Operands in(name, {&x});
  if (!in.requireNumber(0))
    return in.poison();
  std::optional<SmallVector<int64_t>> places = in.axes(0, axes);
  return places ? reduceOver<OpTy>(in, *places, keepDims) : in.poison();
}

/// Elements along \p axes.
static Dim extent(const Operands &in, ArrayRef<int64_t> axes) {
  std::vector<Dim> shape = in.shape(0);
  Dim count(1);
  for (int64_t axis : axes)
    count = count * shape[axis];
  return count;
}

/// \p x divided by \p count, a size.
static Tensor divideBySize(const Tensor &x, const Dim &count) {
  if (!x.isValid())
    return x;
  if (count.isConstant())
    return x / static_cast<double>(count.constant());
  GraphImpl &graph = *x.graph;
  Value size = nn::DimSizeOp::create(
      graph.builder, graph.location(),
      RankedTensorType::get({}, graph.type(x.elementType())),
      nn::DimsAttr::get(graph.context, {graph.affine(count)}));
  return x / graph.tensor(size);
}

namespace nnc {

Tensor sum(const Operand &x, const Axes &axes, bool keepDims) {
  return reduce<nn::ReduceSumOp>("sum", x, axes, keepDims);
}
Tensor max(const Operand &x, const Axes &axes, bool keepDims) {
  return reduce<nn::ReduceMaxOp>("max", x, axes, keepDims);
}
Tensor min(const Operand &x, const Axes &axes, bool keepDims) {
  return reduce<nn::ReduceMinOp>("min", x, axes, keepDims);
}

Tensor mean(const Operand &x, const Axes &axes, bool keepDims) {
  Operands in("mean", {&x});
  if (!in.requireFloat(0))
    return in.poison();
  std::optional<SmallVector<int64_t>> places = in.axes(0, axes);
  if (!places)
    return in.poison();
  return divideBySize(reduceOver<nn::ReduceSumOp>(in, *places, keepDims),
                      extent(in, *places));
}

Tensor prod(const Operand &x, const Axes &axes, bool keepDims) {
  return reduce<nn::ReduceProdOp>("prod", x, axes, keepDims);
}

Tensor cumsum(const Operand &x, int64_t axis) {
  Operands in("cumsum", {&x});
  if (!in.requireNumber(0))
    return in.poison();
  std::optional<int64_t> place = in.axis(0, axis);
  if (!place)
    return in.poison();
  GraphImpl &graph = *in.graph();
  return graph.tensor(nn::CumsumOp::create(graph.builder, graph.location(),
                                           in.type(0), in[0], *place,
                                           /*reverse=*/false));
}

template <typename OpTy>
static Tensor reduceBool(const char *name, const Operand &x, const Axes &axes,
                         bool keepDims) {
  Operands in(name, {&x});
  if (!in.requireBool(0))
    return in.poison();
  std::optional<SmallVector<int64_t>> places = in.axes(0, axes);
  return places ? reduceOver<OpTy>(in, *places, keepDims) : in.poison();
}

Tensor all(const Operand &x, const Axes &axes, bool keepDims) {
  return reduceBool<nn::ReduceAllOp>("all", x, axes, keepDims);
}
Tensor any(const Operand &x, const Axes &axes, bool keepDims) {
  return reduceBool<nn::ReduceAnyOp>("any", x, axes, keepDims);
}

Tensor logsumexp(const Operand &x, const Axes &axes, bool keepDims) {
  Operands in("logsumexp", {&x});
  if (!in.requireFloat(0))
    return in.poison();
  std::optional<SmallVector<int64_t>> places = in.axes(0, axes);
  if (!places)
    return in.poison();
  // An infinite maximum would give inf - inf.
  Tensor largest = stopGradient(reduceOver<nn::ReduceMaxOp>(in, *places, true));
  largest = where(isInf(largest), 0, largest);
  Tensor result = log(sum(exp(x - largest), axes, true)) + largest;
  return keepDims ? result : reshape(result, sum(x, axes, false).shape());
}

Tensor variance(const Operand &x, const Axes &axes, bool keepDims,
                bool unbiased) {
  Operands in("variance", {&x});
  if (!in.requireFloat(0))
    return in.poison();
  std::optional<SmallVector<int64_t>> places = in.axes(0, axes);
  if (!places)
    return in.poison();
  Dim count = extent(in, *places);
  Tensor squares = sum(square(x - mean(x, axes, true)), axes, keepDims);
  return divideBySize(squares, unbiased ? count - 1 : count);
}

Tensor norm(const Operand &x, const Axes &axes, bool keepDims, double order) {
  Operands in("norm", {&x});
  if (!in.requireFloat(0))
    return in.poison();
  if (order == 1)
    return sum(abs(x), axes, keepDims);
  if (order != 2)
    return in.fail(ErrorCode::unsupported, "norm of an order other than 1, 2");
  // The root's slope at 0 is infinite; there the norm's gradient is taken as 0.
  Tensor squares = sum(square(x), axes, keepDims);
  Tensor positive = squares > 0;
  return where(positive, sqrt(where(positive, squares, 1)), squares);
}

template <typename OpTy>
static Tensor argReduce(const char *name, const Operand &x, int64_t axis) {
  Operands in(name, {&x});
  if (!in.requireNumber(0) ||
      !in.requireRank(0, 1, "a tensor of at least one dimension"))
    return in.poison();
  std::optional<int64_t> place = in.axis(0, axis);
  if (!place)
    return in.poison();
  if (in.shape(0)[*place].isConstant(0))
    return in.fail(ErrorCode::tensorExpected, name, "an axis that is not empty",
                   in.tensor(0).str());
  GraphImpl &graph = *in.graph();
  return graph.tensor(
      OpTy::create(graph.builder, graph.location(), in[0], *place));
}

Tensor argmax(const Operand &x, int64_t axis) {
  return argReduce<nn::ArgmaxOp>("argmax", x, axis);
}
Tensor argmin(const Operand &x, int64_t axis) {
  return argReduce<nn::ArgminOp>("argmin", x, axis);
}

} // namespace nnc

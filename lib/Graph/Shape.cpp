//===- Shape.cpp - Functions that move elements ---------------------------===//

#include "GraphImpl.h"
#include <numeric>

using namespace mlir;
using namespace nnc;

static constexpr const char *needsDimension =
    "a tensor of at least one dimension";

/// Copies of one poisoned tensor.
static std::vector<Tensor> poisoned(const Tensor &poison, size_t count) {
  return std::vector<Tensor>(count, poison);
}

/// Elements begin, … of axis \p axis; the sizes are \p size. All checked.
static Tensor sliceAxis(const Operands &in, int64_t axis, int64_t begin,
                        int64_t size) {
  GraphImpl &graph = *in.graph();
  std::vector<Dim> shape = in.shape(0);
  shape[axis] = size;
  SmallVector<int64_t> starts(shape.size(), 0), steps(shape.size(), 1);
  starts[axis] = begin;
  RankedTensorType type = graph.type(elementTypeOf(in.element(0)), shape);
  if (type == in.type(0))
    return in.tensor(0);
  return graph.tensor(nn::SliceOp::create(graph.builder, graph.location(), type,
                                          in[0], starts, steps));
}

/// The permutation that moves axis \p from to \p to.
static std::vector<int64_t> moveAxis(int64_t rank, int64_t from, int64_t to) {
  std::vector<int64_t> order(rank);
  std::iota(order.begin(), order.end(), 0);
  order.erase(order.begin() + from);
  order.insert(order.begin() + to, from);
  return order;
}

namespace nnc {

//===----------------------------------------------------------------------===//
// The same elements in another shape
//===----------------------------------------------------------------------===//

Tensor reshape(const Operand &x, std::vector<Dim> shape) {
  Operands in("reshape", {&x});
  if (!in.ok())
    return in.poison();
  Dim count = product(in.shape(0));
  std::string wanted = str(shape);
  int open = -1;
  for (auto [i, size] : llvm::enumerate(shape))
    if (size.isConstant(-1)) {
      if (open >= 0)
        return in.fail(ErrorCode::reshapeOpenTwice, wanted);
      open = i;
      size = 1;
    }
  if (open >= 0)
    shape[open] = floorDiv(count, product(shape));
  for (const Dim &size : shape)
    if (!size.isValid() || (size.isConstant() && size.constant() < 0))
      return in.fail(ErrorCode::sizeOutOfRange, "reshape", wanted);
  if (!(product(shape) == count))
    return in.fail(ErrorCode::reshapeCount, in.tensor(0).str(), wanted,
                   count.str(), product(shape).str());
  return in.graph()->tensor(reshapeTo(*in.graph(), in[0], shape));
}

Tensor flatten(const Operand &x, int64_t from) {
  Operands in("flatten", {&x});
  if (!in.requireRank(0, 1, needsDimension))
    return in.poison();
  std::optional<int64_t> place = in.axis(0, from, /*extra=*/1);
  if (!place)
    return in.poison();
  std::vector<Dim> shape = in.shape(0);
  std::vector<Dim> joined(shape.begin(), shape.begin() + *place);
  joined.push_back(product({shape.begin() + *place, shape.end()}));
  return in.graph()->tensor(reshapeTo(*in.graph(), in[0], joined));
}

Tensor squeeze(const Operand &x, int64_t axis) {
  Operands in("squeeze", {&x});
  std::optional<int64_t> place = in.axis(0, axis);
  if (!place)
    return in.poison();
  std::vector<Dim> shape = in.shape(0);
  if (!shape[*place].isConstant(1))
    return in.fail(ErrorCode::squeezeSize, axis, in.tensor(0).str(),
                   shape[*place].str());
  shape.erase(shape.begin() + *place);
  return in.graph()->tensor(reshapeTo(*in.graph(), in[0], shape));
}

Tensor expand(const Operand &x, int64_t axis) {
  Operands in("expand", {&x});
  std::optional<int64_t> place = in.axis(0, axis, /*extra=*/1);
  if (!place)
    return in.poison();
  std::vector<Dim> shape = in.shape(0);
  shape.insert(shape.begin() + *place, 1);
  return in.graph()->tensor(reshapeTo(*in.graph(), in[0], shape));
}

Tensor broadcast(const Operand &x, const std::vector<Dim> &shape) {
  Operands in("broadcast", {&x});
  if (!in.ok())
    return in.poison();
  for (const Dim &size : shape)
    if (!size.isValid() || (size.isConstant() && size.constant() < 0))
      return in.fail(ErrorCode::sizeOutOfRange, "broadcast", str(shape));
  CommonShape common = commonShape(in.shape(0), shape);
  if (!common.differing && common.shape != shape)
    for (size_t i = 0; i < common.shape.size() && !common.differing; ++i) {
      size_t missing = common.shape.size() - shape.size();
      Dim wanted = i < missing ? Dim(1) : shape[i - missing];
      if (!(common.shape[i] == wanted))
        common.differing = {common.shape[i], wanted};
    }
  if (common.differing)
    return in.fail(ErrorCode::shapesDiffer, "broadcast", in.tensor(0).str(),
                   str(shape), common.differing->first.str(),
                   common.differing->second.str());
  return in.graph()->tensor(broadcastTo(*in.graph(), in[0], shape));
}

//===----------------------------------------------------------------------===//
// Orders and parts
//===----------------------------------------------------------------------===//

Tensor transpose(const Operand &x, const std::vector<int64_t> &permutation) {
  Operands in("transpose", {&x});
  if (!in.ok())
    return in.poison();
  SmallVector<int64_t> order;
  for (int64_t given : permutation) {
    std::optional<int64_t> place = in.axis(0, given);
    if (!place)
      return in.poison();
    if (llvm::is_contained(order, *place))
      return in.fail(ErrorCode::axisTwice, "transpose", given);
    order.push_back(*place);
  }
  if ((int64_t)order.size() != in.rank(0))
    return in.fail(ErrorCode::permutationLength, order.size(),
                   in.tensor(0).str());
  if (llvm::is_sorted(order))
    return in.tensor(0);
  GraphImpl &graph = *in.graph();
  return graph.tensor(
      nn::TransposeOp::create(graph.builder, graph.location(), in[0], order));
}

Tensor transpose(const Operand &x) {
  Operands in("transpose", {&x});
  if (!in.requireRank(0, 2, "a tensor of at least two dimensions"))
    return in.poison();
  int64_t rank = in.rank(0);
  return transpose(x, moveAxis(rank, rank - 1, rank - 2));
}

Tensor flip(const Operand &x, int64_t axis) {
  Operands in("flip", {&x});
  std::optional<int64_t> place = in.axis(0, axis);
  if (!place)
    return in.poison();
  GraphImpl &graph = *in.graph();
  return graph.tensor(nn::ReverseOp::create(graph.builder, graph.location(),
                                            in.type(0), in[0],
                                            ArrayRef<int64_t>(*place)));
}

Tensor slice(const Operand &x, int64_t axis, int64_t begin, int64_t end) {
  Operands in("slice", {&x});
  std::optional<int64_t> place = in.axis(0, axis);
  if (!place)
    return in.poison();
  Dim size = in.shape(0)[*place];
  if (!size.isConstant())
    return in.fail(ErrorCode::openAxis, "slice", axis, in.tensor(0).str());
  if (begin < 0 || end < begin || end > size.constant())
    return in.fail(ErrorCode::sliceOutOfRange, begin, end, axis,
                   in.tensor(0).str());
  return sliceAxis(in, *place, begin, end - begin);
}

std::vector<Tensor> split(const Operand &x, const std::vector<int64_t> &sizes,
                          int64_t axis) {
  Operands in("split", {&x});
  std::optional<int64_t> place = in.axis(0, axis);
  if (!place)
    return poisoned(in.poison(), sizes.size());
  Dim size = in.shape(0)[*place];
  int64_t total = 0;
  bool fits = true;
  for (int64_t part : sizes)
    fits &= part >= 0 && !__builtin_add_overflow(total, part, &total);
  if (!fits || !size.isConstant(total))
    return poisoned(in.fail(ErrorCode::splitSizes, axis, in.tensor(0).str(),
                            fmt::format("{}", fmt::join(sizes, ", "))),
                    sizes.size());
  std::vector<Tensor> parts;
  int64_t begin = 0;
  for (int64_t part : sizes) {
    parts.push_back(sliceAxis(in, *place, begin, part));
    begin += part;
  }
  return parts;
}

std::vector<Tensor> split(const Operand &x, int64_t parts, int64_t axis) {
  Operands in("split", {&x});
  constexpr int64_t mostParts = 1 << 16;
  if (parts < 1 || parts > mostParts)
    return {in.graph() ? in.fail(ErrorCode::settingOutOfRange, "parts",
                                 "at least 1 and at most 65536", parts)
                       : Tensor()};
  std::optional<int64_t> place = in.axis(0, axis);
  if (!place)
    return poisoned(in.poison(), parts);
  Dim size = in.shape(0)[*place];
  if (!size.isConstant())
    return poisoned(
        in.fail(ErrorCode::openAxis, "split", axis, in.tensor(0).str()), parts);
  if (size.constant() % parts != 0)
    return poisoned(
        in.fail(ErrorCode::splitParts, axis, in.tensor(0).str(), parts), parts);
  return split(x, std::vector<int64_t>(parts, size.constant() / parts), axis);
}

//===----------------------------------------------------------------------===//
// Several tensors as one
//===----------------------------------------------------------------------===//

Tensor concat(const std::vector<Tensor> &parts, int64_t axis) {
  if (parts.empty())
    return {};
  Operand first(parts.front());
  Operands in("concat", {&first});
  for (const Tensor &part : parts)
    if (!part.isValid() || part.graph != parts.front().graph)
      return part.isValid() && in.graph()
                 ? in.fail(ErrorCode::graphsDiffer, "concat")
                 : Tensor(parts.front().graph, nullptr);
  if (!in.requireRank(0, 1, needsDimension))
    return in.poison();
  std::optional<int64_t> place = in.axis(0, axis);
  if (!place)
    return in.poison();
  std::vector<Dim> shape = in.shape(0);
  SmallVector<Value> values;
  for (const Tensor &part : parts) {
    std::vector<Dim> other = part.shape();
    bool fits = other.size() == shape.size() &&
                part.elementType() == parts.front().elementType();
    for (size_t i = 0; fits && i < shape.size(); ++i)
      fits = (int64_t)i == *place || other[i] == shape[i];
    if (!fits)
      return in.fail(ErrorCode::concatShapes, "concat", axis,
                     parts.front().str(), part.str());
    values.push_back(valueOf(part));
  }
  if (values.size() == 1)
    return parts.front();
  GraphImpl &graph = *in.graph();
  return graph.tensor(
      nn::ConcatOp::create(graph.builder, graph.location(), values, *place));
}

Tensor stack(const std::vector<Tensor> &parts, int64_t axis) {
  if (parts.empty())
    return {};
  Operand first(parts.front());
  Operands in("stack", {&first});
  std::optional<int64_t> place = in.axis(0, axis, /*extra=*/1);
  if (!place)
    return in.poison();
  std::vector<Tensor> expanded;
  for (const Tensor &part : parts) {
    if (!part.isValid())
      return in.poison();
    if (part.str() != parts.front().str())
      return in.fail(ErrorCode::concatShapes, "stack", axis,
                     parts.front().str(), part.str());
    expanded.push_back(expand(part, *place));
  }
  return concat(expanded, *place);
}

//===----------------------------------------------------------------------===//
// Margins and repetitions
//===----------------------------------------------------------------------===//

Tensor pad(const Operand &x,
           const std::vector<std::pair<int64_t, int64_t>> &widths,
           double value) {
  Operands in("pad", {&x});
  if (!in.requireNumber(0))
    return in.poison();
  if ((int64_t)widths.size() != in.rank(0))
    return in.fail(ErrorCode::entriesPerAxis, "pad", in.tensor(0).str(),
                   widths.size());
  GraphImpl &graph = *in.graph();
  std::vector<Dim> shape = in.shape(0);
  SmallVector<int64_t> low, high, interior(widths.size(), 0);
  constexpr int64_t widest = int64_t(1) << 31;
  for (auto [i, width] : llvm::enumerate(widths)) {
    auto [before, after] = width;
    if (before < 0 || after < 0 || before > widest || after > widest)
      return in.fail(ErrorCode::settingOutOfRange, "widths", "at least 0",
                     std::min(before, after));
    if ((before != 0 || after != 0) && !shape[i].isConstant())
      return in.fail(ErrorCode::openAxis, "pad", i, in.tensor(0).str());
    low.push_back(before);
    high.push_back(after);
  }
  return graph.tensor(nn::PadOp::create(graph.builder, graph.location(), in[0],
                                        llvm::APFloat(value), low, high,
                                        interior));
}

Tensor tile(const Operand &x, const std::vector<int64_t> &counts) {
  Operands in("tile", {&x});
  if (!in.ok())
    return in.poison();
  if ((int64_t)counts.size() != in.rank(0))
    return in.fail(ErrorCode::entriesPerAxis, "tile", in.tensor(0).str(),
                   counts.size());
  // [a, b] becomes [1, a, 1, b], is repeated to [m, a, n, b] and joined.
  std::vector<Dim> shape = in.shape(0), apart, repeated, joined;
  for (auto [size, count] : llvm::zip(shape, counts)) {
    if (count < 1)
      return in.fail(ErrorCode::settingOutOfRange, "counts", "at least 1",
                     count);
    apart.insert(apart.end(), {1, size});
    repeated.insert(repeated.end(), {count, size});
    joined.push_back(size * count);
  }
  if (!product(joined).isValid())
    return in.fail(ErrorCode::sizeOutOfRange, "tile", str(joined));
  return reshape(broadcast(reshape(x, apart), repeated), joined);
}

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

Tensor oneHot(const Operand &i, int64_t classes, ElementType type) {
  Operands in("one_hot", {&i});
  if (!in.requireInteger(0))
    return in.poison();
  std::vector<Dim> shape = in.shape(0);
  shape.push_back(classes);
  if (classes < 1 || !product(shape).isValid())
    return in.fail(ErrorCode::settingOutOfRange, "classes", "at least 1",
                   classes);
  GraphImpl &graph = *in.graph();
  if (!graph.type(type) || type == ElementType::boolean)
    return in.fail(ErrorCode::tensorExpected, "one_hot",
                   "an element type of numbers", nameOf(type));
  return graph.tensor(nn::OneHotOp::create(graph.builder, graph.location(),
                                           graph.type(type, shape), in[0]));
}

Tensor gather(const Operand &x, const Operand &indices, int64_t axis) {
  Operands in("gather", {&x, &indices});
  if (!in.requireInteger(1))
    return in.poison();
  std::optional<int64_t> place = in.axis(0, axis);
  if (!place)
    return in.poison();
  if (in.shape(0)[*place].isConstant(0))
    return in.fail(ErrorCode::tensorExpected, "gather",
                   "an axis that is not empty", in.tensor(0).str());
  Tensor rows = transpose(x, moveAxis(in.rank(0), *place, 0));
  GraphImpl &graph = *in.graph();
  Tensor picked = graph.tensor(nn::GatherOp::create(
      graph.builder, graph.location(), valueOf(rows), in[1]));
  // The indices' axes stand first; they belong where the axis was.
  int64_t indexRank = in.rank(1), rank = picked.rank();
  std::vector<int64_t> order;
  for (int64_t i = 0; i < *place; ++i)
    order.push_back(indexRank + i);
  for (int64_t i = 0; i < indexRank; ++i)
    order.push_back(i);
  for (int64_t i = indexRank + *place; i < rank; ++i)
    order.push_back(i);
  return transpose(picked, order);
}

Tensor scatterAdd(const Operand &x, const Operand &indices,
                  const Operand &updates, int64_t axis) {
  Operands in("scatter_add", {&x, &indices, &updates});
  if (!in.requireNumber(0) || !in.requireInteger(1) ||
      !in.requireSameElement(0, 2))
    return in.poison();
  std::optional<int64_t> place = in.axis(0, axis);
  if (!place)
    return in.poison();
  std::vector<Dim> wanted = in.shape(0), own = in.shape(1);
  wanted.erase(wanted.begin() + *place);
  wanted.insert(wanted.begin() + *place, own.begin(), own.end());
  if (in.shape(2) != wanted)
    return in.fail(ErrorCode::tensorExpected, "scatter_add",
                   "updates of shape " + str(wanted), in.tensor(2).str());
  int64_t rank = in.rank(0), indexRank = in.rank(1);
  std::vector<int64_t> toFront = moveAxis(rank, *place, 0);
  std::vector<int64_t> indicesToFront;
  for (int64_t i = 0; i < indexRank; ++i)
    indicesToFront.push_back(*place + i);
  for (int64_t i = 0; i < in.rank(2); ++i)
    if (i < *place || i >= *place + indexRank)
      indicesToFront.push_back(i);
  Value rows = valueOf(transpose(x, toFront));
  Value added = valueOf(transpose(updates, indicesToFront));
  GraphImpl &graph = *in.graph();
  Tensor result = graph.tensor(nn::ScatterAddOp::create(
      graph.builder, graph.location(), rows.getType(), rows, in[1], added));
  return transpose(result, moveAxis(rank, 0, *place));
}

Tensor takeLast(const Operand &x, const Operand &lengths) {
  Operands in("take_last", {&x, &lengths});
  if (!in.requireRank(0, 2, "f32[batch, time, ...]") || !in.requireInteger(1))
    return in.poison();
  std::vector<Dim> shape = in.shape(0);
  if (in.shape(1) != std::vector<Dim>{shape[0]})
    return in.fail(ErrorCode::tensorExpected, "take_last",
                   "lengths of shape [" + shape[0].str() + "]",
                   in.tensor(1).str());
  // Row b, t of the flattened sequences is b * time + t.
  GraphImpl &graph = *in.graph();
  ElementType index = elementTypeOf(in.element(1));
  RankedTensorType type = in.type(1);
  Tensor row = graph.tensor(
      nn::IotaOp::create(graph.builder, graph.location(), type, 0));
  Tensor time = graph.tensor(nn::DimSizeOp::create(
      graph.builder, graph.location(),
      RankedTensorType::get({}, graph.type(index)),
      nn::DimsAttr::get(graph.context, {graph.affine(shape[1])})));
  std::vector<Dim> flat = {shape[0] * shape[1]};
  flat.insert(flat.end(), shape.begin() + 2, shape.end());
  return gather(reshape(x, flat), row * time + (in.tensor(1) - 1), 0);
}

} // namespace nnc

//===- Operands.cpp - Checks that functions on tensors share --------------===//

#include "GraphImpl.h"

using namespace mlir;
using namespace nnc;

Operands::Operands(std::string name,
                   std::initializer_list<const Operand *> operands)
    : functionName(std::move(name)), given(operands) {
  for (const Operand *operand : given) {
    values.push_back(nnc::valueOf(operand->tensor));
    if (operand->isNumber)
      continue;
    GraphImpl *graph = operand->tensor.graph;
    if (!operand->tensor.isValid())
      good = false;
    if (!impl) {
      impl = graph;
      call.emplace(impl, operand->place);
    } else if (graph && graph != impl) {
      fail(ErrorCode::graphsDiffer, functionName);
    }
  }
  if (!impl)
    good = false;
}

RankedTensorType Operands::type(size_t i) const { return typeOf(values[i]); }

Type Operands::element(size_t i) const { return type(i).getElementType(); }

std::vector<Dim> Operands::shape(size_t i) const {
  return shapeOf(*impl, values[i]);
}

bool Operands::convertNumbers() {
  if (!good)
    return false;
  Type element;
  for (Value value : values)
    if (value && !element)
      element = typeOf(value).getElementType();
  for (auto [value, operand] : llvm::zip(values, given)) {
    if (!operand->isNumber || value)
      continue;
    if (!isa<FloatType>(element) &&
        (!operand->isInteger || element.isInteger(1))) {
      fail(ErrorCode::literalType, functionName,
           fmt::format("{}", operand->number), nameOf(elementTypeOf(element)));
      return false;
    }
    value = impl->constant(element, operand->number);
  }
  return true;
}

bool Operands::expect(size_t i, bool condition, const char *expected) {
  if (!condition)
    fail(ErrorCode::tensorExpected, functionName, expected, tensor(i).str());
  return condition;
}

bool Operands::requireFloat(size_t i) {
  return good &&
         expect(i, isa<FloatType>(element(i)), "a tensor of floating point");
}

bool Operands::requireNumber(size_t i) {
  return good && expect(i, !element(i).isInteger(1), "a tensor of numbers");
}

bool Operands::requireInteger(size_t i) {
  return good && expect(i, element(i).isInteger(32) || element(i).isInteger(64),
                        "a tensor of i32 or i64");
}

bool Operands::requireBool(size_t i) {
  return good && expect(i, element(i).isInteger(1), "a tensor of bool");
}

bool Operands::requireRank(size_t i, int64_t atLeast, const char *expected) {
  return good && expect(i, rank(i) >= atLeast, expected);
}

bool Operands::requireSameElement(size_t a, size_t b) {
  if (!good)
    return false;
  if (element(a) != element(b))
    fail(ErrorCode::elementTypesDiffer, functionName, tensor(a).str(),
         tensor(b).str());
  return good;
}

std::optional<int64_t> Operands::axis(size_t i, int64_t axis, int64_t extra) {
  if (!good)
    return std::nullopt;
  int64_t end = rank(i) + extra;
  int64_t place = axis < 0 ? axis + end : axis;
  if (place >= 0 && place < end)
    return place;
  fail(ErrorCode::axisOutOfRange, functionName, axis, tensor(i).str());
  return std::nullopt;
}

std::optional<SmallVector<int64_t>> Operands::axes(size_t i, const Axes &axes) {
  if (!good)
    return std::nullopt;
  SmallVector<int64_t> places;
  if (axes.all) {
    llvm::append_range(places, llvm::seq<int64_t>(0, rank(i)));
    return places;
  }
  for (int64_t given : axes.list) {
    std::optional<int64_t> place = axis(i, given);
    if (!place)
      return std::nullopt;
    if (llvm::is_contained(places, *place)) {
      fail(ErrorCode::axisTwice, functionName, given);
      return std::nullopt;
    }
    places.push_back(*place);
  }
  llvm::sort(places);
  return places;
}

//===----------------------------------------------------------------------===//
// Broadcasting
//===----------------------------------------------------------------------===//

CommonShape nnc::commonShape(const std::vector<Dim> &a,
                             const std::vector<Dim> &b) {
  size_t rank = std::max(a.size(), b.size());
  CommonShape common;
  for (size_t i = 0; i < rank; ++i) {
    auto sizeOf = [&](const std::vector<Dim> &shape) {
      size_t missing = rank - shape.size();
      return i < missing ? Dim(1) : shape[i - missing];
    };
    Dim left = sizeOf(a), right = sizeOf(b);
    if (left == right || right.isConstant(1))
      common.shape.push_back(left);
    else if (left.isConstant(1))
      common.shape.push_back(right);
    else
      return {{}, std::make_pair(left, right)};
  }
  return common;
}

bool Operands::broadcastTogether(ArrayRef<size_t> which) {
  if (!good)
    return false;
  std::vector<Dim> shape;
  for (size_t i : which) {
    CommonShape common = commonShape(shape, this->shape(i));
    if (common.differing) {
      fail(ErrorCode::shapesDiffer, functionName, tensor(which.front()).str(),
           tensor(i).str(), common.differing->first.str(),
           common.differing->second.str());
      return false;
    }
    shape = std::move(common.shape);
  }
  for (size_t i : which)
    values[i] = broadcastTo(*impl, values[i], shape);
  return true;
}

Value nnc::reshapeTo(GraphImpl &graph, Value value,
                     const std::vector<Dim> &shape) {
  RankedTensorType type =
      graph.type(elementTypeOf(typeOf(value).getElementType()), shape);
  if (type == value.getType())
    return value;
  // A kept dimension of 1 that goes again needs no op.
  if (auto reshape = value.getDefiningOp<nn::ReshapeOp>();
      reshape && reshape.getX().getType() == type)
    return reshape.getX();
  return nn::ReshapeOp::create(graph.builder, graph.location(), type, value);
}

Value nnc::broadcastTo(GraphImpl &graph, Value value,
                       const std::vector<Dim> &shape) {
  std::vector<Dim> own = shapeOf(graph, value);
  size_t missing = shape.size() - own.size();
  std::vector<Dim> kept;
  SmallVector<int64_t> places;
  for (size_t i = 0; i < own.size(); ++i) {
    if (own[i].isConstant(1) && !shape[i + missing].isConstant(1))
      continue;
    kept.push_back(own[i]);
    places.push_back(i + missing);
  }
  value = reshapeTo(graph, value, kept);
  RankedTensorType type =
      graph.type(elementTypeOf(typeOf(value).getElementType()), shape);
  if (type == value.getType())
    return value;
  return nn::BroadcastOp::create(graph.builder, graph.location(), type, value,
                                 places);
}

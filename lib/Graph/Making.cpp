//===- Making.cpp - Tensors from nothing, and gradients -------------------===//

#include "GraphImpl.h"
#include "nnc/Dialect/NN/Transforms/Differentiate.h"

using namespace mlir;
using namespace nnc;

/// The type of a tensor made by \p name, if its sizes are.
static std::optional<RankedTensorType> madeType(GraphImpl &graph,
                                                const char *name,
                                                nnc::ElementType type,
                                                const std::vector<Dim> &shape) {
  if (!graph.type(type)) {
    graph.fail(ErrorCode::tensorExpected, name,
               "an element type of the language", nameOf(type));
    return std::nullopt;
  }
  bool fits = product(shape).isValid();
  for (const Dim &size : shape)
    fits &= size.isValid() && !(size.isConstant() && size.constant() < 0);
  if (fits)
    return graph.type(type, shape);
  graph.fail(ErrorCode::sizeOutOfRange, name, str(shape));
  return std::nullopt;
}

template <typename OpTy>
static Tensor random(GraphImpl &graph, const char *name,
                     const std::vector<Dim> &shape, nnc::ElementType type) {
  std::optional<RankedTensorType> resultType =
      madeType(graph, name, type, shape);
  if (!resultType)
    return Tensor(&graph, nullptr);
  if (!isa<FloatType>(resultType->getElementType()))
    return graph.fail(ErrorCode::tensorExpected, name,
                      "an element type of floating point", nameOf(type));
  auto scalar = [&](const char *scalarName) {
    GraphArgument argument;
    argument.name = scalarName;
    argument.role = "scalar";
    return valueOf(graph.addArgument(std::move(argument),
                                     graph.type(nnc::ElementType::i64, {})));
  };
  Value seed = scalar("seed"), step = scalar("step");
  return graph.tensor(OpTy::create(graph.builder, graph.location(), *resultType,
                                   seed, step, graph.nextStream()));
}

Tensor nnc::randomLike(GraphImpl &graph, const Tensor &like) {
  return random<nn::RandomUniformOp>(graph, "random_uniform", like.shape(),
                                     like.elementType());
}

Tensor nnc::normalLike(GraphImpl &graph, const Tensor &like) {
  return random<nn::RandomNormalOp>(graph, "random_normal", like.shape(),
                                    like.elementType());
}

namespace nnc {

Tensor full(Graph &graph, const std::vector<Dim> &shape, double value,
            ElementType type, std::source_location place) {
  GraphImpl &impl = graph.implementation();
  Call call(&impl, place);
  std::optional<RankedTensorType> resultType =
      madeType(impl, "full", type, shape);
  return resultType ? impl.tensor(impl.full(*resultType, value))
                    : Tensor(&impl, nullptr);
}

Tensor zeros(Graph &graph, const std::vector<Dim> &shape, ElementType type,
             std::source_location place) {
  return full(graph, shape, 0, type, place);
}

Tensor ones(Graph &graph, const std::vector<Dim> &shape, ElementType type,
            std::source_location place) {
  return full(graph, shape, 1, type, place);
}

static Tensor indexAlong(GraphImpl &graph, const std::vector<Dim> &shape,
                         int64_t axis) {
  return graph.tensor(nn::IotaOp::create(graph.builder, graph.location(),
                                         graph.type(ElementType::i32, shape),
                                         axis));
}

Tensor iota(Graph &graph, const Dim &n, std::source_location place) {
  GraphImpl &impl = graph.implementation();
  Call call(&impl, place);
  if (!madeType(impl, "iota", ElementType::i32, {n}))
    return Tensor(&impl, nullptr);
  return indexAlong(impl, {n}, 0);
}

Tensor eye(Graph &graph, int64_t n, ElementType type,
           std::source_location place) {
  GraphImpl &impl = graph.implementation();
  Call call(&impl, place);
  if (!madeType(impl, "eye", type, {n, n}))
    return Tensor(&impl, nullptr);
  return cast(equal(indexAlong(impl, {n, n}, 0), indexAlong(impl, {n, n}, 1)),
              type);
}

Tensor dimSize(Graph &graph, const Dim &size, ElementType type,
               std::source_location place) {
  GraphImpl &impl = graph.implementation();
  Call call(&impl, place);
  if (!size.isValid())
    return impl.fail(ErrorCode::sizeOutOfRange, "a size", size.str());
  if (!madeType(impl, "a size", type, {}))
    return Tensor(&impl, nullptr);
  if (size.isConstant())
    return impl.tensor(impl.constant(impl.type(type), (double)size.constant()));
  return impl.tensor(nn::DimSizeOp::create(
      impl.builder, impl.location(), RankedTensorType::get({}, impl.type(type)),
      nn::DimsAttr::get(impl.context, {impl.affine(size)})));
}

Tensor randomNormal(Graph &graph, const std::vector<Dim> &shape,
                    ElementType type, std::source_location place) {
  Call call(&graph.implementation(), place);
  return random<nn::RandomNormalOp>(graph.implementation(), "random_normal",
                                    shape, type);
}

Tensor randomUniform(Graph &graph, const std::vector<Dim> &shape,
                     ElementType type, std::source_location place) {
  Call call(&graph.implementation(), place);
  return random<nn::RandomUniformOp>(graph.implementation(), "random_uniform",
                                     shape, type);
}

Tensor randomBernoulli(Graph &graph, const std::vector<Dim> &shape, double p,
                       ElementType type, std::source_location place) {
  GraphImpl &impl = graph.implementation();
  Call call(&impl, place);
  if (!(p >= 0 && p <= 1))
    return impl.fail(ErrorCode::settingOutOfRange, "p",
                     "at least 0 and at most 1", p);
  return cast(
      random<nn::RandomUniformOp>(impl, "random_bernoulli", shape, type) < p,
      type);
}

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

std::vector<Tensor> gradient(const Operand &y, const std::vector<Tensor> &x) {
  Operands in("gradient", {&y});
  std::vector<Tensor> results(x.size(), in.poison());
  if (!in.requireFloat(0))
    return results;
  GraphImpl &graph = *in.graph();
  SmallVector<Value> wrt;
  for (const Tensor &tensor : x) {
    if (!tensor.isValid() || tensor.graph != &graph)
      return results;
    wrt.push_back(valueOf(tensor));
  }
  Value value = nn::prepareForDifferentiation(in[0]);
  SmallVector<Value> gradients;
  std::string message;
  ScopedDiagnosticHandler handler(graph.context, [&](Diagnostic &diagnostic) {
    if (message.empty())
      message = diagnostic.str();
    return success();
  });
  if (failed(nn::differentiate(graph.builder, value, wrt, gradients))) {
    graph.fail(ErrorCode::internal, message);
    return results;
  }
  for (size_t i = 0; i < x.size(); ++i) {
    if (!gradients[i])
      gradients[i] = graph.full(typeOf(wrt[i]), 0);
    results[i] = graph.tensor(gradients[i]);
  }
  return results;
}

} // namespace nnc

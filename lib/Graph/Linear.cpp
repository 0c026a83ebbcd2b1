//===- Linear.cpp - Products and distances --------------------------------===//

#include "GraphImpl.h"

using namespace mlir;
using namespace nnc;

/// \p shape with the dimension \p size inserted at \p place.
static std::vector<Dim> inserted(std::vector<Dim> shape, size_t place,
                                 const Dim &size) {
  shape.insert(shape.begin() + place, size);
  return shape;
}

namespace {
/// The two sides of a product as matrices, and what is undone afterwards.
struct Product {
  Operands &in;
  MatmulOptions options;
  bool vectorA = false, vectorB = false;

  bool run(Value &result);

private:
  bool makeMatrices();
  bool checkInner();
  bool broadcastLeading();
  bool multiply(Value &result);
  /// [..., M, K] @ [K, N] as one product of [... * M, K].
  bool foldLeading(Value &result);
};
} // namespace

bool Product::makeMatrices() {
  GraphImpl &graph = *in.graph();
  vectorA = in.rank(0) == 1;
  vectorB = in.rank(1) == 1;
  if (vectorA) {
    in.values[0] = reshapeTo(graph, in[0], inserted(in.shape(0), 0, 1));
    options.transposeA = false;
  }
  if (vectorB) {
    in.values[1] = reshapeTo(graph, in[1], inserted(in.shape(1), 1, 1));
    options.transposeB = false;
  }
  return true;
}

bool Product::checkInner() {
  std::vector<Dim> a = in.shape(0), b = in.shape(1);
  Dim innerA = a[a.size() - (options.transposeA ? 2 : 1)];
  Dim innerB = b[b.size() - (options.transposeB ? 1 : 2)];
  return innerA == innerB;
}

bool Product::broadcastLeading() {
  GraphImpl &graph = *in.graph();
  std::vector<Dim> a = in.shape(0), b = in.shape(1);
  CommonShape common =
      commonShape({a.begin(), a.end() - 2}, {b.begin(), b.end() - 2});
  if (common.differing) {
    in.fail(ErrorCode::shapesDiffer, in.name(), in.tensor(0).str(),
            in.tensor(1).str(), common.differing->first.str(),
            common.differing->second.str());
    return false;
  }
  auto extend = [&](size_t i, const std::vector<Dim> &shape) {
    std::vector<Dim> full = common.shape;
    full.insert(full.end(), shape.end() - 2, shape.end());
    in.values[i] = broadcastTo(graph, in[i], full);
  };
  extend(0, a);
  extend(1, b);
  return true;
}

bool Product::foldLeading(Value &result) {
  GraphImpl &graph = *in.graph();
  std::vector<Dim> a = in.shape(0);
  if (in.rank(1) != 2 || a.size() <= 2 || options.transposeA)
    return false;
  std::vector<Dim> leading(a.begin(), a.end() - 1);
  Value rows = reshapeTo(graph, in[0], {product(leading), a.back()});
  Value flat =
      nn::MatmulOp::create(graph.builder, graph.location(), rows, in[1],
                           /*transpose_a=*/false, options.transposeB);
  leading.push_back(shapeOf(graph, flat).back());
  result = reshapeTo(graph, flat, leading);
  return true;
}

bool Product::multiply(Value &result) {
  if (foldLeading(result))
    return true;
  if (!broadcastLeading())
    return false;
  GraphImpl &graph = *in.graph();
  result = nn::MatmulOp::create(graph.builder, graph.location(), in[0], in[1],
                                options.transposeA, options.transposeB);
  return true;
}

bool Product::run(Value &result) {
  std::string a = in.tensor(0).str(), b = in.tensor(1).str();
  makeMatrices();
  if (!checkInner()) {
    std::vector<Dim> shapeA = in.shape(0), shapeB = in.shape(1);
    in.fail(ErrorCode::innerSizesDiffer, in.name(), a, b,
            shapeA[shapeA.size() - (options.transposeA ? 2 : 1)].str(),
            shapeB[shapeB.size() - (options.transposeB ? 1 : 2)].str());
    return false;
  }
  if (!multiply(result))
    return false;
  GraphImpl &graph = *in.graph();
  std::vector<Dim> shape = shapeOf(graph, result);
  if (vectorB)
    shape.erase(shape.end() - 1);
  if (vectorA)
    shape.erase(shape.end() - (vectorB ? 1 : 2));
  result = reshapeTo(graph, result, shape);
  return true;
}

namespace nnc {

Tensor matmul(const Operand &a, const Operand &b, MatmulOptions options) {
  Operands in("'@'", {&a, &b});
  if (a.isNumber || b.isNumber)
    return in.graph() ? in.fail(ErrorCode::tensorExpected, "'@'", "two tensors",
                                "a number")
                      : Tensor();
  if (!in.requireFloat(0) || !in.requireFloat(1) ||
      !in.requireSameElement(0, 1) ||
      !in.requireRank(0, 1, "tensors of at least one dimension") ||
      !in.requireRank(1, 1, "tensors of at least one dimension"))
    return in.poison();
  Value result;
  Product product{in, options};
  return product.run(result) ? in.graph()->tensor(result) : in.poison();
}

Tensor outer(const Operand &a, const Operand &b) {
  Operands in("outer", {&a, &b});
  if (!in.requireNumber(0) || !in.requireNumber(1) ||
      !in.requireRank(0, 1, "tensors of at least one dimension") ||
      !in.requireRank(1, 1, "tensors of at least one dimension"))
    return in.poison();
  return expand(a, -1) * expand(b, -2);
}

Tensor l2Distance(const Operand &a, const Operand &b) {
  Operands in("l2_distance", {&a, &b});
  if (!in.requireFloat(0) || !in.requireFloat(1) ||
      !in.requireRank(0, 1, "tensors of at least one dimension"))
    return in.poison();
  return norm(a - b, -1);
}

Tensor cosineSimilarity(const Operand &a, const Operand &b, int64_t axis) {
  Operands in("cosine_similarity", {&a, &b});
  if (!in.requireFloat(0) || !in.requireFloat(1))
    return in.poison();
  // As in PyTorch, a product of norms below 1e-8 counts as 1e-8.
  Tensor norms = norm(a, axis) * norm(b, axis);
  return sum(a * b, axis) / maximum(norms, 1e-8);
}

} // namespace nnc

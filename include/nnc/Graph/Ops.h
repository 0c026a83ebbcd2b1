//===- Ops.h - Functions on tensors -----------------------------*- C++ -*-===//
//
// Names and meaning are those of the language (docs/Language.md), in
// camelCase. Element-wise functions broadcast as NumPy does, except that a
// named size never equals 1 by chance. Negative axes count from the end.
// Element types must be equal; `cast` converts.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_GRAPH_OPS_H
#define NNC_GRAPH_OPS_H

#include "nnc/Graph/Graph.h"
#include <initializer_list>

namespace nnc {

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

Tensor operator+(const Operand &a, const Operand &b);
Tensor operator-(const Operand &a, const Operand &b);
Tensor operator*(const Operand &a, const Operand &b);
/// Integer tensors are converted to floating point first.
Tensor operator/(const Operand &a, const Operand &b);
Tensor operator-(const Operand &x);
Tensor operator<(const Operand &a, const Operand &b);
Tensor operator<=(const Operand &a, const Operand &b);
Tensor operator>(const Operand &a, const Operand &b);
Tensor operator>=(const Operand &a, const Operand &b);
Tensor equal(const Operand &a, const Operand &b);
Tensor notEqual(const Operand &a, const Operand &b);
/// Of bool tensors.
Tensor logicalAnd(const Operand &a, const Operand &b);
Tensor logicalOr(const Operand &a, const Operand &b);
Tensor logicalNot(const Operand &x);
/// The quotient rounded towards minus infinity, and its remainder.
Tensor floorDivide(const Operand &a, const Operand &b);
Tensor modulo(const Operand &a, const Operand &b);
Tensor pow(const Operand &a, const Operand &b);

//===----------------------------------------------------------------------===//
// Element-wise functions
//===----------------------------------------------------------------------===//

Tensor exp(const Operand &x);
Tensor log(const Operand &x);
Tensor log1p(const Operand &x);
Tensor expm1(const Operand &x);
Tensor sqrt(const Operand &x);
Tensor rsqrt(const Operand &x);
Tensor sin(const Operand &x);
Tensor cos(const Operand &x);
Tensor arctan(const Operand &x);
Tensor erf(const Operand &x);
Tensor abs(const Operand &x);
Tensor square(const Operand &x);
Tensor floor(const Operand &x);
Tensor ceil(const Operand &x);
/// Ties go to the even neighbour.
Tensor round(const Operand &x);
Tensor reciprocal(const Operand &x);
Tensor sign(const Operand &x);
Tensor maximum(const Operand &a, const Operand &b);
Tensor minimum(const Operand &a, const Operand &b);
Tensor clip(const Operand &x, const Operand &low, const Operand &high);
/// \p a where \p condition, a bool tensor, is true, else \p b.
Tensor where(const Operand &condition, const Operand &a, const Operand &b);
Tensor isNan(const Operand &x);
Tensor isInf(const Operand &x);
Tensor cast(const Operand &x, ElementType type);
/// \p x, through which no gradient passes.
Tensor stopGradient(const Operand &x);

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

Tensor identity(const Operand &x);
Tensor sigmoid(const Operand &x);
Tensor tanh(const Operand &x);
Tensor relu(const Operand &x);
/// x, or slope * x below 0.
struct LeakyRelu {
  Tensor operator()(const Operand &x, double slope = 0.01) const;
};
inline constexpr LeakyRelu leakyRelu;
/// x, or alpha * (e^x - 1) below 0.
struct Elu {
  Tensor operator()(const Operand &x, double alpha = 1.0) const;
};
inline constexpr Elu elu;
Tensor selu(const Operand &x);
/// x * Phi(x), or its tanh approximation (Hendrycks and Gimpel, 2016).
struct Gelu {
  Tensor operator()(const Operand &x, bool approximate = false) const;
};
inline constexpr Gelu gelu;
Tensor silu(const Operand &x);
Tensor softplus(const Operand &x);
Tensor softsign(const Operand &x);
Tensor hardSigmoid(const Operand &x);
Tensor mish(const Operand &x);
/// 0 below 0, 1 above it.
struct Heaviside {
  Tensor operator()(const Operand &x, double atZero = 1.0) const;
};
inline constexpr Heaviside heaviside;
struct Softmax {
  Tensor operator()(const Operand &x, int64_t axis = -1) const;
};
inline constexpr Softmax softmax;
struct LogSoftmax {
  Tensor operator()(const Operand &x, int64_t axis = -1) const;
};
inline constexpr LogSoftmax logSoftmax;

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

/// The axes of a reduction: all, one or several.
struct Axes {
  Axes() = default;
  Axes(int axis) : list{axis}, all(false) {}
  Axes(int64_t axis) : list{axis}, all(false) {}
  Axes(std::initializer_list<int64_t> axes) : list(axes), all(false) {}
  Axes(std::vector<int64_t> axes) : list(std::move(axes)), all(false) {}

  std::vector<int64_t> list;
  bool all = true;
};

Tensor sum(const Operand &x, const Axes &axes = {}, bool keepDims = false);
Tensor mean(const Operand &x, const Axes &axes = {}, bool keepDims = false);
Tensor max(const Operand &x, const Axes &axes = {}, bool keepDims = false);
Tensor min(const Operand &x, const Axes &axes = {}, bool keepDims = false);
Tensor prod(const Operand &x, const Axes &axes = {}, bool keepDims = false);
/// The running sum along an axis.
Tensor cumsum(const Operand &x, int64_t axis);
/// Of bool tensors.
Tensor all(const Operand &x, const Axes &axes = {}, bool keepDims = false);
Tensor any(const Operand &x, const Axes &axes = {}, bool keepDims = false);
Tensor logsumexp(const Operand &x, const Axes &axes = {},
                 bool keepDims = false);
Tensor variance(const Operand &x, const Axes &axes = {}, bool keepDims = false,
                bool unbiased = false);
/// The norm of order 1 or 2; its gradient at 0 is 0.
Tensor norm(const Operand &x, const Axes &axes = {}, bool keepDims = false,
            double order = 2);
/// i32; the lowest index wins a tie.
Tensor argmax(const Operand &x, int64_t axis = -1);
Tensor argmin(const Operand &x, int64_t axis = -1);

//===----------------------------------------------------------------------===//
// Linear algebra
//===----------------------------------------------------------------------===//

struct MatmulOptions {
  bool transposeA = false;
  bool transposeB = false;
};
/// The product over the last two dimensions, batched over the rest, which
/// broadcast; either side may be a vector.
Tensor matmul(const Operand &a, const Operand &b, MatmulOptions options = {});
/// Einstein's summation: each letter of \p equation names an axis, as in
/// "bij,bjk->bik"; letters without a place in the result are summed over. A
/// letter twice in one operand takes its diagonal, "..." stands for the axes
/// that have no letter, and without "->" the result has the letters that
/// stand once, in alphabetical order.
Tensor einsum(const std::string &equation, const Operand &a, const Operand &b);
/// a[..., m] and b[..., n] to [..., m, n].
Tensor outer(const Operand &a, const Operand &b);
/// The Euclidean distance over the last axis.
Tensor l2Distance(const Operand &a, const Operand &b);
Tensor cosineSimilarity(const Operand &a, const Operand &b, int64_t axis = -1);

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

/// The same elements, row-major; one size may be -1, "what is left".
Tensor reshape(const Operand &x, std::vector<Dim> shape);
/// Joins the axes from \p from on.
Tensor flatten(const Operand &x, int64_t from = 1);
/// Swaps the last two axes.
Tensor transpose(const Operand &x);
/// Axis i of the result is axis permutation[i] of x.
Tensor transpose(const Operand &x, const std::vector<int64_t> &permutation);
Tensor concat(const std::vector<Tensor> &parts, int64_t axis);
Tensor stack(const std::vector<Tensor> &parts, int64_t axis = 0);
/// Equal parts along a constant axis.
std::vector<Tensor> split(const Operand &x, int64_t parts, int64_t axis);
/// Parts of the given sizes.
std::vector<Tensor> split(const Operand &x, const std::vector<int64_t> &sizes,
                          int64_t axis);
Tensor squeeze(const Operand &x, int64_t axis);
Tensor expand(const Operand &x, int64_t axis);
/// Repeats to \p shape by NumPy's rules.
Tensor broadcast(const Operand &x, const std::vector<Dim> &shape);
/// Elements begin, …, end - 1 of an axis of constant size.
Tensor slice(const Operand &x, int64_t axis, int64_t begin, int64_t end);
/// \p widths: [before, after] an axis.
Tensor pad(const Operand &x,
           const std::vector<std::pair<int64_t, int64_t>> &widths,
           double value = 0);
Tensor flip(const Operand &x, int64_t axis);
/// Repeats counts[i] times along axis i.
Tensor tile(const Operand &x, const std::vector<int64_t> &counts);
/// How `upsample` fills the elements between.
enum class UpsampleMode : uint8_t {
  nearest, ///< With copies.
  linear,  ///< By linear interpolation between the elements' centres.
};
/// Enlarges the axes after [batch, channels]: one factor for all, or one each.
/// The ends of an axis continue outwards.
Tensor upsample(const Operand &x, const std::vector<int64_t> &factors,
                UpsampleMode mode = UpsampleMode::nearest);
/// f32 (or \p type): 1 at the place i of a new last axis, else 0.
Tensor oneHot(const Operand &i, int64_t classes,
              ElementType type = ElementType::f32);
/// The slices of \p x along \p axis at \p indices, whose shape takes the
/// axis' place.
Tensor gather(const Operand &x, const Operand &indices, int64_t axis = 0);
/// x with updates added at the indices.
Tensor scatterAdd(const Operand &x, const Operand &indices,
                  const Operand &updates, int64_t axis = 0);
/// x[b, t, …] at t = lengths[b] - 1.
Tensor takeLast(const Operand &x, const Operand &lengths);

//===----------------------------------------------------------------------===//
// Making tensors
//===----------------------------------------------------------------------===//

Tensor full(Graph &graph, const std::vector<Dim> &shape, double value,
            ElementType type = ElementType::f32,
            std::source_location place = std::source_location::current());
Tensor zeros(Graph &graph, const std::vector<Dim> &shape,
             ElementType type = ElementType::f32,
             std::source_location place = std::source_location::current());
Tensor ones(Graph &graph, const std::vector<Dim> &shape,
            ElementType type = ElementType::f32,
            std::source_location place = std::source_location::current());
Tensor eye(Graph &graph, int64_t n, ElementType type = ElementType::f32,
           std::source_location place = std::source_location::current());
/// i32: 0, 1, …, n - 1.
Tensor iota(Graph &graph, const Dim &n,
            std::source_location place = std::source_location::current());
/// A size as a scalar.
Tensor dimSize(Graph &graph, const Dim &size,
               ElementType type = ElementType::f32,
               std::source_location place = std::source_location::current());
/// Mean 0, variance 1. Random numbers are a function of (seed, step, place in
/// the graph), which the program gets as scalars "seed" and "step".
Tensor
randomNormal(Graph &graph, const std::vector<Dim> &shape,
             ElementType type = ElementType::f32,
             std::source_location place = std::source_location::current());
/// Of [0, 1).
Tensor
randomUniform(Graph &graph, const std::vector<Dim> &shape,
              ElementType type = ElementType::f32,
              std::source_location place = std::source_location::current());
/// 1 with probability p, else 0.
Tensor
randomBernoulli(Graph &graph, const std::vector<Dim> &shape, double p,
                ElementType type = ElementType::f32,
                std::source_location place = std::source_location::current());

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

/// The derivative of \p y, or of the sum of its elements, by each of \p x; it
/// can be differentiated again. Zeros where y does not depend on x.
std::vector<Tensor> gradient(const Operand &y, const std::vector<Tensor> &x);

} // namespace nnc

#endif // NNC_GRAPH_OPS_H

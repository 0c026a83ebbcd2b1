//===- Normalization.cpp - Normalising layers and attention ---------------===//

#include "GraphImpl.h"
#include "nnc/Graph/Layers.h"
#include <cmath>

using namespace mlir;
using namespace nnc;

/// \p x with its mean and variance over \p axes made 0 and 1.
static Tensor normalize(const Tensor &x, const Axes &axes, double epsilon) {
  Tensor centred = x - mean(x, axes, true);
  return centred * rsqrt(mean(square(centred), axes, true) + epsilon);
}

static bool checkEpsilon(Operands &in, double epsilon) {
  if (epsilon >= 0)
    return true;
  in.fail(ErrorCode::settingOutOfRange, "epsilon", "at least 0", epsilon);
  return false;
}

/// x * scale + shift by parameters of \p shape, reshaped to \p placed.
static Tensor scaleAndShift(GraphImpl &graph, const Tensor &x,
                            const std::vector<Dim> &shape,
                            const std::vector<Dim> &placed) {
  if (!x.isValid())
    return x;
  Tensor scale = declareParameter(graph, "scale", "parameter", shape,
                                  {init::ones()}, x.elementType());
  Tensor shift = declareParameter(graph, "shift", "parameter", shape,
                                  {init::zeros()}, x.elementType());
  return x * reshape(scale, placed) + reshape(shift, placed);
}

/// \p rank ones, but for the sizes of \p axes.
static std::vector<Dim> placedAt(const std::vector<Dim> &shape,
                                 ArrayRef<int64_t> axes) {
  std::vector<Dim> placed(shape.size(), 1);
  for (int64_t axis : axes)
    placed[axis] = shape[axis];
  return placed;
}

/// Batch normalisation over the axes \p others by running statistics of the
/// shape \p placed.
static Tensor normalizeBatch(GraphImpl &graph, const Tensor &x,
                             const std::vector<int64_t> &others,
                             const Dim &channels,
                             const std::vector<Dim> &placed,
                             const BatchNormOptions &options) {
  nnc::ElementType type = x.elementType();
  Tensor runningMean = declareParameter(graph, "mean", "state", {channels},
                                        {init::zeros()}, type);
  Tensor runningVariance = declareParameter(graph, "variance", "state",
                                            {channels}, {init::ones()}, type);
  if (!runningMean.isValid() || !runningVariance.isValid())
    return Tensor(&graph, nullptr);
  if (graph.mode != GraphMode::training)
    return (x - reshape(runningMean, placed)) *
           rsqrt(reshape(runningVariance, placed) + options.epsilon);
  double momentum = options.momentum;
  Tensor batchMean = mean(x, others);
  Tensor unbiased = variance(x, others, false, /*unbiased=*/true);
  updateState(graph, runningMean,
              runningMean * momentum + batchMean * (1 - momentum));
  updateState(graph, runningVariance,
              runningVariance * momentum + unbiased * (1 - momentum));
  return normalize(x, others, options.epsilon);
}

namespace nnc {

Tensor batchNorm(const Operand &x, const BatchNormOptions &options) {
  Operands in("batch_norm", {&x});
  if (!in.requireFloat(0) || !in.requireRank(0, 2, "f32[batch, n, ...]") ||
      !checkEpsilon(in, options.epsilon))
    return in.poison();
  std::optional<int64_t> axis = in.axis(0, options.axis);
  if (!axis)
    return in.poison();
  GraphImpl &graph = *in.graph();
  LayerScope scope(&graph, "batch_norm", options.name);
  std::vector<Dim> shape = in.shape(0);
  std::vector<Dim> placed = placedAt(shape, *axis);
  std::vector<int64_t> others;
  for (int64_t i = 0; i < in.rank(0); ++i)
    if (i != *axis)
      others.push_back(i);
  // Scale and shift come before the statistics in program order.
  Tensor result;
  if (options.affine) {
    Tensor scale =
        declareParameter(graph, "scale", "parameter", {shape[*axis]},
                         {init::ones()}, elementTypeOf(in.element(0)));
    Tensor shift =
        declareParameter(graph, "shift", "parameter", {shape[*axis]},
                         {init::zeros()}, elementTypeOf(in.element(0)));
    if (!scale.isValid() || !shift.isValid())
      return in.poison();
    result = normalizeBatch(graph, in.tensor(0), others, shape[*axis], placed,
                            options) *
                 reshape(scale, placed) +
             reshape(shift, placed);
  } else {
    result = normalizeBatch(graph, in.tensor(0), others, shape[*axis], placed,
                            options);
  }
  return scope.finish(result);
}

Tensor layerNorm(const Operand &x, const LayerNormOptions &options) {
  Operands in("layer_norm", {&x});
  if (!in.requireFloat(0) || !checkEpsilon(in, options.epsilon))
    return in.poison();
  std::optional<SmallVector<int64_t>> axes = in.axes(0, options.axes);
  if (!axes)
    return in.poison();
  GraphImpl &graph = *in.graph();
  LayerScope scope(&graph, "layer_norm", options.name);
  Tensor result =
      normalize(in.tensor(0), std::vector<int64_t>(axes->begin(), axes->end()),
                options.epsilon);
  if (!options.affine)
    return scope.finish(result);
  std::vector<Dim> shape = in.shape(0), sizes;
  for (int64_t axis : *axes)
    sizes.push_back(shape[axis]);
  return scope.finish(
      scaleAndShift(graph, result, sizes, placedAt(shape, *axes)));
}

/// Normalises groups of channels in the current scope.
static Tensor normalizeGroups(Operands &in, int64_t groups,
                              const GroupNormOptions &options) {
  std::vector<Dim> shape = in.shape(0);
  if (!shape[1].isConstant())
    return in.fail(ErrorCode::openAxis, in.name(), 1, in.tensor(0).str());
  if (groups < 1 || shape[1].constant() % groups != 0)
    return in.fail(ErrorCode::settingOutOfRange, "groups",
                   "a divisor of the " + shape[1].str() + " channels", groups);
  std::vector<Dim> grouped = {shape[0], groups, shape[1].constant() / groups};
  grouped.insert(grouped.end(), shape.begin() + 2, shape.end());
  std::vector<int64_t> axes;
  for (size_t i = 2; i < grouped.size(); ++i)
    axes.push_back(i);
  Tensor result = reshape(
      normalize(reshape(in.tensor(0), grouped), axes, options.epsilon), shape);
  if (!options.affine)
    return result;
  return scaleAndShift(*in.graph(), result, {shape[1]}, placedAt(shape, {1}));
}

Tensor groupNorm(const Operand &x, int64_t groups,
                 const GroupNormOptions &options) {
  Operands in("group_norm", {&x});
  if (!in.requireFloat(0) ||
      !in.requireRank(0, 2, "f32[batch, channels, ...]") ||
      !checkEpsilon(in, options.epsilon))
    return in.poison();
  LayerScope scope(in.graph(), "group_norm", options.name);
  return scope.finish(normalizeGroups(in, groups, options));
}

Tensor instanceNorm(const Operand &x, const GroupNormOptions &options) {
  Operands in("instance_norm", {&x});
  if (!in.requireFloat(0) ||
      !in.requireRank(0, 3, "f32[batch, channels, n, ...]") ||
      !checkEpsilon(in, options.epsilon))
    return in.poison();
  LayerScope scope(in.graph(), "instance_norm", options.name);
  Dim channels = in.shape(0)[1];
  return scope.finish(normalizeGroups(
      in, channels.isConstant() ? channels.constant() : 1, options));
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// [q's time, k's time]: what position i sees, positions up to i.
static Tensor causalMask(GraphImpl &graph, const Tensor &scores) {
  std::vector<Dim> shape = scores.shape();
  RankedTensorType type = graph.type(nnc::ElementType::i32,
                                     {shape[shape.size() - 2], shape.back()});
  auto index = [&](int64_t axis) {
    return graph.tensor(
        nn::IotaOp::create(graph.builder, graph.location(), type, axis));
  };
  return index(1) <= index(0);
}

/// softmax(q k^T * scale) of the operands of \p in, 0 for what is hidden.
static Tensor attentionShares(Operands &in, const AttentionOptions &options) {
  Dim d = in.shape(0).back();
  if (!options.scale && !d.isConstant())
    return in.fail(ErrorCode::openAxis, "attention", -1, in.tensor(0).str());
  double scale =
      options.scale ? *options.scale : 1 / std::sqrt((double)d.constant());
  Tensor scores = matmul(in.tensor(0), in.tensor(1), {.transposeB = true});
  if (!scores.isValid())
    return scores;
  scores = scores * scale;
  Tensor visible = options.mask;
  if (options.causal) {
    Tensor causal = causalMask(*in.graph(), scores);
    visible = visible.isValid() ? logicalAnd(visible, causal) : causal;
  }
  if (!visible.isValid())
    return softmax(scores);
  // The exponential of -1e30 is 0 beside any score, and where a row hides
  // everything it leaves numbers, which the mask then makes 0. A causal row
  // always sees its first position.
  Tensor shares = softmax(where(visible, scores, -1e30));
  return options.mask.isValid() ? where(visible, shares, 0.0) : shares;
}

Tensor attention(const Operand &q, const Operand &k, const Operand &v,
                 const AttentionOptions &options) {
  Operands in("attention", {&q, &k, &v});
  for (size_t i = 0; i < 3; ++i)
    if (!in.requireFloat(i) || !in.requireRank(i, 2, "f32[..., time, d]"))
      return in.poison();
  Tensor shares = attentionShares(in, options);
  if (options.dropoutRate != 0 && shares.isValid())
    shares = dropout(shares, {.rate = options.dropoutRate});
  return matmul(shares, v);
}

namespace {
/// The inside of multi_head_attention, in its scope.
struct HeadAttention {
  Operands &in;
  int64_t heads, units;
  const MultiHeadAttentionOptions &options;

  Tensor project(const Tensor &x, const char *weightName, const char *biasName,
                 int64_t size);
  /// [b, t, count * d] to [b, t, count, d], d the size of a head.
  Tensor cutHeads(const Tensor &x, int64_t count);
  Tensor run();
};
} // namespace

Tensor HeadAttention::project(const Tensor &x, const char *weightName,
                              const char *biasName, int64_t size) {
  Dim n = x.size(-1);
  if (!n.isConstant())
    return in.fail(ErrorCode::openAxis, in.name(), -1, x.str());
  const WeightOptions &weights = options.weights;
  Tensor result = matmul(
      x, declareParameter(*in.graph(), weightName, "parameter", {n, size},
                          {weights.weightInitializer, weights.weightRegularizer,
                           weights.weightConstraint},
                          x.elementType()));
  if (!options.bias)
    return result;
  return result + declareParameter(*in.graph(), biasName, "parameter", {size},
                                   {weights.biasInitializer,
                                    weights.biasRegularizer, Constraint()},
                                   x.elementType());
}

Tensor HeadAttention::cutHeads(const Tensor &x, int64_t count) {
  if (!x.isValid())
    return x;
  std::vector<Dim> shape = x.shape();
  return reshape(x, {shape[0], shape[1], count, units / heads});
}

Tensor HeadAttention::run() {
  std::vector<Tensor> parts;
  if (in[0] == in[1] && in[1] == in[2]) {
    // Cut first: what becomes a part of its own is then read only once.
    Tensor all = cutHeads(
        project(in.tensor(0), "weight_qkv", "bias_qkv", 3 * units), 3 * heads);
    if (!all.isValid())
      return all;
    parts = split(all, 3, 2);
  } else {
    parts.push_back(
        cutHeads(project(in.tensor(0), "weight_q", "bias_q", units), heads));
    parts.push_back(
        cutHeads(project(in.tensor(1), "weight_k", "bias_k", units), heads));
    parts.push_back(
        cutHeads(project(in.tensor(2), "weight_v", "bias_v", units), heads));
  }
  for (Tensor &part : parts)
    if (part.isValid())
      part = transpose(part, {0, 2, 1, 3});
    else
      return part;
  AttentionOptions inner;
  inner.causal = options.causal;
  inner.mask = options.mask;
  inner.dropoutRate = options.dropoutRate;
  Tensor mixed = attention(parts[0], parts[1], parts[2], inner);
  if (!mixed.isValid())
    return mixed;
  std::vector<Dim> shape = mixed.shape();
  mixed = reshape(transpose(mixed, {0, 2, 1, 3}), {shape[0], shape[2], units});
  return mixed.isValid() ? project(mixed, "weight_out", "bias_out", units)
                         : mixed;
}

Tensor multiHeadAttention(const Operand &q, const Operand &k, const Operand &v,
                          int64_t heads,
                          const MultiHeadAttentionOptions &options) {
  Operands in("multi_head_attention", {&q, &k, &v});
  for (size_t i = 0; i < 3; ++i) {
    if (!in.requireFloat(i))
      return in.poison();
    if (in.rank(i) != 3)
      return in.fail(ErrorCode::tensorExpected, in.name(),
                     "f32[batch, time, d]", in.tensor(i).str());
  }
  Dim d = in.shape(0).back();
  if (!options.units && !d.isConstant())
    return in.fail(ErrorCode::openAxis, in.name(), -1, in.tensor(0).str());
  int64_t units = options.units ? *options.units : d.constant();
  if (heads < 1 || units < 1 || units % heads != 0)
    return in.fail(ErrorCode::settingOutOfRange, "heads",
                   fmt::format("a divisor of the {} units", units), heads);
  LayerScope scope(in.graph(), "multi_head_attention", options.name);
  return scope.finish(HeadAttention{in, heads, units, options}.run());
}

} // namespace nnc

//===- Layers.cpp - Layers with parameters --------------------------------===//

#include "nnc/Graph/Layers.h"
#include "GraphImpl.h"

using namespace mlir;
using namespace nnc;

/// The number as the language reads it back: with a point or exponent.
static std::string numberText(double value) {
  std::string text = fmt::format("{}", value);
  return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

static Tensor applyActivation(const Activation &activation, const Tensor &x) {
  return activation && x.isValid() ? activation(x) : x;
}

namespace nnc {

//===----------------------------------------------------------------------===//
// Initialisers
//===----------------------------------------------------------------------===//

namespace init {
Initializer zeros() { return {"zeros"}; }
Initializer ones() { return {"ones"}; }
Initializer constant(double value) {
  return {"constant(" + numberText(value) + ")"};
}
Initializer normal(double stddev, double mean) {
  return {"normal(stddev = " + numberText(stddev) +
          ", mean = " + numberText(mean) + ")"};
}
Initializer uniform(double low, double high) {
  return {"uniform(low = " + numberText(low) + ", high = " + numberText(high) +
          ")"};
}
Initializer truncatedNormal(double stddev) {
  return {"truncated_normal(stddev = " + numberText(stddev) + ")"};
}
Initializer glorotUniform() { return {"glorot_uniform"}; }
Initializer glorotNormal() { return {"glorot_normal"}; }
Initializer heUniform() { return {"he_uniform"}; }
Initializer heNormal() { return {"he_normal"}; }
Initializer lecunUniform() { return {"lecun_uniform"}; }
Initializer lecunNormal() { return {"lecun_normal"}; }
Initializer orthogonal(double gain) {
  return {"orthogonal(gain = " + numberText(gain) + ")"};
}
Initializer identity(double gain) {
  return {"identity(gain = " + numberText(gain) + ")"};
}
Initializer values(const std::vector<double> &values) {
  std::string text = "values([";
  for (double value : values) {
    if (text.back() != '[')
      text += ", ";
    text += numberText(value);
  }
  return {text + "])"};
}
} // namespace init

//===----------------------------------------------------------------------===//
// Dense layers
//===----------------------------------------------------------------------===//

/// x @ weight + bias in the current scope; \p prepare changes the weight.
static Tensor affineMap(Operands &in, int64_t units, bool bias,
                        const WeightOptions &weights,
                        const Activation &prepare = {}) {
  if (!in.requireFloat(0) || !in.requireRank(0, 1, "f32[..., n]"))
    return in.poison();
  if (units < 1)
    return in.fail(ErrorCode::settingOutOfRange, "units", "at least 1", units);
  Dim n = in.shape(0).back();
  if (!n.isConstant())
    return in.fail(ErrorCode::openAxis, in.name(), -1, in.tensor(0).str());
  GraphImpl &graph = *in.graph();
  nnc::ElementType type = elementTypeOf(in.element(0));
  Tensor weight =
      declareParameter(graph, "weight", "parameter", {n, units},
                       {weights.weightInitializer, weights.weightRegularizer,
                        weights.weightConstraint},
                       type);
  Tensor product = matmul(in.tensor(0), prepare ? prepare(weight) : weight);
  if (!bias)
    return product;
  return product + declareParameter(graph, "bias", "parameter", {units},
                                    {weights.biasInitializer,
                                     weights.biasRegularizer, Constraint()},
                                    type);
}

Tensor dense(const Operand &x, int64_t units, const DenseOptions &options) {
  Operands in("dense", {&x});
  if (!in.ok())
    return in.poison();
  LayerScope scope(in.graph(), "dense", options.name);
  Tensor result = affineMap(in, units, options.bias, options.weights);
  return scope.finish(applyActivation(options.activation, result));
}

/// In training, \p x with each element zeroed with probability 1 - keep.
static Tensor dropElements(GraphImpl &graph, const Tensor &x, double keep) {
  if (!x.isValid() || graph.mode != GraphMode::training || keep == 1)
    return x;
  Tensor drawn = randomLike(graph, x);
  return where(drawn < keep, x * (1 / keep), 0);
}

Tensor dropout(const Operand &x, const DropoutOptions &options) {
  Operands in("dropout", {&x});
  if (!in.requireFloat(0))
    return in.poison();
  if (options.rate.has_value() == options.keep.has_value())
    return in.fail(ErrorCode::rateOrKeep);
  double keep = options.keep ? *options.keep : 1 - *options.rate;
  if (!(keep > 0 && keep <= 1))
    return options.keep
               ? in.fail(ErrorCode::settingOutOfRange, "keep",
                         "above 0 and at most 1", numberText(keep))
               : in.fail(ErrorCode::settingOutOfRange, "rate",
                         "at least 0 and below 1", numberText(*options.rate));
  GraphImpl &graph = *in.graph();
  LayerScope scope(&graph, "dropout", options.name);
  return scope.finish(dropElements(graph, in.tensor(0), keep));
}

Tensor gaussianNoise(const Operand &x, const NoiseOptions &options) {
  Operands in("gaussian_noise", {&x});
  if (!in.requireFloat(0))
    return in.poison();
  if (!(options.stddev >= 0))
    return in.fail(ErrorCode::settingOutOfRange, "stddev", "at least 0",
                   numberText(options.stddev));
  GraphImpl &graph = *in.graph();
  LayerScope scope(&graph, "gaussian_noise", options.name);
  if (graph.mode != GraphMode::training)
    return scope.finish(in.tensor(0));
  return scope.finish(x + normalLike(graph, in.tensor(0)) * options.stddev);
}

Tensor embedding(const Operand &ids, int64_t vocabulary, int64_t units,
                 const EmbeddingOptions &options) {
  Operands in("embedding", {&ids});
  if (!in.requireInteger(0))
    return in.poison();
  if (vocabulary < 1 || units < 1)
    return in.fail(ErrorCode::settingOutOfRange,
                   vocabulary < 1 ? "vocabulary" : "units", "at least 1",
                   vocabulary < 1 ? vocabulary : units);
  GraphImpl &graph = *in.graph();
  LayerScope scope(&graph, "embedding", options.name);
  Tensor weight =
      declareParameter(graph, "weight", "parameter", {vocabulary, units},
                       {options.weightInitializer, options.weightRegularizer,
                        options.weightConstraint},
                       options.type);
  return weight.isValid() ? scope.finish(gather(weight, ids)) : weight;
}

Tensor prelu(const Operand &x, const PreluOptions &options) {
  Operands in("prelu", {&x});
  if (!in.requireFloat(0) ||
      (options.perChannel &&
       !in.requireRank(0, 2, "f32[batch, channels, ...]")))
    return in.poison();
  GraphImpl &graph = *in.graph();
  LayerScope scope(&graph, "prelu", options.name);
  std::vector<Dim> sizes, placed;
  if (options.perChannel) {
    sizes = {in.shape(0)[1]};
    placed.assign(in.rank(0) - 1, 1);
    placed[0] = sizes[0];
  }
  Tensor slope =
      declareParameter(graph, "slope", "parameter", sizes,
                       {init::constant(0.25)}, elementTypeOf(in.element(0)));
  if (!slope.isValid())
    return slope;
  return scope.finish(where(x > 0, x, reshape(slope, placed) * x));
}

Tensor maxout(const Operand &x, int64_t units, int64_t pieces,
              const MaxoutOptions &options) {
  Operands in("maxout", {&x});
  if (!in.ok())
    return in.poison();
  int64_t all;
  if (units < 1 || pieces < 1 || __builtin_mul_overflow(units, pieces, &all))
    return in.fail(ErrorCode::settingOutOfRange, units < 1 ? "units" : "pieces",
                   "at least 1", units < 1 ? units : pieces);
  LayerScope scope(in.graph(), "maxout", options.name);
  Tensor values = affineMap(in, all, /*bias=*/true, options.weights);
  if (!values.isValid())
    return values;
  std::vector<Dim> shape = values.shape();
  shape.back() = units;
  shape.push_back(pieces);
  return scope.finish(max(reshape(values, shape), -1));
}

Tensor dropconnect(const Operand &x, int64_t units,
                   const DropconnectOptions &options) {
  Operands in("dropconnect", {&x});
  if (!in.ok())
    return in.poison();
  if (!(options.rate >= 0 && options.rate < 1))
    return in.fail(ErrorCode::settingOutOfRange, "rate",
                   "at least 0 and below 1", numberText(options.rate));
  GraphImpl &graph = *in.graph();
  LayerScope scope(&graph, "dropconnect", options.name);
  return scope.finish(affineMap(
      in, units, /*bias=*/true, options.weights, [&](const Tensor &weight) {
        return dropElements(graph, weight, 1 - options.rate);
      }));
}

//===----------------------------------------------------------------------===//
// Several layers
//===----------------------------------------------------------------------===//

Tensor chain(const Operand &x, const std::vector<LayerFunction> &layers) {
  Operands in("chain", {&x});
  if (!in.ok())
    return in.poison();
  Tensor value = in.tensor(0);
  for (size_t i = 0; i < layers.size() && value.isValid(); ++i)
    value = layers[i](value, std::to_string(i));
  return value;
}

Tensor Net::operator()(const Operand &x) const {
  Operands in(name, {&x});
  if (!in.ok())
    return in.poison();
  LayerScope scope(in.graph(), "net", name, LayerScope::Use::Shared);
  return scope.finish(body(in.tensor(0)));
}

} // namespace nnc

//===- Layers.h - Layers with parameters ------------------------*- C++ -*-===//
//
// Functions that make parameters and build primitive ops. Names, settings and
// formulas are those of the language (docs/Language.md), in camelCase. A layer
// is named by its `name`, or LAYER_1, LAYER_2, … in its scope.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_GRAPH_LAYERS_H
#define NNC_GRAPH_LAYERS_H

#include "nnc/Graph/Ops.h"

namespace nnc {

/// Ways a parameter starts. fan_in and fan_out of a weight [in, out] are its
/// sizes; of a weight [filters, channels, taps...] channels and filters times
/// the number of taps.
namespace init {
Initializer zeros();
Initializer ones();
Initializer constant(double value);
Initializer normal(double stddev = 0.05, double mean = 0);
Initializer uniform(double low = -0.05, double high = 0.05);
Initializer truncatedNormal(double stddev = 0.05);
Initializer glorotUniform();
Initializer glorotNormal();
Initializer heUniform();
Initializer heNormal();
Initializer lecunUniform();
Initializer lecunNormal();
Initializer orthogonal(double gain = 1);
Initializer identity(double gain = 1);
/// The given numbers, row-major.
Initializer values(const std::vector<double> &values);
} // namespace init

inline Regularizer l1(double factor) { return {factor, 0}; }
inline Regularizer l2(double factor) { return {0, factor}; }
inline Regularizer l1L2(double l1, double l2) { return {l1, l2}; }

inline Constraint maxNorm(double limit) {
  return {Constraint::Kind::MaxNorm, limit};
}
inline Constraint nonNegative() { return {Constraint::Kind::NonNegative, 0}; }
inline Constraint unitNorm() { return {Constraint::Kind::UnitNorm, 0}; }

/// A function of one tensor: an activation, or a layer with its settings.
using Activation = std::function<Tensor(const Tensor &)>;

/// What layers with weights have in common.
struct WeightOptions {
  Initializer weightInitializer = {"glorot_uniform"};
  Initializer biasInitializer = {"zeros"};
  Regularizer weightRegularizer = {};
  Regularizer biasRegularizer = {};
  Constraint weightConstraint = {};
};

struct DenseOptions {
  Activation activation = {};
  bool bias = true;
  WeightOptions weights = {};
  std::string name = {};
};
/// activation(x @ weight + bias) over the last axis: [..., n] to
/// [..., units]; weight [n, units], bias [units].
Tensor dense(const Operand &x, int64_t units, const DenseOptions &options = {});

struct DropoutOptions {
  /// The share zeroed; exactly one of rate and keep is given.
  std::optional<double> rate = {};
  /// The share kept.
  std::optional<double> keep = {};
  std::string name = {};
};
/// In training, zeroes each element with probability 1 - keep and scales the
/// others by 1 / keep; else x.
Tensor dropout(const Operand &x, const DropoutOptions &options);

struct NoiseOptions {
  double stddev = 0;
  std::string name = {};
};
/// In training, x plus normal noise; else x.
Tensor gaussianNoise(const Operand &x, const NoiseOptions &options);

struct EmbeddingOptions {
  Initializer weightInitializer = {"glorot_uniform"};
  Regularizer weightRegularizer = {};
  Constraint weightConstraint = {};
  ElementType type = ElementType::f32;
  std::string name = {};
};
/// Rows ids[...] of weight [vocabulary, units]: [...] to [..., units].
Tensor embedding(const Operand &ids, int64_t vocabulary, int64_t units,
                 const EmbeddingOptions &options = {});

struct BatchNormOptions {
  int64_t axis = 1;
  double momentum = 0.9;
  double epsilon = 1e-5;
  bool affine = true;
  std::string name = {};
};
/// (x - mean) / sqrt(variance + epsilon) * scale + shift over all axes but
/// one. In training by the batch, and running = momentum * running +
/// (1 - momentum) * batch (the variance there with n - 1); else by the running
/// mean and variance.
Tensor batchNorm(const Operand &x, const BatchNormOptions &options = {});

struct LayerNormOptions {
  std::vector<int64_t> axes = {-1};
  double epsilon = 1e-5;
  bool affine = true;
  std::string name = {};
};
/// Zero mean and unit variance over the axes; scale and shift have their
/// shape.
Tensor layerNorm(const Operand &x, const LayerNormOptions &options = {});

struct GroupNormOptions {
  double epsilon = 1e-5;
  bool affine = true;
  std::string name = {};
};
/// [b, c, ...]: zero mean and unit variance of each group of channels of each
/// sample; scale and shift [c].
Tensor groupNorm(const Operand &x, int64_t groups,
                 const GroupNormOptions &options = {});
/// groupNorm with a group a channel.
Tensor instanceNorm(const Operand &x, const GroupNormOptions &options = {});

struct PreluOptions {
  /// One slope a channel (axis 1), or one for all.
  bool perChannel = true;
  std::string name = {};
};
/// x, or slope * x below 0; slope starts at 0.25.
Tensor prelu(const Operand &x, const PreluOptions &options = {});

struct MaxoutOptions {
  WeightOptions weights = {};
  std::string name = {};
};
/// The largest of `pieces` dense layers: weight [n, units * pieces].
Tensor maxout(const Operand &x, int64_t units, int64_t pieces,
              const MaxoutOptions &options = {});

struct DropconnectOptions {
  double rate = 0;
  WeightOptions weights = {};
  std::string name = {};
};
/// A dense layer that zeroes a share of its weights in training, the others
/// scaled by 1 / (1 - rate).
Tensor dropconnect(const Operand &x, int64_t units,
                   const DropconnectOptions &options);

struct AttentionOptions {
  /// none: 1 / sqrt(d).
  std::optional<double> scale = {};
  /// Position i sees positions up to i.
  bool causal = false;
  /// bool, broadcast to the scores: false hides. A row that sees nothing
  /// gives zeros.
  Tensor mask = {};
  /// The share of the softmax's results zeroed in training, as by `dropout`.
  double dropoutRate = 0;
};
/// softmax(q @ k^T * scale) @ v over the last two axes.
Tensor attention(const Operand &q, const Operand &k, const Operand &v,
                 const AttentionOptions &options = {});

struct MultiHeadAttentionOptions {
  /// none: the size of q's last axis.
  std::optional<int64_t> units = {};
  bool bias = true;
  bool causal = false;
  Tensor mask = {};
  double dropoutRate = 0;
  WeightOptions weights = {};
  std::string name = {};
};
/// [b, t, d] each. Parameters weight_qkv, bias_qkv where q, k and v are the
/// same tensor, else weight_q, bias_q, …; and weight_out, bias_out.
Tensor multiHeadAttention(const Operand &q, const Operand &k, const Operand &v,
                          int64_t heads,
                          const MultiHeadAttentionOptions &options = {});

/// A layer with its settings but without its tensor, for `chain`. The name is
/// the one to use.
using LayerFunction = std::function<Tensor(const Tensor &, std::string name)>;

/// Layers one after the other, named 0, 1, ….
Tensor chain(const Operand &x, const std::vector<LayerFunction> &layers);

/// One set of parameters, applied as often as wanted:
/// `Net embed("embed", [](Tensor x) { return dense(x, 32); })`.
class Net {
public:
  Net(std::string name, Activation body)
      : name(std::move(name)), body(std::move(body)) {}

  Tensor operator()(const Operand &x) const;

private:
  std::string name;
  Activation body;
};

} // namespace nnc

#endif // NNC_GRAPH_LAYERS_H

//===- Loops.h - Loops at run time, and recurrent layers --------*- C++ -*-===//
//
// A scan runs one set of parameters over the slices of tensors; the recurrent
// layers are scans.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_GRAPH_LOOPS_H
#define NNC_GRAPH_LOOPS_H

#include "nnc/Graph/Layers.h"

namespace nnc {

/// A tensor that a scan takes slices of, along \p axis.
struct ScanSource {
  Tensor tensor;
  int64_t axis = 0;
};

/// What one step gives.
struct ScanStep {
  /// Stacked over all steps, along the axis of the first source.
  std::vector<Tensor> yields;
  /// The new carried values, of the same types as the old.
  std::vector<Tensor> next;
};

/// The results of a scan: poisoned and as many as of one step, if it failed.
struct ScanResult {
  std::vector<Tensor> yields;
  std::vector<Tensor> last;
};

/// One step, from the carried values and the sources' slices.
using ScanBody = std::function<ScanStep(const std::vector<Tensor> &carried,
                                        const std::vector<Tensor> &slices)>;

/// Runs \p body once for each slice of \p sources, of which there is at least
/// one and which agree in their number of slices; from the last to the first
/// if \p reverse, results in place. The body is called once: what it declares
/// is shared by all steps. It cannot change states or add penalties.
ScanResult scan(const std::vector<Tensor> &initial,
                const std::vector<ScanSource> &sources, const ScanBody &body,
                bool reverse = false,
                std::source_location place = std::source_location::current());

/// What recurrent layers give.
enum class RecurrentOutput : uint8_t {
  sequence, ///< h of all steps, [b, t, units].
  last,     ///< The last h, [b, units].
  states,   ///< The sequence, then the last h and, of an LSTM, the last c.
};

enum class RecurrentDirection : uint8_t { forward, backward, both };

/// The settings of rnn, lstm and gru.
struct RecurrentOptions {
  /// none: tanh.
  Activation activation = {};
  /// Of the gates. none: sigmoid.
  Activation recurrentActivation = {};
  RecurrentOutput output = RecurrentOutput::sequence;
  RecurrentDirection direction = RecurrentDirection::forward;
  /// bool [b, t]: a step that is false keeps the state as it was.
  Tensor mask = {};
  /// The state before the first step, [b, units]: h, then c of an LSTM; for
  /// both directions those of the forward one first. None: zeros.
  std::vector<Tensor> initial = {};
  bool bias = true;
  /// A second bias, next to weight_h.
  bool recurrentBias = false;
  Initializer recurrentInitializer = {"orthogonal"};
  WeightOptions weights = {};
  /// lstm: the gates i and f see the old c, o the new one.
  bool peepholes = false;
  /// lstm: added to bias_x of gate f at the start.
  double forgetBias = 0;
  /// gru: the reset gate applies to the product h @ weight_h, not to h.
  bool resetAfter = true;
  std::string name = {};
};

/// x [b, t, n]. h' = activation(x W + b + h U). Parameters: weight_x
/// [n, units], weight_h [units, units], bias_x and, if asked for, bias_h
/// [units]; under `forward.` and `backward.` for both directions, whose
/// results stand side by side on the last axis.
std::vector<Tensor> rnn(const Operand &x, int64_t units,
                        const RecurrentOptions &options = {});
/// Gates i, f, g, o side by side: c' = f c + i g, h' = o activation(c')
/// (Hochreiter and Schmidhuber, 1997; Gers et al., 2000).
std::vector<Tensor> lstm(const Operand &x, int64_t units,
                         const RecurrentOptions &options = {});
/// Gates r, z, n side by side: h' = (1 - z) n + z h (Cho et al., 2014).
std::vector<Tensor> gru(const Operand &x, int64_t units,
                        const RecurrentOptions &options = {});

} // namespace nnc

#endif // NNC_GRAPH_LOOPS_H

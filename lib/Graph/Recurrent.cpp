//===- Recurrent.cpp - Recurrent layers -----------------------------------===//
//
// The products of the inputs do not depend on the state: they are one product
// over all steps, before the scan.
//
//===----------------------------------------------------------------------===//

#include "GraphImpl.h"
#include "nnc/Graph/Loops.h"

using namespace mlir;
using namespace nnc;

namespace {
/// What tells the kinds apart.
enum class Kind { rnn, lstm, gru };

/// One direction of one layer.
class RecurrentLayer {
public:
  RecurrentLayer(Kind kind, GraphImpl &graph, int64_t units,
                 const RecurrentOptions &options)
      : kind(kind), graph(graph), units(units), options(options) {}

  /// The sequence, then the last values of the states.
  std::vector<Tensor> run(const Tensor &x, const std::vector<Tensor> &initial,
                          bool reverse);

private:
  Tensor activate(const Tensor &x) const {
    return options.activation ? options.activation(x) : tanh(x);
  }
  Tensor gate(const Tensor &x) const {
    return options.recurrentActivation ? options.recurrentActivation(x)
                                       : sigmoid(x);
  }
  Tensor parameter(const char *name, const std::vector<Dim> &shape,
                   const Initializer &initializer, bool isBias);
  std::vector<Tensor> step(const Tensor &input,
                           const std::vector<Tensor> &states);
  std::vector<Tensor> stepLstm(const Tensor &z,
                               const std::vector<Tensor> &states);
  std::vector<Tensor> stepGru(const Tensor &input, const Tensor &h);

  Kind kind;
  GraphImpl &graph;
  int64_t units;
  const RecurrentOptions &options;
  nnc::ElementType type = nnc::ElementType::f32;
  Tensor weightH, biasH, peepholes;
};
} // namespace

Tensor RecurrentLayer::parameter(const char *name,
                                 const std::vector<Dim> &shape,
                                 const Initializer &initializer, bool isBias) {
  const WeightOptions &weights = options.weights;
  return declareParameter(
      graph, name, "parameter", shape,
      {initializer,
       isBias ? weights.biasRegularizer : weights.weightRegularizer,
       isBias ? Constraint() : weights.weightConstraint},
      type);
}

std::vector<Tensor>
RecurrentLayer::stepLstm(const Tensor &z, const std::vector<Tensor> &states) {
  std::vector<Tensor> gates = split(z, 4, -1), peeps;
  const Tensor &c = states[1];
  if (options.peepholes) {
    peeps = split(peepholes, 3, 0);
    gates[0] = gates[0] + peeps[0] * c;
    gates[1] = gates[1] + peeps[1] * c;
  }
  if (options.forgetBias != 0)
    gates[1] = gates[1] + options.forgetBias;
  Tensor cell = gate(gates[1]) * c + gate(gates[0]) * activate(gates[2]);
  if (options.peepholes)
    gates[3] = gates[3] + peeps[2] * cell;
  return {gate(gates[3]) * activate(cell), cell};
}

std::vector<Tensor> RecurrentLayer::stepGru(const Tensor &input,
                                            const Tensor &h) {
  std::vector<Tensor> x = split(input, 3, -1);
  Tensor r, z, n;
  if (options.resetAfter) {
    Tensor product = matmul(h, weightH);
    std::vector<Tensor> parts =
        split(biasH.isValid() ? product + biasH : product, 3, -1);
    r = gate(x[0] + parts[0]);
    z = gate(x[1] + parts[1]);
    n = activate(x[2] + r * parts[2]);
  } else {
    Tensor product = matmul(h, slice(weightH, 1, 0, 2 * units));
    if (biasH.isValid())
      product = product + slice(biasH, 0, 0, 2 * units);
    std::vector<Tensor> parts = split(product, 2, -1);
    r = gate(x[0] + parts[0]);
    z = gate(x[1] + parts[1]);
    Tensor inner = matmul(r * h, slice(weightH, 1, 2 * units, 3 * units));
    if (biasH.isValid())
      inner = inner + slice(biasH, 0, 2 * units, 3 * units);
    n = activate(x[2] + inner);
  }
  return {n + z * (h - n)};
}

std::vector<Tensor> RecurrentLayer::step(const Tensor &input,
                                         const std::vector<Tensor> &states) {
  if (kind == Kind::gru)
    return stepGru(input, states[0]);
  Tensor z = input + matmul(states[0], weightH);
  if (kind == Kind::lstm)
    return stepLstm(z, states);
  return {activate(z)};
}

std::vector<Tensor> RecurrentLayer::run(const Tensor &x,
                                        const std::vector<Tensor> &initial,
                                        bool reverse) {
  const WeightOptions &weights = options.weights;
  int64_t gates = kind == Kind::lstm ? 4 : kind == Kind::gru ? 3 : 1;
  type = x.elementType();
  Tensor weightX = parameter("weight_x", {x.size(2), gates * units},
                             weights.weightInitializer, false);
  weightH = parameter("weight_h", {units, gates * units},
                      options.recurrentInitializer, false);
  Tensor inputs = matmul(x, weightX), bias;
  if (options.bias)
    bias = parameter("bias_x", {gates * units}, weights.biasInitializer, true);
  if (options.recurrentBias) {
    biasH = parameter("bias_h", {gates * units}, weights.biasInitializer, true);
    // Only behind a reset gate does it matter where it is added.
    if (kind != Kind::gru) {
      bias = options.bias ? bias + biasH : biasH;
      biasH = Tensor();
    }
  }
  if (bias.isValid())
    inputs = inputs + bias;
  if (kind == Kind::lstm && options.peepholes)
    peepholes =
        parameter("peephole", {3 * units}, weights.biasInitializer, true);
  std::vector<ScanSource> sources = {{inputs, 1}};
  if (options.mask.isValid())
    sources.push_back({options.mask, 1});
  ScanResult result = scan(
      initial, sources,
      [&](const std::vector<Tensor> &states,
          const std::vector<Tensor> &slices) -> ScanStep {
        std::vector<Tensor> next = step(slices[0], states);
        if (slices.size() > 1)
          for (size_t i = 0; i < next.size(); ++i)
            next[i] = where(expand(slices[1], -1), next[i], states[i]);
        return {{next[0]}, next};
      },
      reverse);
  if (result.yields.empty())
    return {};
  std::vector<Tensor> all = {result.yields[0]};
  all.insert(all.end(), result.last.begin(), result.last.end());
  return all;
}

/// Checks the settings that all kinds share; the initial states in the order
/// of the options, zeros where none are given.
static std::optional<std::vector<Tensor>>
findInitialStates(Operands &in, Kind kind, int64_t units,
                  const RecurrentOptions &options) {
  if (!in.requireFloat(0) || !in.requireRank(0, 3, "f32[b, t, n]"))
    return std::nullopt;
  if (in.rank(0) != 3) {
    in.fail(ErrorCode::tensorExpected, in.name(), "f32[b, t, n]",
            in.tensor(0).str());
    return std::nullopt;
  }
  if (units < 1) {
    in.fail(ErrorCode::settingOutOfRange, "units", "at least 1", units);
    return std::nullopt;
  }
  std::vector<Dim> shape = in.shape(0);
  if (!shape[2].isConstant()) {
    in.fail(ErrorCode::openAxis, in.name(), -1, in.tensor(0).str());
    return std::nullopt;
  }
  GraphImpl &graph = *in.graph();
  if (options.mask.isValid()) {
    RankedTensorType expected =
        graph.type(nnc::ElementType::boolean, {shape[0], shape[1]});
    if (typeOf(valueOf(options.mask)) != expected) {
      in.fail(ErrorCode::tensorExpected, "mask",
              "bool" + str({shape[0], shape[1]}), options.mask.str());
      return std::nullopt;
    }
  }
  size_t count = (kind == Kind::lstm ? 2 : 1) *
                 (options.direction == RecurrentDirection::both ? 2 : 1);
  RankedTensorType state =
      graph.type(elementTypeOf(in.element(0)), {shape[0], units});
  if (options.initial.empty())
    return std::vector<Tensor>(count, graph.tensor(graph.full(state, 0)));
  if (options.initial.size() != count) {
    in.fail(ErrorCode::tensorExpected, "initial",
            std::to_string(count) + " states",
            std::to_string(options.initial.size()));
    return std::nullopt;
  }
  for (const Tensor &tensor : options.initial) {
    if (!tensor.isValid())
      return std::nullopt;
    if (typeOf(valueOf(tensor)) != state) {
      in.fail(ErrorCode::tensorExpected, "initial",
              std::string(nameOf(elementTypeOf(in.element(0)))) +
                  str({shape[0], units}),
              tensor.str());
      return std::nullopt;
    }
  }
  return options.initial;
}

static std::vector<Tensor> build(Kind kind, const char *name, const Operand &x,
                                 int64_t units,
                                 const RecurrentOptions &options) {
  Operands in(name, {&x});
  bool isStates = options.output == RecurrentOutput::states;
  size_t states = kind == Kind::lstm ? 2 : 1;
  std::vector<Tensor> poison(isStates ? 1 + states : 1, in.poison());
  if (!in.ok())
    return poison;
  std::optional<std::vector<Tensor>> initial =
      findInitialStates(in, kind, units, options);
  if (!initial)
    return poison;
  GraphImpl &graph = *in.graph();
  LayerScope scope(&graph, name, options.name);
  std::vector<Tensor> all;
  if (options.direction != RecurrentDirection::both) {
    all = RecurrentLayer(kind, graph, units, options)
              .run(in.tensor(0), *initial,
                   options.direction == RecurrentDirection::backward);
  } else {
    std::vector<Tensor> parts[2];
    for (bool backward : {false, true}) {
      LayerScope inner(&graph, name, backward ? "backward" : "forward");
      auto first = initial->begin() + (backward ? states : 0);
      parts[backward] =
          RecurrentLayer(kind, graph, units, options)
              .run(in.tensor(0), std::vector<Tensor>(first, first + states),
                   backward);
      if (!parts[backward].empty())
        inner.finish(parts[backward][0]);
    }
    for (size_t i = 0; i < parts[0].size() && i < parts[1].size(); ++i)
      all.push_back(concat({parts[0][i], parts[1][i]}, -1));
  }
  for (const Tensor &tensor : all)
    if (!tensor.isValid())
      return poison;
  if (all.empty())
    return poison;
  if (options.output == RecurrentOutput::last)
    all = {all[1]};
  else if (!isStates)
    all = {all[0]};
  scope.finish(all[0]);
  return all;
}

namespace nnc {

std::vector<Tensor> rnn(const Operand &x, int64_t units,
                        const RecurrentOptions &options) {
  return build(Kind::rnn, "rnn", x, units, options);
}

std::vector<Tensor> lstm(const Operand &x, int64_t units,
                         const RecurrentOptions &options) {
  return build(Kind::lstm, "lstm", x, units, options);
}

std::vector<Tensor> gru(const Operand &x, int64_t units,
                        const RecurrentOptions &options) {
  return build(Kind::gru, "gru", x, units, options);
}

} // namespace nnc

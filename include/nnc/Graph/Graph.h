//===- Graph.h - Graphs and the tensors in them -----------------*- C++ -*-===//
//
// A graph is built by calling functions on tensors. Nothing throws: a wrong
// call gives a poisoned tensor, all that is computed from one is poisoned, and
// the graph keeps the first error with the caller's place.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_GRAPH_GRAPH_H
#define NNC_GRAPH_GRAPH_H

#include "nnc/Graph/Dim.h"
#include "nnc/Support/ElementType.h"
#include "nnc/Support/Error.h"
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nnc {

struct GraphImpl;
class Graph;

/// A value of a graph: an element type and a shape, computed when a program
/// made from the graph runs. A cheap handle; the graph must outlive it.
class Tensor {
public:
  /// A poisoned tensor of no graph.
  Tensor() = default;
  /// For the implementation: \p value is an mlir::Value, or null if poisoned.
  Tensor(GraphImpl *graph, void *value) : graph(graph), value(value) {}

  /// False if the call that made the tensor was wrong.
  bool isValid() const { return value != nullptr; }

  // Of valid tensors only.
  ElementType elementType() const;
  std::vector<Dim> shape() const;
  int64_t rank() const;
  /// The size of \p axis; negative axes count from the end.
  Dim size(int64_t axis) const;
  /// As in messages: "f32[batch, 64]", or "a poisoned tensor".
  std::string str() const;

  GraphImpl *graph = nullptr;
  void *value = nullptr;
};

/// What a function on tensors takes: a tensor, or a number that becomes one of
/// the other operand's element type; and the caller's place.
class Operand {
public:
  Operand(const Tensor &tensor,
          std::source_location place = std::source_location::current())
      : tensor(tensor), place(place) {}
  Operand(double number,
          std::source_location place = std::source_location::current())
      : isNumber(true), number(number), place(place) {}
  Operand(int number,
          std::source_location place = std::source_location::current())
      : isNumber(true), isInteger(true), number(number), place(place) {}
  Operand(int64_t number,
          std::source_location place = std::source_location::current())
      : isNumber(true), isInteger(true), number(static_cast<double>(number)),
        place(place) {}

  Tensor tensor;
  bool isNumber = false;
  /// A number written without a point: it fits integer tensors too.
  bool isInteger = false;
  double number = 0;
  std::source_location place;
};

/// How a parameter starts, as text of the language; made by the functions of
/// the namespace init (Layers.h).
struct Initializer {
  std::string text = "zeros";
};

/// A penalty on a parameter w, added to the loss in training:
/// l1 * sum |w| + l2 * sum w^2.
struct Regularizer {
  double l1 = 0;
  double l2 = 0;

  bool isNone() const { return l1 == 0 && l2 == 0; }
};

/// What is done to a parameter after each update.
struct Constraint {
  enum class Kind : uint8_t { None, MaxNorm, NonNegative, UnitNorm };
  Kind kind = Kind::None;
  /// The largest norm of a column for MaxNorm.
  double limit = 0;
};

struct ParameterOptions {
  Initializer initializer = {"glorot_uniform"};
  Regularizer regularizer = {};
  Constraint constraint = {};
};

/// Whether a graph is built for training: dropout and the like are then
/// active, and states get their new values.
enum class GraphMode : uint8_t { predict, training };

/// A graph under construction.
class Graph {
public:
  explicit Graph(const std::string &name, GraphMode mode = GraphMode::predict);
  /// For the implementation.
  explicit Graph(std::unique_ptr<GraphImpl> impl);
  Graph(Graph &&);
  Graph &operator=(Graph &&);
  ~Graph();

  bool isTraining() const;

  /// An input; a name that is in use is an error, as is an invalid size.
  Tensor input(const std::string &name, const std::vector<Dim> &shape,
               ElementType type = ElementType::f32,
               std::source_location place = std::source_location::current());

  /// The trained parameter \p name of the current scope, e.g. "weight" for
  /// "hidden.weight". In a shared scope the second call gives the same
  /// parameter and must ask for the same type. Its sizes are numbers.
  Tensor
  parameter(const std::string &name, const std::vector<Dim> &shape,
            const ParameterOptions &options = {},
            ElementType type = ElementType::f32,
            std::source_location place = std::source_location::current());

  /// Like a parameter, but not trained: `update` gives it its new value.
  Tensor state(const std::string &name, const std::vector<Dim> &shape,
               const Initializer &initializer = {},
               ElementType type = ElementType::f32,
               std::source_location place = std::source_location::current());

  /// The value of \p state after a training step; of its type. Without effect
  /// in a graph that is not for training.
  void update(const Tensor &state, const Operand &value);

  /// One element that changes between calls, given by name.
  Tensor scalar(const std::string &name, ElementType type,
                std::source_location place = std::source_location::current());

  /// Adds \p value, a float scalar, to what training minimises.
  void addPenalty(const Operand &value);

  /// An output; its name must not be in use for another.
  void output(const std::string &name, const Operand &value);

  /// The path of layers that parameters are named in, "" outside all.
  const std::string &path() const;

  /// The first error, or null.
  const Error *error() const;
  /// The first error, which the graph then forgets. Poisoned tensors stay so.
  std::optional<Error> takeError();
  /// Reports \p error, unless there is one already, and gives a poisoned
  /// tensor. The error's place is the current one if it has none.
  Tensor fail(Error error);

  GraphImpl &implementation() const { return *impl; }

private:
  std::unique_ptr<GraphImpl> impl;
};

/// A part of the path that names parameters, from construction to the end of
/// the block: `LayerScope scope(graph, "hidden")` makes "hidden.weight".
class LayerScope {
public:
  /// How often a path may be entered.
  enum class Use : uint8_t {
    Once,   ///< A second time is an error: parameters would clash.
    Shared, ///< The second time gives the same parameters.
  };

  /// Enters \p name; without one, the next free of KIND_1, KIND_2, … where
  /// \p kind is the layer's name.
  LayerScope(GraphImpl *graph, std::string_view kind, const std::string &name,
             Use use = Use::Once);
  LayerScope(Graph &graph, const std::string &name, Use use = Use::Once)
      : LayerScope(&graph.implementation(), "layer", name, use) {}
  LayerScope(const LayerScope &) = delete;
  LayerScope &operator=(const LayerScope &) = delete;
  ~LayerScope();

  /// Says what the layer gives, for the list of layers; returns it.
  Tensor finish(const Tensor &result);

private:
  GraphImpl *graph;
  size_t previousLength = 0;
  bool wasShared = false;
  int layer = -1;
};

/// Leaves all layers and enters \p path instead, from construction to the end
/// of the block: where a net was declared that is applied elsewhere.
class PathScope {
public:
  PathScope(Graph &graph, std::string path);
  PathScope(const PathScope &) = delete;
  PathScope &operator=(const PathScope &) = delete;
  ~PathScope();

private:
  GraphImpl *graph;
  std::string previous;
  bool wasShared;
};

/// Makes the next LayerScope a shared one, whoever enters it.
class SharedScope {
public:
  explicit SharedScope(Graph &graph);
  SharedScope(const SharedScope &) = delete;
  SharedScope &operator=(const SharedScope &) = delete;
  ~SharedScope();

private:
  GraphImpl *graph;
};

/// Makes errors and locations name a place of a .nn file instead of the C++
/// caller, from construction to the end of the block.
class PlaceScope {
public:
  PlaceScope(Graph &graph, SourcePosition position);
  PlaceScope(const PlaceScope &) = delete;
  PlaceScope &operator=(const PlaceScope &) = delete;
  ~PlaceScope();

private:
  GraphImpl *graph;
  std::optional<SourcePosition> previous;
};

} // namespace nnc

#endif // NNC_GRAPH_GRAPH_H

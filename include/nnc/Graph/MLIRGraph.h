//===- MLIRGraph.h - Graphs as MLIR modules ---------------------*- C++ -*-===//
//
// The door between the public graph API and the rest of the compiler: graphs
// in a given context, values behind tensors, and the finished module.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_GRAPH_MLIRGRAPH_H
#define NNC_GRAPH_MLIRGRAPH_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "nnc/Graph/Graph.h"

namespace nnc {

/// What an argument of a graph is for; the roles of the nn dialect.
struct GraphArgument {
  std::string name;
  /// "input", "parameter", "state", "optimizer" or "scalar".
  std::string role;
  std::string initializer;
  /// The parameter an optimiser state belongs to.
  std::string owner;
  /// The path of the layer that holds it.
  std::string layer;
  Regularizer regularizer;
  Constraint constraint;
};

/// One output, or the new value of an argument.
struct GraphOutput {
  std::string name;
  /// The argument it replaces in place, or empty.
  std::string updates;
  mlir::Value value;
};

/// One layer as `nnc show` lists it.
struct GraphLayer {
  std::string path;
  std::string kind;
  /// Null if the layer was left by an error.
  mlir::Value result;
};

/// A graph in \p context, which must outlive it.
Graph makeGraph(mlir::MLIRContext &context, const std::string &name,
                GraphMode mode);

/// A builder at the end of the graph.
mlir::OpBuilder builderOf(const Graph &graph);
mlir::Value valueOf(const Graph &graph, const Tensor &tensor);
Tensor tensorOf(const Graph &graph, mlir::Value value);

/// Makes \p name, within the path of layers, the name of \p tensor for people,
/// unless it has one or is an argument. It is kept in the op's location.
void nameTensor(Graph &graph, const Tensor &tensor, const std::string &name);
/// The name that nameTensor gave the op of \p location, or an empty text.
std::string nameAt(mlir::Location location);

/// One a block argument, in order.
const std::vector<GraphArgument> &argumentsOf(const Graph &graph);
/// The block argument behind number \p index of argumentsOf.
Tensor argumentTensor(const Graph &graph, unsigned index);
const std::vector<GraphLayer> &layersOf(const Graph &graph);
const std::vector<GraphOutput> &outputsOf(const Graph &graph);
/// The terms of the penalty: those of addPenalty, then those of regularisers,
/// parameter by parameter.
std::vector<Tensor> penaltiesOf(Graph &graph);

/// An argument of the role "optimizer" for the parameter \p owner.
Tensor addOptimizerState(Graph &graph, const std::string &name,
                         const std::string &owner, const Tensor &like,
                         const std::string &initializer);
/// Makes \p value replace argument \p index in place.
void addUpdate(Graph &graph, unsigned index, const Tensor &value);

/// Ends the function: its type, the attributes of its arguments, and a return
/// of the outputs and updates. States whose `update` was called are updated.
/// Arguments that nothing uses stay if they are parameters or states. The
/// graph is empty afterwards. The first error instead, if there is one.
Expected<mlir::OwningOpRef<mlir::ModuleOp>> finish(Graph &&graph);

} // namespace nnc

#endif // NNC_GRAPH_MLIRGRAPH_H

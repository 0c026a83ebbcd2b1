//===- TrainStep.h - Losses, gradients and updates --------------*- C++ -*-===//
//
// What a training step adds to the forward pass.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_FRONTEND_TRAINSTEP_H
#define NNC_LIB_FRONTEND_TRAINSTEP_H

#include "nnc/Frontend/Frontend.h"
#include "nnc/Graph/MLIRGraph.h"
#include "nnc/Language/Settings.h"
#include "nnc/Runtime/Compiler.h"

namespace nnc::frontend {

/// How the parameters change.
struct UpdateRule {
  /// A call of an optimiser.
  SettingValue optimizer;
  const TrainStepOptions *options = nullptr;
  /// What f32 means: the type of the learning rate, unless a parameter is f64.
  ElementType floatType = ElementType::f32;
};

/// The error of a glob that matches no parameter; nothing if it matches one.
std::optional<Error> unmatchedGlob(const Graph &graph, const std::string &glob);

/// The arguments, by their index, of the parameters that are trained.
std::vector<unsigned> trainedParameters(Graph &graph,
                                        const TrainStepOptions &options);

/// \p loss and the penalties of the graph: what training minimises.
Tensor withPenalties(Graph &graph, const Tensor &loss);

/// The gradients of \p objective by \p parameters.
std::vector<Tensor> gradientsOf(Graph &graph, const Tensor &objective,
                                const std::vector<unsigned> &parameters);

/// Adds the update of \p parameters by \p gradients: their mean over several
/// batches, bounds, the optimiser, constraints. Errors go to the graph.
///
/// Where gradients are accumulated, the scalar "accumulated" says how many
/// batches of the update came before this one; parameters and states change
/// with the last.
void addUpdates(Graph &graph, const std::vector<unsigned> &parameters,
                std::vector<Tensor> gradients, const UpdateRule &rule);

} // namespace nnc::frontend

#endif // NNC_LIB_FRONTEND_TRAINSTEP_H

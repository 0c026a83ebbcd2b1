//===- GradientGraph.h - Differentiated models ------------------*- C++ -*-===//

#ifndef NNC_LIB_COMPILERLIBRARY_GRADIENTGRAPH_H
#define NNC_LIB_COMPILERLIBRARY_GRADIENTGRAPH_H

#include "nnc/Dialect/NN/Transforms/Differentiate.h"
#include "nnc/Support/Error.h"
#include <string>
#include <vector>

namespace nnc {

/// The arguments of \p function that match one of \p globs: parameters and
/// inputs of floating-point type. Without globs all parameters, or all inputs
/// if there is none. Fails with `noParameterMatches` for a glob that matches
/// none and `nothingTrained` if nothing is left.
Expected<std::vector<unsigned>>
chooseArguments(mlir::func::FuncOp function,
                const std::vector<std::string> &globs);

/// Makes a function that returns a float, its first result, return that and its
/// gradients by \p arguments: "loss", "gradient.NAME" and, with the order 2,
/// "gradient2.NAME", the gradients of the sum of all elements of the first
/// ones. Gradients that do not exist are zeros. \p observe is told of the terms
/// of the first sweep.
Expected<void> addGradients(mlir::func::FuncOp function,
                            const std::vector<unsigned> &arguments, int order,
                            nn::AdjointObserver observe = nullptr);

/// The derivation of the gradients of \p function's first result by
/// \p arguments, for people: the graph in topological order, then for each node
/// from the last to the first the chain rule's sum over the nodes that use it,
/// and what it comes to. \p function becomes that of addGradients.
Expected<std::string> deriveGradients(mlir::func::FuncOp function,
                                      const std::vector<unsigned> &arguments);

} // namespace nnc

#endif // NNC_LIB_COMPILERLIBRARY_GRADIENTGRAPH_H

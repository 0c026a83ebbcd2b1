//===- BenchWeights.h - Weights of benchmark cases --------------*- C++ -*-===//

#ifndef NNC_TOOLS_NNC_BENCHWEIGHTS_H
#define NNC_TOOLS_NNC_BENCHWEIGHTS_H

#include "nnc/Training/Session.h"
#include <string>

namespace nnc::tool {

/// Assigns the arrays `K.NAME` of the .npz file \p path, by rising K and within
/// K in the order of the layers' parameters, to the parameters and states of
/// \p signature in order. Errors: those of readNpz; weightCount;
/// weightMismatch; malformedFile for another name.
Expected<void> assignBenchWeights(const std::string &path,
                                  const Signature &signature,
                                  const ParameterStore &store);

} // namespace nnc::tool

#endif // NNC_TOOLS_NNC_BENCHWEIGHTS_H

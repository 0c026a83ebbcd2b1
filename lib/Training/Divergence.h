//===- Divergence.h - Why a training diverged -------------------*- C++ -*-===//

#ifndef NNC_LIB_TRAINING_DIVERGENCE_H
#define NNC_LIB_TRAINING_DIVERGENCE_H

#include "nnc/Training/Session.h"

namespace nnc {

/// Copies of the arguments that a step of \p program changes: parameters,
/// states and the state of the optimiser, by the program's names.
std::vector<NamedArray> storedArguments(const BoundProgram &program);

bool areFinite(const std::vector<NamedArray> &arrays);

} // namespace nnc

#endif // NNC_LIB_TRAINING_DIVERGENCE_H

//===- AheadOfTime.h - Objects that C programs link -------------*- C++ -*-===//

#ifndef NNC_LIB_COMPILERLIBRARY_AHEADOFTIME_H
#define NNC_LIB_COMPILERLIBRARY_AHEADOFTIME_H

#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Runtime/Compiler.h"

namespace nnc {

/// Makes constants of the arguments of \p function that are parameters or
/// states, with the values of \p weights. Fails with `missingWeight` if one is
/// not among them.
Expected<void> bindWeights(mlir::func::FuncOp function,
                           const std::vector<BoundWeight> &weights);

/// The C header of a program: sizes, names, and inline functions that call the
/// entry \p entry on one thread, as part of a team, or with OpenMP.
std::string writeHeader(const Signature &signature, const std::string &name,
                        const std::string &entry);

} // namespace nnc

#endif // NNC_LIB_COMPILERLIBRARY_AHEADOFTIME_H

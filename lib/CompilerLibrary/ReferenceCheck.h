//===- ReferenceCheck.h - Compiled code against the reference ---*- C++ -*-===//

#ifndef NNC_LIB_COMPILERLIBRARY_REFERENCECHECK_H
#define NNC_LIB_COMPILERLIBRARY_REFERENCECHECK_H

#include "ProgramRun.h"

namespace nnc {

/// Compares the results of \p module, a program of any kind in the phase graph
/// or differentiate, compiled, with those of the reference evaluation, for
/// arguments drawn by \p seed. One result of the check \p check for each of the
/// program; an error is relative to the largest element of the reference's
/// value. If one fails, its note names the first op of the program whose value
/// is beyond \p tolerance when all values are made results.
Expected<std::vector<Compiler::CheckResult>>
checkReference(mlir::ModuleOp module, ProgramOptions options,
               const std::string &check, double tolerance, uint64_t seed);

} // namespace nnc

#endif // NNC_LIB_COMPILERLIBRARY_REFERENCECHECK_H

//===- NonFinite.h - Where a NaN or an Inf comes from -----------*- C++ -*-===//

#ifndef NNC_LIB_COMPILERLIBRARY_NONFINITE_H
#define NNC_LIB_COMPILERLIBRARY_NONFINITE_H

#include "ProgramRun.h"

namespace nnc {

/// Runs \p module, a training step in the phase differentiate, on \p arguments,
/// the bytes of its arguments by name, and tells the first value that is not
/// finite: an argument, or the result of an op whose operands all are. Nothing
/// if all are finite. Errors: badArguments if one is not given; those of
/// compiling and running.
Expected<std::optional<ErrorNote>>
findNonFinite(mlir::ModuleOp module, const ProgramOptions &options,
              const Compiler::ArgumentBytes &arguments);

} // namespace nnc

#endif // NNC_LIB_COMPILERLIBRARY_NONFINITE_H

//===- GradientCheck.h - Gradients against central differences --*- C++ -*-===//

#ifndef NNC_LIB_COMPILERLIBRARY_GRADIENTCHECK_H
#define NNC_LIB_COMPILERLIBRARY_GRADIENTCHECK_H

#include "ProgramRun.h"

namespace nnc {

/// Whether the gradient of an argument of this name and role is compared.
using ArgumentChoice =
    llvm::function_ref<bool(llvm::StringRef name, llvm::StringRef role)>;

/// Compares the gradients of \p module, a program in double precision, with
/// respect to the floating-point arguments that \p choice names, with central
/// differences; both compiled. The objective is the first result, or the sum of
/// its squares where it is no scalar; fails with `lossMissing` if it is no
/// float. Arguments are drawn by \p seed; of each at most 24 elements, drawn
/// too, are moved by 1e-5 either way, or by less where that crosses kinks. What
/// an op stop_gradient gives stays as it is at the drawn point. One result an
/// argument: the worst relative error, see reference::GradientError.
Expected<std::vector<Compiler::CheckResult>>
checkGradients(mlir::ModuleOp module, ProgramOptions options,
               ArgumentChoice choice, double tolerance, uint64_t seed);

} // namespace nnc

#endif // NNC_LIB_COMPILERLIBRARY_GRADIENTCHECK_H

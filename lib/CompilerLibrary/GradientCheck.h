//===- GradientCheck.h - Gradients against central differences --*- C++ -*-===//

#ifndef NNC_LIB_COMPILERLIBRARY_GRADIENTCHECK_H
#define NNC_LIB_COMPILERLIBRARY_GRADIENTCHECK_H

#include "nnc/Runtime/Compiler.h"

namespace nnc {

/// Compares the gradients of \p program, a program of the kind gradients in
/// double precision, with central differences of its loss. Parameters and
/// inputs are drawn by \p seed; of each parameter at most 24 elements, drawn
/// too, are moved by 1e-6 either way. One result a parameter: the worst error
/// relative to the larger of 1e-3 and the parameter's largest gradient.
Expected<std::vector<Compiler::CheckResult>>
checkGradients(Program program, double tolerance, uint64_t seed);

} // namespace nnc

#endif // NNC_LIB_COMPILERLIBRARY_GRADIENTCHECK_H

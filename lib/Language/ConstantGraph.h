//===- ConstantGraph.h - The order of constants -----------------*- C++ -*-===//
//
// Evaluates the constants of all files of a program, each after those it uses.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_LANGUAGE_CONSTANTGRAPH_H
#define NNC_LIB_LANGUAGE_CONSTANTGRAPH_H

#include "nnc/Language/Program.h"

namespace nnc {

/// Fills the `values` of each file of \p program. Reports constantCycle and
/// the errors of evaluation.
void evaluateConstants(SourceProgram &program, Diagnostics &diagnostics);

} // namespace nnc

#endif // NNC_LIB_LANGUAGE_CONSTANTGRAPH_H

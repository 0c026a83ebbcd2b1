//===- Inspect.h - Verbs that look at a model and do not run it -*- C++ -*-===//

#ifndef NNC_TOOLS_NNC_INSPECT_H
#define NNC_TOOLS_NNC_INSPECT_H

#include "Context.h"

namespace nnc::tool {

/// A model with what the compiler needs to describe it.
struct Inspection {
  ModelFile model;
  ProgramProvider programs;
  Compiler *compiler = nullptr;
  /// The loss and optimiser of the train block, the sizes of --size.
  CompileOptions options;
};

/// Opens the model of the first operand and the compiler. Prints what is wrong
/// and sets \p status.
std::optional<Inspection> inspect(Context &context, int &status);

} // namespace nnc::tool

#endif // NNC_TOOLS_NNC_INSPECT_H

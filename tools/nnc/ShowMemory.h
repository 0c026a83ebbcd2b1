//===- ShowMemory.h - nnc show --memory -------------------------*- C++ -*-===//

#ifndef NNC_TOOLS_NNC_SHOWMEMORY_H
#define NNC_TOOLS_NNC_SHOWMEMORY_H

#include "Inspect.h"

namespace nnc::tool {

/// Prints what a prediction and, with a loss, a training step keep in memory
/// and when. Gives the exit status.
int showMemory(const Context &context, Inspection &inspection);

} // namespace nnc::tool

#endif // NNC_TOOLS_NNC_SHOWMEMORY_H

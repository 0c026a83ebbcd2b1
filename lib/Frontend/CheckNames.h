//===- CheckNames.h - Names in code that no program runs --------*- C++ -*-===//

#ifndef NNC_LIB_FRONTEND_CHECKNAMES_H
#define NNC_LIB_FRONTEND_CHECKNAMES_H

#include "nnc/Language/Program.h"

namespace nnc::frontend {

/// Looks at the names in all layers, models and fns of \p file, also those that
/// no program calls and branches that none takes: reports names that nothing
/// binds, that are used above their binding, and that are bound twice. Types
/// and sizes are checked only where a program is built.
void checkNames(const LoadedFile &file, Diagnostics &diagnostics);

} // namespace nnc::frontend

#endif // NNC_LIB_FRONTEND_CHECKNAMES_H

//===- Unsupported.h - All that a model uses and nnc lacks ------*- C++ -*-===//

#ifndef NNC_LIB_FRONTEND_UNSUPPORTED_H
#define NNC_LIB_FRONTEND_UNSUPPORTED_H

#include "nnc/Language/Program.h"

namespace nnc::frontend {

/// Reports each call of a built-in that is not supported, in \p function and in
/// all that it calls, except those that \p diagnostics has already. So a person
/// sees at once what a model lacks.
void reportUnsupported(const LoadedFile &file, const ast::ModelDecl &model,
                       const ast::Function &function, Diagnostics &diagnostics);

} // namespace nnc::frontend

#endif // NNC_LIB_FRONTEND_UNSUPPORTED_H

//===- LanguageText.h - Graphs in the nnc language --------------*- C++ -*-===//

#ifndef NNC_LIB_COMPILERLIBRARY_LANGUAGETEXT_H
#define NNC_LIB_COMPILERLIBRARY_LANGUAGETEXT_H

#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Support/Error.h"
#include <string>

namespace nnc {

/// A model file whose model computes what \p function, a predict program up to
/// the phase simplify, does: one binding an op. Names of parameters are the
/// model's, as written there, in backquotes. Fails with `unsupported` for what
/// the language has no words for, such as constants of several numbers.
Expected<std::string> printLanguage(mlir::func::FuncOp function);

} // namespace nnc

#endif // NNC_LIB_COMPILERLIBRARY_LANGUAGETEXT_H

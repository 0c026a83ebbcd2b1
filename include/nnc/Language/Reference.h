//===- Reference.h - The built-in names as a document -----------*- C++ -*-===//
//
// Writes the table of built-ins as Markdown: docs/Reference/Builtins.md, which
// a test compares with the table.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LANGUAGE_REFERENCE_H
#define NNC_LANGUAGE_REFERENCE_H

#include "nnc/Language/Builtins.h"
#include <string>

namespace nnc {

/// How \p builtin is called, e.g. `leaky_relu(x, slope = 0.01)`, without the
/// settings that all layers with weights share.
std::string signatureText(const Builtin &builtin);

/// The whole reference of built-in names and settings.
std::string languageReference();

} // namespace nnc

#endif // NNC_LANGUAGE_REFERENCE_H

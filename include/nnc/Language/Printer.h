//===- Printer.h - From syntax tree to text ---------------------*- C++ -*-===//
//
// Prints trees as text that parses again to an equal tree. Printing a parsed
// file keeps its comments and single blank lines, and printing the result
// again changes nothing: this is `nnc format`.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LANGUAGE_PRINTER_H
#define NNC_LANGUAGE_PRINTER_H

#include "nnc/Language/AST.h"
#include "nnc/Language/Diagnostics.h"
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace nnc {

/// The columns that the printer fills before it breaks a line.
inline constexpr size_t printWidth = 100;

/// \p file as text, with its comments if it was parsed.
std::string print(const ast::File &file);

/// \p expr on one line, or on several if it holds blocks.
std::string print(const ast::Expr &expr);

/// \p type as written, e.g. `f32[batch, 64]`.
std::string print(const ast::Type &type);

/// \p name, between backquotes if it is no plain name or is reserved.
std::string printName(std::string_view name);

/// \p value as a string of the language.
std::string printString(std::string_view value);

/// The shortest text that reads back as \p value, with a point or exponent.
std::string printFloat(double value);

/// \p source formatted, or nothing if it does not parse.
std::optional<std::string>
formatSource(std::shared_ptr<const SourceFile> source,
             Diagnostics &diagnostics);

} // namespace nnc

#endif // NNC_LANGUAGE_PRINTER_H

//===- Parser.h - From text to syntax tree ----------------------*- C++ -*-===//
//
// The parser of the nnc language. It accepts any bytes, reports up to
// Diagnostics::maxErrors errors of a file, and bounds depth and size.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LANGUAGE_PARSER_H
#define NNC_LANGUAGE_PARSER_H

#include "nnc/Language/AST.h"
#include "nnc/Language/Diagnostics.h"
#include <memory>
#include <string>

namespace nnc {

/// The largest file that is read, in bytes.
inline constexpr size_t maxSourceBytes = size_t(16) << 20;
/// The deepest nesting of brackets and blocks.
inline constexpr unsigned maxNesting = 256;
/// The tallest expression tree (a chain of operators is a tall tree).
inline constexpr unsigned maxHeight = 1024;
/// The language version this nnc reads.
inline constexpr int64_t languageVersion = 1;

/// Parses \p source. Errors go to \p diagnostics; the tree holds what could be
/// understood and is complete if no error was reported. Never null.
std::unique_ptr<ast::File> parse(std::shared_ptr<const SourceFile> source,
                                 Diagnostics &diagnostics);

/// An expression with the text it points into.
struct ParsedExpr {
  std::shared_ptr<const SourceFile> source;
  ast::ExprPtr expr;
};

/// Parses \p text, e.g. an option of the command line, as one expression.
/// \p name stands in diagnostics for the file.
Expected<ParsedExpr> parseExpression(std::string text,
                                     std::string name = "<command line>");

} // namespace nnc

#endif // NNC_LANGUAGE_PARSER_H

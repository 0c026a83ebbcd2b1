//===- Lexer.h - From text to tokens ----------------------------*- C++ -*-===//
//
// Splits the text of a file into tokens and comments, checking UTF-8, strings
// and numbers on the way.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_LANGUAGE_LEXER_H
#define NNC_LIB_LANGUAGE_LEXER_H

#include "nnc/Language/AST.h"
#include "nnc/Language/Diagnostics.h"
#include <string>
#include <string_view>
#include <vector>

namespace nnc {

enum class TokenKind : uint8_t {
  End,
  Invalid,
  Name,
  Integer,
  Float,
  String,
#define NNC_KEYWORD(ENUM, TEXT) ENUM,
#define NNC_PUNCTUATION(ENUM, TEXT) ENUM,
#include "Tokens.def"
};

struct Token {
  uint32_t begin = 0;
  uint32_t end = 0;
  TokenKind kind = TokenKind::End;
  /// A newline stands between it and the token before it.
  bool startsLine = false;
};

/// The tokens of a file, the last one of kind End.
struct TokenList {
  std::vector<Token> tokens;
  std::vector<ast::Comment> comments;
};

/// Splits \p source; what is no token is reported and becomes Invalid.
TokenList lex(const SourceFile &source, Diagnostics &diagnostics);

/// True if \p word is a reserved word of the language.
bool isReserved(std::string_view word);

/// True if \p text can be written as a name without backquotes.
bool isPlainName(std::string_view text);

/// The word or sign for \p kind as diagnostics name it, e.g. "'{'" or
/// "a number".
std::string describe(TokenKind kind);

/// The text of a string token with its escapes resolved.
std::string stringValue(std::string_view token);

} // namespace nnc

#endif // NNC_LIB_LANGUAGE_LEXER_H

//===- Lexer.cpp - From text to tokens ------------------------------------===//

#include "Lexer.h"
#include "nnc/Support/UTF8.h"
#include <unordered_map>

using namespace nnc;

namespace {

struct Word {
  TokenKind kind;
  std::string_view text;
};

constexpr Word keywords[] = {
#define NNC_KEYWORD(ENUM, TEXT) {TokenKind::ENUM, TEXT},
#include "Tokens.def"
};
constexpr Word signs[] = {
#define NNC_PUNCTUATION(ENUM, TEXT) {TokenKind::ENUM, TEXT},
#include "Tokens.def"
};

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool isNamePart(char c) { return isNameStart(c) || isDigit(c); }

TokenKind keywordOf(std::string_view word) {
  static const auto *table = [] {
    auto *map = new std::unordered_map<std::string_view, TokenKind>;
    for (const Word &keyword : keywords)
      map->emplace(keyword.text, keyword.kind);
    return map;
  }();
  auto found = table->find(word);
  return found == table->end() ? TokenKind::Name : found->second;
}

class Lexer {
public:
  Lexer(const SourceFile &source, Diagnostics &diagnostics)
      : source(source), text(source.text()), diagnostics(diagnostics) {}

  TokenList run() {
    if (text.substr(0, 3) == "\xEF\xBB\xBF")
      position = 3;
    while (position < text.size() && !diagnostics.full())
      step();
    add(TokenKind::End, static_cast<uint32_t>(text.size()));
    return std::move(list);
  }

private:
  SourceRange range(uint32_t begin) const { return {&source, begin, position}; }

  /// Checks the character at `position` and moves behind it.
  bool advanceCharacter() {
    unsigned length = utf8Length(text.substr(position, 4));
    if (length) {
      position += length;
      return true;
    }
    uint32_t begin = position++;
    diagnostics.error(range(begin), ErrorCode::invalidUtf8,
                      static_cast<unsigned char>(text[begin]));
    return false;
  }

  void add(TokenKind kind, uint32_t begin) {
    list.tokens.push_back({begin, position, kind, newline});
    newline = false;
  }

  void step() {
    char c = text[position];
    if (c == '\n')
      newline = true;
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
      ++position;
    else if (c == '#')
      comment();
    else if (isNameStart(c))
      name();
    else if (isDigit(c))
      number();
    else if (c == '"')
      string();
    else if (c == '`')
      quotedName();
    else
      sign();
  }

  void comment() {
    uint32_t begin = position;
    bool trailing = !newline && !list.tokens.empty();
    while (position < text.size() && text[position] != '\n')
      advanceCharacter();
    SourceRange place = range(begin);
    while (place.end > begin &&
           (text[place.end - 1] == '\r' || text[place.end - 1] == ' ' ||
            text[place.end - 1] == '\t'))
      --place.end;
    list.comments.push_back({place, trailing});
  }

  void name() {
    uint32_t begin = position;
    while (position < text.size() && isNamePart(text[position]))
      ++position;
    add(keywordOf(text.substr(begin, position - begin)), begin);
  }

  void quotedName() {
    uint32_t begin = position++;
    while (position < text.size() && text[position] != '`' &&
           text[position] != '\n')
      advanceCharacter();
    if (position >= text.size() || text[position] == '\n') {
      diagnostics.error(range(begin), ErrorCode::unterminatedName);
      return add(TokenKind::Invalid, begin);
    }
    ++position;
    if (position - begin == 2) {
      diagnostics.error(range(begin), ErrorCode::emptyName);
      return add(TokenKind::Invalid, begin);
    }
    add(TokenKind::Name, begin);
  }

  void digits() {
    while (position < text.size() && isDigit(text[position]))
      ++position;
  }
  char peek(size_t ahead) const {
    return position + ahead < text.size() ? text[position + ahead] : '\0';
  }

  void number() {
    uint32_t begin = position;
    TokenKind kind = TokenKind::Integer;
    digits();
    if (peek(0) == '.' && isDigit(peek(1))) {
      kind = TokenKind::Float;
      ++position;
      digits();
    }
    if (peek(0) == 'e' || peek(0) == 'E') {
      bool sign = peek(1) == '+' || peek(1) == '-';
      if (isDigit(peek(sign ? 2 : 1))) {
        kind = TokenKind::Float;
        position += sign ? 2 : 1;
        digits();
      }
    }
    bool dot = peek(0) == '.' && !(peek(1) == '.' && peek(2) == '.');
    if (dot || isNamePart(peek(0))) {
      while (isNamePart(peek(0)) || peek(0) == '.')
        ++position;
      diagnostics.error(range(begin), ErrorCode::malformedNumber,
                        text.substr(begin, position - begin).substr(0, 60));
      kind = TokenKind::Invalid;
    }
    add(kind, begin);
  }

  void string() {
    uint32_t begin = position++;
    bool good = true;
    while (position < text.size() && text[position] != '"' &&
           text[position] != '\n') {
      if (text[position] != '\\') {
        good &= advanceCharacter();
        continue;
      }
      uint32_t escape = position++;
      char c = peek(0);
      if (c == '\0' || c == '\n')
        break;
      good &= advanceCharacter();
      if (c == '"' || c == '\\' || c == 'n' || c == 't')
        continue;
      diagnostics.error({&source, escape, position}, ErrorCode::unknownEscape,
                        text.substr(escape, position - escape));
      good = false;
    }
    if (position >= text.size() || text[position] != '"') {
      diagnostics.error({&source, begin, begin + 1},
                        ErrorCode::unterminatedString);
      return add(TokenKind::Invalid, begin);
    }
    ++position;
    add(good ? TokenKind::String : TokenKind::Invalid, begin);
  }

  void sign() {
    std::string_view rest = text.substr(position, 3);
    for (const Word &word : signs)
      if (rest.substr(0, word.text.size()) == word.text) {
        uint32_t begin = position;
        position += static_cast<uint32_t>(word.text.size());
        return add(word.kind, begin);
      }
    uint32_t begin = position;
    if (advanceCharacter()) {
      std::string_view character = text.substr(begin, position - begin);
      bool printable = static_cast<unsigned char>(character[0]) >= 0x20 &&
                       character[0] != 0x7F;
      diagnostics.error(
          range(begin), ErrorCode::unexpectedCharacter,
          printable ? std::string(character)
                    : fmt::format("\\x{:02x}",
                                  static_cast<unsigned char>(character[0])));
    }
    add(TokenKind::Invalid, begin);
  }

  const SourceFile &source;
  std::string_view text;
  Diagnostics &diagnostics;
  TokenList list;
  uint32_t position = 0;
  bool newline = false;
};

} // namespace

TokenList nnc::lex(const SourceFile &source, Diagnostics &diagnostics) {
  return Lexer(source, diagnostics).run();
}

bool nnc::isReserved(std::string_view word) {
  return keywordOf(word) != TokenKind::Name;
}

bool nnc::isPlainName(std::string_view text) {
  if (text.empty() || !isNameStart(text[0]) || isReserved(text))
    return false;
  for (char c : text)
    if (!isNamePart(c))
      return false;
  return true;
}

std::string nnc::describe(TokenKind kind) {
  switch (kind) {
  case TokenKind::End:
    return "the end of the file";
  case TokenKind::Name:
    return "a name";
  case TokenKind::Integer:
  case TokenKind::Float:
    return "a number";
  case TokenKind::String:
    return "a string";
  default:
    break;
  }
  for (const Word &word : signs)
    if (word.kind == kind)
      return fmt::format("'{}'", word.text);
  for (const Word &word : keywords)
    if (word.kind == kind)
      return fmt::format("'{}'", word.text);
  return "an invalid token";
}

std::string nnc::stringValue(std::string_view token) {
  std::string value;
  for (size_t i = 1; i + 1 < token.size(); ++i) {
    if (token[i] != '\\') {
      value += token[i];
      continue;
    }
    char c = token[++i];
    value += c == 'n' ? '\n' : c == 't' ? '\t' : c;
  }
  return value;
}

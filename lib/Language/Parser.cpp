//===- Parser.cpp - Files, tokens and recovery ----------------------------===//

#include "nnc/Language/Parser.h"
#include "ParserImpl.h"

using namespace nnc;
using namespace nnc::ast;

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

void Parser::expected(const std::string &what) {
  const Token &token = peek();
  // The lexer has reported an invalid token.
  if (token.kind == TokenKind::Invalid)
    return;
  std::string got = describe(token.kind);
  if (token.kind == TokenKind::Name || token.kind == TokenKind::Integer ||
      token.kind == TokenKind::Float)
    got = fmt::format("'{}'", textOf(token).substr(0, 60));
  diagnostics.error(rangeOf(token), ErrorCode::expectedToken, what, got);
  if (token.startsLine && position > 0 &&
      (token.kind == TokenKind::LeftParen ||
       token.kind == TokenKind::LeftBracket))
    diagnostics.note(
        rangeOf(list.tokens[position - 1]),
        fmt::format("{} stands on the same line as what it {}",
                    describe(token.kind),
                    token.kind == TokenKind::LeftParen ? "calls" : "indexes"));
}

bool Parser::expect(TokenKind kind) {
  if (takeIf(kind))
    return true;
  expected(describe(kind));
  return false;
}

bool Parser::expectClose(TokenKind close, SourceRange open) {
  if (takeIf(close))
    return true;
  size_t before = diagnostics.errors().size();
  expected(describe(close));
  if (diagnostics.errors().size() > before)
    diagnostics.note(open, "to close this");
  return false;
}

bool Parser::expectName(Name &name, const char *what) {
  if (parseName(name))
    return true;
  if (isReserved(textOf(peek())))
    diagnostics.error(rangeOf(peek()), ErrorCode::reservedWord, what,
                      textOf(peek()));
  else
    expected(what);
  return false;
}

//===----------------------------------------------------------------------===//
// Recovery
//===----------------------------------------------------------------------===//

bool Parser::startsDeclaration(TokenKind kind) const {
  return kind == TokenKind::KwImport || kind == TokenKind::KwConst ||
         kind == TokenKind::KwLayer || kind == TokenKind::KwModel ||
         kind == TokenKind::KwTrain;
}

bool Parser::startsStatement() const {
  switch (peek().kind) {
  case TokenKind::KwNet:
  case TokenKind::KwParam:
  case TokenKind::KwState:
  case TokenKind::KwNext:
  case TokenKind::KwPenalty:
  case TokenKind::KwReturn:
  case TokenKind::KwYield:
  case TokenKind::KwFn:
  case TokenKind::KwStep:
    return true;
  case TokenKind::Name:
    return peek(1).kind == TokenKind::Equal || peek(1).kind == TokenKind::Comma;
  default:
    return false;
  }
}

void Parser::skipToStatement(size_t begin) {
  unsigned depth = 0;
  for (; !at(TokenKind::End); take()) {
    TokenKind kind = peek().kind;
    if (peek().startsLine && startsDeclaration(kind))
      return;
    if (depth == 0 && kind == TokenKind::RightBrace)
      return;
    if (depth == 0 && position > begin && peek().startsLine &&
        startsStatement())
      return;
    if (kind == TokenKind::LeftBrace)
      ++depth;
    else if (kind == TokenKind::RightBrace)
      --depth;
  }
}

void Parser::skipToDeclaration(size_t begin) {
  while (!at(TokenKind::End) &&
         (position == begin || !startsDeclaration(peek().kind)))
    take();
}

void Parser::checkLineStart(const char *what, bool first) {
  if (!first && !peek().startsLine && !at(TokenKind::Invalid))
    diagnostics.error(rangeOf(peek()), ErrorCode::statementOnLine, what);
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

void Parser::parseFile(File &file) {
  if (at(TokenKind::Name) && textOf(peek()) == "nnc") {
    uint32_t begin = take().begin;
    if (!at(TokenKind::Integer)) {
      expected("the language's version");
    } else if (ExprPtr number = parseNumber()) {
      file.version = as<NumberExpr>(*number).integer;
      file.versionRange = since(begin);
      if (*file.version != languageVersion)
        diagnostics.error(number->range, ErrorCode::languageVersion,
                          *file.version, languageVersion);
    }
  }
  while (!at(TokenKind::End) && !diagnostics.full()) {
    size_t begin = position;
    if (DeclPtr decl = parseDecl())
      file.decls.push_back(std::move(decl));
    else
      skipToDeclaration(begin == position ? begin : position + 1);
  }
  file.comments = std::move(list.comments);
}

std::unique_ptr<File> nnc::parse(std::shared_ptr<const SourceFile> source,
                                 Diagnostics &diagnostics) {
  auto file = std::make_unique<File>();
  file->source = source;
  if (source->text().size() > maxSourceBytes) {
    diagnostics.error({source.get(), 0, 0}, ErrorCode::sourceTooLarge,
                      source->name(), maxSourceBytes >> 20);
    return file;
  }
  size_t before = diagnostics.errors().size();
  Parser(*source, diagnostics).parseFile(*file);
  diagnostics.sortFrom(before);
  return file;
}

Expected<ParsedExpr> nnc::parseExpression(std::string text, std::string name) {
  if (text.size() > maxSourceBytes)
    return fail(ErrorCode::sourceTooLarge, name, maxSourceBytes >> 20);
  ParsedExpr result;
  result.source =
      std::make_shared<SourceFile>(std::move(name), std::move(text));
  Diagnostics diagnostics;
  result.expr = Parser(*result.source, diagnostics).parseWhole();
  if (diagnostics.hasErrors())
    return fail(diagnostics.errors().front());
  return result;
}

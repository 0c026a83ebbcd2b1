//===- ParserImpl.h - The recursive-descent parser --------------*- C++ -*-===//
//
// One member function a production. A function that fails has reported the
// error and returns null or false; lists of statements recover by skipping to
// the next line that can begin one.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_LANGUAGE_PARSERIMPL_H
#define NNC_LIB_LANGUAGE_PARSERIMPL_H

#include "Lexer.h"
#include "nnc/Language/Parser.h"

namespace nnc {

class Parser {
public:
  Parser(const SourceFile &source, Diagnostics &diagnostics)
      : source(source), diagnostics(diagnostics),
        list(lex(source, diagnostics)) {}

  void parseFile(ast::File &file);

  /// An expression that is the whole text.
  ast::ExprPtr parseWhole();

private:
  // Tokens.
  const Token &peek(size_t ahead = 0) const {
    size_t last = list.tokens.size() - 1;
    return list.tokens[position + ahead < last ? position + ahead : last];
  }
  bool at(TokenKind kind) const { return peek().kind == kind; }
  const Token &take() {
    const Token &token = peek();
    if (position + 1 < list.tokens.size())
      ++position;
    return token;
  }
  bool takeIf(TokenKind kind) {
    if (!at(kind))
      return false;
    take();
    return true;
  }
  /// Takes a token of \p kind or reports that it was expected.
  bool expect(TokenKind kind);
  /// Reports that \p what was expected instead of the current token.
  void expected(const std::string &what);
  /// Takes `close`, or reports it missing with a note on the opening place.
  bool expectClose(TokenKind close, SourceRange open);
  bool expectName(ast::Name &name, const char *what);

  SourceRange rangeOf(const Token &token) const {
    return {&source, token.begin, token.end};
  }
  /// From \p begin to the end of the token taken last.
  SourceRange since(uint32_t begin) const {
    uint32_t end = position ? list.tokens[position - 1].end : begin;
    return {&source, begin, end < begin ? begin : end};
  }
  std::string_view textOf(const Token &token) const {
    return source.text().substr(token.begin, token.end - token.begin);
  }

  // Depth.
  class NestingScope {
  public:
    explicit NestingScope(Parser &parser) : parser(parser) { ++parser.nesting; }
    ~NestingScope() { --parser.nesting; }

  private:
    Parser &parser;
  };
  /// Reports and returns false when nesting exceeds its bound.
  bool checkNesting();
  /// Sets the height of \p expr over the heights of its children; false, with
  /// a report, when it exceeds its bound.
  bool setHeight(ast::Expr &expr, unsigned childHeight);

  // Recovery.
  bool startsDeclaration(TokenKind kind) const;
  bool startsStatement() const;
  void skipToStatement(size_t begin);
  void skipToDeclaration(size_t begin);
  /// Reports a statement or setting that does not begin a line.
  void checkLineStart(const char *what, bool first);

  // Declarations.
  ast::DeclPtr parseDecl();
  ast::DeclPtr parseImport();
  ast::DeclPtr parseConst();
  ast::DeclPtr parseLayer();
  ast::DeclPtr parseModel();
  void parseModelMembers(ast::ModelDecl &model);
  ast::DeclPtr parseTrain();
  bool parseFunctionRest(ast::Function &function, const char *what);
  bool parseSignature(ast::Signature &signature);
  bool parseFormal(ast::Formal &formal, bool &sawSetting);
  bool parseResults(ast::Signature &signature);
  bool parseType(ast::Type &type);
  bool parseSetting(ast::Setting &setting);
  bool parseStep(ast::Step &step);

  // Statements. The block's terminator must be `end` ("return" or "yield");
  // `required` says that it may not be left out.
  bool parseBlock(ast::Block &block, ast::BlockEnd end, bool required,
                  const char *what);
  bool parseBlockEnd(ast::Block &block, ast::BlockEnd end, const char *what);
  ast::StatementPtr parseStatement();
  ast::StatementPtr parseBind();
  ast::StatementPtr parseNet();
  template <typename T> ast::StatementPtr parseParamOrState();
  ast::StatementPtr parseNext();
  ast::StatementPtr parsePenalty();

  // Expressions.
  ast::ExprPtr parseExpr();
  ast::ExprPtr parseDim();
  ast::ExprPtr parseBinary(unsigned minPrecedence);
  ast::ExprPtr parseNot();
  ast::ExprPtr parseUnary();
  ast::ExprPtr parsePower();
  ast::ExprPtr parsePostfix();
  ast::ExprPtr parsePrimary();
  ast::ExprPtr parseNumber();
  ast::ExprPtr parseList();
  ast::ExprPtr parseIf();
  ast::ExprPtr parseLoop();
  bool parseLoopHeader(ast::LoopExpr &loop);
  bool parseSource(ast::LoopSource &loopSource);
  ast::ExprPtr parseCall(ast::ExprPtr callee);
  ast::ExprPtr parseIndex(ast::ExprPtr base);
  bool parseSubscript(ast::Subscript &subscript);
  bool parseName(ast::Name &name);

  const SourceFile &source;
  Diagnostics &diagnostics;
  TokenList list;
  size_t position = 0;
  unsigned nesting = 0;
};

} // namespace nnc

#endif // NNC_LIB_LANGUAGE_PARSERIMPL_H

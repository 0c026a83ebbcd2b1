//===- ParseDecl.cpp - Declarations, signatures, blocks, statements -------===//

#include "ParserImpl.h"
#include <algorithm>
#include <iterator>

using namespace nnc;
using namespace nnc::ast;

namespace {

constexpr const char *elementNames[] = {"f32", "f64", "f16", "bf16",
                                        "i32", "i64", "bool"};
constexpr const char *kindNames[] = {"int",  "float",    "bool",       "string",
                                     "list", "function", "initializer"};

} // namespace

const char *ast::nameOf(ElementType type) {
  return elementNames[static_cast<size_t>(type)];
}
const char *ast::nameOf(SettingKind kind) {
  return kindNames[static_cast<size_t>(kind)];
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

DeclPtr Parser::parseDecl() {
  uint32_t begin = peek().begin;
  DeclPtr decl;
  switch (peek().kind) {
  case TokenKind::KwImport:
    decl = parseImport();
    break;
  case TokenKind::KwConst:
    decl = parseConst();
    break;
  case TokenKind::KwLayer:
    decl = parseLayer();
    break;
  case TokenKind::KwModel:
    decl = parseModel();
    break;
  case TokenKind::KwTrain:
    decl = parseTrain();
    break;
  default:
    expected("'import', 'const', 'layer', 'model' or 'train'");
    return nullptr;
  }
  if (decl)
    decl->range = since(begin);
  return decl;
}

DeclPtr Parser::parseImport() {
  take();
  if (!at(TokenKind::String)) {
    expected("the path of a file as a string");
    return nullptr;
  }
  auto import = std::make_unique<ImportDecl>();
  import->pathRange = rangeOf(peek());
  import->path = stringValue(textOf(take()));
  return import;
}

DeclPtr Parser::parseConst() {
  take();
  auto constant = std::make_unique<ConstDecl>();
  if (!expectName(constant->name, "the name of a constant") ||
      !expect(TokenKind::Equal))
    return nullptr;
  constant->value = parseExpr();
  if (!constant->value)
    return nullptr;
  return constant;
}

DeclPtr Parser::parseLayer() {
  uint32_t begin = take().begin;
  auto layer = std::make_unique<LayerDecl>();
  if (!expectName(layer->function.name, "the name of a layer") ||
      !parseFunctionRest(layer->function, "a layer"))
    return nullptr;
  layer->function.range = since(begin);
  return layer;
}

DeclPtr Parser::parseModel() {
  uint32_t begin = take().begin;
  auto model = std::make_unique<ModelDecl>();
  if (!expectName(model->name, "the name of a model"))
    return nullptr;
  if (at(TokenKind::LeftBrace)) {
    parseModelMembers(*model);
    return model;
  }
  if (!at(TokenKind::LeftParen)) {
    expected("'(' or '{'");
    return nullptr;
  }
  Function &function = model->function.emplace();
  function.name = model->name;
  if (!parseFunctionRest(function, "a model"))
    return nullptr;
  function.range = since(begin);
  return model;
}

void Parser::parseModelMembers(ModelDecl &model) {
  SourceRange open = rangeOf(take());
  for (bool first = true; !diagnostics.full(); first = false) {
    size_t start = position;
    bool good = false;
    switch (peek().kind) {
    case TokenKind::KwNet:
    case TokenKind::KwParam:
    case TokenKind::KwState: {
      checkLineStart("a member", first);
      StatementPtr member = parseStatement();
      good = member != nullptr;
      if (good)
        model.members.push_back(std::move(member));
      break;
    }
    case TokenKind::KwFn: {
      uint32_t begin = take().begin;
      Function function;
      good = expectName(function.name, "the name of a fn") &&
             parseFunctionRest(function, "a fn");
      function.range = since(begin);
      if (good)
        model.functions.push_back(std::move(function));
      break;
    }
    default:
      if (at(TokenKind::RightBrace) || at(TokenKind::End) ||
          startsDeclaration(peek().kind)) {
        expectClose(TokenKind::RightBrace, open);
        model.bodyRange = since(open.begin);
        return;
      }
      expected("'net', 'param', 'state', 'fn' or '}'");
    }
    if (!good)
      skipToStatement(start);
  }
}

bool Parser::parseFunctionRest(Function &function, const char *what) {
  return parseSignature(function.signature) &&
         parseBlock(function.body, BlockEnd::Return, true, what);
}

DeclPtr Parser::parseTrain() {
  take();
  auto train = std::make_unique<TrainDecl>();
  if (!expectName(train->model, "the name of a model"))
    return nullptr;
  SourceRange open = rangeOf(peek());
  if (!expect(TokenKind::LeftBrace))
    return nullptr;
  for (bool first = true; !diagnostics.full(); first = false) {
    size_t start = position;
    bool good = false;
    if (at(TokenKind::KwStep)) {
      Step step;
      good = parseStep(step);
      train->steps.push_back(std::move(step));
    } else if (at(TokenKind::RightBrace) || at(TokenKind::End) ||
               startsDeclaration(peek().kind)) {
      expectClose(TokenKind::RightBrace, open);
      break;
    } else {
      checkLineStart("a setting", first);
      Setting setting;
      good = parseSetting(setting);
      if (good)
        train->settings.push_back(std::move(setting));
    }
    if (!good)
      skipToStatement(start);
  }
  train->bodyRange = since(open.begin);
  return train;
}

bool Parser::parseStep(Step &step) {
  uint32_t begin = take().begin;
  if (!expectName(step.name, "the name of a step"))
    return false;
  SourceRange open = rangeOf(peek());
  if (!expect(TokenKind::LeftBrace))
    return false;
  for (bool first = true; !diagnostics.full(); first = false) {
    if (at(TokenKind::RightBrace) || at(TokenKind::End) ||
        startsDeclaration(peek().kind))
      break;
    size_t start = position;
    checkLineStart("a setting", first);
    Setting setting;
    if (parseSetting(setting))
      step.settings.push_back(std::move(setting));
    else
      skipToStatement(start);
  }
  bool closed = expectClose(TokenKind::RightBrace, open);
  step.bodyRange = since(open.begin);
  step.range = since(begin);
  return closed;
}

bool Parser::parseSetting(Setting &setting) {
  uint32_t begin = peek().begin;
  if (!expectName(setting.name, "the name of a setting") ||
      !expect(TokenKind::Equal))
    return false;
  setting.value = parseExpr();
  setting.range = since(begin);
  return setting.value != nullptr;
}

//===----------------------------------------------------------------------===//
// Signatures and types
//===----------------------------------------------------------------------===//

bool Parser::parseSignature(Signature &signature) {
  SourceRange open = rangeOf(peek());
  if (!expect(TokenKind::LeftParen))
    return false;
  bool sawSetting = false;
  if (!at(TokenKind::RightParen))
    do {
      Formal formal;
      if (!parseFormal(formal, sawSetting))
        return false;
      signature.formals.push_back(std::move(formal));
    } while (takeIf(TokenKind::Comma));
  if (!expectClose(TokenKind::RightParen, open) || !expect(TokenKind::Arrow) ||
      !parseResults(signature))
    return false;
  signature.range = since(open.begin);
  return true;
}

bool Parser::parseFormal(Formal &formal, bool &sawSetting) {
  uint32_t begin = peek().begin;
  if (!expectName(formal.name, "the name of an argument") ||
      !expect(TokenKind::Colon))
    return false;
  if (at(TokenKind::Name) && peek(1).kind == TokenKind::LeftBracket) {
    if (sawSetting) {
      diagnostics.error(formal.name.range, ErrorCode::tensorAfterSetting,
                        formal.name.text);
      return false;
    }
    if (!parseType(formal.type.emplace()))
      return false;
  } else {
    std::string_view word = at(TokenKind::Name) ? textOf(peek()) : "";
    const auto *found =
        std::find(std::begin(kindNames), std::end(kindNames), word);
    if (found == std::end(kindNames)) {
      expected("a type such as f32[batch, 64] or a kind such as int");
      return false;
    }
    take();
    sawSetting = true;
    formal.settingKind =
        static_cast<SettingKind>(found - std::begin(kindNames));
    if (takeIf(TokenKind::Equal)) {
      formal.defaultValue = parseExpr();
      if (!formal.defaultValue)
        return false;
    }
  }
  formal.range = since(begin);
  return true;
}

bool Parser::parseResults(Signature &signature) {
  if (!at(TokenKind::LeftParen)) {
    Result result;
    if (!parseType(result.type))
      return false;
    signature.results.push_back(std::move(result));
    return true;
  }
  SourceRange open = rangeOf(take());
  do {
    Result result;
    if (!expectName(result.label, "the name of a result") ||
        !expect(TokenKind::Colon) || !parseType(result.type))
      return false;
    signature.results.push_back(std::move(result));
  } while (takeIf(TokenKind::Comma));
  return expectClose(TokenKind::RightParen, open);
}

bool Parser::parseType(Type &type) {
  uint32_t begin = peek().begin;
  std::string_view word = at(TokenKind::Name) ? textOf(peek()) : "";
  const auto *found =
      std::find(std::begin(elementNames), std::end(elementNames), word);
  if (found == std::end(elementNames)) {
    expected("an element type (f32, f64, f16, bf16, i32, i64 or bool)");
    return false;
  }
  take();
  type.element = static_cast<ElementType>(found - std::begin(elementNames));
  SourceRange open = rangeOf(peek());
  if (!expect(TokenKind::LeftBracket))
    return false;
  if (!at(TokenKind::RightBracket))
    do {
      if (at(TokenKind::Ellipsis)) {
        if (type.anyLeading || !type.dims.empty()) {
          diagnostics.error(rangeOf(peek()), ErrorCode::ellipsisNotFirst);
          return false;
        }
        take();
        type.anyLeading = true;
        continue;
      }
      ExprPtr dim = parseDim();
      if (!dim)
        return false;
      type.dims.push_back(std::move(dim));
    } while (takeIf(TokenKind::Comma));
  if (!expectClose(TokenKind::RightBracket, open))
    return false;
  type.range = since(begin);
  return true;
}

//===----------------------------------------------------------------------===//
// Blocks and statements
//===----------------------------------------------------------------------===//

static unsigned heightOf(const Type &type) {
  unsigned height = 0;
  for (const ExprPtr &dim : type.dims)
    height = std::max<unsigned>(height, dim->height);
  return height;
}

static unsigned heightOf(const Statement &statement) {
  switch (statement.kind) {
  case StatementKind::Bind:
    return as<BindStatement>(statement).value->height;
  case StatementKind::Net:
    return as<NetStatement>(statement).value->height;
  case StatementKind::Param: {
    const auto &param = as<ParamStatement>(statement);
    return std::max<unsigned>(heightOf(param.type), param.initializer->height);
  }
  case StatementKind::State: {
    const auto &state = as<StateStatement>(statement);
    return std::max<unsigned>(heightOf(state.type), state.initializer->height);
  }
  case StatementKind::Next:
    return as<NextStatement>(statement).value->height;
  case StatementKind::Penalty:
    return as<PenaltyStatement>(statement).value->height;
  }
  return 0;
}

bool Parser::parseBlock(Block &block, BlockEnd end, bool required,
                        const char *what) {
  NestingScope scope(*this);
  SourceRange open = rangeOf(peek());
  if (!checkNesting() || !expect(TokenKind::LeftBrace))
    return false;
  bool good = true;
  for (bool first = true; !diagnostics.full(); first = false) {
    if (at(TokenKind::RightBrace) || at(TokenKind::End) ||
        startsDeclaration(peek().kind))
      break;
    size_t start = position;
    checkLineStart("a statement", first);
    if (at(TokenKind::KwReturn) || at(TokenKind::KwYield)) {
      good &= parseBlockEnd(block, end, what);
      if (!good)
        skipToStatement(start);
      break;
    }
    if (StatementPtr statement = parseStatement()) {
      block.height =
          std::max(block.height, static_cast<uint16_t>(heightOf(*statement)));
      block.statements.push_back(std::move(statement));
      continue;
    }
    good = false;
    skipToStatement(start);
  }
  if (!expectClose(TokenKind::RightBrace, open))
    return false;
  block.range = since(open.begin);
  for (const ExprPtr &result : block.results)
    block.height = std::max(block.height, result->height);
  if (good && required && block.end == BlockEnd::None) {
    diagnostics.error(rangeOf(list.tokens[position - 1]),
                      ErrorCode::blockEndMissing, what,
                      end == BlockEnd::Return ? "return" : "yield");
    return false;
  }
  return good;
}

bool Parser::parseBlockEnd(Block &block, BlockEnd end, const char *what) {
  const Token &word = take();
  block.end =
      word.kind == TokenKind::KwReturn ? BlockEnd::Return : BlockEnd::Yield;
  if (block.end != end) {
    diagnostics.error(rangeOf(word), ErrorCode::wrongBlockEnd, what,
                      textOf(word));
    return false;
  }
  do {
    ExprPtr result = parseExpr();
    if (!result)
      return false;
    block.results.push_back(std::move(result));
  } while (takeIf(TokenKind::Comma));
  block.endRange = since(word.begin);
  return true;
}

StatementPtr Parser::parseStatement() {
  uint32_t begin = peek().begin;
  StatementPtr statement;
  switch (peek().kind) {
  case TokenKind::Name:
    statement = parseBind();
    break;
  case TokenKind::KwNet:
    statement = parseNet();
    break;
  case TokenKind::KwParam:
    statement = parseParamOrState<ParamStatement>();
    break;
  case TokenKind::KwState:
    statement = parseParamOrState<StateStatement>();
    break;
  case TokenKind::KwNext:
    statement = parseNext();
    break;
  case TokenKind::KwPenalty:
    statement = parsePenalty();
    break;
  default:
    expected("a statement");
  }
  if (statement)
    statement->range = since(begin);
  return statement;
}

StatementPtr Parser::parseBind() {
  auto bind = std::make_unique<BindStatement>();
  do {
    if (!expectName(bind->names.emplace_back(), "a name"))
      return nullptr;
  } while (takeIf(TokenKind::Comma));
  if (!expect(TokenKind::Equal))
    return nullptr;
  bind->value = parseExpr();
  if (!bind->value)
    return nullptr;
  return bind;
}

StatementPtr Parser::parseNet() {
  take();
  auto net = std::make_unique<NetStatement>();
  if (!expectName(net->name, "the name of a net") || !expect(TokenKind::Equal))
    return nullptr;
  net->value = parseExpr();
  if (!net->value)
    return nullptr;
  return net;
}

template <typename T> StatementPtr Parser::parseParamOrState() {
  take();
  auto statement = std::make_unique<T>();
  if (!expectName(statement->name, "a name") || !expect(TokenKind::Colon) ||
      !parseType(statement->type) || !expect(TokenKind::Equal))
    return nullptr;
  statement->initializer = parseExpr();
  if (!statement->initializer)
    return nullptr;
  return statement;
}

StatementPtr Parser::parseNext() {
  take();
  auto next = std::make_unique<NextStatement>();
  if (!expectName(next->name, "the name of a carried value or state") ||
      !expect(TokenKind::Equal))
    return nullptr;
  next->value = parseExpr();
  if (!next->value)
    return nullptr;
  return next;
}

StatementPtr Parser::parsePenalty() {
  take();
  auto penalty = std::make_unique<PenaltyStatement>();
  penalty->value = parseExpr();
  if (!penalty->value)
    return nullptr;
  return penalty;
}

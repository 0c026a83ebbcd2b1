//===- ParseExpr.cpp - Expressions ----------------------------------------===//

#include "ParserImpl.h"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

using namespace nnc;
using namespace nnc::ast;

namespace {

struct BinaryRow {
  BinaryOp op;
  unsigned precedence;
};

constexpr unsigned orPrecedence = 1;
constexpr unsigned comparisonPrecedence = 3;
constexpr unsigned sumPrecedence = 4;
constexpr unsigned termPrecedence = 5;

std::optional<BinaryRow> binaryOf(TokenKind kind) {
  switch (kind) {
  case TokenKind::KwOr:
    return BinaryRow{BinaryOp::Or, orPrecedence};
  case TokenKind::KwAnd:
    return BinaryRow{BinaryOp::And, 2};
  case TokenKind::EqualEqual:
    return BinaryRow{BinaryOp::Equal, comparisonPrecedence};
  case TokenKind::BangEqual:
    return BinaryRow{BinaryOp::NotEqual, comparisonPrecedence};
  case TokenKind::Less:
    return BinaryRow{BinaryOp::Less, comparisonPrecedence};
  case TokenKind::LessEqual:
    return BinaryRow{BinaryOp::LessEqual, comparisonPrecedence};
  case TokenKind::Greater:
    return BinaryRow{BinaryOp::Greater, comparisonPrecedence};
  case TokenKind::GreaterEqual:
    return BinaryRow{BinaryOp::GreaterEqual, comparisonPrecedence};
  case TokenKind::Plus:
    return BinaryRow{BinaryOp::Add, sumPrecedence};
  case TokenKind::Minus:
    return BinaryRow{BinaryOp::Subtract, sumPrecedence};
  case TokenKind::Star:
    return BinaryRow{BinaryOp::Multiply, termPrecedence};
  case TokenKind::Slash:
    return BinaryRow{BinaryOp::Divide, termPrecedence};
  case TokenKind::SlashSlash:
    return BinaryRow{BinaryOp::FloorDivide, termPrecedence};
  case TokenKind::Percent:
    return BinaryRow{BinaryOp::Modulo, termPrecedence};
  case TokenKind::At:
    return BinaryRow{BinaryOp::MatMul, termPrecedence};
  default:
    return std::nullopt;
  }
}

unsigned heightOf(const ExprPtr &expr) { return expr ? expr->height : 0; }

} // namespace

bool Parser::checkNesting() {
  if (nesting <= maxNesting)
    return true;
  diagnostics.error(rangeOf(peek()), ErrorCode::nestedTooDeeply, maxNesting);
  return false;
}

bool Parser::setHeight(Expr &expr, unsigned childHeight) {
  expr.height = static_cast<uint16_t>(std::min(childHeight, maxHeight) + 1);
  if (expr.height <= maxHeight)
    return true;
  diagnostics.error(rangeOf(peek()), ErrorCode::expressionTooLong, maxHeight);
  return false;
}

ExprPtr Parser::parseWhole() {
  ExprPtr expr = parseExpr();
  if (expr && !at(TokenKind::End)) {
    expected("the end of the expression");
    return nullptr;
  }
  return expr;
}

ExprPtr Parser::parseExpr() {
  NestingScope scope(*this);
  if (!checkNesting())
    return nullptr;
  return parseBinary(orPrecedence);
}

ExprPtr Parser::parseBinary(unsigned minPrecedence) {
  // `not` binds less than comparisons and more than `and`.
  ExprPtr lhs = minPrecedence <= comparisonPrecedence && at(TokenKind::KwNot)
                    ? parseNot()
                    : parseUnary();
  while (lhs) {
    std::optional<BinaryRow> row = binaryOf(peek().kind);
    if (!row || row->precedence < minPrecedence)
      return lhs;
    if (row->precedence == comparisonPrecedence) {
      const auto *left = dynAs<BinaryExpr>(lhs);
      if (left && !left->parenthesised && left->op >= BinaryOp::Equal &&
          left->op <= BinaryOp::GreaterEqual) {
        diagnostics.error(rangeOf(peek()), ErrorCode::chainedComparison);
        return nullptr;
      }
    }
    auto binary = std::make_unique<BinaryExpr>();
    binary->op = row->op;
    binary->opRange = rangeOf(take());
    binary->rhs = parseBinary(row->precedence + 1);
    if (!binary->rhs)
      return nullptr;
    binary->range = join(lhs->range, binary->rhs->range);
    unsigned below = std::max(lhs->height, binary->rhs->height);
    binary->lhs = std::move(lhs);
    if (!setHeight(*binary, below))
      return nullptr;
    lhs = std::move(binary);
  }
  return nullptr;
}

ExprPtr Parser::parseNot() {
  NestingScope scope(*this);
  if (!checkNesting())
    return nullptr;
  auto unary = std::make_unique<UnaryExpr>();
  uint32_t begin = take().begin;
  unary->op = UnaryOp::Not;
  unary->operand =
      at(TokenKind::KwNot) ? parseNot() : parseBinary(comparisonPrecedence);
  if (!unary->operand || !setHeight(*unary, unary->operand->height))
    return nullptr;
  unary->range = since(begin);
  return unary;
}

ExprPtr Parser::parseUnary() {
  if (!at(TokenKind::Minus) && !at(TokenKind::Plus))
    return parsePower();
  NestingScope scope(*this);
  if (!checkNesting())
    return nullptr;
  auto unary = std::make_unique<UnaryExpr>();
  const Token &sign = take();
  unary->op = sign.kind == TokenKind::Minus ? UnaryOp::Negate : UnaryOp::Plus;
  unary->operand = parseUnary();
  if (!unary->operand || !setHeight(*unary, unary->operand->height))
    return nullptr;
  unary->range = since(sign.begin);
  return unary;
}

ExprPtr Parser::parsePower() {
  ExprPtr base = parsePostfix();
  if (!base || !at(TokenKind::StarStar))
    return base;
  NestingScope scope(*this);
  if (!checkNesting())
    return nullptr;
  auto binary = std::make_unique<BinaryExpr>();
  binary->op = BinaryOp::Power;
  binary->opRange = rangeOf(take());
  binary->rhs = parseUnary();
  if (!binary->rhs)
    return nullptr;
  binary->range = join(base->range, binary->rhs->range);
  unsigned below = std::max(base->height, binary->rhs->height);
  binary->lhs = std::move(base);
  if (!setHeight(*binary, below))
    return nullptr;
  return binary;
}

ExprPtr Parser::parsePostfix() {
  ExprPtr expr = parsePrimary();
  while (expr && !peek().startsLine) {
    if (at(TokenKind::LeftParen))
      expr = parseCall(std::move(expr));
    else if (at(TokenKind::LeftBracket))
      expr = parseIndex(std::move(expr));
    else
      break;
  }
  return expr;
}

ExprPtr Parser::parseCall(ExprPtr callee) {
  auto call = std::make_unique<CallExpr>();
  call->callee = std::move(callee);
  SourceRange open = rangeOf(take());
  unsigned below = call->callee->height;
  while (!at(TokenKind::RightParen)) {
    Argument argument;
    uint32_t begin = peek().begin;
    if (at(TokenKind::Name) && peek(1).kind == TokenKind::Equal) {
      parseName(argument.name);
      take();
      for (const Argument &other : call->arguments)
        if (other.name.text == argument.name.text) {
          diagnostics.error(argument.name.range, ErrorCode::argumentTwice,
                            argument.name.text);
          diagnostics.note(other.range, "given here before");
          return nullptr;
        }
    } else if (!call->arguments.empty() && call->arguments.back().isNamed()) {
      if (at(TokenKind::Invalid) || at(TokenKind::End))
        expected("an argument or ')'");
      else
        diagnostics.error(rangeOf(peek()), ErrorCode::positionalAfterNamed);
      return nullptr;
    }
    argument.value = parseExpr();
    if (!argument.value)
      return nullptr;
    argument.range = since(begin);
    below = std::max<unsigned>(below, argument.value->height);
    call->arguments.push_back(std::move(argument));
    if (!takeIf(TokenKind::Comma))
      break;
  }
  if (!expectClose(TokenKind::RightParen, open) || !setHeight(*call, below))
    return nullptr;
  call->range = since(call->callee->range.begin);
  return call;
}

ExprPtr Parser::parseIndex(ExprPtr base) {
  auto index = std::make_unique<IndexExpr>();
  index->base = std::move(base);
  SourceRange open = rangeOf(take());
  unsigned below = index->base->height;
  bool sawEllipsis = false;
  do {
    Subscript subscript;
    if (at(TokenKind::Ellipsis) && sawEllipsis) {
      diagnostics.error(rangeOf(peek()), ErrorCode::ellipsisTwice);
      return nullptr;
    }
    if (!parseSubscript(subscript))
      return nullptr;
    sawEllipsis |= subscript.kind == SubscriptKind::Ellipsis;
    below =
        std::max({below, heightOf(subscript.first), heightOf(subscript.last)});
    index->subscripts.push_back(std::move(subscript));
  } while (takeIf(TokenKind::Comma));
  if (!expectClose(TokenKind::RightBracket, open) || !setHeight(*index, below))
    return nullptr;
  index->range = since(index->base->range.begin);
  return index;
}

bool Parser::parseSubscript(Subscript &subscript) {
  uint32_t begin = peek().begin;
  if (takeIf(TokenKind::Ellipsis)) {
    subscript.kind = SubscriptKind::Ellipsis;
  } else {
    if (!at(TokenKind::Colon) && !(subscript.first = parseExpr()))
      return false;
    if (takeIf(TokenKind::Colon)) {
      subscript.kind = SubscriptKind::Slice;
      if (!at(TokenKind::Comma) && !at(TokenKind::RightBracket) &&
          !(subscript.last = parseExpr()))
        return false;
    }
  }
  subscript.range = since(begin);
  return true;
}

bool Parser::parseName(Name &name) {
  if (!at(TokenKind::Name))
    return false;
  const Token &token = take();
  std::string_view text = textOf(token);
  if (text[0] == '`')
    text = text.substr(1, text.size() - 2);
  name.text = text;
  name.range = rangeOf(token);
  return true;
}

ExprPtr Parser::parsePrimary() {
  switch (peek().kind) {
  case TokenKind::Integer:
  case TokenKind::Float:
    return parseNumber();
  case TokenKind::String: {
    auto string = std::make_unique<StringExpr>();
    string->range = rangeOf(peek());
    string->value = stringValue(textOf(take()));
    return string;
  }
  case TokenKind::KwTrue:
  case TokenKind::KwFalse: {
    auto boolean = std::make_unique<BoolExpr>();
    boolean->range = rangeOf(peek());
    boolean->value = take().kind == TokenKind::KwTrue;
    return boolean;
  }
  case TokenKind::KwTraining: {
    auto training = std::make_unique<TrainingExpr>();
    training->range = rangeOf(take());
    return training;
  }
  case TokenKind::Name: {
    auto name = std::make_unique<NameExpr>();
    Name parsed;
    parseName(parsed);
    name->name = std::move(parsed.text);
    name->range = parsed.range;
    return name;
  }
  case TokenKind::LeftParen: {
    SourceRange open = rangeOf(take());
    ExprPtr inner = parseExpr();
    if (!inner || !expectClose(TokenKind::RightParen, open))
      return nullptr;
    inner->parenthesised = true;
    inner->range = since(open.begin);
    return inner;
  }
  case TokenKind::LeftBracket:
    return parseList();
  case TokenKind::KwIf:
    return parseIf();
  case TokenKind::KwScan:
  case TokenKind::KwRepeat:
  case TokenKind::KwWhile:
    return parseLoop();
  default:
    expected("an expression");
    return nullptr;
  }
}

ExprPtr Parser::parseNumber() {
  const Token &token = take();
  std::string_view text = textOf(token);
  const char *end = text.data() + text.size();
  auto number = std::make_unique<NumberExpr>();
  number->range = rangeOf(token);
  number->isInteger = token.kind == TokenKind::Integer;
  bool good = true;
  if (number->isInteger)
    good = std::from_chars(text.data(), end, number->integer).ec == std::errc();
  // A float too small for a double reads as zero; from_chars reports it like
  // one that is too large.
  double value = std::strtod(std::string(text).c_str(), nullptr);
  if (!good || !std::isfinite(value)) {
    diagnostics.error(number->range, ErrorCode::numberOutOfRange,
                      text.substr(0, 60));
    return nullptr;
  }
  number->value = value;
  number->spelling = text;
  return number;
}

ExprPtr Parser::parseList() {
  auto result = std::make_unique<ListExpr>();
  SourceRange open = rangeOf(take());
  unsigned below = 0;
  while (!at(TokenKind::RightBracket)) {
    ExprPtr element = parseExpr();
    if (!element)
      return nullptr;
    below = std::max<unsigned>(below, element->height);
    result->elements.push_back(std::move(element));
    if (!takeIf(TokenKind::Comma))
      break;
  }
  if (!expectClose(TokenKind::RightBracket, open) || !setHeight(*result, below))
    return nullptr;
  result->range = since(open.begin);
  return result;
}

ExprPtr Parser::parseIf() {
  NestingScope scope(*this);
  if (!checkNesting())
    return nullptr;
  auto result = std::make_unique<IfExpr>();
  uint32_t begin = take().begin;
  result->condition = parseExpr();
  if (!result->condition ||
      !parseBlock(result->thenBlock, BlockEnd::Yield, true, "an 'if' block") ||
      !expect(TokenKind::KwElse))
    return nullptr;
  if (at(TokenKind::KwIf)) {
    result->elseIf = parseIf();
    if (!result->elseIf)
      return nullptr;
  } else if (!parseBlock(result->elseBlock, BlockEnd::Yield, true,
                         "an 'else' block")) {
    return nullptr;
  }
  result->range = since(begin);
  unsigned below = std::max<unsigned>(
      {result->condition->height, result->thenBlock.height,
       result->elseIf ? result->elseIf->height : result->elseBlock.height});
  return setHeight(*result, below) ? std::move(result) : nullptr;
}

ExprPtr Parser::parseLoop() {
  auto loop = std::make_unique<LoopExpr>();
  const Token &word = take();
  loop->loop = word.kind == TokenKind::KwScan     ? LoopKind::Scan
               : word.kind == TokenKind::KwRepeat ? LoopKind::Repeat
                                                  : LoopKind::While;
  if (loop->loop != LoopKind::While)
    loop->reverse = takeIf(TokenKind::KwReverse);
  // The results of a while are its carries alone.
  bool isWhile = loop->loop == LoopKind::While;
  if (!parseLoopHeader(*loop) ||
      !parseBlock(loop->body, isWhile ? BlockEnd::None : BlockEnd::Yield, false,
                  isWhile ? "a 'while' body" : "a loop body"))
    return nullptr;
  loop->range = since(word.begin);
  unsigned below = std::max<unsigned>(
      {loop->body.height, heightOf(loop->condition), heightOf(loop->limit)});
  for (const Carry &carry : loop->carries)
    below = std::max<unsigned>(below, carry.initial->height);
  for (const LoopSource &from : loop->sources)
    below = std::max<unsigned>(below, from.value->height);
  return setHeight(*loop, below) ? std::move(loop) : nullptr;
}

bool Parser::parseLoopHeader(LoopExpr &loop) {
  SourceRange open = rangeOf(peek());
  if (!expect(TokenKind::LeftParen))
    return false;
  if (!at(TokenKind::Semicolon) || loop.loop == LoopKind::While)
    do {
      Carry carry;
      if (!expectName(carry.name, "the name of a carried value") ||
          !expect(TokenKind::Equal))
        return false;
      carry.initial = parseExpr();
      if (!carry.initial)
        return false;
      loop.carries.push_back(std::move(carry));
    } while (takeIf(TokenKind::Comma));
  if (!expect(TokenKind::Semicolon))
    return false;
  if (loop.loop == LoopKind::While) {
    loop.condition = parseExpr();
    if (!loop.condition || !expect(TokenKind::Semicolon))
      return false;
    loop.limit = parseExpr();
    if (!loop.limit)
      return false;
  } else {
    do {
      LoopSource loopSource;
      if (!parseSource(loopSource))
        return false;
      loop.sources.push_back(std::move(loopSource));
    } while (takeIf(TokenKind::Comma));
  }
  return expectClose(TokenKind::RightParen, open);
}

ExprPtr Parser::parseDim() { return parseBinary(sumPrecedence); }

bool Parser::parseSource(LoopSource &loopSource) {
  uint32_t begin = peek().begin;
  if (!expectName(loopSource.name, "the name of a source") ||
      !expect(TokenKind::KwIn))
    return false;
  loopSource.value = parseExpr();
  if (!loopSource.value)
    return false;
  if (takeIf(TokenKind::KwAlong)) {
    if (at(TokenKind::Name)) {
      parseName(loopSource.axisName.emplace());
    } else if (at(TokenKind::Integer)) {
      ExprPtr number = parseNumber();
      if (!number)
        return false;
      loopSource.axisNumber = as<NumberExpr>(*number).integer;
    } else {
      expected("a dimension's name or number");
      return false;
    }
  }
  loopSource.range = since(begin);
  return true;
}

//===- PrintExpr.cpp - Expressions as text --------------------------------===//

#include "PrinterImpl.h"
#include "nnc/Language/Printer.h"
#include "nnc/Language/Settings.h"

using namespace nnc;
using namespace nnc::ast;

namespace {

// Loose to tight, as in the grammar.
enum Precedence : unsigned {
  orLevel = 1,
  andLevel,
  notLevel,
  comparisonLevel,
  sumLevel,
  termLevel,
  unaryLevel,
  powerLevel,
  atomLevel,
};

unsigned levelOf(BinaryOp op) {
  switch (op) {
  case BinaryOp::Or:
    return orLevel;
  case BinaryOp::And:
    return andLevel;
  case BinaryOp::Add:
  case BinaryOp::Subtract:
    return sumLevel;
  case BinaryOp::Multiply:
  case BinaryOp::Divide:
  case BinaryOp::FloorDivide:
  case BinaryOp::Modulo:
  case BinaryOp::MatMul:
    return termLevel;
  case BinaryOp::Power:
    return powerLevel;
  default:
    return comparisonLevel;
  }
}

/// The least levels of the operands of \p op that need no parentheses.
std::pair<unsigned, unsigned> operandLevels(BinaryOp op) {
  unsigned level = levelOf(op);
  if (op == BinaryOp::Power)
    return {atomLevel, unaryLevel};
  if (level == comparisonLevel)
    return {sumLevel, sumLevel};
  return {level, level + 1};
}

std::string spaces(unsigned count) { return std::string(count, ' '); }

/// Numbers and other short things, which share lines in a long list.
bool isShort(const Expr &expr) {
  if (const auto *unary = dynAs<UnaryExpr>(&expr))
    return isShort(*unary->operand);
  return expr.kind == ExprKind::Number || expr.kind == ExprKind::Bool ||
         expr.kind == ExprKind::Name;
}

} // namespace

unsigned nnc::precedenceOf(const Expr &expr) {
  if (expr.parenthesised)
    return atomLevel;
  switch (expr.kind) {
  case ExprKind::Unary:
    return as<UnaryExpr>(expr).op == UnaryOp::Not ? notLevel : unaryLevel;
  case ExprKind::Binary:
    return levelOf(as<BinaryExpr>(expr).op);
  case ExprKind::Number: {
    const auto &number = as<NumberExpr>(expr);
    bool negative = number.isInteger ? number.integer < 0 : number.value < 0;
    return negative ? unaryLevel : atomLevel;
  }
  default:
    return atomLevel;
  }
}

void nnc::collectBlocks(const Expr &expr, std::vector<SourceRange> &blocks) {
  switch (expr.kind) {
  case ExprKind::Unary:
    return collectBlocks(*as<UnaryExpr>(expr).operand, blocks);
  case ExprKind::Binary:
    collectBlocks(*as<BinaryExpr>(expr).lhs, blocks);
    return collectBlocks(*as<BinaryExpr>(expr).rhs, blocks);
  case ExprKind::Call:
    collectBlocks(*as<CallExpr>(expr).callee, blocks);
    for (const Argument &argument : as<CallExpr>(expr).arguments)
      collectBlocks(*argument.value, blocks);
    return;
  case ExprKind::Index:
    collectBlocks(*as<IndexExpr>(expr).base, blocks);
    for (const Subscript &subscript : as<IndexExpr>(expr).subscripts)
      for (const ExprPtr *part : {&subscript.first, &subscript.last})
        if (*part)
          collectBlocks(**part, blocks);
    return;
  case ExprKind::List:
    for (const ExprPtr &element : as<ListExpr>(expr).elements)
      collectBlocks(*element, blocks);
    return;
  case ExprKind::If: {
    const auto &branch = as<IfExpr>(expr);
    collectBlocks(*branch.condition, blocks);
    blocks.push_back(branch.thenBlock.range);
    if (branch.elseIf)
      return collectBlocks(*branch.elseIf, blocks);
    blocks.push_back(branch.elseBlock.range);
    return;
  }
  case ExprKind::Loop: {
    const auto &loop = as<LoopExpr>(expr);
    for (const Carry &carry : loop.carries)
      collectBlocks(*carry.initial, blocks);
    for (const LoopSource &source : loop.sources)
      collectBlocks(*source.value, blocks);
    for (const ExprPtr *part : {&loop.condition, &loop.limit})
      if (*part)
        collectBlocks(**part, blocks);
    blocks.push_back(loop.body.range);
    return;
  }
  default:
    return;
  }
}

//===----------------------------------------------------------------------===//
// On one line
//===----------------------------------------------------------------------===//

std::string Printer::exprText(const Expr &expr, unsigned indent) {
  std::string text = bareText(expr, indent);
  return expr.parenthesised ? "(" + text + ")" : text;
}

std::string Printer::operandText(const Expr &expr, unsigned precedence,
                                 unsigned indent) {
  std::string text = exprText(expr, indent);
  return precedenceOf(expr) < precedence ? "(" + text + ")" : text;
}

std::string Printer::bareText(const Expr &expr, unsigned indent) {
  switch (expr.kind) {
  case ExprKind::Number: {
    const auto &number = as<NumberExpr>(expr);
    if (!number.spelling.empty())
      return number.spelling;
    return number.isInteger ? std::to_string(number.integer)
                            : printFloat(number.value);
  }
  case ExprKind::String:
    return printString(as<StringExpr>(expr).value);
  case ExprKind::Bool:
    return as<BoolExpr>(expr).value ? "true" : "false";
  case ExprKind::Training:
    return "training";
  case ExprKind::Name:
    return printName(as<NameExpr>(expr).name);
  case ExprKind::Unary: {
    const auto &unary = as<UnaryExpr>(expr);
    bool isNot = unary.op == UnaryOp::Not;
    return signOf(unary.op) + std::string(isNot ? " " : "") +
           operandText(*unary.operand, isNot ? notLevel : unaryLevel, indent);
  }
  case ExprKind::Binary:
    return binaryText(as<BinaryExpr>(expr), indent);
  case ExprKind::Call:
    return callText(as<CallExpr>(expr), indent);
  case ExprKind::Index:
    return indexText(as<IndexExpr>(expr), indent);
  case ExprKind::List: {
    std::string text = "[";
    for (const ExprPtr &element : as<ListExpr>(expr).elements)
      text += (text.size() > 1 ? ", " : "") + exprText(*element, indent);
    return text + "]";
  }
  case ExprKind::If:
    return ifText(as<IfExpr>(expr), indent);
  case ExprKind::Loop:
    return loopText(as<LoopExpr>(expr), indent);
  }
  return "";
}

std::string Printer::binaryText(const BinaryExpr &binary, unsigned indent) {
  auto [left, right] = operandLevels(binary.op);
  std::string text = operandText(*binary.lhs, left, indent);
  text += ' ';
  text += signOf(binary.op);
  text += ' ';
  return text + operandText(*binary.rhs, right, indent);
}

static std::string argumentHead(const Argument &argument) {
  return argument.isNamed() ? printName(argument.name.text) + " = " : "";
}

std::string Printer::callText(const CallExpr &call, unsigned indent) {
  std::string text = operandText(*call.callee, atomLevel, indent) + "(";
  bool first = true;
  for (const Argument &argument : call.arguments) {
    text += first ? "" : ", ";
    text += argumentHead(argument) + exprText(*argument.value, indent);
    first = false;
  }
  return text + ")";
}

std::string Printer::indexText(const IndexExpr &index, unsigned indent) {
  std::string text = operandText(*index.base, atomLevel, indent) + "[";
  bool first = true;
  for (const Subscript &subscript : index.subscripts) {
    text += first ? "" : ", ";
    first = false;
    if (subscript.kind == SubscriptKind::Ellipsis)
      text += "...";
    if (subscript.first)
      text += exprText(*subscript.first, indent);
    if (subscript.kind == SubscriptKind::Slice)
      text += ":";
    if (subscript.last)
      text += exprText(*subscript.last, indent);
  }
  return text + "]";
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

std::string Printer::ifText(const IfExpr &branch, unsigned indent) {
  std::string text = "if " + exprText(*branch.condition, indent) + " " +
                     blockText(branch.thenBlock, indent) + " else ";
  return text + (branch.elseIf ? exprText(*branch.elseIf, indent)
                               : blockText(branch.elseBlock, indent));
}

std::string Printer::loopText(const LoopExpr &loop, unsigned indent) {
  std::string text = loop.loop == LoopKind::Scan     ? "scan"
                     : loop.loop == LoopKind::Repeat ? "repeat"
                                                     : "while";
  text += loop.reverse ? " reverse (" : " (";
  bool first = true;
  for (const Carry &carry : loop.carries) {
    text += first ? "" : ", ";
    text +=
        printName(carry.name.text) + " = " + exprText(*carry.initial, indent);
    first = false;
  }
  text += ";";
  first = true;
  for (const LoopSource &source : loop.sources) {
    text += first ? " " : ", ";
    text +=
        printName(source.name.text) + " in " + exprText(*source.value, indent);
    if (source.axisName)
      text += " along " + printName(source.axisName->text);
    if (source.axisNumber)
      text += " along " + std::to_string(*source.axisNumber);
    first = false;
  }
  if (loop.loop == LoopKind::While)
    text += " " + exprText(*loop.condition, indent) + "; " +
            exprText(*loop.limit, indent);
  return text + ") " + blockText(loop.body, indent);
}

std::optional<std::string> Printer::inlineText(const Block &block) {
  size_t count = block.statements.size() + (block.end != BlockEnd::None);
  if (expandBlocks || count != 1 || hasComment(block.range) ||
      lineOf(block.range.begin) != lineOf(block.range.end))
    return std::nullopt;
  Item item = itemsOf(block, 0).front();
  if (!item.blocks.empty())
    return std::nullopt;
  std::string text = item.text(0);
  if (text.find('\n') != std::string::npos)
    return std::nullopt;
  return "{ " + text + " }";
}

std::string Printer::blockText(const Block &block, unsigned indent) {
  if (std::optional<std::string> text = inlineText(block))
    return *text;
  return bodyText("", block.range, itemsOf(block, indent + 2), indent);
}

//===----------------------------------------------------------------------===//
// On several lines
//===----------------------------------------------------------------------===//

std::string Printer::fitted(const std::string &head, const Expr &expr,
                            unsigned indent) {
  std::string text = exprText(expr, indent);
  size_t column = indent + head.size();
  if (text.find('\n') != std::string::npos ||
      column + text.size() <= printWidth)
    return head + text;
  std::vector<SourceRange> blocks;
  collectBlocks(expr, blocks);
  if (blocks.empty())
    return head + broken(expr, column, indent);
  bool outer = expandBlocks;
  expandBlocks = true;
  text = exprText(expr, indent);
  expandBlocks = outer;
  return head + text;
}

std::string Printer::broken(const Expr &expr, size_t column, unsigned indent) {
  std::string text;
  switch (expr.kind) {
  case ExprKind::Call:
    text = brokenCall(as<CallExpr>(expr), indent);
    break;
  case ExprKind::List:
    text = brokenList(as<ListExpr>(expr), indent);
    break;
  case ExprKind::Binary:
    text = brokenBinary(as<BinaryExpr>(expr), column, indent);
    break;
  default:
    text = bareText(expr, indent);
  }
  return expr.parenthesised ? "(" + text + ")" : text;
}

std::string Printer::brokenCall(const CallExpr &call, unsigned indent) {
  std::string text = operandText(*call.callee, atomLevel, indent) + "(";
  if (call.arguments.empty())
    return text + ")";
  std::string start = "\n" + spaces(indent + 2);
  for (const Argument &argument : call.arguments) {
    text += start;
    text += fitted(argumentHead(argument), *argument.value, indent + 2);
    start = ",\n" + spaces(indent + 2);
  }
  return text + "\n" + spaces(indent) + ")";
}

std::string Printer::brokenList(const ListExpr &list, unsigned indent) {
  std::string text = "[";
  std::string line;
  for (size_t i = 0; i < list.elements.size(); ++i) {
    const Expr &element = *list.elements[i];
    std::string part = fitted("", element, indent + 2);
    if (i + 1 < list.elements.size())
      part += ",";
    bool joins = i > 0 && isShort(element) && isShort(*list.elements[i - 1]) &&
                 line.size() + 1 + part.size() <= printWidth;
    if (joins) {
      line += " " + part;
      continue;
    }
    text += line;
    line = "\n" + spaces(indent + 2) + part;
  }
  return text + line + "\n" + spaces(indent) + "]";
}

std::string Printer::brokenBinary(const BinaryExpr &binary, size_t column,
                                  unsigned indent) {
  if (binary.op == BinaryOp::Power)
    return binaryText(binary, indent);
  // The chain of operators of one level, from its last to its first.
  std::vector<const BinaryExpr *> chain{&binary};
  auto [left, right] = operandLevels(binary.op);
  while (const auto *lhs = dynAs<BinaryExpr>(chain.back()->lhs)) {
    if (lhs->parenthesised || levelOf(lhs->op) != levelOf(binary.op))
      break;
    chain.push_back(lhs);
  }
  std::string text = operandText(*chain.back()->lhs, left, indent);
  if (text.size() + column > printWidth &&
      precedenceOf(*chain.back()->lhs) >= left)
    text = broken(*chain.back()->lhs, column, indent);
  for (auto link = chain.rbegin(); link != chain.rend(); ++link) {
    const Expr &rhs = *(*link)->rhs;
    std::string head = signOf((*link)->op) + std::string(" ");
    text += "\n" + spaces(indent + 2);
    text += precedenceOf(rhs) < right
                ? head + operandText(rhs, right, indent + 2)
                : fitted(head, rhs, indent + 2);
  }
  return text;
}

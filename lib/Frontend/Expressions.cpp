//===- Expressions.cpp - Operators, lists and indices ---------------------===//

#include "Elaborator.h"
#include "nnc/Language/Printer.h"
#include <cmath>

using namespace nnc;
using namespace nnc::ast;
using namespace nnc::frontend;

Elaborator::Elaborator(Graph &graph, Diagnostics &diagnostics,
                       nnc::ElementType floatType)
    : graph(graph), diagnostics(diagnostics), floatType(floatType) {}

void Elaborator::reportGraphError() {
  if (std::optional<Error> failure = graph.takeError())
    diagnostics.report(std::move(*failure));
}

nnc::ElementType Elaborator::elementType(const ast::Type &type) {
  switch (type.element) {
  case ast::ElementType::F32:
    return floatType;
  case ast::ElementType::F64:
    return nnc::ElementType::f64;
  case ast::ElementType::F16:
  case ast::ElementType::BF16: {
    // A type is asked for more than once.
    SourcePosition place = type.range.position();
    bool isKnown = llvm::any_of(diagnostics.errors(), [&](const Error &error) {
      return error.position.file == place.file &&
             error.position.line == place.line &&
             error.position.column == place.column;
    });
    if (!isKnown)
      diagnostics.error(type.range, ErrorCode::unsupported,
                        fmt::format("the element type of {}", print(type)));
    return floatType;
  }
  case ast::ElementType::I32:
    return nnc::ElementType::i32;
  case ast::ElementType::I64:
    return nnc::ElementType::i64;
  case ast::ElementType::Bool:
    return nnc::ElementType::boolean;
  }
  return floatType;
}

Operand Elaborator::toOperand(const Value &value, nnc::ElementType type) {
  if (value.isTensor())
    return value.tensor;
  if (value.isFloat())
    return value.number;
  if (value.isInt())
    return value.dim.isConstant()
               ? Operand(value.dim.constant())
               : Operand(dimSize(graph, value.dim,
                                 type == nnc::ElementType::boolean ? floatType
                                                                   : type));
  return Tensor();
}

//===----------------------------------------------------------------------===//
// Dispatch
//===----------------------------------------------------------------------===//

Value Elaborator::evaluate(const Expr &expr, Scope &scope,
                           const std::string &segment) {
  if (diagnostics.full())
    return {};
  if (++evaluations > maxEvaluations) {
    if (evaluations == maxEvaluations + 1)
      error(expr.range, ErrorCode::programTooLarge, maxEvaluations);
    return {};
  }
  if (expressionDepth >= maxExpressionDepth)
    return error(expr.range, ErrorCode::nestedTooDeeply, maxExpressionDepth);
  ++expressionDepth;
  Value value = evaluateKind(expr, scope, segment);
  --expressionDepth;
  return value;
}

Value Elaborator::evaluateKind(const Expr &expr, Scope &scope,
                               const std::string &segment) {
  switch (expr.kind) {
  case ExprKind::Number: {
    const auto &number = as<NumberExpr>(expr);
    return number.isInteger ? Value::ofInt(number.integer)
                            : Value::ofFloat(number.value);
  }
  case ExprKind::String:
    return Value::ofString(as<StringExpr>(expr).value);
  case ExprKind::Bool:
    return Value::ofBool(as<BoolExpr>(expr).value);
  case ExprKind::Training:
    return Value::ofBool(graph.isTraining());
  case ExprKind::Name:
    return evaluateName(as<NameExpr>(expr), scope);
  case ExprKind::Unary:
    return evaluateUnary(as<UnaryExpr>(expr), scope);
  case ExprKind::Binary:
    return evaluateBinary(as<BinaryExpr>(expr), scope);
  case ExprKind::Call:
    return evaluateCall(as<CallExpr>(expr), scope, segment);
  case ExprKind::Index:
    return evaluateIndex(as<IndexExpr>(expr), scope);
  case ExprKind::List:
    return evaluateList(as<ListExpr>(expr), scope);
  case ExprKind::If:
    return evaluateIf(as<IfExpr>(expr), scope);
  case ExprKind::Loop:
    return evaluateLoop(as<LoopExpr>(expr), scope, segment);
  }
  return {};
}

std::optional<int64_t> Elaborator::evaluateInteger(const Expr &expr,
                                                   Scope &scope) {
  Value value = evaluate(expr, scope);
  if (value.isInt() && value.dim.isConstant())
    return value.dim.constant();
  if (!value.isPoison())
    error(expr.range, ErrorCode::openSetting, expr.range.text(),
          describe(value));
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

Value Elaborator::evaluateUnary(const UnaryExpr &unary, Scope &scope) {
  Value value = evaluate(*unary.operand, scope);
  if (value.isPoison())
    return value;
  if (value.isTensor()) {
    PlaceScope place(graph, unary.range.position());
    Tensor result = unary.op == UnaryOp::Not      ? logicalNot(value.tensor)
                    : unary.op == UnaryOp::Negate ? -value.tensor
                                                  : value.tensor;
    reportGraphError();
    return Value::ofTensor(result);
  }
  if (value.isInt() && !value.dim.isConstant() && unary.op != UnaryOp::Not)
    return Value::ofInt(unary.op == UnaryOp::Negate ? -value.dim : value.dim);
  std::optional<SettingValue> setting = toSetting(value, unary.operand->range);
  if (!setting)
    return error(unary.range, ErrorCode::operandKind, signOf(unary.op),
                 "a number, bool or tensor", describe(value));
  std::optional<SettingValue> result =
      applyUnary(unary.op, *setting, unary.range, diagnostics);
  return result ? fromSetting(*result) : Value();
}

Value Elaborator::evaluateBinary(const BinaryExpr &binary, Scope &scope) {
  // A chain of operators is a deep tree to the left; it costs no stack here.
  std::vector<const BinaryExpr *> spine{&binary};
  while (const auto *lhs = dynAs<BinaryExpr>(spine.back()->lhs))
    spine.push_back(lhs);
  Value value = evaluate(*spine.back()->lhs, scope);
  for (; !spine.empty(); spine.pop_back()) {
    const BinaryExpr &node = *spine.back();
    // Settings decide early: the other side need not make sense then.
    if (value.isBool() && ((node.op == BinaryOp::And && !value.boolean) ||
                           (node.op == BinaryOp::Or && value.boolean)))
      continue;
    Value rhs = evaluate(*node.rhs, scope);
    value = value.isPoison() || rhs.isPoison()
                ? Value()
                : applyBinaryOp(node, value, rhs);
  }
  return value;
}

Value Elaborator::applyBinaryOp(const BinaryExpr &binary, const Value &lhs,
                                const Value &rhs) {
  if (lhs.isTensor() || rhs.isTensor())
    return applyTensors(binary, lhs, rhs);
  bool isOpen = (lhs.isInt() && !lhs.dim.isConstant()) ||
                (rhs.isInt() && !rhs.dim.isConstant());
  if (isOpen)
    return applyOpenSizes(binary, lhs, rhs);
  std::optional<SettingValue> a = toSetting(lhs, binary.lhs->range),
                              b = toSetting(rhs, binary.rhs->range);
  if (!a || !b)
    return error(binary.opRange, ErrorCode::operandKinds, signOf(binary.op),
                 "numbers or tensors", describe(lhs), describe(rhs));
  std::optional<SettingValue> result =
      applyBinary(binary.op, *a, *b, binary.range, diagnostics);
  return result ? fromSetting(*result) : Value();
}

/// Sizes stay sizes as long as they can; else they become tensors.
Value Elaborator::applyOpenSizes(const BinaryExpr &binary, const Value &lhs,
                                 const Value &rhs) {
  bool sizes = lhs.isInt() && rhs.isInt();
  bool numbers =
      (lhs.isInt() || lhs.isFloat()) && (rhs.isInt() || rhs.isFloat());
  if (!numbers)
    return error(binary.opRange, ErrorCode::operandKinds, signOf(binary.op),
                 "numbers or tensors", describe(lhs), describe(rhs));
  if (!sizes || binary.op == BinaryOp::Divide || binary.op == BinaryOp::Power)
    return applyTensors(binary, lhs, rhs);
  Dim result;
  switch (binary.op) {
  case BinaryOp::Add:
    result = lhs.dim + rhs.dim;
    break;
  case BinaryOp::Subtract:
    result = lhs.dim - rhs.dim;
    break;
  case BinaryOp::Multiply:
    result = lhs.dim * rhs.dim;
    break;
  case BinaryOp::FloorDivide:
  case BinaryOp::Modulo:
    if (rhs.dim.isConstant(0))
      return error(binary.range, ErrorCode::divisionByZero);
    result = binary.op == BinaryOp::Modulo ? floorMod(lhs.dim, rhs.dim)
                                           : floorDiv(lhs.dim, rhs.dim);
    break;
  case BinaryOp::Equal:
    if (lhs.dim == rhs.dim)
      return Value::ofBool(true);
    [[fallthrough]];
  default:
    return error(binary.range, ErrorCode::openSetting, binary.range.text(),
                 "a condition on sizes that are open until run time");
  }
  if (!result.isValid())
    return error(binary.range, ErrorCode::resultOutOfRange, signOf(binary.op));
  return Value::ofInt(result);
}

static Tensor applyOperator(BinaryOp op, const Operand &a, const Operand &b) {
  switch (op) {
  case BinaryOp::Or:
    return logicalOr(a, b);
  case BinaryOp::And:
    return logicalAnd(a, b);
  case BinaryOp::Equal:
    return equal(a, b);
  case BinaryOp::NotEqual:
    return notEqual(a, b);
  case BinaryOp::Less:
    return a < b;
  case BinaryOp::LessEqual:
    return a <= b;
  case BinaryOp::Greater:
    return a > b;
  case BinaryOp::GreaterEqual:
    return a >= b;
  case BinaryOp::Add:
    return a + b;
  case BinaryOp::Subtract:
    return a - b;
  case BinaryOp::Multiply:
    return a * b;
  case BinaryOp::Divide:
    return a / b;
  case BinaryOp::FloorDivide:
    return floorDivide(a, b);
  case BinaryOp::Modulo:
    return modulo(a, b);
  case BinaryOp::MatMul:
    return matmul(a, b);
  case BinaryOp::Power:
    return pow(a, b);
  }
  return {};
}

Value Elaborator::applyTensors(const BinaryExpr &binary, const Value &lhs,
                               const Value &rhs) {
  PlaceScope place(graph, binary.opRange.position());
  auto isOperand = [](const Value &value) {
    return value.isTensor() || value.isInt() || value.isFloat();
  };
  // `flag and x > 0` with a setting: true leaves the tensor as it is.
  if (binary.op == BinaryOp::And || binary.op == BinaryOp::Or) {
    if (lhs.isBool())
      return rhs;
    if (rhs.isBool())
      return rhs.boolean == (binary.op == BinaryOp::And) ? lhs : rhs;
  }
  if (!isOperand(lhs) || !isOperand(rhs))
    return error(binary.opRange, ErrorCode::operandKinds, signOf(binary.op),
                 "numbers or tensors", describe(lhs), describe(rhs));
  nnc::ElementType type = lhs.isTensor()   ? lhs.tensor.elementType()
                          : rhs.isTensor() ? rhs.tensor.elementType()
                                           : floatType;
  Operand a = toOperand(lhs, type), b = toOperand(rhs, type);
  Tensor result = applyOperator(binary.op, a, b);
  reportGraphError();
  return Value::ofTensor(result);
}

//===----------------------------------------------------------------------===//
// Lists and indices
//===----------------------------------------------------------------------===//

Value Elaborator::evaluateList(const ListExpr &list, Scope &scope) {
  if (list.elements.size() > maxListLength)
    return error(list.range, ErrorCode::listTooLong, maxListLength);
  std::vector<Value> elements;
  bool poison = false;
  for (const ExprPtr &element : list.elements) {
    elements.push_back(evaluate(*element, scope));
    if (elements.back().isResults()) {
      error(element->range, ErrorCode::severalResults, element->range.text(),
            elements.back().elements.size());
      poison = true;
    }
    poison |= elements.back().isPoison();
  }
  return poison ? Value() : Value::ofList(std::move(elements));
}

Value Elaborator::evaluateIndex(const IndexExpr &index, Scope &scope) {
  Value base = evaluate(*index.base, scope);
  if (base.isPoison())
    return base;
  if (base.isTensor())
    return indexTensor(index, base.tensor, scope);
  if (!base.isList())
    return error(index.range, ErrorCode::operandKind, "[]",
                 "a list or a tensor", describe(base));
  const Subscript &subscript = index.subscripts.front();
  if (index.subscripts.size() != 1 || subscript.kind != SubscriptKind::Element)
    return error(index.range, ErrorCode::operandKind, "[]",
                 "one index of a list", "another");
  std::optional<int64_t> place = evaluateInteger(*subscript.first, scope);
  if (!place)
    return {};
  int64_t size = static_cast<int64_t>(base.elements.size());
  int64_t at = *place < 0 ? *place + size : *place;
  if (at < 0 || at >= size)
    return error(subscript.range, ErrorCode::indexOutOfRange, *place,
                 fmt::format("a list of {}", size));
  return base.elements[at];
}

Value Elaborator::indexTensor(const IndexExpr &index, const Tensor &base,
                              Scope &scope) {
  int64_t rank = base.rank();
  int64_t given = static_cast<int64_t>(index.subscripts.size());
  bool hasEllipsis = false;
  for (const Subscript &subscript : index.subscripts)
    hasEllipsis |= subscript.kind == SubscriptKind::Ellipsis;
  if (given - hasEllipsis > rank)
    return error(index.range, ErrorCode::tooManyIndices, given - hasEllipsis,
                 base.str());
  Tensor result = base;
  // Elements drop their axes of what is left.
  int64_t axis = 0, dropped = 0;
  for (const Subscript &subscript : index.subscripts) {
    PlaceScope place(graph, subscript.range.position());
    if (subscript.kind == SubscriptKind::Ellipsis) {
      axis += rank - (given - 1);
      continue;
    }
    if (!result.isValid())
      return {};
    Dim size = result.size(axis);
    bool whole = subscript.kind == SubscriptKind::Slice && !subscript.first &&
                 !subscript.last;
    if (whole) {
      ++axis;
      continue;
    }
    if (!size.isConstant()) {
      graph.fail(makeError(ErrorCode::openAxis, "an index", axis + dropped,
                           base.str()));
      reportGraphError();
      return {};
    }
    auto position = [&](const ExprPtr &expr,
                        int64_t absent) -> std::optional<int64_t> {
      if (!expr)
        return absent;
      std::optional<int64_t> value = evaluateInteger(*expr, scope);
      if (value && *value < 0)
        *value += size.constant();
      return value;
    };
    bool isElement = subscript.kind == SubscriptKind::Element;
    std::optional<int64_t> begin = position(subscript.first, 0);
    if (!begin)
      return {};
    if (isElement && (*begin < 0 || *begin >= size.constant()))
      return error(subscript.range, ErrorCode::indexOutOfRange,
                   subscript.range.text(),
                   fmt::format("axis {} of {}", axis + dropped, base.str()));
    std::optional<int64_t> end =
        isElement ? *begin + 1 : position(subscript.last, size.constant());
    if (!end)
      return {};
    result = slice(result, axis, *begin, *end);
    if (isElement && result.isValid()) {
      result = squeeze(result, axis);
      ++dropped;
    } else {
      ++axis;
    }
    reportGraphError();
  }
  return Value::ofTensor(result);
}

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

Value Elaborator::evaluateIf(const IfExpr &branch, Scope &scope) {
  Value condition = evaluate(*branch.condition, scope);
  if (condition.isPoison())
    return condition;
  if (condition.isTensor())
    return selectSide(branch, condition.tensor, scope);
  if (!condition.isBool())
    return error(branch.condition->range, ErrorCode::wrongKind, "if", "a bool",
                 describe(condition));
  if (!condition.boolean && branch.elseIf)
    return evaluate(*branch.elseIf, scope);
  const Block &block = condition.boolean ? branch.thenBlock : branch.elseBlock;
  Scope inner(scope.frame, &scope);
  std::vector<Value> results = runBlock(block, inner);
  warnUnused(inner);
  if (results.empty())
    return {};
  for (const Value &result : results)
    if (result.isPoison())
      return {};
  return Value::ofResults(std::move(results));
}

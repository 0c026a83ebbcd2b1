//===- SettingOps.cpp - Arithmetic on settings ----------------------------===//

#include "nnc/Language/Settings.h"
#include <cmath>

using namespace nnc;
using ast::BinaryOp;
using ast::UnaryOp;

const char *nnc::signOf(BinaryOp op) {
  switch (op) {
  case BinaryOp::Or:
    return "or";
  case BinaryOp::And:
    return "and";
  case BinaryOp::Equal:
    return "==";
  case BinaryOp::NotEqual:
    return "!=";
  case BinaryOp::Less:
    return "<";
  case BinaryOp::LessEqual:
    return "<=";
  case BinaryOp::Greater:
    return ">";
  case BinaryOp::GreaterEqual:
    return ">=";
  case BinaryOp::Add:
    return "+";
  case BinaryOp::Subtract:
    return "-";
  case BinaryOp::Multiply:
    return "*";
  case BinaryOp::Divide:
    return "/";
  case BinaryOp::FloorDivide:
    return "//";
  case BinaryOp::Modulo:
    return "%";
  case BinaryOp::MatMul:
    return "@";
  case BinaryOp::Power:
    return "**";
  }
  return "";
}

const char *nnc::signOf(UnaryOp op) {
  switch (op) {
  case UnaryOp::Negate:
    return "-";
  case UnaryOp::Plus:
    return "+";
  case UnaryOp::Not:
    return "not";
  }
  return "";
}

namespace {

std::optional<int64_t> floorDivide(int64_t a, int64_t b) {
  if (a == INT64_MIN && b == -1)
    return std::nullopt;
  int64_t quotient = a / b;
  return a % b != 0 && (a % b < 0) != (b < 0) ? quotient - 1 : quotient;
}

int64_t floorModulo(int64_t a, int64_t b) {
  if (b == -1)
    return 0;
  int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

/// base to a power of at least 0.
std::optional<int64_t> power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  while (true) {
    if ((exponent & 1) && __builtin_mul_overflow(result, base, &result))
      return std::nullopt;
    exponent >>= 1;
    if (exponent == 0)
      return result;
    if (__builtin_mul_overflow(base, base, &base))
      return std::nullopt;
  }
}

/// The result of an operation that gives an int from two ints, or nothing on
/// overflow. The divisor is not zero, the exponent not negative.
std::optional<int64_t> integerResult(BinaryOp op, int64_t a, int64_t b) {
  int64_t result = 0;
  switch (op) {
  case BinaryOp::Add:
    return __builtin_add_overflow(a, b, &result) ? std::nullopt
                                                 : std::optional(result);
  case BinaryOp::Subtract:
    return __builtin_sub_overflow(a, b, &result) ? std::nullopt
                                                 : std::optional(result);
  case BinaryOp::Multiply:
    return __builtin_mul_overflow(a, b, &result) ? std::nullopt
                                                 : std::optional(result);
  case BinaryOp::FloorDivide:
    return floorDivide(a, b);
  case BinaryOp::Modulo:
    return floorModulo(a, b);
  default:
    return power(a, b);
  }
}

double floatResult(BinaryOp op, double a, double b) {
  switch (op) {
  case BinaryOp::Add:
    return a + b;
  case BinaryOp::Subtract:
    return a - b;
  case BinaryOp::Multiply:
    return a * b;
  case BinaryOp::Divide:
    return a / b;
  case BinaryOp::FloorDivide:
    return std::floor(a / b);
  case BinaryOp::Modulo: {
    double rest = std::fmod(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  }
  default:
    return std::pow(a, b);
  }
}

/// Less than 0, 0 or more for two numbers; ints compare exactly.
int order(const SettingValue &a, const SettingValue &b) {
  if (a.isInt() && b.isInt())
    return a.integer < b.integer ? -1 : a.integer > b.integer;
  double x = a.toDouble(), y = b.toDouble();
  return x < y ? -1 : x > y;
}

bool equalValues(const SettingValue &a, const SettingValue &b) {
  return a.isNumber() && b.isNumber() ? order(a, b) == 0 : a == b;
}

bool isEquality(BinaryOp op) {
  return op == BinaryOp::Equal || op == BinaryOp::NotEqual;
}

bool isOrdering(BinaryOp op) {
  return op >= BinaryOp::Less && op <= BinaryOp::GreaterEqual;
}

bool compares(BinaryOp op, int order) {
  switch (op) {
  case BinaryOp::Less:
    return order < 0;
  case BinaryOp::LessEqual:
    return order <= 0;
  case BinaryOp::Greater:
    return order > 0;
  default:
    return order >= 0;
  }
}

} // namespace

std::optional<SettingValue> nnc::applyUnary(UnaryOp op,
                                            const SettingValue &operand,
                                            SourceRange range,
                                            Diagnostics &diagnostics) {
  bool fits = op == UnaryOp::Not ? operand.isBool() : operand.isNumber();
  if (!fits) {
    diagnostics.error(range, ErrorCode::operandKind, signOf(op),
                      op == UnaryOp::Not ? "a bool" : "a number",
                      describeKind(operand));
    return std::nullopt;
  }
  if (op == UnaryOp::Not)
    return SettingValue::ofBool(!operand.boolean);
  if (op == UnaryOp::Plus)
    return operand;
  if (operand.isFloat())
    return SettingValue::ofFloat(-operand.number);
  if (operand.integer == INT64_MIN) {
    diagnostics.error(range, ErrorCode::resultOutOfRange, signOf(op));
    return std::nullopt;
  }
  return SettingValue::ofInt(-operand.integer);
}

std::optional<SettingValue>
nnc::applyBinary(BinaryOp op, const SettingValue &lhs, const SettingValue &rhs,
                 SourceRange range, Diagnostics &diagnostics) {
  if (isEquality(op))
    return SettingValue::ofBool(equalValues(lhs, rhs) ==
                                (op == BinaryOp::Equal));
  bool logical = op == BinaryOp::And || op == BinaryOp::Or;
  bool fits =
      logical ? lhs.isBool() && rhs.isBool() : lhs.isNumber() && rhs.isNumber();
  if (!fits || op == BinaryOp::MatMul) {
    diagnostics.error(range, ErrorCode::operandKinds, signOf(op),
                      op == BinaryOp::MatMul ? "tensors"
                      : logical              ? "bools"
                                             : "numbers",
                      describeKind(lhs), describeKind(rhs));
    return std::nullopt;
  }
  if (logical)
    return SettingValue::ofBool(op == BinaryOp::And
                                    ? lhs.boolean && rhs.boolean
                                    : lhs.boolean || rhs.boolean);
  if (isOrdering(op))
    return SettingValue::ofBool(compares(op, order(lhs, rhs)));
  bool divides = op == BinaryOp::Divide || op == BinaryOp::FloorDivide ||
                 op == BinaryOp::Modulo;
  if (divides && rhs.toDouble() == 0) {
    diagnostics.error(range, ErrorCode::divisionByZero);
    return std::nullopt;
  }
  bool negativePower = op == BinaryOp::Power && rhs.isInt() && rhs.integer < 0;
  if (lhs.isInt() && rhs.isInt() && op != BinaryOp::Divide && !negativePower) {
    if (auto result = integerResult(op, lhs.integer, rhs.integer))
      return SettingValue::ofInt(*result);
  } else {
    double result = floatResult(op, lhs.toDouble(), rhs.toDouble());
    if (std::isfinite(result))
      return SettingValue::ofFloat(result);
  }
  diagnostics.error(range, ErrorCode::resultOutOfRange, signOf(op));
  return std::nullopt;
}

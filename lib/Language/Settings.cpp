//===- Settings.cpp - Values known when a file is read --------------------===//

#include "nnc/Language/Settings.h"
#include <algorithm>
#include <cmath>
#include <iterator>

using namespace nnc;
using namespace nnc::ast;

const SettingValue *SettingScope::constant(const std::string &) const {
  return nullptr;
}
const Expr *SettingScope::namedConstant(const std::string &) const {
  return nullptr;
}
bool SettingScope::isDeclared(const std::string &, KindSet) const {
  return false;
}
std::vector<std::string> SettingScope::names(KindSet) const { return {}; }

namespace {

/// Constants that stand for constants, at most.
constexpr unsigned maxAliases = 64;
/// Values of a range(n), at most.
constexpr int64_t maxRange = 1'000'000;

struct FamilyOfKind {
  KindSet kind;
  BuiltinKind family;
};
constexpr FamilyOfKind families[] = {
    {InitializerKind, BuiltinKind::Initializer},
    {RegularizerKind, BuiltinKind::Regularizer},
    {ConstraintKind, BuiltinKind::Constraint},
    {OptimizerKind, BuiltinKind::Optimizer},
    {ScheduleKind, BuiltinKind::Schedule},
    {LossKind, BuiltinKind::Loss},
    {MetricKind, BuiltinKind::Metric},
    {DataSourceKind, BuiltinKind::DataSource},
    {DataTransformKind, BuiltinKind::DataTransform},
    {EarlyStoppingKind, BuiltinKind::EarlyStopping},
    {AverageKind, BuiltinKind::Average},
};

KindSet kindOf(BuiltinKind family) {
  for (const FamilyOfKind &row : families)
    if (row.family == family)
      return row.kind;
  return 0;
}

KindSet kindOf(const SettingValue &value) {
  switch (value.kind) {
  case SettingValue::Kind::None:
    return NoneKind;
  case SettingValue::Kind::Bool:
    return BoolKind;
  case SettingValue::Kind::Int:
    return IntKind;
  case SettingValue::Kind::Float:
    return FloatKind;
  case SettingValue::Kind::String:
    return StringKind;
  case SettingValue::Kind::List:
    return ListKind;
  case SettingValue::Kind::Call:
    return kindOf(value.builtin->kind);
  case SettingValue::Kind::Name:
    return 0;
  }
  return 0;
}

/// The built-in \p name of a family of \p kinds, or null.
const Builtin *findOf(KindSet kinds, const std::string &name) {
  for (const FamilyOfKind &row : families)
    if (kinds & row.kind)
      if (const Builtin *builtin = findBuiltin(row.family, name))
        return builtin;
  return nullptr;
}

/// The first built-in \p name of any family, or null.
const Builtin *findAny(const std::string &name) {
  for (const Builtin &builtin : builtins())
    if (builtin.name == name)
      return &builtin;
  return nullptr;
}

/// Reports that \p name is nothing that \p type wants.
void reportUnknown(const std::string &name, SourceRange range,
                   const std::string &wantedBy, const ValueType &type,
                   const SettingScope &scope, Diagnostics &diagnostics) {
  KindSet kinds = type.kinds | type.elementKinds;
  std::vector<std::string> candidates = scope.names(kinds);
  const char *family = "name";
  for (const FamilyOfKind &row : families)
    if (kinds & row.kind) {
      if (std::string_view(family) == "name")
        family = nameOf(row.family);
      std::vector<std::string> names = builtinNames(row.family);
      candidates.insert(candidates.end(), names.begin(), names.end());
    }
  if (kinds & BoolKind)
    candidates.insert(candidates.end(), {"true", "false"});
  if (kinds & NoneKind)
    candidates.push_back("none");
  std::string hint = suggestion(name, candidates);
  bool isChoice = std::find(type.choices.begin(), type.choices.end(), name) !=
                  type.choices.end();
  const Builtin *other = findOf(kinds, name);
  if (!other && nearestName(name, candidates).empty())
    other = findAny(name);
  if (other && !isChoice)
    return diagnostics.error(
        range, ErrorCode::wrongKind, wantedBy, type.describe(),
        fmt::format("the {} {}", nameOf(other->kind), name));
  if (isChoice)
    hint = fmt::format("; did you mean \"{}\"?", name);
  diagnostics.error(range, ErrorCode::unknownName, family, name, hint);
}

/// What `type` accepts of a list's elements.
ValueType elementType(const ValueType &type) {
  ValueType element = type;
  element.kinds = type.elementKinds ? type.elementKinds
                                    : NoneKind | BoolKind | IntKind |
                                          FloatKind | StringKind | ListKind;
  element.elementKinds = 0;
  element.choices.clear();
  return element;
}

} // namespace

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

bool SettingEvaluator::convert(SettingValue &value, const std::string &name,
                               const ValueType &type) {
  if (value.isInt() && !type.accepts(IntKind) && type.accepts(FloatKind)) {
    SourceRange range = value.range;
    value = SettingValue::ofFloat(value.toDouble());
    value.range = range;
  }
  bool accepted = value.isName() ? scope.isDeclared(value.text, type.kinds)
                                 : type.accepts(kindOf(value));
  if (value.isString() && accepted && !type.choices.empty() &&
      std::find(type.choices.begin(), type.choices.end(), value.text) ==
          type.choices.end()) {
    diagnostics.error(value.range, ErrorCode::wrongKind, name, type.describe(),
                      describeKind(value) +
                          suggestion(value.text, type.choices));
    return false;
  }
  if (!accepted) {
    diagnostics.error(value.range, ErrorCode::wrongKind, name, type.describe(),
                      describeKind(value));
    return false;
  }
  if (value.isList()) {
    ValueType element = elementType(type);
    for (SettingValue &entry : value.elements)
      if (!convert(entry, name, element))
        return false;
  }
  if (!value.isNumber())
    return true;
  double number = value.toDouble();
  bool inside =
      (type.minimumOpen ? number > type.minimum : number >= type.minimum) &&
      (type.maximumOpen ? number < type.maximum : number <= type.maximum);
  if (!inside)
    diagnostics.error(value.range, ErrorCode::settingOutOfRange, name,
                      type.describeBounds(), print(value));
  return inside;
}

SettingValue SettingEvaluator::defaultOf(const Parameter &parameter) {
  if (!parameter.defaultValue)
    return {};
  static const SettingScope noScope;
  Diagnostics ignored;
  SettingEvaluator evaluator(noScope, ignored);
  std::optional<SettingValue> value = evaluator.evaluate(
      *parameter.defaultValue, parameter.name, parameter.type);
  if (!value)
    return {};
  // The table's text is no place to show to a user.
  value->range = {};
  return std::move(*value);
}

//===----------------------------------------------------------------------===//
// Values of a wanted type
//===----------------------------------------------------------------------===//

std::optional<SettingValue> SettingEvaluator::evaluate(const Expr &expr,
                                                       const std::string &name,
                                                       const ValueType &type) {
  std::optional<SettingValue> value;
  switch (expr.kind) {
  case ExprKind::Name:
    value = evaluateName(expr, name, type);
    break;
  case ExprKind::Call:
    value = evaluateCallExpr(as<CallExpr>(expr), name, type);
    break;
  case ExprKind::List:
    value = evaluateList(as<ListExpr>(expr), name, type);
    break;
  default:
    value = evaluatePlain(expr);
    if (value && !convert(*value, name, type))
      return std::nullopt;
  }
  if (value)
    value->range = expr.range;
  return value;
}

std::optional<SettingValue>
SettingEvaluator::evaluateName(const Expr &expr, const std::string &wantedBy,
                               const ValueType &type) {
  const std::string &name = as<NameExpr>(expr).name;
  if (const SettingValue *constant = scope.constant(name)) {
    copies += constant->size;
    if (copies > maxSettingCopies) {
      diagnostics.error(expr.range, ErrorCode::settingsTooLarge,
                        maxSettingCopies);
      return std::nullopt;
    }
    SettingValue value = *constant;
    value.range = expr.range;
    return convert(value, wantedBy, type) ? std::optional(std::move(value))
                                          : std::nullopt;
  }
  if (const Expr *alias = scope.namedConstant(name)) {
    if (depth >= maxAliases) {
      diagnostics.error(expr.range, ErrorCode::nestedTooDeeply, maxAliases);
      return std::nullopt;
    }
    ++depth;
    std::optional<SettingValue> value = evaluate(*alias, wantedBy, type);
    --depth;
    return value;
  }
  if (scope.isDeclared(name, type.kinds))
    return SettingValue::ofName(name);
  if (name == "none") {
    SettingValue value;
    value.range = expr.range;
    return convert(value, wantedBy, type) ? std::optional(std::move(value))
                                          : std::nullopt;
  }
  if (const Builtin *builtin = findOf(type.kinds, name))
    return evaluateCall(*builtin, {}, expr.range);
  reportUnknown(name, expr.range, wantedBy, type, scope, diagnostics);
  return std::nullopt;
}

std::optional<SettingValue> SettingEvaluator::evaluateCallExpr(
    const CallExpr &call, const std::string &wantedBy, const ValueType &type) {
  const std::string &name = call.calleeName();
  if (name.empty()) {
    diagnostics.error(call.callee->range, ErrorCode::notASetting,
                      "a call of this");
    return std::nullopt;
  }
  if (const Builtin *builtin = findOf(type.kinds, name))
    return evaluateCall(*builtin, call.arguments, call.range);
  if (const Builtin *function =
          findBuiltin(BuiltinKind::SettingFunction, name)) {
    std::optional<SettingValue> value = evaluateFunction(*function, call);
    if (!value)
      return std::nullopt;
    value->range = call.range;
    return convert(*value, wantedBy, type) ? std::move(value) : std::nullopt;
  }
  reportUnknown(name, call.callee->range, wantedBy, type, scope, diagnostics);
  return std::nullopt;
}

std::optional<SettingValue>
SettingEvaluator::evaluateList(const ListExpr &list, const std::string &name,
                               const ValueType &type) {
  if (!type.accepts(ListKind)) {
    diagnostics.error(list.range, ErrorCode::wrongKind, name, type.describe(),
                      "a list");
    return std::nullopt;
  }
  ValueType element = elementType(type);
  std::vector<SettingValue> values;
  values.reserve(list.elements.size());
  size_t size = 1;
  for (const ExprPtr &entry : list.elements) {
    std::optional<SettingValue> value = type.elementKinds
                                            ? evaluate(*entry, name, element)
                                            : evaluatePlain(*entry);
    if (!value || (!type.elementKinds && !convert(*value, name, element)))
      return std::nullopt;
    size += value->size;
    if (size > maxSettingSize) {
      diagnostics.error(list.range, ErrorCode::listTooLong, maxSettingSize);
      return std::nullopt;
    }
    values.push_back(std::move(*value));
  }
  return SettingValue::ofList(std::move(values));
}

std::optional<SettingValue>
SettingEvaluator::evaluateCall(const Builtin &builtin,
                               const std::vector<Argument> &arguments,
                               SourceRange range) {
  if (!builtin.isSupported) {
    diagnostics.error(
        range, ErrorCode::unsupported,
        fmt::format("{} '{}'", nameOf(builtin.kind), builtin.name));
    return std::nullopt;
  }
  std::vector<Parameter> parameters = builtin.parameters;
  static const NameExpr givenElsewhere;
  for (Parameter &parameter : parameters)
    if (!parameter.defaultValue && fallbacks.count(parameter.name))
      parameter.defaultValue = &givenElsewhere;
  std::optional<ResolvedArguments> resolved =
      resolveArguments(builtin.name, parameters, arguments, range,
                       ArgumentMode::SettingsOnly, diagnostics);
  if (!resolved)
    return std::nullopt;
  SettingValue call;
  call.kind = SettingValue::Kind::Call;
  call.builtin = &builtin;
  call.range = range;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Parameter &parameter = builtin.parameters[i];
    std::optional<SettingValue> value;
    if (const Argument *argument = resolved->byParameter[i])
      value = evaluate(*argument->value, parameter.name, parameter.type);
    else if (parameters[i].defaultValue == &givenElsewhere)
      value = fallbacks.at(parameter.name);
    else
      value = parameter.isTensor() ? SettingValue() : defaultOf(parameter);
    if (!value)
      return std::nullopt;
    call.size += value->size;
    call.elements.push_back(std::move(*value));
  }
  return call;
}

//===----------------------------------------------------------------------===//
// Plain values
//===----------------------------------------------------------------------===//

std::optional<SettingValue> SettingEvaluator::evaluatePlain(const Expr &expr) {
  std::optional<SettingValue> value;
  switch (expr.kind) {
  case ExprKind::Number: {
    const auto &number = as<NumberExpr>(expr);
    value = number.isInteger ? SettingValue::ofInt(number.integer)
                             : SettingValue::ofFloat(number.value);
    break;
  }
  case ExprKind::String:
    value = SettingValue::ofString(as<StringExpr>(expr).value);
    break;
  case ExprKind::Bool:
    value = SettingValue::ofBool(as<BoolExpr>(expr).value);
    break;
  case ExprKind::Name:
  case ExprKind::Call:
  case ExprKind::List: {
    ValueType plain;
    plain.kinds =
        NoneKind | BoolKind | IntKind | FloatKind | StringKind | ListKind;
    return evaluate(expr, "the expression", plain);
  }
  case ExprKind::Unary: {
    const auto &unary = as<UnaryExpr>(expr);
    std::optional<SettingValue> operand = evaluatePlain(*unary.operand);
    if (!operand)
      return std::nullopt;
    value = applyUnary(unary.op, *operand, expr.range, diagnostics);
    break;
  }
  case ExprKind::Binary: {
    const auto &binary = as<BinaryExpr>(expr);
    std::optional<SettingValue> lhs = evaluatePlain(*binary.lhs);
    std::optional<SettingValue> rhs =
        lhs ? evaluatePlain(*binary.rhs) : std::nullopt;
    if (!rhs)
      return std::nullopt;
    value = applyBinary(binary.op, *lhs, *rhs, binary.opRange, diagnostics);
    break;
  }
  case ExprKind::Index:
    value = evaluateIndex(as<IndexExpr>(expr));
    break;
  case ExprKind::If:
    value = evaluateIf(as<IfExpr>(expr));
    break;
  case ExprKind::Training:
    diagnostics.error(expr.range, ErrorCode::notASetting, "'training'");
    return std::nullopt;
  case ExprKind::Loop:
    diagnostics.error(expr.range, ErrorCode::notASetting, "a loop");
    return std::nullopt;
  }
  if (value)
    value->range = expr.range;
  return value;
}

std::optional<SettingValue> SettingEvaluator::evaluateIf(const IfExpr &branch) {
  std::optional<SettingValue> condition = evaluatePlain(*branch.condition);
  if (!condition)
    return std::nullopt;
  if (!condition->isBool()) {
    diagnostics.error(branch.condition->range, ErrorCode::operandKind, "if",
                      "a bool", describeKind(*condition));
    return std::nullopt;
  }
  if (!condition->boolean && branch.elseIf)
    return evaluateIf(as<IfExpr>(*branch.elseIf));
  const Block &block = condition->boolean ? branch.thenBlock : branch.elseBlock;
  if (!block.statements.empty() || block.results.size() != 1) {
    diagnostics.error(block.range, ErrorCode::notASetting,
                      "a block with statements or several results");
    return std::nullopt;
  }
  return evaluatePlain(*block.results.front());
}

std::optional<SettingValue>
SettingEvaluator::evaluateIndex(const IndexExpr &index) {
  std::optional<SettingValue> base = evaluatePlain(*index.base);
  if (!base)
    return std::nullopt;
  const Subscript &subscript = index.subscripts.front();
  if (!base->isList() || index.subscripts.size() != 1 ||
      subscript.kind != SubscriptKind::Element) {
    diagnostics.error(index.range, ErrorCode::operandKind, "[]",
                      "a list and one int", describeKind(*base));
    return std::nullopt;
  }
  std::optional<SettingValue> place = evaluatePlain(*subscript.first);
  if (!place)
    return std::nullopt;
  if (!place->isInt()) {
    diagnostics.error(subscript.range, ErrorCode::operandKind, "[]", "an int",
                      describeKind(*place));
    return std::nullopt;
  }
  int64_t count = static_cast<int64_t>(base->elements.size());
  int64_t at = place->integer < 0 ? place->integer + count : place->integer;
  if (at < 0 || at >= count) {
    diagnostics.error(subscript.range, ErrorCode::indexOutOfRange,
                      place->integer, fmt::format("a list of {}", count));
    return std::nullopt;
  }
  SettingValue element = std::move(base->elements[static_cast<size_t>(at)]);
  return element;
}

std::optional<SettingValue>
SettingEvaluator::evaluateFunction(const Builtin &function,
                                   const CallExpr &call) {
  std::optional<ResolvedArguments> resolved =
      resolveArguments(function.name, function.parameters, call.arguments,
                       call.range, ArgumentMode::All, diagnostics);
  if (!resolved)
    return std::nullopt;
  const Parameter &parameter = function.parameters.front();
  std::vector<const Argument *> given = resolved->variadic;
  if (!parameter.variadic)
    given.push_back(resolved->byParameter.front());
  std::vector<SettingValue> values;
  for (const Argument *argument : given) {
    std::optional<SettingValue> value =
        evaluate(*argument->value, parameter.name, parameter.type);
    if (!value)
      return std::nullopt;
    values.push_back(std::move(*value));
  }
  if (function.name == "len")
    return SettingValue::ofInt(
        static_cast<int64_t>(values.front().elements.size()));
  if (function.name == "sqrt")
    return SettingValue::ofFloat(std::sqrt(values.front().number));
  if (function.name == "log2")
    return SettingValue::ofFloat(std::log2(values.front().number));
  if (function.name == "range") {
    if (values.front().integer > maxRange) {
      diagnostics.error(call.range, ErrorCode::listTooLong, maxRange);
      return std::nullopt;
    }
    std::vector<SettingValue> counted;
    for (int64_t i = 0; i < values.front().integer; ++i)
      counted.push_back(SettingValue::ofInt(i));
    return SettingValue::ofList(std::move(counted));
  }
  return evaluateExtreme(function.name == "min", std::move(values), call);
}

std::optional<SettingValue> SettingEvaluator::evaluateExtreme(
    bool smallest, std::vector<SettingValue> values, const CallExpr &call) {
  if (values.size() == 1 && values.front().isList()) {
    std::vector<SettingValue> elements = std::move(values.front().elements);
    values = std::move(elements);
  }
  const char *name = smallest ? "min" : "max";
  if (values.empty()) {
    diagnostics.error(call.range, ErrorCode::emptyList, name);
    return std::nullopt;
  }
  size_t best = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!values[i].isNumber()) {
      diagnostics.error(call.range, ErrorCode::operandKind, name, "numbers",
                        describeKind(values[i]));
      return std::nullopt;
    }
    std::optional<SettingValue> better =
        applyBinary(smallest ? BinaryOp::Less : BinaryOp::Greater, values[i],
                    values[best], call.range, diagnostics);
    if (better && better->boolean)
      best = i;
  }
  return std::move(values[best]);
}

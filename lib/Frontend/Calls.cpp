//===- Calls.cpp - Calls of layers and functions --------------------------===//

#include "Elaborator.h"
#include <cmath>

using namespace nnc;
using namespace nnc::ast;
using namespace nnc::frontend;

/// The kinds of values that the evaluator of settings makes from names.
static constexpr KindSet namedKinds = InitializerKind | RegularizerKind |
                                      ConstraintKind | OptimizerKind |
                                      ScheduleKind | LossKind | MetricKind;

std::vector<Parameter>
Elaborator::parametersOfClosure(const Closure &closure) const {
  return closure.builtin ? closure.builtin->parameters
                         : nnc::parametersOf(*closure.function);
}

/// What \p closure is, for messages of unsupported ones.
static std::string describeCallee(const Closure &closure) {
  return closure.builtin ? fmt::format("{} '{}'", nameOf(closure.builtin->kind),
                                       closure.builtin->name)
                         : fmt::format("'{}'", closure.name());
}

//===----------------------------------------------------------------------===//
// Functions of settings
//===----------------------------------------------------------------------===//

Value Elaborator::callSettingFunction(const Builtin &builtin,
                                      const CallExpr &call, Scope &scope) {
  // min, max and sqrt are functions of tensors too: the first argument says
  // which is meant.
  std::optional<ResolvedArguments> resolved =
      resolveArguments(builtin.name, builtin.parameters, call.arguments,
                       call.range, ArgumentMode::All, diagnostics);
  if (!resolved)
    return {};
  std::vector<Value> values;
  for (const Argument *argument : resolved->variadic)
    values.push_back(evaluate(*argument->value, scope));
  for (const Argument *argument : resolved->byParameter)
    if (argument)
      values.push_back(evaluate(*argument->value, scope));
  for (const Value &value : values)
    if (value.isPoison())
      return {};
  return applySettingFunction(builtin, call, values);
}

Value Elaborator::applySettingFunction(const Builtin &builtin,
                                       const CallExpr &call,
                                       const std::vector<Value> &values) {
  const std::string &name = builtin.name;
  const Value &first = values.front();
  auto wrongKind = [&](const char *expected, const Value &value) {
    return error(call.range, ErrorCode::wrongKind, name, expected,
                 describe(value));
  };
  if (name == "len")
    return first.isList()
               ? Value::ofInt(static_cast<int64_t>(first.elements.size()))
               : wrongKind("a list", first);
  if (name == "range") {
    if (!first.isInt() || !first.dim.isConstant())
      return wrongKind("a known int", first);
    int64_t count = first.dim.constant();
    if (count < 0 || count > static_cast<int64_t>(maxListLength))
      return error(call.range, ErrorCode::settingOutOfRange, "n",
                   fmt::format("at least 0 and at most {}", maxListLength),
                   count);
    std::vector<Value> list;
    for (int64_t i = 0; i < count; ++i)
      list.push_back(Value::ofInt(i));
    return Value::ofList(std::move(list));
  }
  if (name == "sqrt" || name == "log2") {
    if (!first.isNumber())
      return wrongKind("a known number", first);
    double x = first.toDouble();
    bool isRoot = name == "sqrt";
    if (isRoot ? !(x >= 0) : !(x > 0))
      return error(call.range, ErrorCode::settingOutOfRange, "x",
                   isRoot ? "at least 0" : "above 0", x);
    return Value::ofFloat(isRoot ? std::sqrt(x) : std::log2(x));
  }
  // min and max, of numbers or of one list of numbers.
  const std::vector<Value> &numbers =
      values.size() == 1 && first.isList() ? first.elements : values;
  if (numbers.empty())
    return error(call.range, ErrorCode::emptyList, name);
  const Value *best = &numbers.front();
  for (const Value &value : numbers) {
    if (!value.isNumber())
      return wrongKind("known numbers", value);
    if (name == "min" ? value.toDouble() < best->toDouble()
                      : value.toDouble() > best->toDouble())
      best = &value;
  }
  return *best;
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

/// Whether \p call must be one of the tensor function and not of the setting
/// function of the same name, as its arguments' names say.
static bool namesTensorArguments(const CallExpr &call) {
  for (const Argument &argument : call.arguments)
    if (argument.isNamed())
      return true;
  return false;
}

Value Elaborator::evaluateCall(const CallExpr &call, Scope &scope,
                               const std::string &segment) {
  const std::string &name = call.calleeName();
  if (name.empty()) {
    Value callee = evaluate(*call.callee, scope);
    if (callee.isPoison())
      return callee;
    if (!callee.isFunction())
      return error(call.callee->range, ErrorCode::notCallable,
                   call.callee->range.text(), describe(callee));
    return callClosure(callee.function, call, scope, segment);
  }

  Value callee;
  bool found = false;
  if (Binding *binding = scope.find(name)) {
    found = true;
    callee = readBinding(*binding, name, call.callee->range);
  }
  if (!found)
    callee = lookUpMember(name, call.callee->range, scope, found);
  if (!found)
    callee = lookUpDeclaration(name, call.callee->range, scope, found);
  if (found) {
    if (!callee.isFunction()) {
      if (!callee.isPoison())
        error(call.callee->range, ErrorCode::notCallable, name,
              describe(callee));
      return {};
    }
    return callClosure(callee.function, call, scope, segment);
  }

  callee = lookUpBuiltin(name);
  const Builtin *settings = findBuiltin(BuiltinKind::SettingFunction, name);
  if (settings && callee.isFunction() && !call.arguments.empty() &&
      !namesTensorArguments(call)) {
    // Overloaded: evaluated once, then told apart.
    std::vector<Value> values;
    for (const Argument &argument : call.arguments) {
      values.push_back(evaluate(*argument.value, scope));
      if (values.back().isPoison())
        return {};
    }
    if (!values.front().isTensor())
      return applySettingFunction(*settings, call, values);
    std::optional<ResolvedArguments> resolved = resolveArguments(
        name, callee.function->builtin->parameters, call.arguments, call.range,
        ArgumentMode::All, diagnostics);
    if (!resolved)
      return {};
    const std::vector<Parameter> &parameters =
        callee.function->builtin->parameters;
    std::vector<std::optional<Value>> byParameter(parameters.size());
    for (size_t i = 0; i < values.size(); ++i) {
      Value value = values[i];
      if (!parameters[i].isTensor())
        value = convertSetting(value, call.arguments[i].range, parameters[i]);
      if (value.isPoison())
        return {};
      byParameter[i] = std::move(value);
    }
    return invoke(*callee.function, std::move(byParameter), segment,
                  call.range);
  }
  if (callee.isFunction())
    return callClosure(callee.function, call, scope, segment);
  if (settings)
    return callSettingFunction(*settings, call, scope);
  if (callee.isPoison())
    reportUnknown(name, call.callee->range, scope, /*isCall=*/true);
  else
    error(call.callee->range, ErrorCode::notCallable, name, describe(callee));
  return {};
}

Value Elaborator::callClosure(const std::shared_ptr<const Closure> &closure,
                              const CallExpr &call, Scope &scope,
                              const std::string &segment) {
  std::vector<Parameter> all = parametersOfClosure(*closure);
  if (closure->builtin && closure->builtin->name == "chain" &&
      closure->layers.empty())
    return makeClosure(*closure, call, scope);
  // What has its settings already takes tensors only.
  bool isReady = !closure->settings.empty() || !closure->layers.empty() ||
                 !closure->path.empty();
  std::vector<Parameter> parameters;
  std::vector<size_t> places;
  static const Parameter chainInput = [] {
    Parameter x;
    x.name = "x";
    x.type.kinds = TensorKind;
    return x;
  }();
  if (!closure->layers.empty()) {
    parameters.push_back(chainInput);
    places.push_back(0);
  } else {
    for (size_t i = 0; i < all.size(); ++i)
      if (!isReady || (all[i].type.kinds & TensorKind &&
                       !(all[i].type.kinds & ~(TensorKind | ListKind)))) {
        parameters.push_back(all[i]);
        places.push_back(i);
      }
  }
  std::optional<ResolvedArguments> resolved =
      resolveArguments(closure->name(), parameters, call.arguments, call.range,
                       ArgumentMode::All, diagnostics);
  if (!resolved)
    return {};
  std::vector<std::optional<Value>> values(
      std::max<size_t>(all.size(), parameters.size()));
  bool poison = false;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Argument *argument = resolved->byParameter[i];
    if (!argument)
      continue;
    Value value = evaluateArgument(*argument->value, parameters[i], scope);
    poison |= value.isPoison();
    values[places[i]] = std::move(value);
  }
  if (poison)
    return {};
  return invoke(*closure, std::move(values), segment, call.range);
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

Value Elaborator::evaluateArgument(const Expr &expr, const Parameter &parameter,
                                   Scope &scope) {
  if (parameter.type.accepts(FunctionKind))
    return evaluateFunction(expr, scope, parameter.name);
  if (parameter.type.accepts(namedKinds))
    return evaluateSetting(expr, parameter, scope);
  Value value = evaluate(expr, scope);
  if (value.isPoison())
    return value;
  if (value.isResults())
    return error(expr.range, ErrorCode::severalResults, expr.range.text(),
                 value.elements.size());
  if (parameter.type.accepts(TypeKind)) {
    if (value.kind == Value::Kind::Type)
      return value;
    return error(expr.range, ErrorCode::wrongKind, parameter.name,
                 "an element type", describe(value));
  }
  if (parameter.isTensor()) {
    bool fits = value.isTensor() || value.isInt() || value.isFloat() ||
                (value.isList() && parameter.type.accepts(ListKind)) ||
                (value.isNone() && parameter.type.accepts(NoneKind));
    return fits ? value
                : error(expr.range, ErrorCode::wrongKind, parameter.name,
                        "a tensor", describe(value));
  }
  return convertSetting(value, expr.range, parameter);
}

Value Elaborator::convertSetting(const Value &value, SourceRange range,
                                 const Parameter &parameter) {
  // Shapes hold open sizes, which are no settings.
  if (value.isList() && parameter.type.kinds == ListKind &&
      parameter.type.elementKinds == 0)
    return value;
  // So does the length of what is made.
  if (value.isInt() && !value.dim.isConstant() && parameter.name == "n")
    return value;
  std::optional<SettingValue> setting = toSetting(value, range);
  if (!setting)
    return error(range, ErrorCode::openSetting, parameter.name,
                 describe(value));
  static const SettingScope none;
  SettingEvaluator evaluator(none, diagnostics);
  if (!evaluator.convert(*setting, parameter.name, parameter.type))
    return {};
  return fromSetting(*setting);
}

Value Elaborator::evaluateSetting(const Expr &expr, const Parameter &parameter,
                                  Scope &scope) {
  // A formal of kind initializer stands for its argument.
  if (const auto *name = dynAs<NameExpr>(&expr))
    if (Binding *binding = scope.find(name->name))
      if (binding->value.isNamed())
        return readBinding(*binding, name->name, expr.range);
  ScopeSettings settings(scope);
  SettingEvaluator evaluator(settings, diagnostics);
  std::optional<SettingValue> value =
      evaluator.evaluate(expr, parameter.name, parameter.type);
  if (!value)
    return {};
  return value->isCall() ? Value::ofNamed(std::move(*value))
                         : fromSetting(*value);
}

Value Elaborator::defaultValue(const Parameter &parameter) {
  if (!parameter.defaultValue)
    return Value::none();
  if (parameter.type.accepts(FunctionKind))
    return lookUpBuiltin(parameter.defaultText);
  static const SettingScope none;
  SettingEvaluator evaluator(none, diagnostics);
  SettingValue value = evaluator.defaultOf(parameter);
  return value.isCall() ? Value::ofNamed(std::move(value)) : fromSetting(value);
}

//===----------------------------------------------------------------------===//
// Functions as values
//===----------------------------------------------------------------------===//

Value Elaborator::evaluateFunction(const Expr &expr, Scope &scope,
                                   const std::string &wantedBy) {
  if (const auto *call = dynAs<CallExpr>(&expr);
      call && !call->calleeName().empty()) {
    Value callee = lookUp(call->calleeName(), call->callee->range, scope);
    if (callee.isPoison())
      return callee;
    if (!callee.isFunction())
      return error(call->callee->range, ErrorCode::notCallable,
                   call->calleeName(), describe(callee));
    return makeClosure(*callee.function, *call, scope);
  }
  Value value = evaluate(expr, scope);
  if (value.isPoison() || value.isFunction())
    return value;
  return error(expr.range, ErrorCode::wrongKind, wantedBy,
               "a function or layer", describe(value));
}

Value Elaborator::makeClosure(const Closure &callee, const CallExpr &call,
                              Scope &scope) {
  if (!callee.settings.empty() || !callee.path.empty())
    return error(call.range, ErrorCode::notCallable, callee.name(),
                 "a layer that has its settings already");
  auto closure = std::make_shared<Closure>(callee);
  closure->range = call.range;
  if (callee.builtin && !callee.builtin->isSupported)
    return error(call.range, ErrorCode::unsupported, describeCallee(callee));
  std::vector<Parameter> parameters = parametersOfClosure(callee);
  std::optional<ResolvedArguments> resolved =
      resolveArguments(callee.name(), parameters, call.arguments, call.range,
                       ArgumentMode::SettingsOnly, diagnostics);
  if (!resolved)
    return {};
  closure->settings.resize(parameters.size());
  bool poison = false;
  for (size_t i = 0; i < parameters.size(); ++i)
    if (const Argument *argument = resolved->byParameter[i]) {
      Value value = evaluateArgument(*argument->value, parameters[i], scope);
      poison |= value.isPoison();
      closure->settings[i] = std::move(value);
    }
  for (const Argument *argument : resolved->variadic) {
    Value layer = evaluateFunction(*argument->value, scope, "layers");
    poison |= layer.isPoison();
    if (!layer.isPoison())
      closure->layers.push_back(layer.function);
  }
  return poison ? Value() : Value::ofFunction(std::move(closure));
}

//===----------------------------------------------------------------------===//
// Application
//===----------------------------------------------------------------------===//

Value Elaborator::apply(const Closure &closure,
                        const std::vector<Value> &tensors,
                        const std::string &segment, SourceRange range) {
  std::vector<Parameter> parameters = parametersOfClosure(closure);
  std::vector<std::optional<Value>> values(
      std::max(parameters.size(), tensors.size()));
  if (!closure.layers.empty()) {
    values.front() = tensors.front();
    return invoke(closure, std::move(values), segment, range);
  }
  size_t next = 0;
  for (size_t i = 0; i < parameters.size(); ++i)
    if (parameters[i].isTensor() && !parameters[i].defaultValue &&
        next < tensors.size())
      values[i] = tensors[next++];
  if (next < tensors.size())
    return error(range, ErrorCode::notCallable, closure.name(),
                 fmt::format("no function of {} tensor{}", tensors.size(),
                             tensors.size() == 1 ? "" : "s"));
  return invoke(closure, std::move(values), segment, range);
}

Value Elaborator::invoke(const Closure &closure,
                         std::vector<std::optional<Value>> values,
                         const std::string &segment, SourceRange range) {
  std::vector<Parameter> parameters = parametersOfClosure(closure);
  for (size_t i = 0; i < closure.settings.size(); ++i)
    if (!values[i] && closure.settings[i])
      values[i] = closure.settings[i];
  if (callDepth >= maxCallDepth)
    return error(range, ErrorCode::callsTooDeep, maxCallDepth);
  ++callDepth;
  Value result;
  if (!closure.path.empty()) {
    // A net: all its calls enter the same scope, wherever they stand.
    size_t point = closure.path.rfind('.');
    PathScope outside(graph, point == std::string::npos
                                 ? std::string()
                                 : closure.path.substr(0, point));
    std::string name =
        closure.path.substr(point == std::string::npos ? 0 : point + 1);
    Closure layer = closure;
    layer.path.clear();
    SharedScope shared(graph);
    result = invoke(layer, std::move(values), name, range);
  } else if (!closure.layers.empty()) {
    result = invokeChain(closure, *values.front(), segment, range);
  } else {
    for (size_t i = 0; i < parameters.size(); ++i)
      if (!values[i] && !parameters[i].defaultValue) {
        --callDepth;
        return error(range, ErrorCode::missingArgument, closure.name(),
                     parameters[i].name, parameters[i].type.describe());
      }
    result = closure.builtin
                 ? invokeBuiltin(closure, std::move(values), segment, range)
                 : invokeFunction(closure, std::move(values), segment, range);
  }
  --callDepth;
  return result;
}

Value Elaborator::invokeChain(const Closure &closure, const Value &x,
                              const std::string &segment, SourceRange range) {
  LayerScope scope(&graph.implementation(), "chain", segment);
  reportGraphError();
  Value value = x;
  for (size_t i = 0; i < closure.layers.size() && !value.isPoison(); ++i)
    value = apply(*closure.layers[i], {value}, std::to_string(i), range);
  if (value.isTensor())
    scope.finish(value.tensor);
  return value;
}

Value Elaborator::invokeBuiltin(const Closure &closure,
                                std::vector<std::optional<Value>> values,
                                const std::string &segment, SourceRange range) {
  const Builtin &builtin = *closure.builtin;
  BuiltinHandler handler = findHandler(builtin);
  if (!builtin.isSupported || !handler)
    return error(range, ErrorCode::unsupported, describeCallee(closure));
  std::vector<Value> filled;
  for (size_t i = 0; i < builtin.parameters.size(); ++i)
    filled.push_back(values[i] ? std::move(*values[i])
                               : defaultValue(builtin.parameters[i]));
  PlaceScope place(graph, range.position());
  BuiltinCall call(*this, builtin, std::move(filled), segment, range);
  Value result = handler(call);
  reportGraphError();
  return result;
}

Value Elaborator::invokeFunction(const Closure &closure,
                                 std::vector<std::optional<Value>> values,
                                 const std::string &segment,
                                 SourceRange range) {
  const Function &function = *closure.function;
  Frame frame{closure.file, closure.model, &function};
  Scope scope(frame);
  std::vector<Parameter> parameters = nnc::parametersOf(function);
  if (!bindSettings(function, parameters, values, scope, range))
    return {};
  std::vector<Value> tensors;
  for (size_t i = 0; i < parameters.size(); ++i)
    if (parameters[i].isTensor())
      tensors.push_back(*values[i]);
  if (!bindTensors(function, tensors, scope, range))
    return {};

  // A fn is one instance however often it is called; its path is its own.
  std::optional<PathScope> outside;
  if (closure.model)
    outside.emplace(graph, "");
  PlaceScope place(graph, range.position());
  LayerScope layer(&graph.implementation(), function.name.text,
                   closure.model ? function.name.text : segment,
                   closure.model ? LayerScope::Use::Shared
                                 : LayerScope::Use::Once);
  reportGraphError();
  std::optional<std::vector<Value>> results = runBody(function, scope);
  if (!results)
    return {};
  if (results->front().isTensor())
    layer.finish(results->front().tensor);
  return Value::ofResults(std::move(*results));
}

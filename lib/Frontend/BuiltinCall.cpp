//===- BuiltinCall.cpp - The arguments of a built-in's call ---------------===//

#include "Elaborator.h"

using namespace nnc;
using namespace nnc::frontend;

BuiltinCall::BuiltinCall(Elaborator &elaborator, const Builtin &builtin,
                         std::vector<Value> values, std::string segment,
                         SourceRange range)
    : elaborator(elaborator), graph(elaborator.graph), builtin(builtin),
      values(std::move(values)), segment(std::move(segment)), range(range) {
  // A function of numbers alone is one of scalar tensors.
  const Value *tensor = nullptr;
  Value *number = nullptr;
  for (size_t i = 0; i < this->values.size(); ++i) {
    if (!builtin.parameters[i].isTensor())
      continue;
    Value &value = this->values[i];
    if (value.isTensor() || value.isList())
      tensor = &value;
    else if (!number && (value.isInt() || value.isFloat()))
      number = &value;
  }
  if (tensor || !number)
    return;
  Operand operand = elaborator.toOperand(*number, elaborator.floatType);
  *number = Value::ofTensor(
      operand.isNumber ? full(graph, {}, operand.number, elaborator.floatType)
                       : operand.tensor);
}

Operand BuiltinCall::operand(const char *parameter) const {
  ElementType type = elaborator.floatType;
  for (size_t i = 0; i < values.size(); ++i)
    if (builtin.parameters[i].isTensor() && values[i].isTensor())
      type = values[i].tensor.elementType();
  return elaborator.toOperand(value(parameter), type);
}

Tensor BuiltinCall::tensor(const char *parameter) const {
  const Value &given = value(parameter);
  if (given.isTensor())
    return given.tensor;
  Operand operand = elaborator.toOperand(given, elaborator.floatType);
  if (!operand.isNumber)
    return operand.tensor;
  return full(graph, {}, operand.number, elaborator.floatType);
}

std::vector<int64_t> BuiltinCall::integers(const char *parameter) const {
  const Value &given = value(parameter);
  if (given.isInt())
    return {given.dim.constant()};
  std::vector<int64_t> result;
  for (const Value &element : given.elements)
    result.push_back(element.dim.constant());
  return result;
}

Axes BuiltinCall::axes(const char *parameter) const {
  return isGiven(parameter) ? Axes(integers(parameter)) : Axes();
}

std::optional<std::vector<Dim>> BuiltinCall::shape(const char *parameter) {
  std::vector<Dim> shape;
  for (const Value &element : value(parameter).elements) {
    if (!element.isInt()) {
      elaborator.error(range, ErrorCode::wrongKind, parameter,
                       "a list of sizes", "a list with " + describe(element));
      return std::nullopt;
    }
    shape.push_back(element.dim);
  }
  return shape;
}

std::optional<std::vector<Tensor>> BuiltinCall::tensors(const char *parameter) {
  const Value &given = value(parameter);
  std::vector<Tensor> result;
  if (given.isTensor()) {
    result.push_back(given.tensor);
    return result;
  }
  for (const Value &element : given.elements) {
    if (!element.isTensor()) {
      elaborator.error(range, ErrorCode::wrongKind, parameter,
                       "a list of tensors", "a list with " + describe(element));
      return std::nullopt;
    }
    result.push_back(element.tensor);
  }
  if (result.empty()) {
    elaborator.error(range, ErrorCode::emptyList, builtin.name);
    return std::nullopt;
  }
  return result;
}

Initializer BuiltinCall::initializer(const char *parameter) const {
  return {print(value(parameter).named)};
}

Regularizer BuiltinCall::regularizer(const char *parameter) const {
  if (!isGiven(parameter))
    return {};
  const SettingValue &named = value(parameter).named;
  if (named.isCall("l1"))
    return {named.argument("factor").toDouble(), 0};
  if (named.isCall("l2"))
    return {0, named.argument("factor").toDouble()};
  return {named.argument("l1").toDouble(), named.argument("l2").toDouble()};
}

Constraint BuiltinCall::constraint(const char *parameter) const {
  if (!isGiven(parameter))
    return {};
  const SettingValue &named = value(parameter).named;
  if (named.isCall("max_norm"))
    return maxNorm(named.argument("limit").toDouble());
  return named.isCall("unit_norm") ? unitNorm() : nonNegative();
}

Activation BuiltinCall::activation(const char *parameter) const {
  std::shared_ptr<const Closure> closure = value(parameter).function;
  return [this, closure](const Tensor &x) {
    return elaborator.apply(*closure, {Value::ofTensor(x)}, "", range).tensor;
  };
}

WeightOptions BuiltinCall::weights(bool hasBias) const {
  WeightOptions options;
  options.weightInitializer = initializer("weight_initializer");
  options.weightRegularizer = regularizer("weight_regularizer");
  options.weightConstraint = constraint("weight_constraint");
  if (hasBias) {
    options.biasInitializer = initializer("bias_initializer");
    options.biasRegularizer = regularizer("bias_regularizer");
  }
  return options;
}

std::string BuiltinCall::name() const {
  if (builtin.indexOf("name") >= 0 && isGiven("name"))
    return text("name");
  return segment;
}

Value BuiltinCall::result(const Tensor &tensor) const {
  return Value::ofTensor(tensor);
}

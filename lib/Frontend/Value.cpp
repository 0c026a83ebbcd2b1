//===- Value.cpp - What expressions of a model evaluate to ----------------===//

#include "Value.h"
#include "nnc/Language/Printer.h"

using namespace nnc;
using namespace nnc::frontend;

std::string frontend::describe(const Value &value) {
  switch (value.kind) {
  case Value::Kind::Poison:
    return "an error";
  case Value::Kind::None:
    return "none";
  case Value::Kind::Bool:
    return value.boolean ? "the bool true" : "the bool false";
  case Value::Kind::Int:
    return value.dim.isConstant() ? "the int " + value.dim.str()
                                  : "the open size " + value.dim.str();
  case Value::Kind::Float:
    return "the float " + printFloat(value.number);
  case Value::Kind::String:
    return "the string " + printString(value.text);
  case Value::Kind::List:
    return "a list";
  case Value::Kind::Tensor:
    return value.tensor.str();
  case Value::Kind::Function:
    return "a function";
  case Value::Kind::Named:
    return describeKind(value.named);
  case Value::Kind::Type:
    return "an element type";
  case Value::Kind::Results:
    return fmt::format("{} results", value.elements.size());
  }
  return "";
}

std::optional<SettingValue> frontend::toSetting(const Value &value,
                                                SourceRange range) {
  SettingValue result;
  switch (value.kind) {
  case Value::Kind::None:
    break;
  case Value::Kind::Bool:
    result = SettingValue::ofBool(value.boolean);
    break;
  case Value::Kind::Int:
    if (!value.dim.isConstant())
      return std::nullopt;
    result = SettingValue::ofInt(value.dim.constant());
    break;
  case Value::Kind::Float:
    result = SettingValue::ofFloat(value.number);
    break;
  case Value::Kind::String:
    result = SettingValue::ofString(value.text);
    break;
  case Value::Kind::List: {
    std::vector<SettingValue> elements;
    for (const Value &element : value.elements) {
      std::optional<SettingValue> setting = toSetting(element, range);
      if (!setting)
        return std::nullopt;
      elements.push_back(std::move(*setting));
    }
    result = SettingValue::ofList(std::move(elements));
    break;
  }
  case Value::Kind::Named:
    result = value.named;
    break;
  case Value::Kind::Poison:
  case Value::Kind::Tensor:
  case Value::Kind::Function:
  case Value::Kind::Type:
  case Value::Kind::Results:
    return std::nullopt;
  }
  result.range = range;
  return result;
}

Value frontend::fromSetting(const SettingValue &value) {
  switch (value.kind) {
  case SettingValue::Kind::None:
    return Value::none();
  case SettingValue::Kind::Bool:
    return Value::ofBool(value.boolean);
  case SettingValue::Kind::Int:
    return Value::ofInt(value.integer);
  case SettingValue::Kind::Float:
    return Value::ofFloat(value.number);
  case SettingValue::Kind::String:
    return Value::ofString(value.text);
  case SettingValue::Kind::List: {
    std::vector<Value> elements;
    for (const SettingValue &element : value.elements)
      elements.push_back(fromSetting(element));
    return Value::ofList(std::move(elements));
  }
  case SettingValue::Kind::Call:
  case SettingValue::Kind::Name:
    return Value::ofNamed(value);
  }
  return {};
}

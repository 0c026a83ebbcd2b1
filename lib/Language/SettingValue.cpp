//===- SettingValue.cpp - Making, comparing and printing settings ---------===//

#include "nnc/Language/Printer.h"
#include "nnc/Language/Settings.h"
#include <cassert>

using namespace nnc;

const SettingValue &SettingValue::argument(std::string_view name) const {
  static const SettingValue absent;
  int index = builtin ? builtin->indexOf(name) : -1;
  assert(index >= 0 && "the built-in has no such parameter");
  return index >= 0 ? elements[static_cast<size_t>(index)] : absent;
}

SettingValue SettingValue::ofBool(bool value) {
  SettingValue result;
  result.kind = Kind::Bool;
  result.boolean = value;
  return result;
}

SettingValue SettingValue::ofInt(int64_t value) {
  SettingValue result;
  result.kind = Kind::Int;
  result.integer = value;
  return result;
}

SettingValue SettingValue::ofFloat(double value) {
  SettingValue result;
  result.kind = Kind::Float;
  result.number = value;
  return result;
}

SettingValue SettingValue::ofString(std::string value) {
  SettingValue result;
  result.kind = Kind::String;
  result.text = std::move(value);
  return result;
}

SettingValue SettingValue::ofName(std::string name) {
  SettingValue result;
  result.kind = Kind::Name;
  result.text = std::move(name);
  return result;
}

SettingValue SettingValue::ofList(std::vector<SettingValue> elements) {
  SettingValue result;
  result.kind = Kind::List;
  for (const SettingValue &element : elements)
    result.size += element.size;
  result.elements = std::move(elements);
  return result;
}

bool nnc::operator==(const SettingValue &a, const SettingValue &b) {
  if (a.kind != b.kind)
    return false;
  switch (a.kind) {
  case SettingValue::Kind::None:
    return true;
  case SettingValue::Kind::Bool:
    return a.boolean == b.boolean;
  case SettingValue::Kind::Int:
    return a.integer == b.integer;
  case SettingValue::Kind::Float:
    return a.number == b.number;
  case SettingValue::Kind::String:
  case SettingValue::Kind::Name:
    return a.text == b.text;
  case SettingValue::Kind::Call:
    return a.builtin == b.builtin && a.elements == b.elements;
  case SettingValue::Kind::List:
    return a.elements == b.elements;
  }
  return false;
}

static std::string joined(const std::vector<SettingValue> &values) {
  std::string text;
  for (const SettingValue &value : values)
    text += (text.empty() ? "" : ", ") + print(value);
  return text;
}

static std::string printCall(const SettingValue &call) {
  static const SettingScope noScope;
  std::string arguments;
  Diagnostics ignored;
  SettingEvaluator evaluator(noScope, ignored);
  for (size_t i = 0; i < call.elements.size(); ++i) {
    const Parameter &parameter = call.builtin->parameters[i];
    if (parameter.isTensor() ||
        (parameter.defaultValue &&
         call.elements[i] == evaluator.defaultOf(parameter)))
      continue;
    arguments += arguments.empty() ? "" : ", ";
    arguments += parameter.variadic ? joined(call.elements[i].elements)
                                    : fmt::format("{} = {}", parameter.name,
                                                  print(call.elements[i]));
  }
  return arguments.empty()
             ? call.builtin->name
             : fmt::format("{}({})", call.builtin->name, arguments);
}

std::string nnc::print(const SettingValue &value) {
  switch (value.kind) {
  case SettingValue::Kind::None:
    return "none";
  case SettingValue::Kind::Bool:
    return value.boolean ? "true" : "false";
  case SettingValue::Kind::Int:
    return std::to_string(value.integer);
  case SettingValue::Kind::Float:
    return printFloat(value.number);
  case SettingValue::Kind::String:
    return printString(value.text);
  case SettingValue::Kind::Name:
    return printName(value.text);
  case SettingValue::Kind::Call:
    return printCall(value);
  case SettingValue::Kind::List:
    return "[" + joined(value.elements) + "]";
  }
  return "";
}

std::string nnc::describeKind(const SettingValue &value) {
  switch (value.kind) {
  case SettingValue::Kind::None:
  case SettingValue::Kind::Bool:
    return print(value);
  case SettingValue::Kind::Int:
    return "the int " + print(value);
  case SettingValue::Kind::Float:
    return "the float " + print(value);
  case SettingValue::Kind::String:
    return "the string " + (value.text.size() > 60
                                ? printString(value.text.substr(0, 60)) + "…"
                                : print(value));
  case SettingValue::Kind::Name:
    return fmt::format("'{}'", value.text);
  case SettingValue::Kind::Call:
    return fmt::format("the {} {}", nameOf(value.builtin->kind),
                       value.builtin->name);
  case SettingValue::Kind::List:
    return "a list";
  }
  return "";
}

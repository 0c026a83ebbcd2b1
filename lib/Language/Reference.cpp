//===- Reference.cpp - The built-in names as a document -------------------===//

#include "nnc/Language/Reference.h"
#include <algorithm>
#include <iterator>

using namespace nnc;

namespace {

struct Family {
  BuiltinKind kind;
  const char *title;
};
constexpr Family families[] = {
    {BuiltinKind::Layer, "Layers"},
    {BuiltinKind::Function, "Functions"},
    {BuiltinKind::SettingFunction, "Functions of settings"},
    {BuiltinKind::Loss, "Losses"},
    {BuiltinKind::Initializer, "Initializers"},
    {BuiltinKind::Regularizer, "Regularizers"},
    {BuiltinKind::Constraint, "Constraints"},
    {BuiltinKind::Optimizer, "Optimizers"},
    {BuiltinKind::Schedule, "Schedules"},
    {BuiltinKind::Metric, "Metrics"},
    {BuiltinKind::DataSource, "Data sources"},
    {BuiltinKind::DataTransform, "Data transforms"},
    {BuiltinKind::EarlyStopping, "Early stopping"},
    {BuiltinKind::Average, "Averages of parameters"},
};

constexpr const char *weightSettings[] = {
    "weight_initializer", "bias_initializer",  "weight_regularizer",
    "bias_regularizer",   "weight_constraint", "name"};

bool isWeightSetting(const Parameter &parameter) {
  return std::find(std::begin(weightSettings), std::end(weightSettings),
                   parameter.name) != std::end(weightSettings);
}

std::string parameterText(const Parameter &parameter) {
  std::string text = parameter.name;
  if (parameter.variadic)
    text += ", …";
  if (!parameter.defaultText.empty())
    text += " = " + parameter.defaultText;
  return text;
}

/// \p text for a cell of a table, where `|` would end it.
std::string cell(const std::string &text) {
  std::string result;
  for (char c : text)
    result += c == '|' ? std::string("\\|") : std::string(1, c);
  return result;
}

std::string kindsText(const Parameter &parameter) {
  std::string text = parameter.type.describe();
  std::string bounds = parameter.type.describeBounds();
  return bounds.empty() ? text : text + ", " + bounds;
}

std::string settingsText(const Builtin &builtin) {
  std::string text;
  for (const Parameter &parameter : builtin.parameters) {
    if (parameter.isTensor() || isWeightSetting(parameter))
      continue;
    text += text.empty() ? "" : "; ";
    text += fmt::format("`{}`: {}", parameter.name, kindsText(parameter));
    if (parameter.keywordOnly)
      text += ", by name only";
  }
  return text;
}

void addFamily(std::string &out, const Family &family) {
  out += fmt::format("\n## {}\n\n| call | what it is | settings |\n"
                     "| --- | --- | --- |\n",
                     family.title);
  for (const Builtin &builtin : builtins())
    if (builtin.kind == family.kind)
      out += fmt::format("| `{}` | {}{} | {} |\n", signatureText(builtin),
                         cell(builtin.summary),
                         builtin.isSupported ? "" : " (not supported yet)",
                         cell(settingsText(builtin)));
}

void addWeightSettings(std::string &out) {
  out += "\n## Settings of layers with weights\n\n"
         "Layers with a `weight_initializer` in their own settings also take, "
         "as far as they\nhave such parameters:\n\n"
         "| setting | value |\n| --- | --- |\n";
  const Builtin *dense = findBuiltin(BuiltinKind::Layer, "dense");
  for (const Parameter &parameter : dense->parameters)
    if (isWeightSetting(parameter))
      out += fmt::format("| `{}` | {} |\n", parameterText(parameter),
                         cell(kindsText(parameter)));
}

void addTrainSettings(std::string &out) {
  out += "\n## Settings of `train` and `step`\n\n"
         "| setting | where | what it is | value |\n"
         "| --- | --- | --- | --- |\n";
  for (const SettingInfo &info : trainSettingInfos())
    out += fmt::format(
        "| `{}` | {} | {}{} | {} |\n", cell(parameterText(info.parameter)),
        info.inTrain && info.inStep ? "both"
        : info.inTrain              ? "train"
                                    : "step",
        cell(info.summary), info.isSupported ? "" : " (not supported yet)",
        cell(kindsText(info.parameter)));
}

} // namespace

std::string nnc::signatureText(const Builtin &builtin) {
  std::string parameters;
  bool hasWeights = builtin.indexOf("weight_initializer") >= 0;
  for (const Parameter &parameter : builtin.parameters) {
    if (hasWeights && isWeightSetting(parameter))
      continue;
    parameters += parameters.empty() ? "" : ", ";
    parameters += parameterText(parameter);
  }
  if (hasWeights)
    parameters += ", …";
  return parameters.empty() ? builtin.name
                            : fmt::format("{}({})", builtin.name, parameters);
}

std::string nnc::languageReference() {
  std::string out =
      "<!-- Written by the target nnc-doc from Builtins.def. -->\n\n"
      "# Built-in names of the nnc language\n\n"
      "What each call takes, with its defaults. [Language.md](../Language.md) "
      "explains the\nlanguage, shapes and formulas. `…` at the end of a "
      "layer's "
      "settings stands for\nthose of [all layers with weights]"
      "(#settings-of-layers-with-weights).\n";
  for (const Family &family : families) {
    addFamily(out, family);
    if (family.kind == BuiltinKind::Layer)
      addWeightSettings(out);
  }
  addTrainSettings(out);
  return out;
}

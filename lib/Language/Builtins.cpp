//===- Builtins.cpp - The table of built-in names -------------------------===//

#include "nnc/Language/Builtins.h"
#include "nnc/Language/Parser.h"
#include <cassert>
#include <cstdlib>
#include <deque>
#include <map>

using namespace nnc;

namespace {

struct KindWord {
  const char *word;
  KindSet kind;
  /// With its article, and in the plural.
  const char *one;
  const char *many;
};
constexpr KindWord kindWords[] = {
    {"bool", BoolKind, "a bool", "bools"},
    {"int", IntKind, "an int", "ints"},
    {"float", FloatKind, "a float", "floats"},
    {"string", StringKind, "a string", "strings"},
    {"list", ListKind, "a list", "lists"},
    {"tensor", TensorKind, "a tensor", "tensors"},
    {"type", TypeKind, "an element type", "element types"},
    {"function", FunctionKind, "a function or layer", "functions or layers"},
    {"initializer", InitializerKind, "an initializer", "initializers"},
    {"regularizer", RegularizerKind, "a regularizer", "regularizers"},
    {"constraint", ConstraintKind, "a constraint", "constraints"},
    {"optimizer", OptimizerKind, "an optimizer", "optimizers"},
    {"schedule", ScheduleKind, "a schedule", "schedules"},
    {"loss", LossKind, "a loss", "losses"},
    {"metric", MetricKind, "a metric", "metrics"},
    {"data", DataSourceKind, "a data source", "data sources"},
    {"transform", DataTransformKind, "a data transform", "data transforms"},
    {"stopping", EarlyStoppingKind, "patience(…)", "patience(…)"},
    {"average", AverageKind, "ema(…)", "ema(…)"},
    {"net", NetKind, "a net", "nets"},
    {"none", NoneKind, "none", "none"},
};

/// Reads the parameter lists of Builtins.def. The table is part of the
/// program, so what it cannot read is a mistake of ours; the tests read all.
class SignatureReader {
public:
  explicit SignatureReader(std::string_view text) : text(text) {}

  std::vector<Parameter> parameters() {
    std::vector<Parameter> result;
    bool keywordOnly = false;
    while (skipBlanks(), position < text.size()) {
      if (takeIf('*')) {
        keywordOnly = true;
      } else {
        Parameter parameter;
        parameter.name = word();
        parameter.keywordOnly = keywordOnly;
        bool colon = takeIf(':');
        assert(colon && "a parameter of the table has no type");
        if (!colon)
          break;
        typeAndDefault(parameter);
        result.push_back(std::move(parameter));
      }
      if (!takeIf(','))
        break;
    }
    assert(position == text.size() && "the table's signature has more text");
    return result;
  }

  void typeAndDefault(Parameter &parameter) {
    alternatives(parameter.type);
    parameter.variadic = takeIf("...");
    bounds(parameter.type);
    if (!takeIf('='))
      return;
    skipBlanks();
    size_t begin = position;
    unsigned depth = 0;
    for (; position < text.size(); ++position) {
      char c = text[position];
      if (c == '"')
        position = text.find('"', position + 1);
      else if (c == '(' || c == '[')
        ++depth;
      else if (c == ')' || c == ']')
        --depth;
      else if (c == ',' && depth == 0)
        break;
    }
    parameter.defaultText = text.substr(begin, position - begin);
    // The table lives as long as the program, and so do its defaults.
    static std::deque<ParsedExpr> defaults;
    Expected<ParsedExpr> parsed = parseExpression(parameter.defaultText);
    assert(parsed && "a default of the table does not parse");
    if (parsed)
      parameter.defaultValue =
          defaults.emplace_back(std::move(*parsed)).expr.get();
  }

private:
  void skipBlanks() {
    while (position < text.size() && text[position] == ' ')
      ++position;
  }
  bool takeIf(std::string_view sign) {
    skipBlanks();
    if (text.substr(position, sign.size()) != sign)
      return false;
    position += sign.size();
    return true;
  }
  bool takeIf(char sign) { return takeIf(std::string_view(&sign, 1)); }

  std::string word() {
    skipBlanks();
    size_t begin = position;
    while (position < text.size() &&
           (isalnum(static_cast<unsigned char>(text[position])) ||
            text[position] == '_'))
      ++position;
    return std::string(text.substr(begin, position - begin));
  }

  void alternatives(ValueType &type) {
    do {
      if (takeIf('"')) {
        size_t end = text.find('"', position);
        type.kinds |= StringKind;
        type.choices.emplace_back(text.substr(position, end - position));
        position = end + 1;
      } else if (takeIf('[')) {
        ValueType elements;
        alternatives(elements);
        bool closed = takeIf(']');
        assert(closed && "a list type of the table is open");
        (void)closed;
        type.kinds |= ListKind;
        type.elementKinds = elements.kinds;
      } else {
        KindSet kind = kindOf(word());
        assert(kind && "unknown type in the table");
        type.kinds |= kind;
      }
    } while (takeIf('|'));
  }

  static KindSet kindOf(const std::string &name) {
    for (const KindWord &row : kindWords)
      if (name == row.word)
        return row.kind;
    return 0;
  }

  void bounds(ValueType &type) {
    while (true) {
      if (takeIf(">=")) {
        type.minimum = number();
      } else if (takeIf('>')) {
        type.minimum = number();
        type.minimumOpen = true;
      } else if (takeIf("<=")) {
        type.maximum = number();
      } else if (takeIf('<')) {
        type.maximum = number();
        type.maximumOpen = true;
      } else {
        return;
      }
    }
  }

  double number() {
    size_t begin = position;
    while (position < text.size() &&
           (isdigit(static_cast<unsigned char>(text[position])) ||
            text[position] == '.'))
      ++position;
    return std::strtod(
        std::string(text.substr(begin, position - begin)).c_str(), nullptr);
  }

  std::string_view text;
  size_t position = 0;
};

enum class Place { train, step, both };

struct BuiltinRow {
  BuiltinKind kind;
  const char *name;
  bool isSupported;
  const char *parameters;
  const char *summary;
};
struct SettingRow {
  const char *name;
  Place place;
  bool isSupported;
  const char *type;
  const char *summary;
};

constexpr bool yes = true, no = false;

constexpr BuiltinRow builtinRows[] = {
#define NNC_BUILTIN(KIND, NAME, SUPPORTED, PARAMETERS, SUMMARY)                \
  {BuiltinKind::KIND, #NAME, SUPPORTED, PARAMETERS, SUMMARY},
#include "nnc/Language/Builtins.def"
};
constexpr SettingRow settingRows[] = {
#define NNC_SETTING(NAME, WHERE, SUPPORTED, TYPE, SUMMARY)                     \
  {#NAME, Place::WHERE, SUPPORTED, TYPE, SUMMARY},
#include "nnc/Language/Builtins.def"
};

/// "a", "a or b", "a, b or c".
std::string joinWithOr(const std::vector<std::string> &parts) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0)
      text += i + 1 == parts.size() ? " or " : ", ";
    text += parts[i];
  }
  return text;
}

} // namespace

const char *nnc::nameOf(BuiltinKind kind) {
  switch (kind) {
  case BuiltinKind::Layer:
    return "layer";
  case BuiltinKind::Function:
    return "function";
  case BuiltinKind::SettingFunction:
    return "function of settings";
  case BuiltinKind::Loss:
    return "loss";
  case BuiltinKind::Initializer:
    return "initializer";
  case BuiltinKind::Regularizer:
    return "regularizer";
  case BuiltinKind::Constraint:
    return "constraint";
  case BuiltinKind::Optimizer:
    return "optimizer";
  case BuiltinKind::Schedule:
    return "schedule";
  case BuiltinKind::Metric:
    return "metric";
  case BuiltinKind::DataSource:
    return "data source";
  case BuiltinKind::DataTransform:
    return "data transform";
  case BuiltinKind::EarlyStopping:
    return "early stopping";
  case BuiltinKind::Average:
    return "average";
  }
  return "";
}

std::string ValueType::describe() const {
  std::vector<std::string> parts;
  for (const std::string &choice : choices)
    parts.push_back('"' + choice + '"');
  for (const KindWord &row : kindWords) {
    if (!accepts(row.kind) || (row.kind == StringKind && !choices.empty()))
      continue;
    if (row.kind != ListKind || elementKinds == 0) {
      parts.push_back(row.one);
      continue;
    }
    std::vector<std::string> elements;
    for (const KindWord &element : kindWords)
      if (elementKinds & element.kind)
        elements.push_back(element.many);
    parts.push_back("a list of " + joinWithOr(elements));
  }
  return joinWithOr(parts);
}

std::string ValueType::describeBounds() const {
  std::string text;
  if (minimum > -std::numeric_limits<double>::infinity())
    text =
        fmt::format("{} {}", minimumOpen ? "more than" : "at least", minimum);
  if (maximum < std::numeric_limits<double>::infinity())
    text += fmt::format("{}{} {}", text.empty() ? "" : " and ",
                        maximumOpen ? "less than" : "at most", maximum);
  return text;
}

int Builtin::indexOf(std::string_view name) const {
  for (size_t i = 0; i < parameters.size(); ++i)
    if (parameters[i].name == name)
      return static_cast<int>(i);
  return -1;
}

const std::vector<Builtin> &nnc::builtins() {
  static const std::vector<Builtin> table = [] {
    std::vector<Builtin> result;
    for (const BuiltinRow &row : builtinRows)
      result.push_back({row.kind, row.name, row.isSupported,
                        SignatureReader(row.parameters).parameters(),
                        row.summary});
    return result;
  }();
  return table;
}

const Builtin *nnc::findBuiltin(BuiltinKind kind, std::string_view name) {
  using Key = std::pair<BuiltinKind, std::string_view>;
  static const std::map<Key, const Builtin *> index = [] {
    std::map<Key, const Builtin *> result;
    for (const Builtin &row : builtins())
      result.emplace(Key(row.kind, row.name), &row);
    return result;
  }();
  auto found = index.find({kind, name});
  return found == index.end() ? nullptr : found->second;
}

std::vector<std::string> nnc::builtinNames(BuiltinKind kind) {
  std::vector<std::string> names;
  for (const Builtin &row : builtins())
    if (row.kind == kind)
      names.push_back(row.name);
  return names;
}

const std::vector<SettingInfo> &nnc::trainSettingInfos() {
  static const std::vector<SettingInfo> table = [] {
    std::vector<SettingInfo> result;
    for (const SettingRow &row : settingRows) {
      SettingInfo info;
      info.parameter.name = row.name;
      SignatureReader(row.type).typeAndDefault(info.parameter);
      info.inTrain = row.place != Place::step;
      info.inStep = row.place != Place::train;
      info.isSupported = row.isSupported;
      info.summary = row.summary;
      result.push_back(std::move(info));
    }
    return result;
  }();
  return table;
}

const SettingInfo *nnc::findSetting(std::string_view name) {
  for (const SettingInfo &info : trainSettingInfos())
    if (info.parameter.name == name)
      return &info;
  return nullptr;
}

std::vector<Parameter> nnc::parametersOf(const ast::Function &function) {
  std::vector<Parameter> result;
  for (const ast::Formal &formal : function.signature.formals) {
    Parameter &parameter = result.emplace_back();
    parameter.name = formal.name.text;
    parameter.defaultValue = formal.defaultValue.get();
    if (parameter.defaultValue)
      parameter.defaultText = parameter.defaultValue->range.text();
    if (formal.isTensor()) {
      parameter.type.kinds = TensorKind;
      continue;
    }
    switch (formal.settingKind) {
    case ast::SettingKind::Int:
      parameter.type.kinds = IntKind;
      break;
    case ast::SettingKind::Float:
      parameter.type.kinds = FloatKind;
      break;
    case ast::SettingKind::Bool:
      parameter.type.kinds = BoolKind;
      break;
    case ast::SettingKind::String:
      parameter.type.kinds = StringKind;
      break;
    case ast::SettingKind::List:
      parameter.type.kinds = ListKind;
      break;
    case ast::SettingKind::Function:
      parameter.type.kinds = FunctionKind;
      break;
    case ast::SettingKind::Initializer:
      parameter.type.kinds = InitializerKind;
      break;
    }
  }
  return result;
}

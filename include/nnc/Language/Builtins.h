//===- Builtins.h - The table of built-in names -----------------*- C++ -*-===//
//
// Every layer, function, loss, initialiser, optimiser, … of the language with
// its parameters, from the one table Builtins.def: argument resolution,
// nearest names, defaults and the documentation's check read it.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LANGUAGE_BUILTINS_H
#define NNC_LANGUAGE_BUILTINS_H

#include "nnc/Language/AST.h"
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace nnc {

/// The families of built-in names. A name may be in several.
enum class BuiltinKind : uint8_t {
  Layer,
  Function,
  /// Functions of settings, evaluated when a file is read: len, min, …
  SettingFunction,
  Loss,
  Initializer,
  Regularizer,
  Constraint,
  Optimizer,
  Schedule,
  Metric,
  DataSource,
  /// What may follow a data source in its list: flip, shift, …
  DataTransform,
  EarlyStopping,
  Average,
};

/// The word for a member of the family in messages, e.g. "optimizer".
const char *nameOf(BuiltinKind kind);

/// A set of kinds of values that a parameter accepts.
using KindSet = uint32_t;
enum ValueKind : KindSet {
  NoneKind = 1u << 0,
  BoolKind = 1u << 1,
  IntKind = 1u << 2,
  FloatKind = 1u << 3,
  StringKind = 1u << 4,
  ListKind = 1u << 5,
  TensorKind = 1u << 6,
  /// An element type, as in cast(x, f32).
  TypeKind = 1u << 7,
  /// A one-tensor function or a layer, as an activation.
  FunctionKind = 1u << 8,
  InitializerKind = 1u << 9,
  RegularizerKind = 1u << 10,
  ConstraintKind = 1u << 11,
  OptimizerKind = 1u << 12,
  ScheduleKind = 1u << 13,
  LossKind = 1u << 14,
  MetricKind = 1u << 15,
  DataSourceKind = 1u << 16,
  DataTransformKind = 1u << 17,
  EarlyStoppingKind = 1u << 18,
  AverageKind = 1u << 19,
  /// A `net` of the model, by name.
  NetKind = 1u << 20,
};

/// The values a parameter or setting accepts.
struct ValueType {
  KindSet kinds = 0;
  /// Of a list's elements, or 0 for any plain value.
  KindSet elementKinds = 0;
  /// If not empty: the strings accepted.
  std::vector<std::string> choices;
  /// Bounds of numbers; the open ones exclude the bound itself.
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  bool minimumOpen = false;
  bool maximumOpen = false;

  bool accepts(KindSet kind) const { return (kinds & kind) != 0; }
  /// What is accepted, as messages and the documentation say it, e.g.
  /// `"valid", "same", an int or a list`.
  std::string describe() const;
  /// The bounds, e.g. "at least 0 and less than 1"; empty without bounds.
  std::string describeBounds() const;
};

/// One parameter of a built-in or of a layer of the file.
struct Parameter {
  std::string name;
  ValueType type;
  /// The default as an expression of the language, or null if an argument is
  /// needed. A name of another parameter stands for that one's value.
  const ast::Expr *defaultValue = nullptr;
  /// The text of the default, empty without one.
  std::string defaultText;
  /// Given by name only.
  bool keywordOnly = false;
  /// The last one, taking all further positional arguments.
  bool variadic = false;

  bool isTensor() const { return type.accepts(TensorKind); }
};

/// One row of the table.
struct Builtin {
  BuiltinKind kind;
  std::string name;
  /// False for what answers "not supported yet".
  bool isSupported;
  std::vector<Parameter> parameters;
  /// One line on what it is.
  std::string summary;

  /// The index of the parameter \p name, or -1.
  int indexOf(std::string_view name) const;
};

/// One setting of `train` and `step` blocks.
struct SettingInfo {
  Parameter parameter;
  bool inTrain;
  bool inStep;
  bool isSupported;
  std::string summary;
};

/// All rows in the order of the table.
const std::vector<Builtin> &builtins();

/// The row \p name of family \p kind, or null.
const Builtin *findBuiltin(BuiltinKind kind, std::string_view name);

/// The names of a family, in the order of the table.
std::vector<std::string> builtinNames(BuiltinKind kind);

/// All settings of `train` and `step` in the order of the table.
const std::vector<SettingInfo> &trainSettingInfos();
const SettingInfo *findSetting(std::string_view name);

/// The parameters of a layer, `fn` or model of a file, for resolveArguments.
/// Defaults point into \p function, which must outlive the result.
std::vector<Parameter> parametersOf(const ast::Function &function);

} // namespace nnc

#endif // NNC_LANGUAGE_BUILTINS_H

//===- Settings.h - Values known when a file is read ------------*- C++ -*-===//
//
// Evaluates constant expressions: numbers, strings, lists, and the named
// values of the language such as adam(learning_rate = 1e-3), checked against
// the table of built-ins.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LANGUAGE_SETTINGS_H
#define NNC_LANGUAGE_SETTINGS_H

#include "nnc/Language/Arguments.h"
#include "nnc/Language/Builtins.h"
#include "nnc/Language/Diagnostics.h"
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nnc {

/// The most values a list may hold, those of its lists included.
inline constexpr size_t maxSettingSize = 1'000'000;
/// The most values that the uses of constants in one file may copy.
inline constexpr size_t maxSettingCopies = 4'000'000;

/// A setting's value. `range` points into the file it was written in, which
/// must outlive it for messages; defaults have no range.
struct SettingValue {
  enum class Kind : uint8_t {
    None,
    Bool,
    Int,
    Float,
    String,
    List,
    /// A built-in with its arguments: adam(…), csv(…), glorot_uniform.
    Call,
    /// A declaration of the file: a fn as a loss, a net.
    Name,
  };

  Kind kind = Kind::None;
  bool boolean = false;
  int64_t integer = 0;
  double number = 0;
  /// A string, or the name of a declaration.
  std::string text;
  /// What a Call calls, with one element a parameter (none where tensors
  /// stand in a call of the model; a list for a variadic parameter).
  const Builtin *builtin = nullptr;
  /// The elements of a list or the arguments of a call.
  std::vector<SettingValue> elements;
  /// Values in it, itself included; bounded by maxSettingSize.
  size_t size = 1;
  SourceRange range;

  bool isNone() const { return kind == Kind::None; }
  bool isBool() const { return kind == Kind::Bool; }
  bool isInt() const { return kind == Kind::Int; }
  bool isFloat() const { return kind == Kind::Float; }
  bool isNumber() const { return isInt() || isFloat(); }
  bool isString() const { return kind == Kind::String; }
  bool isList() const { return kind == Kind::List; }
  bool isName() const { return kind == Kind::Name; }
  /// True for a call, of \p name if one is given.
  bool isCall(std::string_view name = {}) const {
    return kind == Kind::Call && (name.empty() || builtin->name == name);
  }
  /// An int or float as a double.
  double toDouble() const {
    return isInt() ? static_cast<double>(integer) : number;
  }
  /// The argument \p name of a call; the parameter must exist.
  const SettingValue &argument(std::string_view name) const;

  static SettingValue none() { return {}; }
  static SettingValue ofBool(bool value);
  static SettingValue ofInt(int64_t value);
  static SettingValue ofFloat(double value);
  static SettingValue ofString(std::string value);
  static SettingValue ofName(std::string name);
  static SettingValue ofList(std::vector<SettingValue> elements);
};

/// \p value as an expression of the language that evaluates to it; a call
/// shows the arguments that differ from their defaults.
std::string print(const SettingValue &value);

/// Equality of values; ranges do not count, 1 and 1.0 differ.
bool operator==(const SettingValue &a, const SettingValue &b);

/// "an int", "a string", "the optimizer adam", … for messages.
std::string describeKind(const SettingValue &value);

/// What the names in a setting mean besides the built-ins.
class SettingScope {
public:
  virtual ~SettingScope() = default;

  /// The value of the constant \p name, or null.
  virtual const SettingValue *constant(const std::string &name) const;
  /// The expression behind a constant that stands for a named value, such as
  /// `const rule = adam(1e-2)`: it is evaluated where it is used. Or null.
  virtual const ast::Expr *namedConstant(const std::string &name) const;
  /// True if the file declares \p name so that it can stand for a value of
  /// one of \p kinds: a fn for LossKind, a net for NetKind.
  virtual bool isDeclared(const std::string &name, KindSet kinds) const;
  /// Names to suggest where a value of \p kinds is wanted.
  virtual std::vector<std::string> names(KindSet kinds) const;
};

/// Evaluates expressions over settings. All functions report errors to the
/// diagnostics given and then return nothing.
class SettingEvaluator {
public:
  SettingEvaluator(const SettingScope &scope, Diagnostics &diagnostics)
      : scope(scope), diagnostics(diagnostics) {}

  /// The value of \p expr as \p name (a setting, an argument) wants it: an
  /// int becomes a float where only floats are accepted.
  std::optional<SettingValue> evaluate(const ast::Expr &expr,
                                       const std::string &name,
                                       const ValueType &type);

  /// The value of \p expr, a number, bool, string, list or none.
  std::optional<SettingValue> evaluatePlain(const ast::Expr &expr);

  /// \p builtin with \p arguments (settings only), defaults filled in.
  std::optional<SettingValue>
  evaluateCall(const Builtin &builtin,
               const std::vector<ast::Argument> &arguments, SourceRange range);

  /// Checks \p value against \p type, converting an int to a float where only
  /// floats are accepted; \p name is what it is for.
  bool convert(SettingValue &value, const std::string &name,
               const ValueType &type);

  /// The default of \p parameter; none without one.
  SettingValue defaultOf(const Parameter &parameter);

  /// Values that stand in for arguments left out, by parameter: what
  /// `--schedule cosine,epochs=20` takes from the optimiser.
  std::map<std::string, SettingValue> fallbacks;

  /// Values copied out of constants so far, bounded by maxSettingCopies; a
  /// caller that evaluates much hands it from one evaluator to the next.
  size_t copies = 0;

private:
  std::optional<SettingValue> evaluateName(const ast::Expr &expr,
                                           const std::string &name,
                                           const ValueType &type);
  std::optional<SettingValue> evaluateCallExpr(const ast::CallExpr &call,
                                               const std::string &name,
                                               const ValueType &type);
  std::optional<SettingValue> evaluateList(const ast::ListExpr &list,
                                           const std::string &name,
                                           const ValueType &type);
  std::optional<SettingValue> evaluateIndex(const ast::IndexExpr &index);
  std::optional<SettingValue> evaluateIf(const ast::IfExpr &branch);
  std::optional<SettingValue> evaluateFunction(const Builtin &function,
                                               const ast::CallExpr &call);
  std::optional<SettingValue> evaluateExtreme(bool smallest,
                                              std::vector<SettingValue> values,
                                              const ast::CallExpr &call);

  const SettingScope &scope;
  Diagnostics &diagnostics;
  unsigned depth = 0;
};

/// The result of \p op on plain values. Reports operandKinds, divisionByZero
/// and resultOutOfRange at \p range.
std::optional<SettingValue> applyUnary(ast::UnaryOp op,
                                       const SettingValue &operand,
                                       SourceRange range,
                                       Diagnostics &diagnostics);
std::optional<SettingValue>
applyBinary(ast::BinaryOp op, const SettingValue &lhs, const SettingValue &rhs,
            SourceRange range, Diagnostics &diagnostics);

/// The operator as written, e.g. "//".
const char *signOf(ast::BinaryOp op);
const char *signOf(ast::UnaryOp op);

} // namespace nnc

#endif // NNC_LANGUAGE_SETTINGS_H

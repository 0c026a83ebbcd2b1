//===- Value.h - What expressions of a model evaluate to --------*- C++ -*-===//
//
// Tensors of the graph and settings, which are known while it is built.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_FRONTEND_VALUE_H
#define NNC_LIB_FRONTEND_VALUE_H

#include "nnc/Graph/Graph.h"
#include "nnc/Language/Settings.h"
#include <memory>
#include <string>
#include <vector>

namespace nnc::frontend {

struct Closure;

/// The value of an expression.
struct Value {
  enum class Kind : uint8_t {
    /// An error was reported; whatever is done with it gives poison.
    Poison,
    None,
    Bool,
    /// A size: a number, or an expression of named sizes.
    Int,
    Float,
    String,
    List,
    Tensor,
    /// A function or layer with settings but without its tensors.
    Function,
    /// An initialiser and the like: adam(…), glorot_uniform.
    Named,
    /// An element type.
    Type,
    /// Several results of a call; never an operand.
    Results,
  };

  Kind kind = Kind::Poison;
  bool boolean = false;
  Dim dim;
  double number = 0;
  std::string text;
  /// Of a List or Results.
  std::vector<Value> elements;
  Tensor tensor;
  std::shared_ptr<const Closure> function;
  SettingValue named;
  ElementType type = ElementType::f32;

  bool isPoison() const { return kind == Kind::Poison; }
  bool isNone() const { return kind == Kind::None; }
  bool isBool() const { return kind == Kind::Bool; }
  bool isInt() const { return kind == Kind::Int; }
  bool isFloat() const { return kind == Kind::Float; }
  bool isString() const { return kind == Kind::String; }
  bool isList() const { return kind == Kind::List; }
  bool isTensor() const { return kind == Kind::Tensor; }
  bool isFunction() const { return kind == Kind::Function; }
  bool isNamed() const { return kind == Kind::Named; }
  bool isResults() const { return kind == Kind::Results; }
  /// An int or float that is known.
  bool isNumber() const { return isFloat() || (isInt() && dim.isConstant()); }
  double toDouble() const {
    return isInt() ? static_cast<double>(dim.constant()) : number;
  }

  static Value none() { return of(Kind::None); }
  static Value ofBool(bool value) {
    Value result = of(Kind::Bool);
    result.boolean = value;
    return result;
  }
  static Value ofInt(Dim value) {
    Value result = of(Kind::Int);
    result.dim = std::move(value);
    return result;
  }
  static Value ofFloat(double value) {
    Value result = of(Kind::Float);
    result.number = value;
    return result;
  }
  static Value ofString(std::string value) {
    Value result = of(Kind::String);
    result.text = std::move(value);
    return result;
  }
  static Value ofList(std::vector<Value> elements) {
    Value result = of(Kind::List);
    result.elements = std::move(elements);
    return result;
  }
  /// One value, or several results.
  static Value ofResults(std::vector<Value> elements) {
    if (elements.size() == 1)
      return std::move(elements.front());
    Value result = of(Kind::Results);
    result.elements = std::move(elements);
    return result;
  }
  /// Poison if the tensor is.
  static Value ofTensor(const Tensor &tensor) {
    Value result = of(tensor.isValid() ? Kind::Tensor : Kind::Poison);
    result.tensor = tensor;
    return result;
  }
  static Value ofFunction(std::shared_ptr<const Closure> function) {
    Value result = of(Kind::Function);
    result.function = std::move(function);
    return result;
  }
  static Value ofNamed(SettingValue named) {
    Value result = of(Kind::Named);
    result.named = std::move(named);
    return result;
  }
  static Value ofType(ElementType type) {
    Value result = of(Kind::Type);
    result.type = type;
    return result;
  }

private:
  static Value of(Kind kind) {
    Value result;
    result.kind = kind;
    return result;
  }
};

/// As in messages: "f32[batch, 64]", "the int 3", "a list".
std::string describe(const Value &value);

/// \p value as a setting; nothing for tensors, functions and open sizes.
std::optional<SettingValue> toSetting(const Value &value, SourceRange range);
Value fromSetting(const SettingValue &value);

} // namespace nnc::frontend

#endif // NNC_LIB_FRONTEND_VALUE_H

//===- Signatures.cpp - Arguments, sizes and results of functions ---------===//

#include "Elaborator.h"
#include "nnc/Language/Printer.h"

using namespace nnc;
using namespace nnc::ast;
using namespace nnc::frontend;

/// The key of the leading sizes that `...` stands for; no name has it.
static constexpr const char *leadingKey = "...";

/// The name that \p dim alone is, if it is one.
static const std::string *plainName(const Expr &dim) {
  const auto *name = dynAs<NameExpr>(&dim);
  return name ? &name->name : nullptr;
}

/// Calls \p visit on each name in \p expr, a sum of a shape.
template <typename Visitor>
static void forEachName(const Expr &expr, Visitor visit) {
  if (const auto *name = dynAs<NameExpr>(&expr)) {
    visit(*name);
  } else if (const auto *unary = dynAs<UnaryExpr>(&expr)) {
    forEachName(*unary->operand, visit);
  } else if (const auto *binary = dynAs<BinaryExpr>(&expr)) {
    forEachName(*binary->lhs, visit);
    forEachName(*binary->rhs, visit);
  }
}

static std::string expectedType(const Formal &formal) {
  return print(*formal.type);
}

//===----------------------------------------------------------------------===//
// Settings
//===----------------------------------------------------------------------===//

bool Elaborator::bindSettings(const Function &function,
                              const std::vector<Parameter> &parameters,
                              const std::vector<std::optional<Value>> &values,
                              Scope &scope, SourceRange range) {
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Formal &formal = function.signature.formals[i];
    if (formal.isTensor())
      continue;
    Value value;
    if (values[i])
      value = *values[i];
    else if (formal.defaultValue)
      value = evaluateArgument(*formal.defaultValue, parameters[i], scope);
    else
      return error(range, ErrorCode::missingArgument, function.name.text,
                   formal.name.text, parameters[i].type.describe()),
             false;
    if (value.isPoison())
      return false;
    Binding binding;
    binding.value = std::move(value);
    if (!bind(formal.name, std::move(binding), scope))
      return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

std::optional<Dim> Elaborator::evaluateSize(const Expr &expr, Scope &scope) {
  bool known = true;
  forEachName(expr, [&](const NameExpr &name) {
    bool isKnown = scope.find(name.name) ||
                   scope.frame.file->constant(name.name) ||
                   scope.frame.file->namedConstant(name.name);
    if (isKnown || !known)
      return;
    error(name.range, ErrorCode::unboundDimension, name.name);
    known = false;
  });
  if (!known)
    return std::nullopt;
  Value value = evaluate(expr, scope);
  if (value.isPoison())
    return std::nullopt;
  if (!value.isInt()) {
    error(expr.range, ErrorCode::wrongKind, expr.range.text(), "an int",
          describe(value));
    return std::nullopt;
  }
  if (!value.dim.isValid() ||
      (value.dim.isConstant() && value.dim.constant() < 0)) {
    error(expr.range, ErrorCode::settingOutOfRange, expr.range.text(),
          "at least 0", value.dim.str());
    return std::nullopt;
  }
  return value.dim;
}

std::optional<std::vector<Dim>> Elaborator::evaluateShape(const Type &type,
                                                          Scope &scope) {
  std::vector<Dim> shape;
  if (type.anyLeading) {
    Binding *leading = scope.find(leadingKey);
    if (!leading) {
      error(type.range, ErrorCode::unboundDimension, leadingKey);
      return std::nullopt;
    }
    for (const Value &size : leading->value.elements)
      shape.push_back(size.dim);
  }
  for (const ExprPtr &dim : type.dims) {
    std::optional<Dim> size = evaluateSize(*dim, scope);
    if (!size)
      return std::nullopt;
    shape.push_back(std::move(*size));
  }
  return shape;
}

/// Binds the dimension variables that stand alone in a formal's shape.
bool Elaborator::bindSizes(const Function &function, const Formal &formal,
                           const Tensor &tensor, Scope &scope,
                           SourceRange range) {
  const Type &type = *formal.type;
  size_t own = type.dims.size();
  std::vector<Dim> shape = tensor.shape();
  bool fits = type.anyLeading ? shape.size() >= own : shape.size() == own;
  if (!fits || tensor.elementType() != elementType(type)) {
    error(range, ErrorCode::argumentType, function.name.text,
          expectedType(formal), formal.name.text, tensor.str());
    diagnostics.note(formal.range, "the argument's type stands here");
    return false;
  }
  size_t leading = shape.size() - own;
  if (type.anyLeading && !scope.find(leadingKey)) {
    std::vector<Value> sizes;
    for (size_t i = 0; i < leading; ++i)
      sizes.push_back(Value::ofInt(shape[i]));
    Binding binding;
    binding.kind = Binding::Kind::Dimension;
    binding.value = Value::ofList(std::move(sizes));
    binding.range = formal.range;
    scope.names.emplace(leadingKey, std::move(binding));
  }
  for (size_t i = 0; i < own; ++i) {
    const std::string *name = plainName(*type.dims[i]);
    if (!name || scope.find(*name) || scope.frame.file->constant(*name))
      continue;
    Binding binding;
    binding.kind = Binding::Kind::Dimension;
    binding.value = Value::ofInt(shape[leading + i]);
    binding.range = formal.name.range;
    scope.names.emplace(*name, std::move(binding));
  }
  return true;
}

bool Elaborator::checkSizes(const Function &function, const Formal &formal,
                            const Tensor &tensor, Scope &scope,
                            SourceRange range) {
  std::optional<std::vector<Dim>> wanted = evaluateShape(*formal.type, scope);
  if (!wanted)
    return false;
  std::vector<Dim> shape = tensor.shape();
  if (shape == *wanted)
    return true;
  error(range, ErrorCode::argumentSize, function.name.text,
        expectedType(formal), formal.name.text, tensor.str(), str(*wanted));
  diagnostics.note(formal.range, "the argument's type stands here");
  return false;
}

bool Elaborator::bindTensors(const Function &function,
                             std::vector<Value> &tensors, Scope &scope,
                             SourceRange range) {
  size_t next = 0;
  for (const Formal &formal : function.signature.formals) {
    if (!formal.isTensor())
      continue;
    Value &value = tensors[next++];
    if (!value.isTensor()) {
      PlaceScope place(graph, range.position());
      Operand number = toOperand(value, elementType(*formal.type));
      value = Value::ofTensor(number.isNumber ? full(graph, {}, number.number,
                                                     elementType(*formal.type))
                                              : number.tensor);
      reportGraphError();
      if (value.isPoison())
        return false;
    }
    if (!bindSizes(function, formal, value.tensor, scope, range))
      return false;
  }
  next = 0;
  for (const Formal &formal : function.signature.formals) {
    if (!formal.isTensor())
      continue;
    const Value &value = tensors[next++];
    if (!checkSizes(function, formal, value.tensor, scope, range))
      return false;
    Binding binding;
    binding.value = value;
    if (!bind(formal.name, std::move(binding), scope))
      return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// A model's own signature
//===----------------------------------------------------------------------===//

bool Elaborator::openSizes(const Function &function, Scope &scope) {
  bool good = true;
  for (const Formal &formal : function.signature.formals) {
    if (!formal.isTensor())
      continue;
    if (formal.type->anyLeading) {
      error(formal.type->range, ErrorCode::unboundDimension, leadingKey);
      return false;
    }
    for (const ExprPtr &dim : formal.type->dims)
      forEachName(*dim, [&](const NameExpr &name) {
        if (scope.find(name.name) || scope.frame.file->constant(name.name))
          return;
        if (scope.frame.file->namedConstant(name.name)) {
          error(name.range, ErrorCode::wrongKind, name.name, "an int",
                "a constant of another kind");
          good = false;
          return;
        }
        Binding binding;
        binding.kind = Binding::Kind::Dimension;
        binding.value = Value::ofInt(Dim::named(name.name));
        binding.range = name.range;
        scope.names.emplace(name.name, std::move(binding));
      });
  }
  return good;
}

std::optional<std::vector<Value>>
Elaborator::bindInputs(const Function &function, Scope &scope) {
  if (!openSizes(function, scope))
    return std::nullopt;
  std::vector<Value> tensors;
  for (const Formal &formal : function.signature.formals) {
    if (!formal.isTensor())
      continue;
    std::optional<std::vector<Dim>> shape = evaluateShape(*formal.type, scope);
    if (!shape)
      return std::nullopt;
    PlaceScope place(graph, formal.range.position());
    Tensor input =
        graph.input(formal.name.text, *shape, elementType(*formal.type));
    reportGraphError();
    if (!input.isValid())
      return std::nullopt;
    tensors.push_back(Value::ofTensor(input));
    Binding binding;
    binding.value = tensors.back();
    if (!bind(formal.name, std::move(binding), scope))
      return std::nullopt;
  }
  return tensors;
}

std::optional<std::vector<ModelResult>>
Elaborator::buildEntry(ModelInstance &model, const Function &function) {
  Frame frame{model.file, &model, &function};
  Scope scope(frame);
  std::vector<Parameter> parameters = nnc::parametersOf(function);
  if (!bindSettings(function, parameters,
                    std::vector<std::optional<Value>>(parameters.size()), scope,
                    function.name.range) ||
      !bindInputs(function, scope))
    return std::nullopt;

  bool isFn = !model.decl->function;
  std::optional<LayerScope> layer;
  if (isFn)
    layer.emplace(&graph.implementation(), "fn", function.name.text,
                  LayerScope::Use::Shared);
  std::optional<std::vector<Value>> values = runBody(function, scope);
  if (!values)
    return std::nullopt;
  std::vector<ModelResult> results;
  for (size_t i = 0; i < values->size(); ++i) {
    const std::string &label = function.signature.results[i].label.text;
    if (!(*values)[i].isTensor())
      return std::nullopt;
    results.push_back({label.empty() ? "output" : label, (*values)[i].tensor});
  }
  return results;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

Value Elaborator::checkResult(const Function &function, const Result &result,
                              const Value &value, SourceRange range,
                              Scope &scope) {
  std::string wanted = print(result.type);
  nnc::ElementType type = elementType(result.type);
  Value tensor = value;
  if (value.isInt() || value.isFloat()) {
    Operand number = toOperand(value, type);
    PlaceScope place(graph, range.position());
    tensor = Value::ofTensor(
        number.isNumber ? full(graph, {}, number.number, type) : number.tensor);
    reportGraphError();
    if (tensor.isPoison())
      return tensor;
  }
  if (!tensor.isTensor())
    return error(range, ErrorCode::resultType, function.name.text, wanted,
                 describe(value));
  std::optional<std::vector<Dim>> shape = evaluateShape(result.type, scope);
  if (!shape)
    return {};
  std::vector<Dim> own = tensor.tensor.shape();
  if (tensor.tensor.elementType() != type || own.size() != shape->size()) {
    error(range, ErrorCode::resultType, function.name.text, wanted,
          tensor.tensor.str());
    diagnostics.note(result.type.range, "declared here");
    return {};
  }
  if (own != *shape) {
    error(range, ErrorCode::resultSize, function.name.text, wanted,
          tensor.tensor.str(), str(*shape));
    diagnostics.note(result.type.range, "declared here");
    return {};
  }
  return tensor;
}

std::optional<std::vector<Value>> Elaborator::runBody(const Function &function,
                                                      Scope &scope) {
  std::vector<Value> values = runBlock(function.body, scope);
  warnUnused(scope);
  const std::vector<Result> &declared = function.signature.results;
  // `return f(x)` passes on all results of f.
  if (values.size() == 1 && values.front().isResults())
    values = std::vector<Value>(values.front().elements);
  for (const Value &value : values)
    if (value.isPoison())
      return std::nullopt;
  if (values.size() != declared.size()) {
    error(function.body.endRange.file ? function.body.endRange
                                      : function.body.range,
          ErrorCode::resultCount, function.name.text, declared.size(),
          values.size());
    return std::nullopt;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    SourceRange range = i < function.body.results.size()
                            ? function.body.results[i]->range
                            : function.body.endRange;
    values[i] = checkResult(function, declared[i], values[i], range, scope);
    if (values[i].isPoison())
      return std::nullopt;
  }
  return values;
}

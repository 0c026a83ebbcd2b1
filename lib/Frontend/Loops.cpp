//===- Loops.cpp - Loops and branches at run time -------------------------===//

#include "nnc/Graph/Loops.h"
#include "Elaborator.h"

using namespace nnc;
using namespace nnc::ast;
using namespace nnc::frontend;

/// \p value as a tensor: numbers become scalars of the file's float type.
static Tensor toTensor(Elaborator &elaborator, const Value &value) {
  if (value.isTensor())
    return value.tensor;
  if (!value.isInt() && !value.isFloat())
    return {};
  Operand operand = elaborator.toOperand(value, elaborator.floatType);
  if (!operand.isNumber)
    return operand.tensor;
  return full(elaborator.graph, {}, operand.number, elaborator.floatType);
}

std::optional<Tensor> Elaborator::evaluateTensor(const Expr &expr, Scope &scope,
                                                 const std::string &wantedBy) {
  Value value = evaluate(expr, scope);
  if (value.isPoison())
    return std::nullopt;
  PlaceScope place(graph, expr.range.position());
  Tensor tensor = toTensor(*this, value);
  reportGraphError();
  if (tensor.isValid())
    return tensor;
  error(expr.range, ErrorCode::wrongKind, wantedBy, "a tensor",
        describe(value));
  return std::nullopt;
}

/// Binds the values that loops carry.
bool Elaborator::bindCarried(const LoopExpr &loop,
                             const std::vector<Tensor> &carried, Scope &body) {
  for (size_t c = 0; c < loop.carries.size(); ++c) {
    Binding binding;
    binding.kind = Binding::Kind::Carry;
    binding.value = Value::ofTensor(carried[c]);
    if (!bind(loop.carries[c].name, std::move(binding), body))
      return false;
  }
  return true;
}

std::optional<std::vector<Tensor>>
Elaborator::nextOfCarried(const LoopExpr &loop,
                          const std::vector<Tensor> &carried, Scope &body) {
  std::vector<Tensor> next;
  for (size_t c = 0; c < loop.carries.size(); ++c) {
    const Name &name = loop.carries[c].name;
    Binding &binding = body.names.at(name.text);
    if (!binding.nextRange.file) {
      error(name.range, ErrorCode::nextMissing, name.text);
      return std::nullopt;
    }
    if (binding.next->isPoison())
      return std::nullopt;
    PlaceScope place(graph, binding.nextRange.position());
    Tensor tensor = toTensor(*this, *binding.next);
    reportGraphError();
    if (tensor.str() != carried[c].str()) {
      error(binding.nextRange, ErrorCode::wrongKind, name.text,
            carried[c].str(), describe(*binding.next));
      return std::nullopt;
    }
    next.push_back(tensor);
  }
  return next;
}

//===----------------------------------------------------------------------===//
// scan
//===----------------------------------------------------------------------===//

/// The axis that the type of the argument \p expr of \p function calls \p name,
/// if it is one and has one such. Another axis may be of the same size.
static std::optional<int64_t> findNamedAxis(const Function *function,
                                            const Expr &expr,
                                            const std::string &name,
                                            int64_t rank) {
  const auto *argument = dynAs<NameExpr>(&expr);
  if (!argument || !function)
    return std::nullopt;
  std::optional<int64_t> axis;
  for (const Formal &formal : function->signature.formals) {
    if (!formal.isTensor() || formal.name.text != argument->name)
      continue;
    const std::vector<ExprPtr> &dims = formal.type->dims;
    for (size_t i = 0; i < dims.size(); ++i) {
      const auto *dim = dynAs<NameExpr>(dims[i]);
      if (!dim || dim->name != name)
        continue;
      if (axis)
        return std::nullopt;
      axis = rank - static_cast<int64_t>(dims.size() - i);
    }
  }
  return axis;
}

std::optional<ScanSource>
Elaborator::evaluateScanSource(const LoopSource &source, Scope &scope) {
  bool hasAxis = source.axisName || source.axisNumber;
  const auto *call = dynAs<CallExpr>(source.value);
  bool isRange = call && call->calleeName() == "range" &&
                 !scope.find("range") && call->arguments.size() == 1;
  if (isRange && !hasAxis) {
    Value count = evaluate(*call->arguments.front().value, scope);
    if (count.isPoison())
      return std::nullopt;
    if (!count.isInt() ||
        (count.dim.isConstant() && count.dim.constant() < 0)) {
      error(call->range, ErrorCode::wrongKind, "range", "a size",
            describe(count));
      return std::nullopt;
    }
    PlaceScope place(graph, call->range.position());
    ScanSource result{iota(graph, count.dim), 0};
    reportGraphError();
    return result.tensor.isValid() ? std::optional(result) : std::nullopt;
  }
  std::optional<Tensor> tensor =
      evaluateTensor(*source.value, scope, source.name.text);
  if (!tensor)
    return std::nullopt;
  if (!hasAxis) {
    error(source.range, ErrorCode::wrongKind, source.name.text,
          "'along' and an axis, or range(n)", tensor->str());
    return std::nullopt;
  }
  if (source.axisNumber) {
    int64_t axis = *source.axisNumber;
    if (axis < 0 || axis >= tensor->rank()) {
      error(source.range, ErrorCode::axisOutOfRange, "scan", axis,
            tensor->str());
      return std::nullopt;
    }
    return ScanSource{*tensor, axis};
  }
  Value size = lookUp(source.axisName->text, source.axisName->range, scope);
  if (size.isPoison())
    return std::nullopt;
  if (std::optional<int64_t> named =
          findNamedAxis(scope.frame.function, *source.value,
                        source.axisName->text, tensor->rank()))
    return ScanSource{*tensor, *named};
  std::vector<Dim> shape = tensor->shape();
  int64_t axis = -1, found = 0;
  for (size_t i = 0; i < shape.size(); ++i)
    if (size.isInt() && shape[i] == size.dim) {
      axis = static_cast<int64_t>(i);
      ++found;
    }
  if (found == 1)
    return ScanSource{*tensor, axis};
  error(
      source.axisName->range, ErrorCode::wrongKind, source.name.text,
      fmt::format("a tensor with exactly one axis '{}'", source.axisName->text),
      tensor->str());
  return std::nullopt;
}

Value Elaborator::evaluateScan(const LoopExpr &loop, Scope &scope,
                               const std::string &segment) {
  std::vector<Tensor> initial;
  std::vector<ScanSource> sources;
  bool good = true;
  for (const Carry &carry : loop.carries) {
    std::optional<Tensor> tensor =
        evaluateTensor(*carry.initial, scope, carry.name.text);
    good &= tensor.has_value();
    initial.push_back(tensor.value_or(Tensor()));
  }
  for (const LoopSource &source : loop.sources) {
    std::optional<ScanSource> value = evaluateScanSource(source, scope);
    if (!value)
      return {};
    sources.push_back(*value);
    const ScanSource &first = sources.front();
    Dim length = value->tensor.size(value->axis);
    if (!(first.tensor.size(first.axis) == length))
      return error(source.range, ErrorCode::sourceLengths,
                   loop.sources.front().name.text,
                   first.tensor.size(first.axis).str(), source.name.text,
                   length.str());
  }
  if (!good)
    return {};
  if (loop.carries.empty() && loop.body.results.empty())
    return error(loop.range, ErrorCode::loopGivesNothing);
  LayerScope layer(&graph.implementation(), "scan", segment);
  PlaceScope place(graph, loop.range.position());
  reportGraphError();
  auto runStep = [&](const std::vector<Tensor> &carried,
                     const std::vector<Tensor> &slices) -> ScanStep {
    Scope body(scope.frame, &scope);
    ScanStep step;
    ScanStep wrong{{}, std::vector<Tensor>(carried.size())};
    if (!bindCarried(loop, carried, body))
      return wrong;
    for (size_t s = 0; s < slices.size(); ++s) {
      Binding binding;
      binding.value = Value::ofTensor(slices[s]);
      if (!bind(loop.sources[s].name, std::move(binding), body))
        return wrong;
    }
    std::vector<Value> results = runBlock(loop.body, body);
    warnUnused(body);
    std::optional<std::vector<Tensor>> next =
        nextOfCarried(loop, carried, body);
    if (!next)
      return wrong;
    step.next = std::move(*next);
    for (size_t i = 0; i < results.size(); ++i) {
      Tensor tensor = toTensor(*this, results[i]);
      if (!tensor.isValid() && !results[i].isPoison())
        error(loop.body.results[i]->range, ErrorCode::wrongKind, "yield",
              "a tensor", describe(results[i]));
      step.yields.push_back(tensor);
    }
    return step;
  };
  ScanResult result = nnc::scan(initial, sources, runStep, loop.reverse);
  reportGraphError();
  std::vector<Value> values;
  for (const std::vector<Tensor> *tensors : {&result.yields, &result.last})
    for (const Tensor &tensor : *tensors) {
      if (!tensor.isValid())
        return {};
      values.push_back(Value::ofTensor(tensor));
    }
  return Value::ofResults(std::move(values));
}

//===----------------------------------------------------------------------===//
// while
//===----------------------------------------------------------------------===//

Value Elaborator::evaluateWhile(const LoopExpr &loop, Scope &scope,
                                const std::string &segment) {
  std::vector<Tensor> initial;
  for (const Carry &carry : loop.carries) {
    std::optional<Tensor> tensor =
        evaluateTensor(*carry.initial, scope, carry.name.text);
    if (!tensor)
      return {};
    initial.push_back(*tensor);
  }
  std::optional<int64_t> limit = evaluateInteger(*loop.limit, scope);
  if (!limit)
    return {};
  if (*limit < 0 || *limit > static_cast<int64_t>(maxListLength))
    return error(loop.limit->range, ErrorCode::settingOutOfRange, "limit",
                 fmt::format("at least 0 and at most {}", maxListLength),
                 *limit);
  if (loop.carries.empty())
    return error(loop.range, ErrorCode::loopGivesNothing);
  LayerScope layer(&graph.implementation(), "while", segment);
  PlaceScope place(graph, loop.range.position());
  reportGraphError();
  // A scan of `limit` steps whose values stay once the condition is false: it
  // stays false then.
  auto runStep = [&](const std::vector<Tensor> &carried,
                     const std::vector<Tensor> &) -> ScanStep {
    Scope body(scope.frame, &scope);
    ScanStep wrong{{}, std::vector<Tensor>(carried.size())};
    if (!bindCarried(loop, carried, body))
      return wrong;
    Value condition = evaluate(*loop.condition, body);
    if (!condition.isPoison() &&
        !(condition.isTensor() &&
          condition.tensor.elementType() == nnc::ElementType::boolean &&
          condition.tensor.rank() == 0)) {
      error(loop.condition->range, ErrorCode::wrongKind, "while",
            "a bool scalar, bool[]", describe(condition));
      return wrong;
    }
    runBlock(loop.body, body);
    warnUnused(body);
    std::optional<std::vector<Tensor>> next =
        nextOfCarried(loop, carried, body);
    if (!next || condition.isPoison())
      return wrong;
    ScanStep step;
    for (size_t c = 0; c < carried.size(); ++c)
      step.next.push_back(where(condition.tensor, (*next)[c], carried[c]));
    return step;
  };
  ScanResult result = nnc::scan(initial, {{iota(graph, *limit), 0}}, runStep);
  reportGraphError();
  std::vector<Value> values;
  for (const Tensor &tensor : result.last) {
    if (!tensor.isValid())
      return {};
    values.push_back(Value::ofTensor(tensor));
  }
  return Value::ofResults(std::move(values));
}

//===----------------------------------------------------------------------===//
// if
//===----------------------------------------------------------------------===//

/// Whether \p block gives a state or carried value its next one.
static bool hasNext(const Block &block) {
  for (const StatementPtr &statement : block.statements)
    if (statement->kind == StatementKind::Next ||
        statement->kind == StatementKind::Penalty)
      return true;
  return false;
}

std::optional<std::vector<Value>>
Elaborator::runSide(const IfExpr &branch, const Block &block, Scope &scope) {
  if (hasNext(block)) {
    error(branch.range, ErrorCode::unsupported,
          "a 'next' or 'penalty' in an 'if' on a tensor");
    return std::nullopt;
  }
  Scope inner(scope.frame, &scope);
  std::vector<Value> results = runBlock(block, inner);
  warnUnused(inner);
  for (const Value &result : results)
    if (result.isPoison())
      return std::nullopt;
  return results;
}

Value Elaborator::selectSide(const IfExpr &branch, const Tensor &condition,
                             Scope &scope) {
  if (condition.elementType() != nnc::ElementType::boolean ||
      condition.rank() != 0)
    return error(branch.condition->range, ErrorCode::wrongKind, "if",
                 "a bool setting or a bool scalar, bool[]", condition.str());
  std::optional<std::vector<Value>> sides[2];
  sides[0] = runSide(branch, branch.thenBlock, scope);
  if (branch.elseIf) {
    Value value = evaluate(*branch.elseIf, scope);
    if (!value.isPoison())
      sides[1] = value.isResults() ? value.elements : std::vector{value};
  } else {
    sides[1] = runSide(branch, branch.elseBlock, scope);
  }
  if (!sides[0] || !sides[1])
    return {};
  if (sides[0]->size() != sides[1]->size())
    return error(branch.range, ErrorCode::resultCount, "if", sides[0]->size(),
                 sides[1]->size());
  PlaceScope place(graph, branch.range.position());
  std::vector<Value> results;
  for (size_t i = 0; i < sides[0]->size(); ++i) {
    Tensor a = toTensor(*this, (*sides[0])[i]);
    Tensor b = toTensor(*this, (*sides[1])[i]);
    if (!a.isValid() || a.str() != b.str())
      return error(branch.range, ErrorCode::resultType, "if",
                   describe((*sides[0])[i]) + " on both sides",
                   describe((*sides[1])[i]));
    results.push_back(Value::ofTensor(where(condition, a, b)));
    reportGraphError();
    if (results.back().isPoison())
      return {};
  }
  return Value::ofResults(std::move(results));
}

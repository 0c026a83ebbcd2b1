//===- Statements.cpp - Bindings, parameters, states and loops ------------===//

#include "Elaborator.h"
#include "nnc/Graph/MLIRGraph.h"
#include "nnc/Language/Printer.h"

using namespace nnc;
using namespace nnc::ast;
using namespace nnc::frontend;

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

std::vector<Value> Elaborator::runBlock(const Block &block, Scope &scope) {
  scope.block = &block;
  for (const StatementPtr &statement : block.statements)
    runStatement(*statement, scope);
  std::vector<Value> results;
  for (const ExprPtr &result : block.results)
    results.push_back(evaluate(*result, scope));
  if (results.size() > 1)
    for (size_t i = 0; i < results.size(); ++i)
      if (results[i].isResults())
        results[i] =
            error(block.results[i]->range, ErrorCode::severalResults,
                  block.results[i]->range.text(), results[i].elements.size());
  return results;
}

void Elaborator::runStatement(const Statement &statement, Scope &scope) {
  switch (statement.kind) {
  case StatementKind::Bind:
    return runBind(as<BindStatement>(statement), scope);
  case StatementKind::Net:
    return runNet(as<NetStatement>(statement), scope);
  case StatementKind::Param: {
    const auto &param = as<ParamStatement>(statement);
    Binding binding;
    binding.value = makeParameter(param.name, param.type, *param.initializer,
                                  /*isState=*/false, scope);
    bind(param.name, std::move(binding), scope);
    return;
  }
  case StatementKind::State: {
    const auto &state = as<StateStatement>(statement);
    Binding binding;
    binding.kind = Binding::Kind::State;
    binding.value = makeParameter(state.name, state.type, *state.initializer,
                                  /*isState=*/true, scope);
    bind(state.name, std::move(binding), scope);
    return;
  }
  case StatementKind::Next:
    return runNext(as<NextStatement>(statement), scope);
  case StatementKind::Penalty: {
    const auto &penalty = as<PenaltyStatement>(statement);
    Value value = evaluate(*penalty.value, scope);
    if (value.isPoison())
      return;
    PlaceScope place(graph, penalty.value->range.position());
    if (value.isTensor())
      graph.addPenalty(value.tensor);
    else
      error(penalty.value->range, ErrorCode::wrongKind, "penalty",
            "a float scalar", describe(value));
    reportGraphError();
    return;
  }
  }
}

void Elaborator::runBind(const BindStatement &bind, Scope &scope) {
  std::string segment;
  for (const Name &name : bind.names)
    if (!name.isDropped() && segment.empty())
      segment = name.text;
  Value value = evaluate(*bind.value, scope, segment);
  std::vector<Value> values;
  // Several names take a list apart too.
  if (value.isResults() || (value.isList() && bind.names.size() > 1))
    values = std::move(value.elements);
  else
    values.assign(value.isPoison() ? bind.names.size() : 1, value);
  if (values.size() != bind.names.size()) {
    error(bind.range, ErrorCode::bindingCount, bind.names.size(),
          bind.names.size() == 1 ? "" : "s", bind.value->range.text(),
          values.size(), values.size() == 1 ? "" : "s");
    values.assign(bind.names.size(), Value());
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (bind.names[i].isDropped())
      continue;
    if (values[i].isTensor())
      nameTensor(graph, values[i].tensor, bind.names[i].text);
    Binding binding;
    binding.value = std::move(values[i]);
    this->bind(bind.names[i], std::move(binding), scope);
  }
}

void Elaborator::runNet(const NetStatement &net, Scope &scope) {
  Binding binding;
  binding.kind = Binding::Kind::Net;
  binding.value = makeNet(net, scope);
  bind(net.name, std::move(binding), scope);
}

Value Elaborator::makeNet(const NetStatement &net, Scope &scope) {
  Value value = evaluateFunction(*net.value, scope, net.name.text);
  if (!value.isFunction())
    return value;
  if (!value.function->path.empty())
    return error(net.value->range, ErrorCode::wrongKind, net.name.text,
                 "a layer with its settings", "another net");
  auto closure = std::make_shared<Closure>(*value.function);
  closure->path = graph.path();
  if (!closure->path.empty())
    closure->path += ".";
  closure->path += net.name.text;
  closure->range = net.range;
  return Value::ofFunction(std::move(closure));
}

Value Elaborator::makeParameter(const Name &name, const Type &type,
                                const Expr &initializer, bool isState,
                                Scope &scope) {
  std::optional<std::vector<Dim>> shape = evaluateShape(type, scope);
  Parameter wanted;
  wanted.name = name.text;
  wanted.type.kinds = InitializerKind;
  Value value = evaluateSetting(initializer, wanted, scope);
  if (!shape || value.isPoison())
    return {};
  PlaceScope place(graph, name.range.position());
  nnc::ElementType element = elementType(type);
  Initializer start{print(value.named)};
  Tensor result = isState
                      ? graph.state(name.text, *shape, start, element)
                      : graph.parameter(name.text, *shape, {start}, element);
  reportGraphError();
  return Value::ofTensor(result);
}

void Elaborator::runNext(const NextStatement &next, Scope &scope) {
  const std::string &name = next.name.text;
  Binding *binding = scope.find(name);
  if (!binding && scope.frame.model) {
    bool found = false;
    lookUpMember(name, next.name.range, scope, found);
    auto member = scope.frame.model->members.find(name);
    if (found && member != scope.frame.model->members.end())
      binding = &member->second;
  }
  bool canChange = binding && (binding->kind == Binding::Kind::State ||
                               binding->kind == Binding::Kind::Carry);
  // The value is checked even so.
  Value value = evaluate(*next.value, scope, name);
  if (!canChange) {
    error(next.name.range, ErrorCode::nextUnknown, name);
    return;
  }
  if (binding->nextRange.file) {
    error(next.name.range, ErrorCode::nextTwice, name);
    diagnostics.note(binding->nextRange, "the first one stands here");
    return;
  }
  binding->nextRange = next.range;
  if (value.isResults())
    value = error(next.value->range, ErrorCode::severalResults,
                  next.value->range.text(), value.elements.size());
  if (binding->kind == Binding::Kind::Carry) {
    binding->next = std::move(value);
    return;
  }
  if (value.isPoison() || !binding->value.isTensor())
    return;
  PlaceScope place(graph, next.value->range.position());
  const Tensor &state = binding->value.tensor;
  if (value.isTensor() || value.isInt() || value.isFloat())
    graph.update(state, toOperand(value, state.elementType()));
  else
    error(next.value->range, ErrorCode::wrongKind, name, state.str(),
          describe(value));
  reportGraphError();
}

void Elaborator::warnUnused(const Scope &scope) {
  for (const auto &[name, binding] : scope.names) {
    bool matters = binding.kind == Binding::Kind::Value &&
                   binding.value.isTensor() && !binding.isUsed;
    if (!matters || !scope.block)
      continue;
    // Arguments may be there for their sizes alone.
    bool isStatement = binding.range.file == scope.block->range.file &&
                       binding.range.begin >= scope.block->range.begin &&
                       binding.range.end <= scope.block->range.end;
    if (isStatement &&
        warned.emplace(binding.range.file, binding.range.begin).second)
      diagnostics.warn(binding.range, fmt::format("'{}' is not used", name));
  }
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

Value Elaborator::evaluateLoop(const LoopExpr &loop, Scope &scope,
                               const std::string &segment) {
  switch (loop.loop) {
  case LoopKind::Repeat:
    return evaluateRepeat(loop, scope, segment);
  case LoopKind::Scan:
    return evaluateScan(loop, scope, segment);
  case LoopKind::While:
    return evaluateWhile(loop, scope, segment);
  }
  return {};
}

std::optional<Elaborator::SourceValues>
Elaborator::evaluateSource(const LoopSource &source, Scope &scope) {
  if (source.axisName || source.axisNumber) {
    error(source.range, ErrorCode::sourceAxis, source.name.text);
    return std::nullopt;
  }
  const auto *call = dynAs<CallExpr>(source.value);
  bool isRange = call && call->calleeName() == "range" &&
                 !scope.find("range") && call->arguments.size() == 1;
  if (isRange) {
    std::optional<int64_t> count =
        evaluateInteger(*call->arguments.front().value, scope);
    if (!count)
      return std::nullopt;
    if (*count < 0 || *count > static_cast<int64_t>(maxListLength)) {
      error(call->range, ErrorCode::settingOutOfRange, "n",
            fmt::format("at least 0 and at most {}", maxListLength), *count);
      return std::nullopt;
    }
    return SourceValues{*count, {}};
  }
  Value value = evaluate(*source.value, scope);
  if (value.isList())
    return SourceValues{std::nullopt, std::move(value.elements)};
  if (!value.isPoison())
    error(source.value->range, ErrorCode::wrongKind, source.name.text,
          "range(n) or a list", describe(value));
  return std::nullopt;
}

Value Elaborator::evaluateRepeat(const LoopExpr &loop, Scope &scope,
                                 const std::string &segment) {
  std::vector<Value> carried;
  for (const Carry &carry : loop.carries)
    carried.push_back(evaluate(*carry.initial, scope));
  std::vector<SourceValues> sources;
  for (const LoopSource &source : loop.sources) {
    std::optional<SourceValues> values = evaluateSource(source, scope);
    if (!values)
      return {};
    sources.push_back(std::move(*values));
    if (sources.back().size() != sources.front().size())
      return error(source.range, ErrorCode::sourceLengths,
                   loop.sources.front().name.text, sources.front().size(),
                   source.name.text, sources.back().size());
  }
  for (const Value &value : carried)
    if (value.isPoison())
      return {};

  int64_t count = sources.front().size();
  std::vector<std::vector<Value>> yields(loop.body.results.size());
  LayerScope layer(&graph.implementation(), "repeat", segment);
  reportGraphError();
  for (int64_t step = 0; step < count && !diagnostics.full(); ++step) {
    int64_t i = loop.reverse ? count - 1 - step : step;
    Scope body(scope.frame, &scope);
    for (size_t c = 0; c < loop.carries.size(); ++c) {
      Binding binding;
      binding.kind = Binding::Kind::Carry;
      binding.value = carried[c];
      if (!bind(loop.carries[c].name, std::move(binding), body))
        return {};
    }
    for (size_t s = 0; s < sources.size(); ++s) {
      Binding binding;
      binding.value = sources[s].count ? Value::ofInt(i) : sources[s].list[i];
      if (!bind(loop.sources[s].name, std::move(binding), body))
        return {};
    }
    LayerScope iteration(&graph.implementation(), "repeat", std::to_string(i));
    reportGraphError();
    size_t errorsBefore = diagnostics.errors().size();
    std::vector<Value> results = runBlock(loop.body, body);
    warnUnused(body);
    bool poison = false;
    for (size_t c = 0; c < loop.carries.size(); ++c) {
      Binding &binding = body.names.at(loop.carries[c].name.text);
      if (!binding.nextRange.file) {
        error(loop.carries[c].name.range, ErrorCode::nextMissing,
              loop.carries[c].name.text);
        return {};
      }
      carried[c] = *binding.next;
      poison |= carried[c].isPoison();
    }
    for (size_t y = 0; y < results.size(); ++y) {
      poison |= results[y].isPoison();
      yields[y].push_back(std::move(results[y]));
    }
    // What is wrong once is wrong each time.
    if (poison || diagnostics.errors().size() != errorsBefore)
      return {};
  }
  std::vector<Value> results;
  for (std::vector<Value> &yield : yields) {
    if (loop.reverse)
      std::reverse(yield.begin(), yield.end());
    results.push_back(Value::ofList(std::move(yield)));
  }
  for (Value &value : carried)
    results.push_back(std::move(value));
  if (results.empty())
    return error(loop.range, ErrorCode::loopGivesNothing);
  return Value::ofResults(std::move(results));
}

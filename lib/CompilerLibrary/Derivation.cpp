//===- Derivation.cpp - The chain rule, node by node ----------------------===//

#include "ExpressionText.h"
#include "GradientGraph.h"
#include "ProgramRun.h"
#include "nnc/Graph/MLIRGraph.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include <fmt/format.h>

using namespace mlir;
using namespace nnc;

namespace {
class Derivation {
public:
  explicit Derivation(func::FuncOp function) : function(function) {}

  Expected<std::string> run(const std::vector<unsigned> &arguments);

private:
  /// One term of an adjoint's sum.
  struct Term {
    Operation *consumer;
    Value value;
  };

  void nameArguments();
  void nameNode(Value value);
  void nameNodes(Value objective);
  ExpressionText formula(Value value);
  ExpressionText expand(Value value);
  std::string forwardText();
  void consumersOf(Value value, llvm::SetVector<Value> &consumers);
  std::string localDerivatives(Value value);
  std::string adjointText(Value value);

  func::FuncOp function;
  /// Nodes of the graph, and adjoints once they are derived, by name.
  llvm::DenseMap<Value, ExpressionText> names;
  llvm::StringMap<unsigned> counts;
  SmallVector<Value> nodes;
  llvm::DenseMap<Value, SmallVector<Term>> terms;
  llvm::DenseMap<Value, Value> adjoints;
};
} // namespace

/// What stands in formulas as it is and has no name: numbers, repetitions and
/// changes of type.
static bool isTransparent(Operation *op) {
  return isa<nn::ConstantOp, nn::DimSizeOp, nn::BroadcastOp, nn::CastOp>(op);
}

static std::string layerOf(Operation *op) {
  auto name =
      dyn_cast_or_null<NameLoc>(op->getLoc()->findInstanceOf<NameLoc>());
  return name ? name.getName().str() : std::string();
}

void Derivation::nameArguments() {
  for (BlockArgument argument : function.getArguments()) {
    unsigned number = argument.getArgNumber();
    std::string name = argumentText(function, number, "nn.name");
    names[argument] = {name.empty() ? "x" + std::to_string(number) : name};
    ++counts[names[argument].text];
  }
}

/// The name of the binding, or the op's within its layer.
void Derivation::nameNode(Value value) {
  Operation *op = value.getDefiningOp();
  std::string name = nameAt(op->getLoc());
  if (name.empty()) {
    std::string layer = layerOf(op);
    name =
        (layer.empty() ? "" : layer + ".") + op->getName().stripDialect().str();
  }
  unsigned count = ++counts[name];
  names[value] = {count == 1 ? name : fmt::format("{}_{}", name, count)};
}

/// Names what \p objective is computed from.
void Derivation::nameNodes(Value objective) {
  llvm::DenseSet<Operation *> producers;
  SmallVector<Value> pending{objective};
  while (!pending.empty()) {
    Operation *op = pending.pop_back_val().getDefiningOp();
    if (op && producers.insert(op).second)
      llvm::append_range(pending, op->getOperands());
  }
  counts["L"] = 1;
  for (Operation &op : function.getBody().front().without_terminator()) {
    if (!producers.contains(&op))
      continue;
    for (Value value : op.getResults()) {
      if (value == objective)
        names[value] = {"L"};
      else if (isTransparent(&op))
        continue;
      else
        nameNode(value);
      nodes.push_back(value);
    }
  }
}

/// \p value in terms of what has a name.
ExpressionText Derivation::formula(Value value) {
  auto found = names.find(value);
  return found == names.end() ? expand(value) : found->second;
}

/// \p value by its op.
ExpressionText Derivation::expand(Value value) {
  Operation *op = value.getDefiningOp();
  SmallVector<ExpressionText> operands;
  for (Value operand : op->getOperands())
    operands.push_back(formula(operand));
  return *expressionOf(op, operands, ExpressionStyle::formula);
}

std::string Derivation::forwardText() {
  std::string text = "Forward, in topological order:\n";
  for (BlockArgument argument : function.getArguments())
    text +=
        fmt::format("  {}: {} {}\n", names[argument].text,
                    argumentText(function, argument.getArgNumber(), "nn.role"),
                    typeText(argument.getType()));
  for (Value node : nodes)
    text += fmt::format("  {} = {}  : {}\n", names[node].text,
                        expand(node).text, typeText(node.getType()));
  return text;
}

/// The nodes that use \p value, also behind repetitions.
void Derivation::consumersOf(Value value, llvm::SetVector<Value> &consumers) {
  for (const Term &term : terms.lookup(value))
    for (Value result : term.consumer->getResults()) {
      if (names.count(result))
        consumers.insert(result);
      else
        consumersOf(result, consumers);
    }
}

/// The local derivatives of element-wise consumers: their terms for an adjoint
/// of 1.
std::string Derivation::localDerivatives(Value value) {
  std::string text;
  llvm::SmallDenseSet<Operation *> seen;
  for (const Term &term : terms.lookup(value)) {
    if (!isa<nn::ScalarBodyOpInterface>(term.consumer) ||
        !names.count(term.consumer->getResult(0)) ||
        !seen.insert(term.consumer).second)
      continue;
    Value result = term.consumer->getResult(0);
    Value adjoint = adjoints.lookup(result);
    auto known = names.find(adjoint);
    ExpressionText kept;
    bool wasNamed = known != names.end();
    if (wasNamed)
      kept = known->second;
    names[adjoint] = {"1", ExpressionText::atom, /*isNumber=*/true};
    std::string sum;
    for (const Term &other : terms.lookup(value))
      if (other.consumer == term.consumer)
        sum += (sum.empty() ? "" : " + ") + formula(other.value).text;
    if (wasNamed)
      names[adjoint] = kept;
    else
      names.erase(adjoint);
    text += fmt::format("    d({})/d({}) = {}\n", names[result].text,
                        names[value].text, sum);
  }
  return text;
}

/// The derivation of one adjoint: the chain rule, local derivatives, result.
std::string Derivation::adjointText(Value value) {
  const std::string name = names[value].text;
  llvm::SetVector<Value> consumers;
  consumersOf(value, consumers);
  std::string rule, result;
  for (Value consumer : consumers) {
    const std::string &y = names[consumer].text;
    rule += fmt::format("{}dL/d({}) * d({})/d({})", rule.empty() ? "" : " + ",
                        y, y, name);
  }
  for (const Term &term : terms.lookup(value)) {
    ExpressionText text = formula(term.value);
    result += (result.empty() ? "" : " + ") + text.within(ExpressionText::sum);
  }
  return fmt::format("\n  dL/d({}) = {}\n{}    dL/d({}) = {}\n", name, rule,
                     localDerivatives(value), name, result);
}

Expected<std::string> Derivation::run(const std::vector<unsigned> &arguments) {
  auto added = addGradients(
      function, arguments, /*order=*/1,
      [&](Operation *consumer, Value value, Value term, Value adjoint) {
        adjoints[value] = adjoint;
        if (consumer)
          terms[value].push_back({consumer, term});
        else
          names[adjoint] = {"1", ExpressionText::atom, /*isNumber=*/true};
      });
  if (!added)
    return fail(std::move(added).error());
  Value objective = function.getBody().front().getTerminator()->getOperand(0);
  nameArguments();
  nameNodes(objective);
  std::string text = forwardText();
  text += "\nBackward, in reverse topological order: dL/d(z) is the sum of "
          "dL/d(y) * d(y)/d(z)\nover the nodes y that use z.\n\n"
          "  dL/d(L) = 1\n";
  auto derive = [&](Value value) {
    if (!terms.count(value))
      return;
    text += adjointText(value);
    // An adjoint that is handed on unchanged keeps the name it has.
    names.try_emplace(adjoints.lookup(value),
                      ExpressionText{"dL/d(" + names[value].text + ")"});
  };
  for (Value node : llvm::reverse(nodes))
    derive(node);
  text += "\nThe derivatives by what was asked for follow from those of the "
          "nodes:\n";
  for (unsigned index : arguments) {
    Value argument = function.getArgument(index);
    if (terms.count(argument))
      derive(argument);
    else
      text += fmt::format("\n  dL/d({}) = 0: L does not depend on it\n",
                          names[argument].text);
  }
  return text;
}

Expected<std::string>
nnc::deriveGradients(func::FuncOp function,
                     const std::vector<unsigned> &arguments) {
  return Derivation(function).run(arguments);
}

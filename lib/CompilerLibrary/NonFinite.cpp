//===- NonFinite.cpp - Where a NaN or an Inf comes from -------------------===//

#include "NonFinite.h"
#include "nnc/Execution/FirstError.h"
#include "llvm/ADT/DenseSet.h"
#include <cmath>

using namespace mlir;
using namespace nnc;
using reference::ElementKind;
using reference::Tensor;

/// The first element of \p tensor that is not finite, or -1.
static int64_t firstNonFinite(const Tensor &tensor) {
  if (tensor.kind() != ElementKind::floating)
    return -1;
  for (int64_t i = 0; i < tensor.size(); ++i)
    if (!std::isfinite(tensor.number(i)))
      return i;
  return -1;
}

static const char *wordFor(double value) {
  return std::isnan(value) ? "NaN" : "Inf";
}

namespace {
/// Which part of a training step an op belongs to.
class Directions {
public:
  explicit Directions(func::FuncOp function) {
    SmallVector<Value> pending;
    Operation *terminator = function.getBody().front().getTerminator();
    // What the loss and the outputs need is the forward pass.
    for (auto [i, value] : llvm::enumerate(terminator->getOperands()))
      if (!function.getResultAttr(i, "nn.updates"))
        pending.push_back(value);
    while (!pending.empty())
      if (Operation *op = pending.pop_back_val().getDefiningOp();
          op && forward.insert(op).second)
        llvm::append_range(pending, op->getOperands());
    // What needs the learning rate or the optimiser's state is the update.
    for (BlockArgument argument : function.getArguments())
      if (unsigned i = argument.getArgNumber();
          argumentText(function, i, "nn.role") == "optimizer" ||
          argumentText(function, i, "nn.name") == "learning_rate")
        pending.push_back(argument);
    while (!pending.empty())
      for (Operation *user : pending.pop_back_val().getUsers())
        if (update.insert(user).second)
          llvm::append_range(pending, user->getResults());
  }

  const char *of(Operation *op) const {
    if (forward.contains(op))
      return "forward pass";
    return update.contains(op) ? "update" : "backward pass";
  }

private:
  llvm::DenseSet<Operation *> forward, update;
};
} // namespace

Expected<std::optional<ErrorNote>>
nnc::findNonFinite(ModuleOp module, const ProgramOptions &options,
                   const Compiler::ArgumentBytes &arguments) {
  OwningOpRef<ModuleOp> probe = module.clone();
  func::FuncOp function = *probe->getOps<func::FuncOp>().begin();
  Directions directions(function);
  SmallVector<Operation *> ops = returnEverything(function);
  auto run = ProgramRun::create(*probe, options);
  if (!run)
    return fail(std::move(run).error());
  SmallVector<Tensor> values;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    std::string name = argumentText(function, i, "nn.name");
    auto given = arguments.find(name);
    if (given == arguments.end())
      return fail(ErrorCode::badArguments, "'" + name + "' is not given");
    auto tensor = (*run)->argument(i, given->second);
    if (!tensor)
      return fail(std::move(tensor).error());
    if (int64_t element = firstNonFinite(*tensor); element >= 0)
      return ErrorNote{{},
                       fmt::format("element {} of the {} '{}' is {} before the "
                                   "step",
                                   element,
                                   argumentText(function, i, "nn.role"), name,
                                   wordFor(tensor->number(element)))};
    values.push_back(std::move(*tensor));
  }
  auto results = (*run)->run(values);
  if (!results)
    return fail(std::move(results).error());
  // In the block's order: the operands of the first one are finite.
  for (auto [op, result] : llvm::zip(ops, *results))
    if (int64_t element = firstNonFinite(result); element >= 0)
      return ErrorNote{positionOf(op->getLoc()),
                       fmt::format("the first value that is not finite is {}, "
                                   "element {} of the result of {} in the {}",
                                   wordFor(result.number(element)), element,
                                   layerName(op), directions.of(op))};
  return std::optional<ErrorNote>();
}

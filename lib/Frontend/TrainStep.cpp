//===- TrainStep.cpp - Losses, gradients and updates ----------------------===//

#include "TrainStep.h"
#include "mlir/IR/Builders.h"
#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Graph/Ops.h"
#include "nnc/Language/Arguments.h"

using namespace nnc;
using namespace nnc::frontend;

//===----------------------------------------------------------------------===//
// Which parameters
//===----------------------------------------------------------------------===//

static std::vector<std::string> partsOf(const std::string &path) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t point; (point = path.find('.', begin)) != std::string::npos;
       begin = point + 1)
    parts.push_back(path.substr(begin, point - begin));
  parts.push_back(path.substr(begin));
  return parts;
}

bool frontend::matchesGlob(const std::string &glob, const std::string &name) {
  std::vector<std::string> pattern = partsOf(glob), parts = partsOf(name);
  // reached[j]: the pattern so far matches the first j parts.
  std::vector<bool> reached(parts.size() + 1, false);
  reached[0] = true;
  for (const std::string &part : pattern) {
    std::vector<bool> next(parts.size() + 1, false);
    bool any = false;
    for (size_t j = 0; j <= parts.size(); ++j) {
      if (part == "**") {
        any = any || reached[j];
        next[j] = any;
      } else if (j > 0) {
        next[j] = reached[j - 1] && (part == "*" || part == parts[j - 1]);
      }
    }
    reached = std::move(next);
  }
  if (reached.back())
    return true;
  // The path of a net.
  return glob.find('*') == std::string::npos &&
         name.compare(0, glob.size() + 1, glob + ".") == 0;
}

std::optional<Error> frontend::unmatchedGlob(const Graph &graph,
                                             const std::string &glob) {
  std::vector<std::string> names;
  for (const GraphArgument &argument : argumentsOf(graph)) {
    if (argument.role != "parameter")
      continue;
    if (matchesGlob(glob, argument.name))
      return std::nullopt;
    names.push_back(argument.name);
  }
  return makeError(ErrorCode::noParameterMatches, glob,
                   suggestion(glob, names));
}

std::vector<unsigned>
frontend::trainedParameters(Graph &graph, const TrainStepOptions &options) {
  auto matchesOne = [&](const std::vector<std::string> &globs,
                        const std::string &name) {
    for (const std::string &glob : globs)
      if (matchesGlob(glob, name))
        return true;
    return false;
  };
  std::vector<unsigned> trained;
  const std::vector<GraphArgument> &arguments = argumentsOf(graph);
  for (unsigned i = 0; i < arguments.size(); ++i)
    if (arguments[i].role == "parameter" &&
        matchesOne(options.update, arguments[i].name) &&
        !matchesOne(options.freeze, arguments[i].name))
      trained.push_back(i);
  return trained;
}

Tensor frontend::withPenalties(Graph &graph, const Tensor &loss) {
  Tensor total = loss;
  for (const Tensor &penalty : penaltiesOf(graph))
    total = total + cast(penalty, total.elementType());
  return total;
}

std::vector<Tensor>
frontend::gradientsOf(Graph &graph, const Tensor &objective,
                      const std::vector<unsigned> &parameters) {
  std::vector<Tensor> wrt;
  for (unsigned index : parameters)
    wrt.push_back(argumentTensor(graph, index));
  return gradient(objective, wrt);
}

//===----------------------------------------------------------------------===//
// Bounds of gradients, and constraints
//===----------------------------------------------------------------------===//

/// Scales \p gradients so that their joint norm is at most \p bound, as
/// torch.nn.utils.clip_grad_norm_ does.
static void clipByNorm(std::vector<Tensor> &gradients, double bound) {
  Tensor squares;
  for (const Tensor &gradient : gradients) {
    Tensor part = sum(square(gradient));
    squares =
        squares.isValid() ? squares + cast(part, squares.elementType()) : part;
  }
  Tensor scale = minimum(bound / (sqrt(squares) + 1e-6), 1.0);
  for (Tensor &gradient : gradients)
    gradient = gradient * cast(scale, gradient.elementType());
}

/// \p weight after the constraint; a column is what leads to one unit.
static Tensor constrain(const Tensor &weight, const Constraint &constraint) {
  switch (constraint.kind) {
  case Constraint::Kind::None:
    return weight;
  case Constraint::Kind::NonNegative:
    return maximum(weight, 0);
  case Constraint::Kind::MaxNorm:
  case Constraint::Kind::UnitNorm:
    break;
  }
  Axes axes = weight.rank() > 1 ? Axes(0) : Axes();
  Tensor length = norm(weight, axes, /*keepDims=*/true);
  // The margin keeps a column of zeros from being divided by 0.
  constexpr double margin = 1e-7;
  if (constraint.kind == Constraint::Kind::UnitNorm)
    return weight / (length + margin);
  return weight * (minimum(length, constraint.limit) / (length + margin));
}

//===----------------------------------------------------------------------===//
// Optimisers
//===----------------------------------------------------------------------===//

namespace {
/// What the language's optimiser is in the nn dialect.
struct OptimizerOp {
  std::string op;
  /// Names of the states of the parameter's type, and of scalars after them.
  std::vector<std::string> states, scalars;
  llvm::SmallVector<mlir::NamedAttribute> attributes;
  const TrainStepOptions *options = nullptr;
};
} // namespace

/// What a learning rate starts from, for bounds that refer to it.
static double initialRate(const SettingValue &rate) {
  if (rate.isNumber())
    return rate.toDouble();
  if (rate.isCall() && rate.builtin->indexOf("value") >= 0)
    return rate.argument("value").toDouble();
  if (rate.isCall("warmup"))
    return initialRate(rate.argument("schedule"));
  // The first [epoch, value].
  if (rate.isCall("piecewise")) {
    const std::vector<SettingValue> &points = rate.argument("points").elements;
    if (!points.empty() && points[0].isList() && points[0].elements.size() == 2)
      return initialRate(points[0].elements[1]);
  }
  return 0;
}

static OptimizerOp describeOptimizer(const SettingValue &optimizer,
                                     mlir::Builder &builder) {
  const std::string &name = optimizer.builtin->name;
  OptimizerOp result;
  result.op = name == "adamw" ? "nn.adam" : "nn." + name;
  auto number = [&](const char *setting) {
    return optimizer.argument(setting).toDouble();
  };
  auto flag = [&](const char *setting) {
    return optimizer.argument(setting).boolean;
  };
  if (name == "sgd") {
    if (number("momentum") != 0)
      result.states = {"velocity"};
  } else if (name == "adagrad") {
    result.states = {"squares"};
  } else if (name == "adadelta") {
    result.states = {"squares", "steps"};
  } else if (name == "rmsprop") {
    result.states = {"squares"};
    if (number("momentum") != 0)
      result.states.push_back("velocity");
    if (flag("centered"))
      result.states.push_back("average");
  } else {
    result.states = {"mean", "variance"};
    if (optimizer.builtin->indexOf("amsgrad") >= 0 && flag("amsgrad"))
      result.states.push_back("largest");
    if (name == "nadam")
      result.scalars = {"product"};
  }
  auto set = [&](llvm::StringRef key, mlir::Attribute value) {
    result.attributes.push_back(builder.getNamedAttr(key, value));
  };
  // Settings and attributes have the same names and meaning.
  for (size_t i = 0; i < optimizer.elements.size(); ++i) {
    const std::string &key = optimizer.builtin->parameters[i].name;
    const SettingValue &value = optimizer.elements[i];
    if (key == "learning_rate")
      continue;
    if (value.isNumber())
      set(key, builder.getF64FloatAttr(value.toDouble()));
    else if (value.isBool() && value.boolean)
      set(key, builder.getUnitAttr());
  }
  if (name == "adamw")
    set("decoupled", builder.getUnitAttr());
  if (name == "adabound")
    if (double rate = initialRate(optimizer.argument("learning_rate"));
        rate > 0)
      set("base_learning_rate", builder.getF64FloatAttr(rate));
  return result;
}

/// The last factor of the learning rate whose glob matches \p name.
static double rateFactor(const TrainStepOptions &options,
                         const std::string &name) {
  double factor = 1;
  for (const auto &[glob, value] : options.learningRateFactors)
    if (matchesGlob(glob, name))
      factor = value;
  return factor;
}

namespace {
/// Where a batch stands among those whose gradients make one update.
struct Accumulation {
  /// Scalars of bool; invalid if each batch makes an update.
  Tensor isFirst, isLast;

  bool isUsed() const { return isLast.isValid(); }
};
} // namespace

/// Adds the mean of the gradients of several batches, kept in a state of the
/// parameter \p index between them. What it gives before the last batch is not
/// complete.
static Tensor accumulate(Graph &graph, unsigned index, const Tensor &gradient,
                         const Accumulation &accumulation, int64_t batches) {
  const GraphArgument parameter = argumentsOf(graph)[index];
  unsigned state = argumentsOf(graph).size();
  Tensor sum = addOptimizerState(graph, parameter.name + ".gradient",
                                 parameter.name, gradient, "zeros");
  Tensor share = gradient / static_cast<double>(batches);
  Tensor total = where(accumulation.isFirst, share, sum + share);
  addUpdate(graph, state, total);
  return total;
}

/// Emits the update of one parameter and registers its new values.
static void updateParameter(Graph &graph, unsigned index,
                            const Tensor &gradient, const OptimizerOp &rule,
                            const Tensor &learningRate, const Tensor &step,
                            const Accumulation &accumulation) {
  const GraphArgument parameter = argumentsOf(graph)[index];
  Tensor weight = argumentTensor(graph, index);
  mlir::Value value = valueOf(graph, weight);
  llvm::SmallVector<mlir::Value> operands{value, valueOf(graph, gradient)};
  llvm::SmallVector<mlir::Type> types{value.getType()};
  std::vector<unsigned> stateIndices;
  auto addState = [&](const std::string &name, const Tensor &like) {
    stateIndices.push_back(argumentsOf(graph).size());
    Tensor state = addOptimizerState(graph, parameter.name + "." + name,
                                     parameter.name, like, "zeros");
    if (!state.isValid())
      return false;
    operands.push_back(valueOf(graph, state));
    types.push_back(operands.back().getType());
    return true;
  };
  for (const std::string &name : rule.states)
    if (!addState(name, weight))
      return;
  for (const std::string &name : rule.scalars)
    if (!addState(name, full(graph, {}, 0, weight.elementType())))
      return;
  double factor = rateFactor(*rule.options, parameter.name);
  Tensor rate = factor == 1 ? learningRate : learningRate * factor;
  operands.push_back(valueOf(graph, rate));
  operands.push_back(valueOf(graph, step));

  mlir::OpBuilder builder = builderOf(graph);
  mlir::OperationState state(
      mlir::NameLoc::get(builder.getStringAttr(parameter.name)), rule.op);
  state.addOperands(operands);
  state.addTypes(types);
  state.addAttributes(rule.attributes);
  mlir::Operation *op = builder.create(state);
  auto update = [&](unsigned argument, const Tensor &updated) {
    addUpdate(graph, argument,
              accumulation.isUsed() ? where(accumulation.isLast, updated,
                                            argumentTensor(graph, argument))
                                    : updated);
  };
  Tensor updated = tensorOf(graph, op->getResult(0));
  update(index, constrain(updated, parameter.constraint));
  for (size_t i = 0; i < stateIndices.size(); ++i)
    update(stateIndices[i], tensorOf(graph, op->getResult(i + 1)));
}

void frontend::addUpdates(Graph &graph, const std::vector<unsigned> &parameters,
                          std::vector<Tensor> gradients,
                          const UpdateRule &rule) {
  const TrainStepOptions &options = *rule.options;
  Accumulation accumulation;
  if (options.accumulate > 1) {
    Tensor accumulated = graph.scalar("accumulated", ElementType::i64);
    accumulation = {equal(accumulated, 0),
                    equal(accumulated, options.accumulate - 1)};
    for (size_t i = 0; i < parameters.size(); ++i)
      gradients[i] = accumulate(graph, parameters[i], gradients[i],
                                accumulation, options.accumulate);
  }
  if (options.clipValue > 0)
    for (Tensor &gradient : gradients)
      gradient = clip(gradient, -options.clipValue, options.clipValue);
  if (options.clipNorm > 0)
    clipByNorm(gradients, options.clipNorm);
  ElementType rateType = rule.floatType;
  for (unsigned index : parameters)
    if (argumentTensor(graph, index).elementType() == ElementType::f64)
      rateType = ElementType::f64;
  Tensor learningRate = graph.scalar("learning_rate", rateType);
  Tensor step = graph.scalar("step", ElementType::i64);
  mlir::Builder builder = builderOf(graph);
  OptimizerOp op = describeOptimizer(rule.optimizer, builder);
  op.options = &options;
  for (size_t i = 0; i < parameters.size(); ++i)
    updateParameter(graph, parameters[i], gradients[i], op, learningRate, step,
                    accumulation);
}

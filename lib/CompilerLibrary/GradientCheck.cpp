//===- GradientCheck.cpp - Gradients against central differences ----------===//

#include "GradientCheck.h"
#include "ExpressionText.h"
#include "nnc/Dialect/NN/Transforms/Differentiate.h"
#include "nnc/Execution/FirstError.h"
#include "nnc/Reference/GradientCheck.h"

using namespace mlir;
using namespace nnc;
using reference::Tensor;

static func::FuncOp functionOf(ModuleOp module) {
  return *module.getOps<func::FuncOp>().begin();
}

/// Makes \p values the only results of \p function.
static void returnOnly(func::FuncOp function, ArrayRef<Value> values) {
  function.getBody().front().getTerminator()->setOperands(values);
  SmallVector<Type> results;
  for (Value value : values)
    results.push_back(value.getType());
  function.removeResAttrsAttr();
  function.setFunctionType(FunctionType::get(
      function.getContext(), function.getArgumentTypes(), results));
}

/// \p value, or of a tensor the sum of its squares: a plain sum would be blind
/// to results such as probabilities, whose sum does not change.
static Value scalarOf(func::FuncOp function, Value value) {
  int64_t rank = cast<RankedTensorType>(value.getType()).getRank();
  if (rank == 0)
    return value;
  OpBuilder builder(function.getBody().front().getTerminator());
  Value square = nn::MulOp::create(builder, value.getLoc(), value, value);
  return nn::ReduceSumOp::create(builder, value.getLoc(), square,
                                 llvm::to_vector(llvm::seq<int64_t>(0, rank)));
}

/// Makes an argument of each stop_gradient: a constant to differentiation is
/// one to differences too. Returns their values at \p arguments.
static FailureOr<SmallVector<Tensor>>
holdStoppedGradients(func::FuncOp function, ArrayRef<Tensor> arguments,
                     const std::map<std::string, int64_t> &sizes) {
  SmallVector<nn::StopGradientOp> stops(
      function.getBody().front().getOps<nn::StopGradientOp>());
  SmallVector<Tensor> held;
  if (stops.empty())
    return held;
  OwningOpRef<func::FuncOp> copy = function.clone();
  SmallVector<Value> values;
  for (auto stop : copy->getBody().front().getOps<nn::StopGradientOp>())
    values.push_back(stop.getResult());
  returnOnly(*copy, values);
  FailureOr<SmallVector<Tensor>> results =
      reference::evaluate(*copy, arguments, sizes);
  if (failed(results))
    return failure();
  for (auto [stop, value] : llvm::zip(stops, *results)) {
    auto type = cast<RankedTensorType>(stop.getType());
    unsigned index = function.getNumArguments();
    if (failed(function.insertArgument(index, type, {}, stop.getLoc())))
      return failure();
    if (isa<FloatType>(type.getElementType()))
      for (double &element : value.floats())
        element = reference::roundTo(element, type.getElementType());
    stop.getResult().replaceAllUsesWith(function.getArgument(index));
    stop.erase();
    held.push_back(std::move(value));
  }
  return held;
}

Expected<std::vector<Compiler::CheckResult>>
nnc::checkGradients(ModuleOp module, ProgramOptions options,
                    ArgumentChoice choice, double tolerance, uint64_t seed) {
  func::FuncOp function = functionOf(module);
  Value first = function.getBody().front().getTerminator()->getOperand(0);
  if (!isa<FloatType>(cast<RankedTensorType>(first.getType()).getElementType()))
    return fail(ErrorCode::lossMissing,
                "the gradient of " + typeText(first.getType()));
  returnOnly(function, scalarOf(function, first));
  chooseSizes(function, options.graph.sizes);
  auto drawn = drawArguments(function, options.graph.sizes, seed);
  if (!drawn)
    return fail(std::move(drawn).error());
  SmallVector<Tensor> point = std::move(*drawn);
  FirstError errors(module.getContext());
  unsigned arguments = function.getNumArguments();
  FailureOr<SmallVector<Tensor>> held =
      holdStoppedGradients(function, point, options.graph.sizes);
  if (failed(held))
    return errors.take("a value without gradient cannot be evaluated");
  llvm::append_range(point, *held);

  // The objective alone, and with its gradients.
  auto objective = ProgramRun::create(module, options);
  if (!objective)
    return fail(std::move(objective).error());
  Operation *terminator = function.getBody().front().getTerminator();
  OpBuilder builder(terminator);
  SmallVector<Value> wrt, gradients;
  for (unsigned i = 0; i < arguments; ++i) {
    auto type = cast<RankedTensorType>(function.getArgument(i).getType());
    if (isa<FloatType>(type.getElementType()) &&
        choice(argumentText(function, i, "nn.name"),
               argumentText(function, i, "nn.role")))
      wrt.push_back(function.getArgument(i));
  }
  if (failed(nn::differentiate(builder, terminator->getOperand(0), wrt,
                               gradients)))
    return errors.take("the objective has no gradient");
  for (auto [value, gradient] : llvm::zip(wrt, gradients))
    if (!gradient)
      gradient = nn::createFull(builder, value.getLoc(),
                                cast<RankedTensorType>(value.getType()), 0.0);
  returnOnly(function, gradients);
  auto differentiated = ProgramRun::create(module, options);
  if (!differentiated)
    return fail(std::move(differentiated).error());
  auto symbolic = (*differentiated)->run(point);
  if (!symbolic)
    return fail(std::move(symbolic).error());
  SmallVector<std::optional<Tensor>> given(point.size());
  for (auto [value, gradient] : llvm::zip(wrt, *symbolic))
    given[cast<BlockArgument>(value).getArgNumber()] = gradient;

  std::optional<Error> failed;
  reference::GradientCheckOptions settings;
  settings.maximumElements = 24;
  // Truncation and rounding both are about 1e-11 of the loss.
  settings.step = 1e-5;
  settings.refinements = 2;
  settings.seed = seed;
  auto compared = reference::checkGradients(
      [&](ArrayRef<Tensor> at) -> FailureOr<double> {
        auto results = (*objective)->run(at);
        if (results)
          return results->front().number(0);
        failed = std::move(results.error());
        return failure();
      },
      point, given, settings);
  if (failed)
    return fail(std::move(*failed));
  if (mlir::failed(compared))
    return errors.take("the gradients could not be compared");
  std::vector<Compiler::CheckResult> results;
  for (const reference::GradientError &error : *compared) {
    Compiler::CheckResult result{
        "gradient", argumentText(function, error.argument, "nn.name"),
        error.worst, error.worst <= tolerance, ""};
    if (!result.passed)
      result.note = fmt::format(
          "element {}: the gradient gives {:.9g}, the central difference "
          "{:.9g}",
          error.element, error.given, error.difference);
    results.push_back(std::move(result));
  }
  return results;
}

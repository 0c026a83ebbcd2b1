//===- ReferenceCheck.cpp - Compiled code against the reference -----------===//

#include "ReferenceCheck.h"
#include "nnc/Execution/FirstError.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace nnc;
using reference::Tensor;

/// Arguments that are drawn one after another at most.
static constexpr int mostDraws = 16;

namespace {
/// How one value compares: the worst element.
struct Difference {
  double worst = 0;
  int64_t element = 0;
};
} // namespace

/// NaN equals NaN, and an infinity itself; else they differ without bound.
static Difference compare(const Tensor &found, const Tensor &expected) {
  double scale = 0;
  for (int64_t i = 0; i < expected.size(); ++i)
    if (std::isfinite(expected.number(i)))
      scale = std::max(scale, std::fabs(expected.number(i)));
  scale = std::max(scale, std::numeric_limits<double>::min());
  Difference difference;
  for (int64_t i = 0; i < expected.size(); ++i) {
    double a = found.number(i), b = expected.number(i);
    double error = 0;
    if (std::isnan(a) != std::isnan(b))
      error = std::numeric_limits<double>::infinity();
    else if (!std::isnan(a) && a != b)
      error = std::fabs(a - b) / scale;
    if (error > difference.worst)
      difference = {error, i};
  }
  return difference;
}

static std::string elementText(const Difference &difference,
                               const Tensor &found, const Tensor &expected) {
  return fmt::format("element {}: compiled {:.9g}, reference {:.9g}",
                     difference.element, found.number(difference.element),
                     expected.number(difference.element));
}

/// "nn.matmul of 'hidden' at digits.nn:3:12".
static std::string placedName(Operation *op) {
  std::string name = layerName(op);
  SourcePosition place = positionOf(op->getLoc());
  if (!place.file.empty())
    name += fmt::format(" at {}:{}:{}", place.file, place.line, place.column);
  return name;
}

/// What the reference computes for \p module: for its groups where those
/// round.
static Expected<SmallVector<Tensor>> evaluate(ModuleOp module,
                                              const ProgramOptions &options,
                                              ArrayRef<Tensor> arguments) {
  OwningOpRef<ModuleOp> rounded;
  if (options.graph.storesBF16) {
    rounded = module.clone();
    module = *rounded;
    if (auto run = runGraphPhases(module, options.graph, Phase::fuse); !run)
      return fail(std::move(run).error());
  }
  FirstError errors(module.getContext());
  FailureOr<SmallVector<Tensor>> results = reference::evaluate(
      *module.getOps<func::FuncOp>().begin(), arguments, options.graph.sizes);
  if (failed(results))
    return errors.take("the reference failed");
  return std::move(*results);
}

/// The first value of \p module that differs by more than \p tolerance.
static Expected<std::string> findFirst(ModuleOp module,
                                       const ProgramOptions &options,
                                       ArrayRef<Tensor> arguments,
                                       double tolerance) {
  OwningOpRef<ModuleOp> probe = module.clone();
  func::FuncOp function = *probe->getOps<func::FuncOp>().begin();
  SmallVector<Operation *> ops = returnEverything(function);
  auto expected = evaluate(*probe, options, arguments);
  if (!expected)
    return fail(std::move(expected).error());
  auto run = ProgramRun::create(*probe, options);
  if (!run)
    return fail(std::move(run).error());
  auto found = (*run)->run(arguments);
  if (!found)
    return fail(std::move(found).error());
  for (auto [i, op] : llvm::enumerate(ops)) {
    Difference difference = compare((*found)[i], (*expected)[i]);
    if (difference.worst > tolerance)
      return fmt::format("; the first value that differs is that of {}, {}",
                         placedName(op),
                         elementText(difference, (*found)[i], (*expected)[i]));
  }
  return std::string("; no value differs when all are made results, so ops "
                     "differ only where they are fused");
}

/// Whether \p expected, the results for \p arguments, change by more than
/// \p tolerance where each floating-point argument changes by its last bit, as
/// after many steps of an iteration that does not settle. Rounding makes such
/// results, and no code can be held to them.
static Expected<bool> isChaotic(ModuleOp module, const ProgramOptions &options,
                                ArrayRef<Tensor> arguments,
                                ArrayRef<Tensor> expected, double tolerance) {
  func::FuncOp function = *module.getOps<func::FuncOp>().begin();
  SmallVector<Tensor> moved(arguments);
  for (auto [tensor, argument] : llvm::zip(moved, function.getArguments())) {
    if (tensor.kind() != reference::ElementKind::floating)
      continue;
    Type element = cast<RankedTensorType>(argument.getType()).getElementType();
    double bit =
        std::ldexp(1, 1 - int(cast<FloatType>(element).getFPMantissaWidth()));
    for (double &number : tensor.floats())
      number = reference::roundTo(number * (1 + bit), element);
  }
  auto results = evaluate(module, options, moved);
  if (!results)
    return fail(std::move(results).error());
  for (auto [now, before] : llvm::zip(*results, expected))
    if (compare(now, before).worst > tolerance)
      return true;
  return false;
}

Expected<std::vector<Compiler::CheckResult>>
nnc::checkReference(ModuleOp module, ProgramOptions options,
                    const std::string &check, double tolerance, uint64_t seed) {
  func::FuncOp function = *module.getOps<func::FuncOp>().begin();
  chooseSizes(function, options.graph.sizes);
  auto run = ProgramRun::create(module, options);
  if (!run)
    return fail(std::move(run).error());
  Expected<SmallVector<Tensor>> arguments = SmallVector<Tensor>();
  Expected<SmallVector<Tensor>> expected = SmallVector<Tensor>();
  Expected<SmallVector<Tensor>> found = SmallVector<Tensor>();
  // Where results differ that rounding alone makes, other arguments are drawn.
  for (int draw = 0; draw < mostDraws; ++draw) {
    arguments = drawArguments(function, options.graph.sizes, seed + draw);
    if (!arguments)
      return fail(std::move(arguments).error());
    expected = evaluate(module, options, *arguments);
    if (!expected)
      return fail(std::move(expected).error());
    found = (*run)->run(*arguments);
    if (!found)
      return fail(std::move(found).error());
    bool differs = false;
    for (auto [a, b] : llvm::zip(*found, *expected))
      differs |= compare(a, b).worst > tolerance;
    if (!differs)
      break;
    auto chaotic = isChaotic(module, options, *arguments, *expected, tolerance);
    if (!chaotic)
      return fail(std::move(chaotic).error());
    if (!*chaotic)
      break;
  }
  std::vector<Compiler::CheckResult> results;
  std::string first;
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    const Tensor &a = (*found)[i], &b = (*expected)[i];
    Difference difference = compare(a, b);
    Compiler::CheckResult result{check, resultName(function, i),
                                 difference.worst,
                                 difference.worst <= tolerance, ""};
    if (!result.passed) {
      if (first.empty()) {
        auto named = findFirst(module, options, *arguments, tolerance);
        if (!named)
          return fail(std::move(named).error());
        first = std::move(*named);
      }
      result.note = elementText(difference, a, b) + first;
    }
    results.push_back(std::move(result));
  }
  return results;
}

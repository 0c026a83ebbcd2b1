//===- GradientCheck.cpp - Gradients against differences ------------------===//

#include "nnc/Reference/GradientCheck.h"
#include "nnc/Support/Philox.h"
#include <cmath>
#include <limits>
#include <optional>

using namespace mlir;
using namespace nnc;
using namespace nnc::reference;

FailureOr<double>
reference::evaluateSum(func::FuncOp function, ArrayRef<Tensor> arguments,
                       const std::map<std::string, int64_t> &sizes) {
  if (function.getNumResults() == 0)
    return function.emitOpError("has no result to differentiate");
  FailureOr<SmallVector<Tensor>> results = evaluate(function, arguments, sizes);
  if (failed(results))
    return failure();
  const Tensor &result = results->front();
  if (result.kind() != ElementKind::floating)
    return function.emitOpError("has a result that is not floating-point");
  double sum = 0.0;
  for (double element : result.floats())
    sum += element;
  return sum;
}

/// \p count places below \p size, or all, in increasing order.
static std::vector<int64_t> choosePlaces(int64_t size, int64_t count,
                                         uint64_t seed) {
  std::vector<int64_t> places;
  if (size <= count) {
    for (int64_t i = 0; i < size; ++i)
      places.push_back(i);
    return places;
  }
  // One place in each of count ranges of almost equal length.
  RandomStream random(seed, RandomPurpose::split);
  for (int64_t i = 0; i < count; ++i) {
    int64_t low = size * i / count, high = size * (i + 1) / count;
    places.push_back(low + random.below(high - low));
  }
  return places;
}

namespace {
/// The central difference at one element.
struct Difference {
  int64_t place;
  double value;
};

/// Differences of a function at one point.
class Differences {
public:
  Differences(ScalarFunction function, ArrayRef<Tensor> arguments)
      : function(function), point(arguments) {}

  /// Evaluates the point itself.
  LogicalResult start() {
    FailureOr<double> value = function(point);
    if (succeeded(value))
      center = *value;
    return value;
  }
  double value() const { return center; }

  /// The central difference at element \p place of \p argument, or none where
  /// the one-sided ones disagree.
  FailureOr<std::optional<double>> at(size_t argument, int64_t place,
                                      double relativeStep);

private:
  ScalarFunction function;
  SmallVector<Tensor> point;
  double center = 0.0;
};
} // namespace

FailureOr<std::optional<double>> Differences::at(size_t argument, int64_t place,
                                                 double relativeStep) {
  double &x = point[argument].floats()[place];
  const double value = x;
  double step = relativeStep * std::max(1.0, std::fabs(value));
  x = value + step;
  double above = x;
  FailureOr<double> high = function(point);
  x = value - step;
  double below = x;
  FailureOr<double> low = function(point);
  x = value;
  if (failed(high) || failed(low))
    return failure();
  // The steps that were taken, after rounding.
  double central = (*high - *low) / (above - below);
  double right = (*high - center) / (above - value);
  double left = (center - *low) / (value - below);
  double noise = std::fabs(center) * 1e-15 / step;
  double scale = std::max(std::fabs(right), std::fabs(left));
  if (std::fabs(right - left) > 1e-3 * scale + 16.0 * noise + 1e-7)
    return std::optional<double>();
  return std::optional(central);
}

/// Whether \p a and \p b agree to \p tolerance of the larger.
static bool isClose(double a, double b, double tolerance) {
  return std::fabs(a - b) <= tolerance * std::max(std::fabs(a), std::fabs(b));
}

FailureOr<SmallVector<GradientError>>
reference::checkGradients(ScalarFunction function, ArrayRef<Tensor> arguments,
                          ArrayRef<std::optional<Tensor>> gradients,
                          const GradientCheckOptions &options) {
  Differences differ(function, arguments);
  if (failed(differ.start()))
    return failure();
  SmallVector<GradientError> errors;
  for (auto [argument, gradient] : llvm::enumerate(gradients)) {
    if (!gradient)
      continue;
    GradientError error;
    error.argument = argument;
    std::vector<Difference> differences;
    double largest = 0.0;
    for (int64_t place : choosePlaces(gradient->floats().size(),
                                      options.maximumElements, options.seed)) {
      double given = gradient->floats()[place];
      std::optional<double> closest;
      double step = options.step;
      for (int i = 0; i <= options.refinements; ++i, step *= 0.1) {
        FailureOr<std::optional<double>> central =
            differ.at(argument, place, step);
        if (failed(central))
          return failure();
        if (*central && (!closest || std::fabs(**central - given) <
                                         std::fabs(*closest - given)))
          closest = **central;
        if (closest && isClose(*closest, given, options.refineAbove))
          break;
      }
      if (!closest) {
        ++error.skipped;
        continue;
      }
      differences.push_back({place, *closest});
      if (std::isfinite(*closest))
        largest = std::max(largest, std::fabs(*closest));
    }
    double floor = std::max(1e-3 * largest, 1e-4 * std::fabs(differ.value()));
    for (const Difference &difference : differences) {
      double given = gradient->floats()[difference.place];
      double scale =
          std::max({std::fabs(given), std::fabs(difference.value), floor});
      double distance = std::fabs(given - difference.value);
      double relative = distance == 0.0 ? 0.0 : distance / scale;
      if (std::isnan(relative))
        relative = std::numeric_limits<double>::infinity();
      if (error.checked++ == 0 || relative > error.worst) {
        error.worst = relative;
        error.element = difference.place;
        error.given = given;
        error.difference = difference.value;
      }
    }
    errors.push_back(error);
  }
  return errors;
}

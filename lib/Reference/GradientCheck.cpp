//===- GradientCheck.cpp - Gradients against differences ------------------===//

#include "nnc/Reference/GradientCheck.h"
#include "nnc/Support/Philox.h"
#include <cmath>
#include <limits>

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
/// The central difference at one element, and whether to believe it.
struct Difference {
  int64_t place;
  double value;
};
} // namespace

FailureOr<SmallVector<GradientError>>
reference::checkGradients(ScalarFunction function, ArrayRef<Tensor> arguments,
                          ArrayRef<std::optional<Tensor>> gradients,
                          const GradientCheckOptions &options) {
  SmallVector<Tensor> point(arguments);
  FailureOr<double> center = function(point);
  if (failed(center))
    return failure();
  SmallVector<GradientError> errors;
  for (auto [argument, gradient] : llvm::enumerate(gradients)) {
    if (!gradient)
      continue;
    GradientError error;
    error.argument = argument;
    MutableArrayRef<double> x = point[argument].floats();
    std::vector<Difference> differences;
    double largest = 0.0;
    for (int64_t place :
         choosePlaces(x.size(), options.maximumElements, options.seed)) {
      double value = x[place];
      double step = options.step * std::max(1.0, std::fabs(value));
      x[place] = value + step;
      double above = x[place];
      FailureOr<double> high = function(point);
      x[place] = value - step;
      double below = x[place];
      FailureOr<double> low = function(point);
      x[place] = value;
      if (failed(high) || failed(low))
        return failure();
      // The steps that were taken, after rounding.
      double central = (*high - *low) / (above - below);
      double right = (*high - *center) / (above - value);
      double left = (*center - *low) / (value - below);
      double noise = std::fabs(*center) * 1e-15 / step;
      double scale = std::max(std::fabs(right), std::fabs(left));
      if (std::fabs(right - left) > 1e-3 * scale + 16.0 * noise + 1e-7) {
        ++error.skipped;
        continue;
      }
      differences.push_back({place, central});
      if (std::isfinite(central))
        largest = std::max(largest, std::fabs(central));
    }
    double floor = std::max(1e-3 * largest, 1e-4 * std::fabs(*center));
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

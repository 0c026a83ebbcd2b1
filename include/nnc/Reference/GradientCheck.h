//===- GradientCheck.h - Gradients against differences ----------*- C++ -*-===//
//
// Compares given gradients with central differences in double precision.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_REFERENCE_GRADIENTCHECK_H
#define NNC_REFERENCE_GRADIENTCHECK_H

#include "nnc/Reference/Evaluate.h"

namespace nnc::reference {

/// A function of tensors to one number. Failure comes with a diagnostic.
using ScalarFunction =
    llvm::function_ref<llvm::FailureOr<double>(llvm::ArrayRef<Tensor>)>;

struct GradientCheckOptions {
  /// Step of the differences, times max(1, |x|). The error of a central
  /// difference is about step^2 from the third derivative and 1e-16 / step from
  /// rounding.
  double step = 1e-6;
  /// Elements of an argument that are tested at most, chosen by `seed`.
  int64_t maximumElements = INT64_MAX;
  uint64_t seed = 0;
  /// How often a tenth of the step is tried at an element whose difference is
  /// further than `refineAbove` from the gradient, relative to the larger of
  /// both; the closest counts. A step across the kinks of some hidden units is
  /// wrong in proportion to its length.
  int refinements = 0;
  double refineAbove = 1e-7;
};

/// How the gradient with respect to one argument compares.
struct GradientError {
  size_t argument = 0; ///< Which one.
  /// The largest error, relative to the larger of both values, but at least to
  /// 1e-3 of the largest element of the gradient and to 1e-4 of the function's
  /// value, where differences are nothing but rounding. Infinite where a given
  /// value is NaN.
  double worst = 0.0;
  int64_t element = 0;     ///< Where the worst is, in row-major order.
  double given = 0.0;      ///< The gradient there.
  double difference = 0.0; ///< The central difference there.
  int64_t checked = 0;     ///< Elements that were compared.
  int64_t skipped = 0;     ///< Elements at whose value the function has a kink.
};

/// Compares \p gradients, one for each of \p arguments, with differences of
/// \p function at \p arguments. A missing gradient (none) is not compared; only
/// floating-point arguments have one, of the argument's shape. Where one-sided
/// differences disagree, at kinks and jumps, an element is skipped.
llvm::FailureOr<llvm::SmallVector<GradientError>>
checkGradients(ScalarFunction function, llvm::ArrayRef<Tensor> arguments,
               llvm::ArrayRef<std::optional<Tensor>> gradients,
               const GradientCheckOptions &options = {});

/// The sum of the elements of the first result of \p function, evaluated.
llvm::FailureOr<double>
evaluateSum(mlir::func::FuncOp function, llvm::ArrayRef<Tensor> arguments,
            const std::map<std::string, int64_t> &sizes = {});

} // namespace nnc::reference

#endif // NNC_REFERENCE_GRADIENTCHECK_H

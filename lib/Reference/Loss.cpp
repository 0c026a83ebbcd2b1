//===- Loss.cpp - Reference evaluation of softmax and losses --------------===//

#include "Models.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;
using namespace nnc::reference;

/// Calls \p function with each row, the elements along the last dimension.
template <typename Function>
static void forEachRow(const Tensor &x, Function function) {
  int64_t width = x.shape().back();
  int64_t rows = width == 0 ? 0 : x.size() / width;
  for (int64_t row = 0; row < rows; ++row)
    function(row, x.floats().slice(row * width, width));
}

/// The largest element; NaN if there is one.
static double largest(ArrayRef<double> row) {
  double result = -std::numeric_limits<double>::infinity();
  for (double x : row)
    if (std::isnan(x) || x > result)
      result = x;
  return result;
}

/// sum over k of e^(x_k - shift).
static double sumOfExponentials(ArrayRef<double> row, double shift) {
  double total = 0.0;
  for (double x : row)
    total += std::exp(x - shift);
  return total;
}

//===----------------------------------------------------------------------===//
// SoftmaxOp and LogSoftmaxOp
//===----------------------------------------------------------------------===//

static void evaluateSoftmax(SoftmaxOp, Operands operands, Results results) {
  MutableArrayRef<double> y = results[0].floats();
  forEachRow(*operands[0], [&](int64_t row, ArrayRef<double> x) {
    double shift = largest(x), total = sumOfExponentials(x, shift);
    for (size_t i = 0; i < x.size(); ++i)
      y[row * x.size() + i] = std::exp(x[i] - shift) / total;
  });
}

static void evaluateLogSoftmax(LogSoftmaxOp, Operands operands,
                               Results results) {
  MutableArrayRef<double> y = results[0].floats();
  forEachRow(*operands[0], [&](int64_t row, ArrayRef<double> x) {
    double shift = largest(x), total = sumOfExponentials(x, shift);
    for (size_t i = 0; i < x.size(); ++i)
      y[row * x.size() + i] = x[i] - shift - std::log(total);
  });
}

//===----------------------------------------------------------------------===//
// SoftmaxCrossEntropyOp
//===----------------------------------------------------------------------===//

static void evaluateSoftmaxCrossEntropy(SoftmaxCrossEntropyOp,
                                        Operands operands, Results results) {
  ArrayRef<double> target = operands[1]->floats();
  forEachRow(*operands[0], [&](int64_t row, ArrayRef<double> z) {
    double shift = largest(z), total = sumOfExponentials(z, shift), y = 0.0;
    for (size_t i = 0; i < z.size(); ++i)
      if (double t = target[row * z.size() + i]; t != 0.0)
        y -= t * (z[i] - shift - std::log(total));
    results[0].floats()[row] = y;
  });
}

//===----------------------------------------------------------------------===//
// SigmoidCrossEntropyOp
//===----------------------------------------------------------------------===//

/// ln(1 + e^x) for x <= 0.
static double softplusBelowZero(double x) { return std::log1p(std::exp(x)); }

/// -t ln s(z) - (1 - t) ln(1 - s(z)), where -ln s(z) = ln(1 + e^-z) and
/// -ln(1 - s(z)) = z + ln(1 + e^-z).
static double sigmoidCrossEntropy(double z, double t) {
  return z > 0.0 ? z * (1.0 - t) + softplusBelowZero(-z)
                 : softplusBelowZero(z) - z * t;
}

static void evaluateSigmoidCrossEntropy(SigmoidCrossEntropyOp,
                                        Operands operands, Results results) {
  for (auto [y, z, t] : llvm::zip(results[0].floats(), operands[0]->floats(),
                                  operands[1]->floats()))
    y = sigmoidCrossEntropy(z, t);
}

//===----------------------------------------------------------------------===//
// All of the family
//===----------------------------------------------------------------------===//

void reference::attachLossModels(MLIRContext &context) {
  attach<SoftmaxOp, evaluateSoftmax>(context);
  attach<LogSoftmaxOp, evaluateLogSoftmax>(context);
  attach<SoftmaxCrossEntropyOp, evaluateSoftmaxCrossEntropy>(context);
  attach<SigmoidCrossEntropyOp, evaluateSigmoidCrossEntropy>(context);
}

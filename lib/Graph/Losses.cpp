//===- Losses.cpp - Losses ------------------------------------------------===//

#include "nnc/Graph/Losses.h"
#include "GraphImpl.h"

using namespace mlir;
using namespace nnc;

/// Losses of the samples, or of parts of them, as \p reduction says. A loss of
/// scalars has no batch to reduce.
static Tensor reduceLosses(const Tensor &losses, Reduction reduction) {
  if (!losses.isValid() || reduction == Reduction::none)
    return losses;
  return reduction == Reduction::mean ? mean(losses) : sum(losses);
}

/// All axes but the first.
static Axes outputAxes(const Tensor &x) {
  std::vector<int64_t> axes;
  for (int64_t i = 1; i < x.rank(); ++i)
    axes.push_back(i);
  return axes;
}

/// Mean or sum over a sample's outputs, then the reduction.
static Tensor joinOutputs(const Tensor &x, bool isMean, Reduction reduction) {
  if (!x.isValid())
    return x;
  Tensor losses = isMean ? mean(x, outputAxes(x)) : sum(x, outputAxes(x));
  return reduceLosses(losses, reduction);
}

/// Checks result and target of a loss on numbers: floats of one shape.
static bool checkNumbers(Operands &in) {
  if (!in.requireFloat(0) || !in.requireFloat(1) ||
      !in.requireSameElement(0, 1))
    return false;
  if (in.shape(0) == in.shape(1))
    return true;
  in.fail(ErrorCode::targetShape, in.name(), in.tensor(0).str(),
          in.tensor(1).str());
  return false;
}

/// The target as a distribution over the classes, the last axis of the
/// result; checks both.
static Tensor classTarget(Operands &in) {
  if (!in.requireFloat(0) || !in.requireRank(0, 1, "f32[batch, classes]"))
    return in.poison();
  std::vector<Dim> shape = in.shape(0), leading(shape.begin(), shape.end() - 1);
  if (isa<FloatType>(in.element(1)))
    return checkNumbers(in) ? in.tensor(1) : in.poison();
  if (!in.requireInteger(1))
    return in.poison();
  if (in.shape(1) != leading)
    return in.fail(ErrorCode::targetShape, in.name(), in.tensor(0).str(),
                   in.tensor(1).str());
  if (!shape.back().isConstant())
    return in.fail(ErrorCode::openAxis, in.name(), -1, in.tensor(0).str());
  return oneHot(in.tensor(1), shape.back().constant(),
                elementTypeOf(in.element(0)));
}

/// -sum of t * logP over the classes.
static Tensor crossEntropyOf(const Tensor &logP, const Tensor &target,
                             Reduction reduction) {
  return reduceLosses(-sum(target * logP, -1), reduction);
}

namespace nnc {

//===----------------------------------------------------------------------===//
// Classes
//===----------------------------------------------------------------------===//

Tensor softmaxCrossEntropy(const Operand &logits, const Operand &target,
                           const SoftmaxCrossEntropyOptions &options) {
  Operands in("softmax_cross_entropy", {&logits, &target});
  Tensor distribution = classTarget(in);
  if (!distribution.isValid())
    return in.poison();
  double smoothing = options.labelSmoothing;
  if (!(smoothing >= 0 && smoothing < 1))
    return in.fail(ErrorCode::settingOutOfRange, "label_smoothing",
                   "at least 0 and below 1", smoothing);
  if (smoothing != 0) {
    Dim classes = in.shape(0).back();
    if (!classes.isConstant())
      return in.fail(ErrorCode::openAxis, in.name(), -1, in.tensor(0).str());
    distribution =
        distribution * (1 - smoothing) + smoothing / (double)classes.constant();
  }
  GraphImpl &graph = *in.graph();
  Tensor losses = graph.tensor(nn::SoftmaxCrossEntropyOp::create(
      graph.builder, graph.location(), in[0], valueOf(distribution)));
  return reduceLosses(losses, options.reduction);
}

Tensor categoricalCrossEntropy(const Operand &p, const Operand &target,
                               const LossOptions &options) {
  Operands in("categorical_cross_entropy", {&p, &target});
  Tensor distribution = classTarget(in);
  if (!distribution.isValid())
    return in.poison();
  // 0 * log 0 would be NaN; where the target is 0 nothing is added.
  Tensor counted = distribution > 0;
  Tensor logP = log(where(counted, p, 1));
  return crossEntropyOf(logP, distribution, options.reduction);
}

Tensor nll(const Operand &logP, const Operand &target,
           const LossOptions &options) {
  Operands in("nll", {&logP, &target});
  Tensor distribution = classTarget(in);
  if (!distribution.isValid())
    return in.poison();
  return crossEntropyOf(where(distribution > 0, logP, 0), distribution,
                        options.reduction);
}

Tensor focal(const Operand &logits, const Operand &target,
             const FocalOptions &options) {
  Operands in("focal", {&logits, &target});
  Tensor distribution = classTarget(in);
  if (!distribution.isValid())
    return in.poison();
  if (!(options.gamma >= 0))
    return in.fail(ErrorCode::settingOutOfRange, "gamma", "at least 0",
                   options.gamma);
  Tensor logP = sum(distribution * logSoftmax(logits), -1);
  // A probability rounded above 1 would give the power a negative base.
  Tensor missing = maximum(1 - exp(logP), 0);
  return reduceLosses(-(pow(missing, options.gamma) * logP), options.reduction);
}

//===----------------------------------------------------------------------===//
// Bits
//===----------------------------------------------------------------------===//

Tensor sigmoidCrossEntropy(const Operand &logits, const Operand &target,
                           const LossOptions &options) {
  Operands in("sigmoid_cross_entropy", {&logits, &target});
  if (!checkNumbers(in))
    return in.poison();
  GraphImpl &graph = *in.graph();
  Tensor losses = graph.tensor(nn::SigmoidCrossEntropyOp::create(
      graph.builder, graph.location(), in.type(0), in[0], in[1]));
  return joinOutputs(losses, /*isMean=*/true, options.reduction);
}

Tensor binaryCrossEntropy(const Operand &p, const Operand &target,
                          const LossOptions &options) {
  Operands in("binary_cross_entropy", {&p, &target});
  if (!checkNumbers(in))
    return in.poison();
  constexpr double margin = 1e-7;
  Tensor clamped = clip(p, margin, 1 - margin);
  Tensor losses = -(target * log(clamped) + (1 - target) * log1p(-clamped));
  return joinOutputs(losses, /*isMean=*/true, options.reduction);
}

Tensor hinge(const Operand &y, const Operand &target,
             const LossOptions &options) {
  Operands in("hinge", {&y, &target});
  if (!checkNumbers(in))
    return in.poison();
  return joinOutputs(relu(1 - y * target), /*isMean=*/true, options.reduction);
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

Tensor mse(const Operand &y, const Operand &target,
           const LossOptions &options) {
  Operands in("mse", {&y, &target});
  if (!checkNumbers(in))
    return in.poison();
  return joinOutputs(square(y - target), /*isMean=*/true, options.reduction);
}

Tensor squaredError(const Operand &y, const Operand &target,
                    const LossOptions &options) {
  Operands in("squared_error", {&y, &target});
  if (!checkNumbers(in))
    return in.poison();
  return joinOutputs(square(y - target), /*isMean=*/false, options.reduction);
}

Tensor halfSquaredError(const Operand &y, const Operand &target,
                        const LossOptions &options) {
  Operands in("half_squared_error", {&y, &target});
  if (!checkNumbers(in))
    return in.poison();
  return joinOutputs(square(y - target) * 0.5, /*isMean=*/false,
                     options.reduction);
}

Tensor mae(const Operand &y, const Operand &target,
           const LossOptions &options) {
  Operands in("mae", {&y, &target});
  if (!checkNumbers(in))
    return in.poison();
  return joinOutputs(abs(y - target), /*isMean=*/true, options.reduction);
}

Tensor absoluteError(const Operand &y, const Operand &target,
                     const LossOptions &options) {
  Operands in("absolute_error", {&y, &target});
  if (!checkNumbers(in))
    return in.poison();
  return joinOutputs(abs(y - target), /*isMean=*/false, options.reduction);
}

Tensor huber(const Operand &y, const Operand &target,
             const HuberOptions &options) {
  Operands in("huber", {&y, &target});
  if (!checkNumbers(in))
    return in.poison();
  double delta = options.delta;
  if (!(delta > 0))
    return in.fail(ErrorCode::settingOutOfRange, "delta", "above 0", delta);
  Tensor difference = y - target, size = abs(difference);
  Tensor losses =
      where(size > delta, (size - delta / 2) * delta, square(difference) * 0.5);
  return joinOutputs(losses, /*isMean=*/true, options.reduction);
}

Tensor klDivergence(const Operand &p, const Operand &q,
                    const LossOptions &options) {
  Operands in("kl_divergence", {&p, &q});
  if (!checkNumbers(in))
    return in.poison();
  Tensor counted = p > 0;
  Tensor terms = p * (log(where(counted, p, 1)) - log(where(counted, q, 1)));
  return joinOutputs(terms, /*isMean=*/false, options.reduction);
}

Tensor cosineLoss(const Operand &y, const Operand &target,
                  const LossOptions &options) {
  Operands in("cosine_loss", {&y, &target});
  if (!checkNumbers(in))
    return in.poison();
  return reduceLosses(1 - cosineSimilarity(y, target), options.reduction);
}

//===----------------------------------------------------------------------===//
// Distances
//===----------------------------------------------------------------------===//

Tensor triplet(const Operand &anchor, const Operand &positive,
               const Operand &negative, const MarginOptions &options) {
  Operands in("triplet", {&anchor, &positive, &negative});
  if (!in.ok())
    return in.poison();
  return reduceLosses(relu(l2Distance(anchor, positive) -
                           l2Distance(anchor, negative) + options.margin),
                      options.reduction);
}

Tensor contrastive(const Operand &distance, const Operand &same,
                   const MarginOptions &options) {
  Operands in("contrastive", {&distance, &same});
  if (!checkNumbers(in))
    return in.poison();
  Tensor far = square(relu(options.margin - distance));
  return joinOutputs(same * square(distance) + (1 - same) * far,
                     /*isMean=*/true, options.reduction);
}

} // namespace nnc

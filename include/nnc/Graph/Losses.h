//===- Losses.h - Losses ----------------------------------------*- C++ -*-===//
//
// Each takes the model's result and the target. The first axis is the batch; a
// loss first gives one number a sample, which the reduction then joins.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_GRAPH_LOSSES_H
#define NNC_GRAPH_LOSSES_H

#include "nnc/Graph/Ops.h"

namespace nnc {

/// How the losses of the samples are joined.
enum class Reduction : uint8_t {
  mean, ///< A scalar: their mean.
  sum,  ///< A scalar: their sum.
  none, ///< One number a sample.
};

struct LossOptions {
  Reduction reduction = Reduction::mean;
};

struct SoftmaxCrossEntropyOptions {
  /// target = (1 - s) * target + s / classes.
  double labelSmoothing = 0;
  Reduction reduction = Reduction::mean;
};
/// -sum of t * log(softmax(z)) over the classes, the last axis. The target
/// holds i32 class numbers, of the logits' shape without the last axis, or
/// floats of the logits' shape.
Tensor softmaxCrossEntropy(const Operand &logits, const Operand &target,
                           const SoftmaxCrossEntropyOptions &options = {});
/// -sum of t * log(p) over the classes; a term with t = 0 adds 0. Targets as
/// for softmaxCrossEntropy.
Tensor categoricalCrossEntropy(const Operand &p, const Operand &target,
                               const LossOptions &options = {});
/// -logP of the target's class. Targets as for softmaxCrossEntropy.
Tensor nll(const Operand &logP, const Operand &target,
           const LossOptions &options = {});
/// Mean over a sample's outputs of -t log s(z) - (1 - t) log(1 - s(z)).
Tensor sigmoidCrossEntropy(const Operand &logits, const Operand &target,
                           const LossOptions &options = {});
/// The same of probabilities, clamped to [1e-7, 1 - 1e-7].
Tensor binaryCrossEntropy(const Operand &p, const Operand &target,
                          const LossOptions &options = {});
/// Mean of squares over a sample's outputs.
Tensor mse(const Operand &y, const Operand &target,
           const LossOptions &options = {});
/// Sum of squares over a sample's outputs, and half of it.
Tensor squaredError(const Operand &y, const Operand &target,
                    const LossOptions &options = {});
Tensor halfSquaredError(const Operand &y, const Operand &target,
                        const LossOptions &options = {});
/// Mean and sum of absolute differences over a sample's outputs.
Tensor mae(const Operand &y, const Operand &target,
           const LossOptions &options = {});
Tensor absoluteError(const Operand &y, const Operand &target,
                     const LossOptions &options = {});
struct HuberOptions {
  double delta = 1;
  Reduction reduction = Reduction::mean;
};
/// d^2 / 2 where |d| <= delta, else delta * (|d| - delta / 2); mean over a
/// sample's outputs.
Tensor huber(const Operand &y, const Operand &target,
             const HuberOptions &options = {});
/// max(0, 1 - y t), t = -1 or 1; mean over a sample's outputs.
Tensor hinge(const Operand &y, const Operand &target,
             const LossOptions &options = {});
/// sum of p log(p / q); a term with p = 0 adds 0.
Tensor klDivergence(const Operand &p, const Operand &q,
                    const LossOptions &options = {});
/// 1 - cosine similarity over the last axis.
Tensor cosineLoss(const Operand &y, const Operand &target,
                  const LossOptions &options = {});
struct FocalOptions {
  double gamma = 2;
  Reduction reduction = Reduction::mean;
};
/// -(1 - p)^gamma log p of the target's class, p = softmax(logits) (Lin et
/// al., Focal Loss, 2017, equation 4). Targets as for softmaxCrossEntropy.
Tensor focal(const Operand &logits, const Operand &target,
             const FocalOptions &options = {});
struct MarginOptions {
  double margin = 1;
  Reduction reduction = Reduction::mean;
};
/// max(0, |anchor - positive| - |anchor - negative| + margin).
Tensor triplet(const Operand &anchor, const Operand &positive,
               const Operand &negative, const MarginOptions &options = {});
/// same * d^2 + (1 - same) * max(0, margin - d)^2.
Tensor contrastive(const Operand &distance, const Operand &same,
                   const MarginOptions &options = {});

} // namespace nnc

#endif // NNC_GRAPH_LOSSES_H

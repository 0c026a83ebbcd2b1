//===- Metrics.h - What is measured of a model ------------------*- C++ -*-===//
//
// Metrics gather batches and give one number at the end, the same for any
// division into batches.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_TRAINING_METRICS_H
#define NNC_TRAINING_METRICS_H

#include "nnc/Language/Settings.h"
#include "nnc/Support/ElementType.h"
#include "nnc/Support/Error.h"
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace nnc {

/// How classes are read off an output.
enum class ClassRule : uint8_t {
  /// The largest element of the last dimension, the lowest index at ties.
  largest,
  /// Each element by itself: 1 above `threshold`, else 0.
  threshold,
};

/// What the first output of a model means, given the loss.
struct OutputMeaning {
  ClassRule rule = ClassRule::largest;
  /// 0 where outputs are logits or margins, 0.5 where they are probabilities.
  double threshold = 0.5;
  /// What makes probabilities of outputs.
  enum class Link : uint8_t { none, softmax, sigmoid } link = Link::none;
  /// Outputs are scores of classes.
  bool isClassifier = false;
};

/// The meaning of the outputs of a model trained with \p loss (a built-in's
/// name, else ""), whose last dimension has \p width elements.
OutputMeaning meaningOf(const std::string &loss, int64_t width);

/// Whether \p loss reads its target as class numbers.
bool isClassLoss(const std::string &loss);

/// A batch of outputs and their targets.
struct MetricBatch {
  const void *output = nullptr;
  ElementType outputType = ElementType::f32;
  /// Elements of the last dimension, and rows of that many a batch.
  int64_t width = 1, rows = 0;
  const void *target = nullptr;
  ElementType targetType = ElementType::i32;
  /// One class number a row, or `width` numbers.
  int64_t targetWidth = 1;
};

/// One metric over the batches added since it was made or reset.
class Metric {
public:
  virtual ~Metric() = default;
  /// The key in JSON.
  const std::string &key() const { return name; }
  /// Whether larger values are better.
  virtual bool isHigherBetter() const { return true; }
  virtual void add(const MetricBatch &batch) = 0;
  virtual void reset() = 0;
  /// The value; NaN if no sample was added. Of confusion: of no meaning.
  virtual double value() const = 0;
  /// Rows of true classes, columns of given ones; empty for other metrics.
  virtual std::vector<std::vector<int64_t>> table() const { return {}; }

  /// The sums so far, and back: what a checkpoint keeps.
  virtual nlohmann::json state() const = 0;
  virtual Expected<void> restore(const nlohmann::json &state) = 0;

protected:
  explicit Metric(std::string name) : name(std::move(name)) {}

private:
  std::string name;
};

/// The metric that \p call asks for, on outputs of \p width elements a row.
///
///   accuracy       share of rows with the right class; of outputs read by
///                  threshold, share of right elements
///   top_k(k)       share of rows with fewer than k elements before the right
///                  class's, where equal elements rank by index
///   precision, recall, f1
///                  macro: the mean over the classes that occur in targets or
///                  outputs of TP / (TP + FP), TP / (TP + FN) and their
///                  harmonic mean (0 / 0 is 0); micro: of the counts' sums; of
///                  outputs read by threshold: of the class 1
///   confusion      the table of counts
///   mse, mae       mean over all elements
///   r2             1 - sum (t - y)^2 / sum (t - mean t)^2
///
/// Error: unsupported for others.
Expected<std::unique_ptr<Metric>> makeMetric(const SettingValue &call,
                                             const OutputMeaning &meaning,
                                             int64_t width);

/// Whether a metric called \p key, or a loss, is better when it is larger; the
/// prefix "validation_" does not matter.
bool isHigherBetter(const std::string &key);

} // namespace nnc

#endif // NNC_TRAINING_METRICS_H

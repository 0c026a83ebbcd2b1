//===- Metrics.h - How good a model is --------------------------*- C++ -*-===//

#ifndef NNC_TRAINING_METRICS_H
#define NNC_TRAINING_METRICS_H

#include "nnc/Language/Settings.h"
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace nnc {

/// The outputs of some samples beside their targets.
struct Scored {
  int64_t samples = 0;
  /// [samples, outputs]
  const float *outputs = nullptr;
  int64_t outputCount = 1;
  /// Class numbers [samples], or null.
  const int32_t *classes = nullptr;
  /// Values or one-hot rows [samples, outputs], or null.
  const float *values = nullptr;
};

/// Collects the sums that metrics need over many batches.
class MetricSums {
public:
  /// \p metrics: calls of metrics of the language.
  explicit MetricSums(std::vector<SettingValue> metrics)
      : metrics(std::move(metrics)) {}

  void add(const Scored &batch);
  void clear();

  /// Each metric's key and value; the confusion table is not among them.
  /// Empty without samples.
  std::vector<std::pair<std::string, double>> values() const;

  /// Rows: true classes; columns: answers. Only after class targets.
  const std::vector<std::vector<int64_t>> &confusion() const { return table; }

  /// All sums as numbers, for a checkpoint, and back.
  std::vector<double> save() const;
  void restore(const std::vector<double> &saved);

private:
  std::vector<SettingValue> metrics;
  int64_t samples = 0;
  double squaredSum = 0, absoluteSum = 0;
  int64_t valueCount = 0;
  int64_t right = 0;
  /// One a top_k metric, in order.
  std::vector<int64_t> withinTop;
  std::vector<std::vector<int64_t>> table;
};

} // namespace nnc

#endif // NNC_TRAINING_METRICS_H

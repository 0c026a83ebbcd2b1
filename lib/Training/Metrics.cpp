//===- Metrics.cpp - What is measured of a model --------------------------===//

#include "nnc/Training/Metrics.h"
#include "nnc/Language/TrainSettings.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace nnc;
using Json = nlohmann::json;

bool nnc::isClassLoss(const std::string &loss) {
  return loss == "softmax_cross_entropy" ||
         loss == "categorical_cross_entropy" || loss == "nll" ||
         loss == "focal";
}

OutputMeaning nnc::meaningOf(const std::string &loss, int64_t width) {
  OutputMeaning meaning;
  meaning.isClassifier = isClassLoss(loss);
  if (loss == "softmax_cross_entropy" || loss == "focal")
    meaning.link = OutputMeaning::Link::softmax;
  bool isLogits = loss == "sigmoid_cross_entropy";
  if (isLogits)
    meaning.link = OutputMeaning::Link::sigmoid;
  if (isLogits || loss == "binary_cross_entropy" || loss == "hinge" ||
      (width == 1 && !meaning.isClassifier)) {
    meaning.rule = ClassRule::threshold;
    meaning.threshold = isLogits || loss == "hinge" ? 0 : 0.5;
    meaning.isClassifier = isLogits || loss == "binary_cross_entropy";
  }
  return meaning;
}

bool nnc::isHigherBetter(const std::string &key) {
  std::string name = key.starts_with("validation_") ? key.substr(11) : key;
  return name == "accuracy" || name.starts_with("top_") ||
         name == "precision" || name == "recall" || name == "f1" ||
         name == "r2" || name == "auc";
}

//===----------------------------------------------------------------------===//
// Reading batches
//===----------------------------------------------------------------------===//

static double elementOf(const void *data, ElementType type, int64_t index) {
  switch (type) {
  case ElementType::f32:
    return static_cast<const float *>(data)[index];
  case ElementType::f64:
    return static_cast<const double *>(data)[index];
  case ElementType::i64:
    return static_cast<double>(static_cast<const int64_t *>(data)[index]);
  case ElementType::i32:
    return static_cast<const int32_t *>(data)[index];
  case ElementType::i16:
    return static_cast<const int16_t *>(data)[index];
  case ElementType::i8:
    return static_cast<const int8_t *>(data)[index];
  case ElementType::u8:
  case ElementType::boolean:
    return static_cast<const uint8_t *>(data)[index];
  case ElementType::f16:
  case ElementType::bf16:
    break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

static int64_t largestOf(const void *data, ElementType type, int64_t begin,
                         int64_t width) {
  int64_t best = 0;
  for (int64_t i = 1; i < width; ++i)
    if (elementOf(data, type, begin + i) > elementOf(data, type, begin + best))
      best = i;
  return best;
}

/// The class that the target of \p row names.
static int64_t targetClass(const MetricBatch &batch, int64_t row) {
  if (batch.targetWidth == 1)
    return static_cast<int64_t>(elementOf(batch.target, batch.targetType, row));
  return largestOf(batch.target, batch.targetType, row * batch.targetWidth,
                   batch.targetWidth);
}

//===----------------------------------------------------------------------===//
// Means
//===----------------------------------------------------------------------===//

namespace {

/// A sum over rows or elements, divided by their number.
class MeanMetric : public Metric {
public:
  using Metric::Metric;
  void reset() override { sum = count = 0; }
  double value() const override {
    return count ? sum / count : std::numeric_limits<double>::quiet_NaN();
  }
  Json state() const override { return {{"sum", sum}, {"count", count}}; }
  Expected<void> restore(const Json &state) override {
    if (!state.is_object() || !state.contains("sum") ||
        !state["sum"].is_number() || !state.contains("count") ||
        !state["count"].is_number())
      return fail(ErrorCode::malformedFile, "checkpoint", "a state", key());
    sum = state["sum"].get<double>();
    count = state["count"].get<double>();
    return {};
  }

protected:
  void note(double value) {
    sum += value;
    ++count;
  }

private:
  double sum = 0, count = 0;
};

class Accuracy : public MeanMetric {
public:
  explicit Accuracy(const OutputMeaning &meaning)
      : MeanMetric("accuracy"), meaning(meaning) {}

  void add(const MetricBatch &batch) override {
    if (meaning.rule == ClassRule::largest) {
      for (int64_t row = 0; row < batch.rows; ++row)
        note(largestOf(batch.output, batch.outputType, row * batch.width,
                       batch.width) == targetClass(batch, row));
      return;
    }
    for (int64_t i = 0; i < batch.rows * batch.width; ++i) {
      bool given =
          elementOf(batch.output, batch.outputType, i) > meaning.threshold;
      // Targets are 0 or 1 or, of hinge, -1 or 1.
      note(given == (elementOf(batch.target, batch.targetType, i) > 0.5));
    }
  }

private:
  OutputMeaning meaning;
};

class TopK : public MeanMetric {
public:
  TopK(std::string key, int64_t k) : MeanMetric(std::move(key)), k(k) {}

  void add(const MetricBatch &batch) override {
    for (int64_t row = 0; row < batch.rows; ++row) {
      int64_t right = targetClass(batch, row);
      int64_t begin = row * batch.width;
      double score = elementOf(batch.output, batch.outputType, begin + right);
      int64_t before = 0;
      for (int64_t i = 0; i < batch.width; ++i) {
        double other = elementOf(batch.output, batch.outputType, begin + i);
        before += other > score || (other == score && i < right);
      }
      note(before < k);
    }
  }

private:
  int64_t k;
};

class ErrorMean : public MeanMetric {
public:
  ErrorMean(std::string key, bool isSquared)
      : MeanMetric(std::move(key)), isSquared(isSquared) {}
  bool isHigherBetter() const override { return false; }

  void add(const MetricBatch &batch) override {
    for (int64_t i = 0; i < batch.rows * batch.width; ++i) {
      double difference = elementOf(batch.output, batch.outputType, i) -
                          elementOf(batch.target, batch.targetType, i);
      note(isSquared ? difference * difference : std::fabs(difference));
    }
  }

private:
  bool isSquared;
};

/// 1 - sum (t - y)^2 / sum (t - mean t)^2, from sums about the first target, so
/// that a large common part of the targets does not cancel.
class RSquared : public Metric {
public:
  RSquared() : Metric("r2") {}
  void reset() override { *this = RSquared(); }

  void add(const MetricBatch &batch) override {
    for (int64_t i = 0; i < batch.rows * batch.width; ++i) {
      double t = elementOf(batch.target, batch.targetType, i);
      double y = elementOf(batch.output, batch.outputType, i);
      if (count == 0)
        origin = t;
      ++count;
      sum += t - origin;
      squares += (t - origin) * (t - origin);
      errors += (t - y) * (t - y);
    }
  }
  double value() const override {
    double total = squares - sum * sum / count;
    return count ? 1 - errors / total
                 : std::numeric_limits<double>::quiet_NaN();
  }
  Json state() const override {
    return Json::array({count, origin, sum, squares, errors});
  }
  Expected<void> restore(const Json &state) override {
    double *targets[] = {&count, &origin, &sum, &squares, &errors};
    if (!state.is_array() || state.size() != std::size(targets))
      return fail(ErrorCode::malformedFile, "checkpoint", "a state", key());
    for (size_t i = 0; i < std::size(targets); ++i) {
      if (!state[i].is_number())
        return fail(ErrorCode::malformedFile, "checkpoint", "a state", key());
      *targets[i] = state[i].get<double>();
    }
    return {};
  }

private:
  double count = 0, origin = 0, sum = 0, squares = 0, errors = 0;
};

//===----------------------------------------------------------------------===//
// Counts of classes
//===----------------------------------------------------------------------===//

/// The table of true and given classes, and what is computed from it.
class ConfusionMetric : public Metric {
public:
  enum class Kind { Confusion, Precision, Recall, F1 };
  ConfusionMetric(std::string key, Kind kind, bool isMicro,
                  const OutputMeaning &meaning, int64_t width)
      : Metric(std::move(key)), kind(kind), isMicro(isMicro), meaning(meaning),
        classes(meaning.rule == ClassRule::threshold ? 2 : width),
        counts(classes * classes) {}

  void reset() override { std::fill(counts.begin(), counts.end(), 0); }

  void add(const MetricBatch &batch) override {
    if (meaning.rule == ClassRule::largest) {
      for (int64_t row = 0; row < batch.rows; ++row)
        count(targetClass(batch, row),
              largestOf(batch.output, batch.outputType, row * batch.width,
                        batch.width));
      return;
    }
    for (int64_t i = 0; i < batch.rows * batch.width; ++i)
      count(elementOf(batch.target, batch.targetType, i) > 0.5,
            elementOf(batch.output, batch.outputType, i) > meaning.threshold);
  }

  double value() const override;

  std::vector<std::vector<int64_t>> table() const override {
    if (kind != Kind::Confusion)
      return {};
    std::vector<std::vector<int64_t>> rows;
    for (int64_t i = 0; i < classes; ++i)
      rows.emplace_back(counts.begin() + i * classes,
                        counts.begin() + (i + 1) * classes);
    return rows;
  }

  Json state() const override { return counts; }
  Expected<void> restore(const Json &state) override {
    if (!state.is_array() || state.size() != counts.size())
      return fail(ErrorCode::malformedFile, "checkpoint", "a state", key());
    for (size_t i = 0; i < counts.size(); ++i) {
      if (!state[i].is_number_integer())
        return fail(ErrorCode::malformedFile, "checkpoint", "a state", key());
      counts[i] = state[i].get<int64_t>();
    }
    return {};
  }

private:
  void count(int64_t right, int64_t given) {
    if (right >= 0 && right < classes)
      ++counts[right * classes + given];
  }
  double score(double hits, double given, double right) const {
    if (kind == Kind::Precision)
      return given ? hits / given : 0;
    if (kind == Kind::Recall)
      return right ? hits / right : 0;
    return given + right ? 2 * hits / (given + right) : 0;
  }

  Kind kind;
  bool isMicro;
  OutputMeaning meaning;
  int64_t classes;
  /// [true, given].
  std::vector<int64_t> counts;
};

double ConfusionMetric::value() const {
  double hits = 0, all = 0, sum = 0, occurring = 0, last = 0;
  for (int64_t c = 0; c < classes; ++c) {
    double given = 0, right = 0;
    for (int64_t other = 0; other < classes; ++other) {
      right += static_cast<double>(counts[c * classes + other]);
      given += static_cast<double>(counts[other * classes + c]);
    }
    double hit = static_cast<double>(counts[c * classes + c]);
    hits += hit;
    all += right;
    last = score(hit, given, right);
    if (given + right > 0) {
      sum += last;
      ++occurring;
    }
  }
  if (all == 0)
    return std::numeric_limits<double>::quiet_NaN();
  if (meaning.rule == ClassRule::threshold)
    return last;
  return isMicro ? score(hits, all, all) : sum / occurring;
}

} // namespace

Expected<std::unique_ptr<Metric>> nnc::makeMetric(const SettingValue &call,
                                                  const OutputMeaning &meaning,
                                                  int64_t width) {
  const std::string &name = call.builtin->name;
  std::string key = metricKey(call);
  using Kind = ConfusionMetric::Kind;
  auto counting = [&](Kind kind) {
    bool isMicro =
        kind != Kind::Confusion && call.argument("average").text == "micro";
    return std::make_unique<ConfusionMetric>(key, kind, isMicro, meaning,
                                             width);
  };
  if (name == "accuracy")
    return std::make_unique<Accuracy>(meaning);
  if (name == "top_k")
    return std::make_unique<TopK>(key, call.argument("k").integer);
  if (name == "precision")
    return counting(Kind::Precision);
  if (name == "recall")
    return counting(Kind::Recall);
  if (name == "f1")
    return counting(Kind::F1);
  if (name == "confusion")
    return counting(Kind::Confusion);
  if (name == "mse" || name == "mae")
    return std::make_unique<ErrorMean>(key, name == "mse");
  if (name == "r2")
    return std::make_unique<RSquared>();
  return fail(ErrorCode::unsupported, "the metric " + name);
}

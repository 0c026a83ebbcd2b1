//===- Evaluator.h - Loss and metrics of a model on data --------*- C++ -*-===//

#ifndef NNC_TRAINING_EVALUATOR_H
#define NNC_TRAINING_EVALUATOR_H

#include "nnc/Runtime/ProgramCache.h"
#include "nnc/Training/Binding.h"
#include "nnc/Training/Metrics.h"
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nnc {

/// Samples that an evaluating program takes at once; the figures do not depend
/// on it but for rounding.
inline constexpr int64_t evaluationBatch = 256;

/// The sizes of predicting programs, in `nnc predict` and in executables, so
/// that both give the same bits.
inline constexpr int64_t predictionBatches[] = {1, 32};

/// The size of the program that predicts \p samples samples.
inline int64_t predictionBatch(int64_t samples) {
  return predictionBatches[samples > 1];
}

/// What to compile and how, common to the programs of one model.
struct CompileSettings {
  int optimizationLevel = 2;
  std::string precision = "f32";
  unsigned threads = 0;
  /// Bytes that a training step takes at most; 0: no bound.
  int64_t memory = 0;

  ElementType floatType() const {
    return precision == "f64" ? ElementType::f64 : ElementType::f32;
  }
  /// The options of a program of \p kind whose inputs are bound so.
  CompileOptions options(ProgramKind kind, const DataBinding &binding,
                         int64_t batch) const;
};

/// The figures of one evaluation.
struct Scores {
  int64_t samples = 0;
  /// Mean over the samples.
  double loss = 0;
  std::vector<std::pair<std::string, double>> metrics;
  /// Of the metric confusion: rows of true classes.
  std::vector<std::vector<int64_t>> confusion;
};

/// The metrics of one model, fed by the buffers of its programs.
class MetricSet {
public:
  /// \p result is the program's first result, or null if it has none. Errors:
  /// those of makeMetric; metricWithoutResult.
  static Expected<MetricSet> make(const std::vector<SettingValue> &calls,
                                  const std::string &loss,
                                  const BoundProgram &program);

  /// Adds the results and targets that stand in the buffers of \p program, of
  /// \p samples samples.
  void add(const BoundProgram &program, int64_t samples);
  void reset();
  /// Keys and values but for tables.
  std::vector<std::pair<std::string, double>> values() const;
  const std::vector<std::unique_ptr<Metric>> &all() const { return metrics; }

private:
  std::vector<std::unique_ptr<Metric>> metrics;
};

/// A model with its evaluating program.
class Evaluator {
public:
  /// What `make` asks the compiler for.
  static CompileOptions request(const SettingValue &loss,
                                const DataBinding &binding, int64_t samples,
                                const CompileSettings &settings);

  /// The program of \p model for \p loss, a built-in loss or a fn, or nothing
  /// for outputs alone. Declares what it needs in \p store. Errors: those of
  /// compiling; of metrics.
  static Expected<Evaluator>
  make(const ModelFile &model, const SettingValue &loss,
       const std::vector<SettingValue> &metrics, const DataBinding &binding,
       int64_t samples, const CompileSettings &settings,
       ProgramProvider &provider, ParameterStore &store, uint64_t seed);

  /// States that nobody changes the parameters any more: what the first run
  /// prepares from them, all others use.
  void keepParameters() { keepsParameters = true; }

  /// Runs over all of \p data in order. Errors: those of running.
  Expected<Scores> run(const BoundData &data);

  /// Runs over all of \p data; after each batch calls \p visit with the
  /// program, the batch's first sample and their number.
  Expected<void> forEachBatch(
      const BoundData &data,
      const std::function<void(const BoundProgram &, int64_t, int64_t)> &visit);

  /// Classes that the first result distinguishes, 0 if none are known.
  int64_t classes() const;
  const BoundProgram &program() const { return *bound; }
  double compileMilliseconds() const { return milliseconds; }
  bool isCached() const { return cached; }

private:
  std::unique_ptr<BoundProgram> bound;
  MetricSet metrics;
  unsigned threads = 0;
  double milliseconds = 0;
  bool cached = false;
  bool keepsParameters = false;
};

/// Elements of the last dimension of the first result of \p program; 1 for
/// results without dimensions besides the batch, 0 without results.
int64_t resultWidth(const BoundProgram &program);

} // namespace nnc

#endif // NNC_TRAINING_EVALUATOR_H

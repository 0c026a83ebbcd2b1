//===- TrainSettings.h - What a train block says ----------------*- C++ -*-===//
//
// The settings of a `train` block, merged with those of the command line and
// with the defaults of the language, as plain values.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LANGUAGE_TRAINSETTINGS_H
#define NNC_LANGUAGE_TRAINSETTINGS_H

#include "nnc/Language/Program.h"
#include "nnc/Language/Settings.h"
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nnc {

/// A data set asked for: `"digits"`, `npz("p.npz")`, or a list of a source and
/// what is done to its samples.
struct DataSetting {
  /// A string (a built-in set, or a path whose kind is plain) or a call of a
  /// data source.
  SettingValue source;
  /// Calls of data transforms, in the order they apply.
  std::vector<SettingValue> transforms;
  /// What relative paths start from: the folder of the model file with its
  /// slash, or "" (the working directory) for what the command line gave.
  std::string folder;
};

enum class LastBatch { Keep, Drop };
enum class Precision { F32, F64, BF16 };
/// "f32", "f64" or "bf16".
const char *nameOf(Precision precision);

/// patience(epochs, monitor, restore).
struct EarlyStopping {
  /// Epochs without a better value before training stops.
  int64_t epochs = 0;
  /// The key of the value watched, e.g. "validation_loss".
  std::string monitor = "validation_loss";
  /// The best parameters come back at the end.
  bool restore = true;
};

/// One optimisation step on a batch. A train block without `step` blocks has
/// one, with an empty name.
struct StepSettings {
  std::string name;
  /// A call of a built-in loss or the name of a fn of the model; none if the
  /// block gives no loss.
  SettingValue loss;
  /// A call of an optimiser; its `learning_rate` is a float or a schedule.
  SettingValue optimizer;
  /// Globs of the parameters it trains.
  std::vector<std::string> update = {"**"};
  /// Runs on each `every`-th batch, `times` times.
  int64_t every = 1;
  int64_t times = 1;
  /// Bounds of the gradient's norm and of its elements.
  std::optional<double> clipNorm;
  std::optional<double> clipValue;
};

/// The settings of one training. Values and defaults: language.md, section 5.
struct TrainSettings {
  /// The model trained.
  const ast::ModelDecl *model = nullptr;
  std::optional<DataSetting> data;
  /// At most one of the two is set.
  std::optional<DataSetting> validation;
  std::optional<double> validationShare;
  std::optional<std::string> target;
  /// Calls of metrics.
  std::vector<SettingValue> metrics;
  /// Samples a step; 0: all.
  int64_t batchSize = 32;
  int64_t epochs = 10;
  /// Stops after so many steps, even in an epoch.
  std::optional<int64_t> steps;
  int64_t seed = 0;
  /// Neither the file nor the command line gives the seed.
  bool seedIsDefault = true;
  bool shuffle = true;
  LastBatch lastBatch = LastBatch::Keep;
  /// Batches whose gradients are summed for one step.
  int64_t accumulate = 1;
  /// A call of ema, or none.
  SettingValue average;
  std::optional<EarlyStopping> earlyStopping;
  std::optional<int64_t> folds;
  /// Globs of the parameters that are not trained.
  std::vector<std::string> freeze;
  /// Globs with the factor on the learning rate, the last match holding.
  std::vector<std::pair<std::string, double>> learningRates;
  Precision precision = Precision::F32;
  /// At least one.
  std::vector<StepSettings> trainSteps;

  /// Every setting as printed text, by name (those of a step as
  /// "STEP.NAME"): what a checkpoint keeps and a resume compares.
  std::vector<std::pair<std::string, std::string>> printed;

  /// The texts that ranges of values point into, besides the program's.
  std::vector<std::shared_ptr<const SourceFile>> sources;
};

/// One setting of the command line.
struct SettingOverride {
  /// The setting, e.g. "batch_size", or one of "learning_rate", "schedule"
  /// and "patience", which change a part of one.
  std::string name;
  /// What stands behind the option: an expression, or one of the short forms
  /// `adam,learning_rate=1e-3`, `accuracy,top_k(2)`, `d.csv`.
  std::string text;
  /// What diagnostics show in place of a file, e.g. "--batch-size".
  std::string option;
};

/// The settings for training \p modelName (or the program's model, see
/// selectModel) of \p program: its train block, if it has one, under
/// \p overrides, under the defaults. Null if an error was reported. The result
/// points into \p program.
std::optional<TrainSettings> resolveTrain(
    const SourceProgram &program, const std::optional<std::string> &modelName,
    const std::vector<SettingOverride> &overrides, Diagnostics &diagnostics);

/// The same with the first error only.
Expected<TrainSettings>
resolveTrain(const SourceProgram &program,
             const std::optional<std::string> &modelName = std::nullopt,
             const std::vector<SettingOverride> &overrides = {});

/// Checks what only training needs: every step has a loss; data is given, or
/// else the number of steps and a loss that is a fn.
Expected<void> checkForTraining(const TrainSettings &settings);

/// The data set that \p text of the command line asks for, e.g. `d.csv`,
/// `csv("d.csv", scale = "unit")` or `[idx("m"), shift(0.1)]`. Relative paths
/// start from the working directory. \p option is shown in diagnostics.
Expected<DataSetting> parseDataSetting(const std::string &text,
                                       const std::string &option);

/// The metrics that \p text of the command line lists, e.g. `accuracy,f1`.
Expected<std::vector<SettingValue>> parseMetrics(const std::string &text,
                                                 const std::string &option);

/// The loss that \p text of the command line names, e.g. `mse` or
/// `softmax_cross_entropy,label_smoothing=0.1`.
Expected<SettingValue> parseLoss(const std::string &text,
                                 const std::string &option);

/// The key of a metric in JSON: its name, with k for top_k (`top_5`).
std::string metricKey(const SettingValue &metric);

} // namespace nnc

#endif // NNC_LANGUAGE_TRAINSETTINGS_H

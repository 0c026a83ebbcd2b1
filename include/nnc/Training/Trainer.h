//===- Trainer.h - The training loop ----------------------------*- C++ -*-===//

#ifndef NNC_TRAINING_TRAINER_H
#define NNC_TRAINING_TRAINER_H

#include "nnc/Data/Augmentation.h"
#include "nnc/Training/Checkpoint.h"
#include "nnc/Training/Evaluator.h"
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nnc {

/// The data of one training; `train` has no samples if the loss reads none.
struct TrainingData {
  Dataset train;
  std::optional<Dataset> validation;
  /// Applied to training batches, afresh each epoch.
  std::vector<DataTransform> augmentations;
};

/// The training part of the data that \p settings name, with scaling still to
/// be fitted, as `train`; no samples if they name none. Errors: those of load.
Expected<TrainingData> loadTrainingSet(const TrainSettings &settings);

/// Parts \p all.train into training and validation as \p settings say, and fits
/// the scaling on the training part. Errors: those of load and split.
Expected<TrainingData> prepareData(const TrainSettings &settings,
                                   TrainingData all);

/// How to train, besides what the model's train block says.
struct TrainerOptions {
  /// Compile settings but for the precision, which is the train block's.
  CompileSettings compile;
  /// The folder of checkpoints; empty: none are written unless training is
  /// interrupted, and then to `interruptFolder`, or nowhere if that is empty.
  std::string checkpointFolder;
  std::string interruptFolder;
  /// Steps between checkpoints; 0: one at the end of each epoch.
  int64_t checkpointEvery = 0;
  /// Go on from the newest checkpoint; without one start anew.
  bool resume = false;
  /// Also look at all parameters after each step, and of a training that
  /// diverges name the op that first gave NaN or Inf.
  bool checkNan = false;
  /// A line of JSON an epoch goes here; empty: nowhere.
  std::string logPath;
  /// Weights to start from, by name; empty: the initialisers'.
  std::vector<NamedArray> weights;
  /// Looked at between steps; null: never interrupted.
  const std::atomic<bool> *interrupt = nullptr;
};

/// The figures of one epoch.
struct EpochRecord {
  int64_t epoch = 0; ///< From 1.
  std::vector<std::pair<std::string, double>> values;
  double samplesPerSecond = 0;
  double seconds = 0;
};

/// {"event":"epoch",…}; values that are not finite are left out.
nlohmann::ordered_json toJson(const EpochRecord &record);

/// What a trainer tells while it works.
class TrainingObserver {
public:
  virtual ~TrainingObserver() = default;
  /// A line for people.
  virtual void note(const std::string &text) {}
  /// After each batch: position in the epoch, batches in it (or steps in all
  /// if there are no epochs), the epoch's running loss and metrics, and the
  /// samples a second.
  struct Progress {
    int64_t epoch = 0, epochs = 0;
    int64_t batch = 0, batches = 0;
    const std::vector<std::pair<std::string, double>> *values = nullptr;
    double samplesPerSecond = 0;
  };
  /// Asked before `progress` is computed, so that it costs little.
  virtual bool wantsProgress() { return false; }
  virtual void progress(const Progress &progress) {}
  virtual void epoch(const EpochRecord &record) {}
};

/// How training ended.
struct TrainingResult {
  enum class End : uint8_t { complete, stoppedEarly, interrupted };
  End end = End::complete;
  int64_t epochs = 0, steps = 0;
  /// Of the epoch whose weights the model has.
  std::vector<std::pair<std::string, double>> values;
  int64_t valuesEpoch = 0;
  double seconds = 0;
  /// Where the checkpoint of an interrupted training is; empty: nowhere.
  std::string checkpoint;
};

/// One training of one model.
class Trainer {
public:
  /// Compiles the programs, binds \p data to them and makes the parameters.
  /// All arguments must outlive the trainer. Errors: those of compiling and
  /// binding; unsupported; monitorUnknown.
  static Expected<std::unique_ptr<Trainer>> make(const ModelFile &model,
                                                 const TrainSettings &settings,
                                                 const TrainingData &data,
                                                 ProgramProvider &provider,
                                                 const TrainerOptions &options);

  ~Trainer();

  /// Trains. Errors: diverged; resumeDiffers; those of checkpoints and logs.
  Expected<TrainingResult> run(TrainingObserver &observer);

  /// Writes the trained model. Errors: fileWrite; those of selfContainedText.
  Expected<void> save(const std::string &path) const;

  /// The keys of what an epoch measures, "loss" first.
  std::vector<std::string> measuredKeys() const;
  const ParameterStore &store() const { return parameters; }
  double compileMilliseconds() const { return milliseconds; }
  bool isCached() const { return cached; }
  /// The program of the train block's first step.
  const Signature &signature() const {
    return steps.front().program->signature();
  }
  const ModelMetadata &metadata() const { return description; }

private:
  /// One `step` of the train block with its program.
  struct Step {
    const StepSettings *settings = nullptr;
    DataBinding binding;
    std::unique_ptr<BoundProgram> program;
    /// What the program was compiled from.
    CompileOptions request;
    std::optional<BoundData> data;
    /// Changes what is gathered for the input `augmented`.
    std::optional<Augmenter> augmenter;
    std::string augmented;
    /// The schedules of scalars besides the known ones, by name.
    std::vector<std::pair<std::string, SettingValue>> schedules;
  };

  Trainer(const ModelFile &model, const TrainSettings &settings,
          const TrainingData &data, ProgramProvider &provider,
          const TrainerOptions &options)
      : model(model), settings(settings), data(data), provider(provider),
        options(options) {}

  Expected<void> checkSettings() const;
  Expected<DataBinding> bindStep(const StepSettings &step) const;
  Expected<void> addStep(const StepSettings &step);
  Expected<void> addAugmentation(Step &step);
  Expected<void> addValidation();
  Expected<void> describe();

  Expected<void> restore(TrainingObserver &observer);
  Expected<void> openLog();
  Expected<void> appendLog(const std::string &line);
  Expected<void> writeCheckpoint(const std::string &folder);

  Expected<void> runBatch(std::span<const int64_t> indices);
  Expected<void> runStep(size_t number, std::span<const int64_t> indices);
  /// The error of a step of \p samples samples, \p indices of the data, that
  /// diverged. \p before holds what the step has changed.
  Error divergence(const Step &step, std::span<const int64_t> indices,
                   int64_t samples, double loss,
                   const std::vector<NamedArray> &before);
  Expected<void> finishEpoch(TrainingObserver &observer, double seconds);
  std::vector<std::pair<std::string, double>> runningValues() const;
  void resetSums();
  void restoreBest();
  int64_t samplesInEpoch() const;
  bool readsData() const { return data.train.samples > 0; }

  const ModelFile &model;
  const TrainSettings &settings;
  const TrainingData &data;
  ProgramProvider &provider;
  TrainerOptions options;
  CompileSettings compile;

  ParameterStore parameters;
  std::vector<Step> steps;
  MetricSet metrics;
  std::optional<Evaluator> evaluator;
  std::optional<BoundData> validation;
  std::optional<EarlyStop> earlyStop;
  std::vector<NamedArray> best;
  std::string text; ///< The model, self-contained.
  ModelMetadata description;

  LoopState state;
  double lastLoss = 0;
  double milliseconds = 0;
  bool cached = true;
  int log = -1;
};

} // namespace nnc

#endif // NNC_TRAINING_TRAINER_H

//===- Checkpoint.h - Training that can go on later -------------*- C++ -*-===//
//
// A checkpoint is a model archive with all that the loop needs to go on as if
// it had never stopped.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_TRAINING_CHECKPOINT_H
#define NNC_TRAINING_CHECKPOINT_H

#include "nnc/Language/TrainSettings.h"
#include "nnc/Training/ModelFile.h"
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace nnc {

/// Watches one value for epochs without a better one.
class EarlyStop {
public:
  explicit EarlyStop(const EarlyStopping &settings);

  enum class Verdict : uint8_t {
    better, ///< The best so far: its weights are worth keeping.
    worse,
    stop, ///< As many epochs without a better one as the patience.
  };
  /// Takes the value of \p epoch (from 1). NaN is never better.
  Verdict add(int64_t epoch, double value);

  int64_t bestEpoch() const { return best; }
  /// Whether training must not go on.
  bool isOver() const { return best > 0 && waited >= settings.epochs; }
  const std::string &monitor() const { return settings.monitor; }
  bool restores() const { return settings.restore; }

  nlohmann::ordered_json state() const;
  Expected<void> restore(const nlohmann::ordered_json &state);

private:
  EarlyStopping settings;
  bool higherIsBetter;
  double bestValue = 0;
  int64_t best = 0; ///< 0: none yet.
  int64_t waited = 0;
};

/// Where the loop stands between two steps.
struct LoopState {
  /// Epochs done, and batches done of the one that runs.
  int64_t epoch = 0, batch = 0;
  /// Batches done in all, which `steps` counts.
  int64_t steps = 0;
  /// Updates done by each step of the train block.
  std::vector<int64_t> updates;
  /// Sums of the running epoch, one a step of the train block: of loss times
  /// samples, and of samples.
  std::vector<double> lossSums, sampleSums;
  std::vector<nlohmann::json> metricStates;
  nlohmann::ordered_json earlyStop;
  nlohmann::ordered_json history = nlohmann::ordered_json::array();
  int64_t logLength = 0;
};

/// A folder with the last two checkpoints, `checkpoint-STEPS.nnm`.
class CheckpointFolder {
public:
  /// Makes the folder if need be. Errors: fileWrite.
  static Expected<CheckpointFolder> open(const std::string &path);

  /// Writes a checkpoint as a whole or not at all, then removes all but the
  /// last two. \p best are the best weights so far. Errors: fileWrite.
  Expected<void> write(const LoopState &state, const std::string &model,
                       const ModelMetadata &metadata,
                       const ParameterStore &store,
                       std::span<const NamedArray> best);

  /// What a checkpoint holds.
  struct Content {
    LoopState state;
    ModelMetadata metadata;
    std::string model;
    ModelArchive archive;
    std::vector<NamedArray> best;
    std::string path;
  };
  /// The newest that can be read; those that cannot are named in \p skipped.
  /// Nothing if there is none. Errors: those of the newest if none can.
  Expected<std::optional<Content>> read(std::vector<Error> &skipped) const;

  const std::string &path() const { return folder; }

private:
  explicit CheckpointFolder(std::string folder) : folder(std::move(folder)) {}
  /// Paths by falling number of steps.
  std::vector<std::string> files() const;
  /// Removes all checkpoints but the last two up to \p steps.
  void prune(int64_t steps) const;

  std::string folder;
};

/// Fails with `resumeDiffers`, which names the first difference, unless
/// training with \p now goes on where \p then stopped. `epochs` and `steps`
/// may differ: they only say when to stop.
Expected<void>
compareSettings(const std::vector<std::pair<std::string, std::string>> &then,
                const std::vector<std::pair<std::string, std::string>> &now);

} // namespace nnc

#endif // NNC_TRAINING_CHECKPOINT_H

//===- Folds.h - Cross-validation -------------------------------*- C++ -*-===//

#ifndef NNC_TRAINING_FOLDS_H
#define NNC_TRAINING_FOLDS_H

#include "nnc/Training/Trainer.h"
#include <functional>

namespace nnc {

/// A figure over all folds.
struct FoldFigure {
  std::string key;
  double mean = 0;
  /// Over n - 1; 0 for one fold.
  double standardDeviation = 0;
};

struct FoldsResult {
  /// One a fold, in order.
  std::vector<TrainingResult> folds;
  std::vector<FoldFigure> figures;
  /// The fold with the least validation loss, from 0: its model is kept.
  int64_t best = 0;
  double compileMilliseconds = 0;
};

/// Trains \p model once a fold of \p all, each time from the start and with
/// the fold held out as validation data, and writes the best to \p output.
/// \p began is called before each fold with its number from 0. Errors: those of
/// Trainer and kFolds; unsupported (checkpoints, other validation data).
Expected<FoldsResult>
trainFolds(const ModelFile &model, const TrainSettings &settings,
           const TrainingData &all, ProgramProvider &provider,
           const TrainerOptions &options, const std::string &output,
           TrainingObserver &observer,
           const std::function<void(int64_t)> &began);

} // namespace nnc

#endif // NNC_TRAINING_FOLDS_H

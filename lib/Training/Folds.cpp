//===- Folds.cpp - Cross-validation ---------------------------------------===//

#include "nnc/Training/Folds.h"
#include "nnc/Data/Sampling.h"
#include <cmath>
#include <limits>

using namespace nnc;

static double valueOf(const TrainingResult &result, const std::string &key) {
  for (const auto &[name, value] : result.values)
    if (name == key)
      return value;
  return std::numeric_limits<double>::quiet_NaN();
}

static std::vector<FoldFigure>
figuresOf(const std::vector<TrainingResult> &folds) {
  std::vector<FoldFigure> figures;
  for (const auto &[key, first] : folds.front().values) {
    double count = static_cast<double>(folds.size());
    double sum = 0, squares = 0;
    for (const TrainingResult &fold : folds)
      sum += valueOf(fold, key);
    double mean = sum / count;
    for (const TrainingResult &fold : folds)
      squares += std::pow(valueOf(fold, key) - mean, 2);
    figures.push_back(
        {key, mean, count > 1 ? std::sqrt(squares / (count - 1)) : 0});
  }
  return figures;
}

Expected<FoldsResult>
nnc::trainFolds(const ModelFile &model, const TrainSettings &settings,
                const TrainingData &all, ProgramProvider &provider,
                const TrainerOptions &options, const std::string &output,
                TrainingObserver &observer,
                const std::function<void(int64_t)> &began) {
  if (!options.checkpointFolder.empty() || options.resume)
    return fail(ErrorCode::unsupported, "'folds' with checkpoints");
  if (settings.validation || settings.validationShare)
    return fail(ErrorCode::unsupported, "'folds' beside 'validation'");
  Expected<std::vector<Split>> parts =
      kFolds(all.train.samples, *settings.folds, settings.seed,
             targetLabels(all.train));
  if (!parts)
    return fail(std::move(parts.error()));
  TrainerOptions ofFold = options;
  // A fold cannot go on alone, so that nothing is kept of one.
  ofFold.interruptFolder.clear();
  FoldsResult result;
  double least = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < parts->size(); ++i) {
    began(static_cast<int64_t>(i));
    TrainingData data;
    data.augmentations = all.augmentations;
    data.train = select(all.train, (*parts)[i].kept);
    data.validation = select(all.train, (*parts)[i].held);
    Dataset *held = &*data.validation;
    fitScaling(data.train, std::span(&held, 1));
    auto trainer = Trainer::make(model, settings, data, provider, ofFold);
    if (!trainer)
      return fail(std::move(trainer.error()));
    Expected<TrainingResult> trained = (*trainer)->run(observer);
    if (!trained)
      return fail(std::move(trained.error()));
    result.compileMilliseconds += (*trainer)->compileMilliseconds();
    double loss = valueOf(*trained, "validation_loss");
    result.folds.push_back(std::move(*trained));
    if (result.folds.back().end == TrainingResult::End::interrupted)
      return result;
    if (i == 0 || loss < least) {
      least = loss;
      result.best = static_cast<int64_t>(i);
      if (auto saved = (*trainer)->save(output); !saved)
        return fail(std::move(saved.error()));
    }
  }
  result.figures = figuresOf(result.folds);
  return result;
}

//===- Prediction.h - What a model says of new samples ----------*- C++ -*-===//

#ifndef NNC_TRAINING_PREDICTION_H
#define NNC_TRAINING_PREDICTION_H

#include "nnc/Training/Evaluator.h"
#include <optional>
#include <string>
#include <vector>

namespace nnc {

/// The first result of a model for some samples.
struct Predictions {
  /// [samples, ...].
  Array output;
  /// How classes are read off it.
  PredictionInfo info;

  /// The class of \p sample as text; of a model that tells classes.
  std::string classOf(int64_t sample) const;

  /// One line a sample: output_0, output_1, …, and class where classes are
  /// known. Floats have as many digits as tell them apart (9 of f32, 17 of
  /// f64).
  std::string toCsv() const;

  /// Replaces scores by probabilities, as \p link says.
  void toProbabilities(OutputMeaning::Link link);
};

/// How the classes of \p metadata's model are read off \p width outputs, and
/// how its raw inputs are scaled.
PredictionInfo predictionInfo(const ModelMetadata &metadata, int64_t width);

/// The samples in \p path (csv or npy), read as the model's training data
/// were. \p inputs are those of the predicting function. Errors: those of
/// loadAs; unsupported (several inputs).
Expected<Dataset> loadSamples(const std::string &path, const ModelFile &model,
                              const std::vector<ModelInput> &inputs);

/// Runs \p evaluator, made without a loss, over \p data.
Expected<Predictions> predict(Evaluator &evaluator, const BoundData &data);

} // namespace nnc

#endif // NNC_TRAINING_PREDICTION_H

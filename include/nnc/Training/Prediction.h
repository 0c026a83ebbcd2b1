//===- Prediction.h - What a model says of new samples ----------*- C++ -*-===//

#ifndef NNC_TRAINING_PREDICTION_H
#define NNC_TRAINING_PREDICTION_H

#include "nnc/Training/Evaluator.h"
#include "nnc/Training/ModelFile.h"
#include "nnc/Training/Predictions.h"
#include <string>
#include <vector>

namespace nnc {

/// How the classes of \p metadata's model are read off \p width outputs, and
/// how its raw inputs are scaled.
PredictionInfo predictionInfo(const ModelMetadata &metadata, int64_t width);

/// How the samples that \p model predicts for are read: as its training data
/// were, else one sample of its only input a row. \p inputs are those of the
/// predicting function. Errors: unsupported (several inputs).
Expected<DataSchema> inputSchema(const ModelFile &model,
                                 const std::vector<ModelInput> &inputs);

/// Runs \p evaluator, made without a loss, over \p data.
Expected<Predictions> predict(Evaluator &evaluator, const BoundData &data);

} // namespace nnc

#endif // NNC_TRAINING_PREDICTION_H

//===- Prediction.cpp - What a model says of new samples ------------------===//

#include "nnc/Training/Prediction.h"
#include "Evaluate.h"
#include <cstring>

using namespace nnc;

//===----------------------------------------------------------------------===//
// Meaning
//===----------------------------------------------------------------------===//

/// The name of the built-in loss in an expression, or "".
static std::string lossName(const std::string &text) {
  if (text.empty())
    return "";
  Expected<SettingValue> loss = evaluateText(text, "loss", LossKind, "loss");
  return loss && loss->isCall() ? loss->builtin->name : std::string();
}

PredictionInfo nnc::predictionInfo(const ModelMetadata &metadata,
                                   int64_t width) {
  PredictionInfo info;
  OutputMeaning meaning = meaningOf(lossName(metadata.loss), width);
  if (meaning.isClassifier && meaning.rule == ClassRule::largest && width > 1)
    info.classes = PredictionInfo::Classes::largest;
  if (meaning.isClassifier && meaning.rule == ClassRule::threshold &&
      width == 1)
    info.classes = PredictionInfo::Classes::threshold;
  info.threshold = meaning.threshold;
  if (metadata.schema)
    if (const FieldSchema *target = metadata.schema->target())
      info.classNames = target->classNames;
  return info;
}

//===----------------------------------------------------------------------===//
// Samples
//===----------------------------------------------------------------------===//

Expected<DataSchema> nnc::inputSchema(const ModelFile &model,
                                      const std::vector<ModelInput> &inputs) {
  if (model.metadata && model.metadata->schema)
    return *model.metadata->schema;
  // Without training data a sample is what the only input holds.
  if (inputs.size() != 1 || inputs[0].shape.empty())
    return fail(ErrorCode::unsupported,
                "predicting with several inputs; nnc run takes them, which");
  DataSchema schema;
  FieldSchema features;
  features.name = inputs[0].name;
  features.type = inputs[0].type;
  features.sampleShape.assign(inputs[0].shape.begin() + 1,
                              inputs[0].shape.end());
  schema.fields.push_back(std::move(features));
  schema.featuresField = inputs[0].name;
  return schema;
}

Expected<Predictions> nnc::predict(Evaluator &evaluator,
                                   const BoundData &data) {
  if (evaluator.program().firstResult() < 0)
    return fail(ErrorCode::unsupported, "a model without results");
  Predictions predictions;
  Expected<void> done = evaluator.forEachBatch(
      data, [&](const BoundProgram &program, int64_t begin, int64_t count) {
        int index = program.firstResult();
        const Argument &result = program.signature().arguments[index];
        if (begin == 0) {
          std::vector<int64_t> shape = result.shape;
          int64_t capacity = std::max<int64_t>(1, program.batch());
          if (shape.empty())
            shape.push_back(1);
          shape[0] = shape[0] / capacity * data.samples();
          predictions.output = Array(result.type, shape);
        }
        int64_t bytes =
            result.byteCount() / std::max<int64_t>(1, program.batch());
        std::memcpy(predictions.output.data() + begin * bytes,
                    program.data(index), count * bytes);
      });
  if (!done)
    return fail(std::move(done.error()));
  return predictions;
}

//===- Prediction.cpp - What a model says of new samples ------------------===//

#include "nnc/Training/Prediction.h"
#include "Evaluate.h"
#include <cmath>
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
  if (metadata.schema) {
    if (const FieldSchema *target = metadata.schema->target())
      info.classNames = target->classNames;
    if (const FieldSchema *features = metadata.schema->features())
      for (const ColumnScaling &scaling : features->scaling)
        info.inputScaling.push_back({scaling.offset, scaling.factor});
  }
  return info;
}

//===----------------------------------------------------------------------===//
// Samples
//===----------------------------------------------------------------------===//

Expected<Dataset> nnc::loadSamples(const std::string &path,
                                   const ModelFile &model,
                                   const std::vector<ModelInput> &inputs) {
  Expected<DataSetting> setting = parseDataSetting(path, "--input");
  if (!setting)
    return fail(std::move(setting.error()));
  Expected<DataRequest> request = toDataRequest(*setting);
  if (!request)
    return fail(std::move(request.error()));
  DataSchema schema;
  if (model.metadata && model.metadata->schema) {
    schema = *model.metadata->schema;
  } else {
    // Without training data a sample is what the only input holds.
    if (inputs.size() != 1 || inputs[0].shape.empty())
      return fail(ErrorCode::unsupported,
                  "predicting with several inputs; nnc run takes them, which");
    FieldSchema features;
    features.name = inputs[0].name;
    features.type = inputs[0].type;
    features.sampleShape.assign(inputs[0].shape.begin() + 1,
                                inputs[0].shape.end());
    schema.fields.push_back(std::move(features));
    schema.featuresField = inputs[0].name;
  }
  if (model.metadata && model.metadata->precision == "f64")
    request->floatType = ElementType::f64;
  Expected<DataSource> source = loadAs(*request, schema);
  if (!source)
    return fail(std::move(source.error()));
  return std::move(source->train);
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

//===----------------------------------------------------------------------===//
// Predictions
//===----------------------------------------------------------------------===//

std::string Predictions::classOf(int64_t sample) const {
  int64_t width = output.rowSize();
  int64_t found = 0;
  if (info.classes == PredictionInfo::Classes::threshold) {
    found = output.at(sample * width) > info.threshold;
  } else {
    for (int64_t i = 1; i < width; ++i)
      if (output.at(sample * width + i) > output.at(sample * width + found))
        found = i;
  }
  if (found < static_cast<int64_t>(info.classNames.size()))
    return info.classNames[found];
  return std::to_string(found);
}

/// \p text as a csv value, quoted if it must be.
static std::string csvValue(const std::string &text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos)
    return text;
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"')
      quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string Predictions::toCsv() const {
  int64_t width = output.rowSize();
  bool hasClasses = info.classes != PredictionInfo::Classes::none;
  std::string text;
  for (int64_t i = 0; i < width; ++i)
    text += fmt::format("{}output_{}", i ? "," : "", i);
  text += hasClasses ? ",class\n" : "\n";
  bool isWide = output.type() == ElementType::f64;
  bool isFloat = isWide || output.type() == ElementType::f32;
  for (int64_t row = 0; row < output.rows(); ++row) {
    for (int64_t i = 0; i < width; ++i) {
      double value = output.at(row * width + i);
      if (i)
        text += ',';
      text += !isFloat ? fmt::format("{}", static_cast<int64_t>(value))
              : isWide ? fmt::format("{:.17g}", value)
                       : fmt::format("{:.9g}", value);
    }
    if (hasClasses)
      text += "," + csvValue(classOf(row));
    text += '\n';
  }
  return text;
}

void Predictions::toProbabilities(OutputMeaning::Link link) {
  if (link == OutputMeaning::Link::none)
    return;
  Array wide = output.toF64();
  std::span<double> values = wide.span<double>();
  if (link == OutputMeaning::Link::sigmoid) {
    for (double &value : values)
      value = 1 / (1 + std::exp(-value));
    info.threshold = 0.5;
  } else {
    int64_t width = output.shape().back();
    for (size_t begin = 0; begin + width <= values.size(); begin += width) {
      std::span<double> row = values.subspan(begin, width);
      double largest = *std::max_element(row.begin(), row.end());
      double sum = 0;
      for (double &value : row)
        sum += value = std::exp(value - largest);
      for (double &value : row)
        value /= sum;
    }
  }
  output = wide.to(output.type());
}

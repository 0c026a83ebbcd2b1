//===- Predictions.cpp - Results of a model, to be written ----------------===//

#include "nnc/Training/Predictions.h"
#include <algorithm>
#include <cmath>

using namespace nnc;

Expected<Dataset> nnc::loadSamples(DataRequest request,
                                   const DataSchema &schema,
                                   ElementType floatType) {
  request.floatType = floatType;
  Expected<DataSource> source = loadAs(request, schema);
  if (!source)
    return fail(std::move(source.error()));
  return std::move(source->train);
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

//===- Data.cpp - nnc data ------------------------------------------------===//

#include "Context.h"
#include "nnc/Training/Binding.h"
#include <cmath>
#include <limits>

using namespace nnc;
using namespace nnc::tool;

namespace {
struct Range {
  double least = std::numeric_limits<double>::infinity();
  double largest = -std::numeric_limits<double>::infinity();
  double mean = 0;
};
} // namespace

static Range rangeOf(const Field &field) {
  Range range;
  double sum = 0;
  for (int64_t i = 0; i < field.values.size(); ++i) {
    double value = field.values.at(i);
    range.least = std::min(range.least, value);
    range.largest = std::max(range.largest, value);
    sum += value;
  }
  range.mean = sum / static_cast<double>(field.values.size());
  return range;
}

static std::string typeOf(const Field &field) {
  return field.isRagged() ? fmt::format("{} ragged", nameOf(field.type))
                          : fmt::format("{}{}", nameOf(field.type),
                                        toString(field.sampleShape));
}

static std::string roleOf(const Dataset &data, const Field &field) {
  if (field.name == data.targetField)
    return "target";
  return field.name == data.featuresField ? "features" : "";
}

static void printText(const Context &context, const DataSource &source,
                      int64_t rows) {
  const Dataset &data = source.train;
  std::string text = fmt::format(
      "{}: {} samples{}\n", data.name, data.samples,
      source.test ? fmt::format(", {} test samples", source.test->samples)
                  : "");
  text += fmt::format("{:<16} {:<18} {:<9} {:>12} {:>12} {:>12}  {}\n", "field",
                      "type a sample", "role", "least", "largest", "mean",
                      "classes");
  for (const Field &field : data.fields) {
    Range range = rangeOf(field);
    std::string classes;
    for (size_t i = 0; i < std::min<size_t>(field.classNames.size(), 6); ++i)
      classes += (i ? ", " : "") + field.classNames[i];
    if (field.classNames.size() > 6)
      classes += ", ...";
    if (classes.empty() && field.classes)
      classes = std::to_string(field.classes);
    text +=
        fmt::format("{:<16} {:<18} {:<9} {:>12.5g} {:>12.5g} {:>12.5g}  {}\n",
                    field.name, typeOf(field), roleOf(data, field), range.least,
                    range.largest, range.mean, classes);
  }
  for (int64_t row = 0; row < std::min(rows, data.samples); ++row) {
    text += fmt::format("sample {}\n", row);
    for (const Field &field : data.fields) {
      constexpr int64_t most = 12;
      int64_t begin, width;
      if (field.isRagged()) {
        const int64_t *offsets = field.offsets->span<int64_t>().data() + row;
        begin = offsets[0];
        width = offsets[1] - begin;
      } else {
        width = field.sampleSize();
        begin = row * width;
      }
      text += fmt::format("  {:<14}", field.name);
      for (int64_t i = 0; i < std::min(width, most); ++i)
        text += fmt::format(" {:.5g}", field.values.at(begin + i));
      text += width > most ? " ...\n" : "\n";
    }
  }
  context.print(text);
}

static void printJson(const Context &context, const DataSource &source) {
  const Dataset &data = source.train;
  nlohmann::ordered_json fields = nlohmann::ordered_json::array();
  for (const Field &field : data.fields) {
    Range range = rangeOf(field);
    nlohmann::ordered_json entry = {{"name", field.name},
                                    {"type", nameOf(field.type)},
                                    {"shape", field.sampleShape},
                                    {"role", roleOf(data, field)}};
    for (const auto &[key, value] :
         {std::pair("least", range.least), std::pair("largest", range.largest),
          std::pair("mean", range.mean)})
      if (std::isfinite(value))
        entry[key] = value;
    if (!field.classNames.empty())
      entry["classes"] = field.classNames;
    fields.push_back(std::move(entry));
  }
  nlohmann::ordered_json object = {{"data", data.name},
                                   {"samples", data.samples}};
  if (source.test)
    object["test_samples"] = source.test->samples;
  object["fields"] = std::move(fields);
  context.print(object);
}

int nnc::tool::run_data(Context &context) {
  Expected<int64_t> rows = context.args.number("rows", 3);
  if (!rows)
    return context.fail(rows.error());
  Expected<DataSetting> setting =
      parseDataSetting(context.args.operands[0], "D");
  if (!setting) {
    int status = context.fail(setting.error());
    // What is wrong with the operand is wrong with the command line.
    return status == static_cast<int>(ExitStatus::wrongInput)
               ? static_cast<int>(ExitStatus::usage)
               : status;
  }
  Expected<DataRequest> request = toDataRequest(*setting);
  if (!request)
    return context.fail(request.error());
  Expected<DataSource> source = load(*request);
  if (!source)
    return context.fail(source.error());
  // As training on all of it would.
  std::vector<Dataset *> others;
  if (source->test)
    others.push_back(&*source->test);
  fitScaling(source->train, others);
  if (context.isJson())
    printJson(context, *source);
  else
    printText(context, *source, *rows);
  return 0;
}

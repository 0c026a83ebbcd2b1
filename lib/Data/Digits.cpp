//===- Digits.cpp - The built-in data sets --------------------------------===//

#include "nnc/Data/DataRequest.h"
#include "nnc/Data/Sampling.h"
#include "nnc/Support/ModuleFolder.h"
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace nnc;

static constexpr int64_t pixels = 64, classes = 10, testSamples = 360;

/// The places where shipped data may lie, best first.
static std::vector<std::filesystem::path> dataHomes() {
  std::vector<std::filesystem::path> homes;
  const char *home = std::getenv("NNC_DATA_HOME");
  if (home && *home)
    return {home};
  std::filesystem::path folder = moduleFolder();
  if (!folder.empty())
    homes.push_back(folder.parent_path() / "share" / "nnc");
  homes.push_back(NNC_SOURCE_DATA_HOME);
  return homes;
}

static Expected<std::string> readShipped(const std::string &name) {
  std::string tried;
  for (const std::filesystem::path &home : dataHomes()) {
    std::filesystem::path path = home / name;
    std::ifstream file(path, std::ios::binary);
    if (file) {
      std::stringstream text;
      text << file.rdbuf();
      return std::move(text).str();
    }
    tried = path.string();
  }
  return fail(ErrorCode::fileNotFound, tried, std::strerror(ENOENT));
}

/// Reads lines of 64 counts and a class into \p counts and \p labels.
static Expected<void> parseDigits(const std::string &text,
                                  std::vector<int32_t> &counts,
                                  std::vector<int32_t> &labels) {
  const char *at = text.data(), *end = at + text.size();
  while (at != end) {
    for (int64_t i = 0; i <= pixels; ++i) {
      int32_t value = -1;
      std::from_chars_result result = std::from_chars(at, end, value);
      char closing = i == pixels ? '\n' : ',';
      int32_t limit = i == pixels ? classes - 1 : 16;
      if (result.ec != std::errc() || value < 0 || value > limit ||
          result.ptr == end || *result.ptr != closing)
        return fail(ErrorCode::malformedFile, "digits/optdigits.tes",
                    "a list of digits",
                    fmt::format("line {}, value {}", labels.size() + 1, i + 1));
      (i == pixels ? labels : counts).push_back(value);
      at = result.ptr + 1;
    }
  }
  return {};
}

Expected<DataSource> nnc::loadDigits(ElementType floatType) {
  Expected<std::string> text = readShipped("digits/optdigits.tes");
  if (!text)
    return fail(std::move(text.error()));
  std::vector<int32_t> counts, labels;
  if (Expected<void> parsed = parseDigits(*text, counts, labels); !parsed)
    return fail(std::move(parsed.error()));
  int64_t samples = static_cast<int64_t>(labels.size());
  if (samples <= testSamples)
    return fail(ErrorCode::truncatedFile, "digits/optdigits.tes",
                fmt::format("{} images", samples));

  Field image =
      Field::make("image", Array::of({samples, pixels}, counts).to(floatType));
  ColumnScaling scaling;
  scaling.factor = 1.0 / 16;
  applyScaling(image, {scaling});
  Field label = Field::make("label", Array::of({samples}, labels));
  label.classes = classes;
  for (int64_t i = 0; i < classes; ++i)
    label.classNames.push_back(std::to_string(i));

  Dataset all;
  all.name = "digits";
  all.samples = samples;
  all.featuresField = "image";
  all.targetField = "label";
  all.fields = {std::move(image), std::move(label)};
  double share = static_cast<double>(testSamples) / samples;
  Expected<SplitDataset> parts = split(all, share, 0);
  if (!parts)
    return fail(std::move(parts.error()));
  return DataSource{std::move(parts->kept), std::move(parts->held)};
}

Expected<DataSource> nnc::loadXor(ElementType floatType) {
  DataSource source;
  Dataset &table = source.train;
  table.name = "xor";
  table.samples = 4;
  table.featuresField = "features";
  table.targetField = "target";
  table.fields = {
      Field::make(
          "features",
          Array::of<float>({4, 2}, {0, 0, 0, 1, 1, 0, 1, 1}).to(floatType)),
      Field::make("target",
                  Array::of<float>({4, 1}, {0, 1, 1, 0}).to(floatType))};
  return source;
}

//===- IdxSource.cpp - Folders of IDX files -------------------------------===//

#include "nnc/Data/DataRequest.h"
#include "nnc/Formats/Idx.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <numeric>

using namespace nnc;

/// The file that holds \p what ("images-idx3") of \p part ("train"), plain or
/// packed; empty if there is none.
static std::string findFile(const std::string &folder, const std::string &part,
                            const std::string &what) {
  for (const char *suffix : {"-ubyte", "-ubyte.gz"}) {
    std::filesystem::path path =
        std::filesystem::path(folder) / (part + "-" + what + suffix);
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path, ignored))
      return path.string();
  }
  return "";
}

/// Images of bytes as floats from 0 to 1.
static Field imageField(const Array &bytes, ElementType floatType) {
  Field field = Field::make("image", bytes.to(floatType));
  ColumnScaling scaling;
  scaling.factor = 1.0 / 255;
  applyScaling(field, {scaling});
  return field;
}

/// Loads one part, "train" or "t10k". \p classes 0 takes as many as the labels
/// have, else larger labels are errors.
static Expected<Dataset> loadPart(const DataRequest &request,
                                  const std::string &part, int64_t classes) {
  std::string imagePath = findFile(request.path, part, "images-idx3");
  std::string labelPath = findFile(request.path, part, "labels-idx1");
  for (auto &[path, name] :
       {std::pair(imagePath, "images-idx3"), {labelPath, "labels-idx1"}})
    if (path.empty())
      return fail(ErrorCode::fileNotFound,
                  fmt::format("{}/{}-{}-ubyte[.gz]", request.path, part, name),
                  std::strerror(ENOENT));
  Expected<Array> images = readIdx(imagePath);
  if (!images)
    return fail(std::move(images.error()));
  Expected<Array> labels = readIdx(labelPath);
  if (!labels)
    return fail(std::move(labels.error()));
  if (images->type() != ElementType::u8 || images->rank() != 3)
    return fail(ErrorCode::malformedFile, imagePath, "images",
                fmt::format("expected u8 of three dimensions, got {}{}",
                            nameOf(images->type()), toString(images->shape())));
  if (labels->type() != ElementType::u8 || labels->rank() != 1)
    return fail(ErrorCode::malformedFile, labelPath, "labels",
                fmt::format("expected u8 of one dimension, got {}{}",
                            nameOf(labels->type()), toString(labels->shape())));
  if (images->rows() != labels->rows())
    return fail(ErrorCode::sampleCount, imagePath, images->rows(), labelPath,
                labels->rows());
  if (images->size() == 0)
    return fail(ErrorCode::emptyData, imagePath);
  std::span<const uint8_t> numbers = labels->span<uint8_t>();
  auto largest = std::max_element(numbers.begin(), numbers.end());
  if (classes == 0)
    classes = *largest + 1;
  if (*largest >= classes)
    return fail(ErrorCode::labelOutOfRange, *largest, largest - numbers.begin(),
                labelPath, classes - 1);
  Dataset dataset;
  dataset.name = request.path;
  dataset.samples = images->rows();
  dataset.featuresField = "image";
  dataset.targetField = "label";
  dataset.fields.push_back(imageField(*images, request.floatType));
  Field label = Field::make("label", labels->to(ElementType::i32));
  label.classes = classes;
  for (int64_t i = 0; i < classes; ++i)
    label.classNames.push_back(std::to_string(i));
  dataset.fields.push_back(std::move(label));
  return dataset;
}

Expected<DataSource> nnc::loadIdx(const DataRequest &request) {
  std::error_code error;
  if (!std::filesystem::is_directory(request.path, error))
    return fail(ErrorCode::fileNotFound, request.path,
                std::strerror(error ? error.value() : ENOTDIR));
  Expected<Dataset> train = loadPart(request, "train", 0);
  if (!train)
    return fail(std::move(train.error()));
  DataSource source;
  source.train = std::move(*train);
  if (request.limit && *request.limit < source.train.samples) {
    std::vector<int64_t> first(*request.limit);
    std::iota(first.begin(), first.end(), 0);
    source.train = select(source.train, first);
  }
  if (findFile(request.path, "t10k", "images-idx3").empty() &&
      findFile(request.path, "t10k", "labels-idx1").empty())
    return source;
  Expected<Dataset> test =
      loadPart(request, "t10k", source.train.target()->classes);
  if (!test)
    return fail(std::move(test.error()));
  if (test->features()->sampleShape != source.train.features()->sampleShape)
    return fail(ErrorCode::malformedFile, request.path, "images",
                fmt::format("training images are {}, test images {}",
                            toString(source.train.features()->sampleShape),
                            toString(test->features()->sampleShape)));
  source.test = std::move(*test);
  return source;
}

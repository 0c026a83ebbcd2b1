//===- Transforms.cpp - Fixed transforms of a source ----------------------===//

#include "Transforms.h"
#include <algorithm>
#include <cmath>

using namespace nnc;

/// Tokens that do not fit into a multi-hot row take this place, the number of
/// words out of the vocabulary in the Keras sets.
static constexpr int32_t unknownToken = 2;

static Expected<void> oneHot(Dataset &dataset) {
  Field *target = dataset.find(dataset.targetField);
  if (!target || target->classes == 0)
    return fail(ErrorCode::transformInput, "one_hot", "a target with classes",
                target ? fmt::format("{}{}", nameOf(target->type),
                                     toString(target->sampleShape))
                       : "none");
  Expected<Field> rows = oneHotRows(*target, target->classes);
  if (!rows)
    return fail(std::move(rows.error()));
  *target = std::move(*rows);
  return {};
}

/// A ragged field as rows of \p width zeros and ones.
static Expected<Field> multiHotField(const Field &field, int64_t width,
                                     ElementType floatType) {
  std::optional<int64_t> bytes =
      byteCountOf({{field.samples(), width}}, floatType);
  if (!bytes || *bytes > int64_t{16} << 30)
    return fail(ErrorCode::transformInput, "multi_hot", "less memory",
                fmt::format("{} rows of {}", field.samples(), width));
  Array rows(ElementType::f32, {field.samples(), width});
  std::span<float> out = rows.span<float>();
  std::span<const int32_t> tokens = field.values.span<int32_t>();
  std::span<const int64_t> offsets = field.offsets->span<int64_t>();
  for (int64_t sample = 0; sample < field.samples(); ++sample)
    for (int64_t i = offsets[sample]; i < offsets[sample + 1]; ++i) {
      if (tokens[i] < 0)
        return fail(ErrorCode::transformInput, "multi_hot", "tokens from 0 on",
                    tokens[i]);
      int32_t token = tokens[i] < width ? tokens[i] : unknownToken;
      out[sample * width + token] = 1;
    }
  return Field::make(field.name, rows.to(floatType));
}

static Expected<void> multiHot(Dataset &dataset, double amount,
                               ElementType floatType) {
  if (!(amount > unknownToken && amount < 1 << 30 &&
        amount == std::floor(amount)))
    return fail(ErrorCode::transformInput, "multi_hot",
                "a whole number of at least 3", amount);
  bool any = false;
  for (Field &field : dataset.fields) {
    if (!field.isRagged())
      continue;
    Expected<Field> rows =
        multiHotField(field, static_cast<int64_t>(amount), floatType);
    if (!rows)
      return fail(std::move(rows.error()));
    field = std::move(*rows);
    any = true;
  }
  if (!any)
    return fail(ErrorCode::transformInput, "multi_hot",
                "a ragged field of tokens", "none");
  return {};
}

template <typename T> static void stepAbove(std::span<T> values, double at) {
  for (T &value : values)
    value = static_cast<double>(value) > at ? 1 : 0;
}

Expected<void> nnc::binarize(Dataset &dataset, double threshold) {
  Field *features = dataset.find(dataset.featuresField);
  if (!features || features->isRagged() ||
      (features->type != ElementType::f32 &&
       features->type != ElementType::f64))
    return fail(ErrorCode::transformInput, "binarize", "features of floats",
                features ? std::string(nameOf(features->type)) : "none");
  if (features->type == ElementType::f32)
    stepAbove(features->values.span<float>(), threshold);
  else
    stepAbove(features->values.span<double>(), threshold);
  dataset.threshold = threshold;
  return {};
}

Expected<void> nnc::applyTransforms(const DataRequest &request,
                                    DataSource &source) {
  std::vector<Dataset *> parts = {&source.train};
  if (source.test)
    parts.push_back(&*source.test);
  for (const DataTransform &transform : request.transforms)
    for (Dataset *part : parts) {
      Expected<void> done;
      if (transform.kind == DataTransform::Kind::oneHot)
        done = oneHot(*part);
      else if (transform.kind == DataTransform::Kind::multiHot)
        done = multiHot(*part, transform.amount, request.floatType);
      else if (transform.kind == DataTransform::Kind::binarize)
        done = binarize(*part, transform.amount);
      if (!done)
        return done;
    }
  return {};
}

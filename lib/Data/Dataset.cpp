//===- Dataset.cpp - Samples in memory ------------------------------------===//

#include "nnc/Data/Dataset.h"
#include <cstring>
#include <functional>
#include <numeric>

using namespace nnc;

Field Field::make(std::string name, Array values) {
  assert(values.rank() > 0 && "the leading dimension counts the samples");
  Field field;
  field.name = std::move(name);
  field.type = values.type();
  field.sampleShape.assign(values.shape().begin() + 1, values.shape().end());
  field.values = std::move(values);
  return field;
}

int64_t Field::sampleSize() const {
  return std::accumulate(sampleShape.begin(), sampleShape.end(), int64_t{1},
                         std::multiplies<>());
}

int64_t Field::samples() const {
  return offsets ? offsets->size() - 1 : values.rows();
}

const Field *Dataset::find(std::string_view name) const {
  for (const Field &field : fields)
    if (field.name == name)
      return &field;
  return nullptr;
}

Field *Dataset::find(std::string_view name) {
  return const_cast<Field *>(std::as_const(*this).find(name));
}

void nnc::gather(const Field &field, std::span<const int64_t> indices,
                 std::byte *out) {
  assert(!field.isRagged() && "ragged samples differ in size");
  size_t bytes = field.sampleSize() * sizeOf(field.type);
  const std::byte *values = field.values.data();
  if (bytes == 0)
    return;
  for (int64_t index : indices) {
    assert(index >= 0 && index < field.samples() && "no such sample");
    std::memcpy(out, values + index * bytes, bytes);
    out += bytes;
  }
}

/// The samples \p indices of a ragged field.
static void selectRagged(const Field &field, std::span<const int64_t> indices,
                         Field &out) {
  std::span<const int64_t> offsets = field.offsets->span<int64_t>();
  Array chosen(ElementType::i64, {static_cast<int64_t>(indices.size()) + 1});
  std::span<int64_t> ends = chosen.span<int64_t>();
  for (size_t i = 0; i < indices.size(); ++i)
    ends[i + 1] = ends[i] + offsets[indices[i] + 1] - offsets[indices[i]];
  out.values = Array(field.type, {ends.back()});
  size_t width = sizeOf(field.type);
  for (size_t i = 0; i < indices.size(); ++i)
    if (size_t length = ends[i + 1] - ends[i])
      std::memcpy(out.values.data() + ends[i] * width,
                  field.values.data() + offsets[indices[i]] * width,
                  length * width);
  out.offsets = std::move(chosen);
}

Dataset nnc::select(const Dataset &dataset, std::span<const int64_t> indices) {
  Dataset result;
  result.name = dataset.name;
  result.samples = static_cast<int64_t>(indices.size());
  result.featuresField = dataset.featuresField;
  result.targetField = dataset.targetField;
  result.targetColumn = dataset.targetColumn;
  result.columns = dataset.columns;
  result.threshold = dataset.threshold;
  result.scale = dataset.scale;
  result.fillMissing = dataset.fillMissing;
  for (const Field &field : dataset.fields) {
    Field chosen;
    chosen.name = field.name;
    chosen.type = field.type;
    chosen.sampleShape = field.sampleShape;
    chosen.classNames = field.classNames;
    chosen.classes = field.classes;
    chosen.scaling = field.scaling;
    if (field.isRagged()) {
      selectRagged(field, indices, chosen);
    } else {
      std::vector<int64_t> shape = field.sampleShape;
      shape.insert(shape.begin(), result.samples);
      chosen.values = Array(field.type, std::move(shape));
      gather(field, indices, chosen.values.data());
    }
    result.fields.push_back(std::move(chosen));
  }
  return result;
}

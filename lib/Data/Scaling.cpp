//===- Scaling.cpp - Scaling fitted on the training part ------------------===//

#include "nnc/Data/Dataset.h"
#include <cmath>
#include <limits>

using namespace nnc;

/// The scaling of element \p element of the samples of \p field.
static ColumnScaling fitColumn(const Field &field, int64_t element,
                               ScaleKind kind, bool fill) {
  int64_t width = field.sampleSize();
  double sum = 0, low = std::numeric_limits<double>::infinity(), high = -low;
  int64_t known = 0;
  for (int64_t i = element; i < field.values.size(); i += width) {
    double value = field.values.at(i);
    if (std::isnan(value))
      continue;
    sum += value;
    low = std::min(low, value);
    high = std::max(high, value);
    ++known;
  }
  ColumnScaling scaling;
  double mean = known ? sum / static_cast<double>(known) : 0;
  if (fill)
    scaling.fill = mean;
  if (known == 0 || kind == ScaleKind::none)
    return scaling;
  if (kind == ScaleKind::unit) {
    scaling.offset = low;
    scaling.factor = high > low ? 1 / (high - low) : 0;
    return scaling;
  }
  double squares = 0;
  for (int64_t i = element; i < field.values.size(); i += width) {
    double value = field.values.at(i);
    double away = std::isnan(value) ? 0 : value - mean;
    squares += away * away;
  }
  // A filled value lies at the mean, so it counts in n and adds nothing.
  int64_t count = fill ? field.samples() : known;
  double deviation = std::sqrt(squares / static_cast<double>(count));
  scaling.offset = mean;
  scaling.factor = high > low ? 1 / deviation : 0;
  return scaling;
}

template <typename T>
static void scaleElements(std::span<T> values,
                          const std::vector<ColumnScaling> &scaling) {
  size_t column = 0;
  for (T &value : values) {
    const ColumnScaling &by = scaling[column];
    double raw = static_cast<double>(value);
    if (std::isnan(raw) && by.fill)
      raw = *by.fill;
    value = static_cast<T>((raw - by.offset) * by.factor);
    column = column + 1 == scaling.size() ? 0 : column + 1;
  }
}

void nnc::applyScaling(Field &field,
                       const std::vector<ColumnScaling> &scaling) {
  if (scaling.empty())
    return;
  assert((scaling.size() == 1 ||
          static_cast<int64_t>(scaling.size()) == field.sampleSize()) &&
         "one scaling for all, or one an element");
  if (field.type == ElementType::f32)
    scaleElements(field.values.span<float>(), scaling);
  else
    scaleElements(field.values.span<double>(), scaling);
  field.scaling = scaling;
}

static bool isFloat(const Field &field) {
  return field.type == ElementType::f32 || field.type == ElementType::f64;
}

/// Whether element \p element of the features is an indicator of a category.
static bool isIndicator(const Dataset &dataset, int64_t element) {
  for (const Column &column : dataset.columns) {
    if (element < column.width())
      return !column.categories.empty();
    element -= column.width();
  }
  return false;
}

void nnc::fitScaling(Dataset &train, std::span<Dataset *const> others) {
  if (train.scale == ScaleKind::none && !train.fillMissing)
    return;
  for (Field &field : train.fields) {
    if (!isFloat(field) || field.isRagged() ||
        field.name == train.targetField || field.name == train.targetColumn)
      continue;
    bool features = field.name == train.featuresField;
    std::vector<ColumnScaling> scaling;
    for (int64_t i = 0; i < field.sampleSize(); ++i)
      scaling.push_back(
          features && isIndicator(train, i)
              ? ColumnScaling()
              : fitColumn(field, i, train.scale, train.fillMissing));
    applyScaling(field, scaling);
    for (Dataset *other : others)
      if (Field *same = other->find(field.name))
        applyScaling(*same, scaling);
  }
  train.scale = ScaleKind::none;
  train.fillMissing = false;
  for (Dataset *other : others) {
    other->scale = ScaleKind::none;
    other->fillMissing = false;
  }
}

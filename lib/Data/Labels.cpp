//===- Labels.cpp - Class numbers and one-hot rows ------------------------===//

#include "nnc/Data/Dataset.h"
#include <cmath>

using namespace nnc;

/// The class of row \p row of \p field if it is one-hot, else -1.
static int64_t hotIndex(const Field &field, int64_t row) {
  int64_t width = field.sampleSize();
  int64_t hot = -1;
  for (int64_t i = 0; i < width; ++i) {
    double value = field.values.at(row * width + i);
    if (value == 0)
      continue;
    if (value != 1 || hot >= 0)
      return -1;
    hot = i;
  }
  return hot;
}

Expected<Field> nnc::classNumbers(const Field &field, int64_t classes) {
  if (field.isRagged())
    return fail(ErrorCode::notClassNumbers, field.name,
                "its samples differ in length");
  int64_t width = field.sampleSize();
  Field result;
  result.name = field.name;
  result.type = ElementType::i32;
  result.classNames = field.classNames;
  result.classes = classes;
  result.values = Array(ElementType::i32, {field.samples()});
  std::span<int32_t> numbers = result.values.span<int32_t>();
  for (int64_t i = 0; i < field.samples(); ++i) {
    double number;
    if (width == 1) {
      number = field.values.at(i);
      if (number != std::floor(number))
        return fail(ErrorCode::notClassNumbers, field.name,
                    fmt::format("sample {} is {}", i, number));
      if (number < 0 || number >= static_cast<double>(classes))
        return fail(ErrorCode::labelOutOfRange, number, i, field.name,
                    classes - 1);
    } else {
      if (width != classes)
        return fail(ErrorCode::notClassNumbers, field.name,
                    fmt::format("a sample has {} elements, expected 1 or {}",
                                width, classes));
      number = static_cast<double>(hotIndex(field, i));
      if (number < 0)
        return fail(ErrorCode::notClassNumbers, field.name,
                    fmt::format("sample {} is not one 1 among zeros", i));
    }
    numbers[i] = static_cast<int32_t>(number);
  }
  return result;
}

Expected<Field> nnc::oneHotRows(const Field &field, int64_t classes) {
  Expected<Field> numbers = classNumbers(field, classes);
  if (!numbers)
    return numbers;
  Field result = std::move(*numbers);
  Array rows(ElementType::f32, {result.samples(), classes});
  std::span<float> out = rows.span<float>();
  std::span<const int32_t> labels = result.values.span<int32_t>();
  for (size_t i = 0; i < labels.size(); ++i)
    out[i * classes + labels[i]] = 1;
  result.type = ElementType::f32;
  result.sampleShape = {classes};
  result.values = std::move(rows);
  return result;
}

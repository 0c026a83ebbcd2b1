//===- Conversion.cpp - Element types of fields ---------------------------===//

#include "nnc/Data/Dataset.h"

using namespace nnc;

static bool isFloat(ElementType type) {
  return type == ElementType::f32 || type == ElementType::f64 ||
         type == ElementType::f16 || type == ElementType::bf16;
}

Expected<Field> nnc::fieldAs(const Field &field, ElementType type) {
  Field result = field;
  if (field.type == type)
    return result;
  auto inexact = [&](int64_t element) {
    int64_t width = std::max<int64_t>(field.sampleSize(), 1);
    return fail(ErrorCode::inexactConversion, field.name, nameOf(type),
                element / width, field.values.at(element));
  };
  if (isFloat(field.type) && !isFloat(type) && field.values.size())
    return inexact(0);
  result.values = field.values.to(type);
  result.type = type;
  if (isFloat(field.type))
    return result;
  // Integers and truth values must come back as they were.
  Array back = result.values.to(field.type);
  for (int64_t i = 0; i < field.values.size(); ++i)
    if (back.at(i) != field.values.at(i))
      return inexact(i);
  return result;
}

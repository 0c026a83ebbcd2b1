//===- ElementType.cpp - Element types of tensors -------------------------===//

#include "nnc/Support/ElementType.h"

using namespace nnc;

namespace {
struct Row {
  std::string_view name;
  unsigned bytes;
};
constexpr Row rows[] = {{"f32", 4}, {"f64", 8}, {"f16", 2}, {"bf16", 2},
                        {"i64", 8}, {"i32", 4}, {"i16", 2}, {"i8", 1},
                        {"u8", 1},  {"bool", 1}};
} // namespace

unsigned nnc::sizeOf(ElementType type) {
  return rows[static_cast<size_t>(type)].bytes;
}
std::string_view nnc::nameOf(ElementType type) {
  return rows[static_cast<size_t>(type)].name;
}
std::optional<ElementType> nnc::parseElementType(std::string_view name) {
  for (size_t i = 0; i < std::size(rows); ++i)
    if (rows[i].name == name)
      return static_cast<ElementType>(i);
  return std::nullopt;
}

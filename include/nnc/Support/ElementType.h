//===- ElementType.h - Element types of tensors -----------------*- C++ -*-===//
//
// The element types that files, data and programs share.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_SUPPORT_ELEMENTTYPE_H
#define NNC_SUPPORT_ELEMENTTYPE_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace nnc {

/// Element types. `boolean` is stored as one byte, 0 or 1.
enum class ElementType : uint8_t {
  f32,
  f64,
  f16,
  bf16,
  i64,
  i32,
  i16,
  i8,
  u8,
  boolean,
};

/// Bytes of one element.
unsigned sizeOf(ElementType type);

/// The name in the nnc language and in signatures: "f32", …, "bool".
std::string_view nameOf(ElementType type);

/// The element type called \p name, if there is one.
std::optional<ElementType> parseElementType(std::string_view name);

} // namespace nnc

#endif // NNC_SUPPORT_ELEMENTTYPE_H

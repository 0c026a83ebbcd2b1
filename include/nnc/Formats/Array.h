//===- Array.h - Tensors in memory ------------------------------*- C++ -*-===//
//
// The value that files, data sets and programs exchange: element type, shape
// and bytes of its own.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_FORMATS_ARRAY_H
#define NNC_FORMATS_ARRAY_H

#include "nnc/Support/ElementType.h"
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace nnc {

/// Elements of \p shape, or nothing if a dimension is negative or the product
/// of the others overflows. The empty shape is a scalar: 1.
std::optional<int64_t> elementCountOf(std::span<const int64_t> shape);

/// Bytes of \p shape in \p type, or nothing as above.
std::optional<int64_t> byteCountOf(std::span<const int64_t> shape,
                                   ElementType type);

/// A shape as the language writes it: "[2, 3]".
std::string toString(std::span<const int64_t> shape);

/// The element type that a C++ type stores.
template <typename T> struct ElementTypeOf;
template <> struct ElementTypeOf<float> {
  static constexpr ElementType value = ElementType::f32;
};
template <> struct ElementTypeOf<double> {
  static constexpr ElementType value = ElementType::f64;
};
template <> struct ElementTypeOf<int64_t> {
  static constexpr ElementType value = ElementType::i64;
};
template <> struct ElementTypeOf<int32_t> {
  static constexpr ElementType value = ElementType::i32;
};
template <> struct ElementTypeOf<int16_t> {
  static constexpr ElementType value = ElementType::i16;
};
template <> struct ElementTypeOf<int8_t> {
  static constexpr ElementType value = ElementType::i8;
};
template <> struct ElementTypeOf<uint8_t> {
  static constexpr ElementType value = ElementType::u8;
};

/// A dense row-major tensor that owns its bytes, 64-byte aligned.
class Array {
public:
  /// f32 of shape [0].
  Array() : dims{0} {}

  /// Zeros. \p shape must be one that byteCountOf accepts; memory that the
  /// system refuses ends the process, so readers bound sizes first.
  Array(ElementType type, std::vector<int64_t> shape);

  /// The elements of \p values in \p shape.
  template <typename T>
  static Array of(std::vector<int64_t> shape, const std::vector<T> &values) {
    Array array(ElementTypeOf<T>::value, std::move(shape));
    assert(array.size() == static_cast<int64_t>(values.size()) &&
           "as many values as the shape has elements");
    std::copy(values.begin(), values.end(), array.span<T>().begin());
    return array;
  }

  Array(const Array &other);
  Array &operator=(const Array &other);
  Array(Array &&other) noexcept;
  Array &operator=(Array &&other) noexcept;

  ElementType type() const { return elementType; }
  const std::vector<int64_t> &shape() const { return dims; }
  int64_t rank() const { return static_cast<int64_t>(dims.size()); }
  /// The number of elements.
  int64_t size() const { return count; }
  int64_t byteSize() const { return count * sizeOf(elementType); }

  /// The leading dimension, 1 for a scalar.
  int64_t rows() const { return dims.empty() ? 1 : dims.front(); }
  /// Elements of one entry along the leading dimension.
  int64_t rowSize() const;
  int64_t rowBytes() const { return rowSize() * sizeOf(elementType); }

  std::byte *data() { return storage.get(); }
  const std::byte *data() const { return storage.get(); }
  std::span<const std::byte> bytes() const {
    return {data(), static_cast<size_t>(byteSize())};
  }

  /// The elements as \p T, which must be the element type's own (bool is
  /// uint8_t; f16 and bf16 are uint16_t bit patterns).
  template <typename T> std::span<T> span() {
    assert(holds<T>() && "the array's element type is another");
    return {reinterpret_cast<T *>(storage.get()), static_cast<size_t>(count)};
  }
  template <typename T> std::span<const T> span() const {
    assert(holds<T>() && "the array's element type is another");
    return {reinterpret_cast<const T *>(storage.get()),
            static_cast<size_t>(count)};
  }

  /// Gives the same elements another shape of as many elements.
  void reshape(std::vector<int64_t> shape);

  /// A copy with the elements converted. Float to integer rounds towards zero,
  /// saturates, and gives 0 for NaN; integers that do not fit saturate; to
  /// bool: not equal to zero; to a narrower float: to nearest, ties to even.
  Array to(ElementType type) const;
  Array toF32() const { return to(ElementType::f32); }
  Array toF64() const { return to(ElementType::f64); }

  /// Element \p index in row-major order as a double.
  double at(int64_t index) const;

  /// Same type, shape and bytes.
  bool operator==(const Array &other) const;

private:
  template <typename T> bool holds() const {
    if constexpr (std::is_same_v<T, uint16_t>)
      return elementType == ElementType::f16 ||
             elementType == ElementType::bf16;
    else
      return elementType == ElementTypeOf<T>::value ||
             (std::is_same_v<T, uint8_t> &&
              elementType == ElementType::boolean);
  }

  struct Free {
    void operator()(std::byte *bytes) const {
      ::operator delete[](bytes, std::align_val_t(64));
    }
  };
  ElementType elementType = ElementType::f32;
  std::vector<int64_t> dims;
  int64_t count = 0;
  std::unique_ptr<std::byte[], Free> storage;
};

/// A tensor with its name, as weight files hold them.
struct NamedArray {
  std::string name;
  Array array;
};

} // namespace nnc

#endif // NNC_FORMATS_ARRAY_H

//===- Array.cpp - Tensors in memory --------------------------------------===//

#include "nnc/Formats/Array.h"
#include "nnc/Support/HalfFloat.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <numeric>
#include <utility>

using namespace nnc;

std::optional<int64_t> nnc::elementCountOf(std::span<const int64_t> shape) {
  if (std::any_of(shape.begin(), shape.end(), [](int64_t d) { return d < 0; }))
    return std::nullopt;
  if (std::find(shape.begin(), shape.end(), 0) != shape.end())
    return 0;
  int64_t count = 1;
  for (int64_t dim : shape)
    if (__builtin_mul_overflow(count, dim, &count))
      return std::nullopt;
  return count;
}

std::optional<int64_t> nnc::byteCountOf(std::span<const int64_t> shape,
                                        ElementType type) {
  std::optional<int64_t> count = elementCountOf(shape);
  int64_t bytes;
  if (!count || __builtin_mul_overflow(*count, sizeOf(type), &bytes))
    return std::nullopt;
  return bytes;
}

std::string nnc::toString(std::span<const int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

Array::Array(ElementType type, std::vector<int64_t> shape)
    : elementType(type), dims(std::move(shape)) {
  std::optional<int64_t> bytes = byteCountOf(dims, type);
  assert(bytes && "the shape must be valid");
  count = *bytes / sizeOf(type);
  if (count == 0)
    return;
  void *memory = ::operator new[](*bytes, std::align_val_t(64));
  std::memset(memory, 0, *bytes);
  storage.reset(static_cast<std::byte *>(memory));
}

Array::Array(const Array &other) : Array(other.elementType, other.dims) {
  if (count)
    std::memcpy(data(), other.data(), byteSize());
}

Array &Array::operator=(const Array &other) {
  if (this != &other)
    *this = Array(other);
  return *this;
}

Array::Array(Array &&other) noexcept
    : elementType(other.elementType), dims(std::move(other.dims)),
      count(std::exchange(other.count, 0)), storage(std::move(other.storage)) {
  other.dims.assign(1, 0);
}

Array &Array::operator=(Array &&other) noexcept {
  std::swap(elementType, other.elementType);
  std::swap(dims, other.dims);
  std::swap(count, other.count);
  std::swap(storage, other.storage);
  return *this;
}

int64_t Array::rowSize() const {
  if (dims.empty())
    return 1;
  return std::accumulate(dims.begin() + 1, dims.end(), int64_t{1},
                         std::multiplies<>());
}

void Array::reshape(std::vector<int64_t> shape) {
  assert(elementCountOf(shape) == count && "the shapes' elements differ");
  dims = std::move(shape);
}

bool Array::operator==(const Array &other) const {
  return elementType == other.elementType && dims == other.dims &&
         (count == 0 || std::memcmp(data(), other.data(), byteSize()) == 0);
}

/// Calls \p visit with element \p from .. of \p type as the widest exact C++
/// type: double or int64_t.
template <typename Visit>
static void forEachElement(const Array &array, Visit visit) {
  auto run = [&](auto elements, auto convert) {
    for (size_t i = 0; i < elements.size(); ++i)
      visit(i, convert(elements[i]));
  };
  auto asInteger = [](auto value) { return static_cast<int64_t>(value); };
  auto asDouble = [](auto value) { return static_cast<double>(value); };
  switch (array.type()) {
  case ElementType::f32:
    return run(array.span<float>(), asDouble);
  case ElementType::f64:
    return run(array.span<double>(), asDouble);
  case ElementType::f16:
    return run(array.span<uint16_t>(),
               [](uint16_t bits) -> double { return f16ToFloat(bits); });
  case ElementType::bf16:
    return run(array.span<uint16_t>(),
               [](uint16_t bits) -> double { return bf16ToFloat(bits); });
  case ElementType::i64:
    return run(array.span<int64_t>(), asInteger);
  case ElementType::i32:
    return run(array.span<int32_t>(), asInteger);
  case ElementType::i16:
    return run(array.span<int16_t>(), asInteger);
  case ElementType::i8:
    return run(array.span<int8_t>(), asInteger);
  case ElementType::u8:
  case ElementType::boolean:
    return run(array.span<uint8_t>(), asInteger);
  }
}

template <typename T> static T saturate(double value) {
  if (std::isnan(value))
    return 0;
  constexpr double low = static_cast<double>(std::numeric_limits<T>::min());
  constexpr double high = static_cast<double>(std::numeric_limits<T>::max());
  if (value <= low)
    return std::numeric_limits<T>::min();
  if (value >= high)
    return std::numeric_limits<T>::max();
  return static_cast<T>(value);
}

template <typename T> static T saturate(int64_t value) {
  return static_cast<T>(std::clamp<int64_t>(
      value, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
}

/// Rounds once from double to f16: rounding to f32 first may make a tie of
/// what was none, so the f32 is rounded to odd.
static float roundToOdd(double value) {
  float nearest = static_cast<float>(value);
  if (nearest == value || !std::isfinite(nearest) || std::isnan(value))
    return nearest;
  uint32_t bits = std::bit_cast<uint32_t>(nearest);
  if (bits & 1)
    return nearest;
  bool away = std::abs(nearest) > std::abs(value);
  return std::bit_cast<float>(away ? bits - 1 : bits + 1);
}

Array Array::to(ElementType type) const {
  if (type == elementType)
    return *this;
  Array result(type, dims);
  auto integers = [&]<typename T>(std::span<T> out) {
    forEachElement(*this, [&](size_t i, auto v) { out[i] = saturate<T>(v); });
  };
  switch (type) {
  case ElementType::f32:
    forEachElement(*this, [out = result.span<float>()](size_t i, auto v) {
      out[i] = static_cast<float>(v);
    });
    break;
  case ElementType::f64:
    forEachElement(*this, [out = result.span<double>()](size_t i, auto v) {
      out[i] = static_cast<double>(v);
    });
    break;
  case ElementType::f16:
    forEachElement(*this, [out = result.span<uint16_t>()](size_t i, auto v) {
      out[i] = floatToF16(roundToOdd(static_cast<double>(v)));
    });
    break;
  case ElementType::bf16:
    forEachElement(*this, [out = result.span<uint16_t>()](size_t i, auto v) {
      out[i] = floatToBf16(roundToOdd(static_cast<double>(v)));
    });
    break;
  case ElementType::i64:
    integers(result.span<int64_t>());
    break;
  case ElementType::i32:
    integers(result.span<int32_t>());
    break;
  case ElementType::i16:
    integers(result.span<int16_t>());
    break;
  case ElementType::i8:
    integers(result.span<int8_t>());
    break;
  case ElementType::u8:
    integers(result.span<uint8_t>());
    break;
  case ElementType::boolean:
    forEachElement(*this, [out = result.span<uint8_t>()](size_t i, auto v) {
      out[i] = v != 0;
    });
    break;
  }
  return result;
}

double Array::at(int64_t index) const {
  assert(index >= 0 && index < count && "the index lies in the array");
  switch (elementType) {
  case ElementType::f32:
    return span<float>()[index];
  case ElementType::f64:
    return span<double>()[index];
  case ElementType::f16:
    return f16ToFloat(span<uint16_t>()[index]);
  case ElementType::bf16:
    return bf16ToFloat(span<uint16_t>()[index]);
  case ElementType::i64:
    return static_cast<double>(span<int64_t>()[index]);
  case ElementType::i32:
    return span<int32_t>()[index];
  case ElementType::i16:
    return span<int16_t>()[index];
  case ElementType::i8:
    return span<int8_t>()[index];
  case ElementType::u8:
  case ElementType::boolean:
    return span<uint8_t>()[index];
  }
  return 0;
}

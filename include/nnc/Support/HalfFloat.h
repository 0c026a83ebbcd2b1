//===- HalfFloat.h - Conversion of f16 and bf16 -----------------*- C++ -*-===//
//
// Bit patterns of the two 16-bit element types to and from f32, rounding to
// nearest, ties to even.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_SUPPORT_HALFFLOAT_H
#define NNC_SUPPORT_HALFFLOAT_H

#include <bit>
#include <cstdint>

namespace nnc {

constexpr float bf16ToFloat(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

constexpr uint16_t floatToBf16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return static_cast<uint16_t>((bits >> 16) | 0x40); // A quiet NaN.
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

constexpr float f16ToFloat(uint16_t bits) {
  uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  uint32_t exponent = (bits >> 10) & 0x1f;
  uint32_t fraction = bits & 0x3ff;
  if (exponent == 0x1f)
    return std::bit_cast<float>(sign | 0x7f800000 | (fraction << 13));
  if (exponent == 0) {
    float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) |
                              (fraction << 13));
}

constexpr uint16_t floatToF16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  bits &= 0x7fffffff;
  if (bits > 0x7f800000)
    return sign | 0x7e00 | static_cast<uint16_t>((bits >> 13) & 0x3ff);
  if (bits >= 0x477ff000) // 65520 and above round to infinity.
    return sign | 0x7c00;
  if (bits < 0x38800000) { // Below 2^-14: subnormal, in units of 2^-24.
    // Adding 0.5 leaves the units in the last place, rounded by the sum.
    float shifted = std::bit_cast<float>(bits) + 0.5f;
    return sign |
           static_cast<uint16_t>(std::bit_cast<uint32_t>(shifted) - 0x3f000000);
  }
  bits += 0xfff + ((bits >> 13) & 1);
  return sign | static_cast<uint16_t>((bits >> 13) - (112 << 10));
}

} // namespace nnc

#endif // NNC_SUPPORT_HALFFLOAT_H

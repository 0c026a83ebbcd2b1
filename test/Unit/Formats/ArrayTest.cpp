//===- ArrayTest.cpp - Tensors in memory ----------------------------------===//

#include "nnc/Formats/Array.h"
#include "nnc/Support/HalfFloat.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace nnc;

TEST(Array, IsAlignedZeroAndCopied) {
  Array array(ElementType::f32, {3, 5});
  EXPECT_EQ(reinterpret_cast<uintptr_t>(array.data()) % 64, 0u);
  EXPECT_EQ(array.size(), 15);
  EXPECT_EQ(array.rowSize(), 5);
  for (float value : array.span<float>())
    EXPECT_EQ(value, 0);
  Array copy = array;
  copy.span<float>()[0] = 1;
  EXPECT_EQ(array.at(0), 0);
  EXPECT_FALSE(copy == array);
  Array moved = std::move(copy);
  EXPECT_EQ(moved.at(0), 1);
  EXPECT_EQ(copy.size(), 0);
}

TEST(Array, ShapesAreChecked) {
  int64_t large = int64_t{1} << 40;
  EXPECT_EQ(elementCountOf({{2, 3}}), 6);
  EXPECT_EQ(elementCountOf({{-1, 3}}), std::nullopt);
  EXPECT_EQ(elementCountOf({{large, large}}), std::nullopt);
  EXPECT_EQ(elementCountOf({{large, large, 0}}), 0);
  EXPECT_EQ(byteCountOf({{large, int64_t{1} << 21}}, ElementType::f64),
            std::nullopt);
  EXPECT_EQ(elementCountOf(std::vector<int64_t>{}), 1);
  EXPECT_EQ(toString(std::vector<int64_t>{2, 3}), "[2, 3]");
}

TEST(Array, ConvertsWithSaturation) {
  float nan = std::numeric_limits<float>::quiet_NaN();
  Array floats = Array::of<float>({5}, {-1.5f, 300.25f, nan, 1e20f, -1e20f});
  EXPECT_EQ(floats.to(ElementType::u8),
            Array::of<uint8_t>({5}, {0, 255, 0, 255, 0}));
  EXPECT_EQ(floats.to(ElementType::i32),
            Array::of<int32_t>({5}, {-1, 300, 0, 2147483647, -2147483648}));
  EXPECT_EQ(floats.to(ElementType::i64).span<int64_t>()[3],
            std::numeric_limits<int64_t>::max());
  Array large = Array::of<int64_t>({2}, {1000, -7});
  EXPECT_EQ(large.to(ElementType::i8), Array::of<int8_t>({2}, {127, -7}));
  EXPECT_EQ(large.toF64(), Array::of<double>({2}, {1000, -7}));
}

// The compiler's own _Float16 is the other witness.
TEST(HalfFloat, ReadsEveryF16) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    uint16_t half = static_cast<uint16_t>(bits);
    float expected = static_cast<float>(std::bit_cast<_Float16>(half));
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(f16ToFloat(half)));
      ASSERT_TRUE(std::isnan(f16ToFloat(floatToF16(expected))));
      continue;
    }
    ASSERT_EQ(f16ToFloat(half), expected) << bits;
    ASSERT_EQ(floatToF16(expected), half) << bits;
  }
}

TEST(HalfFloat, RoundsToNearestEven) {
  // Float patterns in steps that reach all exponents and low bits.
  for (uint64_t bits = 0; bits < (uint64_t{1} << 32); bits += 1009 * 61) {
    float value = std::bit_cast<float>(static_cast<uint32_t>(bits));
    if (std::isnan(value))
      continue;
    uint16_t expected = std::bit_cast<uint16_t>(static_cast<_Float16>(value));
    ASSERT_EQ(floatToF16(value), expected) << value;
  }
  EXPECT_EQ(floatToF16(65519.996f), 0x7bff);
  EXPECT_EQ(floatToF16(65520.0f), 0x7c00);
  EXPECT_EQ(floatToF16(-0x1p-25f), 0x8000);
  EXPECT_EQ(floatToBf16(1.00390625f), 0x3f80);
  EXPECT_EQ(floatToBf16(1.01171875f), 0x3f82);
  EXPECT_EQ(bf16ToFloat(0x3f80), 1.0f);
  EXPECT_TRUE(std::isnan(
      bf16ToFloat(floatToBf16(std::numeric_limits<float>::quiet_NaN()))));
}

TEST(HalfFloat, DoublesAreRoundedOnce) {
  // Just above the middle of 1 and the next f16; as an f32 it is the middle.
  Array value = Array::of<double>({1}, {1 + 0x1p-11 + 0x1p-40});
  EXPECT_EQ(value.to(ElementType::f16).span<uint16_t>()[0], 0x3c01);
  EXPECT_EQ(value.toF32().to(ElementType::f16).span<uint16_t>()[0], 0x3c00);
}

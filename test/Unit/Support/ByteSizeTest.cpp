//===- ByteSizeTest.cpp - Sizes of memory as people write them ------------===//

#include "nnc/Support/ByteSize.h"
#include <gtest/gtest.h>

using namespace nnc;

TEST(ByteSize, NumbersHaveUnits) {
  EXPECT_EQ(parseByteSize("1"), 1);
  EXPECT_EQ(parseByteSize("300MB"), 300'000'000);
  EXPECT_EQ(parseByteSize("300mb"), 300'000'000);
  EXPECT_EQ(parseByteSize("2kB"), 2000);
  EXPECT_EQ(parseByteSize("1GiB"), int64_t(1) << 30);
  EXPECT_EQ(parseByteSize("1G"), int64_t(1) << 30);
  EXPECT_EQ(parseByteSize("1.5KiB"), 1536);
  EXPECT_EQ(parseByteSize("1T"), int64_t(1) << 40);
  EXPECT_EQ(parseByteSize("512B"), 512);
}

TEST(ByteSize, AllElseIsNoSize) {
  for (const char *text : {"", "MB", "0", "0.5", "-1MB", "+1MB", "1X", "1 MB",
                           "1MBB", "1e3", "nan", "inf", "0x10", "1kiBs", "1Mi",
                           "9223372036854775808", "9000000TiB"})
    EXPECT_EQ(parseByteSize(text), std::nullopt) << text;
}

TEST(ByteSize, TextsHaveThreeDigits) {
  EXPECT_EQ(byteSizeText(0), "0 B");
  EXPECT_EQ(byteSizeText(1023), "1023 B");
  EXPECT_EQ(byteSizeText(1024), "1.00 KiB");
  EXPECT_EQ(byteSizeText(1536 * 1024), "1.50 MiB");
  EXPECT_EQ(byteSizeText(500 << 10), "500 KiB");
  EXPECT_EQ(byteSizeText((int64_t(1) << 30) - 1), "1.00 GiB");
  EXPECT_EQ(byteSizeText(int64_t(1) << 62), "4.00 EiB");
}

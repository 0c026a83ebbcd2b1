//===- BuiltinTest.cpp - The data sets that nnc ships ---------------------===//

#include "nnc/Data/DataRequest.h"
#include <cstdlib>
#include <gtest/gtest.h>

using namespace nnc;

TEST(Digits, HasItsShapesAndBalancedParts) {
  Expected<DataSource> digits = loadDigits();
  ASSERT_TRUE(digits) << digits.error().message;
  ASSERT_TRUE(digits->test);
  EXPECT_EQ(digits->train.samples, 1437);
  EXPECT_EQ(digits->test->samples, 360);
  int counts[2][10] = {};
  const Dataset *parts[] = {&digits->train, &*digits->test};
  for (int part = 0; part < 2; ++part) {
    const Field *image = parts[part]->features();
    const Field *label = parts[part]->target();
    ASSERT_TRUE(image && label);
    EXPECT_EQ(image->sampleShape, std::vector<int64_t>{64});
    EXPECT_EQ(label->classNames.size(), 10u);
    for (float pixel : image->values.span<float>())
      ASSERT_TRUE(pixel >= 0 && pixel <= 1 && pixel * 16 == int(pixel * 16));
    for (int32_t digit : label->values.span<int32_t>())
      ++counts[part][digit];
  }
  // The whole set's counts, from its description.
  int all[10] = {178, 182, 177, 183, 181, 182, 181, 179, 174, 180};
  for (int digit = 0; digit < 10; ++digit) {
    EXPECT_EQ(counts[0][digit] + counts[1][digit], all[digit]);
    EXPECT_NEAR(counts[1][digit], all[digit] * 360.0 / 1797, 1);
  }
}

TEST(Digits, IsFoundWhereTheEnvironmentSays) {
  setenv("NNC_DATA_HOME", "/nonexistent", 1);
  Expected<DataSource> digits = loadDigits();
  unsetenv("NNC_DATA_HOME");
  ASSERT_FALSE(digits);
  EXPECT_EQ(digits.error().code, ErrorCode::fileNotFound);
}

TEST(Xor, IsTheTable) {
  Expected<DataSource> table = loadXor(ElementType::f64);
  ASSERT_TRUE(table);
  const Field *features = table->train.features();
  const Field *target = table->train.target();
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(target->values.at(i) == 1,
              features->values.at(2 * i) != features->values.at(2 * i + 1));
}

//===- MachineSpeedTest.cpp - The machine's peaks are plausible -----------===//

#include "nnc/Runtime/MachineSpeed.h"
#include <gtest/gtest.h>

using namespace nnc;

// Bounds that hold for any machine of this century, loaded or not.
TEST(MachineSpeed, IsPlausible) {
  EXPECT_GT(measureFlopRate(1), 1e7);
  EXPECT_LT(measureFlopRate(1), 1e13);
  for (int64_t bytes : {int64_t(1), int64_t(100'000), int64_t(1) << 40}) {
    EXPECT_GT(measureReadRate(2, bytes), 1e6) << bytes;
    EXPECT_LT(measureReadRate(2, bytes), 1e14) << bytes;
  }
  EXPECT_GT(measureTickRate(), 1e5);
  EXPECT_LT(measureTickRate(), 1e11);
}

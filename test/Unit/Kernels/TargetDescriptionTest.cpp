//===- TargetDescriptionTest.cpp - Known processors -----------------------===//

#include "nnc/Kernels/TargetDescription.h"
#include "nnc/Kernels/Contraction.h"
#include "nnc/Kernels/Map.h"
#include "nnc/Kernels/ProgramEntry.h"
#include "nnc/Kernels/Reduce.h"
#include "nnc/Kernels/RowSweep.h"
#include <gtest/gtest.h>

using namespace nnc;

TEST(TargetDescription, KnowsItsNames) {
  for (const std::string &name : TargetDescription::names()) {
    auto target = TargetDescription::named(name);
    ASSERT_TRUE(target.has_value()) << name;
    EXPECT_EQ(target->name, name);
    EXPECT_GE(target->lanes(4), 4);
  }
  EXPECT_EQ(TargetDescription::named("skylake-avx512")->vectorRegisters, 32);
  EXPECT_EQ(TargetDescription::named("znver3")->lanes(8), 4);
}

TEST(TargetDescription, RejectsUnknownNames) {
  auto target = TargetDescription::named("i486");
  ASSERT_FALSE(target.has_value());
  EXPECT_EQ(target.error().code, ErrorCode::unknownTarget);
}

TEST(TargetDescription, DescribesTheHost) {
  auto target = TargetDescription::host();
  ASSERT_TRUE(target.has_value());
  EXPECT_FALSE(target->name.empty());
  EXPECT_EQ(TargetDescription::named("host")->features, target->features);
}

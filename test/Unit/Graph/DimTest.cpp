//===- DimTest.cpp - Sizes as expressions ---------------------------------===//

#include "nnc/Graph/Dim.h"
#include <gtest/gtest.h>

using namespace nnc;

static const Dim n = Dim::named("n"), m = Dim::named("m");

TEST(Dim, equalExpressionsCompareEqual) {
  EXPECT_EQ(n * m, m * n);
  EXPECT_EQ((n + 1) * 2, 2 * n + 2);
  EXPECT_EQ(n - n, Dim(0));
  EXPECT_EQ((n + m) * (n - m), n * n - m * m);
  EXPECT_FALSE(n == m);
  EXPECT_FALSE(n == Dim(1));
}

TEST(Dim, divisionRoundsDown) {
  EXPECT_EQ(floorDiv(7, 2), Dim(3));
  EXPECT_EQ(floorDiv(-7, 2), Dim(-4));
  EXPECT_EQ(floorDiv(7, -2), Dim(-4));
  EXPECT_EQ(floorMod(-7, 2), Dim(1));
  EXPECT_EQ(floorMod(7, -2), Dim(-1));
}

TEST(Dim, divisionTakesOutMultiples) {
  EXPECT_EQ(floorDiv(4 * n, 2), 2 * n);
  EXPECT_EQ(floorDiv(2 * n + 5, 2), n + 2);
  EXPECT_EQ(floorDiv(n * m, n), m);
  EXPECT_EQ(floorDiv(n, n), Dim(1));
  EXPECT_EQ(floorMod(4 * n + 3, 2), Dim(1));
  EXPECT_EQ(floorMod(n * m, m), Dim(0));
}

TEST(Dim, whatDoesNotDivideStaysAQuotient) {
  Dim half = floorDiv(n - 2, 2);
  EXPECT_EQ(half, floorDiv(n, 2) - 1);
  EXPECT_FALSE(half.isConstant());
  EXPECT_EQ(half.evaluate({{"n", 9}}), Dim(3));
  EXPECT_EQ(floorMod(n, 3).evaluate({{"n", 8}}), Dim(2));
}

TEST(Dim, invalidSizesSpread) {
  Dim large(int64_t(1) << 61);
  EXPECT_FALSE((large * large).isValid());
  EXPECT_FALSE((large + large).isValid());
  EXPECT_FALSE(floorDiv(n, 0).isValid());
  EXPECT_FALSE(floorMod(3, 0).isValid());
  EXPECT_FALSE((floorDiv(n, 0) + 1).isValid());
  EXPECT_FALSE(Dim(INT64_MIN).isValid());
  EXPECT_FALSE(floorDiv(n, 0) == floorDiv(n, 0));
}

TEST(Dim, powersOfSumsAreBounded) {
  Dim sum(1);
  for (int i = 0; i < 12; ++i)
    sum = sum + Dim::named("x" + std::to_string(i));
  Dim power = sum;
  for (int i = 0; i < 8; ++i)
    power = power * power;
  EXPECT_FALSE(power.isValid());
}

TEST(Dim, prints) {
  EXPECT_EQ((2 * batch + 1).str(), "2*batch + 1");
  EXPECT_EQ((n - m).str(), "-m + n");
  EXPECT_EQ(floorDiv(n, 2).str(), "(n//2)");
  EXPECT_EQ(str({batch, 64}), "[batch, 64]");
}

TEST(Dim, namesAreSortedAndUnique) {
  EXPECT_EQ((floorDiv(n, m) + n).names(), (std::vector<std::string>{"m", "n"}));
}

//===- PhiloxTest.cpp - Counter-based random numbers ----------------------===//

#include <Random123/philox.h>
// Random123 defines a macro of the name of our function.
#undef philox4x32

#include "nnc/Support/Philox.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace nnc;

// The known answers that the authors publish with Random123.
TEST(Philox, GivesTheKnownAnswers) {
  static_assert(philox4x32({0, 0, 0, 0}, {0, 0}) ==
                PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                       {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, EqualsRandom123) {
  r123::Philox4x32_R<10> reference;
  PhiloxCounter counter{1, 2, 3, 4};
  PhiloxKey key{5, 6};
  for (int i = 0; i < 1000; ++i) {
    auto expected = reference(
        {{counter[0], counter[1], counter[2], counter[3]}}, {{key[0], key[1]}});
    counter = philox4x32(counter, key);
    for (int word = 0; word < 4; ++word)
      ASSERT_EQ(counter[word], expected[word]);
    key = {counter[1], counter[2]};
  }
}

TEST(Philox, UniformLiesInItsInterval) {
  EXPECT_EQ(uniform01(0), 0.0f);
  EXPECT_LT(uniform01(0xffffffff), 1.0f);
  EXPECT_EQ(uniform01(0x80000000), 0.5f);
}

TEST(RandomStream, CountersTellStreamsApart) {
  RandomStream a(1, RandomPurpose::shuffle), b(2, RandomPurpose::shuffle),
      c(1, RandomPurpose::split), d(1, RandomPurpose::shuffle, 1),
      e(1, RandomPurpose::shuffle, 0, 1), same(1, RandomPurpose::shuffle);
  uint32_t first = a.next();
  EXPECT_EQ(same.next(), first);
  EXPECT_NE(b.next(), first);
  EXPECT_NE(c.next(), first);
  EXPECT_NE(d.next(), first);
  EXPECT_NE(e.next(), first);
  EXPECT_EQ(philoxKey(0x100000002), (PhiloxKey{2, 1}));
}

TEST(RandomStream, BelowReachesAllAndNoMore) {
  RandomStream stream(0, RandomPurpose::shuffle);
  int counts[7] = {};
  for (int i = 0; i < 7000; ++i) {
    uint32_t value = stream.below(7);
    ASSERT_LT(value, 7u);
    ++counts[value];
  }
  // 1000 each; five standard deviations of a binomial count are 146.
  for (int count : counts)
    EXPECT_NEAR(count, 1000, 146);
  EXPECT_EQ(stream.below(1), 0u);
  // Bounds near 2^32 take the branch that draws again.
  for (int i = 0; i < 100; ++i)
    EXPECT_LT(stream.below(0x80000001), 0x80000001u);
}

TEST(RandomStream, NormalHasItsMoments) {
  RandomStream stream(0, RandomPurpose::augmentation);
  constexpr int count = 100000;
  double sum = 0, squares = 0, fourths = 0;
  for (int i = 0; i < count; ++i) {
    double value = stream.normal();
    ASSERT_TRUE(std::isfinite(value));
    sum += value;
    squares += value * value;
    fourths += value * value * value * value;
  }
  // Five standard errors: of the mean 1/sqrt(n), of the variance sqrt(2/n), of
  // the fourth moment sqrt(96/n).
  EXPECT_NEAR(sum / count, 0, 0.0158);
  EXPECT_NEAR(squares / count, 1, 0.0224);
  EXPECT_NEAR(fourths / count, 3, 0.155);
  EXPECT_TRUE(std::isfinite(normalPair(0, 0).first));
}

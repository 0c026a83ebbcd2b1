//===- SamplingTest.cpp - Orders, batches, splits and folds ---------------===//

#include "nnc/Data/Sampling.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>

using namespace nnc;

static bool isPermutation(std::vector<int64_t> order, int64_t samples) {
  std::sort(order.begin(), order.end());
  std::vector<int64_t> all(samples);
  std::iota(all.begin(), all.end(), 0);
  return order == all;
}

TEST(EpochOrder, IsAFunctionOfSeedAndEpoch) {
  std::vector<int64_t> first = epochOrder(101, 7, 0, true);
  EXPECT_TRUE(isPermutation(first, 101));
  EXPECT_EQ(first, epochOrder(101, 7, 0, true));
  EXPECT_NE(first, epochOrder(101, 7, 1, true));
  EXPECT_NE(first, epochOrder(101, 8, 0, true));
  EXPECT_EQ(epochOrder(3, 7, 5, false), (std::vector<int64_t>{0, 1, 2}));
}

TEST(Permutation, IsUniformOverSmallOrders) {
  int counts[6] = {};
  for (uint32_t step = 0; step < 6000; ++step) {
    auto order = permutation(3, {1, RandomPurpose::shuffle, step});
    ++counts[order[0] * 2 + (order[1] > order[2])];
  }
  // 1000 each; five standard deviations of a binomial count are 144.
  for (int count : counts)
    EXPECT_NEAR(count, 1000, 144);
}

TEST(BatchPlan, CutsAnEpochIntoAPartition) {
  std::vector<int64_t> order = epochOrder(10, 0, 0, true), seen;
  BatchPlan plan = BatchPlan::make(10, 4, false);
  EXPECT_EQ(plan.batches(), 3);
  for (int64_t i = 0; i < plan.batches(); ++i)
    for (int64_t sample : plan.batch(order, i))
      seen.push_back(sample);
  EXPECT_EQ(seen, order);
  EXPECT_EQ(plan.batch(order, 2).size(), 2u);
  EXPECT_EQ(BatchPlan::make(10, 4, true).batches(), 2);
  EXPECT_EQ(BatchPlan::make(10, 0, false).batches(), 1);
  EXPECT_EQ(BatchPlan::make(10, 16, true).batches(), 0);
}

TEST(Split, IsDisjointCompleteAndByClass) {
  std::vector<int32_t> labels(150);
  for (int i = 0; i < 150; ++i)
    labels[i] = i / 50;
  Expected<Split> parts = splitIndices(150, 0.2, 3, labels);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->held.size(), 30u);
  int counts[3] = {};
  for (int64_t sample : parts->held)
    ++counts[labels[sample]];
  EXPECT_EQ(counts[0], 10);
  EXPECT_EQ(counts[1], 10);
  std::vector<int64_t> all = parts->kept;
  all.insert(all.end(), parts->held.begin(), parts->held.end());
  EXPECT_TRUE(isPermutation(all, 150));
  EXPECT_EQ(splitIndices(150, 0.2, 3, labels)->held, parts->held);
  EXPECT_NE(splitIndices(150, 0.2, 4, labels)->held, parts->held);
  EXPECT_EQ(splitIndices(392, 0.2, 0)->held.size(), 78u);
}

TEST(Split, RejectsImpossibleShares) {
  for (double share : {0.0, 1.0, -0.5, 2.0, std::nan("")})
    EXPECT_EQ(splitIndices(10, share, 0).error().code,
              ErrorCode::shareOutOfRange);
  EXPECT_EQ(splitIndices(1, 0.5, 0).error().code, ErrorCode::tooFewSamples);
  EXPECT_EQ(splitIndices(2, 0.001, 0)->held.size(), 1u);
}

TEST(KFolds, AreDisjointAndHoldAll) {
  std::vector<int32_t> labels(150);
  for (int i = 0; i < 150; ++i)
    labels[i] = i / 50;
  Expected<std::vector<Split>> folds = kFolds(150, 5, 0, labels);
  ASSERT_TRUE(folds);
  std::vector<int64_t> all;
  for (const Split &fold : *folds) {
    EXPECT_EQ(fold.held.size(), 30u);
    EXPECT_EQ(fold.kept.size(), 120u);
    EXPECT_EQ(std::count_if(fold.held.begin(), fold.held.end(),
                            [&](int64_t i) { return labels[i] == 1; }),
              10);
    all.insert(all.end(), fold.held.begin(), fold.held.end());
  }
  EXPECT_TRUE(isPermutation(all, 150));
  EXPECT_EQ(kFolds(4, 5, 0).error().code, ErrorCode::tooFewSamples);
  EXPECT_EQ(kFolds(4, 1, 0).error().code, ErrorCode::tooFewSamples);
}

//===- MemoryPlannerTest.cpp - Offsets from liveness ----------------------===//

#include "nnc/Transforms/MemoryPlanner.h"
#include <gtest/gtest.h>
#include <random>

using namespace nnc;

/// No two buffers that live at one step share a byte; all are aligned and lie
/// in the arena.
static void expectValid(const std::vector<LiveBuffer> &buffers,
                        const MemoryPlan &plan) {
  ASSERT_EQ(plan.offsets.size(), buffers.size());
  EXPECT_GE(plan.arenaBytes, plan.lowerBound);
  for (size_t i = 0; i < buffers.size(); ++i) {
    EXPECT_EQ(plan.offsets[i] % arenaAlignment, 0);
    EXPECT_LE(plan.offsets[i] + buffers[i].bytes, plan.arenaBytes);
    for (size_t j = 0; j < i; ++j) {
      bool together = buffers[i].first <= buffers[j].last &&
                      buffers[j].first <= buffers[i].last;
      bool apart = plan.offsets[i] + buffers[i].bytes <= plan.offsets[j] ||
                   plan.offsets[j] + buffers[j].bytes <= plan.offsets[i];
      EXPECT_TRUE(!together || apart || !buffers[i].bytes || !buffers[j].bytes)
          << i << " and " << j;
    }
  }
}

TEST(MemoryPlanner, NothingNeedsNothing) {
  MemoryPlan plan = planMemory({});
  EXPECT_EQ(plan.arenaBytes, 0);
  EXPECT_EQ(plan.lowerBound, 0);
}

TEST(MemoryPlanner, DeadBuffersGiveTheirPlace) {
  // A chain: each value lives until the next one is made.
  std::vector<LiveBuffer> chain;
  for (int64_t i = 0; i < 10; ++i)
    chain.push_back({1000, i, i + 1});
  MemoryPlan plan = planMemory(chain);
  expectValid(chain, plan);
  EXPECT_EQ(plan.arenaBytes, 2 * 1024);
  EXPECT_EQ(plan.lowerBound, 2 * 1024);
}

TEST(MemoryPlanner, SizesAreRoundedToTheAlignment) {
  MemoryPlan plan = planMemory({{1, 0, 0}, {65, 0, 0}});
  EXPECT_EQ(plan.arenaBytes, 64 + 128);
}

TEST(MemoryPlanner, ATightGapIsPreferred) {
  // A hole of 128 between the long-lived ones takes the small buffer.
  std::vector<LiveBuffer> buffers = {
      {512, 0, 9}, {256, 0, 4}, {256, 0, 9}, {128, 5, 9}};
  MemoryPlan plan = planMemory(buffers);
  expectValid(buffers, plan);
  EXPECT_EQ(plan.arenaBytes, 1024);
}

TEST(MemoryPlanner, RandomLifetimesStayNearTheLowerBound) {
  std::mt19937 generator(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<LiveBuffer> buffers;
    for (int i = 0; i < 60; ++i) {
      int64_t first = generator() % 50;
      buffers.push_back({int64_t(generator() % 5000), first,
                         first + int64_t(generator() % 8)});
    }
    MemoryPlan plan = planMemory(buffers);
    expectValid(buffers, plan);
    // Best fit by decreasing size has no small bound in theory; on random
    // lifetimes it stays within a quarter.
    EXPECT_LE(plan.arenaBytes, plan.lowerBound * 5 / 4);
  }
}

//===- TeamTest.cpp - Teams, their barrier and number modes ---------------===//

#include "nnc/Runtime/Team.h"
#include <gtest/gtest.h>
#include <limits>
#include <vector>

using namespace nnc;

/// Each thread adds its number in turn; every round must see all of the last.
static void countRounds(void *const *args, void *, const int64_t *extents,
                        int64_t index, int64_t count, const nnc_rt_team *team) {
  auto *rounds = static_cast<int64_t *>(args[0]);
  auto *wrong = static_cast<int64_t *>(args[1]);
  for (int64_t round = 0; round < extents[0]; ++round) {
    rounds[index] = round;
    if (team)
      team->barrier(team);
    for (int64_t i = 0; i < count; ++i)
      if (rounds[i] != round)
        wrong[index] = 1;
    if (team)
      team->barrier(team);
  }
}

TEST(Team, BarrierKeepsRoundsTogether) {
  for (unsigned threads : {1u, 2u, 3u, 4u}) {
    std::vector<int64_t> rounds(threads, -1), wrong(threads, 0);
    void *args[] = {rounds.data(), wrong.data()};
    int64_t extents[] = {1000};
    runOnTeam(countRounds, args, nullptr, extents, threads);
    EXPECT_EQ(wrong, std::vector<int64_t>(threads, 0)) << threads;
    EXPECT_EQ(rounds[0], 999);
  }
}

static void halve(void *const *args, void *, const int64_t *, int64_t, int64_t,
                  const nnc_rt_team *) {
  auto *value = static_cast<volatile float *>(args[0]);
  *value = *value * 0.5f;
}

TEST(Team, SubnormalsAreZeroInsideAndTheCallersModeReturns) {
  volatile float value = std::numeric_limits<float>::min();
  void *args[] = {const_cast<float *>(&value)};
  int64_t extents[] = {1};
  runOnTeam(halve, args, nullptr, extents, 1);
  EXPECT_EQ(value, 0.0f);
  value = std::numeric_limits<float>::min();
  halve(args, nullptr, extents, 0, 1, nullptr);
  EXPECT_GT(value, 0.0f);
}

TEST(Team, ThreadsAreAtLeastOne) { EXPECT_GE(availableThreads(), 1u); }

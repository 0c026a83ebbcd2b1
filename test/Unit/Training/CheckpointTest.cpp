//===- CheckpointTest.cpp - Early stopping, settings of a resume ----------===//

#include "nnc/Training/Checkpoint.h"
#include "../Formats/TestFolder.h"
#include <cmath>

using namespace nnc;
using namespace nnc::test;

/// The epoch after which training on \p losses stops, 0 if it does not, and
/// the best one.
static std::pair<int64_t, int64_t> stopEpoch(int64_t patience,
                                             std::vector<double> losses) {
  EarlyStop stop({patience, "validation_loss", true});
  for (size_t i = 0; i < losses.size(); ++i)
    if (stop.add(i + 1, losses[i]) == EarlyStop::Verdict::stop) {
      EXPECT_TRUE(stop.isOver());
      return {i + 1, stop.bestEpoch()};
    }
  EXPECT_FALSE(stop.isOver());
  return {0, stop.bestEpoch()};
}

TEST(EarlyStop, StopsAfterItsPatience) {
  std::vector<double> losses = {5, 4, 3, 3.1, 3.2, 3.3};
  EXPECT_EQ(stopEpoch(1, losses), std::pair(int64_t(4), int64_t(3)));
  EXPECT_EQ(stopEpoch(2, losses), std::pair(int64_t(5), int64_t(3)));
  EXPECT_EQ(stopEpoch(3, losses), std::pair(int64_t(6), int64_t(3)));
  EXPECT_EQ(stopEpoch(4, losses), std::pair(int64_t(0), int64_t(3)));
  // A better one begins the wait anew; an equal one is not better.
  EXPECT_EQ(stopEpoch(2, {5, 6, 4, 4, 4}), std::pair(int64_t(5), int64_t(3)));
  EXPECT_EQ(stopEpoch(2, {3, std::nan(""), std::nan("")}),
            std::pair(int64_t(3), int64_t(1)));
}

TEST(EarlyStop, AccuracyIsBetterWhenLarger) {
  EarlyStop stop({1, "validation_accuracy", true});
  EXPECT_EQ(stop.add(1, 0.5), EarlyStop::Verdict::better);
  EXPECT_EQ(stop.add(2, 0.6), EarlyStop::Verdict::better);
  EXPECT_EQ(stop.add(3, 0.55), EarlyStop::Verdict::stop);
}

TEST(EarlyStop, StateRestores) {
  EarlyStop first({2, "validation_loss", true});
  first.add(1, 2);
  first.add(2, 3);
  EarlyStop second({2, "validation_loss", true});
  ASSERT_TRUE(second.restore(first.state()));
  EXPECT_EQ(second.add(3, 2.5), EarlyStop::Verdict::stop);
  EXPECT_EQ(second.bestEpoch(), 1);
  expectError(second.restore("nonsense"), ErrorCode::malformedFile);
}

TEST(CompareSettings, NamesTheDifference) {
  using Settings = std::vector<std::pair<std::string, std::string>>;
  Settings then = {{"batch_size", "32"}, {"epochs", "5"}, {"steps", "none"}};
  Settings now = {{"batch_size", "32"}, {"epochs", "9"}, {"steps", "7"}};
  EXPECT_TRUE(compareSettings(then, now));
  now[0].second = "64";
  Expected<void> result = compareSettings(then, now);
  expectError(result, ErrorCode::resumeDiffers);
  EXPECT_EQ(result.error().message,
            "the checkpoint was made with another 'batch_size': 32 there, 64 "
            "here");
  // A setting that only one side has.
  now = then;
  now.emplace_back("generator.every", "2");
  expectError(compareSettings(then, now), ErrorCode::resumeDiffers);
}

TEST(CheckpointFolder, IgnoresOtherFiles) {
  TestFolder folder;
  for (const char *name : {"c/checkpoint-.nnm", "c/checkpoint-x.nnm",
                           "c/checkpoint-1.txt", "c/model.nnm"})
    folder.write(name, "text");
  auto opened = CheckpointFolder::open(folder.path("c"));
  ASSERT_TRUE(opened);
  std::vector<Error> skipped;
  auto found = opened->read(skipped);
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
  EXPECT_TRUE(skipped.empty());
  // One that cannot be read is an error if there is no other.
  folder.write("c/checkpoint-7.nnm", "PK\x03\x04 nonsense");
  found = opened->read(skipped);
  EXPECT_FALSE(found);
  EXPECT_EQ(skipped.size(), 1u);
}

TEST(CheckpointFolder, MustBeAFolder) {
  TestFolder folder;
  folder.write("file", "text");
  expectError(CheckpointFolder::open(folder.path("file/below")),
              ErrorCode::fileWrite);
}

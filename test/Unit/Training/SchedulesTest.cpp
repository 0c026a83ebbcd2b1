//===- SchedulesTest.cpp - Learning rates against PyTorch's ---------------===//

#include "nnc/Training/Schedules.h"
#include "../Formats/TestFolder.h"
#include <cmath>
#include <nlohmann/json.hpp>

using namespace nnc;
using namespace nnc::test;

static SettingValue parse(const std::string &text) {
  return expectValue(parseSchedule(text, "test"));
}

TEST(Schedules, EqualPyTorch) {
  const char *home = std::getenv("NNC_SOURCE_DIR");
  ASSERT_TRUE(home);
  std::ifstream file(std::string(home) + "/test/Inputs/oracles/schedules.json");
  auto oracle = nlohmann::json::parse(file, nullptr, false);
  ASSERT_FALSE(oracle.is_discarded());
  for (const auto &entry : oracle["schedules"]) {
    SettingValue schedule = parse(entry["schedule"].get<std::string>());
    for (size_t epoch = 0; epoch < entry["rates"].size(); ++epoch)
      // PyTorch multiplies epoch by epoch: a few units in the last place.
      EXPECT_NEAR(scheduleValue(schedule, epoch, 0),
                  entry["rates"][epoch].get<double>(), 1e-15)
          << entry["schedule"] << " epoch " << epoch;
  }
}

TEST(Schedules, InverseSquareRootOfTheLectures) {
  // eta / sqrt(t + 1) with eta = 0.1.
  const double rates[] = {0.1, 0.0707106781, 0.0577350269, 0.05, 0.0447213595};
  SettingValue byEpoch = parse("inverse_sqrt(0.1)");
  SettingValue byStep = parse("inverse_sqrt(0.1, per = \"step\")");
  for (int64_t t = 0; t < 5; ++t) {
    EXPECT_NEAR(scheduleValue(byEpoch, t, 99), rates[t], 1e-9);
    EXPECT_NEAR(scheduleValue(byStep, 99, t), rates[t], 1e-9);
  }
}

TEST(Schedules, HalvesEveryFiveEpochs) {
  SettingValue schedule = parse("step_decay(0.1, 5, 0.5)");
  EXPECT_DOUBLE_EQ(scheduleValue(schedule, 4, 0), 0.1);
  EXPECT_DOUBLE_EQ(scheduleValue(schedule, 5, 0), 0.05);
  EXPECT_DOUBLE_EQ(scheduleValue(schedule, 10, 0), 0.025);
}

TEST(Schedules, WarmsUpByStep) {
  SettingValue schedule = parse("warmup(exponential(0.1, 0.5), 4)");
  EXPECT_DOUBLE_EQ(scheduleValue(schedule, 0, 0), 0.025);
  EXPECT_DOUBLE_EQ(scheduleValue(schedule, 0, 3), 0.1);
  EXPECT_DOUBLE_EQ(scheduleValue(schedule, 1, 4), 0.05);
  EXPECT_DOUBLE_EQ(scheduleValue(parse("warmup(0.1, 0)"), 0, 0), 0.1);
}

TEST(Schedules, PiecewiseTakesTheLastPoint) {
  SettingValue schedule = parse("piecewise([[0, 0.1], [3, 0.01], [5, 1]])");
  EXPECT_EQ(scheduleValue(schedule, 2, 0), 0.1);
  EXPECT_EQ(scheduleValue(schedule, 3, 0), 0.01);
  EXPECT_EQ(scheduleValue(schedule, 9, 0), 1.0);
  EXPECT_EQ(scheduleValue(parse("piecewise([[2, 0.5]])"), 0, 0), 0.5);
}

TEST(Schedules, NumbersStandForThemselves) {
  EXPECT_EQ(scheduleValue(parse("0.25"), 3, 4), 0.25);
  EXPECT_EQ(scheduleValue(parse("constant(0.25)"), 3, 4), 0.25);
}

TEST(Schedules, WrongPointsAreErrors) {
  for (const char *text :
       {"piecewise([])", "piecewise([1])", "piecewise([[1, 2, 3]])",
        "piecewise([[1, 0.1], [1, 0.2]])", "piecewise([[0.5, 0.1]])",
        "warmup(piecewise([]), 3)"})
    expectError(parseSchedule(text, "test"), ErrorCode::malformedSetting);
}

//===- Schedules.cpp - Values that change during training -----------------===//

#include "nnc/Training/Schedules.h"
#include <algorithm>
#include <cmath>
#include <numbers>

using namespace nnc;

double nnc::scheduledValue(const SettingValue &schedule, int64_t epoch,
                           int64_t step) {
  if (!schedule.isCall())
    return schedule.toDouble();
  auto setting = [&](const char *name) {
    return schedule.argument(name).toDouble();
  };
  auto count = [&](const char *name) {
    return schedule.argument(name).integer;
  };
  const std::string &name = schedule.builtin->name;
  if (name == "inverse_sqrt") {
    bool perStep = schedule.argument("per").text == "step";
    return setting("value") / std::sqrt(double(perStep ? step : epoch) + 1);
  }
  if (name == "step_decay")
    return setting("value") *
           std::pow(setting("factor"), double(epoch / count("every")));
  if (name == "exponential")
    return setting("value") * std::pow(setting("factor"), double(epoch));
  if (name == "cosine" || name == "linear") {
    double share = std::min(1.0, double(epoch) / double(count("epochs")));
    double from = setting("value"), to = setting("final");
    double weight = name == "linear"
                        ? 1 - share
                        : (1 + std::cos(std::numbers::pi * share)) / 2;
    return to + (from - to) * weight;
  }
  if (name == "warmup") {
    double value = scheduledValue(schedule.argument("schedule"), epoch, step);
    int64_t steps = count("steps");
    return step >= steps ? value : value * double(step + 1) / double(steps);
  }
  if (name == "piecewise") {
    double value = 0;
    for (const SettingValue &point : schedule.argument("points").elements)
      if (point.elements.size() == 2 &&
          point.elements[0].toDouble() <= double(epoch))
        value = point.elements[1].toDouble();
    return value;
  }
  return setting("value");
}

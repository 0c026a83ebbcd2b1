//===- Schedules.cpp - Values that change while training ------------------===//

#include "nnc/Training/Schedules.h"
#include "Evaluate.h"
#include <algorithm>
#include <cmath>
#include <numbers>

using namespace nnc;

double nnc::scheduleValue(const SettingValue &schedule, int64_t epoch,
                          int64_t step) {
  if (schedule.isNumber())
    return schedule.toDouble();
  const std::string &name = schedule.builtin->name;
  auto number = [&](const char *key) {
    return schedule.argument(key).toDouble();
  };
  double t = epoch;
  if (name == "inverse_sqrt")
    return number("value") /
           std::sqrt((schedule.argument("per").text == "step" ? step : t) + 1);
  if (name == "step_decay")
    return number("value") *
           std::pow(number("factor"), std::floor(t / number("every")));
  if (name == "exponential")
    return number("value") * std::pow(number("factor"), t);
  if (name == "cosine") {
    double part = std::min(t / number("epochs"), 1.0);
    double end = number("final");
    return end + (number("value") - end) *
                     (1 + std::cos(std::numbers::pi * part)) / 2;
  }
  if (name == "linear") {
    double part = std::min(t / number("epochs"), 1.0);
    return number("value") + (number("final") - number("value")) * part;
  }
  if (name == "warmup") {
    double full = scheduleValue(schedule.argument("schedule"), epoch, step);
    double steps = number("steps");
    return step < steps ? full * (step + 1) / steps : full;
  }
  if (name == "piecewise") {
    const std::vector<SettingValue> &points =
        schedule.argument("points").elements;
    double value = points.front().elements[1].toDouble();
    for (const SettingValue &point : points)
      if (point.elements[0].integer <= epoch)
        value = point.elements[1].toDouble();
    return value;
  }
  return number("value");
}

Expected<void> nnc::checkSchedule(const SettingValue &schedule) {
  if (schedule.isCall("warmup"))
    return checkSchedule(schedule.argument("schedule"));
  if (!schedule.isCall("piecewise"))
    return {};
  const SettingValue &points = schedule.argument("points");
  int64_t last = -1;
  for (const SettingValue &point : points.elements) {
    if (!point.isList() || point.elements.size() != 2 ||
        !point.elements[0].isInt() || !point.elements[1].isNumber() ||
        point.elements[0].integer <= last)
      return fail(ErrorCode::malformedSetting, "piecewise",
                  "[epoch, value] pairs by rising epoch", print(point));
    last = point.elements[0].integer;
  }
  if (points.elements.empty())
    return fail(ErrorCode::malformedSetting, "piecewise",
                "[epoch, value] pairs by rising epoch", "an empty list");
  return {};
}

Expected<SettingValue> nnc::parseSchedule(const std::string &text,
                                          const std::string &place) {
  Expected<SettingValue> value =
      evaluateText(text, "schedule", IntKind | FloatKind | ScheduleKind, place);
  if (value)
    if (Expected<void> checked = checkSchedule(*value); !checked)
      return fail(std::move(checked.error()));
  return value;
}

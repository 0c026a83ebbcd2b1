//===- Schedules.h - Values that change while training ----------*- C++ -*-===//

#ifndef NNC_TRAINING_SCHEDULES_H
#define NNC_TRAINING_SCHEDULES_H

#include "nnc/Language/Settings.h"
#include "nnc/Support/Error.h"
#include <cstdint>
#include <string>

namespace nnc {

/// The value of \p schedule, a number or a call of a schedule, in \p epoch and
/// at \p step, both from 0. With t the epoch:
///
///   constant(v)             v
///   inverse_sqrt(v, per)    v / sqrt(t + 1), t the epoch or the step
///   step_decay(v, n, f)     v * f^floor(t / n)
///   exponential(v, f)       v * f^t
///   cosine(v, n, end)       end + (v - end) (1 + cos(pi min(t, n) / n)) / 2
///                           (Loshchilov, Hutter 2017, equation 5, no restarts)
///   linear(v, end, n)       v + (end - v) min(t, n) / n
///   warmup(s, n)            s * (step + 1) / n for the first n steps, then s
///   piecewise(points)       the value of the last point [epoch, value] that
///                           is not after t; before the first point its value
double scheduleValue(const SettingValue &schedule, int64_t epoch, int64_t step);

/// Checks what the table of built-ins cannot: the points of piecewise are
/// pairs of an epoch and a value, by rising epoch. Error: malformedSetting.
Expected<void> checkSchedule(const SettingValue &schedule);

/// The schedule that \p text, of a scalar argument, holds.
Expected<SettingValue> parseSchedule(const std::string &text,
                                     const std::string &place);

} // namespace nnc

#endif // NNC_TRAINING_SCHEDULES_H

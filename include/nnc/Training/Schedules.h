//===- Schedules.h - Values that change during training ---------*- C++ -*-===//

#ifndef NNC_TRAINING_SCHEDULES_H
#define NNC_TRAINING_SCHEDULES_H

#include "nnc/Language/Settings.h"

namespace nnc {

/// The value of \p schedule, a number or a call of a schedule, in \p epoch at
/// \p step of the whole training (both from 0). Formulas: language.md, section
/// 4, Schedules.
double scheduledValue(const SettingValue &schedule, int64_t epoch,
                      int64_t step);

} // namespace nnc

#endif // NNC_TRAINING_SCHEDULES_H

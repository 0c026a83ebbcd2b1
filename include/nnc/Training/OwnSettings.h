//===- OwnSettings.h - What a trained model was trained with ----*- C++ -*-===//

#ifndef NNC_TRAINING_OWNSETTINGS_H
#define NNC_TRAINING_OWNSETTINGS_H

#include "nnc/Language/TrainSettings.h"
#include "nnc/Training/ModelFile.h"
#include <vector>

namespace nnc {

/// The settings that a trained model keeps: its loss, metrics, precision and
/// target. None for others.
std::vector<SettingOverride> ownSettings(const ModelFile &model);

} // namespace nnc

#endif // NNC_TRAINING_OWNSETTINGS_H

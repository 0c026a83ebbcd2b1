//===- OwnSettings.cpp - What a trained model was trained with ------------===//

#include "nnc/Training/OwnSettings.h"

using namespace nnc;

std::vector<SettingOverride> nnc::ownSettings(const ModelFile &model) {
  std::vector<SettingOverride> settings;
  if (!model.metadata)
    return settings;
  const ModelMetadata &metadata = *model.metadata;
  auto add = [&](const char *name, const std::string &value) {
    settings.push_back({name, value, model.path});
  };
  if (!metadata.loss.empty() && metadata.loss != "none")
    add("loss", metadata.loss);
  add("metrics", fmt::format("[{}]", fmt::join(metadata.metrics, ", ")));
  add("precision", metadata.precision);
  for (const auto &[name, value] : metadata.settings)
    if (name == "target" && value != "none")
      add("target", value);
  return settings;
}

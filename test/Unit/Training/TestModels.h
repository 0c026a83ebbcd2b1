//===- TestModels.h - Models that the fake compiler knows -------*- C++ -*-===//

#ifndef NNC_TEST_UNIT_TRAINING_TESTMODELS_H
#define NNC_TEST_UNIT_TRAINING_TESTMODELS_H

#include "../Formats/TestFolder.h"
#include "FakeCompiler.h"
#include "nnc/Training/Trainer.h"

namespace nnc::test {

inline const char *const digitsText = R"(
model digits(image: f32[batch, 64]) -> (logits: f32[batch, 10]) {
  return dense(image, 10)
}
train digits {
  data = "digits"
  validation = 0.2
  loss = softmax_cross_entropy
  optimizer = sgd(learning_rate = 0.2, momentum = 0.5)
  metrics = [accuracy]
  batch_size = 64
  epochs = 3
}
)";

inline const char *const lineText = R"(
model line(features: f32[batch, 2]) -> (y: f32[batch, 1]) {
  return dense(features, 1)
}
train line {
  data = "xor"
  loss = mse
  optimizer = sgd(learning_rate = 0.1)
  batch_size = 0
  epochs = 5
}
)";

inline ModelFile openText(const TestFolder &folder, const std::string &text,
                          const std::string &name = "model.nn") {
  Diagnostics diagnostics;
  std::optional<ModelFile> model =
      openModel(folder.write(name, text), std::nullopt, diagnostics);
  for (const Error &error : diagnostics.errors())
    ADD_FAILURE() << render(error);
  return model ? std::move(*model) : ModelFile();
}

inline TrainSettings
settingsOf(const ModelFile &model,
           const std::vector<SettingOverride> &overrides = {}) {
  return expectValue(resolveTrain(*model.program, std::nullopt, overrides));
}

/// Keeps what a trainer tells.
class Recorder : public TrainingObserver {
public:
  void note(const std::string &text) override { notes.push_back(text); }
  void epoch(const EpochRecord &record) override { records.push_back(record); }
  bool wantsProgress() override { return afterStep != nullptr; }
  void progress(const Progress &progress) override {
    ++steps;
    afterStep(steps);
  }

  double value(size_t epoch, const std::string &key) const {
    for (const auto &[name, value] : records.at(epoch).values)
      if (name == key)
        return value;
    ADD_FAILURE() << "no " << key;
    return 0;
  }

  std::vector<std::string> notes;
  std::vector<EpochRecord> records;
  int64_t steps = 0;
  std::function<void(int64_t)> afterStep;
};

/// A model, its data and a trainer for it.
struct TrainingFixture {
  explicit TrainingFixture(const TestFolder &folder, const std::string &text,
                           const std::vector<SettingOverride> &overrides = {},
                           const TrainerOptions &options = {})
      : model(openText(folder, text)), settings(settingsOf(model, overrides)),
        provider(std::nullopt, &compiler) {
    data = expectValue(
        prepareData(settings, expectValue(loadTrainingSet(settings))));
    trainer = Trainer::make(model, settings, data, provider, options);
  }

  TrainingResult run(TrainingObserver &observer) {
    if (!trainer) {
      ADD_FAILURE() << render(trainer.error());
      return {};
    }
    return expectValue((*trainer)->run(observer));
  }
  TrainingResult run() { return run(recorder); }

  /// All bytes of parameters, states and optimiser states.
  std::string bytes() const {
    std::string all;
    for (const auto &entry : (*trainer)->store().all())
      all.append(reinterpret_cast<const char *>(entry->bytes().data()),
                 entry->bytes().size());
    return all;
  }

  ModelFile model;
  TrainSettings settings;
  FakeCompiler compiler;
  ProgramProvider provider;
  TrainingData data;
  Expected<std::unique_ptr<Trainer>> trainer =
      fail(ErrorCode::internal, "not made");
  Recorder recorder;
};

} // namespace nnc::test

#endif // NNC_TEST_UNIT_TRAINING_TESTMODELS_H

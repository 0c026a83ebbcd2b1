//===- TrainerTest.cpp - The training loop --------------------------------===//

#include "TestModels.h"
#include "nnc/Training/Folds.h"
#include "nnc/Training/Prediction.h"
#include <cmath>

using namespace nnc;
using namespace nnc::test;

static std::vector<SettingOverride> with(const std::string &name,
                                         const std::string &value) {
  return {{name, value, "--" + name}};
}

TEST(Trainer, LearnsDigits) {
  TestFolder folder;
  TrainingFixture fixture(folder, digitsText);
  TrainingResult result = fixture.run();
  EXPECT_EQ(result.end, TrainingResult::End::complete);
  EXPECT_EQ(result.epochs, 3);
  // 1,437 samples, a fifth held out: 1,150 in 18 batches of at most 64.
  EXPECT_EQ(fixture.data.train.samples, 1150);
  EXPECT_EQ(result.steps, 3 * 18);
  const Recorder &recorder = fixture.recorder;
  ASSERT_EQ(recorder.records.size(), 3u);
  EXPECT_LT(recorder.value(2, "loss"), recorder.value(0, "loss") / 2);
  EXPECT_GT(recorder.value(2, "validation_accuracy"), 0.85);
  EXPECT_GT(recorder.records[0].samplesPerSecond, 0);
  EXPECT_EQ(result.values.front().first, "loss");
  EXPECT_EQ(result.values.front().second, recorder.value(2, "loss"));
}

TEST(Trainer, AsksForOneProgramAStepAndOneToEvaluate) {
  TestFolder folder;
  TrainingFixture fixture(folder, digitsText);
  ASSERT_EQ(fixture.compiler.requests.size(), 2u);
  const CompileOptions &step = fixture.compiler.requests[0];
  EXPECT_EQ(step.kind, ProgramKind::trainStep);
  EXPECT_EQ(step.sizes.at("batch"), 64);
  EXPECT_EQ(step.train.loss, "softmax_cross_entropy");
  // The learning rate is an argument of the program.
  EXPECT_EQ(step.train.optimizer, "sgd(momentum = 0.5)");
  EXPECT_EQ(step.fields.at("image").sampleShape, std::vector<int64_t>{64});
  EXPECT_EQ(step.fields.at("target").type, ElementType::i32);
  EXPECT_EQ(fixture.compiler.requests[1].kind, ProgramKind::evaluate);
  EXPECT_EQ(fixture.compiler.requests[1].sizes.at("batch"), 256);
}

TEST(Trainer, MeansWeighSamplesAndNotBatches) {
  // With a learning rate of 0 the loss is a property of the data alone.
  TestFolder folder;
  auto lossWith = [&](const char *batch) {
    TrainingFixture fixture(
        folder, digitsText,
        {{"batch_size", batch, "-"}, {"learning_rate", "0.0", "-"}});
    fixture.run();
    return fixture.recorder.value(0, "loss");
  };
  double whole = lossWith("0");
  // Sums of a thousand f32 losses in other orders.
  EXPECT_NEAR(lossWith("1"), whole, 1e-9);
  EXPECT_NEAR(lossWith("7"), whole, 1e-9);
}

TEST(Trainer, BatchSizes) {
  TestFolder folder;
  auto steps = [&](std::vector<SettingOverride> overrides) {
    overrides.push_back({"epochs", "1", "-"});
    TrainingFixture fixture(folder, digitsText, overrides);
    return fixture.run().steps;
  };
  EXPECT_EQ(steps(with("batch_size", "0")), 1);
  EXPECT_EQ(steps(with("batch_size", "1")), 1150);
  EXPECT_EQ(steps(with("batch_size", "100000")), 1);
  EXPECT_EQ(
      steps({{"batch_size", "100", "-"}, {"last_batch", "\"drop\"", "-"}}), 11);
  EXPECT_EQ(steps(with("batch_size", "100")), 12);
}

TEST(Trainer, StopsAfterSteps) {
  TestFolder folder;
  TrainingFixture fixture(folder, digitsText, with("steps", "20"));
  TrainingResult result = fixture.run();
  EXPECT_EQ(result.steps, 20);
  EXPECT_EQ(fixture.recorder.records.size(), 2u);
}

TEST(Trainer, SeedDecidesEverything) {
  TestFolder folder;
  auto bytesWith = [&](const char *seed) {
    TrainingFixture fixture(folder, digitsText, with("seed", seed));
    fixture.run();
    return fixture.bytes();
  };
  std::string bytes = bytesWith("5");
  EXPECT_EQ(bytesWith("5"), bytes);
  EXPECT_NE(bytesWith("6"), bytes);
}

TEST(Trainer, LearningRateFollowsItsSchedule) {
  // With piecewise at 0 from epoch 1 on, only the first epoch learns.
  TestFolder folder;
  TrainingFixture one(folder, digitsText, with("epochs", "1"));
  one.run();
  TrainingFixture three(
      folder, digitsText,
      with("optimizer",
           "sgd(learning_rate = piecewise([[0, 0.2], [1, 0.0]]), momentum = "
           "0.5)"));
  three.run();
  auto weight = [](TrainingFixture &fixture) {
    return Array((*fixture.trainer)->store().find("weight")->view().toArray());
  };
  EXPECT_TRUE(weight(one) == weight(three));
}

TEST(Trainer, DivergenceIsAnError) {
  TestFolder folder;
  TrainingFixture fixture(
      folder, lineText,
      {{"learning_rate", "1e20", "-"}, {"epochs", "20", "-"}});
  ASSERT_TRUE(fixture.trainer);
  Recorder recorder;
  expectError((*fixture.trainer)->run(recorder), ErrorCode::diverged);
}

TEST(Trainer, EarlyStoppingBringsTheBestWeightsBack) {
  TestFolder folder;
  // Grows worse from the start: the first epoch is the best.
  TrainingFixture fixture(folder, digitsText,
                          {{"learning_rate", "30.0", "-"},
                           {"epochs", "50", "-"},
                           {"early_stopping", "patience(3)", "-"}});
  TrainingResult result = fixture.run();
  EXPECT_EQ(result.end, TrainingResult::End::stoppedEarly);
  EXPECT_LT(result.epochs, 50);
  EXPECT_EQ(result.epochs, result.valuesEpoch + 3);
  double best =
      fixture.recorder.value(result.valuesEpoch - 1, "validation_loss");
  for (const EpochRecord &record : fixture.recorder.records)
    EXPECT_GE(fixture.recorder.value(record.epoch - 1, "validation_loss"),
              best);
  // What is kept is what was best.
  TrainingFixture shorter(
      folder, digitsText,
      {{"learning_rate", "30.0", "-"},
       {"epochs", std::to_string(result.valuesEpoch), "-"}});
  shorter.run();
  EXPECT_TRUE((*fixture.trainer)->store().find("weight")->view().toArray() ==
              (*shorter.trainer)->store().find("weight")->view().toArray());
}

TEST(Trainer, WhatCannotBeWatchedIsAnError) {
  TestFolder folder;
  TrainingFixture noValidation(folder, lineText,
                               with("early_stopping", "patience(2)"));
  expectError(noValidation.trainer, ErrorCode::monitorUnknown);
  TrainingFixture misspelt(
      folder, digitsText,
      with("early_stopping", "patience(2, monitor = \"acuracy\")"));
  expectError(misspelt.trainer, ErrorCode::monitorUnknown);
}

TEST(Trainer, AsksForThePrecision) {
  TestFolder folder;
  TrainingFixture fixture(folder, digitsText, with("precision", "\"bf16\""));
  ASSERT_TRUE(fixture.trainer);
  for (const CompileOptions &request : fixture.compiler.requests) {
    EXPECT_EQ(request.precision, "bf16");
    EXPECT_EQ(request.fields.at("image").type, ElementType::f32);
  }
}

TEST(Trainer, DataThatDoNotFitAreErrors) {
  TestFolder folder;
  // Two classes of csv cannot be ten outputs' class 12.
  std::string rows = "a,b,c\n";
  for (int i = 0; i < 4; ++i)
    rows += "1,2,12\n";
  folder.write("d.csv", rows);
  std::string text = R"(
model m(features: f32[batch, 64]) -> (logits: f32[batch, 10]) {
  return dense(features, 10)
}
train m { data = "d.csv"
  loss = softmax_cross_entropy }
)";
  TrainingFixture shape(folder, text);
  expectError(shape.trainer, ErrorCode::fieldShape);
  TrainingFixture target(folder, lineText, with("target", "\"no_such\""));
  expectError(target.trainer, ErrorCode::missingField);
  TrainingFixture metric(folder, digitsText, with("metrics", "[mse]"));
  expectError(metric.trainer, ErrorCode::metricShape);
  TrainingFixture loss(folder, digitsText, with("loss", "mse"));
  expectError(loss.trainer, ErrorCode::targetSample);
  TrainingFixture batches(
      folder, lineText,
      {{"batch_size", "3", "-"}, {"last_batch", "\"drop\"", "-"}});
  EXPECT_EQ(batches.run().steps, 5);
}

//===----------------------------------------------------------------------===//
// Checkpoints
//===----------------------------------------------------------------------===//

TEST(Trainer, GoesOnAsIfItHadNeverStopped) {
  TestFolder folder;
  std::vector<SettingOverride> overrides = {
      {"early_stopping", "patience(9)", "-"},
      {"metrics", "accuracy,f1,top_k(2)", "-"}};
  TrainingFixture unbroken(folder, digitsText, overrides);
  unbroken.run();
  ASSERT_TRUE((*unbroken.trainer)->save(folder.path("unbroken.nnm")));
  // Stop after every number of steps, first of an epoch and last included.
  for (int64_t stop : {1, 2, 17, 18, 19, 36, 53, 54}) {
    TrainerOptions options;
    options.checkpointFolder = folder.path(fmt::format("c{}", stop));
    options.checkpointEvery = 1000;
    std::atomic<bool> interrupt = false;
    options.interrupt = &interrupt;
    TrainingFixture first(folder, digitsText, overrides, options);
    first.recorder.afterStep = [&](int64_t steps) {
      interrupt = steps >= stop;
    };
    TrainingResult result = first.run();
    if (stop < 54) {
      EXPECT_EQ(result.end, TrainingResult::End::interrupted) << stop;
      EXPECT_EQ(result.steps, stop);
    }
    options.resume = true;
    options.interrupt = nullptr;
    TrainingFixture second(folder, digitsText, overrides, options);
    EXPECT_EQ(second.run().steps, 54);
    EXPECT_EQ(second.bytes(), unbroken.bytes()) << stop;
    ASSERT_TRUE((*second.trainer)->save(folder.path("resumed.nnm")));
    EXPECT_TRUE(folder.read("resumed.nnm") == folder.read("unbroken.nnm"))
        << stop;
  }
}

TEST(Trainer, EpochsAndStepsMayGrowOnResume) {
  TestFolder folder;
  TrainerOptions options;
  options.checkpointFolder = folder.path("c");
  TrainingFixture(folder, digitsText, with("steps", "10"), options).run();
  options.resume = true;
  TrainingFixture(folder, digitsText, with("steps", "25"), options).run();
  TrainingFixture resumed(folder, digitsText, {}, options);
  EXPECT_EQ(resumed.run().steps, 54);
  TrainingFixture unbroken(folder, digitsText);
  unbroken.run();
  EXPECT_EQ(resumed.bytes(), unbroken.bytes());
}

TEST(Trainer, OtherSettingsCannotBeResumed) {
  TestFolder folder;
  TrainerOptions options;
  options.checkpointFolder = folder.path("c");
  TrainingFixture(folder, digitsText, with("epochs", "1"), options).run();
  options.resume = true;
  for (const auto &[name, value] :
       {std::pair("batch_size", "32"), std::pair("learning_rate", "0.1"),
        std::pair("seed", "3"), std::pair("shuffle", "false")}) {
    TrainingFixture fixture(folder, digitsText, with(name, value), options);
    ASSERT_TRUE(fixture.trainer);
    Recorder recorder;
    expectError((*fixture.trainer)->run(recorder), ErrorCode::resumeDiffers);
  }
}

TEST(Trainer, KeepsTwoCheckpointsAndSkipsDamagedOnes) {
  TestFolder folder;
  TrainerOptions options;
  options.checkpointFolder = folder.path("c");
  TrainingFixture unbroken(folder, digitsText, {}, options);
  unbroken.run();
  std::vector<std::string> names;
  for (const auto &entry :
       std::filesystem::directory_iterator(options.checkpointFolder))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"checkpoint-36.nnm",
                                             "checkpoint-54.nnm"}));
  std::filesystem::resize_file(folder.path("c/checkpoint-54.nnm"), 1000);
  options.resume = true;
  TrainingFixture resumed(folder, digitsText, {}, options);
  resumed.run();
  EXPECT_EQ(resumed.bytes(), unbroken.bytes());
  EXPECT_EQ(resumed.recorder.records.size(), 1u);
  ASSERT_FALSE(resumed.recorder.notes.empty());
  EXPECT_NE(resumed.recorder.notes[0].find("skipped"), std::string::npos);
}

TEST(Trainer, ResumesFromTheStartWithoutACheckpoint) {
  TestFolder folder;
  TrainerOptions options;
  options.checkpointFolder = folder.path("c");
  options.resume = true;
  TrainingFixture fixture(folder, lineText, {}, options);
  EXPECT_EQ(fixture.run().epochs, 5);
}

TEST(Trainer, LogsALineAnEpochAlsoAcrossResumes) {
  TestFolder folder;
  TrainerOptions options;
  options.checkpointFolder = folder.path("c");
  options.logPath = folder.path("log.jsonl");
  TrainingFixture(folder, digitsText, with("epochs", "2"), options).run();
  // A line of an epoch that did not reach its checkpoint goes.
  std::ofstream(options.logPath, std::ios::app) << "{\"epoch\":9}\n";
  options.resume = true;
  TrainingFixture(folder, digitsText, {}, options).run();
  std::istringstream lines(folder.read("log.jsonl"));
  std::string line;
  for (int64_t epoch = 1; std::getline(lines, line); ++epoch) {
    auto object = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(object.is_object()) << line;
    EXPECT_EQ(object["epoch"], epoch);
    EXPECT_TRUE(object.contains("validation_accuracy"));
    EXPECT_LE(epoch, 3);
  }
}

//===----------------------------------------------------------------------===//
// Saved models
//===----------------------------------------------------------------------===//

TEST(Trainer, SavedModelsPredictTheSame) {
  TestFolder folder;
  TrainingFixture fixture(folder, digitsText);
  TrainingResult result = fixture.run();
  std::string path = folder.path("out.nnm");
  ASSERT_TRUE((*fixture.trainer)->save(path));

  Diagnostics diagnostics;
  std::optional<ModelFile> model = openModel(path, std::nullopt, diagnostics);
  ASSERT_TRUE(model);
  ASSERT_TRUE(model->metadata);
  EXPECT_EQ(model->metadata->loss, "softmax_cross_entropy");
  EXPECT_EQ(model->metadata->parameters, 650);
  EXPECT_EQ(model->metadata->history.size(), 3u);

  TrainSettings settings = settingsOf(*model);
  const ast::Function *function = expectValue(model->function(""));
  Dataset held = *fixture.data.validation;
  DataBinding binding =
      expectValue(bindInputs(model->inputs(*function), held, ElementType::f32));
  DataBinding withTarget = binding;
  ASSERT_TRUE(bindTarget(withTarget, "softmax_cross_entropy",
                         model->resultShape(*function), "", held,
                         ElementType::f32));
  ParameterStore store;
  ProgramProvider provider(std::nullopt, &fixture.compiler);
  Expected<Evaluator> evaluator =
      Evaluator::make(*model, settings.trainSteps[0].loss, settings.metrics,
                      withTarget, held.samples, {}, provider, store, 0);
  ASSERT_TRUE(evaluator);
  ASSERT_TRUE(store.assignWeights(model->archive->weights().tensors, path));
  Scores scores = expectValue(
      evaluator->run(expectValue(BoundData::make(withTarget, held, 10))));
  EXPECT_EQ(scores.loss, fixture.recorder.value(2, "validation_loss"));
  EXPECT_EQ(scores.metrics.front().second,
            fixture.recorder.value(2, "validation_accuracy"));

  BoundData inputs = expectValue(BoundData::make(binding, held, 0));
  Predictions predictions = expectValue(predict(*evaluator, inputs));
  predictions.info = predictionInfo(*model->metadata, 10);
  EXPECT_EQ(predictions.output.shape(),
            (std::vector<int64_t>{held.samples, 10}));
  int64_t right = 0;
  for (int64_t i = 0; i < held.samples; ++i)
    right += predictions.classOf(i) ==
             std::to_string(static_cast<int>(held.target()->values.at(i)));
  EXPECT_EQ(static_cast<double>(right) / held.samples,
            scores.metrics.front().second);
  EXPECT_TRUE(predictions.toCsv().starts_with("output_0,output_1,"));
  EXPECT_NE(predictions.toCsv().find("output_9,class\n"), std::string::npos);
}

TEST(Trainer, StartsFromGivenWeights) {
  TestFolder folder;
  TrainingFixture first(folder, digitsText, with("epochs", "1"));
  first.run();
  ASSERT_TRUE((*first.trainer)->save(folder.path("w.nnm")));
  TrainerOptions options;
  options.weights = expectValue(readWeights(folder.path("w.nnm")));
  TrainingFixture second(folder, digitsText, {{"learning_rate", "0.0", "-"}},
                         options);
  second.run();
  EXPECT_EQ(second.recorder.value(0, "validation_loss"),
            first.recorder.value(0, "validation_loss"));
  // One is missing, one is unknown, one has another shape.
  options.weights.erase(options.weights.begin());
  expectError(TrainingFixture(folder, digitsText, {}, options).trainer,
              ErrorCode::missingWeight);
  options.weights = {{"no_such", Array(ElementType::f32, {1})}};
  expectError(TrainingFixture(folder, digitsText, {}, options).trainer,
              ErrorCode::unknownWeight);
  options.weights = {{"weight", Array(ElementType::f32, {64, 9})}};
  expectError(TrainingFixture(folder, digitsText, {}, options).trainer,
              ErrorCode::weightMismatch);
}

TEST(Folds, EachSampleIsHeldOutOnce) {
  TestFolder folder;
  TrainingFixture fixture(
      folder, digitsText,
      {{"folds", "4", "-"}, {"validation", "none", "-"}, {"epochs", "2", "-"}});
  std::vector<int64_t> began;
  Expected<FoldsResult> result = trainFolds(
      fixture.model, fixture.settings, fixture.data, fixture.provider, {},
      folder.path("best.nnm"), fixture.recorder,
      [&](int64_t fold) { began.push_back(fold); });
  ASSERT_TRUE(result) << render(result.error());
  EXPECT_EQ(began, (std::vector<int64_t>{0, 1, 2, 3}));
  ASSERT_EQ(result->folds.size(), 4u);
  double sum = 0, least = 1e9;
  for (const TrainingResult &fold : result->folds)
    for (const auto &[key, value] : fold.values)
      if (key == "validation_loss") {
        sum += value;
        least = std::min(least, value);
      }
  for (const FoldFigure &figure : result->figures)
    if (figure.key == "validation_loss") {
      EXPECT_DOUBLE_EQ(figure.mean, sum / 4);
      EXPECT_GT(figure.standardDeviation, 0);
    }
  for (const auto &[key, value] : result->folds[result->best].values)
    if (key == "validation_loss") {
      EXPECT_EQ(value, least);
    }
  EXPECT_TRUE(std::filesystem::exists(folder.path("best.nnm")));
  TrainerOptions options;
  options.checkpointFolder = folder.path("c");
  expectError(trainFolds(fixture.model, fixture.settings, fixture.data,
                         fixture.provider, options, folder.path("best.nnm"),
                         fixture.recorder, [](int64_t) {}),
              ErrorCode::unsupported);
}

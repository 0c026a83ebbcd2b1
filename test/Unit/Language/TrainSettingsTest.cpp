//===- TrainSettingsTest.cpp - Train blocks and the command line ----------===//

#include "nnc/Language/TrainSettings.h"
#include "TestFiles.h"
#include <gtest/gtest.h>

using namespace nnc;

namespace {

constexpr const char *modelText =
    "const rate = 0.1\n"
    "const rule = sgd(rate, momentum = 0.9)\n"
    "model m {\n"
    "  net G = dense(4)\n"
    "  net D = dense(1)\n"
    "  fn value(x: f32[batch, 4]) -> f32[] { return mean(G(x)) }\n"
    "}\n";

/// The settings of a train block and what keeps them alive.
struct Resolved {
  std::unique_ptr<SourceProgram> program;
  std::optional<TrainSettings> settings;
  Diagnostics diagnostics;

  const TrainSettings *operator->() const { return &*settings; }
  ErrorCode code() const {
    return diagnostics.hasErrors() ? diagnostics.errors().front().code
                                   : ErrorCode::internal;
  }
  std::string message() const {
    return diagnostics.hasErrors() ? render(diagnostics.errors().front()) : "";
  }
};

Resolved resolve(const std::string &train,
                 const std::vector<SettingOverride> &overrides = {}) {
  Resolved result;
  std::string text = modelText;
  if (!train.empty())
    text += "train m {\n" + train + "\n}\n";
  result.program = loadProgram("dir/t.nn", text, result.diagnostics);
  if (result.program)
    result.settings = resolveTrain(*result.program, std::nullopt, overrides,
                                   result.diagnostics);
  EXPECT_NE(result.settings.has_value(), result.diagnostics.hasErrors());
  return result;
}

Resolved resolveGood(const std::string &train,
                     const std::vector<SettingOverride> &overrides = {}) {
  Resolved result = resolve(train, overrides);
  EXPECT_TRUE(result.settings) << result.message();
  if (!result.settings)
    result.settings.emplace().trainSteps.emplace_back();
  return result;
}

std::string optimizerOf(const Resolved &resolved) {
  return print(resolved->trainSteps.front().optimizer);
}

} // namespace

TEST(TrainSettings, DefaultsOfTheLanguage) {
  Resolved resolved = resolveGood("");
  EXPECT_EQ(resolved->model->name.text, "m");
  EXPECT_FALSE(resolved->data);
  EXPECT_FALSE(resolved->validation);
  EXPECT_FALSE(resolved->validationShare);
  EXPECT_EQ(resolved->batchSize, 32);
  EXPECT_EQ(resolved->epochs, 10);
  EXPECT_FALSE(resolved->steps);
  EXPECT_EQ(resolved->seed, 0);
  EXPECT_TRUE(resolved->seedIsDefault);
  EXPECT_TRUE(resolved->shuffle);
  EXPECT_EQ(resolved->lastBatch, LastBatch::Keep);
  EXPECT_EQ(resolved->accumulate, 1);
  EXPECT_TRUE(resolved->average.isNone());
  EXPECT_FALSE(resolved->earlyStopping);
  EXPECT_FALSE(resolved->folds);
  EXPECT_TRUE(resolved->freeze.empty());
  EXPECT_EQ(resolved->precision, Precision::F32);
  ASSERT_EQ(resolved->trainSteps.size(), 1u);
  const StepSettings &step = resolved->trainSteps.front();
  EXPECT_EQ(step.name, "");
  EXPECT_TRUE(step.loss.isNone());
  EXPECT_EQ(print(step.optimizer), "adam");
  EXPECT_EQ(step.update, std::vector<std::string>{"**"});
  EXPECT_EQ(step.every, 1);
  EXPECT_EQ(step.times, 1);
  EXPECT_FALSE(step.clipNorm);
}

TEST(TrainSettings, AllSettings) {
  Resolved resolved = resolveGood(
      "data = [csv(\"d.csv\", scale = \"unit\"), one_hot]\n"
      "validation = 0.25\n target = \"y\"\n loss = value\n optimizer = rule\n"
      "metrics = [accuracy, top_k(5)]\n batch_size = 2 ** 6\n epochs = 3\n"
      "steps = 7\n seed = 9\n shuffle = false\n last_batch = \"drop\"\n"
      "clip_norm = 1\n clip_value = 0.5\n accumulate = 4\n"
      "early_stopping = patience(3, monitor = \"loss\", restore = false)\n"
      "folds = 5\n freeze = [\"G.*\"]\n learning_rates = [[\"D.**\", 0.1]]\n"
      "precision = \"f64\"");
  ASSERT_TRUE(resolved->data);
  EXPECT_TRUE(resolved->data->source.isCall("csv"));
  EXPECT_EQ(resolved->data->source.argument("scale").text, "unit");
  EXPECT_EQ(resolved->data->transforms.size(), 1u);
  EXPECT_EQ(resolved->data->folder, "dir/");
  EXPECT_EQ(resolved->validationShare, 0.25);
  EXPECT_EQ(resolved->target, "y");
  const StepSettings &step = resolved->trainSteps.front();
  EXPECT_TRUE(step.loss.isName());
  EXPECT_EQ(step.loss.text, "value");
  EXPECT_EQ(print(step.optimizer), "sgd(learning_rate = 0.1, momentum = 0.9)");
  EXPECT_EQ(step.clipNorm, 1.0);
  EXPECT_EQ(step.clipValue, 0.5);
  EXPECT_EQ(resolved->metrics.size(), 2u);
  EXPECT_EQ(metricKey(resolved->metrics[1]), "top_5");
  EXPECT_EQ(resolved->batchSize, 64);
  EXPECT_EQ(resolved->steps, 7);
  EXPECT_EQ(resolved->seed, 9);
  EXPECT_FALSE(resolved->seedIsDefault);
  EXPECT_FALSE(resolved->shuffle);
  EXPECT_EQ(resolved->lastBatch, LastBatch::Drop);
  EXPECT_EQ(resolved->accumulate, 4);
  ASSERT_TRUE(resolved->earlyStopping);
  EXPECT_EQ(resolved->earlyStopping->epochs, 3);
  EXPECT_EQ(resolved->earlyStopping->monitor, "loss");
  EXPECT_FALSE(resolved->earlyStopping->restore);
  EXPECT_EQ(resolved->folds, 5);
  EXPECT_EQ(resolved->freeze, std::vector<std::string>{"G.*"});
  ASSERT_EQ(resolved->learningRates.size(), 1u);
  EXPECT_EQ(resolved->learningRates[0].second, 0.1);
  EXPECT_EQ(resolved->precision, Precision::F64);
  bool found = false;
  for (const auto &[name, text] : resolved->printed)
    found |= name == "batch_size" && text == "64";
  EXPECT_TRUE(found);
}

TEST(TrainSettings, StepsInheritFromTheBlock) {
  Resolved resolved = resolveGood(
      "loss = value\n optimizer = sgd(0.5)\n clip_norm = 2.0\n"
      "step a { update = D\n every = 2 }\n"
      "step b { update = [G, \"D.weight\"]\n optimizer = adam\n times = 3\n"
      "clip_norm = none }");
  ASSERT_EQ(resolved->trainSteps.size(), 2u);
  const StepSettings &a = resolved->trainSteps[0];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.update, std::vector<std::string>{"D.**"});
  EXPECT_EQ(a.loss.text, "value");
  EXPECT_EQ(print(a.optimizer), "sgd(learning_rate = 0.5)");
  EXPECT_EQ(a.every, 2);
  EXPECT_EQ(a.clipNorm, 2.0);
  const StepSettings &b = resolved->trainSteps[1];
  EXPECT_EQ(b.update, (std::vector<std::string>{"G.**", "D.weight"}));
  EXPECT_EQ(print(b.optimizer), "adam");
  EXPECT_EQ(b.times, 3);
  EXPECT_FALSE(b.clipNorm);
}

TEST(TrainSettings, OverridesInBothForms) {
  for (const char *text :
       {"adam,learning_rate=1e-2,beta1=0.8", "adam(1e-2, beta1 = 0.8)"}) {
    Resolved resolved =
        resolveGood("optimizer = sgd", {{"optimizer", text, "--optimizer"}});
    EXPECT_EQ(optimizerOf(resolved), "adam(learning_rate = 0.01, beta1 = 0.8)");
  }
  for (const char *text : {"accuracy,top_k(3)", "[accuracy, top_k(3)]"}) {
    Resolved resolved = resolveGood("", {{"metrics", text, "--metrics"}});
    ASSERT_EQ(resolved->metrics.size(), 2u);
    EXPECT_EQ(metricKey(resolved->metrics[1]), "top_3");
  }
  Resolved resolved = resolveGood(
      "seed = 3\n validation = 0.5",
      {{"batch_size", "2*8", "--batch-size"},
       {"data", "d.csv", "--data"},
       {"validation", "npz(\"v.npz\")", "--validation"},
       {"freeze", "G.*,D.bias", "--freeze"},
       {"precision", "f64", "--precision"},
       {"loss", "softmax_cross_entropy,label_smoothing=0.1", "--loss"},
       {"clip_norm", "2", "--clip-norm"},
       {"steps", "none", "--steps"}});
  EXPECT_EQ(resolved->batchSize, 16);
  EXPECT_EQ(resolved->data->source.text, "d.csv");
  EXPECT_EQ(resolved->data->folder, "");
  EXPECT_FALSE(resolved->validationShare);
  EXPECT_TRUE(resolved->validation->source.isCall("npz"));
  EXPECT_EQ(resolved->freeze, (std::vector<std::string>{"G.*", "D.bias"}));
  EXPECT_EQ(resolved->precision, Precision::F64);
  EXPECT_EQ(resolved->trainSteps[0].loss.argument("label_smoothing").number,
            0.1);
  EXPECT_EQ(resolved->trainSteps[0].clipNorm, 2.0);
  EXPECT_EQ(resolved->seed, 3);
  resolved = resolveGood("", {{"validation", "0.2", "--validation"}});
  EXPECT_EQ(resolved->validationShare, 0.2);
}

TEST(TrainSettings, OverridesOfParts) {
  Resolved resolved =
      resolveGood("optimizer = sgd(0.5, momentum = 0.9)\n"
                  "early_stopping = patience(3, monitor = \"loss\")",
                  {{"learning_rate", "0.1", "--learning-rate"},
                   {"patience", "7", "--patience"}});
  EXPECT_EQ(optimizerOf(resolved), "sgd(learning_rate = 0.1, momentum = 0.9)");
  EXPECT_EQ(resolved->earlyStopping->epochs, 7);
  EXPECT_EQ(resolved->earlyStopping->monitor, "loss");
  resolved = resolveGood("", {{"patience", "2", "--patience"}});
  EXPECT_EQ(resolved->earlyStopping->epochs, 2);
  EXPECT_TRUE(resolved->earlyStopping->restore);
  // Parts come after wholes, whatever the order of the options.
  resolved = resolveGood("", {{"schedule", "cosine,epochs=20", "--schedule"},
                              {"learning_rate", "0.2", "--learning-rate"},
                              {"optimizer", "sgd", "--optimizer"}});
  EXPECT_EQ(optimizerOf(resolved),
            "sgd(learning_rate = cosine(value = 0.2, epochs = 20))");
  resolved = resolveGood("step a { optimizer = sgd }\n step b { times = 2 }",
                         {{"learning_rate", "0.3", "--learning-rate"}});
  EXPECT_EQ(print(resolved->trainSteps[0].optimizer),
            "sgd(learning_rate = 0.3)");
  EXPECT_EQ(print(resolved->trainSteps[1].optimizer),
            "adam(learning_rate = 0.3)");
}

TEST(TrainSettings, ErrorsOfTheCommandLineNameTheOption) {
  Resolved resolved =
      resolve("", {{"optimizer", "adm,learning_rate=1", "--optimizer"}});
  EXPECT_EQ(resolved.code(), ErrorCode::unknownName);
  EXPECT_EQ(resolved.diagnostics.errors()[0].position.file, "--optimizer");
  resolved = resolve("", {{"epochs", "3 +", "--epochs"}});
  EXPECT_EQ(resolved.code(), ErrorCode::expectedToken);
  resolved = resolve("", {{"epochs", "many", "--epochs"}});
  EXPECT_EQ(resolved.code(), ErrorCode::unknownName);
  resolved = resolve("", {{"bach_size", "3", "--bach-size"}});
  EXPECT_EQ(resolved.code(), ErrorCode::unknownSetting);
  resolved = resolve("", {{"average", "ema(0.9)", "--average"}});
  EXPECT_EQ(resolved.code(), ErrorCode::unsupported);
  resolved = resolve("", {{"patience", "0", "--patience"}});
  EXPECT_EQ(resolved.code(), ErrorCode::settingOutOfRange);
}

TEST(TrainSettings, ChecksForTraining) {
  auto check = [](const std::string &train) {
    Resolved resolved = resolveGood(train);
    Expected<void> result = checkForTraining(*resolved.settings);
    return result ? ErrorCode::internal : result.error().code;
  };
  EXPECT_EQ(check("epochs = 1"), ErrorCode::lossMissing);
  EXPECT_EQ(check("loss = value\n step a { times = 2 }"),
            ErrorCode::dataMissing);
  EXPECT_EQ(check("step a { times = 2 }"), ErrorCode::lossMissing);
  EXPECT_EQ(check("loss = mse"), ErrorCode::dataMissing);
  EXPECT_EQ(check("loss = mse\n steps = 3"), ErrorCode::dataMissing);
  EXPECT_EQ(check("loss = value\n steps = 3"), ErrorCode::internal);
  EXPECT_EQ(check("loss = mse\n data = \"digits\""), ErrorCode::internal);
}

TEST(TrainSettings, RequestsOfTheCommandLine) {
  Expected<DataSetting> request = parseDataSetting("digits", "--data");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->source.text, "digits");
  request = parseDataSetting("[idx(\"m\"), one_hot]", "--data");
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->source.isCall("idx"));
  ASSERT_EQ(request->transforms.size(), 1u);
  EXPECT_EQ(request->transforms[0].range.file, nullptr);
  request = parseDataSetting("some dir/(odd).csv", "--data");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->source.text, "some dir/(odd).csv");
  request = parseDataSetting("csv(path)", "--data");
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, ErrorCode::unknownName);
  request = parseDataSetting("[one_hot]", "--data");
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, ErrorCode::malformedSetting);
  auto metrics = parseMetrics("accuracy,f1", "--metrics");
  ASSERT_TRUE(metrics);
  EXPECT_EQ(metrics->size(), 2u);
  EXPECT_FALSE(parseMetrics("acuracy", "--metrics"));
  Expected<SettingValue> loss = parseLoss("mse,reduction=\"sum\"", "--loss");
  ASSERT_TRUE(loss);
  EXPECT_EQ(loss->argument("reduction").text, "sum");
}

TEST(TrainSettings, ExamplesResolve) {
  for (const std::string &path : test::listFiles("examples", true)) {
    Diagnostics diagnostics;
    auto program = loadProgram(path, diagnostics);
    ASSERT_TRUE(program) << render(diagnostics.errors().front());
    bool hasModel = !program->main().declared(ast::DeclKind::Model).empty();
    if (!hasModel)
      continue;
    auto settings = resolveTrain(*program, std::nullopt, {}, diagnostics);
    for (const Error &error : diagnostics.errors())
      EXPECT_EQ(error.code, ErrorCode::unsupported) << render(error);
  }
}

//===- Train.cpp - nnc train ----------------------------------------------===//

#include "Progress.h"
#include "TrainReport.h"
#include "nnc/Data/Sampling.h"
#include "nnc/Formats/AtomicFile.h"
#include "nnc/Support/ByteSize.h"
#include "nnc/Training/Folds.h"
#include <cmath>
#include <csignal>

using namespace nnc;
using namespace nnc::tool;

static std::atomic<bool> isInterrupted = false;

/// The first signal asks the loop to stop between two steps; a second one ends
/// the process as usual.
static void onSignal(int number) {
  isInterrupted = true;
  std::signal(number, SIG_DFL);
}

namespace {
/// One call of `nnc train`.
class TrainCommand {
public:
  TrainCommand(Context &context, const ModelFile &model,
               const TrainSettings &settings, std::string output)
      : context(context), model(model), settings(settings),
        output(std::move(output)), reporter(context) {}

  int run();

private:
  Expected<void> readOptions();
  Expected<int> train(ProgramProvider &programs);
  Expected<int> trainFolds(ProgramProvider &programs, TrainingData data);
  int dryRun(const Trainer &trainer) const;
  int finish(const Trainer &trainer, const TrainingResult &result);
  int sayInterrupted(const TrainingResult &result);
  /// Writes the page of --report.
  Expected<void> writeReport(const Trainer &trainer,
                             const TrainingResult &result) const;

  Context &context;
  const ModelFile &model;
  const TrainSettings &settings;
  std::string output;
  ProgressReporter reporter;
  TrainerOptions options;
  std::vector<Requirement> requirements;
};
} // namespace

Expected<void> TrainCommand::readOptions() {
  const Invocation &args = context.args;
  options.compile = context.compileSettings();
  options.interruptFolder = output + ".checkpoint";
  if (std::optional<std::string> folder = args.value("checkpoint"))
    options.checkpointFolder = *folder;
  else if (args.has("resume") || args.has("checkpoint-every"))
    options.checkpointFolder = options.interruptFolder;
  Expected<int64_t> every = args.number("checkpoint-every", 0, 1);
  if (!every)
    return fail(std::move(every.error()));
  options.checkpointEvery = *every;
  options.resume = args.has("resume");
  options.checkNan = args.has("check-nan");
  options.logPath = args.value("log").value_or("");
  options.interrupt = &isInterrupted;
  if (std::optional<std::string> weights = args.value("weights")) {
    Expected<std::vector<NamedArray>> arrays = readWeights(*weights);
    if (!arrays)
      return fail(std::move(arrays.error()));
    options.weights = std::move(*arrays);
  } else if (model.archive) {
    // A trained model is trained further.
    for (const TensorView &tensor : model.archive->weights().tensors)
      options.weights.push_back({tensor.name, tensor.toArray()});
  }
  Expected<std::vector<Requirement>> read = requirementsOf(context);
  if (!read)
    return fail(std::move(read.error()));
  requirements = std::move(*read);
  if (auto good = checkForTraining(settings); !good)
    return good;
  // What training could not write at its end is told before it begins.
  if (!options.checkpointFolder.empty() && !args.has("dry-run"))
    if (auto folder = CheckpointFolder::open(options.checkpointFolder); !folder)
      return fail(std::move(folder.error()));
  if (std::optional<std::string> page = args.value("report")) {
    if (!page->ends_with(".html"))
      return fail(ErrorCode::badOptionValue, "--report", "a .html file", *page);
    if (settings.folds)
      return fail(ErrorCode::unsupported, "a report of several folds");
    if (auto writable = checkWritable(*page); !writable)
      return writable;
  }
  return checkWritable(output);
}

Expected<void> TrainCommand::writeReport(const Trainer &trainer,
                                         const TrainingResult &result) const {
  std::optional<std::string> page = context.args.value("report");
  if (!page)
    return {};
  const std::string &name = settings.model->name.text;
  std::string text =
      fmt::format("{} parameters, {} epochs, {} steps, {:.2f} s; seed {}",
                  trainer.store().parameterCount(), result.epochs, result.steps,
                  result.seconds, settings.seed);
  auto written = writeFile(
      *page, trainReportHtml("Training of " + name, text, reporter.records));
  if (written)
    context.say("wrote " + *page);
  return written;
}

int TrainCommand::dryRun(const Trainer &trainer) const {
  context.say(fmt::format("'{}' has {} parameters; compiled in {:.0f} ms; "
                          "nothing was trained",
                          settings.model->name.text,
                          trainer.store().parameterCount(),
                          trainer.compileMilliseconds()));
  return 0;
}

int TrainCommand::sayInterrupted(const TrainingResult &result) {
  if (result.checkpoint.empty())
    reporter.note(fmt::format("interrupted after {} steps; nothing is kept",
                              result.steps));
  else
    reporter.note(fmt::format(
        "interrupted after {} steps; go on with --checkpoint '{}' --resume",
        result.steps, result.checkpoint));
  return static_cast<int>(ExitStatus::interrupted);
}

int TrainCommand::finish(const Trainer &trainer, const TrainingResult &result) {
  if (context.isJson()) {
    nlohmann::ordered_json end = {
        {"event", "end"}, {"epochs", result.epochs}, {"steps", result.steps}};
    for (const auto &[key, value] : result.values)
      end[key] = value;
    end["parameters"] = trainer.store().parameterCount();
    end["compile_ms"] = trainer.compileMilliseconds();
    end["seconds"] = result.seconds;
    end["model"] = output;
    context.print(end);
  }
  if (result.end == TrainingResult::End::stoppedEarly)
    context.say(fmt::format("stopped early; the weights are those of epoch {}",
                            result.valuesEpoch));
  context.say(fmt::format(
      "trained {} parameters in {} epochs, {} steps, {:.2f} s (programs: "
      "{:.0f} ms{})",
      trainer.store().parameterCount(), result.epochs, result.steps,
      result.seconds, trainer.compileMilliseconds(),
      trainer.isCached() ? ", from the cache" : ""));
  int status = checkRequirements(context, requirements, result.values);
  context.say(fmt::format("wrote {}", output));
  return status;
}

Expected<int> TrainCommand::trainFolds(ProgramProvider &programs,
                                       TrainingData data) {
  auto began = [&](int64_t fold) {
    reporter.note(fmt::format("fold {} of {}", fold + 1, *settings.folds));
  };
  Expected<FoldsResult> result = nnc::trainFolds(
      model, settings, data, programs, options, output, reporter, began);
  if (!result)
    return fail(std::move(result.error()));
  if (result->folds.back().end == TrainingResult::End::interrupted)
    return sayInterrupted(result->folds.back());
  std::vector<std::pair<std::string, double>> means;
  nlohmann::ordered_json end = {{"event", "end"},
                                {"folds", result->folds.size()}};
  std::string text;
  for (const FoldFigure &figure : result->figures) {
    end[figure.key] = figure.mean;
    end[figure.key + "_std"] = figure.standardDeviation;
    means.emplace_back(figure.key, figure.mean);
    text += fmt::format("{}{} {:.4g} +- {:.2g}", text.empty() ? "" : ", ",
                        figure.key, figure.mean, figure.standardDeviation);
  }
  end["compile_ms"] = result->compileMilliseconds;
  end["model"] = output;
  if (context.isJson())
    context.print(end);
  context.say(fmt::format("{} folds: {}", result->folds.size(), text));
  int status = checkRequirements(context, requirements, means);
  context.say(
      fmt::format("wrote {}, the model of fold {}", output, result->best + 1));
  return status;
}

Expected<int> TrainCommand::train(ProgramProvider &programs) {
  Expected<TrainingData> all = loadTrainingSet(settings);
  if (!all)
    return fail(std::move(all.error()));
  if (settings.folds) {
    if (!context.args.has("dry-run"))
      return trainFolds(programs, std::move(*all));
    if (auto parts = kFolds(all->train.samples, *settings.folds, settings.seed,
                            targetLabels(all->train));
        !parts)
      return fail(std::move(parts.error()));
  }
  Expected<TrainingData> data = prepareData(settings, std::move(*all));
  if (!data)
    return fail(std::move(data.error()));
  context.times.add("data");
  if (data->train.samples)
    context.detail(fmt::format(
        "{} training samples, {} validation samples", data->train.samples,
        data->validation ? data->validation->samples : 0));
  auto trainer = Trainer::make(model, settings, *data, programs, options);
  if (!trainer)
    return fail(std::move(trainer.error()));
  if (auto known = checkKeys(requirements, (*trainer)->measuredKeys()); !known)
    return fail(std::move(known.error()));
  context.times.add("programs", programs.phases());
  const Signature &signature = (*trainer)->signature();
  std::string memory = fmt::format("the training step takes {} of memory",
                                   byteSizeText(signature.memoryBytes()));
  if (signature.recomputedFlop > 0)
    memory += fmt::format("; values that are computed again take {:.4g} MFLOP",
                          static_cast<double>(signature.recomputedFlop) * 1e-6);
  context.detail(memory);
  if (context.args.has("dry-run"))
    return dryRun(**trainer);
  Expected<TrainingResult> result = (*trainer)->run(reporter);
  if (!result)
    return fail(std::move(result.error()));
  context.times.add("training");
  if (result->end == TrainingResult::End::interrupted)
    return sayInterrupted(*result);
  if (auto saved = (*trainer)->save(output); !saved)
    return fail(std::move(saved.error()));
  if (auto written = writeReport(**trainer, *result); !written)
    return fail(std::move(written.error()));
  context.times.add("writing");
  return finish(**trainer, *result);
}

int TrainCommand::run() {
  if (auto good = readOptions(); !good)
    return context.fail(good.error());
  Expected<ProgramProvider> programs = context.programs();
  if (!programs)
    return context.fail(programs.error());
  if (context.args.has("print-after") || context.args.has("stop-after")) {
    CompileOptions request = options.compile.options(
        ProgramKind::trainStep, {}, std::max<int64_t>(1, settings.batchSize));
    const StepSettings &step = settings.trainSteps.front();
    request.train.loss = print(step.loss);
    request.train.optimizer = print(step.optimizer);
    int status = 0;
    if (context.printPhases(*programs, model, request, status))
      return status;
  }
  if (settings.seedIsDefault)
    context.say(fmt::format("seed {}", settings.seed));
  reporter.epochs = settings.data ? settings.epochs : 0;
  std::signal(SIGINT, onSignal);
  std::signal(SIGTERM, onSignal);
  std::signal(SIGHUP, onSignal);
  Expected<int> status = train(*programs);
  reporter.clearBar();
  return status ? *status : context.fail(status.error());
}

int nnc::tool::run_train(Context &context) {
  int status = 0;
  std::optional<ModelFile> model = context.openModel(status);
  if (!model)
    return status;
  std::optional<TrainSettings> settings = context.settings(*model, status);
  if (!settings)
    return status;
  context.times.add("model");
  std::string output =
      context.args.value("out").value_or(settings->model->name.text + ".nnm");
  return TrainCommand(context, *model, *settings, output).run();
}

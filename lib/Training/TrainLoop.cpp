//===- TrainLoop.cpp - Steps, epochs and what happens between them --------===//

#include "Divergence.h"
#include "nnc/Data/Sampling.h"
#include "nnc/Formats/Json.h"
#include "nnc/Training/Schedules.h"
#include "nnc/Training/Trainer.h"
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <unistd.h>

using namespace nnc;
using Clock = std::chrono::steady_clock;

static double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

nlohmann::ordered_json nnc::toJson(const EpochRecord &record) {
  nlohmann::ordered_json object = {{"event", "epoch"}, {"epoch", record.epoch}};
  for (const auto &[key, value] : record.values)
    if (std::isfinite(value))
      object[key] = value;
  if (std::isfinite(record.samplesPerSecond))
    object["samples_per_s"] = record.samplesPerSecond;
  object["seconds"] = record.seconds;
  return object;
}

//===----------------------------------------------------------------------===//
// The log
//===----------------------------------------------------------------------===//

Expected<void> Trainer::openLog() {
  if (options.logPath.empty())
    return {};
  log = ::open(options.logPath.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (log < 0)
    return fail(ErrorCode::fileWrite, options.logPath, std::strerror(errno));
  // Lines of epochs that are about to run again go.
  off_t length = ::lseek(log, 0, SEEK_END);
  if (length > state.logLength &&
      ::ftruncate(log, static_cast<off_t>(state.logLength)) != 0)
    return fail(ErrorCode::fileWrite, options.logPath, std::strerror(errno));
  ::lseek(log, 0, SEEK_END);
  return {};
}

Expected<void> Trainer::appendLog(const std::string &line) {
  if (log < 0)
    return {};
  std::string_view rest = line;
  while (!rest.empty()) {
    ssize_t done = ::write(log, rest.data(), rest.size());
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return fail(ErrorCode::fileWrite, options.logPath, std::strerror(errno));
    rest.remove_prefix(done);
  }
  state.logLength = ::lseek(log, 0, SEEK_CUR);
  return {};
}

Trainer::~Trainer() {
  if (log >= 0)
    ::close(log);
}

//===----------------------------------------------------------------------===//
// Checkpoints
//===----------------------------------------------------------------------===//

Expected<void> Trainer::writeCheckpoint(const std::string &folder) {
  Expected<CheckpointFolder> opened = CheckpointFolder::open(folder);
  if (!opened)
    return fail(std::move(opened.error()));
  state.metricStates.clear();
  for (const auto &metric : metrics.all())
    state.metricStates.push_back(metric->state());
  if (earlyStop)
    state.earlyStop = earlyStop->state();
  return opened->write(state, text, description, parameters, best);
}

Expected<void> Trainer::restore(TrainingObserver &observer) {
  const std::string &folder = options.checkpointFolder;
  Expected<CheckpointFolder> opened = CheckpointFolder::open(folder);
  if (!opened)
    return fail(std::move(opened.error()));
  std::vector<Error> skipped;
  auto found = opened->read(skipped);
  for (const Error &error : skipped)
    observer.note("skipped a checkpoint: " + error.message);
  if (!found)
    return fail(std::move(found.error()));
  if (!*found) {
    observer.note(
        fmt::format("no checkpoint in '{}'; training from the start", folder));
    return {};
  }
  CheckpointFolder::Content &content = **found;
  if (auto same =
          compareSettings(content.metadata.settings, description.settings);
      !same)
    return same;
  if (content.model != text)
    return fail(ErrorCode::resumeDiffers, "model", "the checkpoint's",
                "another text");
  if (content.metadata.target != description.target)
    observer.note(fmt::format("the checkpoint was written for the target {}, "
                              "this is {}: results may differ in the last bits",
                              content.metadata.target, description.target));
  if (auto done = parameters.assignWeights(content.archive.weights().tensors,
                                           content.path);
      !done)
    return done;
  for (const TensorView &tensor : content.archive.state()->tensors)
    if (!tensor.name.starts_with("best weights/"))
      if (auto done = parameters.assign(tensor); !done)
        return done;
  best = std::move(content.best);
  state = std::move(content.state);
  if (state.updates.size() != steps.size() ||
      state.lossSums.size() != steps.size() ||
      state.sampleSums.size() != steps.size() ||
      state.metricStates.size() != metrics.all().size())
    return fail(ErrorCode::malformedFile, content.path, "a checkpoint",
                "the loop's state is not complete");
  for (size_t i = 0; i < state.metricStates.size(); ++i)
    if (auto done = metrics.all()[i]->restore(state.metricStates[i]); !done)
      return done;
  if (earlyStop)
    if (auto done = earlyStop->restore(state.earlyStop); !done)
      return done;
  description.history = state.history;
  observer.note(fmt::format("going on from step {} of epoch {} ('{}')",
                            state.batch, state.epoch + 1, content.path));
  return {};
}

void Trainer::restoreBest() {
  if (!earlyStop || !earlyStop->restores() || best.empty())
    return;
  for (const NamedArray &tensor : best)
    if (ParameterStore::Entry *entry = parameters.find(tensor.name))
      std::memcpy(entry->buffer.data(), tensor.array.data(),
                  tensor.array.byteSize());
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

Expected<void> Trainer::runStep(size_t number,
                                std::span<const int64_t> indices) {
  Step &step = steps[number];
  BoundProgram &program = *step.program;
  int64_t samples = 1;
  if (step.data) {
    samples = static_cast<int64_t>(indices.size());
    step.data->gather(indices, program);
    if (step.augmenter)
      step.augmenter->apply(
          indices, settings.seed, state.epoch,
          static_cast<std::byte *>(program.find(Role::input, step.augmented)));
  }
  // Several runs make one update if gradients are accumulated.
  int64_t update = state.updates[number] / settings.accumulate;
  program.setScalar("accumulated", state.updates[number] % settings.accumulate);
  const SettingValue &optimizer = step.settings->optimizer;
  if (int index = optimizer.builtin->indexOf("learning_rate"); index >= 0)
    program.setScalar("learning_rate", scheduleValue(optimizer.elements[index],
                                                     state.epoch, update));
  for (const auto &[name, schedule] : step.schedules)
    program.setScalar(name, scheduleValue(schedule, state.epoch, update));
  program.setScalar("step", update + 1);
  program.setScalar("seed", settings.seed);
  std::vector<NamedArray> before;
  if (options.checkNan)
    before = storedArguments(program);
  if (auto done = program.run(samples, compile.threads); !done)
    return done;
  double loss = program.output("loss");
  if (!std::isfinite(loss) ||
      (options.checkNan && !areFinite(storedArguments(program))))
    return fail(divergence(step, indices, samples, loss, before));
  ++state.updates[number];
  lastLoss = loss;
  state.lossSums[number] += loss * static_cast<double>(samples);
  state.sampleSums[number] += static_cast<double>(samples);
  if (number == 0)
    metrics.add(program, samples);
  return {};
}

Expected<void> Trainer::runBatch(std::span<const int64_t> indices) {
  for (size_t i = 0; i < steps.size(); ++i) {
    const StepSettings &step = *steps[i].settings;
    if ((state.steps + 1) % step.every != 0)
      continue;
    for (int64_t time = 0; time < step.times; ++time)
      if (auto done = runStep(i, indices); !done)
        return done;
  }
  ++state.batch;
  ++state.steps;
  return {};
}

//===----------------------------------------------------------------------===//
// Epochs
//===----------------------------------------------------------------------===//

std::vector<std::pair<std::string, double>> Trainer::runningValues() const {
  std::vector<std::pair<std::string, double>> list = {{"loss", 0.0}};
  for (size_t i = 0; i < steps.size(); ++i) {
    // Without data each step minimises the same expression: the last counts.
    double loss = !readsData() ? lastLoss
                  : i < state.lossSums.size() && state.sampleSums[i] > 0
                      ? state.lossSums[i] / state.sampleSums[i]
                      : 0.0;
    list.front().second += loss;
    if (steps.size() > 1)
      list.emplace_back(steps[i].settings->name + "_loss", loss);
  }
  for (auto &value : metrics.values())
    list.push_back(std::move(value));
  return list;
}

void Trainer::resetSums() {
  state.batch = 0;
  state.lossSums.assign(steps.size(), 0);
  state.sampleSums.assign(steps.size(), 0);
  metrics.reset();
}

int64_t Trainer::samplesInEpoch() const {
  return static_cast<int64_t>(state.sampleSums.empty() ? 0
                                                       : state.sampleSums[0]);
}

Expected<void> Trainer::finishEpoch(TrainingObserver &observer,
                                    double seconds) {
  EpochRecord record;
  record.epoch = state.epoch + 1;
  record.values = runningValues();
  record.samplesPerSecond =
      seconds > 0 ? static_cast<double>(samplesInEpoch()) / seconds
                  : std::numeric_limits<double>::quiet_NaN();
  Clock::time_point start = Clock::now();
  if (validation) {
    Expected<Scores> scores = evaluator->run(*validation);
    if (!scores)
      return fail(std::move(scores.error()));
    record.values.emplace_back("validation_loss", scores->loss);
    for (const auto &[key, value] : scores->metrics)
      record.values.emplace_back("validation_" + key, value);
  }
  record.seconds = seconds + secondsSince(start);
  nlohmann::ordered_json line = {{"epoch", record.epoch}};
  for (const auto &[key, value] : record.values)
    if (std::isfinite(value))
      line[key] = value;
  description.history.push_back(std::move(line));
  state.history = description.history;
  ++state.epoch;
  resetSums();
  if (earlyStop) {
    double watched = std::numeric_limits<double>::quiet_NaN();
    for (const auto &[key, value] : record.values)
      if (key == earlyStop->monitor())
        watched = value;
    bool isBetter =
        earlyStop->add(record.epoch, watched) == EarlyStop::Verdict::better;
    if (isBetter && earlyStop->restores()) {
      best.clear();
      for (const TensorView &view : parameters.weights())
        best.push_back({view.name, view.toArray()});
    }
  }
  if (auto logged = appendLog(toText(toJson(record)) + "\n"); !logged)
    return logged;
  observer.epoch(record);
  return {};
}

Expected<TrainingResult> Trainer::run(TrainingObserver &observer) {
  state.updates.assign(steps.size(), 0);
  resetSums();
  if (options.resume)
    if (auto restored = restore(observer); !restored)
      return fail(std::move(restored.error()));
  if (auto opened = openLog(); !opened)
    return fail(std::move(opened.error()));

  int64_t samples = data.train.samples;
  int64_t limit = settings.steps.value_or(std::numeric_limits<int64_t>::max());
  // Without data all steps are one epoch.
  int64_t epochs = readsData() ? settings.epochs : 1;
  BatchPlan plan = BatchPlan::make(samples, settings.batchSize,
                                   settings.lastBatch == LastBatch::Drop);
  int64_t batches = readsData() ? plan.batches() : limit;
  if (readsData() && batches == 0)
    return fail(ErrorCode::noBatch, samples, settings.batchSize);

  TrainingResult result;
  Clock::time_point start = Clock::now();
  auto isStopped = [&] { return earlyStop && earlyStop->isOver(); };
  bool usesFolder = !options.checkpointFolder.empty();
  // An epoch that `steps` cut off is finished even if no step is left in it.
  while (state.epoch < epochs && !isStopped() &&
         (state.steps < limit || state.batch > 0)) {
    Clock::time_point epochStart = Clock::now();
    int64_t samplesBefore = samplesInEpoch();
    std::vector<int64_t> order;
    if (readsData())
      order = epochOrder(samples, settings.seed, state.epoch, settings.shuffle);
    while (state.batch < batches && state.steps < limit) {
      if (options.interrupt && options.interrupt->load()) {
        result.end = TrainingResult::End::interrupted;
        result.checkpoint =
            usesFolder ? options.checkpointFolder : options.interruptFolder;
        if (!result.checkpoint.empty())
          if (auto written = writeCheckpoint(result.checkpoint); !written)
            return fail(std::move(written.error()));
        result.epochs = state.epoch;
        result.steps = state.steps;
        return result;
      }
      std::span<const int64_t> indices;
      if (readsData())
        indices = plan.batch(order, state.batch);
      if (auto done = runBatch(indices); !done)
        return fail(std::move(done.error()));
      if (observer.wantsProgress()) {
        auto running = runningValues();
        double seconds = secondsSince(epochStart);
        observer.progress(
            {state.epoch + 1, epochs, state.batch, batches, &running,
             static_cast<double>(samplesInEpoch() - samplesBefore) / seconds});
      }
      if (usesFolder && options.checkpointEvery &&
          state.steps % options.checkpointEvery == 0)
        if (auto written = writeCheckpoint(options.checkpointFolder); !written)
          return fail(std::move(written.error()));
    }
    // With more steps it would go on in the middle: the checkpoint says so.
    bool isCutOff = state.batch < batches;
    if (usesFolder && isCutOff)
      if (auto written = writeCheckpoint(options.checkpointFolder); !written)
        return fail(std::move(written.error()));
    if (auto done = finishEpoch(observer, secondsSince(epochStart)); !done)
      return fail(std::move(done.error()));
    bool isLast = state.epoch >= epochs || state.steps >= limit || isStopped();
    if (usesFolder && !isCutOff && (!options.checkpointEvery || isLast))
      if (auto written = writeCheckpoint(options.checkpointFolder); !written)
        return fail(std::move(written.error()));
  }
  result.end = isStopped() ? TrainingResult::End::stoppedEarly
                           : TrainingResult::End::complete;
  restoreBest();
  result.epochs = state.epoch;
  result.steps = state.steps;
  result.seconds = secondsSince(start);
  // The figures of the epoch whose weights the model has now.
  bool isBest = earlyStop && earlyStop->restores() && !best.empty();
  result.valuesEpoch = isBest ? earlyStop->bestEpoch() : state.epoch;
  for (const auto &line : description.history)
    if (line.value("epoch", int64_t(0)) == result.valuesEpoch)
      for (const auto &item : line.items())
        if (item.key() != "epoch")
          result.values.emplace_back(item.key(), item.value().get<double>());
  return result;
}

//===- Bench.cpp - nnc bench ----------------------------------------------===//
//
// The rules: data in memory before the clock starts, a pool of batches so that
// no step sees the one before, a first step, nine more, a warm-up, then seven
// blocks; median and least of the blocks' means.
//
//===----------------------------------------------------------------------===//

#include "BenchWeights.h"
#include "Context.h"
#include "nnc/Formats/Npy.h"
#include "nnc/Runtime/Team.h"
#include "nnc/Support/Philox.h"
#include "nnc/Training/Schedules.h"
#include <algorithm>
#include <cstring>
#include <sched.h>
#include <sys/resource.h>

using namespace nnc;
using namespace nnc::tool;
using Clock = std::chrono::steady_clock;

/// Pins the process to the first \p threads processors that it may use.
static void pinTo(unsigned threads) {
  cpu_set_t allowed, chosen;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
    return;
  CPU_ZERO(&chosen);
  for (unsigned cpu = 0, taken = 0; cpu < CPU_SETSIZE && taken < threads; ++cpu)
    if (CPU_ISSET(cpu, &allowed)) {
      CPU_SET(cpu, &chosen);
      ++taken;
    }
  sched_setaffinity(0, sizeof(chosen), &chosen);
}

static double millisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start)
      .count();
}

namespace {
/// What a benchmark gives.
struct Measurement {
  double median = 0, least = 0; ///< Milliseconds a step.
  std::vector<double> check;
};

/// One call of `nnc bench`.
class BenchCommand {
public:
  BenchCommand(Context &context, const ModelFile &model,
               const TrainSettings &settings)
      : context(context), model(model), settings(settings),
        isTraining(context.args.has("train")) {}

  /// Nothing if the run ended with a phase that was printed, with `status`.
  Expected<nlohmann::ordered_json> run();
  int status = 0;

private:
  Expected<void> compile();
  Expected<DataBinding> targetBinding(const ast::Function &function) const;
  void makeBatches();
  Expected<void> readBatches(const std::string &path);
  Expected<double> step();
  Expected<Measurement> measure();

  Context &context;
  const ModelFile &model;
  const TrainSettings &settings;
  bool isTraining;
  int64_t batch = 1;
  ParameterStore store;
  std::unique_ptr<BoundProgram> program;
  double compileMilliseconds = 0;
  bool isCached = false;
  /// One entry an input, in the order of the signature: the batches' bytes one
  /// after another.
  std::vector<std::vector<std::byte>> pools;
  int64_t poolSize = 0;
  int64_t stepsDone = 0;
};
} // namespace

/// The target as training on class numbers or floats would bind it.
Expected<DataBinding>
BenchCommand::targetBinding(const ast::Function &function) const {
  DataBinding binding;
  const SettingValue &loss = settings.trainSteps.front().loss;
  if (!isTraining || !loss.isCall())
    return binding;
  std::vector<int64_t> result = model.resultShape(function);
  DataBinding::Slot slot{"target", "target", ElementType::f32, {}};
  if (isClassLoss(loss.builtin->name))
    slot.type = ElementType::i32;
  else if (!result.empty())
    slot.sampleShape.assign(result.begin() + 1, result.end());
  if (slot.type == ElementType::f32 && settings.precision == Precision::F64)
    slot.type = ElementType::f64;
  binding.slots.push_back(std::move(slot));
  return binding;
}

Expected<void> BenchCommand::compile() {
  const StepSettings &stepSettings = settings.trainSteps.front();
  if (isTraining && stepSettings.loss.isNone())
    return fail(ErrorCode::lossMissing, "a training step");
  const SettingValue &loss = stepSettings.loss;
  std::string lossFn = loss.isName() ? loss.text : "";
  Expected<const ast::Function *> function =
      isTraining && !lossFn.empty() ? model.function(lossFn)
                                    : model.function(model.source.fn, lossFn);
  if (!function)
    return fail(std::move(function.error()));
  Expected<DataBinding> binding = targetBinding(**function);
  if (!binding)
    return fail(std::move(binding.error()));
  Expected<int64_t> size =
      context.args.number("batch-size", settings.batchSize, 1);
  if (!size)
    return fail(std::move(size.error()));
  std::vector<ModelInput> inputs = model.inputs(**function);
  bool isOpen =
      !inputs.empty() && !inputs[0].shape.empty() && inputs[0].shape[0] < 0;
  batch = isOpen ? std::max<int64_t>(1, *size) : 1;

  CompileSettings compile = context.compileSettings();
  compile.precision = settings.precision == Precision::F64 ? "f64" : "f32";
  CompileOptions options = compile.options(isTraining ? ProgramKind::trainStep
                                                      : ProgramKind::predict,
                                           *binding, batch);
  if (isTraining) {
    options.train.loss = print(loss);
    options.train.optimizer = print(stepSettings.optimizer);
    options.train.update = stepSettings.update;
    options.train.clipNorm = stepSettings.clipNorm.value_or(0);
    options.train.clipValue = stepSettings.clipValue.value_or(0);
  }
  Expected<ProgramProvider> programs = context.programs(/*onlyIfAsked=*/true);
  if (!programs)
    return fail(std::move(programs.error()));
  if (context.printPhases(*programs, model, options, status))
    return {};
  auto compiled = programs->get(model.source, model.identity, options);
  if (!compiled)
    return fail(std::move(compiled.error()));
  compileMilliseconds = compiled->milliseconds;
  isCached = compiled->cached;
  if (auto done =
          store.declare(compiled->executable->signature(), settings.seed);
      !done)
    return done;
  auto bound = BoundProgram::make(std::move(compiled->executable), store);
  if (!bound)
    return fail(std::move(bound.error()));
  program = std::make_unique<BoundProgram>(std::move(*bound));
  program->setScalar("seed", settings.seed);
  return {};
}

/// Fills \p bytes with values of \p input: floats uniform in [0, 1), whole
/// numbers uniform below \p bound.
static void fillInput(const Argument &input, int64_t bound, uint32_t stream,
                      std::span<std::byte> bytes) {
  RandomStream random(0, RandomPurpose::initializer, 1, stream);
  auto fill = [&]<typename T>(T) {
    auto *values = reinterpret_cast<T *>(bytes.data());
    for (size_t i = 0; i < bytes.size() / sizeof(T); ++i)
      values[i] = std::is_floating_point_v<T>
                      ? static_cast<T>(random.uniform())
                      : static_cast<T>(random.below(bound));
  };
  switch (input.type) {
  case ElementType::f32:
    return fill(float());
  case ElementType::f64:
    return fill(double());
  case ElementType::i64:
    return fill(int64_t());
  case ElementType::i32:
    return fill(int32_t());
  case ElementType::i8:
  case ElementType::u8:
  case ElementType::boolean:
    bound = std::min<int64_t>(bound, 2);
    return fill(uint8_t());
  default:
    return;
  }
}

void BenchCommand::makeBatches() {
  const Signature &signature = program->signature();
  std::vector<int> inputs = signature.indicesOf(Role::input);
  int64_t bytes = 1;
  for (int index : inputs)
    if (signature.arguments[index].name != "target")
      bytes += signature.arguments[index].byteCount();
  constexpr int64_t poolBytes = 32 << 20;
  poolSize = std::max<int64_t>(2, std::min<int64_t>(64, poolBytes / bytes));
  pools.clear();
  for (int index : inputs) {
    const Argument &input = signature.arguments[index];
    // Classes of the target; below the vocabulary of an embedding's ids.
    int64_t bound = input.name == "target" ? resultWidth(*program) : 0;
    if (bound <= 0)
      bound = std::max<int64_t>(2, input.fanIn);
    pools.emplace_back(input.byteCount() * poolSize);
    fillInput(input, bound, static_cast<uint32_t>(index), pools.back());
  }
}

Expected<void> BenchCommand::readBatches(const std::string &path) {
  Expected<std::vector<NamedArray>> arrays = readNpz(path);
  if (!arrays)
    return fail(std::move(arrays.error()));
  const Signature &signature = program->signature();
  pools.clear();
  for (int index : signature.indicesOf(Role::input)) {
    const Argument &input = signature.arguments[index];
    std::string wanted = input.name == "target" ? "y" : "x";
    const Array *found = nullptr;
    for (const NamedArray &array : *arrays)
      if (array.name == wanted)
        found = &array.array;
    // An autoencoder's target is its input.
    if (!found && wanted == "y")
      for (const NamedArray &array : *arrays)
        if (array.name == "x")
          found = &array.array;
    if (!found)
      return fail(ErrorCode::memberNotFound, path, wanted, "");
    Array values = found->to(input.type);
    if (values.rank() == 0 || values.rowBytes() != input.byteCount())
      return fail(
          ErrorCode::inputShape, input.name,
          fmt::format("{}{}", nameOf(input.type), toString(input.shape)),
          fmt::format("batches of {}", toString(values.shape())));
    poolSize = values.rows();
    pools.emplace_back(values.bytes().begin(), values.bytes().end());
  }
  if (poolSize < 1)
    return fail(ErrorCode::emptyData, path);
  return {};
}

/// One step; gives the loss, or element 0 of the first output.
Expected<double> BenchCommand::step() {
  const Signature &signature = program->signature();
  std::vector<int> inputs = signature.indicesOf(Role::input);
  for (size_t i = 0; i < inputs.size(); ++i) {
    int64_t bytes = signature.arguments[inputs[i]].byteCount();
    std::memcpy(program->data(inputs[i]),
                pools[i].data() + (stepsDone % poolSize) * bytes, bytes);
  }
  if (isTraining) {
    const SettingValue &optimizer = settings.trainSteps.front().optimizer;
    if (int index = optimizer.builtin->indexOf("learning_rate"); index >= 0)
      program->setScalar(
          "learning_rate",
          scheduleValue(optimizer.elements[index], 0, stepsDone));
  }
  program->setScalar("step", stepsDone + 1);
  if (auto done = program->run(batch, context.threads()); !done)
    return fail(std::move(done.error()));
  ++stepsDone;
  if (isTraining)
    return program->output("loss");
  int index = program->firstResult();
  const Argument &result = signature.arguments[index];
  Array first(result.type, {1});
  std::memcpy(first.data(), program->data(index), first.byteSize());
  return first.at(0);
}

Expected<Measurement> BenchCommand::measure() {
  Measurement measurement;
  // Steps 1, 2 and 10, or batches 0, 1 and 9.
  for (int number = 1; number <= 10; ++number) {
    Expected<double> value = step();
    if (!value)
      return fail(std::move(value.error()));
    if (number == 1 || number == 2 || number == 10)
      measurement.check.push_back(*value);
  }
  Clock::time_point start = Clock::now();
  for (int done = 0; done < 3 || millisecondsSince(start) < 500; ++done)
    if (Expected<double> value = step(); !value)
      return fail(std::move(value.error()));
  std::vector<double> means;
  for (int block = 0; block < 7; ++block) {
    start = Clock::now();
    int64_t steps = 0;
    do {
      if (Expected<double> value = step(); !value)
        return fail(std::move(value.error()));
      ++steps;
    } while (millisecondsSince(start) < 200);
    means.push_back(millisecondsSince(start) / static_cast<double>(steps));
  }
  std::sort(means.begin(), means.end());
  measurement.median = means[means.size() / 2];
  measurement.least = means.front();
  return measurement;
}

Expected<nlohmann::ordered_json> BenchCommand::run() {
  bool hasWeights = context.args.has("weights");
  if (hasWeights != context.args.has("batches"))
    return fail(ErrorCode::optionMissing, "nnc bench",
                "both --weights and --batches");
  if (unsigned threads = context.threads())
    pinTo(threads);
  if (auto done = compile(); !done)
    return fail(std::move(done.error()));
  if (!program)
    return nlohmann::ordered_json();
  if (hasWeights) {
    if (auto done = assignBenchWeights(*context.args.value("weights"),
                                       program->signature(), store);
        !done)
      return fail(std::move(done.error()));
    if (auto done = readBatches(*context.args.value("batches")); !done)
      return fail(std::move(done.error()));
  } else {
    makeBatches();
  }
  Expected<Measurement> measured = measure();
  if (!measured)
    return fail(std::move(measured.error()));
  const Signature &signature = program->signature();
  double gflop = static_cast<double>(signature.flop) * 1e-9;
  struct rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  unsigned threads = context.threads() ? context.threads() : availableThreads();
  nlohmann::ordered_json object = {
      {"model", model.source.model},
      {"mode", isTraining ? "train" : "infer"},
      {"batch", batch},
      {"threads", threads},
      {"step_ms_median", measured->median},
      {"step_ms_min", measured->least},
      {"samples_per_s", static_cast<double>(batch) / measured->median * 1e3},
      {"gflop_per_step", gflop},
      {"gflops", gflop / measured->median * 1e3},
      {"compile_ms", compileMilliseconds},
      {"cached", isCached},
      {"arena_bytes", signature.arenaBytes},
      {"peak_rss_mb", static_cast<double>(usage.ru_maxrss) / 1024}};
  if (hasWeights)
    object["check"] = measured->check;
  return object;
}

int nnc::tool::run_bench(Context &context) {
  int status = 0;
  std::optional<ModelFile> model = context.openModel(status);
  if (!model)
    return status;
  std::optional<TrainSettings> settings = context.settings(*model, status);
  if (!settings)
    return status;
  BenchCommand command(context, *model, *settings);
  Expected<nlohmann::ordered_json> result = command.run();
  if (!result)
    return context.fail(result.error());
  if (result->is_null())
    return command.status;
  if (context.isJson()) {
    context.print(*result);
    return 0;
  }
  for (const auto &item : result->items())
    context.print(fmt::format("{:<16} {}\n", item.key(),
                              item.value().is_number_float()
                                  ? shortNumber(item.value().get<double>())
                                  : item.value().dump()));
  return 0;
}

//===- Workload.cpp - A program with data to run it on --------------------===//

#include "Workload.h"
#include "BenchWeights.h"
#include "nnc/Formats/Npy.h"
#include "nnc/Runtime/Team.h"
#include "nnc/Support/Philox.h"
#include "nnc/Training/Schedules.h"
#include <cstring>
#include <sched.h>
#include <span>

using namespace nnc;
using namespace nnc::tool;

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

/// The target as training on class numbers or floats would bind it.
Expected<DataBinding>
Workload::targetBinding(const ast::Function &function) const {
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

Expected<void> Workload::compile(bool profile) {
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
  compile.precision = nameOf(settings.precision);
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
  options.profile = profile;
  options.memory = compile.memory;
  Expected<ProgramProvider> programs = context.programs(/*onlyIfAsked=*/true);
  if (!programs)
    return fail(std::move(programs.error()));
  if (context.printPhases(*programs, model, options, status))
    return {};
  // What the cache keeps does not describe its kernels.
  auto compiled =
      programs->get(model.source, profile ? "" : model.identity, options);
  if (!compiled)
    return fail(std::move(compiled.error()));
  context.times.add("program", programs->phases());
  compileMilliseconds = compiled->milliseconds;
  isCached = compiled->cached;
  kernels = compiled->executable->content().kernels;
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

/// Fills \p bytes with values of \p input from \p random: floats uniform in
/// [0, 1), whole numbers uniform below \p bound.
static void fillInput(const Argument &input, int64_t bound,
                      RandomStream &random, std::span<std::byte> bytes) {
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

/// \p count batches of \p batchBytes that lie one after another in \p bytes.
static std::vector<AlignedBuffer> batchesOf(std::span<const std::byte> bytes,
                                            int64_t count, int64_t batchBytes) {
  std::vector<AlignedBuffer> batches;
  for (int64_t number = 0; number < count; ++number) {
    batches.emplace_back(batchBytes);
    std::memcpy(batches.back().data(), bytes.data() + number * batchBytes,
                batchBytes);
  }
  return batches;
}

void Workload::makeBatches() {
  const Signature &signature = program->signature();
  std::vector<int> inputs = signature.indicesOf(Role::input);
  int64_t bytes = 1;
  for (int index : inputs)
    if (signature.arguments[index].name != "target")
      bytes += signature.arguments[index].byteCount();
  constexpr int64_t poolBytes = 32 << 20;
  poolSize = std::max<int64_t>(2, std::min<int64_t>(64, poolBytes / bytes));
  // Inputs of fixed sizes are no batches that follow one another.
  if (std::none_of(inputs.begin(), inputs.end(), [&](int index) {
        return signature.arguments[index].batched;
      }))
    poolSize = 1;
  pools.clear();
  for (int index : inputs) {
    const Argument &input = signature.arguments[index];
    // Classes of the target; below the vocabulary of an embedding's ids.
    int64_t bound = input.name == "target" ? resultWidth(*program) : 0;
    if (bound <= 0)
      bound = std::max<int64_t>(2, input.fanIn);
    RandomStream random(0, RandomPurpose::initializer, 1,
                        static_cast<uint32_t>(index));
    std::vector<AlignedBuffer> &batches = pools.emplace_back();
    for (int64_t number = 0; number < poolSize; ++number) {
      AlignedBuffer &values = batches.emplace_back(input.byteCount());
      fillInput(input, bound, random,
                {static_cast<std::byte *>(values.data()),
                 static_cast<size_t>(values.size())});
    }
  }
}

Expected<void> Workload::readBatches(const std::string &path) {
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
    Array converted;
    if (found->type() != input.type)
      converted = found->to(input.type);
    const Array &values = found->type() == input.type ? *found : converted;
    if (values.rank() == 0 || values.rowBytes() != input.byteCount())
      return fail(
          ErrorCode::inputShape, input.name,
          fmt::format("{}{}", nameOf(input.type), toString(input.shape)),
          fmt::format("batches of {}", toString(values.shape())));
    poolSize = values.rows();
    pools.push_back(batchesOf(values.bytes(), poolSize, input.byteCount()));
  }
  if (poolSize < 1)
    return fail(ErrorCode::emptyData, path);
  return {};
}

Expected<double> Workload::step() {
  const Signature &signature = program->signature();
  std::vector<int> inputs = signature.indicesOf(Role::input);
  for (size_t i = 0; i < inputs.size(); ++i)
    program->attach(inputs[i], pools[i][stepsDone % poolSize].data());
  if (isTraining) {
    const SettingValue &optimizer = settings.trainSteps.front().optimizer;
    if (int index = optimizer.builtin->indexOf("learning_rate"); index >= 0)
      program->setScalar(
          "learning_rate",
          scheduleValue(optimizer.elements[index], 0, stepsDone));
  }
  program->setScalar("step", stepsDone + 1);
  bool sameParameters = !isTraining && stepsDone > 0;
  if (auto done = program->run(batch, context.threads(), sameParameters); !done)
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

unsigned Workload::threads() const {
  return context.threads() ? context.threads() : availableThreads();
}

Expected<void> Workload::prepare(bool profile) {
  bool hasWeights = context.args.has("weights");
  if (hasWeights != context.args.has("batches"))
    return fail(ErrorCode::optionMissing, "nnc " + context.args.verb,
                "both --weights and --batches");
  if (unsigned threads = context.threads())
    pinTo(threads);
  if (auto done = compile(profile); !done || !program)
    return done;
  if (!hasWeights) {
    makeBatches();
    return {};
  }
  if (auto done = assignBenchWeights(*context.args.value("weights"),
                                     program->signature(), store);
      !done)
    return done;
  return readBatches(*context.args.value("batches"));
}

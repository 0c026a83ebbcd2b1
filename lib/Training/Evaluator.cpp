//===- Evaluator.cpp - Loss and metrics of a model on data ----------------===//

#include "nnc/Training/Evaluator.h"
#include "nnc/Runtime/Team.h"
#include <numeric>

using namespace nnc;

CompileOptions CompileSettings::options(ProgramKind kind,
                                        const DataBinding &binding,
                                        int64_t batch) const {
  CompileOptions options;
  options.kind = kind;
  options.sizes = binding.sizes;
  options.sizes["batch"] = batch;
  for (const DataBinding::Slot &slot : binding.slots)
    options.fields[slot.input] = {slot.type, slot.sampleShape};
  options.optimizationLevel = optimizationLevel;
  options.precision = precision;
  if (kind == ProgramKind::trainStep)
    options.memory = memory;
  options.keepsPrepared = kind != ProgramKind::trainStep;
  options.threads = static_cast<int>(threads ? threads : availableThreads());
  return options;
}

int64_t nnc::resultWidth(const BoundProgram &program) {
  int index = program.firstResult();
  if (index < 0)
    return 0;
  const Argument &result = program.signature().arguments[index];
  return result.shape.size() < 2 ? 1 : result.shape.back();
}

//===----------------------------------------------------------------------===//
// MetricSet
//===----------------------------------------------------------------------===//

Expected<MetricSet> MetricSet::make(const std::vector<SettingValue> &calls,
                                    const std::string &loss,
                                    const BoundProgram &program) {
  MetricSet set;
  int64_t width = resultWidth(program);
  int target = program.signature().indexOf(Role::input, "target");
  if (!calls.empty() && (width == 0 || target < 0))
    return fail(ErrorCode::metricWithoutResult, metricKey(calls.front()));
  for (const SettingValue &call : calls) {
    auto metric = makeMetric(call, meaningOf(loss, width), width);
    if (!metric)
      return fail(std::move(metric.error()));
    // A class number a row cannot be subtracted from several outputs.
    const std::string &key = (*metric)->key();
    bool compares = key == "mse" || key == "mae" || key == "r2";
    int64_t targets = program.signature().arguments[target].elementCount();
    int64_t results =
        program.signature().arguments[program.firstResult()].elementCount();
    if (compares && targets != results)
      return fail(ErrorCode::metricShape, key, results, targets);
    set.metrics.push_back(std::move(*metric));
  }
  return set;
}

void MetricSet::add(const BoundProgram &program, int64_t samples) {
  if (metrics.empty())
    return;
  const Signature &signature = program.signature();
  int resultIndex = program.firstResult();
  int targetIndex = signature.indexOf(Role::input, "target");
  const Argument &result = signature.arguments[resultIndex];
  const Argument &target = signature.arguments[targetIndex];
  MetricBatch batch;
  batch.output = program.data(resultIndex);
  batch.outputType = result.type;
  batch.width = resultWidth(program);
  int64_t capacity = std::max<int64_t>(1, signature.batch);
  batch.rows = result.elementCount() / capacity / batch.width * samples;
  batch.target = program.data(targetIndex);
  batch.targetType = target.type;
  int64_t targets = target.elementCount() / capacity * samples;
  batch.targetWidth =
      batch.rows ? std::max<int64_t>(1, targets / batch.rows) : 1;
  for (const auto &metric : metrics)
    metric->add(batch);
}

void MetricSet::reset() {
  for (const auto &metric : metrics)
    metric->reset();
}

std::vector<std::pair<std::string, double>> MetricSet::values() const {
  std::vector<std::pair<std::string, double>> list;
  for (const auto &metric : metrics)
    if (metric->key() != "confusion")
      list.emplace_back(metric->key(), metric->value());
  return list;
}

//===----------------------------------------------------------------------===//
// Evaluator
//===----------------------------------------------------------------------===//

CompileOptions Evaluator::request(const SettingValue &loss,
                                  const DataBinding &binding, int64_t samples,
                                  const CompileSettings &settings) {
  CompileOptions options = settings.options(
      loss.isNone() ? ProgramKind::predict : ProgramKind::evaluate, binding,
      loss.isNone() ? predictionBatch(samples)
                    : std::max<int64_t>(1, std::min(samples, evaluationBatch)));
  if (!loss.isNone())
    options.train.loss = print(loss);
  return options;
}

Expected<Evaluator> Evaluator::make(const ModelFile &model,
                                    const SettingValue &loss,
                                    const std::vector<SettingValue> &metrics,
                                    const DataBinding &binding, int64_t samples,
                                    const CompileSettings &settings,
                                    ProgramProvider &provider,
                                    ParameterStore &store, uint64_t seed) {
  CompileOptions options = request(loss, binding, samples, settings);
  ModelSource source = model.source;
  auto compiled = provider.get(source, model.identity, options);
  if (!compiled)
    return fail(std::move(compiled.error()));
  Evaluator evaluator;
  evaluator.threads = settings.threads;
  evaluator.milliseconds = compiled->milliseconds;
  evaluator.cached = compiled->cached;
  if (auto declared = store.declare(compiled->executable->signature(), seed);
      !declared)
    return fail(std::move(declared.error()));
  auto bound = BoundProgram::make(std::move(compiled->executable), store);
  if (!bound)
    return fail(std::move(bound.error()));
  evaluator.bound = std::make_unique<BoundProgram>(std::move(*bound));
  evaluator.bound->setScalar("seed", static_cast<int64_t>(seed));
  auto set = MetricSet::make(metrics,
                             loss.isCall() ? loss.builtin->name : std::string(),
                             *evaluator.bound);
  if (!set)
    return fail(std::move(set.error()));
  evaluator.metrics = std::move(*set);
  return evaluator;
}

int64_t Evaluator::classes() const {
  int64_t width = resultWidth(*bound);
  return width > 1 ? width : 0;
}

Expected<void> Evaluator::forEachBatch(
    const BoundData &data,
    const std::function<void(const BoundProgram &, int64_t, int64_t)> &visit) {
  std::vector<int64_t> indices;
  for (int64_t begin = 0; begin < data.samples(); begin += bound->batch()) {
    int64_t count = std::min(bound->batch(), data.samples() - begin);
    indices.resize(count);
    std::iota(indices.begin(), indices.end(), begin);
    data.gather(indices, *bound);
    bool sameParameters = begin > 0 || keepsParameters;
    if (auto done = bound->run(count, threads, sameParameters); !done)
      return done;
    visit(*bound, begin, count);
  }
  return {};
}

Expected<Scores> Evaluator::run(const BoundData &data) {
  metrics.reset();
  double sum = 0;
  Expected<void> done = forEachBatch(
      data, [&](const BoundProgram &program, int64_t, int64_t count) {
        sum += program.output("loss");
        metrics.add(program, count);
      });
  if (!done)
    return fail(std::move(done.error()));
  Scores scores;
  scores.samples = data.samples();
  scores.loss = sum / static_cast<double>(data.samples());
  scores.metrics = metrics.values();
  for (const auto &metric : metrics.all())
    if (metric->key() == "confusion")
      scores.confusion = metric->table();
  return scores;
}

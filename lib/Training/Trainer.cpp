//===- Trainer.cpp - Preparing a training ---------------------------------===//

#include "nnc/Training/Trainer.h"
#include "nnc/Data/Sampling.h"
#include "nnc/Training/Schedules.h"
#include <cmath>

using namespace nnc;

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

static ElementType floatTypeOf(const TrainSettings &settings) {
  return settings.precision == Precision::F64 ? ElementType::f64
                                              : ElementType::f32;
}

Expected<TrainingData> nnc::loadTrainingSet(const TrainSettings &settings) {
  TrainingData data;
  if (!settings.data)
    return data;
  Expected<DataRequest> request =
      toDataRequest(*settings.data, floatTypeOf(settings));
  if (!request)
    return fail(std::move(request.error()));
  Expected<DataSource> source = load(*request);
  if (!source)
    return fail(std::move(source.error()));
  data.train = std::move(source->train);
  for (const DataTransform &transform : request->transforms)
    if (transform.isAugmentation())
      data.augmentations.push_back(transform);
  return data;
}

Expected<TrainingData> nnc::prepareData(const TrainSettings &settings,
                                        TrainingData data) {
  if (settings.validationShare && data.train.samples > 0) {
    Expected<SplitDataset> parts =
        split(data.train, *settings.validationShare, settings.seed);
    if (!parts)
      return fail(std::move(parts.error()));
    data.train = std::move(parts->kept);
    data.validation = std::move(parts->held);
  }
  if (settings.validation) {
    Expected<DataRequest> request =
        toDataRequest(*settings.validation, floatTypeOf(settings));
    if (!request)
      return fail(std::move(request.error()));
    Expected<DataSource> source = load(*request);
    if (!source)
      return fail(std::move(source.error()));
    data.validation = std::move(source->train);
  }
  std::vector<Dataset *> others;
  if (data.validation)
    others.push_back(&*data.validation);
  fitScaling(data.train, others);
  return data;
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

Expected<void> Trainer::checkSettings() const {
  if (!settings.average.isNone())
    return fail(ErrorCode::unsupported, "the setting average");
  for (const StepSettings &step : settings.trainSteps) {
    int index = step.optimizer.builtin->indexOf("learning_rate");
    if (index >= 0)
      if (auto good = checkSchedule(step.optimizer.elements[index]); !good)
        return good;
  }
  return {};
}

/// \p optimizer as text without its learning rate, which programs take as an
/// argument: a new one is no reason to compile again. Adabound's bounds refer
/// to the rate it starts from.
static std::string programText(const SettingValue &optimizer) {
  SettingValue plain = optimizer;
  int index = plain.builtin->indexOf("learning_rate");
  if (index >= 0 && plain.builtin->name != "adabound") {
    Diagnostics scratch;
    SettingScope noNames;
    plain.elements[index] = SettingEvaluator(noNames, scratch)
                                .defaultOf(plain.builtin->parameters[index]);
  }
  return print(plain);
}

Expected<DataBinding> Trainer::bindStep(const StepSettings &step) const {
  bool isBuiltin = step.loss.isCall();
  Expected<const ast::Function *> function =
      model.function(isBuiltin ? "" : step.loss.text);
  if (!function)
    return fail(std::move(function.error()));
  std::vector<ModelInput> inputs = model.inputs(**function);
  if (!readsData()) {
    if (!inputs.empty() || isBuiltin)
      return fail(makeError(ErrorCode::dataMissing)
                      .at(settings.model->name.range.position()));
    return DataBinding();
  }
  ElementType floatType = floatTypeOf(settings);
  Expected<DataBinding> binding = bindInputs(inputs, data.train, floatType);
  if (!binding || !isBuiltin)
    return binding;
  auto bound = bindTarget(*binding, step.loss.builtin->name,
                          model.resultShape(**function),
                          settings.target.value_or(""), data.train, floatType);
  if (!bound)
    return fail(std::move(bound.error()));
  return binding;
}

Expected<void> Trainer::addStep(const StepSettings &stepSettings) {
  Step step;
  step.settings = &stepSettings;
  Expected<DataBinding> binding = bindStep(stepSettings);
  if (!binding)
    return fail(std::move(binding.error()));
  step.binding = std::move(*binding);

  int64_t samples = readsData() ? data.train.samples : 1;
  int64_t batch =
      settings.batchSize ? std::min(settings.batchSize, samples) : samples;
  CompileOptions request =
      compile.options(ProgramKind::trainStep, step.binding, batch);
  request.train.loss = print(stepSettings.loss);
  request.train.optimizer = programText(stepSettings.optimizer);
  request.train.update = stepSettings.update;
  request.train.freeze = settings.freeze;
  request.train.learningRateFactors = settings.learningRates;
  request.train.clipNorm = stepSettings.clipNorm.value_or(0);
  request.train.clipValue = stepSettings.clipValue.value_or(0);
  request.train.accumulate = settings.accumulate;
  auto compiled = provider.get(model.source, model.identity, request);
  if (!compiled)
    return fail(std::move(compiled.error()));
  milliseconds += compiled->milliseconds;
  cached &= compiled->cached;

  std::string prefix = stepSettings.name.empty() ? "" : stepSettings.name + "/";
  const Signature &signature = compiled->executable->signature();
  if (auto done = parameters.declare(signature, settings.seed, prefix); !done)
    return done;
  for (int index : signature.indicesOf(Role::scalar)) {
    const Argument &scalar = signature.arguments[index];
    if (scalar.initializer.empty())
      continue;
    Expected<SettingValue> schedule =
        parseSchedule(scalar.initializer, scalar.name);
    if (!schedule)
      return fail(std::move(schedule.error()));
    step.schedules.emplace_back(scalar.name, std::move(*schedule));
  }
  auto bound =
      BoundProgram::make(std::move(compiled->executable), parameters, prefix);
  if (!bound)
    return fail(std::move(bound.error()));
  step.program = std::make_unique<BoundProgram>(std::move(*bound));
  step.request = std::move(request);
  if (readsData()) {
    int64_t width = resultWidth(*step.program);
    Expected<BoundData> fields =
        BoundData::make(step.binding, data.train, width > 1 ? width : 0);
    if (!fields)
      return fail(std::move(fields.error()));
    step.data = std::move(*fields);
    if (auto added = addAugmentation(step); !added)
      return added;
  }
  steps.push_back(std::move(step));
  return {};
}

Expected<void> Trainer::addAugmentation(Step &step) {
  if (data.augmentations.empty())
    return {};
  for (const DataBinding::Slot &slot : step.binding.slots)
    if (slot.field == data.train.featuresField && slot.input != "target")
      step.augmented = slot.input;
  if (step.augmented.empty())
    return {};
  Expected<Augmenter> made =
      Augmenter::create(data.augmentations, *step.data->find(step.augmented));
  if (!made)
    return fail(std::move(made.error()));
  step.augmenter = std::move(*made);
  return {};
}

Expected<void> Trainer::addValidation() {
  const Step &first = steps.front();
  Expected<Evaluator> made = Evaluator::make(
      model, first.settings->loss, settings.metrics, first.binding,
      data.validation->samples, compile, provider, parameters, settings.seed);
  if (!made)
    return fail(std::move(made.error()));
  evaluator = std::move(*made);
  milliseconds += evaluator->compileMilliseconds();
  cached &= evaluator->isCached();
  Expected<BoundData> fields =
      BoundData::make(first.binding, *data.validation, evaluator->classes());
  if (!fields)
    return fail(std::move(fields.error()));
  validation = std::move(*fields);
  return {};
}

std::vector<std::string> Trainer::measuredKeys() const {
  std::vector<std::string> keys;
  for (const auto &[key, value] : runningValues())
    keys.push_back(key);
  if (evaluator) {
    keys.push_back("validation_loss");
    for (const SettingValue &metric : settings.metrics)
      if (metricKey(metric) != "confusion")
        keys.push_back("validation_" + metricKey(metric));
  }
  return keys;
}

Expected<void> Trainer::describe() {
  Expected<std::string> printed = selfContainedText(*model.program);
  if (!printed)
    return fail(std::move(printed.error()));
  text = std::move(*printed);
  description.model = settings.model->name.text;
  description.loss = print(settings.trainSteps.front().loss);
  for (const SettingValue &metric : settings.metrics)
    description.metrics.push_back(print(metric));
  description.precision = compile.precision;
  description.target = steps.front().program->signature().target;
  if (readsData())
    description.schema = schemaOf(data.train);
  description.settings = settings.printed;
  description.parameters = parameters.parameterCount();
  return {};
}

Expected<std::unique_ptr<Trainer>>
Trainer::make(const ModelFile &model, const TrainSettings &settings,
              const TrainingData &data, ProgramProvider &provider,
              const TrainerOptions &options) {
  std::unique_ptr<Trainer> trainer(
      new Trainer(model, settings, data, provider, options));
  if (auto good = trainer->checkSettings(); !good)
    return fail(std::move(good.error()));
  trainer->compile = options.compile;
  trainer->compile.precision = nameOf(settings.precision);
  for (const StepSettings &step : settings.trainSteps)
    if (auto added = trainer->addStep(step); !added)
      return fail(std::move(added.error()));
  const Step &first = trainer->steps.front();
  auto metrics = MetricSet::make(settings.metrics,
                                 first.settings->loss.isCall()
                                     ? first.settings->loss.builtin->name
                                     : std::string(),
                                 *first.program);
  if (!metrics)
    return fail(std::move(metrics.error()));
  trainer->metrics = std::move(*metrics);
  if (data.validation)
    if (auto added = trainer->addValidation(); !added)
      return fail(std::move(added.error()));
  if (settings.earlyStopping) {
    trainer->earlyStop.emplace(*settings.earlyStopping);
    const std::string &monitor = settings.earlyStopping->monitor;
    std::vector<std::string> known = trainer->measuredKeys();
    if (std::find(known.begin(), known.end(), monitor) == known.end())
      return fail(ErrorCode::monitorUnknown, monitor,
                  monitor.starts_with("validation_") && !data.validation
                      ? "; there is no 'validation'"
                      : suggestion(monitor, known));
  }
  if (!options.weights.empty()) {
    std::vector<TensorView> views;
    for (const NamedArray &weight : options.weights)
      views.push_back(TensorView::of(weight));
    if (auto done = trainer->parameters.assignWeights(views, "--weights");
        !done)
      return fail(std::move(done.error()));
  }
  if (auto described = trainer->describe(); !described)
    return fail(std::move(described.error()));
  return trainer;
}

Expected<void> Trainer::save(const std::string &path) const {
  std::vector<TensorView> weights = parameters.weights();
  ModelContent content;
  content.model = text;
  content.metadata = nnc::toJson(description);
  content.weights = weights;
  return writeModelArchive(path, content);
}

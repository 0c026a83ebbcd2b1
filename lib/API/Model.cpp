//===- Model.cpp - Training and running models ----------------------------===//

#include "nnc/Model.h"
#include "nnc/Formats/AtomicFile.h"
#include "nnc/Training/OwnSettings.h"
#include "nnc/Training/Prediction.h"
#include "nnc/Training/Trainer.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace nnc;

Expected<DataSource> nnc::load(const std::string &source) {
  Expected<DataSetting> setting = parseDataSetting(source, "load");
  if (!setting)
    return fail(std::move(setting.error()));
  Expected<DataRequest> request = toDataRequest(*setting);
  if (!request)
    return fail(std::move(request.error()));
  return load(*request);
}

namespace {
/// A file of our own, removed at the end.
class TemporaryFile {
public:
  static Expected<TemporaryFile> create(const std::string &suffix) {
    std::error_code problem;
    std::filesystem::path folder =
        std::filesystem::temp_directory_path(problem);
    if (problem)
      folder = ".";
    std::string path = (folder / ("nnc-XXXXXX" + suffix)).string();
    int descriptor = mkstemps(path.data(), static_cast<int>(suffix.size()));
    if (descriptor < 0)
      return fail(ErrorCode::fileWrite, path, std::strerror(errno));
    ::close(descriptor);
    return TemporaryFile(path);
  }
  TemporaryFile(TemporaryFile &&other) noexcept
      : path(std::exchange(other.path, "")) {}
  TemporaryFile &operator=(TemporaryFile &&other) noexcept {
    std::swap(path, other.path);
    return *this;
  }
  ~TemporaryFile() {
    if (!path.empty())
      ::unlink(path.c_str());
  }

  std::string path;

private:
  explicit TemporaryFile(std::string path) : path(std::move(path)) {}
};

/// Keeps the epochs.
class Recorder : public TrainingObserver {
public:
  explicit Recorder(const std::function<void(const Epoch &)> &onEpoch)
      : onEpoch(onEpoch) {}

  void epoch(const EpochRecord &record) override {
    epochs.push_back({record.epoch, record.values, record.seconds});
    if (onEpoch)
      onEpoch(epochs.back());
  }

  std::vector<Epoch> epochs;

private:
  const std::function<void(const Epoch &)> &onEpoch;
};
} // namespace

struct Model::Implementation {
  ModelFile file;
  /// What `file` was read from, if it is ours.
  std::optional<TemporaryFile> own;
  bool isTrained = false;
  ProgramProvider programs;
  /// What is asked of an evaluator.
  struct Request {
    std::string loss;
    std::vector<std::string> metrics;
    DataBinding binding;
    int64_t batch = 1;
    bool operator==(const Request &) const = default;
  };
  /// The evaluators that ran last, the latest in front, over one set of
  /// weights. They stay, with what they prepared, until the weights change.
  std::vector<std::pair<Request, Evaluator>> evaluators;
  ParameterStore weights;

  static Expected<ModelFile> openFile(const std::string &path);
  Expected<TrainSettings>
  settings(std::vector<SettingOverride> overrides) const;
  CompileSettings compileSettings(const TrainSettings &settings,
                                  unsigned threads) const;
  /// An evaluator, kept until the next call, and data as it takes them.
  struct Bound {
    Evaluator *evaluator;
    BoundData data;
  };
  /// The evaluator for \p loss, or for outputs alone, over \p data.
  Expected<Bound> bind(const TrainSettings &settings, const SettingValue &loss,
                       const Dataset &data);
  Expected<DataBinding> bindFields(const TrainSettings &settings,
                                   const SettingValue &loss,
                                   const Dataset &data,
                                   const CompileSettings &compile) const;
  Expected<Evaluator *> evaluatorFor(const TrainSettings &settings,
                                     const SettingValue &loss,
                                     const DataBinding &binding,
                                     int64_t samples,
                                     const CompileSettings &compile);
  void dropEvaluators() {
    evaluators.clear();
    weights = {};
  }
};

Model::Model(std::unique_ptr<Implementation> implementation)
    : implementation(std::move(implementation)) {}
Model::Model(Model &&) = default;
Model &Model::operator=(Model &&) = default;
Model::~Model() = default;

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

Expected<ModelFile> Model::Implementation::openFile(const std::string &path) {
  Diagnostics diagnostics;
  std::optional<ModelFile> file = openModel(path, std::nullopt, diagnostics);
  if (!file)
    return fail(diagnostics.errors().front());
  if (!file->program)
    return fail(ErrorCode::unsupported, "this of an .mlir file");
  return std::move(*file);
}

Expected<Model> Model::open(const std::string &path) {
  Expected<ModelFile> file = Implementation::openFile(path);
  if (!file)
    return fail(std::move(file.error()));
  auto implementation = std::make_unique<Implementation>();
  implementation->isTrained = file->archive.has_value();
  implementation->file = std::move(*file);
  return Model(std::move(implementation));
}

Expected<Model> Model::fromText(const std::string &text) {
  Expected<TemporaryFile> temporary = TemporaryFile::create(".nn");
  if (!temporary)
    return fail(std::move(temporary.error()));
  if (auto written = writeFile(temporary->path, text); !written)
    return fail(std::move(written.error()));
  Expected<Model> model = open(temporary->path);
  if (model)
    model->implementation->own = std::move(*temporary);
  return model;
}

Expected<void> Model::save(const std::string &path) const {
  if (!implementation->isTrained)
    return fail(ErrorCode::unsupported, "saving a model that is not trained");
  const std::string &from = implementation->file.path;
  std::ifstream file(from, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  if (!file)
    return fail(ErrorCode::fileRead, from, std::strerror(errno));
  return writeFile(path, std::move(bytes).str());
}

//===----------------------------------------------------------------------===//
// Settings
//===----------------------------------------------------------------------===//

Expected<TrainSettings>
Model::Implementation::settings(std::vector<SettingOverride> overrides) const {
  std::vector<SettingOverride> all = ownSettings(file);
  all.insert(all.end(), overrides.begin(), overrides.end());
  return resolveTrain(*file.program, file.declaration->name.text, all);
}

CompileSettings
Model::Implementation::compileSettings(const TrainSettings &settings,
                                       unsigned threads) const {
  CompileSettings compile;
  compile.precision = nameOf(settings.precision);
  compile.threads = threads;
  return compile;
}

static std::string listText(const std::vector<std::string> &metrics) {
  return fmt::format("[{}]", fmt::join(metrics, ", "));
}

static std::vector<SettingOverride> overridesOf(const TrainOptions &options) {
  std::vector<SettingOverride> overrides;
  auto add = [&](const std::string &name, const std::string &text) {
    overrides.push_back({name, text, name});
  };
  if (!options.loss.empty())
    add("loss", options.loss);
  if (!options.optimizer.empty())
    add("optimizer", options.optimizer);
  if (!options.metrics.empty())
    add("metrics", listText(options.metrics));
  if (options.batchSize)
    add("batch_size", std::to_string(*options.batchSize));
  if (options.epochs)
    add("epochs", std::to_string(*options.epochs));
  if (options.steps)
    add("steps", std::to_string(*options.steps));
  if (options.seed)
    add("seed", std::to_string(*options.seed));
  if (options.validation)
    add("validation", "none");
  else if (options.validationShare)
    add("validation", fmt::format("{:.17g}", *options.validationShare));
  for (const auto &[name, text] : options.settings)
    add(name, text);
  return overrides;
}

//===----------------------------------------------------------------------===//
// Training
//===----------------------------------------------------------------------===//

Expected<History> Model::train(const Dataset &data,
                               const TrainOptions &options) {
  Implementation &impl = *implementation;
  impl.dropEvaluators();
  Expected<TrainSettings> settings = impl.settings(overridesOf(options));
  if (!settings)
    return fail(std::move(settings.error()));
  TrainingData all;
  all.train = data;
  if (options.validation) {
    all.validation = options.validation;
    Dataset *others[] = {&*all.validation};
    fitScaling(all.train, others);
  } else {
    Expected<TrainingData> parts = prepareData(*settings, std::move(all));
    if (!parts)
      return fail(std::move(parts.error()));
    all = std::move(*parts);
  }
  TrainerOptions how;
  how.compile = impl.compileSettings(*settings, options.threads);
  if (impl.file.archive)
    for (const TensorView &tensor : impl.file.archive->weights().tensors)
      how.weights.push_back({tensor.name, tensor.toArray()});
  auto trainer = Trainer::make(impl.file, *settings, all, impl.programs, how);
  if (!trainer)
    return fail(std::move(trainer.error()));
  Recorder recorder(options.onEpoch);
  Expected<TrainingResult> result = (*trainer)->run(recorder);
  if (!result)
    return fail(std::move(result.error()));

  Expected<TemporaryFile> trained = TemporaryFile::create(".nnm");
  if (!trained)
    return fail(std::move(trained.error()));
  if (auto saved = (*trainer)->save(trained->path); !saved)
    return fail(std::move(saved.error()));
  Expected<ModelFile> file = Implementation::openFile(trained->path);
  if (!file)
    return fail(std::move(file.error()));
  impl.file = std::move(*file);
  impl.own = std::move(*trained);
  impl.isTrained = true;
  return History{std::move(recorder.epochs), result->steps,
                 std::move(result->values),
                 result->end == TrainingResult::End::stoppedEarly};
}

//===----------------------------------------------------------------------===//
// Evaluating and predicting
//===----------------------------------------------------------------------===//

Expected<DataBinding>
Model::Implementation::bindFields(const TrainSettings &settings,
                                  const SettingValue &loss, const Dataset &data,
                                  const CompileSettings &compile) const {
  Expected<const ast::Function *> function =
      file.function(loss.isName() ? loss.text : file.source.fn);
  if (!function)
    return fail(std::move(function.error()));
  Expected<DataBinding> binding =
      bindInputs(file.inputs(**function), data, compile.floatType());
  if (!binding)
    return binding;
  if (loss.isCall())
    if (auto target = bindTarget(
            *binding, loss.builtin->name, file.resultShape(**function),
            settings.target.value_or(""), data, compile.floatType());
        !target)
      return fail(std::move(target.error()));
  return binding;
}

Expected<Evaluator *>
Model::Implementation::evaluatorFor(const TrainSettings &settings,
                                    const SettingValue &loss,
                                    const DataBinding &binding, int64_t samples,
                                    const CompileSettings &compile) {
  const std::vector<SettingValue> metrics =
      loss.isNone() ? std::vector<SettingValue>{} : settings.metrics;
  Request request{print(loss), {}, binding};
  for (const SettingValue &metric : metrics)
    request.metrics.push_back(print(metric));
  request.batch =
      Evaluator::request(loss, binding, samples, compile).sizes.at("batch");
  auto known =
      std::find_if(evaluators.begin(), evaluators.end(),
                   [&](const auto &kept) { return kept.first == request; });
  if (known != evaluators.end()) {
    std::rotate(evaluators.begin(), known, known + 1);
    return &evaluators.front().second;
  }
  Expected<Evaluator> made =
      Evaluator::make(file, loss, metrics, binding, samples, compile, programs,
                      weights, static_cast<uint64_t>(settings.seed));
  if (!made)
    return fail(std::move(made.error()));
  if (file.archive)
    if (auto assigned =
            weights.assignWeights(file.archive->weights().tensors, file.path);
        !assigned)
      return fail(std::move(assigned.error()));
  made->keepParameters();
  // Predictions of one sample and of many, and evaluations.
  constexpr size_t mostEvaluators = 4;
  if (evaluators.size() == mostEvaluators)
    evaluators.pop_back();
  evaluators.emplace(evaluators.begin(), std::move(request), std::move(*made));
  return &evaluators.front().second;
}

Expected<Model::Implementation::Bound>
Model::Implementation::bind(const TrainSettings &settings,
                            const SettingValue &loss, const Dataset &data) {
  CompileSettings compile = compileSettings(settings, 0);
  Expected<DataBinding> binding = bindFields(settings, loss, data, compile);
  if (!binding)
    return fail(std::move(binding.error()));
  Expected<Evaluator *> evaluator =
      evaluatorFor(settings, loss, *binding, data.samples, compile);
  if (!evaluator)
    return fail(std::move(evaluator.error()));
  Expected<BoundData> fields =
      BoundData::make(*binding, data, (*evaluator)->classes());
  if (!fields)
    return fail(std::move(fields.error()));
  return Bound{*evaluator, std::move(*fields)};
}

Expected<Evaluation> Model::evaluate(const Dataset &data,
                                     const std::vector<std::string> &metrics) {
  std::vector<SettingOverride> overrides;
  if (!metrics.empty())
    overrides.push_back({"metrics", listText(metrics), "metrics"});
  Expected<TrainSettings> settings = implementation->settings(overrides);
  if (!settings)
    return fail(std::move(settings.error()));
  const SettingValue &loss = settings->trainSteps.front().loss;
  if (loss.isNone())
    return fail(ErrorCode::lossMissing, "evaluating");
  auto bound = implementation->bind(*settings, loss, data);
  if (!bound)
    return fail(std::move(bound.error()));
  Expected<Scores> scores = bound->evaluator->run(bound->data);
  if (!scores)
    return fail(std::move(scores.error()));
  return Evaluation{scores->samples, scores->loss, std::move(scores->metrics)};
}

Expected<Array> Model::predict(const Dataset &data) {
  Expected<TrainSettings> settings = implementation->settings({});
  if (!settings)
    return fail(std::move(settings.error()));
  auto bound = implementation->bind(*settings, SettingValue::none(), data);
  if (!bound)
    return fail(std::move(bound.error()));
  Expected<Predictions> predictions =
      nnc::predict(*bound->evaluator, bound->data);
  if (!predictions)
    return fail(std::move(predictions.error()));
  return std::move(predictions->output);
}

//===- Evaluate.cpp - nnc evaluate ----------------------------------------===//

#include "Context.h"
#include "nnc/Data/Schema.h"
#include "nnc/Training/Binding.h"
#include <cmath>

using namespace nnc;
using namespace nnc::tool;

/// The samples to evaluate on: the source's own test part where it has one,
/// read as the model's training data were.
static Expected<Dataset> samplesFor(const ModelFile &model,
                                    const TrainSettings &settings) {
  if (!settings.data)
    return fail(ErrorCode::optionMissing, "nnc evaluate", "--data D");
  ElementType floatType = settings.precision == Precision::F64
                              ? ElementType::f64
                              : ElementType::f32;
  Expected<DataRequest> request = toDataRequest(*settings.data, floatType);
  if (!request)
    return fail(std::move(request.error()));
  bool hasSchema = model.metadata && model.metadata->schema;
  Expected<DataSource> source =
      hasSchema ? loadAs(*request, *model.metadata->schema) : load(*request);
  if (!source)
    return fail(std::move(source.error()));
  Dataset data =
      source->test ? std::move(*source->test) : std::move(source->train);
  // Without a schema the data can only be scaled by themselves.
  if (!hasSchema)
    fitScaling(data, {});
  return data;
}

/// The metrics asked for, and those that a classifier always has.
static Expected<std::vector<SettingValue>>
metricsFor(const TrainSettings &settings, bool isClassifier, bool isText) {
  std::vector<SettingValue> metrics = settings.metrics;
  auto add = [&](const char *name) -> Expected<void> {
    for (const SettingValue &metric : metrics)
      if (metric.isCall(name))
        return {};
    Expected<std::vector<SettingValue>> made = parseMetrics(name, "--metrics");
    if (!made)
      return fail(std::move(made.error()));
    metrics.push_back(std::move(made->front()));
    return {};
  };
  if (!isClassifier)
    return metrics;
  if (auto added = add("accuracy"); !added)
    return fail(std::move(added.error()));
  if (isText)
    if (auto added = add("confusion"); !added)
      return fail(std::move(added.error()));
  return metrics;
}

/// The table of true and given classes with their names.
static std::string confusionText(const std::vector<std::vector<int64_t>> &table,
                                 const std::vector<std::string> &names) {
  auto nameOf = [&](size_t index) {
    return index < names.size() ? names[index] : std::to_string(index);
  };
  size_t width = 4;
  for (size_t i = 0; i < table.size(); ++i) {
    width = std::max(width, nameOf(i).size());
    for (int64_t count : table[i])
      width = std::max(width, std::to_string(count).size());
  }
  width = std::min<size_t>(width, 12);
  std::string text = "confusion (rows: true class, columns: given class)\n";
  text += std::string(width, ' ');
  for (size_t i = 0; i < table.size(); ++i)
    text += fmt::format(" {:>{}.{}}", nameOf(i), width, width);
  text += '\n';
  for (size_t i = 0; i < table.size(); ++i) {
    text += fmt::format("{:>{}.{}}", nameOf(i), width, width);
    for (int64_t count : table[i])
      text += fmt::format(" {:>{}}", count, width);
    text += '\n';
  }
  return text;
}

namespace {
struct Evaluation {
  Scores scores;
  std::vector<std::string> classNames;
};
} // namespace

/// Nothing if the run ended with a phase that was printed, with \p status.
static Expected<std::optional<Evaluation>>
evaluate(Context &context, const ModelFile &model,
         const TrainSettings &settings, int &status) {
  const SettingValue &loss = settings.trainSteps.front().loss;
  if (loss.isNone())
    return fail(ErrorCode::lossMissing, "evaluating");
  Expected<const ast::Function *> function =
      model.function(loss.isName() ? loss.text : model.source.fn);
  if (!function)
    return fail(std::move(function.error()));
  // An expression of parameters alone is evaluated once, without data.
  Dataset none;
  none.samples = 1;
  Expected<Dataset> data = loss.isName() && model.inputs(**function).empty()
                               ? Expected<Dataset>(std::move(none))
                               : samplesFor(model, settings);
  if (!data)
    return fail(std::move(data.error()));
  context.times.add("data");

  CompileSettings compile = context.compileSettings();
  compile.precision = nameOf(settings.precision);
  Expected<DataBinding> binding =
      bindInputs(model.inputs(**function), *data, compile.floatType());
  if (!binding)
    return fail(std::move(binding.error()));
  bool isClassifier = false;
  if (loss.isCall()) {
    const std::string &name = loss.builtin->name;
    std::vector<int64_t> result = model.resultShape(**function);
    if (auto bound =
            bindTarget(*binding, name, result, settings.target.value_or(""),
                       *data, compile.floatType());
        !bound)
      return fail(std::move(bound.error()));
    int64_t width = result.size() < 2 ? 1 : result.back();
    isClassifier = meaningOf(name, width).isClassifier;
  }
  Expected<std::vector<SettingValue>> metrics =
      metricsFor(settings, isClassifier, !context.isJson());
  if (!metrics)
    return fail(std::move(metrics.error()));

  Expected<ProgramProvider> programs = context.programs();
  if (!programs)
    return fail(std::move(programs.error()));
  if (context.printPhases(
          *programs, model,
          Evaluator::request(loss, *binding, data->samples, compile), status))
    return std::nullopt;
  ParameterStore store;
  Expected<Evaluator> evaluator =
      Evaluator::make(model, loss, *metrics, *binding, data->samples, compile,
                      *programs, store, static_cast<uint64_t>(settings.seed));
  if (!evaluator)
    return fail(std::move(evaluator.error()));
  context.times.add("program", programs->phases());
  if (auto loaded = loadWeights(context, model, store); !loaded)
    return fail(std::move(loaded.error()));
  Expected<BoundData> fields =
      BoundData::make(*binding, *data, evaluator->classes());
  if (!fields)
    return fail(std::move(fields.error()));
  Expected<Scores> scores = evaluator->run(*fields);
  if (!scores)
    return fail(std::move(scores.error()));
  context.times.add("evaluation");
  Evaluation evaluation{std::move(*scores), {}};
  if (const Field *target = data->target())
    evaluation.classNames = target->classNames;
  return evaluation;
}

int nnc::tool::run_evaluate(Context &context) {
  Expected<std::vector<Requirement>> requirements = requirementsOf(context);
  if (!requirements)
    return context.fail(requirements.error());
  int status = 0;
  std::optional<ModelFile> model = context.openModel(status);
  if (!model)
    return status;
  std::optional<TrainSettings> settings = context.settings(*model, status);
  if (!settings)
    return status;
  context.times.add("model");
  Expected<std::optional<Evaluation>> done =
      evaluate(context, *model, *settings, status);
  if (!done)
    return context.fail(done.error());
  if (!*done)
    return status;
  const Evaluation &evaluation = **done;
  const Scores &scores = evaluation.scores;
  std::vector<std::pair<std::string, double>> values = {{"loss", scores.loss}};
  values.insert(values.end(), scores.metrics.begin(), scores.metrics.end());
  if (context.isJson()) {
    nlohmann::ordered_json object = {{"samples", scores.samples}};
    for (const auto &[key, value] : values)
      if (std::isfinite(value))
        object[key] = value;
    if (!scores.confusion.empty())
      object["confusion"] = scores.confusion;
    context.print(object);
  } else {
    std::string text = fmt::format("samples   {}\n", scores.samples);
    for (const auto &[key, value] : values)
      text += fmt::format("{:<9} {}\n", key, shortNumber(value));
    if (!scores.confusion.empty())
      text += confusionText(scores.confusion, evaluation.classNames);
    context.print(text);
  }
  return checkRequirements(context, *requirements, values);
}

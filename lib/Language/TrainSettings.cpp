//===- TrainSettings.cpp - What a train block says ------------------------===//

#include "nnc/Language/TrainSettings.h"
#include "OptionText.h"
#include <algorithm>

using namespace nnc;
using namespace nnc::ast;

const char *nnc::nameOf(Precision precision) {
  switch (precision) {
  case Precision::F32:
    return "f32";
  case Precision::F64:
    return "f64";
  case Precision::BF16:
    return "bf16";
  }
  return "";
}

namespace {

/// What names mean in the settings of one model's training: the constants of
/// the file, the fns of the model as losses, its nets.
class TrainScope : public SettingScope {
public:
  TrainScope(const LoadedFile &file, const ModelDecl &model)
      : file(file), model(model) {}

  const SettingValue *constant(const std::string &name) const override {
    return file.constant(name);
  }
  const Expr *namedConstant(const std::string &name) const override {
    return file.namedConstant(name);
  }
  bool isDeclared(const std::string &name, KindSet kinds) const override {
    std::vector<std::string> declared = members(kinds);
    return std::find(declared.begin(), declared.end(), name) != declared.end();
  }
  std::vector<std::string> names(KindSet kinds) const override {
    std::vector<std::string> result = file.names(kinds);
    for (std::string &name : members(kinds))
      result.push_back(std::move(name));
    return result;
  }

private:
  std::vector<std::string> members(KindSet kinds) const {
    std::vector<std::string> result;
    if (kinds & LossKind)
      for (const Function &function : model.functions)
        result.push_back(function.name.text);
    if (kinds & NetKind)
      for (const StatementPtr &member : model.members)
        if (const auto *net = dynAs<NetStatement>(member))
          result.push_back(net->name.text);
    return result;
  }

  const LoadedFile &file;
  const ModelDecl &model;
};

/// A setting with its value and where it came from.
struct Entry {
  SettingValue value;
  bool isDefault = true;
  bool isOverride = false;
};
/// The settings of one block, by name.
using Entries = std::map<std::string, Entry>;

DataSetting requestOf(const SettingValue &value, std::string folder,
                      Diagnostics &diagnostics);

class TrainResolver {
public:
  TrainResolver(const LoadedFile &file, const ModelDecl &model,
                Diagnostics &diagnostics)
      : file(file), scope(file, model), diagnostics(diagnostics),
        evaluator(scope, diagnostics) {
    result.model = &model;
  }

  std::optional<TrainSettings>
  run(const TrainDecl *train, const std::vector<SettingOverride> &overrides) {
    size_t before = diagnostics.errors().size();
    for (const SettingInfo &info : trainSettingInfos())
      if (info.inTrain)
        block[info.parameter.name].value = evaluator.defaultOf(info.parameter);
    if (train)
      readBlocks(*train);
    // What changes a part of a setting comes after what sets it.
    for (unsigned rank = 0; rank < 4; ++rank)
      for (const SettingOverride &override : overrides)
        if (rankOf(override) == rank)
          apply(override);
    if (diagnostics.errors().size() != before)
      return std::nullopt;
    fill();
    fillSteps(train);
    if (diagnostics.errors().size() != before)
      return std::nullopt;
    return std::move(result);
  }

private:
  void readBlocks(const TrainDecl &train);
  void readSettings(const std::vector<Setting> &settings, bool inStep,
                    Entries &entries);
  bool checkPlace(const Setting &setting, const SettingInfo *info, bool inStep);

  static unsigned rankOf(const SettingOverride &override) {
    return override.name == "learning_rate" ? 1
           : override.name == "schedule"    ? 2
           : override.name == "patience"    ? 3
                                            : 0;
  }
  void apply(const SettingOverride &override);
  void applyWhole(const SettingOverride &override, const SettingInfo &info);
  void applyLearningRate(const SettingOverride &override);
  void applyPatience(const SettingOverride &override);
  std::optional<SettingValue> parsed(const SettingOverride &override,
                                     const Parameter &parameter);

  void fill();
  void fillSteps(const TrainDecl *train);
  StepSettings stepOf(const std::string &name, const Entries &entries);
  DataSetting request(const char *name) {
    const Entry &entry = block.at(name);
    return requestOf(entry.value, entry.isOverride ? "" : file.folder,
                     diagnostics);
  }
  void fillLearningRates(const SettingValue &value);
  void print(const std::string &prefix, const Entries &entries);

  const SettingValue &value(const char *name) const {
    return block.at(name).value;
  }

  const LoadedFile &file;
  TrainScope scope;
  Diagnostics &diagnostics;
  SettingEvaluator evaluator;
  Entries block;
  std::vector<Entries> steps;
  TrainSettings result;
};

//===----------------------------------------------------------------------===//
// The block
//===----------------------------------------------------------------------===//

bool TrainResolver::checkPlace(const Setting &setting, const SettingInfo *info,
                               bool inStep) {
  const std::string &name = setting.name.text;
  if (!info) {
    std::vector<std::string> names;
    for (const SettingInfo &other : trainSettingInfos())
      if (inStep ? other.inStep : other.inTrain)
        names.push_back(other.parameter.name);
    diagnostics.error(setting.name.range, ErrorCode::unknownSetting, name,
                      suggestion(name, names));
    return false;
  }
  if (inStep ? !info->inStep : !info->inTrain) {
    diagnostics.error(setting.name.range, ErrorCode::misplacedSetting, name,
                      inStep ? "train" : "step");
    return false;
  }
  return true;
}

/// Says whether \p value asks for more than the default of an unsupported
/// setting.
bool isUsed(const SettingInfo &info, const SettingValue &value) {
  return !info.isSupported && !value.isNone();
}

void TrainResolver::readSettings(const std::vector<Setting> &settings,
                                 bool inStep, Entries &entries) {
  std::map<std::string, const Setting *> seen;
  for (const Setting &setting : settings) {
    const std::string &name = setting.name.text;
    const SettingInfo *info = findSetting(name);
    if (!checkPlace(setting, info, inStep))
      continue;
    auto [first, fresh] = seen.emplace(name, &setting);
    if (!fresh) {
      diagnostics.error(setting.name.range, ErrorCode::settingTwice, name);
      diagnostics.note(first->second->name.range, "given here before");
      continue;
    }
    std::optional<SettingValue> value =
        evaluator.evaluate(*setting.value, name, info->parameter.type);
    if (!value)
      continue;
    if (isUsed(*info, *value)) {
      diagnostics.error(setting.range, ErrorCode::unsupported,
                        fmt::format("the setting '{}'", name));
      continue;
    }
    entries[name] = {std::move(*value), false, false};
  }
}

void TrainResolver::readBlocks(const TrainDecl &train) {
  readSettings(train.settings, false, block);
  std::map<std::string, const Step *> seen;
  for (const Step &step : train.steps) {
    auto [first, fresh] = seen.emplace(step.name.text, &step);
    if (!fresh) {
      diagnostics.error(step.name.range, ErrorCode::declaredTwice,
                        step.name.text);
      diagnostics.note(first->second->name.range, "first declared here");
    }
    readSettings(step.settings, true, steps.emplace_back());
  }
}

//===----------------------------------------------------------------------===//
// The command line
//===----------------------------------------------------------------------===//

std::optional<SettingValue>
TrainResolver::parsed(const SettingOverride &override,
                      const Parameter &parameter) {
  Expected<ParsedExpr> expr =
      parseOption(override.text, override.option, parameter.type);
  if (!expr) {
    diagnostics.report(std::move(expr.error()));
    return std::nullopt;
  }
  result.sources.push_back(expr->source);
  return evaluator.evaluate(*expr->expr, parameter.name, parameter.type);
}

void TrainResolver::apply(const SettingOverride &override) {
  if (override.name == "learning_rate" || override.name == "schedule")
    return applyLearningRate(override);
  if (override.name == "patience")
    return applyPatience(override);
  const SettingInfo *info = findSetting(override.name);
  if (!info || !info->inTrain) {
    std::vector<std::string> names;
    for (const SettingInfo &other : trainSettingInfos())
      if (other.inTrain)
        names.push_back(other.parameter.name);
    diagnostics.report(makeError(ErrorCode::unknownSetting, override.name,
                                 suggestion(override.name, names))
                           .at({override.option, 0, 0, ""}));
    return;
  }
  applyWhole(override, *info);
}

void TrainResolver::applyWhole(const SettingOverride &override,
                               const SettingInfo &info) {
  std::optional<SettingValue> value = parsed(override, info.parameter);
  if (!value)
    return;
  if (isUsed(info, *value)) {
    diagnostics.report(makeError(ErrorCode::unsupported,
                                 fmt::format("the setting '{}'", override.name))
                           .at({override.option, 0, 0, ""}));
    return;
  }
  // What the command line says holds for every step.
  if (info.inStep)
    for (Entries &step : steps)
      step[override.name] = {*value, false, true};
  block[override.name] = {std::move(*value), false, true};
}

void TrainResolver::applyLearningRate(const SettingOverride &override) {
  bool isSchedule = override.name == "schedule";
  Parameter parameter;
  parameter.name = override.name;
  parameter.type.kinds = isSchedule ? ScheduleKind : FloatKind | ScheduleKind;
  parameter.type.minimum = 0;
  auto change = [&](SettingValue &optimizer) {
    int index = optimizer.builtin->indexOf("learning_rate");
    if (index < 0) {
      diagnostics.report(makeError(ErrorCode::unknownArgument,
                                   optimizer.builtin->name, "learning_rate", "")
                             .at({override.option, 0, 0, ""}));
      return;
    }
    SettingValue &rate = optimizer.elements[static_cast<size_t>(index)];
    // A schedule begins at the optimiser's own rate unless it says its own.
    if (isSchedule && rate.isFloat())
      evaluator.fallbacks["value"] = rate;
    if (std::optional<SettingValue> value = parsed(override, parameter))
      rate = std::move(*value);
    evaluator.fallbacks.clear();
  };
  auto mark = [](Entry &entry) {
    entry.isDefault = false;
    entry.isOverride = true;
  };
  for (Entries &step : steps)
    if (auto found = step.find("optimizer"); found != step.end()) {
      change(found->second.value);
      mark(found->second);
    }
  change(block["optimizer"].value);
  mark(block["optimizer"]);
}

void TrainResolver::applyPatience(const SettingOverride &override) {
  const Builtin &patience =
      *findBuiltin(BuiltinKind::EarlyStopping, "patience");
  const Parameter &epochs = patience.parameters.front();
  std::optional<SettingValue> value = parsed(override, epochs);
  if (!value)
    return;
  Entry &entry = block["early_stopping"];
  if (!entry.value.isCall("patience")) {
    entry.value = SettingValue();
    entry.value.kind = SettingValue::Kind::Call;
    entry.value.builtin = &patience;
    for (const Parameter &parameter : patience.parameters)
      entry.value.elements.push_back(evaluator.defaultOf(parameter));
  }
  entry.value.elements.front() = std::move(*value);
  entry.isDefault = false;
  entry.isOverride = true;
}

//===----------------------------------------------------------------------===//
// Typed settings
//===----------------------------------------------------------------------===//

std::optional<int64_t> optionalInt(const SettingValue &value) {
  return value.isNone() ? std::nullopt : std::optional(value.integer);
}
std::optional<double> optionalFloat(const SettingValue &value) {
  return value.isNone() ? std::nullopt : std::optional(value.toDouble());
}

std::vector<std::string> globsOf(const SettingValue &value) {
  std::vector<std::string> globs;
  auto add = [&](const SettingValue &part) {
    globs.push_back(part.isName() ? part.text + ".**" : part.text);
  };
  if (value.isList())
    for (const SettingValue &part : value.elements)
      add(part);
  else
    add(value);
  return globs;
}

/// The request that \p value, of the setting `data` or `validation`, makes.
DataSetting requestOf(const SettingValue &value, std::string folder,
                      Diagnostics &diagnostics) {
  DataSetting request;
  request.folder = std::move(folder);
  if (!value.isList()) {
    request.source = value;
    return request;
  }
  for (const SettingValue &part : value.elements) {
    bool isTransform =
        part.isCall() && part.builtin->kind == BuiltinKind::DataTransform;
    bool isFirst = &part == &value.elements.front();
    if (isTransform == isFirst)
      diagnostics.error(part.range, ErrorCode::malformedSetting, "data",
                        "a data source, then data transforms",
                        describeKind(part));
    else if (isFirst)
      request.source = part;
    else
      request.transforms.push_back(part);
  }
  if (value.elements.empty())
    diagnostics.error(value.range, ErrorCode::malformedSetting, "data",
                      "a data source, then data transforms", "an empty list");
  return request;
}

void TrainResolver::fillLearningRates(const SettingValue &value) {
  for (const SettingValue &pair : value.elements) {
    bool fits = pair.elements.size() == 2 && pair.elements[0].isString() &&
                pair.elements[1].isNumber();
    if (fits)
      result.learningRates.emplace_back(pair.elements[0].text,
                                        pair.elements[1].toDouble());
    else
      diagnostics.error(pair.range, ErrorCode::malformedSetting,
                        "learning_rates", "pairs [glob, factor]",
                        nnc::print(pair));
  }
}

void TrainResolver::fill() {
  if (!value("data").isNone())
    result.data = request("data");
  const SettingValue &validation = value("validation");
  if (validation.isNumber())
    result.validationShare = validation.toDouble();
  else if (!validation.isNone())
    result.validation = request("validation");
  if (value("target").isString())
    result.target = value("target").text;
  result.metrics = value("metrics").elements;
  result.batchSize = value("batch_size").integer;
  result.epochs = value("epochs").integer;
  result.steps = optionalInt(value("steps"));
  result.seed = value("seed").integer;
  result.seedIsDefault = block["seed"].isDefault;
  result.shuffle = value("shuffle").boolean;
  result.lastBatch =
      value("last_batch").text == "drop" ? LastBatch::Drop : LastBatch::Keep;
  result.accumulate = value("accumulate").integer;
  result.average = value("average");
  if (const SettingValue &stopping = value("early_stopping"); stopping.isCall())
    result.earlyStopping = EarlyStopping{stopping.argument("epochs").integer,
                                         stopping.argument("monitor").text,
                                         stopping.argument("restore").boolean};
  result.folds = optionalInt(value("folds"));
  result.freeze = globsOf(value("freeze"));
  fillLearningRates(value("learning_rates"));
  for (Precision precision : {Precision::F32, Precision::F64, Precision::BF16})
    if (value("precision").text == nameOf(precision))
      result.precision = precision;
  print("", block);
}

StepSettings TrainResolver::stepOf(const std::string &name,
                                   const Entries &entries) {
  // What a step leaves out is the train block's.
  auto get = [&](const char *setting) {
    auto found = entries.find(setting);
    if (found != entries.end())
      return found->second.value;
    auto outer = block.find(setting);
    return outer != block.end()
               ? outer->second.value
               : evaluator.defaultOf(findSetting(setting)->parameter);
  };
  StepSettings step;
  step.name = name;
  step.loss = get("loss");
  step.optimizer = get("optimizer");
  step.update = globsOf(get("update"));
  step.every = get("every").integer;
  step.times = get("times").integer;
  step.clipNorm = optionalFloat(get("clip_norm"));
  step.clipValue = optionalFloat(get("clip_value"));
  return step;
}

void TrainResolver::fillSteps(const TrainDecl *train) {
  for (size_t i = 0; i < steps.size(); ++i) {
    const std::string &name = train->steps[i].name.text;
    result.trainSteps.push_back(stepOf(name, steps[i]));
    print(name + ".", steps[i]);
  }
  if (steps.empty())
    result.trainSteps.push_back(stepOf("", {}));
}

void TrainResolver::print(const std::string &prefix, const Entries &entries) {
  for (const auto &[name, entry] : entries)
    result.printed.emplace_back(prefix + name, nnc::print(entry.value));
}

/// A setting of the command line with the text it points into.
struct AloneValue {
  std::shared_ptr<const SourceFile> source;
  SettingValue value;
};

/// The value of the command line's \p text for the setting \p name, without a
/// model.
Expected<AloneValue> parseAlone(const char *name, const std::string &text,
                                const std::string &option) {
  const Parameter &parameter = findSetting(name)->parameter;
  Expected<ParsedExpr> expr = parseOption(text, option, parameter.type);
  if (!expr)
    return fail(std::move(expr.error()));
  Diagnostics diagnostics;
  SettingScope noScope;
  std::optional<SettingValue> value =
      SettingEvaluator(noScope, diagnostics)
          .evaluate(*expr->expr, parameter.name, parameter.type);
  if (!value)
    return fail(diagnostics.errors().front());
  return AloneValue{expr->source, std::move(*value)};
}

/// Drops the ranges of \p value, whose text is about to go.
void clearRanges(SettingValue &value) {
  value.range = {};
  for (SettingValue &element : value.elements)
    clearRanges(element);
}

} // namespace

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

std::optional<TrainSettings> nnc::resolveTrain(
    const SourceProgram &program, const std::optional<std::string> &modelName,
    const std::vector<SettingOverride> &overrides, Diagnostics &diagnostics) {
  Expected<const ModelDecl *> model = selectModel(program, modelName);
  if (!model) {
    diagnostics.report(std::move(model.error()));
    return std::nullopt;
  }
  const LoadedFile &file = program.main();
  return TrainResolver(file, **model, diagnostics)
      .run(file.findTrain((*model)->name.text), overrides);
}

Expected<TrainSettings>
nnc::resolveTrain(const SourceProgram &program,
                  const std::optional<std::string> &modelName,
                  const std::vector<SettingOverride> &overrides) {
  Diagnostics diagnostics;
  std::optional<TrainSettings> settings =
      resolveTrain(program, modelName, overrides, diagnostics);
  if (!settings)
    return fail(diagnostics.errors().front());
  return std::move(*settings);
}

Expected<void> nnc::checkForTraining(const TrainSettings &settings) {
  const SourceRange place = settings.model->name.range;
  bool readsData = false;
  for (const StepSettings &step : settings.trainSteps) {
    if (step.loss.isNone())
      return fail(makeError(ErrorCode::lossMissing,
                            step.name.empty()
                                ? fmt::format("training '{}'",
                                              settings.model->name.text)
                                : fmt::format("the step '{}'", step.name))
                      .at(place.position()));
    readsData |= step.loss.isCall();
  }
  if (!settings.data && (readsData || !settings.steps))
    return fail(makeError(ErrorCode::dataMissing).at(place.position()));
  return {};
}

Expected<DataSetting> nnc::parseDataSetting(const std::string &text,
                                            const std::string &option) {
  Expected<AloneValue> parsed = parseAlone("data", text, option);
  if (!parsed)
    return fail(std::move(parsed.error()));
  Diagnostics diagnostics;
  DataSetting request = requestOf(parsed->value, "", diagnostics);
  if (diagnostics.hasErrors())
    return fail(diagnostics.errors().front());
  clearRanges(request.source);
  for (SettingValue &transform : request.transforms)
    clearRanges(transform);
  return request;
}

Expected<std::vector<SettingValue>>
nnc::parseMetrics(const std::string &text, const std::string &option) {
  Expected<AloneValue> parsed = parseAlone("metrics", text, option);
  if (!parsed)
    return fail(std::move(parsed.error()));
  clearRanges(parsed->value);
  return std::move(parsed->value.elements);
}

Expected<SettingValue> nnc::parseLoss(const std::string &text,
                                      const std::string &option) {
  Expected<AloneValue> parsed = parseAlone("loss", text, option);
  if (!parsed)
    return fail(std::move(parsed.error()));
  clearRanges(parsed->value);
  return std::move(parsed->value);
}

std::string nnc::metricKey(const SettingValue &metric) {
  if (metric.isCall("top_k"))
    return fmt::format("top_{}", metric.argument("k").integer);
  return metric.isCall() ? metric.builtin->name : metric.text;
}

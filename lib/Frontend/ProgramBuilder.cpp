//===- ProgramBuilder.cpp - One program of one model ----------------------===//

#include "ProgramBuilder.h"
#include "CheckNames.h"
#include "TrainStep.h"
#include "Unsupported.h"
#include "nnc/Language/Arguments.h"

using namespace nnc;
using namespace nnc::ast;
using namespace nnc::frontend;

namespace {
/// The names that a loss or an optimiser may use: the file's constants and the
/// model's fns.
class ModelSettings : public SettingScope {
public:
  ModelSettings(const LoadedFile &file, const ModelDecl &model)
      : file(file), model(model) {}

  const SettingValue *constant(const std::string &name) const override {
    return file.constant(name);
  }
  const Expr *namedConstant(const std::string &name) const override {
    return file.namedConstant(name);
  }
  bool isDeclared(const std::string &name, KindSet kinds) const override {
    if (kinds & LossKind)
      for (const Function &function : model.functions)
        if (function.name.text == name)
          return true;
    return false;
  }

private:
  const LoadedFile &file;
  const ModelDecl &model;
};
} // namespace

Error frontend::joinErrors(const Diagnostics &diagnostics) {
  if (!diagnostics.hasErrors())
    return makeError(ErrorCode::internal, "the model gave no program");
  Error first = diagnostics.errors().front();
  first.others.assign(diagnostics.errors().begin() + 1,
                      diagnostics.errors().end());
  return first;
}

void frontend::appendWarnings(const Diagnostics &diagnostics,
                              std::vector<Error> &warnings) {
  for (const ErrorNote &warning : diagnostics.warningList())
    warnings.push_back(
        Error(ErrorCode::unusedTensor, warning.text).at(warning.position));
}

//===----------------------------------------------------------------------===//
// Files and settings
//===----------------------------------------------------------------------===//

bool ProgramBuilder::load() {
  program = loadProgram(source.path, source.text, diagnostics);
  if (!program)
    return false;
  Expected<const ModelDecl *> selected =
      selectModel(*program, source.model.empty() ? std::nullopt
                                                 : std::optional(source.model));
  if (!selected) {
    diagnostics.report(std::move(selected.error()));
    return false;
  }
  decl = *selected;
  for (const auto &candidate : program->files)
    for (const DeclPtr &own : candidate->tree->decls)
      if (own.get() == decl)
        file = candidate.get();
  return readPrecision();
}

bool ProgramBuilder::readPrecision() {
  // What is stored as bf16 is chosen where the graph is fused.
  if (options.precision == "f64") {
    floatType = ElementType::f64;
  } else if (options.precision != "f32" && options.precision != "bf16") {
    diagnostics.report(
        makeError(ErrorCode::unsupported,
                  fmt::format("the precision \"{}\"", options.precision)));
    return false;
  }
  return true;
}

std::optional<SettingValue> ProgramBuilder::readOption(const std::string &text,
                                                       const char *name,
                                                       KindSet kinds) {
  Expected<ParsedExpr> parsed = parseExpression(text, name);
  if (!parsed) {
    diagnostics.report(std::move(parsed.error()));
    return std::nullopt;
  }
  optionSources.push_back(parsed->source);
  ModelSettings scope(*file, *decl);
  SettingEvaluator evaluator(scope, diagnostics);
  ValueType type;
  type.kinds = kinds;
  std::optional<SettingValue> value =
      evaluator.evaluate(*parsed->expr, name, type);
  if (value)
    if (SourceRange range = settingRange(name, text); range.file)
      value->range = range;
  return value;
}

/// Where \p expr, or an element of it, is the name, string or expression
/// \p text; nothing if nowhere.
static SourceRange findWritten(const Expr &expr, const std::string &text) {
  const auto *string = dynAs<StringExpr>(&expr);
  if (string ? string->value == text : expr.range.text() == text)
    return expr.range;
  if (const auto *list = dynAs<ListExpr>(&expr))
    for (const ExprPtr &element : list->elements)
      if (SourceRange found = findWritten(*element, text); found.file)
        return found;
  return {};
}

SourceRange ProgramBuilder::settingRange(const char *setting,
                                         const std::string &text) const {
  const TrainDecl *train = program->main().findTrain(decl->name.text);
  if (!train)
    return {};
  std::vector<const Expr *> values;
  auto gather = [&](const std::vector<Setting> &settings) {
    for (const Setting &own : settings)
      if (own.name.text == setting)
        values.push_back(own.value.get());
  };
  gather(train->settings);
  for (const Step &step : train->steps)
    gather(step.settings);
  for (const Expr *value : values)
    if (SourceRange found = findWritten(*value, text); found.file)
      return found;
  return values.empty() ? SourceRange() : values.front()->range;
}

void ProgramBuilder::checkGlobs(Graph &graph) {
  auto check = [&](const char *setting, const std::string &glob) {
    if (glob == "**")
      return;
    if (std::optional<Error> failure = unmatchedGlob(graph, glob)) {
      SourceRange range = settingRange(setting, glob);
      diagnostics.report(std::move(*failure).at(range.position()));
    }
  };
  for (const std::string &glob : options.train.update)
    check("update", glob);
  // These hold for all steps, of which this one may lack some parameters.
  const TrainDecl *train = program->main().findTrain(decl->name.text);
  if (train && train->steps.size() > 1)
    return;
  for (const std::string &glob : options.train.freeze)
    check("freeze", glob);
  for (const auto &[glob, factor] : options.train.learningRateFactors)
    check("learning_rates", glob);
}

//===----------------------------------------------------------------------===//
// Functions of the model
//===----------------------------------------------------------------------===//

std::vector<const Function *> ProgramBuilder::functions() const {
  std::vector<const Function *> result;
  if (decl->function)
    result.push_back(&*decl->function);
  for (const Function &function : decl->functions)
    result.push_back(&function);
  return result;
}

const Function *ProgramBuilder::findFunction(const std::string &name) const {
  for (const Function &function : decl->functions)
    if (function.name.text == name)
      return &function;
  return nullptr;
}

bool ProgramBuilder::isLossName(const std::string &name) const {
  const TrainDecl *train = program->main().findTrain(decl->name.text);
  if (!train)
    return false;
  auto names = [&](const std::vector<Setting> &settings) {
    for (const Setting &setting : settings)
      if (setting.name.text == "loss")
        if (const auto *loss = dynAs<NameExpr>(setting.value))
          if (loss->name == name)
            return true;
    return false;
  };
  if (names(train->settings))
    return true;
  for (const Step &step : train->steps)
    if (names(step.settings))
      return true;
  return false;
}

const Function *ProgramBuilder::defaultFunction() {
  if (!source.fn.empty()) {
    if (const Function *function = findFunction(source.fn))
      return function;
    std::vector<std::string> names;
    for (const Function &function : decl->functions)
      names.push_back(function.name.text);
    diagnostics.report(makeError(ErrorCode::unknownName, "fn", source.fn,
                                 suggestion(source.fn, names)));
    return nullptr;
  }
  if (decl->function)
    return &*decl->function;
  if (decl->functions.size() == 1)
    return &decl->functions.front();
  for (const Function &function : decl->functions)
    if (!isLossName(function.name.text))
      return &function;
  if (!decl->functions.empty())
    return &decl->functions.front();
  diagnostics.report(makeError(ErrorCode::modelWithoutFn, decl->name.text)
                         .at(decl->name.range.position()));
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

bool ProgramBuilder::good(Graph &graph) {
  if (std::optional<Error> failure = graph.takeError())
    diagnostics.report(std::move(*failure));
  return !diagnostics.hasErrors();
}

std::optional<std::vector<ModelResult>>
ProgramBuilder::elaborate(Elaborator &elaborator, const Function &function) {
  ModelInstance instance;
  instance.decl = decl;
  instance.file = file;
  std::optional<std::vector<ModelResult>> results =
      elaborator.buildEntry(instance, function);
  bool lacks = false;
  for (const Error &error : diagnostics.errors())
    lacks |= error.code == ErrorCode::unsupported;
  if (lacks)
    reportUnsupported(*file, *decl, function, diagnostics);
  return results;
}

std::optional<Graph> ProgramBuilder::buildForward(const Function &function,
                                                  GraphMode mode) {
  Graph graph = makeGraph(context, decl->name.text, mode);
  Elaborator elaborator(graph, diagnostics, floatType);
  std::optional<std::vector<ModelResult>> results =
      elaborate(elaborator, function);
  if (results)
    for (const ModelResult &result : *results)
      graph.output(result.name, result.tensor);
  if (!good(graph) || !results)
    return std::nullopt;
  return graph;
}

bool ProgramBuilder::checkOptimizer() {
  if (!optimizer.isCall("sgd") || !optimizer.argument("nesterov").boolean)
    return true;
  auto check = [&](const char *setting, bool isZeroWanted) {
    double value = optimizer.argument(setting).toDouble();
    if ((value == 0) == isZeroWanted)
      return true;
    diagnostics.error(
        optimizer.range, ErrorCode::settingOutOfRange, setting,
        fmt::format("{} with nesterov", isZeroWanted ? "0" : "above 0"), value);
    return false;
  };
  return check("momentum", false) && check("dampening", true);
}

bool ProgramBuilder::checkRest() {
  if (!diagnostics.hasErrors())
    for (const auto &loaded : program->files)
      checkNames(*loaded, diagnostics);
  return !diagnostics.hasErrors();
}

std::optional<Graph> ProgramBuilder::build() {
  std::optional<Graph> graph;
  if (options.kind != ProgramKind::predict)
    graph = buildWithLoss();
  else if (const Function *function = defaultFunction())
    graph = buildForward(*function, GraphMode::predict);
  return checkRest() ? std::move(graph) : std::nullopt;
}

/// Whether \p value is one number that may be differentiated.
static bool isScalarFloat(const Tensor &value) {
  return value.rank() == 0 && (value.elementType() == nnc::ElementType::f32 ||
                               value.elementType() == nnc::ElementType::f64);
}

std::optional<Graph> ProgramBuilder::buildObjective() {
  const Function *function = defaultFunction();
  if (!function)
    return std::nullopt;
  Graph graph = makeGraph(context, decl->name.text, GraphMode::training);
  Elaborator elaborator(graph, diagnostics, floatType);
  std::optional<std::vector<ModelResult>> results =
      elaborate(elaborator, *function);
  if (!results || !good(graph))
    return std::nullopt;
  const Tensor &value = results->front().tensor;
  if (!isScalarFloat(value)) {
    diagnostics.error(function->signature.results.front().type.range,
                      ErrorCode::lossMissing,
                      fmt::format("the gradient of {}", value.str()));
    return std::nullopt;
  }
  graph.output("loss", value);
  return graph;
}

std::optional<Graph> ProgramBuilder::buildWithLoss() {
  if (options.kind == ProgramKind::objective &&
      (options.train.loss.empty() ||
       (!source.fn.empty() && findFunction(options.train.loss))))
    return buildObjective();
  if (options.train.loss.empty()) {
    diagnostics.report(makeError(ErrorCode::lossMissing, "training"));
    return std::nullopt;
  }
  bool trains = options.kind == ProgramKind::trainStep;
  std::optional<SettingValue> lossSetting =
      readOption(options.train.loss, "loss", LossKind);
  std::optional<SettingValue> optimizerSetting =
      trains ? readOption(options.train.optimizer, "optimizer", OptimizerKind)
             : SettingValue();
  if (!lossSetting || !optimizerSetting)
    return std::nullopt;
  loss = std::move(*lossSetting);
  optimizer = std::move(*optimizerSetting);
  if (trains && !checkOptimizer())
    return std::nullopt;

  const Function *function =
      loss.isName() ? findFunction(loss.text) : defaultFunction();
  if (!function)
    return std::nullopt;
  Graph graph =
      makeGraph(context, decl->name.text,
                options.kind == ProgramKind::evaluate ? GraphMode::predict
                                                      : GraphMode::training);
  Elaborator elaborator(graph, diagnostics, floatType);
  std::optional<std::vector<ModelResult>> results =
      elaborate(elaborator, *function);
  if (!results)
    return std::nullopt;
  std::optional<LossValue> value =
      loss.isName() ? fnLoss(graph, *function, *results)
                    : builtinLoss(elaborator, graph, *results);
  if (!value)
    return std::nullopt;
  bool givesOutputs = options.kind == ProgramKind::evaluate || trains;
  if (!loss.isName() && givesOutputs)
    for (const ModelResult &result : *results)
      graph.output(result.name, result.tensor);
  if (!finishLoss(graph, *value))
    return std::nullopt;
  return graph;
}

//===----------------------------------------------------------------------===//
// Losses
//===----------------------------------------------------------------------===//

Dim ProgramBuilder::batchSize(const Graph &graph) const {
  const std::vector<GraphArgument> &arguments = argumentsOf(graph);
  for (unsigned i = 0; i < arguments.size(); ++i) {
    if (arguments[i].role != "input")
      continue;
    Tensor input = argumentTensor(graph, i);
    return input.rank() == 0 ? Dim(1) : input.size(0);
  }
  return 1;
}

/// Whether \p loss compares classes.
static bool isClassLoss(const SettingValue &loss) {
  const std::string &name = loss.builtin->name;
  return name == "softmax_cross_entropy" ||
         name == "categorical_cross_entropy" || name == "nll" ||
         name == "focal";
}

/// The sizes of one sample, the shape without its first.
static std::vector<Dim> sampleShape(const std::vector<Dim> &shape) {
  return shape.empty() ? shape
                       : std::vector<Dim>(shape.begin() + 1, shape.end());
}

Tensor ProgramBuilder::targetFor(Elaborator &elaborator, Graph &graph,
                                 const Tensor &result) {
  std::vector<Dim> wanted = result.shape();
  auto found = options.fields.find("target");
  const CompileOptions::FieldType *field =
      found == options.fields.end() ? nullptr : &found->second;
  std::vector<Dim> sample;
  if (field)
    for (int64_t size : field->sampleShape)
      sample.push_back(size);
  ElementType type = result.elementType();
  if (isClassLoss(loss) && !wanted.empty()) {
    std::vector<Dim> classes(wanted.begin(), wanted.end() - 1);
    bool isInteger = !field || field->type == ElementType::i32 ||
                     field->type == ElementType::i64;
    bool isDistribution =
        field && product(sample) == product(sampleShape(wanted)) &&
        !(product(sample) == product(sampleShape(classes)) && isInteger);
    if (!isDistribution) {
      wanted = std::move(classes);
      type = field && field->type == ElementType::i64 ? ElementType::i64
                                                      : ElementType::i32;
    }
  }
  if (!field)
    return graph.input("target", wanted, type);
  std::vector<Dim> shape = {wanted.empty() ? batchSize(graph) : wanted[0]};
  shape.insert(shape.end(), sample.begin(), sample.end());
  Tensor target = graph.input("target", shape, type);
  if (!target.isValid() || shape == wanted)
    return target;
  // A field with as many elements is reshaped.
  if (!(product(shape) == product(wanted)))
    return graph.fail(makeError(ErrorCode::targetCount, product(sample).str(),
                                result.str(),
                                product(sampleShape(wanted)).str())
                          .at(loss.range.position()));
  return reshape(target, wanted);
}

std::optional<ProgramBuilder::LossValue>
ProgramBuilder::builtinLoss(Elaborator &elaborator, Graph &graph,
                            const std::vector<ModelResult> &results) {
  const Tensor &result = results.front().tensor;
  Tensor target = targetFor(elaborator, graph, result);
  elaborator.reportGraphError();
  if (!target.isValid())
    return std::nullopt;
  Value losses = elaborator.applyLoss(loss, result, target, "none");
  if (!losses.isTensor() || !good(graph))
    return std::nullopt;
  LossValue value;
  value.perSample = losses.tensor;
  // The mean over what else the loss keeps: one number a sample.
  if (value.perSample.rank() > 1) {
    std::vector<int64_t> axes;
    for (int64_t i = 1; i < value.perSample.rank(); ++i)
      axes.push_back(i);
    value.perSample = mean(value.perSample, axes);
  }
  // Evaluation has no use for it.
  bool isSum = loss.argument("reduction").text == "sum";
  if (options.kind != ProgramKind::evaluate)
    value.objective = isSum ? sum(value.perSample) : mean(value.perSample);
  return value;
}

std::optional<ProgramBuilder::LossValue>
ProgramBuilder::fnLoss(Graph &graph, const Function &function,
                       const std::vector<ModelResult> &results) {
  const Tensor &value = results.front().tensor;
  if (results.size() == 1 && isScalarFloat(value))
    return LossValue{Tensor(), value};
  diagnostics.error(function.signature.results.front().type.range,
                    ErrorCode::lossNotScalar, function.name.text, value.str());
  return std::nullopt;
}

bool ProgramBuilder::finishLoss(Graph &graph, const LossValue &value) {
  if (options.kind == ProgramKind::evaluate) {
    // Sums over samples add up over batches of different sizes.
    Tensor total = value.perSample.isValid()
                       ? sum(cast(value.perSample, ElementType::f64))
                       : cast(value.objective, ElementType::f64) *
                             dimSize(graph, batchSize(graph), ElementType::f64);
    graph.output("loss", total);
    return good(graph);
  }
  Tensor objective = withPenalties(graph, value.objective);
  if (options.kind == ProgramKind::objective) {
    graph.output("loss", objective);
    return good(graph);
  }
  graph.output("loss", cast(objective, ElementType::f64));
  checkGlobs(graph);
  if (!good(graph))
    return false;
  std::vector<unsigned> parameters = trainedParameters(graph, options.train);
  if (parameters.empty()) {
    SourceRange freeze = settingRange("freeze", "");
    diagnostics.report(
        makeError(ErrorCode::nothingTrained)
            .at((freeze.file ? freeze : decl->name.range).position()));
    return false;
  }
  std::vector<Tensor> gradients = gradientsOf(graph, objective, parameters);
  if (!good(graph))
    return false;
  if (options.kind == ProgramKind::gradients) {
    for (size_t i = 0; i < parameters.size(); ++i)
      graph.output("gradient." + argumentsOf(graph)[parameters[i]].name,
                   gradients[i]);
    return good(graph);
  }
  addUpdates(graph, parameters, std::move(gradients),
             {optimizer, &options.train, floatType});
  return good(graph);
}

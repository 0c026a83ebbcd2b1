//===- Context.cpp - What all verbs share ---------------------------------===//

#include "Context.h"
#include "nnc/Formats/Json.h"
#include "nnc/Runtime/Team.h"
#include "nnc/Support/ByteSize.h"
#include "nnc/Training/OwnSettings.h"
#include <charconv>
#include <cmath>
#include <cstdio>
#include <sstream>
#include <unistd.h>

using namespace nnc;
using namespace nnc::tool;

//===----------------------------------------------------------------------===//
// Speaking
//===----------------------------------------------------------------------===//

void TimeReport::add(const std::string &part, const PhaseTimes &details) {
  auto now = std::chrono::steady_clock::now();
  std::chrono::duration<double, std::milli> elapsed = now - last;
  parts.push_back({part, elapsed.count(), details});
  last = now;
}

std::string TimeReport::text() const {
  std::string text;
  for (const Part &part : parts) {
    text += fmt::format("{:>10.2f} ms  {}\n", part.milliseconds, part.name);
    for (const auto &[name, milliseconds] : part.details)
      text += fmt::format("{:>10.2f} ms    {}\n", milliseconds, name);
  }
  return text;
}

Context::Context(Invocation invocation) : args(std::move(invocation)) {}

bool Context::usesColor() const {
  std::string choice = args.value("color").value_or("auto");
  if (choice != "auto")
    return choice == "always";
  const char *no = std::getenv("NO_COLOR");
  return !(no && *no) && ::isatty(STDERR_FILENO);
}

bool Context::hasProgressBar() const {
  return !isQuiet() && ::isatty(STDERR_FILENO);
}

std::string Context::jsonMessage(const char *kind, const Error &error) const {
  auto place = [](nlohmann::ordered_json &object, const SourcePosition &at) {
    if (at.file.empty())
      return;
    object["file"] = at.file;
    if (at.line) {
      object["line"] = at.line;
      object["column"] = at.column;
    }
  };
  nlohmann::ordered_json object = {
      {"kind", kind}, {"code", nameOf(error.code)}, {"message", error.message}};
  place(object, error.position);
  for (const ErrorNote &note : error.notes) {
    nlohmann::ordered_json entry = {{"message", note.text}};
    place(entry, note.position);
    object["notes"].push_back(std::move(entry));
  }
  return toText(object) + "\n";
}

int Context::fail(const Error &error) const {
  bool asJson = args.value("message-format") == "json";
  std::string text =
      asJson ? jsonMessage("error", error) : render(error, usesColor());
  std::fputs(text.c_str(), stderr);
  if (asJson) // The printed form has them already.
    for (const Error &other : error.others)
      fail(other);
  ExitStatus status = exitStatusOf(error.code);
  // What is wrong with an option's value is wrong with the command line.
  if (status == ExitStatus::wrongInput && error.position.file.starts_with("-"))
    status = ExitStatus::usage;
  return static_cast<int>(status);
}

int Context::fail(const Diagnostics &diagnostics) const {
  for (const ErrorNote &warning : diagnostics.warningList())
    warn(Error(ErrorCode::invalidModel, warning.text).at(warning.position));
  int status = 0;
  for (const Error &error : diagnostics.errors()) {
    int own = fail(error);
    // What is wrong comes before what is only not built.
    if (status == 0 || status == static_cast<int>(ExitStatus::unsupported))
      status = own;
  }
  return status;
}

void Context::warn(const Error &warning) const {
  if (isQuiet())
    return;
  std::string text;
  if (args.value("message-format") == "json") {
    text = jsonMessage("warning", warning);
  } else {
    text = render(warning, usesColor());
    // One printed form serves both: the word alone differs.
    if (size_t place = text.find("error:"); place != std::string::npos)
      text.replace(place, 6, "warning:");
  }
  std::fputs(text.c_str(), stderr);
}

void Context::say(const std::string &text) const {
  if (!isQuiet())
    std::fprintf(stderr, "%s\n", text.c_str());
}

void Context::detail(const std::string &text) const {
  if (isVerbose())
    say(text);
}

void Context::print(const std::string &text) const {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void Context::print(const nlohmann::ordered_json &object) const {
  print(toText(object) + "\n");
  // A reader of a pipe sees each line as it comes.
  std::fflush(stdout);
}

//===----------------------------------------------------------------------===//
// Models, settings, programs
//===----------------------------------------------------------------------===//

std::optional<ModelFile> Context::openModel(int &status) const {
  Diagnostics diagnostics;
  std::optional<ModelFile> model =
      nnc::openModel(args.operands[0], args.value("model"), diagnostics);
  status = fail(diagnostics);
  if (!model && status == 0)
    status = static_cast<int>(ExitStatus::internal);
  if (model)
    model->source.fn = args.value("fn").value_or("");
  return model;
}

std::optional<TrainSettings>
Context::settings(const ModelFile &model, int &status,
                  std::vector<SettingOverride> overrides) const {
  if (!model.program) {
    status = fail(makeError(ErrorCode::unsupported, "this of an .mlir file"));
    return std::nullopt;
  }
  std::vector<SettingOverride> own = ownSettings(model);
  overrides.insert(overrides.end(), own.begin(), own.end());
  for (const char *option :
       {"data", "validation", "folds", "loss", "metrics", "epochs", "steps",
        "batch-size", "optimizer", "learning-rate", "schedule", "patience",
        "clip-norm", "accumulate", "freeze", "precision", "seed"})
    if (std::optional<std::string> value = args.value(option)) {
      std::string name = option;
      std::replace(name.begin(), name.end(), '-', '_');
      overrides.push_back({name, *value, spellingOf(option)});
    }
  // Folds hold out parts of their own; the file's share is for one training.
  if (args.value("folds") && !args.value("validation"))
    overrides.push_back({"validation", "none", spellingOf("folds")});
  Diagnostics diagnostics;
  std::optional<TrainSettings> settings = resolveTrain(
      *model.program, model.declaration->name.text, overrides, diagnostics);
  status = fail(diagnostics);
  return settings;
}

Expected<ProgramProvider> Context::programs(bool onlyIfAsked) const {
  std::string folder;
  bool isNamed = true;
  const char *variable = std::getenv("NNC_CACHE");
  if (std::optional<std::string> option = args.value("cache")) {
    folder = *option;
  } else if (onlyIfAsked) {
    folder = "off";
  } else if (variable && *variable) {
    folder = variable;
  } else {
    folder = ProgramCache::defaultFolder();
    isNamed = false;
  }
  if (folder.empty() || folder == "off")
    return ProgramProvider();
  Expected<ProgramCache> cache = ProgramCache::open(folder);
  if (cache)
    return ProgramProvider(std::move(*cache));
  if (isNamed)
    return nnc::fail(std::move(cache.error()));
  detail(cache.error().message);
  return ProgramProvider();
}

unsigned Context::threads() const {
  // Checked when the command line was parsed.
  return static_cast<unsigned>(args.number("threads", 0, 0).value_or(0));
}

int64_t Context::memoryBound() const {
  // Checked when the command line was parsed.
  for (const char *option : {"memory", "memory-plan"})
    if (std::optional<std::string> size = args.value(option))
      return parseByteSize(*size).value_or(0);
  return 0;
}

CompileSettings Context::compileSettings() const {
  CompileSettings settings;
  settings.optimizationLevel =
      static_cast<int>(args.number("optimization", 2).value_or(2));
  settings.threads = threads();
  settings.memory = memoryBound();
  return settings;
}

bool Context::printPhases(ProgramProvider &programs, const ModelFile &model,
                          const CompileOptions &options, int &status) const {
  for (const char *option : {"print-after", "stop-after"}) {
    std::optional<std::string> phase = args.value(option);
    if (!phase)
      continue;
    Expected<Compiler *> compiler = programs.compiler();
    if (!compiler) {
      status = fail(compiler.error());
      return true;
    }
    EmitRequest request;
    request.kind = EmitKind::mlir;
    request.phase = *phase;
    auto batch = options.sizes.find("batch");
    if (batch != options.sizes.end())
      request.batches = {batch->second};
    Expected<std::string> text =
        (*compiler)->emit(model.source, options, request);
    if (!text) {
      status = fail(text.error());
      return true;
    }
    if (std::string_view(option) == "stop-after") {
      print(*text);
      status = 0;
      return true;
    }
    std::fputs(text->c_str(), stderr);
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Parts of several verbs
//===----------------------------------------------------------------------===//

Expected<void> nnc::tool::loadWeights(const Context &context,
                                      const ModelFile &model,
                                      ParameterStore &store) {
  if (std::optional<std::string> path = context.args.value("weights")) {
    Expected<std::vector<NamedArray>> arrays = readWeights(*path);
    if (!arrays)
      return fail(std::move(arrays.error()));
    std::vector<TensorView> views;
    // Of a model's fns each may use a part of its weights.
    for (const NamedArray &array : *arrays)
      if (!context.args.has("fn") || store.find(array.name))
        views.push_back(TensorView::of(array));
    return store.assignWeights(views, *path);
  }
  if (!model.archive) {
    if (store.parameterCount() > 0)
      context.say(fmt::format("'{}' holds no weights and none are given: they "
                              "are the initialisers'",
                              model.path));
    return {};
  }
  std::vector<TensorView> views;
  for (const TensorView &tensor : model.archive->weights().tensors)
    if (!context.args.has("fn") || store.find(tensor.name))
      views.push_back(tensor);
  return store.assignWeights(views, model.path);
}

Expected<uint64_t> nnc::tool::seedOf(const Context &context) {
  Expected<int64_t> seed = context.args.number("seed", 0);
  if (!seed)
    return fail(std::move(seed.error()));
  return static_cast<uint64_t>(*seed);
}

Expected<std::map<std::string, std::vector<int64_t>>>
nnc::tool::sizesOf(const Context &context, const ModelFile &model) {
  std::map<std::string, std::vector<int64_t>> sizes;
  for (const std::string &text : context.args.values("size")) {
    auto wrong = [&] {
      return fail(ErrorCode::badOptionValue, "--size", "NAME=N,...", text);
    };
    std::istringstream parts(text);
    std::vector<int64_t> *list = nullptr;
    for (std::string part; std::getline(parts, part, ',');) {
      size_t equals = part.find('=');
      if (equals != std::string::npos) {
        list = &sizes[part.substr(0, equals)];
        part = part.substr(equals + 1);
      }
      int64_t size = 0;
      auto [end, error] =
          std::from_chars(part.data(), part.data() + part.size(), size);
      if (!list || error != std::errc() || end != part.data() + part.size() ||
          size < 1)
        return wrong();
      list->push_back(size);
    }
    if (!list)
      return wrong();
  }
  if (sizes.empty() || !model.program)
    return sizes;
  Expected<const ast::Function *> function = model.function(model.source.fn);
  if (!function)
    return fail(std::move(function.error()));
  // The leading size of the first input is the batch, whatever it is called.
  std::vector<std::string> open = {"batch"};
  for (const ModelInput &input : model.inputs(**function))
    for (size_t i = 0; i < input.dims.size(); ++i)
      if (input.shape[i] < 0)
        open.push_back(input.dims[i]);
  for (const auto &[name, list] : sizes)
    if (std::find(open.begin(), open.end(), name) == open.end())
      return fail(makeError(ErrorCode::unknownName, "dimension", name,
                            suggestion(name, open))
                      .at({"--size", 0, 0, ""}));
  return sizes;
}

std::string nnc::tool::shortNumber(double value) {
  return fmt::format("{:.6g}", value);
}

bool Requirement::holds(double value) const {
  if (comparison == ">=")
    return value >= bound;
  if (comparison == "<=")
    return value <= bound;
  if (comparison == ">")
    return value > bound;
  if (comparison == "<")
    return value < bound;
  return value == bound;
}

Expected<std::vector<Requirement>>
nnc::tool::requirementsOf(const Context &context) {
  std::vector<Requirement> list;
  for (const std::string &text : context.args.values("require")) {
    Requirement requirement;
    size_t sign = text.find_first_of("<>=");
    size_t number = text.find_first_not_of("<>=", sign);
    if (sign != std::string::npos && number != std::string::npos) {
      requirement.key =
          text.substr(0, text.find_last_not_of(' ', sign - 1) + 1);
      requirement.comparison = text.substr(sign, number - sign);
      number = std::min(text.find_first_not_of(' ', number), text.size());
    }
    const char *end = text.data() + text.size();
    auto parsed = std::from_chars(text.data() + std::min(number, text.size()),
                                  end, requirement.bound);
    bool isKnown = false;
    for (const char *comparison : {">=", "<=", ">", "<", "=="})
      isKnown |= requirement.comparison == comparison;
    if (!isKnown || requirement.key.empty() || parsed.ec != std::errc() ||
        parsed.ptr != end)
      return fail(ErrorCode::badOptionValue, "--require",
                  "a comparison as accuracy>=0.97", text);
    list.push_back(std::move(requirement));
  }
  return list;
}

static Error unknownKey(const std::string &key,
                        const std::vector<std::string> &known) {
  return makeError(ErrorCode::monitorUnknown, key, suggestion(key, known))
      .at({"--require", 0, 0, ""});
}

Expected<void>
nnc::tool::checkKeys(const std::vector<Requirement> &requirements,
                     const std::vector<std::string> &known) {
  for (const Requirement &requirement : requirements)
    if (std::find(known.begin(), known.end(), requirement.key) == known.end())
      return fail(unknownKey(requirement.key, known));
  return {};
}

int nnc::tool::checkRequirements(
    const Context &context, const std::vector<Requirement> &requirements,
    const std::vector<std::pair<std::string, double>> &values) {
  int status = 0;
  for (const Requirement &requirement : requirements) {
    const double *found = nullptr;
    std::vector<std::string> known;
    for (const auto &[key, value] : values) {
      known.push_back(key);
      if (key == requirement.key)
        found = &value;
    }
    if (!found)
      return context.fail(unknownKey(requirement.key, known));
    if (!requirement.holds(*found))
      status = context.fail(makeError(
          ErrorCode::requirementFailed, requirement.key, requirement.comparison,
          shortNumber(requirement.bound), shortNumber(*found)));
  }
  return status;
}

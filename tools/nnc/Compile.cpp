//===- Compile.cpp - nnc compile ------------------------------------------===//

#include "Context.h"
#include "nnc/Formats/AtomicFile.h"
#include "nnc/Training/Prediction.h"
#include "nnc/Training/RunDescription.h"
#include <filesystem>
#include <sys/stat.h>

using namespace nnc;
using namespace nnc::tool;

namespace {
struct KindName {
  const char *name, *suffix;
  EmitKind kind;
};
constexpr KindName kinds[] = {
    {"obj", ".o", EmitKind::object},     {"lib", ".a", EmitKind::library},
    {"shared", ".so", EmitKind::shared}, {"exe", ".exe", EmitKind::executable},
    {"header", ".h", EmitKind::header},  {"asm", ".s", EmitKind::assembly},
    {"llvm", ".ll", EmitKind::llvm},     {"mlir", ".mlir", EmitKind::mlir},
    {"nn", ".nn", EmitKind::nn},
};
} // namespace

/// The kind that --emit or the suffix of \p output says.
static Expected<EmitKind> kindOf(const Context &context,
                                 const std::string &output) {
  std::optional<std::string> name = context.args.value("emit");
  if (name == "onnx" || (!name && output.ends_with(".onnx")))
    return fail(ErrorCode::unsupported, "writing ONNX models");
  if (!name && output == "-")
    return EmitKind::mlir; // Of --stop-after.
  for (const KindName &kind : kinds)
    if (name ? *name == kind.name : output.ends_with(kind.suffix))
      return kind.kind;
  // A program's name on this system has no suffix.
  if (!name && std::filesystem::path(output).extension().empty() &&
      output != "-")
    return EmitKind::executable;
  if (name)
    return fail(ErrorCode::badOptionValue, "--emit",
                "obj, lib, shared, exe, header, asm, llvm, mlir or nn", *name);
  return fail(ErrorCode::badOptionValue, "-o",
              "a suffix .o .a .so .exe .h .s .ll .mlir or .nn, none for an "
              "executable, or --emit",
              output);
}

/// The file's name as a C identifier.
static std::string identifierOf(const std::string &path) {
  std::string name = std::filesystem::path(path).stem().string();
  for (char &c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)))
      c = '_';
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])))
    name.insert(0, "_");
  return name;
}

namespace {
/// One call of `nnc compile`.
class CompileCommand {
public:
  CompileCommand(Context &context, const ModelFile &model,
                 const std::optional<TrainSettings> &settings,
                 std::string output)
      : context(context), model(model), settings(settings),
        output(std::move(output)) {}

  /// Ends early, with `status`, at a phase that was printed.
  Expected<void> run();
  int status = 0;

private:
  Expected<void> readOptions();
  Expected<void> bindWeights(Compiler &compiler);
  Expected<void> describeExecutable(const ModelInfo &info);
  Expected<void> write(Compiler &compiler, EmitKind kind,
                       const std::string &path);

  Context &context;
  const ModelFile &model;
  const std::optional<TrainSettings> &settings;
  std::string output;
  CompileOptions options;
  EmitRequest request;
  ParameterStore store;
};
} // namespace

Expected<void> CompileCommand::readOptions() {
  Expected<EmitKind> kind = kindOf(context, output);
  if (!kind)
    return fail(std::move(kind.error()));
  request.kind = *kind;
  // The names in an executable are nobody's: its bytes depend on the model
  // alone.
  request.name = *kind == EmitKind::executable ? "model" : identifierOf(output);
  request.weightsApart = context.args.has("weights-apart");
  request.freestanding = context.args.has("freestanding");
  request.trainStep = context.args.has("train-step");
  if (request.kind == EmitKind::executable &&
      (request.weightsApart || request.freestanding || request.trainStep))
    return fail(ErrorCode::badOptionValue, "--emit",
                "a kind for C programs with --weights-apart, --freestanding "
                "or --train-step",
                "exe");
  request.phase = context.args.value("stop-after").value_or("graph");
  if (*kind == EmitKind::executable)
    request.batches.assign(std::begin(predictionBatches),
                           std::end(predictionBatches));
  auto sizes = sizesOf(context, model);
  if (!sizes)
    return fail(std::move(sizes.error()));
  for (auto &[name, list] : *sizes) {
    if (name == "batch") {
      std::sort(list.begin(), list.end());
      request.batches = list;
    } else if (list.size() != 1) {
      return fail(ErrorCode::badOptionValue, "--size", "one size of " + name,
                  fmt::format("{}", list.size()));
    } else {
      options.sizes[name] = list.front();
    }
  }
  CompileSettings compile = context.compileSettings();
  if (settings)
    compile.precision = nameOf(settings->precision);
  else if (model.metadata)
    compile.precision = model.metadata->precision;
  DataBinding binding;
  binding.sizes = options.sizes;
  options =
      compile.options(ProgramKind::predict, binding, request.batches.back());
  if (request.trainStep)
    options.memory = compile.memory;
  else if (context.args.has("memory"))
    return fail(ErrorCode::optionMissing, "--memory", "--train-step");
  options.target = context.args.value("cpu").value_or("");
  options.triple = context.args.value("target").value_or("");
  if (options.target.find(',') != std::string::npos)
    return fail(ErrorCode::unsupported, "code for several processors");
  if (settings) {
    const StepSettings &step = settings->trainSteps.front();
    if (request.trainStep) {
      if (step.loss.isNone())
        return fail(ErrorCode::lossMissing, "compiling a training step");
      options.train.optimizer = print(step.optimizer);
      options.train.update = step.update;
      options.train.freeze = settings->freeze;
      options.train.learningRateFactors = settings->learningRates;
      options.train.clipNorm = step.clipNorm.value_or(0);
      options.train.clipValue = step.clipValue.value_or(0);
    }
    if (!step.loss.isNone())
      options.train.loss = print(step.loss);
  }
  return {};
}

Expected<void> CompileCommand::bindWeights(Compiler &compiler) {
  std::vector<Error> warnings;
  Expected<ModelInfo> info = compiler.describe(model.source, options, warnings);
  if (!info)
    return fail(std::move(info.error()));
  Expected<uint64_t> seed = seedOf(context);
  if (!seed)
    return fail(std::move(seed.error()));
  Signature signature;
  for (const auto *list : {&info->parameters, &info->states})
    signature.arguments.insert(signature.arguments.end(), list->begin(),
                               list->end());
  if (auto done = store.declare(signature, *seed); !done)
    return done;
  if (auto loaded = loadWeights(context, model, store); !loaded)
    return loaded;
  for (const auto &entry : store.all())
    request.weights.push_back({entry->argument.name, entry->buffer.data()});
  if (request.kind == EmitKind::executable)
    return describeExecutable(*info);
  return {};
}

/// Notes what the run stub must know to read samples and to write results.
Expected<void> CompileCommand::describeExecutable(const ModelInfo &info) {
  if (info.inputs.size() != 1 || info.outputs.empty())
    return fail(ErrorCode::unsupported,
                "an executable of a model with several inputs or no output");
  const SettingValue none = SettingValue::none();
  const SettingValue &loss =
      settings ? settings->trainSteps.front().loss : none;
  Expected<const ast::Function *> function =
      model.function(model.source.fn, loss.isName() ? loss.text : "");
  if (!function)
    return fail(std::move(function.error()));
  Expected<DataSchema> schema = inputSchema(model, model.inputs(**function));
  if (!schema)
    return fail(std::move(schema.error()));
  ModelMetadata metadata;
  if (model.metadata)
    metadata = *model.metadata;
  else if (!loss.isNone())
    metadata.loss = print(loss);
  RunDescription description;
  description.name = info.name;
  description.schema = std::move(*schema);
  if (options.precision == "f64")
    description.floatType = ElementType::f64;
  const std::vector<int64_t> &shape = info.outputs.front().shape;
  description.prediction =
      predictionInfo(metadata, shape.size() < 2 ? 1 : shape.back());
  if (settings)
    description.seed = settings->seed;
  request.describeRun = [description = std::move(description)](
                            const std::vector<Signature> &programs,
                            const std::vector<std::string> &weights) {
    RunDescription complete = description;
    complete.programs = programs;
    complete.weights = weights;
    return toJson(complete);
  };
  return {};
}

Expected<void> CompileCommand::write(Compiler &compiler, EmitKind kind,
                                     const std::string &path) {
  request.kind = kind;
  Expected<std::string> content = compiler.emit(model.source, options, request);
  if (!content)
    return fail(std::move(content.error()));
  if (path == "-") {
    context.print(*content);
    return {};
  }
  Expected<AtomicFile> file = AtomicFile::create(path);
  if (!file)
    return fail(std::move(file.error()));
  if (auto written = file->write(*content); !written)
    return written;
  if (auto done = file->commit(); !done)
    return done;
  if (kind == EmitKind::executable && ::chmod(path.c_str(), 0755) != 0)
    return fail(ErrorCode::fileWrite, path, "it cannot be made executable");
  if (context.isJson())
    context.print(nlohmann::ordered_json::object(
        {{"file", path}, {"bytes", content->size()}}));
  context.say(fmt::format("wrote {} ({} bytes)", path, content->size()));
  return {};
}

Expected<void> CompileCommand::run() {
  if (auto read = readOptions(); !read)
    return read;
  if (output != "-")
    if (auto writable = checkWritable(output); !writable)
      return writable;
  Expected<ProgramProvider> programs = context.programs();
  if (!programs)
    return fail(std::move(programs.error()));
  Expected<Compiler *> compiler = programs->compiler();
  if (!compiler)
    return fail(std::move(compiler.error()));
  EmitKind kind = request.kind;
  // A module that is written is that of --stop-after.
  bool writesPhase = kind == EmitKind::mlir || kind == EmitKind::nn;
  if (!(writesPhase && context.args.has("stop-after")) &&
      context.printPhases(*programs, model, options, status))
    return {};
  if (kind != EmitKind::mlir && kind != EmitKind::nn)
    if (auto bound = bindWeights(**compiler); !bound)
      return bound;
  if (auto written = write(**compiler, kind, output); !written)
    return written;
  // What C programs link comes with what they include.
  bool hasHeader = kind == EmitKind::object || kind == EmitKind::library ||
                   kind == EmitKind::shared;
  if (hasHeader && output != "-")
    return write(**compiler, EmitKind::header,
                 std::filesystem::path(output).replace_extension(".h"));
  return {};
}

int nnc::tool::run_compile(Context &context) {
  std::optional<std::string> output = context.args.value("out");
  if (!output && context.args.has("stop-after"))
    output = "-";
  if (!output)
    return context.fail(
        makeError(ErrorCode::optionMissing, "nnc compile", "-o OUT"));
  int status = 0;
  std::optional<ModelFile> model = context.openModel(status);
  if (!model)
    return status;
  std::optional<TrainSettings> settings;
  if (model->program) {
    settings = context.settings(*model, status);
    if (!settings)
      return status;
  }
  CompileCommand command(context, *model, settings, *output);
  Expected<void> done = command.run();
  return done ? command.status : context.fail(done.error());
}

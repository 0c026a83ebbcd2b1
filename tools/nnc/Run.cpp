//===- Run.cpp - nnc run --------------------------------------------------===//

#include "Context.h"
#include "Literals.h"
#include "nnc/Formats/Npy.h"
#include <cstring>

using namespace nnc;
using namespace nnc::tool;

/// NAME=REST of an option. Error: badOptionValue.
static Expected<std::pair<std::string, std::string>>
splitAssignment(const char *option, const std::string &text) {
  size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return fail(ErrorCode::badOptionValue, option, "NAME=...", text);
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

static Expected<Array> readInput(const std::string &text) {
  if (text.ends_with(".npy"))
    return readNpy(text);
  if (text.ends_with(".pb"))
    return fail(ErrorCode::unsupported, "an ONNX tensor as input");
  return parseLiteral(text);
}

/// Reads all inputs and the sizes they give to open dimensions.
static Expected<std::map<std::string, Array>>
readInputs(const Context &context, const std::vector<ModelInput> &inputs,
           std::map<std::string, int64_t> &sizes) {
  std::map<std::string, Array> arrays;
  std::vector<std::string> names;
  for (const ModelInput &input : inputs)
    names.push_back(input.name);
  for (const std::string &text : context.args.values("input")) {
    auto parts = splitAssignment("--input", text);
    if (!parts)
      return fail(std::move(parts.error()));
    const auto &[name, value] = *parts;
    if (std::find(names.begin(), names.end(), name) == names.end())
      return fail(ErrorCode::unknownInput, name, suggestion(name, names));
    Expected<Array> array = readInput(value);
    if (!array)
      return fail(std::move(array.error()));
    arrays[name] = std::move(*array);
  }
  for (const ModelInput &input : inputs) {
    auto found = arrays.find(input.name);
    if (found == arrays.end())
      return fail(ErrorCode::missingInput, input.name);
    const std::vector<int64_t> &shape = found->second.shape();
    bool fits = shape.size() == input.shape.size();
    for (size_t i = 0; fits && i < shape.size(); ++i) {
      if (input.shape[i] >= 0)
        fits = shape[i] == input.shape[i];
      else if (auto [known, isNew] = sizes.emplace(input.dims[i], shape[i]);
               !isNew)
        fits = known->second == shape[i];
    }
    std::string dims;
    for (const std::string &dim : input.dims)
      dims += (dims.empty() ? "" : ", ") + dim;
    for (size_t i = 0; fits && i < shape.size(); ++i)
      if (shape[i] == 0)
        return fail(ErrorCode::emptyData, "--input " + input.name);
    if (!fits)
      return fail(
          ErrorCode::inputShape, input.name,
          fmt::format("{}[{}]", nameOf(input.type), dims),
          fmt::format("{}{}", nameOf(found->second.type()), toString(shape)));
  }
  if (!inputs.empty() && !inputs[0].shape.empty() && inputs[0].shape[0] < 0)
    sizes["batch"] = arrays[inputs[0].name].shape()[0];
  return arrays;
}

/// Copies \p array into the input \p argument of \p program.
static Expected<void> setInput(const BoundProgram &program, int index,
                               const Array &array) {
  const Argument &argument = program.signature().arguments[index];
  bool isFloat = [](ElementType type) {
    return type == ElementType::f32 || type == ElementType::f64 ||
           type == ElementType::f16 || type == ElementType::bf16;
  }(array.type());
  bool wantsFloat =
      argument.type == ElementType::f32 || argument.type == ElementType::f64 ||
      argument.type == ElementType::f16 || argument.type == ElementType::bf16;
  Array converted =
      array.type() == argument.type ? array : array.to(argument.type);
  if (isFloat != wantsFloat || converted.byteSize() != argument.byteCount())
    return fail(
        ErrorCode::inputShape, argument.name,
        fmt::format("{}{}", nameOf(argument.type), toString(argument.shape)),
        fmt::format("{}{}", nameOf(array.type()), toString(array.shape())));
  std::memcpy(program.data(index), converted.data(), converted.byteSize());
  return {};
}

static Expected<std::vector<NamedArray>> runProgram(Context &context,
                                                    const ModelFile &model) {
  Expected<const ast::Function *> function = model.function(model.source.fn);
  if (!function)
    return fail(std::move(function.error()));
  std::map<std::string, int64_t> sizes;
  auto arrays = readInputs(context, model.inputs(**function), sizes);
  if (!arrays)
    return fail(std::move(arrays.error()));
  auto given = sizesOf(context, model);
  if (!given)
    return fail(std::move(given.error()));
  for (const auto &[name, list] : *given)
    sizes.emplace(name, list.back());
  Expected<uint64_t> seed = seedOf(context);
  if (!seed)
    return fail(std::move(seed.error()));
  Expected<ProgramProvider> programs = context.programs();
  if (!programs)
    return fail(std::move(programs.error()));
  CompileSettings compile = context.compileSettings();
  if (model.metadata)
    compile.precision = model.metadata->precision;
  DataBinding binding;
  binding.sizes = sizes;
  auto batch = sizes.find("batch");
  CompileOptions options = compile.options(
      ProgramKind::predict, binding, batch == sizes.end() ? 1 : batch->second);
  int status = 0;
  if (context.printPhases(*programs, model, options, status))
    return std::vector<NamedArray>();
  auto compiled = programs->get(model.source, model.identity, options);
  if (!compiled)
    return fail(std::move(compiled.error()));
  context.times.add("program", programs->phases());
  ParameterStore store;
  if (auto done = store.declare(compiled->executable->signature(), *seed);
      !done)
    return fail(std::move(done.error()));
  if (auto loaded = loadWeights(context, model, store); !loaded)
    return fail(std::move(loaded.error()));
  auto program = BoundProgram::make(std::move(compiled->executable), store);
  if (!program)
    return fail(std::move(program.error()));
  program->setScalar("seed", static_cast<int64_t>(*seed));
  const Signature &signature = program->signature();
  for (int index : signature.indicesOf(Role::input)) {
    auto found = arrays->find(signature.arguments[index].name);
    if (found == arrays->end())
      return fail(ErrorCode::missingInput, signature.arguments[index].name);
    if (auto set = setInput(*program, index, found->second); !set)
      return fail(std::move(set.error()));
  }
  if (auto done = program->run(program->batch(), context.threads()); !done)
    return fail(std::move(done.error()));
  context.times.add("run");
  std::vector<NamedArray> outputs;
  for (int index : signature.indicesOf(Role::output)) {
    const Argument &argument = signature.arguments[index];
    Array array(argument.type, argument.shape);
    std::memcpy(array.data(), program->data(index), array.byteSize());
    outputs.push_back({argument.name, std::move(array)});
  }
  return outputs;
}

static void printOutputs(const Context &context,
                         const std::vector<NamedArray> &outputs) {
  if (!context.isJson()) {
    for (const NamedArray &output : outputs)
      context.print(printArray(output.name, output.array));
    return;
  }
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const NamedArray &output : outputs) {
    nlohmann::ordered_json values = nlohmann::ordered_json::array();
    for (int64_t i = 0; i < output.array.size(); ++i)
      values.push_back(output.array.at(i));
    object[output.name] = {{"type", nameOf(output.array.type())},
                           {"shape", output.array.shape()},
                           {"values", std::move(values)}};
  }
  context.print(object);
}

int nnc::tool::run_run(Context &context) {
  int status = 0;
  std::optional<ModelFile> model = context.openModel(status);
  if (!model)
    return status;
  Expected<std::vector<NamedArray>> outputs = runProgram(context, *model);
  if (!outputs)
    return context.fail(outputs.error());
  std::vector<std::string> texts = context.args.values("output");
  if (texts.empty())
    printOutputs(context, *outputs);
  for (const std::string &text : texts) {
    auto parts = splitAssignment("--output", text);
    if (!parts)
      return context.fail(parts.error());
    const auto &[name, path] = *parts;
    const Array *found = nullptr;
    std::vector<std::string> names;
    for (const NamedArray &output : *outputs) {
      names.push_back(output.name);
      if (output.name == name)
        found = &output.array;
    }
    if (!found)
      return context.fail(
          makeError(ErrorCode::unknownOutput, name, suggestion(name, names)));
    if (!path.ends_with(".npy"))
      return context.fail(makeError(ErrorCode::badOptionValue, "--output",
                                    "a .npy file", path));
    if (auto written = writeNpy(path, *found); !written)
      return context.fail(written.error());
  }
  return 0;
}

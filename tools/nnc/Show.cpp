//===- Show.cpp - nnc show ------------------------------------------------===//

#include "Inspect.h"
#include "ShowMemory.h"
#include <charconv>
#include <fmt/ranges.h>
#include <set>

using namespace nnc;
using namespace nnc::tool;

/// "f32[batch, 128]" from the dimensions of a layer.
static std::string dimsText(const std::vector<std::string> &dims) {
  std::string text;
  for (const std::string &dim : dims)
    text += (text.empty() ? "" : ", ") + dim;
  return "[" + text + "]";
}

/// 1234567 as "1,234,567".
static std::string grouped(int64_t number) {
  std::string text = std::to_string(number);
  for (int64_t place = static_cast<int64_t>(text.size()) - 3;
       place > (number < 0); place -= 3)
    text.insert(place, ",");
  return text;
}

/// The arena of a prediction of one sample, if its sizes are known.
static std::optional<int64_t> arenaBytes(Inspection &inspection) {
  CompileOptions options = inspection.options;
  options.kind = ProgramKind::predict;
  options.sizes.emplace("batch", 1);
  auto program = inspection.programs.get(inspection.model.source,
                                         inspection.model.identity, options);
  if (!program)
    return std::nullopt;
  return program->executable->signature().arenaBytes;
}

/// The inputs as they are declared: "image: f32[batch, 64]".
static std::vector<std::string> inputTexts(const ModelFile &model,
                                           const ModelInfo &info) {
  std::vector<std::string> texts;
  Expected<const ast::Function *> function =
      model.program ? model.function(model.source.fn) : nullptr;
  if (function && *function) {
    for (const ModelInput &input : model.inputs(**function))
      texts.push_back(fmt::format("{}: {}{}", input.name, nameOf(input.type),
                                  dimsText(input.dims)));
    return texts;
  }
  for (const Argument &input : info.inputs)
    texts.push_back(input.name);
  return texts;
}

static void printTable(const Context &context, const ModelInfo &info,
                       const std::vector<std::string> &inputs,
                       std::optional<int64_t> arena) {
  auto row = [](const std::string &name, const std::string &kind,
                const std::string &output, const std::string &parameters,
                const std::string &flop) {
    return fmt::format("{:<20} {:<16} {:<22} {:>12} {:>14}\n", name, kind,
                       output, parameters, flop);
  };
  std::string text = "model " + info.name + "\n";
  for (const std::string &input : inputs)
    text += fmt::format("input {}\n", input);
  text += row("layer", "kind", "output", "parameters", "FLOP");
  int64_t parameters = 0;
  for (const LayerInfo &layer : info.layers)
    text += row(layer.name, layer.kind, dimsText(layer.output),
                grouped(layer.parameters), grouped(layer.flop));
  for (const Argument &parameter : info.parameters)
    parameters += parameter.elementCount();
  text += fmt::format("parameters       {}\n", grouped(parameters));
  text +=
      fmt::format("FLOP forward     {} a sample\n", grouped(info.flopForward));
  if (info.flopTrainStep)
    text += fmt::format("FLOP train step  {} a sample\n",
                        grouped(info.flopTrainStep));
  if (arena)
    text += fmt::format("arena            {} bytes\n", grouped(*arena));
  context.print(text);
}

/// Known sizes as numbers, open dimensions by their names.
static nlohmann::ordered_json jsonDims(const std::vector<std::string> &dims) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const std::string &dim : dims) {
    int64_t size = 0;
    auto [end, error] =
        std::from_chars(dim.data(), dim.data() + dim.size(), size);
    if (error == std::errc() && end == dim.data() + dim.size())
      list.push_back(size);
    else
      list.push_back(dim);
  }
  return list;
}

static void printJson(const Context &context, const ModelInfo &info,
                      std::optional<int64_t> arena) {
  int64_t parameters = 0;
  for (const Argument &parameter : info.parameters)
    parameters += parameter.elementCount();
  nlohmann::ordered_json layers = nlohmann::ordered_json::array();
  for (const LayerInfo &layer : info.layers)
    layers.push_back({{"name", layer.name},
                      {"kind", layer.kind},
                      {"output", jsonDims(layer.output)},
                      {"parameters", layer.parameters},
                      {"flop", layer.flop}});
  nlohmann::ordered_json object = {{"model", info.name},
                                   {"parameters", parameters},
                                   {"layers", std::move(layers)},
                                   {"flop_forward", info.flopForward},
                                   {"flop_train_step", info.flopTrainStep}};
  if (arena)
    object["arena_bytes"] = *arena;
  context.print(object);
}

/// "matmul, add, relu of hidden": what a group is made of.
static std::string groupText(const FusionInfo::Group &group) {
  return fmt::format(
      "{:<14} {}{}\n{:<17} -> {}\n", group.kind, fmt::join(group.ops, ", "),
      group.layers.empty()
          ? ""
          : fmt::format("  of {}", fmt::join(group.layers, ", ")),
      "", fmt::join(group.outputs, ", "));
}

static void printFusion(const Context &context, const char *program,
                        const FusionInfo &info) {
  if (context.isJson()) {
    for (const FusionInfo::Group &group : info.groups)
      context.print({{"program", program},
                     {"group", group.kind},
                     {"ops", group.ops},
                     {"layers", group.layers},
                     {"outputs", group.outputs}});
    for (const FusionInfo::Remark &remark : info.remarks)
      context.print({{"program", program},
                     {"producer", remark.producer},
                     {"producer_layer", remark.producerLayer},
                     {"consumer", remark.consumer},
                     {"consumer_layer", remark.consumerLayer},
                     {"reason", remark.reason}});
    return;
  }
  std::string text =
      fmt::format("{}: {} kernels of fused ops\n", program, info.groups.size());
  for (const FusionInfo::Group &group : info.groups)
    text += "  " + groupText(group);
  if (!info.alone.empty())
    text += fmt::format("not in a group: {}\n", fmt::join(info.alone, ", "));
  if (!info.remarks.empty())
    text += "not fused:\n";
  auto named = [](const std::string &op, const std::string &layer) {
    return layer.empty() ? op : fmt::format("{} of {}", op, layer);
  };
  for (const FusionInfo::Remark &remark : info.remarks)
    text += fmt::format(
        "  {} with {}: {}\n", named(remark.producer, remark.producerLayer),
        named(remark.consumer, remark.consumerLayer), remark.reason);
  context.print(text);
}

/// What was fused of a prediction and, with a loss, of a training step.
static int showFusion(const Context &context, Inspection &inspection) {
  std::vector<std::pair<ProgramKind, const char *>> programs = {
      {ProgramKind::predict, "prediction"}};
  if (!inspection.options.train.loss.empty())
    programs.push_back({ProgramKind::trainStep, "training step"});
  for (auto [kind, name] : programs) {
    inspection.options.kind = kind;
    Expected<FusionInfo> info = inspection.compiler->fusion(
        inspection.model.source, inspection.options);
    if (!info)
      return context.fail(info.error());
    printFusion(context, name, *info);
  }
  return 0;
}

int nnc::tool::run_show(Context &context) {
  std::optional<std::string> emit = context.args.value("emit");
  if (emit && *emit != "nn" && *emit != "mlir")
    return context.fail(
        makeError(ErrorCode::badOptionValue, "--emit", "nn or mlir", *emit));
  int status = 0;
  std::optional<Inspection> inspection = inspect(context, status);
  if (!inspection)
    return status;
  if (emit) {
    EmitRequest request;
    request.kind = *emit == "nn" ? EmitKind::nn : EmitKind::mlir;
    request.phase = context.args.value("stop-after").value_or("graph");
    auto batch = inspection->options.sizes.find("batch");
    request.batches.clear();
    if (batch != inspection->options.sizes.end())
      request.batches = {batch->second};
    Expected<std::string> text = inspection->compiler->emit(
        inspection->model.source, inspection->options, request);
    if (!text)
      return context.fail(text.error());
    context.print(*text);
    return 0;
  }
  if (context.args.has("fusion"))
    return showFusion(context, *inspection);
  if (context.args.has("memory-plan"))
    return showMemory(context, *inspection);
  std::vector<Error> warnings;
  Expected<ModelInfo> info = inspection->compiler->describe(
      inspection->model.source, inspection->options, warnings);
  // A model is built for prediction and for training: both may say the same.
  std::set<std::string> said;
  for (const Error &warning : warnings)
    if (said.insert(render(warning, false)).second)
      context.warn(warning);
  if (!info)
    return context.fail(info.error());
  std::optional<int64_t> arena = arenaBytes(*inspection);
  if (context.isJson())
    printJson(context, *info, arena);
  else
    printTable(context, *info, inputTexts(inspection->model, *info), arena);
  return 0;
}

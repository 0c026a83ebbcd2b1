//===- Inspect.cpp - Verbs that look at a model and do not run it ---------===//

#include "Inspect.h"

using namespace nnc;
using namespace nnc::tool;

std::optional<Inspection> nnc::tool::inspect(Context &context, int &status) {
  auto report = [&](const Error &error) {
    status = context.fail(error);
    return std::nullopt;
  };
  std::optional<ModelFile> model = context.openModel(status);
  if (!model)
    return std::nullopt;
  Expected<std::map<std::string, std::vector<int64_t>>> sizes =
      sizesOf(context, *model);
  if (!sizes)
    return report(sizes.error());
  CompileOptions options =
      context.compileSettings().options(ProgramKind::predict, {}, 1);
  options.memory = context.memoryBound();
  options.sizes.clear();
  for (const auto &[name, list] : *sizes)
    options.sizes[name] = list.back();
  if (model->program) {
    std::optional<TrainSettings> settings = context.settings(*model, status);
    if (!settings)
      return std::nullopt;
    const StepSettings &step = settings->trainSteps.front();
    if (!step.loss.isNone())
      options.train.loss = print(step.loss);
    options.train.optimizer = print(step.optimizer);
    options.train.update = step.update;
    options.train.freeze = settings->freeze;
    options.precision = nameOf(settings->precision);
    if (context.args.has("memory-plan") && settings->batchSize > 0)
      options.sizes.emplace("batch", settings->batchSize);
  }
  Expected<ProgramProvider> programs = context.programs();
  if (!programs)
    return report(programs.error());
  Expected<Compiler *> compiler = programs->compiler();
  if (!compiler)
    return report(compiler.error());
  context.times.add("model");
  // What is emitted is the module of --stop-after anyway.
  if (!context.args.has("emit") &&
      context.printPhases(*programs, *model, options, status))
    return std::nullopt;
  return Inspection{std::move(*model), std::move(*programs), *compiler,
                    std::move(options)};
}

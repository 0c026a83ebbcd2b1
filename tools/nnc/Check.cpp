//===- Check.cpp - nnc check ----------------------------------------------===//

#include "Inspect.h"

using namespace nnc;
using namespace nnc::tool;

int nnc::tool::run_check(Context &context) {
  bool gradients = context.args.has("gradients");
  bool reference = context.args.has("reference");
  // Without a choice both are checked.
  if (!gradients && !reference)
    gradients = reference = true;
  Expected<double> rtol = context.args.real("rtol", 1e-6);
  if (!rtol)
    return context.fail(rtol.error());
  Expected<uint64_t> seed = seedOf(context);
  if (!seed)
    return context.fail(seed.error());
  int status = 0;
  std::optional<Inspection> inspection = inspect(context, status);
  if (!inspection)
    return status;
  // A batch of more than one sample, and no multiple of a vector's width.
  inspection->options.sizes.emplace("batch", 3);
  if (gradients && inspection->options.train.loss.empty()) {
    if (context.args.has("gradients"))
      return context.fail(
          makeError(ErrorCode::lossMissing, "checking gradients"));
    gradients = false;
  }
  Expected<std::vector<Compiler::CheckResult>> results =
      inspection->compiler->check(inspection->model.source, inspection->options,
                                  gradients, reference, *rtol, *seed);
  if (!results)
    return context.fail(results.error());
  int failures = 0;
  for (const Compiler::CheckResult &result : *results) {
    failures += !result.passed;
    if (context.isJson())
      context.print({{"name", result.name},
                     {"worst", result.worst},
                     {"passed", result.passed}});
    else
      context.print(fmt::format("{}  {:.2e}  {}\n",
                                result.passed ? "ok    " : "FAILED",
                                result.worst, result.name));
  }
  if (failures)
    return context.fail(
        makeError(ErrorCode::checkFailed, failures, results->size()));
  context.say(fmt::format("{} checks passed", results->size()));
  return 0;
}

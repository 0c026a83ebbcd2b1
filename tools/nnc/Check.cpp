//===- Check.cpp - nnc check ----------------------------------------------===//

#include "Inspect.h"

using namespace nnc;
using namespace nnc::tool;

static nlohmann::ordered_json jsonOf(const Compiler::CheckResult &result) {
  nlohmann::ordered_json object = {{"check", result.check},
                                   {"name", result.name},
                                   {"worst", result.worst},
                                   {"passed", result.passed}};
  if (!result.note.empty())
    object["note"] = result.note;
  return object;
}

int nnc::tool::run_check(Context &context) {
  bool gradients = context.args.has("gradients");
  bool reference = context.args.has("reference");
  // Without a choice both are checked.
  if (!gradients && !reference)
    gradients = reference = true;
  Expected<double> rtol = context.args.real("rtol", 0);
  if (!rtol)
    return context.fail(rtol.error());
  Expected<uint64_t> seed = seedOf(context);
  if (!seed)
    return context.fail(seed.error());
  int status = 0;
  std::optional<Inspection> inspection = inspect(context, status);
  if (!inspection)
    return status;
  Expected<std::vector<Compiler::CheckResult>> results =
      inspection->compiler->check(inspection->model.source, inspection->options,
                                  gradients, reference, *rtol, *seed);
  if (!results)
    return context.fail(results.error());
  int failures = 0;
  for (const Compiler::CheckResult &result : *results) {
    failures += !result.passed;
    if (context.isJson())
      context.print(jsonOf(result));
    else
      context.print(fmt::format("{:<6}  {:.1e}  {:<10}  {}\n",
                                result.passed ? "ok" : "FAILED", result.worst,
                                result.check, result.name));
    if (!result.note.empty() && !context.isJson())
      context.print(fmt::format("        {}\n", result.note));
  }
  if (failures)
    return context.fail(
        makeError(ErrorCode::checkFailed, failures, results->size()));
  context.say(fmt::format("{} checks passed", results->size()));
  return 0;
}

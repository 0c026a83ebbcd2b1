//===- Bench.cpp - nnc bench ----------------------------------------------===//
//
// The rules: data in memory before the clock starts, a pool of batches so that
// no step sees the one before (inputs without a batch stay the same), a first
// step, nine more, a warm-up, then seven blocks; median and least of the
// blocks' means.
//
//===----------------------------------------------------------------------===//

#include "Workload.h"
#include <algorithm>
#include <sys/resource.h>

using namespace nnc;
using namespace nnc::tool;
using Clock = std::chrono::steady_clock;

static double millisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start)
      .count();
}

namespace {
/// What a benchmark gives.
struct Measurement {
  double median = 0, least = 0; ///< Milliseconds a step.
  std::vector<double> check;
};
} // namespace

static Expected<Measurement> measure(Workload &work) {
  Measurement measurement;
  // Steps 1, 2 and 10, or batches 0, 1 and 9.
  for (int number = 1; number <= 10; ++number) {
    Expected<double> value = work.step();
    if (!value)
      return fail(std::move(value.error()));
    if (number == 1 || number == 2 || number == 10)
      measurement.check.push_back(*value);
  }
  Clock::time_point start = Clock::now();
  for (int done = 0; done < 3 || millisecondsSince(start) < 500; ++done)
    if (Expected<double> value = work.step(); !value)
      return fail(std::move(value.error()));
  std::vector<double> means;
  for (int block = 0; block < 7; ++block) {
    start = Clock::now();
    int64_t steps = 0;
    do {
      if (Expected<double> value = work.step(); !value)
        return fail(std::move(value.error()));
      ++steps;
    } while (millisecondsSince(start) < 200);
    means.push_back(millisecondsSince(start) / static_cast<double>(steps));
  }
  std::sort(means.begin(), means.end());
  measurement.median = means[means.size() / 2];
  measurement.least = means.front();
  return measurement;
}

static Expected<nlohmann::ordered_json> report(Workload &work) {
  Expected<Measurement> measured = measure(work);
  if (!measured)
    return fail(std::move(measured.error()));
  const Signature &signature = work.program->signature();
  double gflop = static_cast<double>(signature.flop) * 1e-9;
  double samples = static_cast<double>(work.batch);
  struct rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  nlohmann::ordered_json object = {
      {"model", work.model.source.model},
      {"mode", work.isTraining ? "train" : "infer"},
      {"batch", work.batch},
      {"threads", work.threads()},
      {"step_ms_median", measured->median},
      {"step_ms_min", measured->least},
      {"samples_per_s", samples / measured->median * 1e3},
      {"gflop_per_step", gflop},
      {"gflops", gflop / measured->median * 1e3},
      {"compile_ms", work.compileMilliseconds},
      {"cached", work.isCached},
      {"arena_bytes", signature.arenaBytes},
      {"peak_rss_mb", static_cast<double>(usage.ru_maxrss) / 1024}};
  if (work.context.args.has("memory"))
    object["recomputed_flop"] = signature.recomputedFlop;
  if (work.context.args.has("weights"))
    object["check"] = measured->check;
  return object;
}

int nnc::tool::run_bench(Context &context) {
  int status = 0;
  std::optional<ModelFile> model = context.openModel(status);
  if (!model)
    return status;
  std::optional<TrainSettings> settings = context.settings(*model, status);
  if (!settings)
    return status;
  Workload work(context, *model, *settings);
  if (auto done = work.prepare(/*profile=*/false); !done)
    return context.fail(done.error());
  if (!work.program)
    return work.status;
  Expected<nlohmann::ordered_json> result = report(work);
  if (!result)
    return context.fail(result.error());
  if (context.isJson()) {
    context.print(*result);
    return 0;
  }
  for (const auto &item : result->items())
    context.print(fmt::format("{:<16} {}\n", item.key(),
                              item.value().is_number_float()
                                  ? shortNumber(item.value().get<double>())
                                  : item.value().dump()));
  return 0;
}

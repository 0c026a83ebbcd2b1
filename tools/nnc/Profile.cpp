//===- Profile.cpp - nnc profile ------------------------------------------===//
//
// Runs a program that notes the clock between its kernels; a kernel's time is
// the median of its times.
//
//===----------------------------------------------------------------------===//

#include "ProfileReport.h"
#include "Workload.h"
#include "nnc/Formats/AtomicFile.h"
#include "nnc/Runtime/MachineSpeed.h"
#include <algorithm>

using namespace nnc;
using namespace nnc::tool;
using Clock = std::chrono::steady_clock;

static double medianOf(std::vector<int64_t> &values) {
  auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return static_cast<double>(*middle);
}

/// Steps for a second, at least 3, after as many that are not counted; the
/// ticks of each kernel in each of them.
static Expected<std::vector<std::vector<int64_t>>>
collectTicks(Workload &work) {
  size_t count = work.kernels.size();
  const auto *clock =
      static_cast<const int64_t *>(work.program->find(Role::output, clockName));
  std::vector<std::vector<int64_t>> ticks(count);
  for (bool counted : {false, true}) {
    Clock::time_point start = Clock::now();
    auto length = std::chrono::milliseconds(counted ? 1000 : 200);
    for (int step = 0; step < 3 || Clock::now() - start < length; ++step) {
      if (Expected<double> done = work.step(); !done)
        return fail(std::move(done.error()));
      for (size_t i = 0; counted && i < count; ++i)
        ticks[i].push_back(clock[i + 1] - clock[i]);
    }
  }
  return ticks;
}

/// The bytes of all that the program reads or writes.
static int64_t workingSetOf(const Signature &signature) {
  int64_t bytes = signature.arenaBytes;
  for (const Argument &argument : signature.arguments)
    if (argument.name != clockName)
      bytes += argument.byteCount();
  return bytes;
}

static Expected<Profile> measure(Workload &work) {
  auto ticks = collectTicks(work);
  if (!ticks)
    return fail(std::move(ticks.error()));
  const Signature &signature = work.program->signature();
  Profile profile;
  profile.model = signature.model;
  profile.mode = work.isTraining ? "train" : "infer";
  profile.batch = work.batch;
  profile.threads = static_cast<unsigned>(
      std::min<int64_t>(work.threads(), signature.preferredThreads));
  profile.workingSet = workingSetOf(signature);
  double flopRate = measureFlopRate(profile.threads);
  double readRate = measureReadRate(profile.threads, profile.workingSet);
  double secondsPerTick = 1 / measureTickRate();
  profile.peakGflops = flopRate * 1e-9;
  profile.peakGigabytes = readRate * 1e-9;
  for (size_t i = 0; i < work.kernels.size(); ++i) {
    // A kernel without a share of the work may end within a tick.
    double ticksTaken = std::max(1.0, medianOf((*ticks)[i]));
    double taken = ticksTaken * secondsPerTick * 1e6;
    profile.microseconds += taken;
    if (!work.kernels[i].continues || profile.kernels.empty()) {
      profile.kernels.emplace_back();
      profile.kernels.back().info = work.kernels[i];
    }
    profile.kernels.back().microseconds += taken;
  }
  for (KernelTime &kernel : profile.kernels) {
    double seconds = kernel.microseconds * 1e-6;
    auto flop = static_cast<double>(kernel.info.flop);
    auto bytes = static_cast<double>(kernel.info.bytes);
    kernel.gflops = flop / seconds * 1e-9;
    kernel.gigabytes = bytes / seconds * 1e-9;
    kernel.roofline = std::max(flop / flopRate, bytes / readRate) / seconds;
    kernel.share = kernel.microseconds / profile.microseconds;
  }
  return profile;
}

int nnc::tool::run_profile(Context &context) {
  std::optional<std::string> output = context.args.value("out");
  if (output && !output->ends_with(".html"))
    return context.fail(
        makeError(ErrorCode::badOptionValue, "-o", "a .html file", *output));
  int status = 0;
  std::optional<ModelFile> model = context.openModel(status);
  if (!model)
    return status;
  std::optional<TrainSettings> settings = context.settings(*model, status);
  if (!settings)
    return status;
  Workload work(context, *model, *settings);
  if (auto done = work.prepare(/*profile=*/true); !done)
    return context.fail(done.error());
  if (!work.program)
    return work.status;
  Expected<Profile> profile = measure(work);
  if (!profile)
    return context.fail(profile.error());
  if (context.isJson())
    context.print(profileJson(*profile));
  else
    context.print(profileTable(*profile));
  if (!output)
    return 0;
  if (auto written = writeFile(*output, profileHtml(*profile)); !written)
    return context.fail(written.error());
  context.say("wrote " + *output);
  return 0;
}

//===- Benchmark.h - Compiles and times kernels -----------------*- C++ -*-===//

#ifndef NNC_BENCHMARK_KERNELS_BENCHMARK_H
#define NNC_BENCHMARK_KERNELS_BENCHMARK_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "nnc/Execution/JITSession.h"
#include "nnc/Execution/ObjectEmitter.h"
#include "nnc/Kernels/Kernel.h"
#include "nnc/Kernels/ProgramEntry.h"
#include "nnc/Pipelines/KernelsToLLVM.h"
#include "nnc/Runtime/ABI.h"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace nnc::benchmark {

using Clock = std::chrono::steady_clock;

inline double seconds(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

/// Prints \p error and ends the program.
[[noreturn]] inline void stop(const Error &error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  std::exit(1);
}

template <typename T> T orStop(Expected<T> expected) {
  if (!expected)
    stop(expected.error());
  return std::move(*expected);
}

/// How long one set of kernels took.
struct Timing {
  /// The least seconds of one call on one thread.
  double call;
  double compileMilliseconds;
};

/// Emits kernels over f32 buffers of \p sizes elements (the scratch argument
/// is added), compiles them and runs them for some tenths of a second.
template <typename Emit>
Timing measure(const TargetDescription &target, std::vector<int64_t> sizes,
               Emit emit) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  loadKernelDialects(context);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
  Clock::time_point start = Clock::now();
  kernels::Kernels emitted = orStop<kernels::Kernels>(emit(*module));
  if (emitted.scratchBytes)
    sizes.push_back(emitted.scratchBytes / 4);
  kernels::ProgramSpec spec;
  spec.name = "run";
  for (mlir::func::FuncOp phase : emitted.phases) {
    kernels::ProgramCall call{phase, {}};
    for (unsigned i = 0; i < sizes.size(); ++i)
      call.operands.push_back({kernels::ProgramOperand::Kind::argument, i, 0});
    spec.calls.push_back(call);
  }
  emitProgramEntry(*module, spec);
  auto objects = orStop(emitObjects(*module, target));
  auto session = orStop(JITSession::create());
  for (const ObjectBytes &object : objects)
    if (auto added = session->add(object); !added)
      stop(added.error());
  auto *run =
      orStop(session->lookupAs<std::remove_pointer_t<nnc_rt_entry>>("run"));
  Timing timing{1e9, seconds(start) * 1e3};

  std::mt19937 generator(1);
  std::uniform_real_distribution<float> uniform(0, 1);
  std::vector<void *> buffers;
  for (int64_t size : sizes) {
    auto *data = static_cast<float *>(
        std::aligned_alloc(64, (size * sizeof(float) + 63) / 64 * 64));
    std::generate_n(data, size, [&] { return uniform(generator); });
    buffers.push_back(data);
  }
  (*run)(buffers.data(), nullptr, nullptr, 0, 1, nullptr);
  for (start = Clock::now(); seconds(start) < 0.3;) {
    Clock::time_point since = Clock::now();
    (*run)(buffers.data(), nullptr, nullptr, 0, 1, nullptr);
    timing.call = std::min(timing.call, seconds(since));
  }
  for (void *buffer : buffers)
    std::free(buffer);
  return timing;
}

} // namespace nnc::benchmark

#endif // NNC_BENCHMARK_KERNELS_BENCHMARK_H

//===- ContractionBenchmark.cpp - Speed of matrix products ----------------===//
//
// Prints GFLOP/s of the contraction template at common shapes, the peak of
// fused multiply-adds, and the milliseconds that compiling took.
// usage: contraction-benchmark [TARGET]
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "nnc/Execution/JITSession.h"
#include "nnc/Execution/ObjectEmitter.h"
#include "nnc/Kernels/Contraction.h"
#include "nnc/Kernels/ProgramEntry.h"
#include "nnc/Pipelines/KernelsToLLVM.h"
#include "nnc/Runtime/ABI.h"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>

using namespace nnc;
using namespace nnc::kernels;

namespace {

struct Shape {
  int64_t m, k, n;
  const char *form;
};

constexpr Shape shapes[] = {
    {128, 784, 500, "nn"}, {128, 500, 500, "nn"},    {500, 128, 784, "nn"},
    {512, 512, 512, "nn"}, {1024, 1024, 1024, "nn"}, {2048, 2048, 2048, "nn"},
    {784, 128, 500, "tn"}, {500, 128, 500, "tn"},    {1024, 1024, 1024, "tn"},
    {128, 500, 500, "nt"}, {128, 500, 784, "nt"},    {1024, 1024, 1024, "nt"},
    {32, 784, 500, "nn"},  {784, 32, 500, "tn"},     {1, 784, 500, "nn"},
    {1, 500, 784, "nt"},   {128, 500, 10, "nn"},     {128, 10, 500, "nt"},
};

using Clock = std::chrono::steady_clock;

double seconds(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

/// The least seconds of one call, over half a second of them.
template <typename Function> double leastSeconds(Function function) {
  function();
  double least = 1e9;
  for (Clock::time_point start = Clock::now(); seconds(start) < 0.4;) {
    Clock::time_point since = Clock::now();
    function();
    least = std::min(least, seconds(since));
  }
  return least;
}

float *randomBuffer(int64_t size) {
  static std::mt19937 generator(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  auto *data = static_cast<float *>(
      std::aligned_alloc(64, (size * sizeof(float) + 63) / 64 * 64));
  for (int64_t i = 0; i < size; ++i)
    data[i] = uniform(generator);
  return data;
}

int report(const Error &error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 1;
}

} // namespace

int main(int argc, char **argv) {
  auto target = TargetDescription::named(argc > 1 ? argv[1] : "");
  if (!target)
    return report(target.error());
  std::printf("%s\n", target->name.c_str());
  std::printf("%-20s %8s %10s\n", "m x k x n", "GFLOP/s", "compile ms");
  for (const Shape &shape : shapes) {
    mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
    loadKernelDialects(context);
    mlir::OwningOpRef<mlir::ModuleOp> module =
        mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
    mlir::Type f32 = mlir::Float32Type::get(&context);
    bool transposeA = shape.form[0] == 't', transposeB = shape.form[1] == 't';

    Clock::time_point start = Clock::now();
    ContractionSpec spec;
    spec.name = "product";
    spec.element = f32;
    spec.m = shape.m;
    spec.k = shape.k;
    spec.n = shape.n;
    spec.buffers = {{f32, shape.m * shape.k},
                    {f32, shape.k * shape.n},
                    {f32, shape.m * shape.n},
                    {f32, shape.n}};
    spec.lhs = {.buffer = 0,
                .rowStride = transposeA ? shape.m : shape.k,
                .transposed = transposeA};
    spec.rhs = {.buffer = 1,
                .rowStride = transposeB ? shape.k : shape.n,
                .transposed = transposeB};
    spec.inputs = {{3, {0, 1}}};
    spec.outputs = {{2, {shape.n, 1}}};
    spec.epilogue = [](BodyContext &c) -> llvm::SmallVector<mlir::Value> {
      mlir::Value sum = mlir::arith::AddFOp::create(c.builder, c.loc,
                                                    c.inputs[0], c.inputs[1]);
      mlir::Value zero = mlir::arith::ConstantOp::create(
          c.builder, c.loc, c.builder.getZeroAttr(sum.getType()));
      return {mlir::arith::MaximumFOp::create(c.builder, c.loc, sum, zero)};
    };
    auto emitted = emitContraction(*module, *target, spec);
    if (!emitted)
      return report(emitted.error());
    ProgramCall call{emitted->phases[0], {}};
    for (unsigned i = 0; i < spec.buffers.size(); ++i)
      call.operands.push_back({ProgramOperand::Kind::argument, i, 0});
    emitProgramEntry(*module, {"run", {call}, {}});
    auto objects = emitObjects(*module, *target);
    if (!objects)
      return report(objects.error());
    auto session = JITSession::create();
    if (!session)
      return report(session.error());
    for (const ObjectBytes &object : *objects)
      if (auto added = (*session)->add(object); !added)
        return report(added.error());
    auto run = (*session)->lookupAs<std::remove_pointer_t<nnc_rt_entry>>("run");
    if (!run)
      return report(run.error());
    double compile = seconds(start) * 1e3;

    void *buffers[] = {randomBuffer(shape.m * shape.k),
                       randomBuffer(shape.k * shape.n),
                       randomBuffer(shape.m * shape.n), randomBuffer(shape.n)};
    double time =
        leastSeconds([&] { (*run)(buffers, nullptr, nullptr, 0, 1, nullptr); });
    std::printf("%4ldx%4ldx%4ld %s %10.1f %10.1f\n", long(shape.m),
                long(shape.k), long(shape.n), shape.form,
                2e-9 * shape.m * shape.k * shape.n / time, compile);
    for (void *buffer : buffers)
      std::free(buffer);
  }
  return 0;
}

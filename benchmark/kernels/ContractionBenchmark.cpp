//===- ContractionBenchmark.cpp - Speed of matrix products ----------------===//
//
// Prints GFLOP/s on one thread of the contraction template with bias and relu
// at common shapes, and the milliseconds that compiling took.
// usage: contraction-benchmark [TARGET]
//
//===----------------------------------------------------------------------===//

#include "Benchmark.h"
#include "nnc/Kernels/Contraction.h"

using namespace nnc;
using namespace nnc::benchmark;
using namespace nnc::kernels;

namespace {

struct Shape {
  int64_t m, k, n;
  /// Which operands are transposed, as in BLAS.
  const char *form;
};

constexpr Shape shapes[] = {
    {128, 784, 500, "nn"}, {128, 500, 500, "nn"},    {500, 128, 784, "nn"},
    {512, 512, 512, "nn"}, {1024, 1024, 1024, "nn"}, {2048, 2048, 2048, "nn"},
    {784, 128, 500, "tn"}, {500, 128, 500, "tn"},    {1024, 1024, 1024, "tn"},
    {128, 500, 500, "nt"}, {128, 500, 784, "nt"},    {1024, 1024, 1024, "nt"},
    {32, 784, 500, "nn"},  {784, 32, 500, "tn"},     {1, 784, 500, "nn"},
    {1, 500, 784, "nt"},   {784, 1, 500, "tn"},      {128, 500, 10, "nn"},
    {128, 10, 500, "nt"},  {500, 128, 10, "tn"},     {128, 3584, 512, "tn"},
    {3584, 28, 512, "nn"}, {128, 128, 512, "nn"},    {128, 512, 128, "nt"},
};

} // namespace

static llvm::SmallVector<mlir::Value> addBiasAndRectify(BodyContext &c) {
  mlir::Value sum =
      mlir::arith::AddFOp::create(c.builder, c.loc, c.inputs[0], c.inputs[1]);
  mlir::Value zero = mlir::arith::ConstantOp::create(
      c.builder, c.loc, c.builder.getZeroAttr(sum.getType()));
  return {mlir::arith::MaximumFOp::create(c.builder, c.loc, sum, zero)};
}

int main(int argc, char **argv) {
  TargetDescription target =
      orStop(TargetDescription::named(argc > 1 ? argv[1] : ""));
  std::printf("%s\n%-18s %10s %12s\n", target.name.c_str(), "m x k x n",
              "GFLOP/s", "compile ms");
  for (auto [m, k, n, form] : shapes) {
    bool transposeA = form[0] == 't', transposeB = form[1] == 't';
    auto emit = [&](mlir::ModuleOp module) {
      mlir::Type f32 = mlir::Float32Type::get(module.getContext());
      ContractionSpec spec;
      spec.name = "product";
      spec.element = f32;
      spec.m = m;
      spec.k = k;
      spec.n = n;
      spec.buffers = {{f32, m * k}, {f32, k * n}, {f32, m * n}, {f32, n}};
      spec.lhs = {.buffer = 0,
                  .rowStride = transposeA ? m : k,
                  .transposed = transposeA};
      spec.rhs = {.buffer = 1,
                  .rowStride = transposeB ? k : n,
                  .transposed = transposeB};
      spec.inputs = {{3, {0, 1}}};
      spec.outputs = {{2, {n, 1}}};
      spec.epilogue = addBiasAndRectify;
      return emitContraction(module, target, spec);
    };
    Timing timing = measure(target, {m * k, k * n, m * n, n}, emit);
    std::printf("%4lldx%4lldx%4lld %s %10.1f %12.1f\n", (long long)m,
                (long long)k, (long long)n, form,
                2e-9 * m * k * n / timing.call, timing.compileMilliseconds);
  }
  return 0;
}

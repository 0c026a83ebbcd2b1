//===- SweepBenchmark.cpp - Speed of maps, row sweeps and reductions ------===//
//
// Prints GB/s (bytes read and written once) and nanoseconds an element on one
// thread, and the milliseconds that compiling took.
// usage: sweep-benchmark [TARGET]
//
//===----------------------------------------------------------------------===//

#include "Benchmark.h"
#include "nnc/Kernels/Map.h"
#include "nnc/Kernels/Reduce.h"
#include "nnc/Kernels/RowSweep.h"

using namespace nnc;
using namespace nnc::benchmark;
using namespace nnc::kernels;
using namespace mlir;

namespace {

/// One kernel: its buffers and the elements of its domain.
struct Case {
  const char *name;
  std::vector<int64_t> sizes;
  int64_t elements;
  std::function<Expected<Kernels>(ModuleOp, const TargetDescription &)> emit;
};

} // namespace

static std::vector<Buffer> buffersOf(ModuleOp module,
                                     const std::vector<int64_t> &sizes) {
  std::vector<Buffer> buffers;
  for (int64_t size : sizes)
    buffers.push_back({Float32Type::get(module.getContext()), size});
  return buffers;
}

static Value constant(BodyContext &c, float number) {
  return arith::ConstantOp::create(
      c.builder, c.loc,
      DenseElementsAttr::get(c.vectorOf(c.builder.getF32Type()), number));
}

template <typename OpTy> static Case function(const char *name) {
  int64_t size = 1 << 14;
  return {name,
          {size, size},
          size,
          [=](ModuleOp module, const TargetDescription &target) {
            return emitMap(module, target,
                           {.name = "map",
                            .domain = {size},
                            .buffers = buffersOf(module, {size, size}),
                            .inputs = {{0, {1}}},
                            .outputs = {{1, {1}}},
                            .body = [](BodyContext &c) -> SmallVector<Value> {
                              return {
                                  OpTy::create(c.builder, c.loc, c.inputs[0])};
                            }});
          }};
}

/// w, m, v and the gradient of a layer: Adam without bias correction.
static Case adam() {
  int64_t size = 784 * 500;
  std::vector<int64_t> sizes(4, size);
  return {"adam", sizes, size,
          [=](ModuleOp module, const TargetDescription &target) {
            auto body = [](BodyContext &c) -> SmallVector<Value> {
              auto mul = [&](Value a, Value b) -> Value {
                return arith::MulFOp::create(c.builder, c.loc, a, b);
              };
              auto add = [&](Value a, Value b) -> Value {
                return arith::AddFOp::create(c.builder, c.loc, a, b);
              };
              Value w = c.inputs[0], m = c.inputs[1], v = c.inputs[2],
                    g = c.inputs[3];
              m = add(mul(m, constant(c, 0.9f)), mul(g, constant(c, 0.1f)));
              v = add(mul(v, constant(c, 0.999f)),
                      mul(mul(g, g), constant(c, 0.001f)));
              Value root = math::SqrtOp::create(c.builder, c.loc, v);
              Value step = arith::DivFOp::create(c.builder, c.loc, m,
                                                 add(root, constant(c, 1e-8f)));
              w = add(w, mul(step, constant(c, -1e-3f)));
              return {w, m, v};
            };
            return emitMap(module, target,
                           {.name = "map",
                            .domain = {size},
                            .buffers = buffersOf(module, sizes),
                            .inputs = {{0, {1}}, {1, {1}}, {2, {1}}, {3, {1}}},
                            .outputs = {{0, {1}}, {1, {1}}, {2, {1}}},
                            .body = body});
          }};
}

static Case transpose(const char *name, int64_t rows, int64_t columns) {
  int64_t size = rows * columns;
  return {name,
          {size, size},
          size,
          [=](ModuleOp module, const TargetDescription &target) {
            return emitMap(module, target,
                           {.name = "map",
                            .domain = {columns, rows},
                            .buffers = buffersOf(module, {size, size}),
                            .inputs = {{0, {1, columns}}},
                            .outputs = {{1, {rows, 1}}},
                            .body = [](BodyContext &c) {
                              return SmallVector<Value>(c.inputs);
                            }});
          }};
}

static Case sums(const char *name, int64_t rows, int64_t columns,
                 bool alongRows) {
  std::vector<int64_t> sizes{rows * columns, alongRows ? rows : columns};
  return {name, sizes, rows * columns,
          [=](ModuleOp module, const TargetDescription &target) {
            ReduceSpec spec;
            spec.name = "sum";
            spec.kept = {alongRows ? rows : columns};
            spec.reduced = {alongRows ? columns : rows};
            spec.buffers = buffersOf(module, sizes);
            spec.inputs = {{0, alongRows ? SmallVector<int64_t>{columns, 1}
                                         : SmallVector<int64_t>{1, columns}}};
            spec.reductions = {
                {ReduceKind::sum, Float32Type::get(module.getContext())}};
            spec.outputs = {{1, {1}}};
            spec.body = [](BodyContext &c) {
              return SmallVector<Value>(c.inputs);
            };
            return emitReduce(module, target, spec);
          }};
}

static Case softmax(const char *name, int64_t rows, int64_t columns) {
  std::vector<int64_t> sizes{rows * columns, rows * columns};
  return {name, sizes, rows * columns,
          [=](ModuleOp module, const TargetDescription &target) {
            Type f32 = Float32Type::get(module.getContext());
            Access in{0, {columns, 1}}, out{1, {columns, 1}};
            Sweep largest, exponentials, scale;
            largest.inputs = {in};
            largest.reductions = {{ReduceKind::maximum, f32}};
            largest.body = [](BodyContext &c) -> SmallVector<Value> {
              return {c.inputs[0]};
            };
            exponentials.inputs = {in};
            exponentials.outputs = {out};
            exponentials.reductions = {{ReduceKind::sum, f32}};
            exponentials.body = [](BodyContext &c) -> SmallVector<Value> {
              Value shifted = arith::SubFOp::create(c.builder, c.loc,
                                                    c.inputs[0], c.inputs[1]);
              Value e = math::ExpOp::create(c.builder, c.loc, shifted);
              return {e, e};
            };
            exponentials.finish = [](BodyContext &c) -> SmallVector<Value> {
              return {arith::DivFOp::create(c.builder, c.loc, constant(c, 1),
                                            c.inputs[1])};
            };
            exponentials.finishTypes = {f32};
            scale.inputs = scale.outputs = {out};
            scale.body = [](BodyContext &c) -> SmallVector<Value> {
              return {arith::MulFOp::create(c.builder, c.loc, c.inputs[0],
                                            c.inputs[3])};
            };
            return emitRowSweep(module, target,
                                {.name = "softmax",
                                 .rows = {rows},
                                 .columns = columns,
                                 .buffers = buffersOf(module, sizes),
                                 .sweeps = {largest, exponentials, scale}});
          }};
}

int main(int argc, char **argv) {
  TargetDescription target =
      orStop(TargetDescription::named(argc > 1 ? argv[1] : ""));
  std::printf("%s\n%-22s %8s %8s %12s\n", target.name.c_str(), "kernel", "GB/s",
              "ns", "compile ms");
  for (const Case &c :
       {function<math::AbsFOp>("abs"), function<math::ExpOp>("exp"),
        function<math::TanhOp>("tanh"), function<math::LogOp>("log"),
        function<math::ErfOp>("erf"), function<math::SinOp>("sin"), adam(),
        transpose("transpose 500x784", 500, 784),
        transpose("transpose 1024x1024", 1024, 1024),
        sums("sum of rows 128x500", 128, 500, false),
        sums("sum of rows 4096x512", 4096, 512, false),
        sums("sum of columns 128x500", 128, 500, true),
        sums("sum of all 1M", 1, 1 << 20, true),
        softmax("softmax 128x10", 128, 10),
        softmax("softmax 128x1000", 128, 1000)}) {
    Timing timing = measure(target, c.sizes, [&](ModuleOp module) {
      return c.emit(module, target);
    });
    int64_t bytes = 0;
    for (int64_t size : c.sizes)
      bytes += 4 * size;
    std::printf("%-22s %8.1f %8.3f %12.1f\n", c.name,
                1e-9 * bytes / timing.call, 1e9 * timing.call / c.elements,
                timing.compileMilliseconds);
  }
  return 0;
}

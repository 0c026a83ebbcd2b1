//===- WinogradWeights.cpp - Weights transformed for Winograd -------------===//

#include "WinogradTransforms.h"
#include "nnc/Kernels/Winograd.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Pairs of channels below which a further thread costs more than it gains.
static constexpr int64_t grain = 1024;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

Expected<Kernels>
kernels::emitWinogradWeights(ModuleOp module, const TargetDescription &target,
                             const WinogradWeightsSpec &spec) {
  Type element = spec.element;
  int64_t lanes = target.lanes(storageBytes(element));
  if (spec.panel % lanes != 0)
    return fail(ErrorCode::unsupported,
                "weights in panels of other than whole vectors");
  int64_t points = (spec.tile + 2) * (spec.tile + 2);
  int64_t panelSize = spec.inputs * spec.panel;
  int64_t pointSize = ceilDiv(spec.outputs, spec.panel) * panelSize;
  std::vector<Buffer> buffers{{element, spec.inputs * spec.outputs * 9},
                              {element, pointSize * points}};
  KernelBuilder kernel(module, target, spec.name, buffers, false);
  Value weights = kernel.function.getArgument(0);
  Value result = kernel.function.getArgument(1);
  Value work = kernel.stack(element, points * lanes);

  // Weights of consecutive outputs, and of consecutive inputs.
  int64_t outputStep = spec.adjoint ? 9 : spec.inputs * 9;
  int64_t inputStep = spec.adjoint ? spec.outputs * 9 : 9;
  int64_t vectors = ceilDiv(spec.outputs, spec.panel) * spec.panel / lanes;
  int64_t items = spec.inputs * vectors;
  auto [low, high] = kernel.share(kernel.constant(items), items, 1,
                                  std::max<int64_t>(1, grain / lanes));
  kernel.loop(low, high, 1, [&](Value number) {
    Value input = kernel.rem(number, kernel.constant(spec.inputs));
    Value output =
        kernel.mul(kernel.div(number, kernel.constant(spec.inputs)), lanes);
    Lanes live{lanes};
    if (spec.outputs % spec.panel != 0)
      live = kernel.firstLanes(
          kernel.sub(kernel.constant(spec.outputs), output), lanes);
    Value from = kernel.pointer(weights, element,
                                kernel.add(kernel.mul(output, outputStep),
                                           kernel.mul(input, inputStep)));
    Value panel = kernel.constant(spec.panel);
    Value inPanel =
        kernel.add(kernel.mul(input, spec.panel), kernel.rem(output, panel));
    Value to = kernel.pointer(
        result, element,
        kernel.add(kernel.mul(kernel.div(output, panel), panelSize), inPanel));
    emitTransform(kernel, element, lanes, WinogradTransform::weights, spec.tile,
                  {[&](int64_t row, Value column) {
                     Value at =
                         spec.adjoint
                             ? kernel.sub(kernel.constant(8 - row * 3), column)
                             : kernel.add(column, row * 3);
                     return kernel.load(from, element, at, live, outputStep);
                   },
                   [&](Value row, int64_t column, Value value) {
                     Value point =
                         kernel.add(kernel.mul(row, spec.tile + 2), column);
                     // Points lie so far apart that their lines share few
                     // places of the caches.
                     kernel.storeFar(value, to, kernel.mul(point, pointSize));
                   },
                   work});
  });
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return Kernels{{kernel.function}, 0};
}

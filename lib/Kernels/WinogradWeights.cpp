//===- WinogradWeights.cpp - Weights transformed for Winograd -------------===//

#include "WinogradTransforms.h"
#include "nnc/Kernels/Winograd.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Pairs of channels below which a further thread costs more than it gains.
static constexpr int64_t grain = 1024;

Expected<Kernels>
kernels::emitWinogradWeights(ModuleOp module, const TargetDescription &target,
                             const WinogradWeightsSpec &spec) {
  Type element = spec.element;
  int64_t lanes = target.lanes(storageBytes(element));
  int64_t points = (spec.tile + 2) * (spec.tile + 2);
  int64_t pairs = spec.inputs * spec.outputs;
  std::vector<Buffer> buffers{{element, pairs * 9}, {element, pairs * points}};
  KernelBuilder kernel(module, target, spec.name, buffers, false);
  Value weights = kernel.function.getArgument(0);
  Value result = kernel.function.getArgument(1);
  Value work = kernel.stack(element, points * lanes);

  // Weights of consecutive outputs, and of consecutive inputs.
  int64_t outputStep = spec.adjoint ? 9 : spec.inputs * 9;
  int64_t inputStep = spec.adjoint ? spec.outputs * 9 : 9;
  auto [low, high] = kernel.share(
      kernel.constant(spec.inputs), spec.inputs, 1,
      std::max<int64_t>(1, grain / std::max<int64_t>(1, spec.outputs)));
  auto emitOutputs = [&](Value output, Value input, const Lanes &live) {
    Value from = kernel.pointer(weights, element,
                                kernel.add(kernel.mul(output, outputStep),
                                           kernel.mul(input, inputStep)));
    Value to = kernel.pointer(
        result, element, kernel.add(kernel.mul(input, spec.outputs), output));
    emitTransform(
        kernel, element, live.width, WinogradTransform::weights, spec.tile,
        {[&](int64_t row, Value column) {
           Value at = spec.adjoint
                          ? kernel.sub(kernel.constant(8 - row * 3), column)
                          : kernel.add(column, row * 3);
           return kernel.load(from, element, at, live, outputStep);
         },
         [&](Value row, int64_t column, Value value) {
           Value point = kernel.add(kernel.mul(row, spec.tile + 2), column);
           kernel.store(value, to, kernel.mul(point, pairs), live);
         },
         work});
  };
  kernel.loop(low, high, 1, [&](Value input) {
    vectorLoop(kernel, kernel.constant(0), kernel.constant(spec.outputs), lanes,
               target.maskedWords, spec.outputs >= lanes,
               spec.outputs % lanes != 0, [&](Value output, const Lanes &live) {
                 emitOutputs(output, input, live);
               });
  });
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return Kernels{{kernel.function}, 0};
}

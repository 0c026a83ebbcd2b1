//===- ConvolutionItems.cpp - What convolution kernels share --------------===//

#include "ConvolutionItems.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Multiply-adds below which a further thread costs more than it gains.
static constexpr double grain = 1 << 16;

void kernels::forItems(KernelBuilder &kernel, Value total, int64_t capacity,
                       double work, llvm::function_ref<void(Value)> emit) {
  auto [low, high] = kernel.share(
      total, capacity, 1,
      std::max<int64_t>(1, std::min(grain, grain / std::max(1.0, work))));
  kernel.loop(low, high, 1, emit);
}

Expected<Kernels> kernels::inSequence(int64_t scratchBytes,
                                      Expected<func::FuncOp> first,
                                      Expected<func::FuncOp> second) {
  if (!first)
    return fail(first.error());
  if (!second)
    return fail(second.error());
  return Kernels{{*first, *second}, scratchBytes};
}

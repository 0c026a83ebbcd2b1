//===- ContractionLeft.cpp - Left operands made ready for tiles -----------===//
//
// The rows of a tile are the columns of a transposed operand: few elements at
// each step of k, far from those of the next. Every panel would read them so.
//
//===----------------------------------------------------------------------===//

#include "ContractionLeft.h"
#include "ContractionPlan.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Steps of k that are copied together, so that the parts of a cache line that
/// go to different tiles are read while it is near.
static constexpr int64_t blockSteps = 8;
/// Elements that are worth a further thread.
static constexpr int64_t grain = 1 << 14;

LeftMatrices::LeftMatrices(const ContractionSpec &spec, int64_t size)
    : batch(spec.batch), strides(spec.lhs.batchStrides), elements(size) {
  for (size_t d = batch.size(); d-- > 0;) {
    if (strides[d] == 0) {
      batch[d] = Extent(1);
      continue;
    }
    strides[d] = elements;
    elements *= batch[d].capacity;
  }
}

std::pair<Value, Value> LeftMatrices::placesOf(KernelBuilder &kernel,
                                               const ContractionSpec &spec,
                                               Value number) const {
  Value from = kernel.constant(spec.lhs.offset), to = kernel.constant(0);
  for (auto [index, stride, toStride] : llvm::zip(
           kernel.delinearize(number, batch), spec.lhs.batchStrides, strides)) {
    from = kernel.add(from, kernel.mul(index, stride));
    to = kernel.add(to, kernel.mul(index, toStride));
  }
  return {from, to};
}

LeftMatrices kernels::leftTiles(const ContractionSpec &spec,
                                const ContractionPlan &plan) {
  return {spec, plan.tiles * plan.tileRows * spec.k.capacity};
}

func::FuncOp kernels::emitLeftTiles(ModuleOp module,
                                    const TargetDescription &target,
                                    const ContractionSpec &spec,
                                    const ContractionPlan &plan) {
  KernelBuilder kernel(module, target, spec.name + "_tiles", spec.buffers,
                       /*hasScratch=*/true);
  LeftMatrices matrices = leftTiles(spec, plan);
  Value depth = kernel.bound(spec.k);
  Value blocks = kernel.ceilDiv(depth, kernel.constant(blockSteps));
  Value total = kernel.mul(kernel.volume(matrices.batch), blocks);
  int64_t capacity = matrices.elements / (plan.tiles * plan.tileRows);
  auto [low, high] = kernel.share(
      total, std::max<int64_t>(1, capacity / blockSteps), 1,
      std::max<int64_t>(1, grain / (spec.m.capacity * blockSteps)));
  Value source = kernel.function.getArgument(spec.lhs.buffer);
  Type element = spec.buffers[spec.lhs.buffer].element;
  bool masked =
      storageBytes(element) < 4 ? target.maskedBytes : target.maskedWords;
  kernel.loop(low, high, 1, [&, blocks = blocks](Value number) {
    auto [from, to] =
        matrices.placesOf(kernel, spec, kernel.div(number, blocks));
    Value first = kernel.mul(kernel.rem(number, blocks), blockSteps);
    Value last = kernel.min(kernel.add(first, blockSteps), depth);
    kernel.loop(
        kernel.constant(0), kernel.constant(plan.tiles), 1,
        [&, from = from, to = to](Value tile) {
          // The last tile reaches back to stay inside the matrix.
          Value row = kernel.mul(tile, plan.tileRows);
          if (spec.m.capacity % plan.tileRows != 0)
            row = kernel.min(row,
                             kernel.constant(spec.m.capacity - plan.tileRows));
          Value left = kernel.add(from, row);
          Value place =
              kernel.add(to, kernel.mul(tile, plan.tileRows * spec.k.capacity));
          kernel.loop(first, last, 1, [&](Value step) {
            Value at = kernel.add(left, kernel.mul(step, spec.lhs.rowStride));
            Value target = kernel.add(place, kernel.mul(step, plan.tileRows));
            vectorLoop(
                kernel, kernel.constant(0), kernel.constant(plan.tileRows),
                plan.lanes, masked, plan.tileRows >= plan.lanes,
                plan.tileRows % plan.lanes != 0,
                [&](Value column, const Lanes &live) {
                  kernel.store(
                      kernel.widen(kernel.load(source, element,
                                               kernel.add(at, column), live)),
                      kernel.scratch, kernel.add(target, column), live);
                });
          });
        });
  });
  (void)kernel.finish();
  return kernel.function;
}

//===- Map.cpp - Element-wise kernels -------------------------------------===//

#include "nnc/Kernels/Map.h"
#include "KernelBuilder.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Elements below which a further thread costs more than it gains.
static constexpr int64_t grain = 2048;

namespace {

/// The domain after collapsing, with the accesses that fit it.
struct Collapsed {
  std::vector<Extent> domain;
  std::vector<Access> inputs, outputs;
};

} // namespace

/// Joins dimension \p d with the one after it in all of \p accesses.
static void joinStrides(std::vector<Access> &accesses, size_t d) {
  for (Access &access : accesses)
    access.strides.erase(access.strides.begin() + d);
}

/// Whether dimensions \p d and d + 1 are one for \p access.
static bool joins(const Access &access, size_t d, int64_t innerExtent) {
  return access.strides[d] == access.strides[d + 1] * innerExtent;
}

static Collapsed collapse(const MapSpec &spec) {
  Collapsed result{spec.domain, spec.inputs, spec.outputs};
  if (spec.usesIndices)
    return result;
  auto drop = [&](size_t d) {
    result.domain.erase(result.domain.begin() + d);
    joinStrides(result.inputs, d);
    joinStrides(result.outputs, d);
  };
  for (size_t d = result.domain.size(); d-- > 0;)
    if (result.domain[d].isStatic() && result.domain[d].capacity == 1)
      drop(d);
  for (size_t d = result.domain.size(); d-- > 1;) {
    Extent inner = result.domain[d];
    auto joinable = [&](const Access &access) {
      return joins(access, d - 1, inner.capacity);
    };
    if (!inner.isStatic() || !llvm::all_of(result.inputs, joinable) ||
        !llvm::all_of(result.outputs, joinable))
      continue;
    Extent &outer = result.domain[d - 1];
    outer.capacity *= inner.capacity;
    if (outer.perBatch)
      *outer.perBatch *= inner.capacity;
    result.domain.erase(result.domain.begin() + d);
    joinStrides(result.inputs, d - 1);
    joinStrides(result.outputs, d - 1);
  }
  return result;
}

/// Emits one vector of the sweep.
static void emitVector(KernelBuilder &kernel, const MapSpec &spec,
                       ArrayRef<Value> row, const RowAccesses &inputs,
                       const RowAccesses &outputs, Value column,
                       const Lanes &lanes) {
  SmallVector<Value> operands;
  for (unsigned number = 0; number < spec.inputs.size(); ++number)
    operands.push_back(inputs.load(kernel, number, column, lanes));
  auto indexOf = [&](unsigned d) {
    return d < row.size() ? kernel.splat(row[d], lanes.width)
                          : kernel.iota(column, lanes.width);
  };
  auto batchOf = [&] { return kernel.batch(); };
  BodyContext context(kernel.builder, kernel.loc, lanes.width, operands,
                      indexOf, batchOf);
  SmallVector<Value> results = spec.body(context);
  kernel.expectResults(results.size(), spec.outputs.size());
  for (auto [number, result] : llvm::enumerate(results))
    outputs.store(kernel, number, result, column, lanes);
}

Expected<Kernels> kernels::emitMap(ModuleOp module,
                                   const TargetDescription &target,
                                   const MapSpec &spec) {
  for (const auto *accesses : {&spec.inputs, &spec.outputs})
    if (auto checked =
            checkAccesses(spec.name, spec.domain, spec.buffers, *accesses);
        !checked)
      return fail(checked.error());

  Collapsed shape = collapse(spec);
  KernelBuilder kernel(module, target, spec.name, spec.buffers, false);
  size_t rank = shape.domain.size();
  ArrayRef<Extent> outer(shape.domain.data(), rank ? rank - 1 : 0);
  Extent inner = rank ? shape.domain.back() : Extent(1);
  int64_t rows = 1;
  for (const Extent &extent : outer)
    rows *= extent.capacity;

  int64_t width = vectorWidth(target, spec.buffers);
  if (inner.isStatic() && inner.capacity == 1)
    width = 1;
  bool masked = canMask(target, spec.buffers, shape.inputs, shape.outputs);

  // A few long rows are split along themselves, else rows are dealt out.
  bool splitInner = rows < 8 && inner.capacity > grain;
  Value low = kernel.constant(0), high = kernel.bound(inner);
  Value rowLow = kernel.constant(0), rowHigh = kernel.volume(outer);
  if (splitInner)
    std::tie(low, high) = kernel.share(high, inner.capacity, 64,
                                       grain / std::max<int64_t>(rows, 1));
  else
    std::tie(rowLow, rowHigh) = kernel.share(
        rowHigh, rows, 1,
        std::max<int64_t>(1, grain / std::max<int64_t>(1, inner.capacity)));
  bool exact = inner.isStatic() && inner.capacity % width == 0;

  kernel.loop(rowLow, rowHigh, 1, [&](Value row) {
    SmallVector<Value> indices = kernel.delinearize(row, outer);
    RowAccesses inputs(kernel, shape.inputs, indices, width > 1);
    RowAccesses outputs(kernel, shape.outputs, indices, false);
    vectorLoop(kernel, low, high, width, masked, inner.capacity >= width,
               !exact, [&](Value column, const Lanes &lanes) {
                 emitVector(kernel, spec, indices, inputs, outputs, column,
                            lanes);
               });
  });
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return Kernels{{kernel.function}, 0};
}

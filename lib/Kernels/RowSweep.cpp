//===- RowSweep.cpp - Kernels that sweep a row several times --------------===//

#include "nnc/Kernels/RowSweep.h"
#include "KernelBuilder.h"
#include "VectorReduction.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Elements below which a further thread costs more than it gains.
static constexpr int64_t grain = 1024;

namespace {

/// Emits the sweeps of one row.
class RowEmitter {
public:
  RowEmitter(KernelBuilder &kernel, const RowSweepSpec &spec)
      : kernel(kernel), spec(spec),
        width(vectorWidth(kernel.target, spec.buffers)) {}

  void emit(ArrayRef<Value> row) {
    rowValues.clear();
    for (const Sweep &sweep : spec.sweeps)
      emitSweep(row, sweep);
    for (auto [access, number] : llvm::zip(spec.rowOutputs, spec.rowValues))
      kernel.store(rowValues[number], access, kernel.element(access, row),
                   Lanes{1});
  }

private:
  SmallVector<Value> buildBody(const Body &body, ArrayRef<Value> row,
                               ValueRange operands, int64_t lanes,
                               Value column) {
    auto indexOf = [&](unsigned d) {
      return d < row.size() ? kernel.splat(row[d], lanes)
                            : kernel.iota(column, lanes);
    };
    auto batchOf = [&] { return kernel.batch(); };
    BodyContext context(kernel.builder, kernel.loc, lanes, operands, indexOf,
                        batchOf);
    return body(context);
  }

  void emitSweep(ArrayRef<Value> row, const Sweep &sweep) {
    bool masked =
        canMask(kernel.target, spec.buffers, sweep.inputs, sweep.outputs);
    bool full = spec.columns.capacity >= width;
    bool rest = !spec.columns.isStatic() || spec.columns.capacity % width != 0;
    RowAccesses inputs(kernel, sweep.inputs, row, true);
    RowAccesses outputs(kernel, sweep.outputs, row, false);
    SmallVector<Value> shared;
    for (Value value : rowValues)
      shared.push_back(kernel.extract(value, 0));

    auto emitVector = [&](Value column, const Lanes &lanes) {
      SmallVector<Value> operands;
      for (unsigned number = 0; number < sweep.inputs.size(); ++number)
        operands.push_back(inputs.load(kernel, number, column, lanes));
      for (Value value : shared)
        operands.push_back(kernel.splat(value, lanes.width));
      SmallVector<Value> results =
          buildBody(sweep.body, row, operands, lanes.width, column);
      size_t reductions = sweep.reductions.size();
      kernel.expectResults(results.size(), reductions + sweep.outputs.size());
      for (size_t number = reductions; number < results.size(); ++number)
        outputs.store(kernel, number - reductions, results[number], column,
                      lanes);
      results.truncate(std::min(reductions, results.size()));
      return results;
    };

    Accumulators accumulators(kernel, sweep.reductions);
    LaneReduction reduction(kernel, accumulators, width, masked, full, rest);
    Value zero = kernel.constant(0);
    SmallVector<Value> states = reduction.end(reduction.run(
        reduction.start(), zero, kernel.bound(spec.columns), zero, emitVector));
    llvm::append_range(rowValues, accumulators.results(states));
    if (!sweep.finish)
      return;
    SmallVector<Value> more =
        buildBody(sweep.finish, row, rowValues, 1, kernel.constant(0));
    kernel.expectResults(more.size(), sweep.finishTypes.size());
    llvm::append_range(rowValues, more);
  }

  KernelBuilder &kernel;
  const RowSweepSpec &spec;
  int64_t width;
  /// Vectors of width 1.
  SmallVector<Value> rowValues;
};

} // namespace

static Expected<void> check(const RowSweepSpec &spec) {
  std::vector<Extent> domain = spec.rows;
  domain.push_back(spec.columns);
  size_t values = 0;
  for (const Sweep &sweep : spec.sweeps) {
    values += sweep.reductions.size() + sweep.finishTypes.size();
    for (const auto *accesses : {&sweep.inputs, &sweep.outputs})
      if (auto checked =
              checkAccesses(spec.name, domain, spec.buffers, *accesses);
          !checked)
        return checked;
  }
  bool known = llvm::all_of(spec.rowValues,
                            [&](unsigned value) { return value < values; });
  if (!known || spec.rowOutputs.size() != spec.rowValues.size())
    return fail(ErrorCode::internal,
                "kernel '" + spec.name + "': a row output has no row value");
  return checkAccesses(spec.name, spec.rows, spec.buffers, spec.rowOutputs);
}

Expected<Kernels> kernels::emitRowSweep(ModuleOp module,
                                        const TargetDescription &target,
                                        const RowSweepSpec &spec) {
  if (auto checked = check(spec); !checked)
    return fail(checked.error());
  KernelBuilder kernel(module, target, spec.name, spec.buffers, false);
  int64_t rows = 1;
  for (const Extent &extent : spec.rows)
    rows *= extent.capacity;
  auto [low, high] =
      kernel.share(kernel.volume(spec.rows), rows, 1,
                   std::max<int64_t>(
                       1, grain / std::max<int64_t>(1, spec.columns.capacity)));
  RowEmitter emitter(kernel, spec);
  kernel.loop(low, high, 1, [&](Value row) {
    emitter.emit(kernel.delinearize(row, spec.rows));
  });
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return Kernels{{kernel.function}, 0};
}

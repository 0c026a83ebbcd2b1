//===- ContractionDot.cpp - Few rows times a transposed matrix ------------===//

#include "ContractionEmitter.h"
#include "VectorReduction.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Products of all rows with groups of columns, whose sums run along k lane by
/// lane and are added through a fixed tree at the end.
void ContractionEmitter::emitDotTile(const Panel &panel, Value slot) {
  int64_t lanes = plan.lanes, group = plan.tileColumns, tile = plan.tileRows;
  Value zero = kernel.constant(0);
  Value width = kernel.constant(lanes);
  Value rest = kernel.rem(depth, width);
  Value whole = kernel.sub(depth, rest);

  kernel.loop(zero, panel.columns, group, [&](Value column) {
    // The last group reaches back to stay inside the matrix. Its sums land
    // before the panel's first one if that is the panel's start: the stack
    // begins with room for a group.
    Value first = kernel.add(panel.column, column);
    if (spec.n.capacity % group != 0)
      first = kernel.min(first, kernel.constant(spec.n.capacity - group));
    Value left = kernel.pointer(lhs(), lhsElement(), panel.lhs);
    Value right = kernel.pointer(
        rhs(), rhsElement(),
        kernel.add(panel.rhs, kernel.mul(first, spec.rhs.rowStride)));

    auto accumulate = [&](Value at, ValueRange values, const Lanes &live) {
      SmallVector<Value> next(values), factors;
      for (int64_t row = 0; row < tile; ++row)
        factors.push_back(kernel.widen(
            kernel.load(left, lhsElement(),
                        kernel.add(at, row * spec.lhs.rowStride), live)));
      for (int64_t at2 = 0; at2 < group; ++at2) {
        Value columns = kernel.widen(
            kernel.load(right, rhsElement(),
                        kernel.add(at, at2 * spec.rhs.rowStride), live));
        for (int64_t row = 0; row < tile; ++row) {
          Value &sum = next[at2 * tile + row];
          sum = multiplyAdd(kernel, factors[row], columns, sum);
        }
      }
      return next;
    };
    SmallVector<Value> sumsOfLanes(tile * group,
                                   kernel.splatConstant(element, lanes, 0));
    sumsOfLanes =
        kernel.loop(zero, whole, lanes, sumsOfLanes,
                    [&](Value at, ValueRange values) -> SmallVector<Value> {
                      return accumulate(at, values, Lanes{lanes});
                    });
    if (kernel.constantOf(rest) != 0)
      sumsOfLanes =
          accumulate(whole, sumsOfLanes, kernel.firstLanes(rest, lanes));
    for (int64_t at = 0; at < group; ++at)
      for (int64_t row = 0; row < tile; ++row) {
        Value sum =
            reduceLanes(kernel, ReduceKind::sum, sumsOfLanes[at * tile + row]);
        Value place =
            kernel.add(kernel.sub(first, panel.column),
                       row * plan.panelColumns + at + plan.tileColumns);
        kernel.store(sum, sums, place, Lanes{1});
      }
  });
}

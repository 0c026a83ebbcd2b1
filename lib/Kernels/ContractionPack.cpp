//===- ContractionPack.cpp - Packing panels of the right operand ----------===//
//
// A packed panel holds, for each step of k, the panel's columns in a row.
// Columns past the edge hold values that nobody reads.
//
//===----------------------------------------------------------------------===//

#include "ContractionEmitter.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

void ContractionEmitter::packPanel(const Panel &panel, Value from,
                                   Value steps) {
  if (plan.packing == ContractionPlan::Packing::transposed)
    packTransposed(panel, from, steps);
  else if (plan.packing == ContractionPlan::Packing::elements)
    packElements(panel, from, kernel.constant(0), steps);
}

/// Copies steps [low, high) element by element.
void ContractionEmitter::packElements(const Panel &panel, Value from, Value low,
                                      Value high) {
  int64_t columnStep = spec.rhs.transposed ? spec.rhs.rowStride : 1;
  int64_t depthStep = spec.rhs.transposed ? 1 : spec.rhs.rowStride;
  Value zeros = kernel.splatConstant(element, plan.lanes, 0);
  kernel.loop(low, high, 1, [&](Value step) {
    Value place = kernel.mul(step, plan.panelColumns);
    for (int64_t vector = 0; vector < plan.tileColumns; ++vector)
      kernel.store(zeros, packed, kernel.add(place, vector * plan.lanes),
                   Lanes{plan.lanes});
    Value source =
        kernel.add(panel.rhs, kernel.mul(kernel.add(from, step), depthStep));
    Value columns =
        kernel.constant(std::min(plan.gateColumns, spec.n.capacity));
    kernel.loop(kernel.constant(0), columns, 1, [&](Value column) {
      Value at =
          kernel.add(source, kernel.mul(kernel.add(panel.firstColumn, column),
                                        columnStep));
      for (int64_t gate = 0; gate < spec.gates; ++gate)
        kernel.store(
            kernel.widen(kernel.load(rhs(), rhsElement(),
                                     kernel.add(at, gate * spec.n.capacity),
                                     Lanes{1})),
            packed,
            kernel.add(kernel.add(place, column), gate * plan.gateColumns),
            Lanes{1});
    });
  });
}

void ContractionEmitter::packTransposed(const Panel &panel, Value from,
                                        Value steps) {
  for (int64_t column = 0; column < plan.panelColumns; column += plan.lanes) {
    Value row = kernel.add(panel.firstColumn, column);
    Turn turn;
    turn.from = kernel.pointer(
        rhs(), rhsElement(),
        kernel.add(kernel.add(panel.rhs, kernel.mul(row, spec.rhs.rowStride)),
                   from));
    turn.fromStride = kernel.constant(spec.rhs.rowStride);
    turn.to = kernel.pointer(packed, element, kernel.constant(column));
    turn.toStride = kernel.constant(plan.panelColumns);
    turn.columns = steps;
    // Rows past the edge repeat the last one.
    if (spec.n.capacity < plan.panelColumns)
      turn.rows = kernel.sub(kernel.constant(spec.n.capacity), row);
    kernel.turn(rhsElement(), plan.lanes, turn, /*widens=*/true);
  }
}

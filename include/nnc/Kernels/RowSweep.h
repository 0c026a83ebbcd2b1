//===- RowSweep.h - Kernels that sweep a row several times ------*- C++ -*-===//

#ifndef NNC_KERNELS_ROWSWEEP_H
#define NNC_KERNELS_ROWSWEEP_H

#include "nnc/Kernels/Kernel.h"

namespace nnc::kernels {

/// One pass over the columns of a row.
///
/// Row values are scalars that belong to the row: each sweep appends first the
/// results of its reductions, then what `finish` returns.
struct Sweep {
  /// Accesses over (rows…, column). A sweep may read what an earlier one wrote
  /// at the same index.
  std::vector<Access> inputs = {}, outputs = {};
  std::vector<Reduction> reductions = {};
  /// context.inputs: the inputs, then all row values so far (broadcast).
  /// Results: one value a reduction, then one an output.
  Body body = nullptr;
  /// Optional; runs once a row after the sweep, on vectors of width 1.
  /// context.inputs: all row values, this sweep's reductions included.
  Body finish = nullptr;
  /// The types of what `finish` returns.
  llvm::SmallVector<mlir::Type> finishTypes = {};
};

/// For each row a sequence of sweeps over its columns: softmax, cross-entropy
/// with its gradient, layer normalisation, sums along trailing axes. Rows are
/// split over threads. Sums go lane by lane, then through a fixed tree.
struct RowSweepSpec {
  std::string name;
  /// Outermost first; empty is one row.
  std::vector<Extent> rows = {};
  Extent columns = 1;
  std::vector<Buffer> buffers = {};
  std::vector<Sweep> sweeps = {};
  /// Written at the end of each row: row value number `rowValues[i]` to
  /// `rowOutputs[i]`, an access over (rows…).
  std::vector<Access> rowOutputs = {};
  llvm::SmallVector<unsigned> rowValues = {};
};

/// Adds the kernel to \p module. Arguments: the buffers. In bodies, index(d)
/// counts rows dimensions first, then the column. Fails with `internal` if an
/// access leaves its buffer.
Expected<Kernels> emitRowSweep(mlir::ModuleOp module,
                               const TargetDescription &target,
                               const RowSweepSpec &spec);

} // namespace nnc::kernels

#endif // NNC_KERNELS_ROWSWEEP_H

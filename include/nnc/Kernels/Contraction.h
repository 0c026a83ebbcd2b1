//===- Contraction.h - Matrix products --------------------------*- C++ -*-===//

#ifndef NNC_KERNELS_CONTRACTION_H
#define NNC_KERNELS_CONTRACTION_H

#include "nnc/Kernels/Kernel.h"

namespace nnc::kernels {

/// A matrix operand: element (row, column) of batch entry b… lies at
/// offset + sum(batchStrides[d] * b[d]) + row * rowStride + column; with
/// `transposed` at column * rowStride + row.
struct MatrixOperand {
  unsigned buffer = 0;
  int64_t rowStride = 0;
  bool transposed = false;
  /// One a batch dimension; 0 repeats the matrix.
  llvm::SmallVector<int64_t> batchStrides = {};
  int64_t offset = 0;
  /// Of a right operand: its columns lie in panels of so many, each [k at
  /// capacity, panelColumns] with rows side by side, one after another; the
  /// last is filled up with numbers that nobody sees. rowStride counts for
  /// nothing then. Such a matrix is read where it lies. One to four vectors,
  /// up to eight for one row, best kernels::panelColumns(); 0 is a matrix in
  /// rows. With gates a panel has the same columns of each, gate by gate.
  int64_t panelColumns = 0;
};

/// outputs = epilogue(A [m, k] * B [k, gates * n]), for every entry of `batch`.
/// `lhs` and `rhs` are read only and no output may be the same memory as
/// either. Each element is one sum over k in rising order, in the element type.
struct ContractionSpec {
  std::string name;
  /// f32 or f64, the type of both operands. Operands may both be bf16 where
  /// this is f32.
  mlir::Type element;
  /// Outermost first; empty is one product.
  std::vector<Extent> batch = {};
  Extent m = 1, n = 1, k = 1;
  /// B has this many blocks of n columns, side by side: the epilogue sees the
  /// sums of a column of all blocks at once, as those of a recurrent unit's
  /// gates. At most 4, and only with a B that is not transposed.
  int64_t gates = 1;
  std::vector<Buffer> buffers = {};
  MatrixOperand lhs = {}, rhs = {};
  /// Accesses over (batch…, m, n). An epilogue input may be the same memory as
  /// an output if both touch an element at the same index only.
  std::vector<Access> inputs = {}, outputs = {};
  /// context.inputs: the sum of each gate, then the inputs. Results: one value
  /// an output.
  /// index(d) counts batch dimensions first, then m, n. Null: the sum is
  /// the one output.
  Body epilogue = nullptr;
  /// What waits for a long chain of arithmetic may stand in a second sweep over
  /// the rows of a tile, so that the chains of many rows overlap.
  struct SecondSweep {
    /// context.inputs: the kept values, then the sweep's inputs. Results: one
    /// value for each of the last `outputs` outputs.
    Body body = nullptr;
    /// How many of the last inputs and outputs of the product belong to it. An
    /// output of the first sweep must not be memory that it reads.
    int64_t inputs = 0, outputs = 0;
    /// Values of `element` that `epilogue` gives behind its outputs; at most
    /// `gates`.
    int64_t kept = 0;
  } finish = {};
};

/// The width of panels of the right operand that suits \p spec.
int64_t panelColumns(const ContractionSpec &spec,
                     const TargetDescription &target);

/// A matrix [k, n], or [n, k] if `transposed`, to be laid out in panels.
struct ColumnPanelsSpec {
  std::string name;
  /// f32 or f64.
  mlir::Type element;
  int64_t k = 1, n = 1;
  bool transposed = false;
  /// Columns of a panel, whole vectors of each gate.
  int64_t panel = 16, gates = 1;
};

/// Adds the kernel to \p module. Arguments: the matrix, the panels. Fails with
/// `unsupported` if a gate's part of a panel is no whole vectors.
Expected<Kernels> emitColumnPanels(mlir::ModuleOp module,
                                   const TargetDescription &target,
                                   const ColumnPanelsSpec &spec);

/// Adds the kernel to \p module. Arguments: the buffers. Work space is on the
/// stack, at most 384 KiB. Fails with `internal` if an access leaves its
/// buffer and with `unsupported` for a run-time n.
Expected<Kernels> emitContraction(mlir::ModuleOp module,
                                  const TargetDescription &target,
                                  const ContractionSpec &spec);

/// Whether kernels of \p module multiply by tiles, which the system must let
/// the process use.
bool usesTiles(mlir::ModuleOp module);

} // namespace nnc::kernels

#endif // NNC_KERNELS_CONTRACTION_H

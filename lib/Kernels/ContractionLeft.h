//===- ContractionLeft.h - Left operands made ready for tiles ---*- C++ -*-===//

#ifndef NNC_LIB_KERNELS_CONTRACTIONLEFT_H
#define NNC_LIB_KERNELS_CONTRACTIONLEFT_H

#include "KernelBuilder.h"
#include "nnc/Kernels/Contraction.h"

namespace nnc::kernels {

struct ContractionPlan;

/// The matrices of a batched left operand in scratch, one after another.
/// Batch entries that share a matrix share its copy.
struct LeftMatrices {
  /// \p size elements a matrix.
  LeftMatrices(const ContractionSpec &spec, int64_t size);

  /// The batch without the dimensions that matrices are shared along.
  std::vector<Extent> batch;
  /// One a batch dimension, as MatrixOperand::batchStrides.
  llvm::SmallVector<int64_t> strides;
  /// Of all matrices.
  int64_t elements = 0;

  /// Where matrix \p number, counted over `batch`, lies in the operand of
  /// \p spec, and where in scratch.
  std::pair<mlir::Value, mlir::Value> placesOf(KernelBuilder &kernel,
                                               const ContractionSpec &spec,
                                               mlir::Value number) const;
};

/// The left operand of \p spec as the product's tiles read it where
/// `leftInTiles` is set in \p plan: tiles of plan.tileRows rows, each
/// [k at capacity, plan.tileRows] in the type of the sums.
LeftMatrices leftTiles(const ContractionSpec &spec,
                       const ContractionPlan &plan);

/// Adds the kernel that lays the left operand of \p spec out so in scratch.
mlir::func::FuncOp emitLeftTiles(mlir::ModuleOp module,
                                 const TargetDescription &target,
                                 const ContractionSpec &spec,
                                 const ContractionPlan &plan);

} // namespace nnc::kernels

#endif // NNC_LIB_KERNELS_CONTRACTIONLEFT_H

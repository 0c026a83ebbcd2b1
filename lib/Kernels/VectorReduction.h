//===- VectorReduction.h - Accumulators of reductions -----------*- C++ -*-===//

#ifndef NNC_LIB_KERNELS_VECTORREDUCTION_H
#define NNC_LIB_KERNELS_VECTORREDUCTION_H

#include "KernelBuilder.h"

namespace nnc::kernels {

/// a combined with b, lane by lane; not for argmax and argmin.
mlir::Value combine(KernelBuilder &kernel, ReduceKind kind, mlir::Value a,
                    mlir::Value b);

/// The lanes of \p vector combined in a fixed tree, as a vector of one. The
/// number of lanes is a power of two. Not for argmax and argmin.
mlir::Value reduceLanes(KernelBuilder &kernel, ReduceKind kind,
                        mlir::Value vector);

/// What one reduction carries through a loop: one vector, or for argmax and
/// argmin the best values and their positions.
class Accumulator {
public:
  Accumulator(KernelBuilder &kernel, const Reduction &reduction)
      : kernel(kernel), reduction(reduction) {}

  bool hasPosition() const {
    return reduction.kind == ReduceKind::argmax ||
           reduction.kind == ReduceKind::argmin;
  }
  /// Values carried: 1, or 2 with positions.
  unsigned size() const { return hasPosition() ? 2 : 1; }
  /// The types of the carried vectors' elements.
  llvm::SmallVector<mlir::Type, 2> types() const;

  /// What combines to the other operand.
  llvm::SmallVector<mlir::Value, 2> identity(int64_t width);
  /// \p carried with \p value, of which only \p lanes count. \p position gives
  /// the lanes' positions where they are wanted.
  llvm::SmallVector<mlir::Value, 2>
  accumulate(mlir::ValueRange carried, mlir::Value value, const Lanes &lanes,
             llvm::function_ref<mlir::Value()> position);
  /// Two accumulators into one, lane by lane.
  llvm::SmallVector<mlir::Value, 2> merge(mlir::ValueRange a,
                                          mlir::ValueRange b);
  /// All lanes into one: vectors of width 1.
  llvm::SmallVector<mlir::Value, 2> collapse(mlir::ValueRange carried);
  /// The reduction's result of a carried state.
  mlir::Value result(mlir::ValueRange carried) { return carried.back(); }

private:
  KernelBuilder &kernel;
  Reduction reduction;
};

} // namespace nnc::kernels

#endif // NNC_LIB_KERNELS_VECTORREDUCTION_H

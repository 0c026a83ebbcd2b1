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

/// The accumulators of several reductions, their states one after another.
class Accumulators {
public:
  Accumulators(KernelBuilder &kernel, llvm::ArrayRef<Reduction> reductions);

  llvm::SmallVector<mlir::Type> types() const;
  llvm::SmallVector<mlir::Value> identity(int64_t width);
  llvm::SmallVector<mlir::Value>
  accumulate(mlir::ValueRange carried, mlir::ValueRange values,
             const Lanes &lanes, llvm::function_ref<mlir::Value()> position);
  llvm::SmallVector<mlir::Value> merge(mlir::ValueRange a, mlir::ValueRange b);
  llvm::SmallVector<mlir::Value> collapse(mlir::ValueRange carried);
  /// One value a reduction.
  llvm::SmallVector<mlir::Value> results(mlir::ValueRange carried);

private:
  llvm::SmallVector<Accumulator> all;
};

/// Vector and, where edges go lane by lane, scalar states of a reduction along
/// the vectorised dimension.
class LaneReduction {
public:
  /// \p rest: the range may end within a vector; \p masked: it is then masked.
  LaneReduction(KernelBuilder &kernel, Accumulators &accumulators,
                int64_t width, bool masked, bool full, bool rest)
      : kernel(kernel), accumulators(accumulators), width(width),
        masked(masked), full(full), rest(rest) {}

  llvm::SmallVector<mlir::Value> start();
  /// Reduces [low, high): \p body gives the values of a vector of lanes, from
  /// which \p position is \p offset away.
  llvm::SmallVector<mlir::Value>
  run(mlir::ValueRange carried, mlir::Value low, mlir::Value high,
      mlir::Value offset,
      llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value,
                                                        const Lanes &)>
          body);
  /// States of width 1.
  llvm::SmallVector<mlir::Value> end(mlir::ValueRange carried);

private:
  bool hasScalars() const { return rest && !masked; }
  KernelBuilder &kernel;
  Accumulators &accumulators;
  int64_t width;
  bool masked, full, rest;
};

} // namespace nnc::kernels

#endif // NNC_LIB_KERNELS_VECTORREDUCTION_H

//===- ImageEpilogue.h - What follows the sums of images --------*- C++ -*-===//

#ifndef NNC_LIB_KERNELS_IMAGEEPILOGUE_H
#define NNC_LIB_KERNELS_IMAGEEPILOGUE_H

#include "KernelBuilder.h"
#include "nnc/Kernels/Convolution.h"

namespace nnc::kernels {

/// The element-wise end of a kernel whose sums are rows of images: accesses
/// over (image, channel, row, column).
struct ImageEpilogue {
  llvm::ArrayRef<Access> inputs, results;
  /// context.inputs: the sum, then the inputs. Null: the sum is the result.
  const Body &body;
};

/// A part of one row, whose sums wait in memory.
struct SumsOfRow {
  mlir::Value image, channel, row;
  /// Where the sum of column 0 lies: element \p at from \p base.
  mlir::Value base, at;
  /// Columns [from, to), which has a whole vector or a rest if the flags say
  /// so.
  mlir::Value from, to;
  bool full = true, rest = true;
};

/// Emits \p epilogue for \p sums in vectors of \p lanes.
void emitImageEpilogue(KernelBuilder &kernel, mlir::Type element, int64_t lanes,
                       const ImageEpilogue &epilogue, const SumsOfRow &sums);

/// The largest of windows in the lanes of vectors, and if there is a place for
/// them in the pool, the indices.
struct PooledValue {
  mlir::Value largest, index;
};

/// Emits \p epilogue and the pool behind it for windows of row \p row, of which
/// the first stands in column \p column and the next \p columnStep further on:
/// \p sumOf gives the sums of tap (p, q) of all of them. \p inputs are those of
/// the epilogue.
PooledValue emitPooled(KernelBuilder &kernel, int64_t width,
                       const ImageEpilogue &epilogue, const PooledImages &pool,
                       const RowAccesses &inputs, mlir::Value row,
                       mlir::Value column, int64_t columnStep,
                       llvm::function_ref<mlir::Value(int64_t, int64_t)> sumOf);

} // namespace nnc::kernels

#endif // NNC_LIB_KERNELS_IMAGEEPILOGUE_H

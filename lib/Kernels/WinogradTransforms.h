//===- WinogradTransforms.h - Transforms of tiles ---------------*- C++ -*-===//
//
// The transforms of F(m x m, 3 x 3), m 2 or 4, on vectors whose lanes are
// channels.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_KERNELS_WINOGRADTRANSFORMS_H
#define NNC_LIB_KERNELS_WINOGRADTRANSFORMS_H

#include "KernelBuilder.h"

namespace nnc::kernels {

/// What is transformed along each side.
enum class WinogradTransform : uint8_t {
  elements, ///< m + 2 elements to as many.
  weights,  ///< 3 weights to m + 2.
  products, ///< m + 2 products to m results.
  /// The adjoints of the last two: gradients of m results to m + 2 of products,
  /// and m + 2 gradients of transformed weights to 3 of weights.
  resultGradients,
  weightGradients,
};

/// How a square's transform reads and writes its vectors: by row and column,
/// one of which is a number.
struct WinogradSquare {
  llvm::function_ref<mlir::Value(int64_t, mlir::Value)> load;
  llvm::function_ref<void(mlir::Value, int64_t, mlir::Value)> store;
  /// Room for (m + 2)^2 vectors.
  mlir::Value work;
};

/// Emits the transform of one square of vectors of \p lanes, along its columns,
/// then along its rows, with loops over the other side.
void emitTransform(KernelBuilder &kernel, mlir::Type element, int64_t lanes,
                   WinogradTransform transform, int64_t m,
                   const WinogradSquare &square);

} // namespace nnc::kernels

#endif // NNC_LIB_KERNELS_WINOGRADTRANSFORMS_H

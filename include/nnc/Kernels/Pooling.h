//===- Pooling.h - Windows that slide over images ---------------*- C++ -*-===//

#ifndef NNC_KERNELS_POOLING_H
#define NNC_KERNELS_POOLING_H

#include "nnc/Kernels/Convolution.h"
#include <array>

namespace nnc::kernels {

/// Pooling of images [n, channels, h, w], dense in row-major order, by windows
/// that `rows` and `columns` describe (without dilation or stretch). Channels
/// of images are split over threads.
struct PoolingSpec {
  std::string name;
  /// f32 or f64.
  mlir::Type element;
  Extent images = 1;
  int64_t channels = 1;
  Sliding rows = {}, columns = {};
  /// Of means: divide by the number of taps, not of elements.
  bool countPadding = false;
  /// Of indices: each names a place inside of its own window, as emitMaxPool()
  /// gives them. Then windows count too, and should not overlap.
  bool insideWindows = false;
};

/// The largest element of each window, NaN if any is, and, if \p withIndex,
/// where it stands in its image, as i32. Buffers: images, result, index.
Expected<Kernels> emitMaxPool(mlir::ModuleOp module,
                              const TargetDescription &target,
                              const PoolingSpec &spec, bool withIndex);

/// The mean of each window. Buffers: images, result.
Expected<Kernels> emitAvgPool(mlir::ModuleOp module,
                              const TargetDescription &target,
                              const PoolingSpec &spec);

/// The adjoint of emitAvgPool. Buffers: values of windows, images.
Expected<Kernels> emitAvgUnpool(mlir::ModuleOp module,
                                const TargetDescription &target,
                                const PoolingSpec &spec);

/// Values of windows at places that an index of \p index (i32 or i64) names,
/// clamped to the image: added there to zeros, or (\p gather) read from there.
/// Buffers: values of windows (gather: images), index, images (values). Only
/// source and result of the spec's dimensions count.
Expected<Kernels> emitIndexedPool(mlir::ModuleOp module,
                                  const TargetDescription &target,
                                  const PoolingSpec &spec, mlir::Type index,
                                  bool gather);

/// Whether the windows of \p spec are apart and inside of the images, each
/// index names a place in its own, and values and indices have room on the
/// stack.
bool canUnpoolToTiles(const TargetDescription &target, const PoolingSpec &spec);

/// emitIndexedPool() with an index of i32, where canUnpoolToTiles() is true,
/// into images that lie in tiles of
/// as many as a vector has lanes; values and indices may lie so too. \p layouts
/// are those of values, indices and images.
Expected<Kernels> emitUnpoolToTiles(mlir::ModuleOp module,
                                    const TargetDescription &target,
                                    const PoolingSpec &spec,
                                    std::array<ImageLayout, 3> layouts);

} // namespace nnc::kernels

#endif // NNC_KERNELS_POOLING_H

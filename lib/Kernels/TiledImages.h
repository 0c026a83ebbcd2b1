//===- TiledImages.h - Images that lie in vectors ---------------*- C++ -*-===//

#ifndef NNC_LIB_KERNELS_TILEDIMAGES_H
#define NNC_LIB_KERNELS_TILEDIMAGES_H

#include "ImageEpilogue.h"

namespace nnc::kernels {

/// One element of each image of a tile.
struct PlaceInTile {
  mlir::Value tile, channel, row, column;
};

/// Where \p place begins in the memory of \p tiles.
mlir::Value elementOf(KernelBuilder &kernel, const ImageTiles &tiles,
                      const PlaceInTile &place);

/// Which lanes of \p tile hold one of \p images; null: all do.
mlir::Value liveImages(KernelBuilder &kernel, const Extent &images,
                       int64_t lanes, mlir::Value tile);

/// Stores \p vector in \p buffer at \p at, with zeros instead of numbers in
/// lanes outside of \p live.
void storeInTile(KernelBuilder &kernel, mlir::Value vector, unsigned buffer,
                 mlir::Value at, mlir::Value live);

/// Emits \p epilogue for the sums of a tile at \p place. Its results, and those
/// of its inputs that differ between images, lie in tiles that \p tilesOf gives
/// for their buffers.
void emitTileEpilogue(KernelBuilder &kernel, int64_t lanes,
                      const ImageEpilogue &epilogue,
                      llvm::function_ref<ImageTiles(unsigned)> tilesOf,
                      const PlaceInTile &place, mlir::Value sum,
                      mlir::Value live);

/// Some channels of a tile: element (row, column) of channel c is the vector at
/// base + c * channelStride + row * rowStride + column * columnStride.
struct TiledChannels {
  mlir::Value base;
  int64_t channelStride = 0, rowStride = 0, columnStride = 0;
};

/// The channels of \p tiles in \p buffer from \p channel of \p tile on.
TiledChannels channelsFrom(KernelBuilder &kernel, unsigned buffer,
                           const ImageTiles &tiles, mlir::Value tile,
                           mlir::Value channel);

/// Puts the values of the windows of \p pool, of \p count channels, where their
/// indices (i32) say, and zeros elsewhere, in images of \p rows by \p columns
/// at
/// \p to.
void emitTileUnpool(KernelBuilder &kernel, mlir::Type element, int64_t lanes,
                    const PooledImages &pool, int64_t rows, int64_t columns,
                    mlir::Value count, const TiledChannels &values,
                    const TiledChannels &indices, const TiledChannels &to);

} // namespace nnc::kernels

#endif // NNC_LIB_KERNELS_TILEDIMAGES_H

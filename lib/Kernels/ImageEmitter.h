//===- ImageEmitter.h - Convolution with images in vectors ------*- C++ -*-===//

#ifndef NNC_LIB_KERNELS_IMAGEEMITTER_H
#define NNC_LIB_KERNELS_IMAGEEMITTER_H

#include "ImageEpilogue.h"
#include "KernelBuilder.h"
#include "TiledImages.h"

namespace nnc::kernels {

/// How images, output channels and positions are tiled.
struct ImagePlan {
  ImagePlan(const ConvolutionSpec &spec, const TargetDescription &target);

  int64_t lanes = 1;
  /// Output channels and vectors of images of a register tile.
  int64_t outputs = 1, vectors = 1;
  int64_t images() const { return vectors * lanes; }
  /// Elements of a tap and channel in a panel of weights.
  int64_t outputStride() const { return llvm::alignTo(outputs, lanes); }
  int64_t imageTiles = 1, outputTiles = 1;
  /// Cycles for one tap and input channel at one position, all tiles.
  double step = 0;
  /// Rows and positions of a chunk, chunks of an image.
  int64_t chunkRows = 1, chunks = 1, chunk = 1;
  /// Input channels between two stores of the sums.
  int64_t inputs = 1;
};

/// The taps that meet the source at a position: every tapStep-th from `tap`
/// on, at every sourceStep-th element from `source` on.
struct Taps {
  mlir::Value tap, source, count;
  int64_t tapStep, sourceStep;
};

/// Emits a kernel that packs, and one that sums and writes back.
class ImageEmitter {
public:
  ImageEmitter(mlir::ModuleOp module, const TargetDescription &target,
               const ConvolutionSpec &spec)
      : spec(spec), element(spec.element), target(target), module(module),
        plan(spec, target) {}

  Expected<Kernels> emit();

private:
  struct Item {
    mlir::Value tile, group, chunk, channel, again, source, weights;
  };

  /// How a result, or an input of the epilogue, lies in tiles.
  ImageTiles resultTiles(unsigned buffer) const {
    const auto &pool = spec.pool;
    return {spec.layoutOf(buffer), plan.lanes, spec.outputs,
            pool ? pool->rows.result : spec.rows.result,
            pool ? pool->columns.result : spec.columns.result};
  }
  bool sourceInTiles() const { return spec.isInTiles(spec.source); }
  /// Elements from one input channel, and one vector of images, to the next.
  int64_t channelStride() const {
    return sourceInTiles() ? plan.lanes : plan.images();
  }
  int64_t vectorStride() const {
    return sourceInTiles() ? plane() * spec.inputs * plan.lanes : plan.lanes;
  }
  int64_t plane() const { return spec.rows.source * spec.columns.source; }
  /// The source in scratch.
  int64_t sourceElements() const {
    if (sourceInTiles())
      return 0;
    return plan.imageTiles * spec.groups * plane() * spec.inputs *
           plan.images();
  }
  int64_t weightElements() const {
    return spec.groups * plan.outputTiles * spec.rows.taps * spec.columns.taps *
           spec.inputs * plan.outputStride();
  }
  mlir::Value imageTiles(KernelBuilder &kernel) {
    return kernel.ceilDiv(kernel.bound(spec.images),
                          kernel.constant(plan.images()));
  }
  /// The first output channel of a tile: the last one reaches back.
  mlir::Value firstOutput(KernelBuilder &kernel, mlir::Value tile) {
    mlir::Value first = kernel.mul(tile, plan.outputs);
    return spec.outputs % plan.outputs == 0
               ? first
               : kernel.min(first,
                            kernel.constant(spec.outputs - plan.outputs));
  }

  Expected<mlir::func::FuncOp> emitPack();
  Expected<mlir::func::FuncOp> emitSums();
  void packSource(KernelBuilder &kernel);
  void packWeights(KernelBuilder &kernel);
  Item itemAt(KernelBuilder &kernel, mlir::Value number);
  void emitItem(KernelBuilder &kernel, const Item &item);
  void emitPosition(KernelBuilder &kernel, const Item &item, const Taps &rows,
                    mlir::Value column, mlir::Value place, mlir::Value first);
  void emitEpilogue(KernelBuilder &kernel, const Item &item, mlir::Value low,
                    mlir::Value high);
  void emitTiledEpilogue(KernelBuilder &kernel, const Item &item,
                         mlir::Value low, mlir::Value high);
  void emitPool(KernelBuilder &kernel, const Item &item, mlir::Value low);
  void emitTiledPool(KernelBuilder &kernel, const Item &item, mlir::Value low);
  PooledValue poolAt(KernelBuilder &kernel, const RowAccesses &inputs,
                     mlir::Value begin, mlir::Value low, mlir::Value row,
                     mlir::Value column);
  /// Windows of a pool in a chunk, in whole vectors.
  int64_t chunkWindows() const {
    return llvm::alignTo(plan.chunkRows / spec.pool->rows.stride *
                             spec.pool->columns.result,
                         plan.lanes);
  }

  const ConvolutionSpec &spec;
  mlir::Type element;
  const TargetDescription &target;
  mlir::ModuleOp module;
  ImagePlan plan;
  mlir::Value sums, turned;
  /// Of a chunk's windows: the largest elements and their places.
  mlir::Value largest, places;
};

} // namespace nnc::kernels

#endif // NNC_LIB_KERNELS_IMAGEEMITTER_H

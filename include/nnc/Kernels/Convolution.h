//===- Convolution.h - Convolutions and their gradients ---------*- C++ -*-===//

#ifndef NNC_KERNELS_CONVOLUTION_H
#define NNC_KERNELS_CONVOLUTION_H

#include "nnc/Kernels/Kernel.h"
#include <optional>

namespace nnc::kernels {

/// One dimension of a convolution: position i, tap p reads the element
/// (i * stride - low + p * dilation) / stretch of the source, or zero where
/// that is no whole number or outside of the source.
struct Sliding {
  int64_t source = 1, result = 1, taps = 1;
  int64_t stride = 1, low = 0, dilation = 1;
  /// Above 1 only where stride is 1.
  int64_t stretch = 1;
};

/// How images [n, channels, rows, columns] lie in memory.
enum class ImageLayout : uint8_t {
  dense,        ///< [image][channel][row][column]
  pixelTiles,   ///< [tile][row][column][channel][lane]
  channelTiles, ///< [tile][channel][row][column][lane]
};

/// Images in tiles: image n is lane n % lanes of tile n / lanes. Lanes of the
/// last tile that have no image hold zeros, of floating-point elements.
struct ImageTiles {
  ImageLayout layout = ImageLayout::pixelTiles;
  int64_t lanes = 1, channels = 1, rows = 1, columns = 1;
  /// Elements from one channel, column, row or tile to the next.
  int64_t channelStride() const {
    return layout == ImageLayout::pixelTiles ? lanes : rows * columns * lanes;
  }
  int64_t columnStride() const {
    return layout == ImageLayout::pixelTiles ? channels * lanes : lanes;
  }
  int64_t rowStride() const { return columns * columnStride(); }
  int64_t tileStride() const { return channels * rows * columns * lanes; }
};

/// A largest element of windows that do not overlap, of images that are not
/// kept: window (i, j) takes elements (i * stride + p, j * stride + q), all of
/// which there are.
struct PooledImages {
  /// `source` is the size of the images that indices count in.
  Sliding rows = {}, columns = {};
  /// The second result is the place of the largest in its image, as i32.
  bool withIndex = false;
};

/// Sums over channels and taps, of images [n, channels, h, w]:
///
///   sum[n, g * O + o, i, j] = sum over c, p, q of
///     source[n, g * C + c, element(i, p), element(j, q)] * w(g, o, c, p, q)
///
/// and outputs = epilogue(sum): convolutions, and with swapped and turned
/// weights their gradients by the images. Each sum runs in an order that sizes
/// and target fix, in the element type.
struct ConvolutionSpec {
  std::string name;
  /// f32 or f64, of source and weights.
  mlir::Type element;
  Extent images = 1;
  /// C and O are channels of one group.
  int64_t groups = 1, inputs = 1, outputs = 1;
  Sliding rows = {}, columns = {};
  std::vector<Buffer> buffers = {};
  /// The buffer of the source, dense in row-major order.
  unsigned source = 0;
  /// Over (groups, o, c, p, q). Neither source nor weights may be the same
  /// memory as an output.
  Access weights = {};
  /// Over (n, g * O + o, i, j). An epilogue input may be the same memory as an
  /// output if both touch an element at the same index only.
  std::vector<Access> epilogueInputs = {}, results = {};
  /// context.inputs: the sum, then the inputs. Results: one value an output.
  Body epilogue = nullptr;
  /// If set, the epilogue gives one value and its inputs are alike in all
  /// images and all over them; the results are those of emitMaxPool(), dense in
  /// row-major order. `rows` and `columns` have the results that windows take.
  std::optional<PooledImages> pool = std::nullopt;
  /// How the images of each buffer lie; behind the last, densely. Tiles have as
  /// many images as a vector has lanes, and groups is 1 where there are any;
  /// accesses are as if there were none. A source may lie in pixelTiles.
  /// Without a pool all results lie in tiles or none, and then all epilogue
  /// inputs too that differ between images. A kernel with tiles has images in
  /// the lanes of its vectors.
  llvm::SmallVector<ImageLayout> layouts = {};
  ImageLayout layoutOf(unsigned buffer) const {
    return buffer < layouts.size() ? layouts[buffer] : ImageLayout::dense;
  }
  bool isInTiles(unsigned buffer) const {
    return layoutOf(buffer) != ImageLayout::dense;
  }
  bool usesTiles() const {
    return llvm::any_of(layouts, [](ImageLayout layout) {
      return layout != ImageLayout::dense;
    });
  }
};

/// Whether the kernel of \p spec has best images in the lanes of its vectors,
/// if what it says lies in tiles.
bool convolvesImagesInLanes(const TargetDescription &target,
                            const ConvolutionSpec &spec);

/// Adds one or two kernels to \p module. Arguments: the buffers, then scratch
/// if there is any. Fails with `internal` if an access leaves its buffer and
/// with `unsupported` for other element types.
Expected<Kernels> emitConvolution(mlir::ModuleOp module,
                                  const TargetDescription &target,
                                  const ConvolutionSpec &spec);

/// The gradients of a convolution by its weights, of `parts` runs of images,
/// part k from run k * runs / parts on, where a run is `run` images:
///
///   result[k, g * O + o, c, p, q] = sum over those n, i, j of
///     source[n, g * C + c, element(i, p), element(j, q)]
///       * gradient[n, g * O + o, i, j]
///
/// Buffers 0, 1, 2 are source, gradient and result, dense in row-major order;
/// or 0 to 3 source, values of windows, their indices (i32) and result, where
/// the gradient is what these unpool to. Each sum runs in an order that sizes
/// and target fix.
struct WeightGradientSpec {
  std::string name;
  mlir::Type element;
  Extent images = 1;
  int64_t parts = 1, run = 1;
  int64_t groups = 1, inputs = 1, outputs = 1;
  /// Not stretched.
  Sliding rows = {}, columns = {};
  /// 2 or 4: by minimal filtering of tiles of that many results along a side.
  int64_t tile = 0;
  /// If set, the windows of the pool whose indices these are.
  std::optional<PooledImages> pool = std::nullopt;
  /// How the source and the gradient lie; where this is unpooled, its values
  /// and indices. Tiles have as many images as a vector has lanes; a gradient
  /// and indices lie in tiles or not together. A kernel with tiles has images
  /// in the lanes of its vectors.
  ImageLayout sourceLayout = ImageLayout::dense;
  ImageLayout gradientLayout = ImageLayout::dense;
  ImageLayout indexLayout = ImageLayout::dense;
  bool sourceInTiles() const { return sourceLayout != ImageLayout::dense; }
  bool gradientInTiles() const { return gradientLayout != ImageLayout::dense; }

  /// The images of a part at most.
  int64_t imagesOfPart() const;
};

/// Whether the kernel of \p spec has best images in the lanes of its vectors,
/// if what it says lies in tiles, and each part is whole tiles.
bool weighsImagesInLanes(const TargetDescription &target,
                         const WeightGradientSpec &spec);

/// Whether a kernel can unpool a gradient for itself, and should: windows are
/// inside of the images and do not overlap.
bool canUnpoolForWeights(const TargetDescription &target,
                         const WeightGradientSpec &spec);

/// Fails with `unsupported` for other element types than f32 and f64, for a
/// pool where canUnpoolForWeights() says no, and for a tile where windows are
/// not 3 x 3 with stride 1, padding of 2 at most and one group.
Expected<Kernels> emitWeightGradient(mlir::ModuleOp module,
                                     const TargetDescription &target,
                                     const WeightGradientSpec &spec);

} // namespace nnc::kernels

#endif // NNC_KERNELS_CONVOLUTION_H

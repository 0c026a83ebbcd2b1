//===- WeightPanels.h - Operands of weight gradients in panels --*- C++ -*-===//
//
// A gradient by the weights as products of input channels with output channels,
// summed over images and places of an image. What stands at a place is packed
// as
//
//   source    [block of images][group][tile of inputs][place][input]
//   gradient  [block of images][group][tile of outputs][place][output]
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_KERNELS_WEIGHTPANELS_H
#define NNC_LIB_KERNELS_WEIGHTPANELS_H

#include "KernelBuilder.h"
#include "nnc/Kernels/Convolution.h"

namespace nnc::kernels {

/// How channels are tiled, and images are cut into blocks.
struct ChannelPlan {
  /// For sums of \p products kinds (taps, or points of a transform).
  ChannelPlan(const WeightGradientSpec &spec, const TargetDescription &target,
              int64_t products);

  /// Whether the sums of a tile have room on the stack.
  bool fits() const { return inputs > 0; }
  /// Cuts parts into blocks whose panels of one tile take half of the second
  /// cache, where an image has as many places as given.
  void cutBlocks(const WeightGradientSpec &spec,
                 const TargetDescription &target, int64_t sourcePlaces,
                 int64_t gradientPlaces);

  int64_t lanes = 1;
  /// Input channels and vectors of output channels of a register tile.
  int64_t inputs = 0, vectors = 0;
  int64_t outputs() const { return vectors * lanes; }
  /// Elements of a place in a panel of the source.
  int64_t inputStride() const { return (inputs + lanes - 1) / lanes * lanes; }
  int64_t inputTiles = 0, outputTiles = 0;
  /// Cycles that one place of one image takes for all channels of a group.
  double step = 0;
  /// Images of a block, and blocks of a part at most.
  int64_t block = 1, blocks = 1;
};

/// One operand, and how it lies in its panels.
struct Panels {
  unsigned buffer;
  /// Channels of a group and of a tile, tiles of a group, elements of a place.
  int64_t channels, tile, tiles, stride;
  /// Of the images; places of one image, and places that a block has besides.
  int64_t rows, columns, places, spare;
  /// Where the panels begin in the scratch memory.
  int64_t offset = 0;
};

/// What the kernels that work on panels share.
class WeightPanels {
protected:
  /// Some images of a part that follow each other.
  struct Block {
    mlir::Value number, first, count;
  };
  /// A tile of weights of a part.
  struct Tile {
    mlir::Value part, group, output, input;
  };

  WeightPanels(mlir::ModuleOp module, const TargetDescription &target,
               const WeightGradientSpec &spec, const ChannelPlan &plan,
               int64_t sourcePlaces, int64_t gradientPlaces, int64_t spare = 0);

  int64_t taps() const { return spec.rows.taps * spec.columns.taps; }
  int64_t scratchBytes() const;
  /// Of a part.
  int64_t tiles() const {
    return spec.groups * plan.outputTiles * plan.inputTiles;
  }

  /// The images of block \p number of \p part; none behind the part's last.
  Block blockAt(KernelBuilder &kernel, mlir::Value part, mlir::Value number);
  int64_t elementsOf(const Panels &panels) const {
    return (spec.images.capacity * panels.places +
            spec.parts * plan.blocks * panels.spare) *
           spec.groups * panels.tiles * panels.stride;
  }
  mlir::Value panelAt(KernelBuilder &kernel, const Panels &panels,
                      const Block &block, mlir::Value group, mlir::Value tile);
  /// Calls \p emit for this thread's share of all panels, image by image: the
  /// block, the panel, the image's number in the block, the tile's channels.
  void eachImage(KernelBuilder &kernel, const Panels &panels,
                 llvm::function_ref<void(const Block &, mlir::Value,
                                         mlir::Value, mlir::Value)>
                     emit);

  /// Where the sum of output vector \p vector with input \p input lies, from
  /// the sums of a tile on, which are [input][number of \p numbers][output].
  mlir::Value sumAt(KernelBuilder &kernel, int64_t input, int64_t vector,
                    int64_t numbers);
  void clearSums(KernelBuilder &kernel, mlir::Value sums, int64_t numbers);
  /// Loads or stores the sums of a register tile at \p place.
  llvm::SmallVector<mlir::Value> loadSums(KernelBuilder &kernel,
                                          mlir::Value place, int64_t numbers);
  void storeSums(KernelBuilder &kernel, mlir::ValueRange values,
                 mlir::Value place, int64_t numbers);
  /// Adds the products of one place. The last two of \p values point into the
  /// panels, and go on to the next place.
  llvm::SmallVector<mlir::Value> addProducts(KernelBuilder &kernel,
                                             mlir::ValueRange values);
  /// Turns the sums of a tile, [input][tap][output], and stores them.
  void emitResult(KernelBuilder &kernel, mlir::Value sums, const Tile &tile);

  const WeightGradientSpec &spec;
  mlir::Type element;
  const TargetDescription &target;
  mlir::ModuleOp module;
  ChannelPlan plan;
  Panels source, gradient;
  std::vector<Buffer> buffers;

private:
  mlir::Value firstChannel(KernelBuilder &kernel, const Panels &panels,
                           mlir::Value tile);
};

} // namespace nnc::kernels

#endif // NNC_LIB_KERNELS_WEIGHTPANELS_H

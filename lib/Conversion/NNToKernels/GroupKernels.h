//===- GroupKernels.h - One kernel for each kind of group -------*- C++ -*-===//

#ifndef NNC_CONVERSION_NNTOKERNELS_GROUPKERNELS_H
#define NNC_CONVERSION_NNTOKERNELS_GROUPKERNELS_H

#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Dialect/NN/Transforms/FixedValues.h"
#include "nnc/Kernels/Convolution.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace nnc {

/// A kernel and the values that its buffers hold: operands and results of the
/// op it was made for, in the order of the kernel's arguments.
struct LoweredOp {
  kernels::Kernels kernels;
  llvm::SmallVector<mlir::Value> buffers;
  /// Where in its memory each buffer begins, in bytes; empty: at its start.
  /// Kernels that differ only in what part they read are then one.
  llvm::SmallVector<int64_t> offsets = {};
};

/// A part of another value's memory that receives a value too: element
/// (index…) goes to offset + sum(strides * index).
struct ValuePlace {
  mlir::Value target;
  int64_t offset = 0;
  llvm::SmallVector<int64_t> strides = {};
};

/// Where kernels go and for what machine.
struct LoweringContext {
  mlir::ModuleOp module;
  const TargetDescription &target;
  /// What the program's parameters alone determine.
  nn::FixedValues fixed;
  unsigned nextKernel = 0;
  /// Results of groups that are parts of joined values, which the groups write
  /// themselves.
  llvm::DenseMap<mlir::Value, llvm::SmallVector<ValuePlace>> places{};
  /// Those of them that nothing reads but in the joined value.
  llvm::DenseSet<mlir::Value> onlyInPlaces{};
  /// The images that lie in tiles.
  llvm::DenseMap<mlir::Value, kernels::ImageTiles> tiles{};

  kernels::ImageLayout layoutOf(mlir::Value value) const {
    auto found = tiles.find(value);
    return found == tiles.end() ? kernels::ImageLayout::dense
                                : found->second.layout;
  }
  /// The elements of \p value's memory.
  int64_t elementsOf(mlir::Value value) const;

  /// A name no other kernel has, with \p stem for people who read assembly.
  std::string kernelName(llvm::StringRef stem) {
    return (stem + "_" + std::to_string(nextKernel++)).str();
  }
};

/// Finds the parts of joined values that the groups of \p function can write in
/// place.
void placeParts(LoweringContext &context, mlir::func::FuncOp function);

/// Finds the images of \p function that lie best in tiles: those that kernels
/// with images in their vectors write, and only such read. What enters or
/// leaves a program does not.
void planImageLayouts(LoweringContext &context, mlir::func::FuncOp function);

/// The buffer that holds all of \p type.
kernels::Buffer bufferFor(mlir::RankedTensorType type);

Expected<LoweredOp> lowerMapGroup(LoweringContext &context, nn::FusionOp op);
Expected<LoweredOp> lowerContractionGroup(LoweringContext &context,
                                          nn::FusionOp op);
/// The contraction group whose product is the convolution \p op.
Expected<LoweredOp> lowerConvolutionGroup(LoweringContext &context,
                                          nn::FusionOp group,
                                          mlir::Operation *op);
Expected<LoweredOp> lowerReduceGroup(LoweringContext &context, nn::FusionOp op);
Expected<LoweredOp> lowerRowSweepGroup(LoweringContext &context,
                                       nn::FusionOp op);

/// Ops outside groups: concat, pad, gather, scatter_add, and values that leave
/// a program as they came (copies).
Expected<llvm::SmallVector<LoweredOp>> lowerMovement(LoweringContext &context,
                                                     mlir::Operation *op);
/// What the kernel of a convolution's group needs to know, but for its name; of
/// a group without a convolution that has images in the lanes of its vectors
/// nothing.
std::optional<kernels::ConvolutionSpec>
convolutionInLanes(LoweringContext &context, nn::FusionOp group);
/// Likewise of \p op, a gradient by weights.
std::optional<kernels::WeightGradientSpec>
weightGradientInLanes(LoweringContext &context, nn::Conv2dWeightPartsOp op);
/// Whether a kernel can unpool to tiles as \p op does.
bool canUnpoolToTiles(LoweringContext &context, nn::MaxUnpool2dOp op);
/// Whether the kernels that read what \p op puts into images do so themselves.
bool isUnpooledByReaders(LoweringContext &context, nn::MaxUnpool2dOp op);
/// Weight gradients of convolutions, and pools; nothing for other ops.
std::optional<Expected<LoweredOp>> lowerImageOp(LoweringContext &context,
                                                mlir::Operation *op);
Expected<LoweredOp> lowerCopy(LoweringContext &context, mlir::Operation *anchor,
                              mlir::Value from, mlir::Value to);
/// Fills \p to with the number of the immediate \p op.
Expected<LoweredOp> lowerImmediate(LoweringContext &context,
                                   mlir::Operation *op);

/// The reduction that an nn op is.
kernels::Reduction reductionOf(mlir::Operation *op);
/// The reduced axes of an nn reduction.
llvm::SmallVector<int64_t> reducedAxes(mlir::Operation *op);

} // namespace nnc

#endif // NNC_CONVERSION_NNTOKERNELS_GROUPKERNELS_H

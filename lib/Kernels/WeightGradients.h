//===- WeightGradients.h - Ways to a gradient by the weights ----*- C++ -*-===//
//
// Four kernels give the gradient of a convolution by its weights: one has
// positions of a plane in its vectors, one has images, two have output
// channels, one of these by minimal filtering.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_KERNELS_WEIGHTGRADIENTS_H
#define NNC_LIB_KERNELS_WEIGHTGRADIENTS_H

#include "KernelBuilder.h"
#include "nnc/Kernels/Convolution.h"

namespace nnc::kernels {

/// The first image of \p part, and behind the last part the number of images.
mlir::Value partEdge(KernelBuilder &kernel, const WeightGradientSpec &spec,
                     mlir::Value part);

/// The way with positions in vectors, for any sizes.
Expected<Kernels> emitWeightsByPlanes(mlir::ModuleOp module,
                                      const TargetDescription &target,
                                      const WeightGradientSpec &spec);
/// About how many cycles of one core it takes.
double weightsByPlanesCost(const TargetDescription &target,
                           const WeightGradientSpec &spec);

/// The way with images in vectors, where its cost is finite.
Expected<Kernels> emitWeightsByImages(mlir::ModuleOp module,
                                      const TargetDescription &target,
                                      const WeightGradientSpec &spec);
double weightsByImagesCost(const TargetDescription &target,
                           const WeightGradientSpec &spec);

/// The way with output channels in vectors, where its cost is finite.
Expected<Kernels> emitWeightsByChannels(mlir::ModuleOp module,
                                        const TargetDescription &target,
                                        const WeightGradientSpec &spec);
double weightsByChannelsCost(const TargetDescription &target,
                             const WeightGradientSpec &spec);

/// The way by minimal filtering: `tile` is 2 or 4, windows are 3 x 3 with
/// stride 1, padding of 2 at most, and one group.
Expected<Kernels> emitWeightsByWinograd(mlir::ModuleOp module,
                                        const TargetDescription &target,
                                        const WeightGradientSpec &spec);

} // namespace nnc::kernels

#endif // NNC_LIB_KERNELS_WEIGHTGRADIENTS_H

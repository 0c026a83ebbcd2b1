//===- ConvolutionImages.h - Convolution, images in vectors -----*- C++ -*-===//

#ifndef NNC_LIB_KERNELS_CONVOLUTIONIMAGES_H
#define NNC_LIB_KERNELS_CONVOLUTIONIMAGES_H

#include "nnc/Kernels/Convolution.h"

namespace nnc::kernels {

/// emitConvolution() with the same position of several images in a vector,
/// where its cost is finite. Accesses are checked already.
Expected<Kernels> emitConvolutionByImages(mlir::ModuleOp module,
                                          const TargetDescription &target,
                                          const ConvolutionSpec &spec);
/// About how many cycles of one core it takes.
double convolutionByImagesCost(const TargetDescription &target,
                               const ConvolutionSpec &spec);

} // namespace nnc::kernels

#endif // NNC_LIB_KERNELS_CONVOLUTIONIMAGES_H

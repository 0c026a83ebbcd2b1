//===- KernelDescription.h - What a kernel does, in words -------*- C++ -*-===//

#ifndef NNC_CONVERSION_NNTOKERNELS_KERNELDESCRIPTION_H
#define NNC_CONVERSION_NNTOKERNELS_KERNELDESCRIPTION_H

#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Runtime/Compiler.h"

namespace nnc {

/// Work, layers and arithmetic of the kernel for \p op, a group or a single
/// op. An element-wise op counts as one operation an element. Name and bytes
/// are left to the caller.
KernelInfo describeKernel(mlir::Operation *op);

/// \p type as the language writes it, with the sizes that it has at most:
/// "f32[128, 500]".
std::string describeType(mlir::RankedTensorType type);

} // namespace nnc

#endif // NNC_CONVERSION_NNTOKERNELS_KERNELDESCRIPTION_H

//===- PreparingKernels.h - Kernels that another machine runs ---*- C++ -*-===//
//
// Kernels that prepare values from parameters are made for a program's target
// and may run elsewhere, when the program is compiled.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_CONVERSION_NNTOKERNELS_PREPARINGKERNELS_H
#define NNC_CONVERSION_NNTOKERNELS_PREPARINGKERNELS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "nnc/Kernels/TargetDescription.h"

namespace nnc {

/// Whether \p kernel, made for \p target, computes the same bits where it is
/// compiled for \p machine. Arithmetic of vectors does; instructions of a
/// processor's own do not stand elsewhere, and those that round to bf16 flush
/// subnormal numbers where integer arithmetic keeps them.
bool givesSameBits(mlir::func::FuncOp kernel, const TargetDescription &target,
                   const TargetDescription &machine);

/// Erases the functions and data of \p module that \p entry does not lead to.
void eraseUnused(mlir::ModuleOp module, llvm::StringRef entry);

} // namespace nnc

#endif // NNC_CONVERSION_NNTOKERNELS_PREPARINGKERNELS_H

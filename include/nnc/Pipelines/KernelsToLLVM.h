//===- KernelsToLLVM.h - From kernels to the llvm dialect -------*- C++ -*-===//

#ifndef NNC_PIPELINES_KERNELSTOLLVM_H
#define NNC_PIPELINES_KERNELSTOLLVM_H

#include "mlir/Pass/PassManager.h"

namespace nnc {

/// Adds the passes after which identical kernels of a module are one.
void buildShareKernelsPipeline(mlir::OpPassManager &passManager);

/// Adds the passes that take a module of kernels (func, scf, vector, arith,
/// math, llvm) to the llvm dialect: expansion of mathematical functions, one
/// conversion. Unless the target \p roundsToBF16, that is integer arithmetic.
void buildKernelsToLLVMPipeline(mlir::OpPassManager &passManager,
                                bool roundsToBF16);

/// Loads every dialect that kernels and their lowering use into \p context and
/// registers their translation to LLVM IR.
void loadKernelDialects(mlir::MLIRContext &context);

} // namespace nnc

#endif // NNC_PIPELINES_KERNELSTOLLVM_H

//===- KernelsToLLVM.h - From kernels to the llvm dialect -------*- C++ -*-===//

#ifndef NNC_PIPELINES_KERNELSTOLLVM_H
#define NNC_PIPELINES_KERNELSTOLLVM_H

#include "mlir/Pass/PassManager.h"

namespace nnc {

/// Adds the passes that take a module of kernels (func, scf, vector, arith,
/// math, llvm) to the llvm dialect: expansion of mathematical functions, common
/// subexpressions, one conversion. Identical kernels become one before.
void buildKernelsToLLVMPipeline(mlir::OpPassManager &passManager);

/// Loads every dialect that kernels and their lowering use into \p context and
/// registers their translation to LLVM IR.
void loadKernelDialects(mlir::MLIRContext &context);

} // namespace nnc

#endif // NNC_PIPELINES_KERNELSTOLLVM_H

//===- KernelsToLLVM.cpp - From kernels to the llvm dialect ---------------===//

#include "nnc/Pipelines/KernelsToLLVM.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "nnc/Transforms/Passes.h"

using namespace mlir;

void nnc::buildShareKernelsPipeline(OpPassManager &passManager) {
  passManager.addPass(createDeduplicateKernelsPass());
}

void nnc::buildKernelsToLLVMPipeline(OpPassManager &passManager,
                                     bool roundsToBF16) {
  passManager.addPass(createApproximateMathPass());
  if (!roundsToBF16)
    passManager.addPass(createExpandBF16Pass());
  passManager.addPass(createKernelsToLLVMPass());
}

void nnc::loadKernelDialects(MLIRContext &context) {
  DialectRegistry registry;
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  context.appendDialectRegistry(registry);
  context.loadDialect<arith::ArithDialect, cf::ControlFlowDialect,
                      func::FuncDialect, LLVM::LLVMDialect, math::MathDialect,
                      scf::SCFDialect, ub::UBDialect, vector::VectorDialect>();
}

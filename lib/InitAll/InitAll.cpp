//===- InitAll.cpp - Registers all that the compiler is made of -----------===//

#include "nnc/InitAll.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/Passes.h"
#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Dialect/NN/Transforms/Passes.h"
#include "nnc/Reference/Evaluate.h"
#include "nnc/Reference/Passes.h"
#include "nnc/Transforms/Passes.h"

void nnc::registerAllDialects(mlir::DialectRegistry &registry) {
  registry.insert<nn::NNDialect, mlir::arith::ArithDialect,
                  mlir::func::FuncDialect, mlir::math::MathDialect,
                  mlir::memref::MemRefDialect, mlir::scf::SCFDialect,
                  mlir::vector::VectorDialect, mlir::LLVM::LLVMDialect>();
  reference::registerReferenceModels(registry);
}

void nnc::registerAllPasses() {
  mlir::registerTransformsPasses();
  nn::registerNNGraphPasses();
  registerNNCTransformsPasses();
  reference::registerNNCReferencePasses();
}

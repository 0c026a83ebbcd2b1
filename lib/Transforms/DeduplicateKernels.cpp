//===- DeduplicateKernels.cpp - One function for equal bodies -------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OperationSupport.h"
#include "nnc/Transforms/Passes.h"
#include "llvm/ADT/DenseMap.h"

namespace nnc {
#define GEN_PASS_DEF_DEDUPLICATEKERNELSPASS
#include "nnc/Transforms/Passes.h.inc"
} // namespace nnc

using namespace mlir;

/// A hash of the ops of \p function, their attributes and types.
static llvm::hash_code hashBody(func::FuncOp function) {
  llvm::hash_code hash =
      llvm::hash_value(function.getFunctionType().getAsOpaquePointer());
  function.walk([&](Operation *op) {
    if (op == function)
      return;
    hash = llvm::hash_combine(hash, op->getName().getAsOpaquePointer(),
                              op->getAttrDictionary().getAsOpaquePointer(),
                              op->getNumOperands());
    for (Type type : op->getResultTypes())
      hash = llvm::hash_combine(hash, type.getAsOpaquePointer());
  });
  return hash;
}

/// Whether the bodies are equal. Names take no part.
static bool sameBody(func::FuncOp a, func::FuncOp b) {
  return a.getFunctionType() == b.getFunctionType() &&
         OperationEquivalence::isRegionEquivalentTo(
             &a.getBody(), &b.getBody(), OperationEquivalence::IgnoreLocations);
}

namespace {

struct DeduplicateKernels
    : nnc::impl::DeduplicateKernelsPassBase<DeduplicateKernels> {
  void runOnOperation() override {
    // Kernels that call equal ones are equal once those are one.
    while (unsigned count = removeEqual(getOperation()))
      removed += count;
  }

  static unsigned removeEqual(ModuleOp module) {
    llvm::DenseSet<StringAttr> called;
    module.walk([&](func::CallOp call) {
      called.insert(call.getCalleeAttr().getAttr());
    });

    llvm::DenseMap<size_t, SmallVector<func::FuncOp>> byHash;
    llvm::DenseMap<StringAttr, FlatSymbolRefAttr> replacements;
    for (auto function :
         llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
      if (function.isDeclaration() || !called.contains(function.getNameAttr()))
        continue;
      SmallVector<func::FuncOp> &equals = byHash[hashBody(function)];
      auto *first = llvm::find_if(equals, [&](func::FuncOp other) {
        return sameBody(other, function);
      });
      if (first == equals.end()) {
        equals.push_back(function);
        continue;
      }
      replacements[function.getNameAttr()] =
          FlatSymbolRefAttr::get(first->getNameAttr());
      function.erase();
    }
    if (replacements.empty())
      return 0;
    module.walk([&](func::CallOp call) {
      auto found = replacements.find(call.getCalleeAttr().getAttr());
      if (found != replacements.end())
        call.setCalleeAttr(found->second);
    });
    return replacements.size();
  }
};

} // namespace

//===- DeduplicateKernels.cpp - One function for equal bodies -------------===//

#include "nnc/Transforms/DeduplicateKernels.h"
#include "mlir/IR/OperationSupport.h"
#include "nnc/Transforms/Passes.h"
#include "llvm/ADT/DenseSet.h"

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

using Replacements = llvm::DenseMap<Operation *, func::FuncOp>;

/// One round: functions that call equal ones are not equal yet.
static Replacements mergeOnce(ModuleOp module,
                              llvm::function_ref<bool(func::FuncOp)> mayGo) {
  llvm::DenseMap<size_t, SmallVector<func::FuncOp>> byHash;
  llvm::DenseMap<StringAttr, FlatSymbolRefAttr> names;
  Replacements replacements;
  for (auto function :
       llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
    if (function.isDeclaration() || !mayGo(function))
      continue;
    SmallVector<func::FuncOp> &equals = byHash[hashBody(function)];
    auto *first = llvm::find_if(
        equals, [&](func::FuncOp other) { return sameBody(other, function); });
    if (first == equals.end()) {
      equals.push_back(function);
      continue;
    }
    names[function.getNameAttr()] =
        FlatSymbolRefAttr::get(first->getNameAttr());
    replacements[function] = *first;
    function.erase();
  }
  if (!names.empty())
    module.walk([&](func::CallOp call) {
      auto found = names.find(call.getCalleeAttr().getAttr());
      if (found != names.end())
        call.setCalleeAttr(found->second);
    });
  return replacements;
}

Replacements
nnc::mergeEqualFunctions(ModuleOp module,
                         llvm::function_ref<bool(func::FuncOp)> mayGo) {
  Replacements all;
  while (true) {
    Replacements round = mergeOnce(module, mayGo);
    if (round.empty())
      return all;
    for (auto &[gone, stays] : all)
      if (auto found = round.find(stays); found != round.end())
        stays = found->second;
    all.insert(round.begin(), round.end());
  }
}

namespace {

struct DeduplicateKernels
    : nnc::impl::DeduplicateKernelsPassBase<DeduplicateKernels> {
  void runOnOperation() override {
    llvm::DenseSet<StringAttr> called;
    getOperation().walk([&](func::CallOp call) {
      called.insert(call.getCalleeAttr().getAttr());
    });
    removed +=
        nnc::mergeEqualFunctions(getOperation(), [&](func::FuncOp function) {
          return called.contains(function.getNameAttr());
        }).size();
  }
};

} // namespace

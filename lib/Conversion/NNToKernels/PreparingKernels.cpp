//===- PreparingKernels.cpp - Kernels that another machine runs -----------===//

#include "PreparingKernels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace nnc;

/// \p entry and what it leads to by calls and addresses.
static llvm::SetVector<Operation *> reachedFrom(Operation *entry,
                                                SymbolTable &symbols) {
  llvm::SetVector<Operation *> reached;
  reached.insert(entry);
  for (size_t next = 0; next < reached.size(); ++next)
    reached[next]->walk([&](Operation *op) {
      Operation *named = nullptr;
      if (auto call = dyn_cast<func::CallOp>(op))
        named = symbols.lookup(call.getCallee());
      else if (auto address = dyn_cast<LLVM::AddressOfOp>(op))
        named = symbols.lookup(address.getGlobalName());
      if (named)
        reached.insert(named);
    });
  return reached;
}

bool nnc::givesSameBits(func::FuncOp kernel, const TargetDescription &target,
                        const TargetDescription &machine) {
  SymbolTable symbols(kernel->getParentOfType<ModuleOp>());
  auto isPlain = [&](Operation *op) {
    if (auto narrowed = dyn_cast<arith::TruncFOp>(op))
      return machine.bf16 || !target.bf16 ||
             !getElementTypeOrSelf(narrowed.getType()).isBF16();
    return !isa<LLVM::CallIntrinsicOp, LLVM::InlineAsmOp>(op);
  };
  for (Operation *function : reachedFrom(kernel, symbols)) {
    WalkResult walked = function->walk([&](Operation *op) {
      return isPlain(op) ? WalkResult::advance() : WalkResult::interrupt();
    });
    if (walked.wasInterrupted())
      return false;
  }
  return true;
}

void nnc::eraseUnused(ModuleOp module, StringRef entry) {
  SymbolTable symbols(module);
  auto used = reachedFrom(symbols.lookup(entry), symbols);
  for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
    if (!used.contains(&op))
      op.erase();
}

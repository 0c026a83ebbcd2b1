//===- Decompose.cpp - Composite ops as primitive ones --------------------===//

#include "nnc/Dialect/NN/Transforms/Passes.h"
#include "llvm/ADT/StringSet.h"

namespace nnc::nn {
#define GEN_PASS_DEF_DECOMPOSEPASS
#include "nnc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace nnc::nn

using namespace mlir;
using namespace nnc::nn;

namespace {
struct DecomposePass : nnc::nn::impl::DecomposePassBase<DecomposePass> {
  using DecomposePassBase::DecomposePassBase;

  void runOnOperation() override {
    llvm::StringSet<> kept;
    for (const std::string &name : keep) {
      if (!RegisteredOperationName::lookup(name, &getContext())) {
        getOperation().emitOpError("cannot keep '")
            << name << "': there is no such op";
        return signalPassFailure();
      }
      kept.insert(name);
    }
    getOperation().walk([&](Block *block) { decompose(*block, kept); });
  }

  /// What a decomposition emits is looked at in its turn.
  void decompose(Block &block, const llvm::StringSet<> &kept) {
    for (auto it = block.begin(); it != block.end();) {
      Operation *op = &*it++;
      auto composite = dyn_cast<CompositeOpInterface>(op);
      if (!composite || kept.contains(op->getName().getStringRef()))
        continue;
      Operation *before = op->getPrevNode();
      OpBuilder builder(op);
      SmallVector<Value> results;
      composite.decompose(builder, results);
      op->replaceAllUsesWith(results);
      it = before ? std::next(before->getIterator()) : block.begin();
      op->erase();
      ++decomposed;
    }
  }
};
} // namespace

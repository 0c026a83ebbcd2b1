//===- Decompose.cpp - Composite ops become primitive ones ----------------===//

#include "nnc/Dialect/NN/Transforms/Passes.h"

using namespace mlir;
using namespace nnc::nn;

namespace nnc::nn {
#define GEN_PASS_DEF_DECOMPOSEPASS
#include "nnc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace nnc::nn

namespace {
struct DecomposePass : nnc::nn::impl::DecomposePassBase<DecomposePass> {
  using DecomposePassBase::DecomposePassBase;

  void runOnOperation() override {
    SmallVector<CompositeOpInterface> pending;
    auto collect = [&](Operation *op) {
      auto composite = dyn_cast<CompositeOpInterface>(op);
      if (composite &&
          !llvm::is_contained(keep, op->getName().getStringRef().str()))
        pending.push_back(composite);
    };
    getOperation().walk(collect);
    // A decomposition may hold composites again.
    while (!pending.empty()) {
      CompositeOpInterface op = pending.pop_back_val();
      OpBuilder builder(op);
      Operation *before = op->getPrevNode();
      SmallVector<Value> results;
      op.decompose(builder, results);
      Block::iterator first =
          before ? std::next(before->getIterator()) : op->getBlock()->begin();
      for (Operation &made : llvm::make_range(first, op->getIterator()))
        collect(&made);
      op->replaceAllUsesWith(results);
      op->erase();
    }
  }
};
} // namespace

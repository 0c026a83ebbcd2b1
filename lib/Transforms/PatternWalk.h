//===- PatternWalk.h - Passes that apply patterns in one walk ---*- C++ -*-===//

#ifndef NNC_LIB_TRANSFORMS_PATTERNWALK_H
#define NNC_LIB_TRANSFORMS_PATTERNWALK_H

#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace nnc {

/// The pass of \p Base that applies what \p populate gives to each op once.
template <typename Base, void (*populate)(mlir::RewritePatternSet &)>
struct PatternWalk : Base {
  mlir::LogicalResult initialize(mlir::MLIRContext *context) override {
    mlir::RewritePatternSet set(context);
    populate(set);
    patterns = std::move(set);
    return mlir::success();
  }
  void runOnOperation() override {
    walkAndApplyPatterns(this->getOperation(), patterns);
  }

private:
  mlir::FrozenRewritePatternSet patterns;
};

} // namespace nnc

#endif // NNC_LIB_TRANSFORMS_PATTERNWALK_H

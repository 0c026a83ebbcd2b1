//===- Fusion.cpp - Reference evaluation of groups ------------------------===//

#include "Models.h"
#include "nnc/Reference/Evaluate.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;
using namespace nnc::reference;

//===----------------------------------------------------------------------===//
// FusionOp
//===----------------------------------------------------------------------===//

static LogicalResult evaluateFusion(FusionOp op, Operands operands,
                                    Results results, const Sizes &sizes) {
  FailureOr<SmallVector<Tensor>> values =
      evaluateBlock(op.getBody().front(), operands, sizes);
  if (failed(values))
    return failure();
  llvm::move(*values, results.begin());
  return success();
}

void reference::attachFusionModels(MLIRContext &context) {
  attachFallible<FusionOp, evaluateFusion>(context);
}

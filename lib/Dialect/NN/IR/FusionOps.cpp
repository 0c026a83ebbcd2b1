//===- FusionOps.cpp - Groups that become one kernel ----------------------===//

#include "nnc/Dialect/NN/IR/NN.h"

using namespace mlir;
using namespace nnc::nn;

//===----------------------------------------------------------------------===//
// FusionOp
//===----------------------------------------------------------------------===//

LogicalResult FusionOp::verify() {
  Block &block = getBody().front();
  if (block.getArgumentTypes() != getInputs().getTypes())
    return emitOpError("body arguments have the types ")
           << block.getArgumentTypes() << ", operands "
           << getInputs().getTypes();
  auto yield = cast<YieldOp>(block.getTerminator());
  if (yield.getValues().getTypes() != getOutputs().getTypes())
    return emitOpError("body yields the types ")
           << yield.getValues().getTypes() << ", results are "
           << getOutputs().getTypes();
  return success();
}

//===----------------------------------------------------------------------===//
// YieldOp
//===----------------------------------------------------------------------===//

void YieldOp::build(OpBuilder &, OperationState &) {}

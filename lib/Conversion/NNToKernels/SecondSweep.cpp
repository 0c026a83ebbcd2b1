//===- SecondSweep.cpp - What waits for long chains -----------------------===//

#include "SecondSweep.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;

/// Whether \p op takes many steps, each of which waits for the one before.
static bool isLongChain(Operation *op) {
  return isa<ExpOp, Expm1Op, LogOp, Log1pOp, ErfOp, TanhOp, SigmoidOp,
             SoftplusOp, SinOp, CosOp, ArctanOp>(op);
}

/// Whether \p value, or a reshape of it, is a result of the program.
static bool leavesProgram(Value value) {
  for (Operation *user : value.getUsers())
    if (user->hasTrait<OpTrait::IsTerminator>() ||
        (isa<ReshapeOp>(user) && leavesProgram(user->getResult(0))))
      return true;
  return false;
}

SecondSweep SecondSweep::of(FusionOp group, ArrayRef<Value> products,
                            unsigned mostKept) {
  Block &body = group.getBody().front();
  // Long chains on the way to a value that waits for the product; no entry:
  // it does not wait.
  llvm::DenseMap<Value, int> chains;
  for (Value product : products)
    chains[product] = 0;
  SecondSweep sweep;
  auto isLate = [&](Value value) {
    auto found = chains.find(value);
    return found != chains.end() && found->second > 1;
  };
  for (Operation &op : body.without_terminator()) {
    if (llvm::is_contained(products, op.getResult(0)))
      continue;
    int most = -1;
    for (Value operand : op.getOperands())
      if (auto found = chains.find(operand); found != chains.end())
        most = std::max(most, found->second);
    if (most < 0)
      continue;
    chains[op.getResult(0)] = most + isLongChain(&op);
    if (!isLate(op.getResult(0)))
      continue;
    if (!isa<ScalarBodyOpInterface>(op))
      return {};
    for (Value operand : op.getOperands())
      if (chains.contains(operand) && !isLate(operand) &&
          !llvm::is_contained(sweep.kept, operand))
        sweep.kept.push_back(operand);
  }
  Type element =
      cast<RankedTensorType>(products.front().getType()).getElementType();
  if (sweep.kept.size() > mostKept ||
      llvm::any_of(
          sweep.kept,
          [&](Value value) {
            return cast<RankedTensorType>(value.getType()).getElementType() !=
                   element;
          }) ||
      llvm::any_of(group.getOutputs(), leavesProgram))
    return {};
  for (Value result : cast<YieldOp>(body.getTerminator()).getValues())
    if (isLate(result))
      sweep.results.insert(result);
  return sweep;
}

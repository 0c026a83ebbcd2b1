//===- NNAllOps.td - All ops, for the reference ---------------------------===//

#ifndef NNC_DIALECT_NN_IR_NNALLOPS_TD
#define NNC_DIALECT_NN_IR_NNALLOPS_TD

include "nnc/Dialect/NN/IR/NNLoopOps.td"
include "nnc/Dialect/NN/IR/NNOps.td"

#endif // NNC_DIALECT_NN_IR_NNALLOPS_TD

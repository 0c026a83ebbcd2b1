//===- NNOps.td - All ops of the nn dialect -------------------------------===//

#ifndef NNC_DIALECT_NN_IR_NNOPS_TD
#define NNC_DIALECT_NN_IR_NNOPS_TD

include "nnc/Dialect/NN/IR/NNConvolutionOps.td"
include "nnc/Dialect/NN/IR/NNElementwiseOps.td"
include "nnc/Dialect/NN/IR/NNFusionOps.td"
include "nnc/Dialect/NN/IR/NNLinearOps.td"
include "nnc/Dialect/NN/IR/NNLossOps.td"
include "nnc/Dialect/NN/IR/NNOptimizerOps.td"
include "nnc/Dialect/NN/IR/NNRandomOps.td"
include "nnc/Dialect/NN/IR/NNReductionOps.td"
include "nnc/Dialect/NN/IR/NNShapeOps.td"

#endif // NNC_DIALECT_NN_IR_NNOPS_TD

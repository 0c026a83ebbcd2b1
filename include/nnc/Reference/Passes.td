//===- Passes.td - Passes that use the reference -----------*- tablegen -*-===//

#ifndef NNC_REFERENCE_PASSES
#define NNC_REFERENCE_PASSES

include "mlir/Pass/PassBase.td"

def FoldConstantsPass : Pass<"nn-fold-constants", "mlir::func::FuncOp"> {
  let summary = "Evaluate ops on constants by the reference";
  let description = [{
    Input: a function of nn ops. Output: an op whose operands, at least one, are
    all constants is a constant: evaluated in double precision and rounded to
    its element type once. So are the ops that then have constant operands.

    Left alone: repetitions (`nn.broadcast` of a number costs nothing and other
    passes look for it), random numbers, ops with regions, and results of more
    than `maximum-elements` elements, unless an element-wise op's operands are
    each filled with one number: then so is its result, of any size.

    Ops that nobody uses any more are erased.
  }];
  let options = [
    Option<"maximumElements", "maximum-elements", "int64_t", "4096",
           "Elements of the largest constant made, unless filled with one "
           "number">
  ];
  let statistics = [
    Statistic<"folded", "folded-ops", "Ops evaluated">
  ];
  let dependentDialects = ["::nnc::nn::NNDialect"];
}

#endif // NNC_REFERENCE_PASSES

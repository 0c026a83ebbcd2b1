//===- Passes.td - Passes on graphs of nn ops --------------*- tablegen -*-===//

#ifndef NNC_DIALECT_NN_TRANSFORMS_PASSES
#define NNC_DIALECT_NN_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def PreparePass : Pass<"nn-prepare", "mlir::func::FuncOp"> {
  let summary = "Put losses that were spelt out into their stable form";
  let description = [{
    Input: a function of nn ops, before differentiation. Output: the same
    function where

    * `log(softmax(z))` is `nn.log_softmax`;
    * `sum(t * log(softmax(z)))` over the last dimension and possibly others is
      the negative of `nn.softmax_cross_entropy`, summed over the others; the
      factors may stand in either order and any of them may be negated.

    The gradient of the cross-entropy to the logits is then `softmax(z) - t`,
    without the division by a probability, and a term with t = 0 is 0. Values
    change by rounding only, where they were finite. All else is left alone.
  }];
  let dependentDialects = ["::nnc::nn::NNDialect"];
}

def DifferentiatePass : Pass<"nn-differentiate", "mlir::func::FuncOp"> {
  let summary = "Replace a function by its gradients";
  let description = [{
    Input: a function of nn ops, one block, whose only result is one
    floating-point tensor (its sum is differentiated if it is no scalar). Output:
    a function of the same arguments that returns one gradient for each argument
    asked for, in their order, with the result attribute
    `nn.name = "gradient.NAME"`; zeros where the result does not depend on the
    argument. An op between arguments and result that has neither a gradient
    rule nor the trait `NonDifferentiable` is an error.

    With order 2 the sum of all elements of the first gradients is differentiated
    again, and so on. Ops of the input that the gradients do not need stay;
    canonicalization removes them.
  }];
  let options = [
    ListOption<"wrt", "wrt", "std::string",
               "Names (nn.name, or argN for an unnamed one) of the arguments; "
               "default: those with the role parameter, or all of "
               "floating-point type if there is none">,
    Option<"order", "order", "unsigned", "1", "How often to differentiate">
  ];
  let dependentDialects = ["::nnc::nn::NNDialect"];
}

#endif // NNC_DIALECT_NN_TRANSFORMS_PASSES

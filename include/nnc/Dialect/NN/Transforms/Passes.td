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

def SpecializePass : Pass<"nn-specialize", "mlir::func::FuncOp"> {
  let summary = "Put sizes in for names";
  let description = [{
    Input: a function of nn ops with named sizes. Output: the same function with
    static types. A name in `bounded` keeps its expressions in `#nn.dims`: its
    size is then the capacity, and the extent at run time may be less. All other
    expressions become constants. A name without a size is an error.
  }];
  let options = [
    ListOption<"sizes", "sizes", "std::string", "NAME=SIZE, …">,
    ListOption<"bounded", "bounded", "std::string",
               "Names whose size is a capacity">
  ];
  let dependentDialects = ["::nnc::nn::NNDialect"];
}

def DecomposePass : Pass<"nn-decompose", "mlir::func::FuncOp"> {
  let summary = "Replace composite ops by primitive ones";
  let description = [{
    Input: a function of nn ops. Output: no op of the class composite, but for
    those named in `keep`; each is replaced by its decomposition.
  }];
  let options = [
    ListOption<"keep", "keep", "std::string", "Names of ops to leave alone">
  ];
  let dependentDialects = ["::nnc::nn::NNDialect"];
}

def FuseOpsPass : Pass<"nn-fuse-ops", "mlir::func::FuncOp"> {
  let summary = "Gather primitive ops into groups that become one kernel each";
  let description = [{
    Input: a function of primitive nn ops in one block. Output: the same
    computation where products with what follows them element by element,
    reductions along the last axis with all that works on the same rows, other
    reductions with what comes before and after, and chains of element-wise ops
    are `nn.fusion` groups. Constants, reshapes and opaque ops are left alone. A
    result that replaces an argument comes after all readers of the old value,
    where that is possible.
  }];
  let dependentDialects = ["::nnc::nn::NNDialect"];
  let statistics = [
    Statistic<"groups", "groups", "Groups made">
  ];
}

#endif // NNC_DIALECT_NN_TRANSFORMS_PASSES

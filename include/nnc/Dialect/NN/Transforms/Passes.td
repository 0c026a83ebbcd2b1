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
  let summary = "Put numbers in place of named sizes";
  let description = [{
    Input: a function of nn ops whose types may carry named sizes. Output: the
    same function without dynamic types. A name listed in `bounded` stays in
    `#nn.dims`, as an extent known at run time, and its size becomes the
    capacity: `tensor<32x64xf32, #nn.dims<batch, 64>>`. All other names become
    constants, also in `nn.dim_size`.

    A name without a size, and a size below 1, are errors; so is every shape that
    the numbers make wrong, at the op that has it.
  }];
  let options = [
    ListOption<"sizes", "sizes", "std::string",
               "Sizes as NAME=NUMBER; names that do not occur are ignored">,
    ListOption<"bounded", "bounded", "std::string",
               "Names whose extent is given at run time">
  ];
  let dependentDialects = ["::nnc::nn::NNDialect"];
}

def SimplifyPass : Pass<"nn-simplify", "mlir::func::FuncOp"> {
  let summary = "Bring a graph into its canonical form";
  let description = [{
    Input: a function of nn ops. Output: the same values to the last bit (NaN
    stays NaN, with any payload; a zero keeps its sign) from fewer or cheaper
    ops:

    * the ops' own folds and canonicalization patterns;
    * element-wise ops whose operands are all repeated along the same dimensions
      run before the repetition, and so do permutations and reductions along
      other dimensions;
    * equal ops become one, and what nobody uses goes.

    Numbers are not computed: constants are folded by the pass nn-fold-constants
    of the reference. Sums are not reordered, sizes not substituted.
  }];
  let dependentDialects = ["::nnc::nn::NNDialect"];
}

def DecomposePass : Pass<"nn-decompose", "mlir::func::FuncOp"> {
  let summary = "Replace composite ops by primitive ones";
  let description = [{
    Input: a function of nn ops. Output: no op with a decomposition is left, but
    for those that `keep` names. Differentiate first: some composite ops have a
    gradient rule that is more exact than that of their parts, or that stops
    gradients.
  }];
  let options = [
    ListOption<"keep", "keep", "std::string",
               "Names of ops to leave, such as nn.softmax">
  ];
  let statistics = [
    Statistic<"decomposed", "decomposed-ops", "Composite ops replaced">
  ];
  let dependentDialects = ["::nnc::nn::NNDialect"];
}

def ChooseConvolutionsPass
    : Pass<"nn-choose-convolutions", "mlir::func::FuncOp"> {
  let summary = "Choose an algorithm for each convolution";
  let description = [{
    Input: a function of nn ops after `nn-specialize`. Output: the same function
    where convolutions of 3 x 3 windows with stride 1 in f32, and their
    gradients by the images, are `nn.winograd_conv2d` of `nn.winograd_weights`
    if a model of costs, from sizes alone, says that this takes less time: images
    with many channels. `nn.conv2d_weight_parts` get a tile by the same rule.
    Results change by rounding.
  }];
  let options = [
    Option<"panel", "panel", "int64_t", "16",
           "Outputs that transformed weights hold side by side">
  ];
  let statistics = [
    Statistic<"replaced", "replaced-convolutions", "Convolutions replaced">
  ];
  let dependentDialects = ["::nnc::nn::NNDialect"];
}

def CropConvolutionsPass
    : Pass<"nn-crop-convolutions", "mlir::func::FuncOp"> {
  let summary = "Leave out what no pool reads of convolutions";
  let description = [{
    Input: a function of primitive nn ops. Output: the same function where an
    `nn.conv2d` gives no rows and columns but those that the windows of an
    `nn.max_pool2d` reach, if nothing but element-wise ops stands between them
    and nothing else reads these: its padding below and right is less, and
    negative where need be. The pool's gradient is put into images of that size,
    and the gradients of the convolution read these.
  }];
  let statistics = [
    Statistic<"cropped", "cropped-convolutions", "Convolutions cropped">
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
  let options = [
    Option<"alone", "alone", "bool", "false",
           "Give each op a group of its own">
  ];
  let statistics = [
    Statistic<"groups", "groups", "Groups made">
  ];
}

def LowerPrecisionPass : Pass<"nn-lower-precision", "mlir::func::FuncOp"> {
  let summary = "Store large values as bf16";
  let description = [{
    Input: a function of groups, from `nn-fuse-ops`. Output: the same
    computation where groups store their f32 results as bf16, rounded to
    nearest, ties to even, and where products of f32 take both operands as bf16.
    What reads such a value casts it back, so that all arithmetic and all sums
    stay f32.

    It works on groups since their results are what a program keeps in memory:
    values that stay in registers are not rounded. These stay f32: arguments and
    results of the function, so parameters and optimiser states too; gradients
    on their way to an update; what a group sums along rows or columns, such as
    losses and statistics; values with fewer than `least` elements; those that no
    group reads; and those that a convolution, a product with sums of less than
    10 terms or an op outside of groups reads, which take f32: with a copy for
    them such values would take longer to write and to read, not less. Of what
    stays f32, products get rounded copies if they read each element at least 24
    times, or if the copies are kept for many calls, or if the other operand is
    bf16; else they stay products of f32. Values of f64 are left alone.
  }];
  let options = [
    Option<"least", "least", "int64_t", "1024",
           "Elements of the smallest value that is stored as bf16">,
    Option<"keepsPrepared", "keeps-prepared", "bool", "false",
           "What parameters alone determine is computed once for many calls">
  ];
  let statistics = [
    Statistic<"narrowed", "narrowed-values", "Values stored as bf16">
  ];
  let dependentDialects = ["::nnc::nn::NNDialect"];
}

def RecomputePass : Pass<"nn-recompute", "mlir::func::FuncOp"> {
  let summary = "Compute values of the forward part again instead of keeping them";
  let description = [{
    Input: a training step of primitive nn ops, as `nn-fuse-ops` takes it.
    Output: the same step, whose fused form takes at most `budget` bytes for
    values that are alive at once. What the backward part reads of the forward
    part is computed again just before, by copies of its ops with the attribute
    `nn.recomputed`: values that cost least arithmetic for each byte, or the
    inner values of segments of the forward part. Of the choices that fit, the
    one with the least arithmetic is taken; that no choice fits is an error,
    which tells the least. All values keep their bits.

    The forward part is what results other than updates of parameters and of
    optimiser state depend on; it is put before all else. Passes that merge
    equal ops must come before this one.
  }];
  let options = [
    Option<"budget", "budget", "int64_t", "0",
           "Bytes of the values that are alive at once, at most; 0: no bound">,
    Option<"alone", "alone", "bool", "false",
           "As the option of nn-fuse-ops that follows">
  ];
  let statistics = [
    Statistic<"copies", "recomputed-ops", "Ops that compute a value again">
  ];
  let dependentDialects = ["::nnc::nn::NNDialect"];
}

def UnrollLoopsPass : Pass<"nn-unroll-loops", "mlir::func::FuncOp"> {
  let summary = "Replace each scan by its steps";
  let description = [{
    Input: a function of nn ops after `nn-specialize`. Output: the same function
    where each `nn.scan` is a copy of its body for each step: sources are read by
    `nn.slice`, stacked results are an `nn.concat`. Steps that compute the same
    are then merged by the common passes, so that a gradient shares what the
    forward pass computes.

    A scan along a size that is left open is an error, as is one that would
    become more than 200000 ops.
  }];
  let dependentDialects = ["::nnc::nn::NNDialect"];
}

def PackWeightsPass : Pass<"nn-pack-weights", "mlir::func::FuncOp"> {
  let summary = "Lay weights out for the many products that read them";
  let description = [{
    Input: a function of groups as `nn-fuse-ops` makes them. Output: the same
    function where right operands of matrix products are read from
    `nn.column_panels`, as `nn.panel_matmul`, in sequence, and not packed again
    by each product. Such are operands that four products or more share, as the
    steps of a recurrence do, and, with `keeps-prepared`, what parameters alone
    determine, for functions that are called many times with the same
    parameters. Results keep their bits.
  }];
  let options = [
    Option<"keepsPrepared", "keeps-prepared", "bool", "false",
           "What parameters alone determine is computed once for many calls">,
    Option<"panel", "panel", "int64_t", "16",
           "Columns of two vectors of 32-bit elements, which products of several rows take at once">
  ];
  let statistics = [
    Statistic<"packed", "packed-products", "Products that read panels">
  ];
  let dependentDialects = ["::nnc::nn::NNDialect"];
}

#endif // NNC_DIALECT_NN_TRANSFORMS_PASSES

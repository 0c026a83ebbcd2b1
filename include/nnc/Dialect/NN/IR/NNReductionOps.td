//===- NNReductionOps.td - Reductions and scans along axes ----------------===//

#ifndef NNC_DIALECT_NN_IR_NNREDUCTIONOPS_TD
#define NNC_DIALECT_NN_IR_NNREDUCTIONOPS_TD

include "nnc/Dialect/NN/IR/NNBase.td"

/// Reduces the given axes away.
class NN_ReduceOp<string mnemonic, Type tensor, list<Trait> traits = []>
    : NN_ClassedOp<mnemonic, "reduction",
        !listconcat([InferTypeOpAdaptor],
                    traits)> {
  let arguments = (ins tensor:$x, DenseI64ArrayAttr:$axes);
  let results = (outs tensor:$y);
  let assemblyFormat = [{
    $x `axes` `=` $axes attr-dict `:` type($x) `->` type($y)
  }];
}

class NN_DifferentiableReduceOp<string mnemonic, Type tensor>
    : NN_ReduceOp<mnemonic, tensor,
                  [DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let hasFolder = 1;
}

def NN_ReduceSumOp : NN_DifferentiableReduceOp<"reduce_sum", NN_NumberTensor> {
  let summary = "sum over axes";
  let description = [{
    `y = sum of x over axes`, which disappear; 0 for an empty extent.
    Gradient: dy broadcast over the axes.

    C1: axes are distinct, increasing and within the rank.

    Example: `%y = nn.reduce_sum %x axes = [1] : tensor<4x8xf32> -> tensor<4xf32>`
  }];
}

def NN_ReduceMaxOp : NN_DifferentiableReduceOp<"reduce_max", NN_NumberTensor> {
  let summary = "maximum over axes";
  let description = [{
    -inf (or the smallest integer) for an empty extent; NaN if any is NaN.
    Gradient: dy shared evenly by the elements that equal the maximum.

    C1: axes are distinct, increasing and within the rank.

    Example: `%y = nn.reduce_max %x axes = [1] : tensor<4x8xf32> -> tensor<4xf32>`
  }];
}

def NN_ReduceMinOp : NN_DifferentiableReduceOp<"reduce_min", NN_NumberTensor> {
  let summary = "minimum over axes";
  let description = [{
    inf (or the largest integer) for an empty extent; NaN if any is NaN.
    Gradient: dy shared evenly by the elements that equal the minimum.

    C1: axes are distinct, increasing and within the rank.

    Example: `%y = nn.reduce_min %x axes = [1] : tensor<4x8xf32> -> tensor<4xf32>`
  }];
}

def NN_ReduceProdOp : NN_DifferentiableReduceOp<"reduce_prod",
                                                NN_NumberTensor> {
  let summary = "product over axes";
  let description = [{
    `y = product of x over axes`, which disappear; 1 for an empty extent.
    Gradient: dy times the product of all other elements, computed without a
    division, so that it holds where elements are 0 and differentiates again;
    for an axis of n elements it takes n products of n factors.

    C1: axes are distinct, increasing and within the rank.

    Example: `%y = nn.reduce_prod %x axes = [1] : tensor<4x8xf32> -> tensor<4xf32>`
  }];
}

/// A quantifier over axes, of booleans.
class NN_QuantifierOp<string mnemonic>
    : NN_ClassedOp<mnemonic, "composite",
        [InferTypeOpAdaptor, NonDifferentiable,
         DeclareOpInterfaceMethods<CompositeOpInterface>]> {
  let arguments = (ins NN_BoolTensor:$x, DenseI64ArrayAttr:$axes);
  let results = (outs NN_BoolTensor:$y);
  let assemblyFormat = [{
    $x `axes` `=` $axes attr-dict `:` type($x) `->` type($y)
  }];
}

def NN_ReduceAllOp : NN_QuantifierOp<"reduce_all"> {
  let summary = "whether all elements along axes are true";
  let description = [{
    `y = and of x over axes`, which disappear; true for an empty extent.
    Booleans carry no gradient.

    C1: axes are distinct, increasing and within the rank.

    Example: `%y = nn.reduce_all %x axes = [1] : tensor<4x8xi1> -> tensor<4xi1>`
  }];
}

def NN_ReduceAnyOp : NN_QuantifierOp<"reduce_any"> {
  let summary = "whether any element along axes is true";
  let description = [{
    `y = or of x over axes`, which disappear; false for an empty extent.
    Booleans carry no gradient.

    C1: axes are distinct, increasing and within the rank.

    Example: `%y = nn.reduce_any %x axes = [1] : tensor<4x8xi1> -> tensor<4xi1>`
  }];
}

def NN_CumsumOp : NN_ClassedOp<"cumsum", "composite",
    [SameOperandsAndResultType,
     DeclareOpInterfaceMethods<CompositeOpInterface>,
     DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "running sum along an axis";
  let description = [{
    `y_i = sum of x_k over k <= i` along `axis`, or over k >= i with `reverse`.
    Gradient: the running sum of dy in the other direction.

    C1: the axis is within the rank.

    Example: `%y = nn.cumsum %x axis = 1 : tensor<4x8xf32>`
  }];
  let arguments = (ins NN_NumberTensor:$x, I64Attr:$axis, UnitAttr:$reverse);
  let results = (outs NN_NumberTensor:$y);
  let assemblyFormat = [{
    $x `axis` `=` $axis (`reverse` $reverse^)? attr-dict `:` type($y)
  }];
  let hasVerifier = 1;
}

/// Index of the extreme element along one axis.
class NN_ArgReduceOp<string mnemonic>
    : NN_ClassedOp<mnemonic, "reduction",
        [InferTypeOpAdaptor, NonDifferentiable]> {
  let arguments = (ins NN_NumberTensor:$x, I64Attr:$axis);
  let results = (outs NN_TensorOf<I32>:$y);
  let assemblyFormat = [{
    $x `axis` `=` $axis attr-dict `:` type($x) `->` type($y)
  }];
}

def NN_ArgmaxOp : NN_ArgReduceOp<"argmax"> {
  let summary = "index of the largest element along an axis";
  let description = [{
    The lowest index wins a tie; the first NaN counts as the largest. Indices
    are piecewise constant: no gradient.

    C1: the axis is within the rank and its extent is not 0.

    Example: `%y = nn.argmax %x axis = 1 : tensor<4x8xf32> -> tensor<4xi32>`
  }];
}

def NN_ArgminOp : NN_ArgReduceOp<"argmin"> {
  let summary = "index of the smallest element along an axis";
  let description = [{
    The lowest index wins a tie; the first NaN counts as the smallest. Indices
    are piecewise constant: no gradient.

    C1: the axis is within the rank and its extent is not 0.

    Example: `%y = nn.argmin %x axis = 1 : tensor<4x8xf32> -> tensor<4xi32>`
  }];
}

#endif // NNC_DIALECT_NN_IR_NNREDUCTIONOPS_TD

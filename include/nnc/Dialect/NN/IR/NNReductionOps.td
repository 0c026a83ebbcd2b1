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
                  [DeclareOpInterfaceMethods<DifferentiableOpInterface>]>;

def NN_ReduceSumOp : NN_DifferentiableReduceOp<"reduce_sum", NN_NumberTensor> {
  let summary = "sum over axes";
  let description = [{
    `y = sum of x over axes`, which disappear; 0 for an empty extent.
    Gradient: dy broadcast over the axes.

    C1: axes are distinct, increasing and within the rank.

    Example: `%y = nn.reduce_sum %x axes = [1] : tensor<4x8xf32> -> tensor<4xf32>`
  }];
  let hasFolder = 1;
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

/// Index of the extreme element along one axis.
class NN_ArgReduceOp<string mnemonic>
    : NN_ClassedOp<mnemonic, "reduction",
        [InferTypeOpAdaptor, NonDifferentiable]> {
  let arguments = (ins NN_NumberTensor:$x, I64Attr:$axis);
  let results = (outs RankedTensorOf<[I32]>:$y);
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

//===- NNShapeOps.td - Ops that move or make elements ---------------------===//

#ifndef NNC_DIALECT_NN_IR_NNSHAPEOPS_TD
#define NNC_DIALECT_NN_IR_NNSHAPEOPS_TD

include "nnc/Dialect/NN/IR/NNBase.td"

defvar Differentiable = DeclareOpInterfaceMethods<DifferentiableOpInterface>;
defvar Inferred = InferTypeOpAdaptor;

def NN_ConstantOp : NN_ClassedOp<"constant", "opaque",
    [ConstantLike, Inferred, NonDifferentiable]> {
  let summary = "constant tensor";
  let description = [{
    A literal; it depends on nothing, so no gradient flows.

    Example: `%c = nn.constant dense<1.0> : tensor<f32>`
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}

def NN_DimSizeOp : NN_ClassedOp<"dim_size", "opaque", [NonDifferentiable]> {
  let summary = "value of an expression of named sizes";
  let description = [{
    A scalar: `#nn.dims<batch * 28>` is 28 times the extent of `batch` at run
    time. Sizes carry no gradient.

    C1: the attribute has exactly one size.

    Example: `%n = nn.dim_size <batch> : tensor<f32>`
  }];
  let arguments = (ins NN_DimsAttr:$size);
  let results = (outs RankedTensorOf<[NN_Number], [HasStaticShapePred],
                                     "scalar tensor">:$y);
  let assemblyFormat = "$size attr-dict `:` type($y)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def NN_BroadcastOp : NN_ClassedOp<"broadcast", "broadcast", [Differentiable]> {
  let summary = "repetition along new dimensions";
  let description = [{
    Dimension `dimensions[i]` of y is dimension i of x; y is constant along the
    others. Gradient: dy summed over those.

    C1: one entry a dimension of x, increasing, within the rank of y.
    C2: the sizes agree. C3: element types are equal.

    Example:
    `%y = nn.broadcast %x dimensions = [1] : tensor<8xf32> -> tensor<4x8xf32>`
  }];
  let arguments = (ins NN_Tensor:$x, DenseI64ArrayAttr:$dimensions);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = [{
    $x `dimensions` `=` $dimensions attr-dict `:` type($x) `->` type($y)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def NN_ReshapeOp : NN_ClassedOp<"reshape", "view", [Differentiable]> {
  let summary = "the same elements, in row-major order, in another shape";
  let description = [{
    Gradient: dy reshaped back.

    C1: the number of elements is the same (also as an expression of named
    sizes). C2: element types are equal.

    Example: `%y = nn.reshape %x : tensor<4x8xf32> -> tensor<32xf32>`
  }];
  let arguments = (ins NN_Tensor:$x);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def NN_TransposeOp : NN_ClassedOp<"transpose", "movement",
                                  [Inferred, Differentiable]> {
  let summary = "permutation of dimensions";
  let description = [{
    Dimension i of y is dimension `permutation[i]` of x. Gradient: dy permuted
    back.

    C1: `permutation` is a permutation of the dimensions of x.

    Example:
    `%y = nn.transpose %x permutation = [1, 0] : tensor<4x8xf32> -> tensor<8x4xf32>`
  }];
  let arguments = (ins NN_Tensor:$x, DenseI64ArrayAttr:$permutation);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = [{
    $x `permutation` `=` $permutation attr-dict `:` type($x) `->` type($y)
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def NN_ConcatOp : NN_ClassedOp<"concat", "movement",
                               [Inferred, Differentiable]> {
  let summary = "tensors side by side along an axis";
  let description = [{
    Gradient: dy cut into the operands' parts, by `nn.slice`, or by `nn.gather`
    where their places along the axis are known at run time only.

    C1: at least one operand. C2: the axis is within the rank. C3: the operands
    agree in rank, element type and in all sizes but the axis'.

    Example:
    `%y = nn.concat %a, %b axis = 0 : (tensor<1x8xf32>, tensor<3x8xf32>) -> tensor<4x8xf32>`
  }];
  let arguments = (ins Variadic<NN_Tensor>:$parts, I64Attr:$axis);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = [{
    $parts `axis` `=` $axis attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def NN_SliceOp : NN_ClassedOp<"slice", "movement", [Differentiable]> {
  let summary = "every step-th element from a start, in each dimension";
  let description = [{
    `y[i, ...] = x[starts[0] + i * steps[0], ...]`; the sizes are those of the
    result type. Gradient: dy padded with zeros (`nn.pad`).

    C1: one start and one step a dimension; starts >= 0, steps >= 1. C2: the
    last element lies within x. C3: rank and element type are equal. C4: a
    dimension with a named size is taken whole (start 0, step 1, same size).

    Example:
    `%y = nn.slice %x starts = [0, 2] steps = [1, 3] : tensor<4x8xf32> -> tensor<4x2xf32>`
  }];
  let arguments = (ins NN_Tensor:$x, DenseI64ArrayAttr:$starts,
                       DenseI64ArrayAttr:$steps);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = [{
    $x `starts` `=` $starts `steps` `=` $steps attr-dict `:` type($x) `->`
    type($y)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def NN_PadOp : NN_ClassedOp<"pad", "movement", [Inferred, Differentiable]> {
  let summary = "margins, and gaps between elements, of a constant";
  let description = [{
    Dimension d of y has `low[d] + (n - 1) * (interior[d] + 1) + 1 + high[d]`
    elements (n > 0), those of x standing at `low[d] + i * (interior[d] + 1)`,
    `value` elsewhere. Gradient: the slice of dy where x stands.

    C1: one entry a dimension in `low`, `high`, `interior`, all >= 0. C2: a
    dimension with a named size gets no padding.

    Example:
    `%y = nn.pad %x value = 0.0 low = [1] high = [2] interior = [0] : tensor<4xf32> -> tensor<7xf32>`
  }];
  let arguments = (ins NN_Tensor:$x, F64Attr:$value, DenseI64ArrayAttr:$low,
                       DenseI64ArrayAttr:$high, DenseI64ArrayAttr:$interior);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = [{
    $x `value` `=` $value `low` `=` $low `high` `=` $high `interior` `=`
    $interior attr-dict `:` type($x) `->` type($y)
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def NN_ReverseOp : NN_ClassedOp<"reverse", "movement",
    [SameOperandsAndResultType, Differentiable]> {
  let summary = "elements in opposite order along axes";
  let description = [{
    Gradient: dy reversed along the same axes.

    C1: axes are distinct, increasing and within the rank.

    Example: `%y = nn.reverse %x axes = [0] : tensor<4xf32>`
  }];
  let arguments = (ins NN_Tensor:$x, DenseI64ArrayAttr:$axes);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x `axes` `=` $axes attr-dict `:` type($y)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def NN_IotaOp : NN_ClassedOp<"iota", "movement", [NonDifferentiable]> {
  let summary = "index along an axis";
  let description = [{
    `y[..., i, ...] = i` where i is the index along `axis`. It depends on
    nothing, so no gradient flows.

    C1: the axis is within the rank.

    Example: `%y = nn.iota axis = 0 : tensor<4xi32>`
  }];
  let arguments = (ins I64Attr:$axis);
  let results = (outs NN_NumberTensor:$y);
  let assemblyFormat = "`axis` `=` $axis attr-dict `:` type($y)";
  let hasVerifier = 1;
}

def NN_OneHotOp : NN_ClassedOp<"one_hot", "movement", [NonDifferentiable]> {
  let summary = "indicator vectors of class numbers";
  let description = [{
    `y[..., c] = 1` where `indices[...] = c`, else 0; a row of zeros for an
    index outside [0, C). y has one more dimension, of C classes, at the end.
    Indices carry no gradient.

    C1: y has the shape of the indices and one more dimension.

    Example: `%y = nn.one_hot %i : tensor<4xi32> -> tensor<4x10xf32>`
  }];
  let arguments = (ins NN_IntegerTensor:$indices);
  let results = (outs NN_NumberTensor:$y);
  let assemblyFormat = "$indices attr-dict `:` type($indices) `->` type($y)";
  let hasVerifier = 1;
}

def NN_GatherOp : NN_ClassedOp<"gather", "movement",
                               [Inferred, Differentiable]> {
  let summary = "rows of a tensor, chosen by index";
  let description = [{
    `y[i..., j...] = x[indices[i...], j...]`: `x : [V, J...]`,
    `indices : [I...]`, `y : [I..., J...]`. An index outside [0, V) is clamped.
    Gradient of x: dy added up by `nn.scatter_add`; none to the indices.

    C1: x has at least one dimension.

    Example:
    `%y = nn.gather %x, %i : (tensor<9x8xf32>, tensor<4xi32>) -> tensor<4x8xf32>`
  }];
  let arguments = (ins NN_Tensor:$x, NN_IntegerTensor:$indices);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = [{
    $x `,` $indices attr-dict `:` functional-type(operands, results)
  }];
}

def NN_ScatterAddOp : NN_ClassedOp<"scatter_add", "opaque",
    [AllTypesMatch<["x", "y"]>, Differentiable]> {
  let summary = "sums of updates at rows chosen by index";
  let description = [{
    `y = x`, then `y[indices[i...], j...] += updates[i..., j...]` in row-major
    order of i: `x : [V, J...]`, `indices : [I...]`, `updates : [I..., J...]`.
    An index outside [0, V) is clamped. Gradients: dy to x; dy gathered at the
    indices to the updates.

    C1: updates have the shape of the indices followed by x's row. C2: element
    types of x and updates are equal.

    Example:
    `%y = nn.scatter_add %x, %i, %u : tensor<9x8xf32>, tensor<4xi32>, tensor<4x8xf32>`
  }];
  let arguments = (ins NN_NumberTensor:$x, NN_IntegerTensor:$indices,
                       NN_NumberTensor:$updates);
  let results = (outs NN_NumberTensor:$y);
  let assemblyFormat = [{
    $x `,` $indices `,` $updates attr-dict `:` type($y) `,` type($indices) `,`
    type($updates)
  }];
  let hasVerifier = 1;
}

#endif // NNC_DIALECT_NN_IR_NNSHAPEOPS_TD

//===- NNLinearOps.td - Matrix products -----------------------------------===//

#ifndef NNC_DIALECT_NN_IR_NNLINEAROPS_TD
#define NNC_DIALECT_NN_IR_NNLINEAROPS_TD

include "nnc/Dialect/NN/IR/NNBase.td"

def NN_MatmulOp : NN_ClassedOp<"matmul", "contraction",
    [InferTypeOpAdaptor,
     DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "matrix product over the last two dimensions";
  let description = [{
    `y[..., m, n] = sum over k of a[..., m, k] * b[..., k, n]`, the operands read
    transposed where the flags say so: `a : [..., M, K]` or `[..., K, M]`,
    `b : [..., K, N]` or `[..., N, K]`, `y : [..., M, N]`. Leading dimensions are
    a batch and equal in both. K = 0 gives 0. The result has the operands'
    element type, but for bf16, whose products are summed and given in f32.

    Gradients, without flags: `dy * b^T`, `a^T * dy`; each of the four cases
    folds its transposes into the product.

    C1: both ranks are equal and at least 2. C2: element types are equal.
    C3: leading dimensions are equal. C4: contracting dimensions are equal.

    Example:
    `%y = nn.matmul %a, %b transpose_b : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x4xf32>`
  }];
  let arguments = (ins NN_FloatTensor:$a, NN_FloatTensor:$b,
                       UnitAttr:$transpose_a, UnitAttr:$transpose_b);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = [{
    $a `,` $b (`transpose_a` $transpose_a^)? (`transpose_b` $transpose_b^)?
    attr-dict `:` functional-type(operands, results)
  }];
  let hasCanonicalizer = 1;
}

#endif // NNC_DIALECT_NN_IR_NNLINEAROPS_TD

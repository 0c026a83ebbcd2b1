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

def NN_ColumnPanelsOp : NN_ClassedOp<"column_panels", "opaque",
    [InferTypeOpAdaptor, NonDifferentiable]> {
  let summary = "a matrix laid out for products that read it in sequence";
  let description = [{
    Panels of the columns of `w : [K, N]`, or of the rows of `w : [N, K]` if
    `transposed`: `p[j / c, k, g * c + j % c] = w[k, g * N / gates + j]` with
    `c = panel / gates`, so that a panel has the same columns of every gate,
    blocks of equal width. The last panel is filled up with zeros.

    Made by `nn-pack-weights`, after differentiation, so it needs no gradient.

    C1: w has two dimensions, numbers. C2: `gates` is 1 to 4 and divides N and
    `panel`. C3: `panel` is 1 to 1024.

    Example:
    `%p = nn.column_panels %w panel = 16 gates = 1 : (tensor<5x20xf32>) -> tensor<2x5x16xf32>`
  }];
  let arguments = (ins NN_FloatTensor:$w, I64Attr:$panel, I64Attr:$gates,
                       UnitAttr:$transposed);
  let results = (outs NN_FloatTensor:$p);
  let assemblyFormat = [{
    $w `panel` `=` $panel `gates` `=` $gates (`transposed` $transposed^)?
    attr-dict `:` functional-type(operands, results)
  }];
}

def NN_PanelMatmulOp : NN_ClassedOp<"panel_matmul", "contraction",
    [InferTypeOpAdaptor, NonDifferentiable]> {
  let summary = "matrix product with a matrix in panels";
  let description = [{
    `nn.matmul %a, %w` of `a : [M, K]` where `p = nn.column_panels(w)` with these
    `gates`: `y : [M, N]`, N = `columns`. Kernels know more than one gate only
    in a group that cuts y into its gates.

    Made by `nn-pack-weights`, after differentiation, so it needs no gradient.

    C1: a has two dimensions and p three; element types are equal. C2: p has the
    panels of `columns` columns with sums of K.

    Example:
    `%y = nn.panel_matmul %a, %p columns = 20 gates = 1 : (tensor<3x5xf32>, tensor<2x5x16xf32>) -> tensor<3x20xf32>`
  }];
  let arguments = (ins NN_FloatTensor:$a, NN_FloatTensor:$p, I64Attr:$columns,
                       I64Attr:$gates);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = [{
    $a `,` $p `columns` `=` $columns `gates` `=` $gates attr-dict `:`
    functional-type(operands, results)
  }];
}

#endif // NNC_DIALECT_NN_IR_NNLINEAROPS_TD

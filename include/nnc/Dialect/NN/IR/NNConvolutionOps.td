//===- NNConvolutionOps.td - Convolution and pooling ----------------------===//

#ifndef NNC_DIALECT_NN_IR_NNCONVOLUTIONOPS_TD
#define NNC_DIALECT_NN_IR_NNCONVOLUTIONOPS_TD

include "nnc/Dialect/NN/IR/NNBase.td"

/// Ops over images [n, c, h, w], whose sizes but n are numbers.
class NN_ImageOp<string mnemonic, string fusionClassName,
                 list<Trait> traits = []>
    : NN_ClassedOp<mnemonic, fusionClassName,
        !listconcat([InferTypeOpAdaptor], traits)>;

//===----------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------===//

def NN_Conv2dOp : NN_ImageOp<"conv2d", "contraction",
    [DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "two-dimensional cross-correlation";
  let description = [{
    `y[n, o, i, j] = sum over c, p, q of
    x[n, c', i * strides[0] - padding[0] + p * dilations[0],
    j * strides[1] - padding[2] + q * dilations[1]] * w[o, c, p, q]`,
    where x is 0 outside of its sizes. `x : [N, C, H, W]`,
    `w : [O, C / groups, P, Q]`, `y : [N, O, I, J]`. `padding` is zeros above,
    below, left and right; below and right it may be negative, so that as many
    last rows or columns of x are left out. Channels fall into `groups` runs of equal length;
    filters of run g see channels of run g alone: c' = g * C / groups + c.
    `I = (H + above + below - dilations[0] * (P - 1) - 1) / strides[0] + 1`,
    rounded down; J likewise.

    Gradients: `nn.conv2d_data_gradient(dy, w)`,
    `nn.conv2d_weight_gradient(x, dy)`.

    C1: both ranks are 4. C2: element types are equal. C3: all sizes but N are
    numbers. C4: strides, dilations and groups are at least 1, paddings above
    and left at least 0. C5: groups divides C and O; w has C / groups channels. C6: the window
    fits into the padded image at least once.

    Example:
    `%y = nn.conv2d %x, %w strides = [1, 1] padding = [1, 1, 1, 1] dilations = [1, 1] groups = 1 : (tensor<2x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<2x4x8x8xf32>`
  }];
  let arguments = (ins NN_FloatTensor:$x, NN_FloatTensor:$w,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$padding,
                       DenseI64ArrayAttr:$dilations, I64Attr:$groups);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = [{
    $x `,` $w `strides` `=` $strides `padding` `=` $padding `dilations` `=`
    $dilations `groups` `=` $groups attr-dict `:`
    functional-type(operands, results)
  }];
}

def NN_Conv2dDataGradientOp : NN_ImageOp<"conv2d_data_gradient", "contraction",
    [DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "adjoint of a convolution in its images";
  let description = [{
    `dx : [N, C, size[0], size[1]]` is the sum of `dy[n, o, i, j] * w[o, c, p, q]`
    over all terms of `nn.conv2d` with these attributes that read
    `x[n, c, h, w]`; the transposed convolution of dy.

    Gradients, g being that of dx: `nn.conv2d(g, w)`,
    `nn.conv2d_weight_gradient(g, dy)`.

    C1: ranks, element types, sizes and attributes are those of `nn.conv2d`, of
    which dy has the result's shape.

    Example:
    `%dx = nn.conv2d_data_gradient %dy, %w size = [8, 8] strides = [1, 1] padding = [1, 1, 1, 1] dilations = [1, 1] groups = 1 : (tensor<2x4x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<2x3x8x8xf32>`
  }];
  let arguments = (ins NN_FloatTensor:$dy, NN_FloatTensor:$w,
                       DenseI64ArrayAttr:$size,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$padding,
                       DenseI64ArrayAttr:$dilations, I64Attr:$groups);
  let results = (outs NN_FloatTensor:$dx);
  let assemblyFormat = [{
    $dy `,` $w `size` `=` $size `strides` `=` $strides `padding` `=` $padding
    `dilations` `=` $dilations `groups` `=` $groups attr-dict `:`
    functional-type(operands, results)
  }];
}

def NN_Conv2dWeightGradientOp
    : NN_ImageOp<"conv2d_weight_gradient", "composite",
    [DeclareOpInterfaceMethods<DifferentiableOpInterface>,
     DeclareOpInterfaceMethods<CompositeOpInterface>]> {
  let summary = "adjoint of a convolution in its weights";
  let description = [{
    `dw : [O, C / groups, kernel[0], kernel[1]]` is the sum of
    `dy[n, o, i, j] * x[n, c', h, w]` over all terms of `nn.conv2d` with these
    attributes that read `w[o, c, p, q]`.

    Gradients, g being that of dw: `nn.conv2d_data_gradient(dy, g)`,
    `nn.conv2d(x, g)`.

    C1: ranks, element types, sizes and attributes are those of `nn.conv2d`, of
    which dy has the result's shape.

    Example:
    `%dw = nn.conv2d_weight_gradient %x, %dy kernel = [3, 3] strides = [1, 1] padding = [1, 1, 1, 1] dilations = [1, 1] groups = 1 : (tensor<2x3x8x8xf32>, tensor<2x4x8x8xf32>) -> tensor<4x3x3x3xf32>`
  }];
  let arguments = (ins NN_FloatTensor:$x, NN_FloatTensor:$dy,
                       DenseI64ArrayAttr:$kernel,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$padding,
                       DenseI64ArrayAttr:$dilations, I64Attr:$groups);
  let results = (outs NN_FloatTensor:$dw);
  let assemblyFormat = [{
    $x `,` $dy `kernel` `=` $kernel `strides` `=` $strides `padding` `=` $padding
    `dilations` `=` $dilations `groups` `=` $groups attr-dict `:`
    functional-type(operands, results)
  }];
}

def NN_Conv2dWeightPartsOp
    : NN_ImageOp<"conv2d_weight_parts", "opaque", [NonDifferentiable]> {
  let summary = "weight gradients of parts of a batch";
  let description = [{
    `nn.conv2d_weight_gradient` of `parts` runs of images, image b to image e
    without e for part k, where b = k * N / parts and e = (k + 1) * N / parts,
    rounded down: places that the sizes alone fix, so that sums do not depend on
    threads. With `run` r, N is counted in runs of r images, of which the last may
    be short; without, r is 1. Made by decomposition, after differentiation, so it needs no
    gradient. `y : [parts, O, C / groups, kernel[0], kernel[1]]`.

    With `tile` m, set by `nn-choose-convolutions`, it is computed by minimal
    filtering, as the adjoint of `nn.winograd_conv2d` in u and of
    `nn.winograd_weights` in w, and rounds as these do.

    C1: as `nn.conv2d_weight_gradient`. C2: `parts` and `run` are at least 1. C3:
    `tile` is 2 or 4, and only where windows are 3 x 3, strides, dilations and
    groups 1, and paddings 0 to 2.

    Example:
    `%y = nn.conv2d_weight_parts %x, %dy parts = 2 kernel = [3, 3] strides = [1, 1] padding = [1, 1, 1, 1] dilations = [1, 1] groups = 1 : (tensor<2x3x8x8xf32>, tensor<2x4x8x8xf32>) -> tensor<2x4x3x3x3xf32>`
  }];
  let arguments = (ins NN_FloatTensor:$x, NN_FloatTensor:$dy, I64Attr:$parts,
                       DenseI64ArrayAttr:$kernel,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$padding,
                       DenseI64ArrayAttr:$dilations, I64Attr:$groups,
                       OptionalAttr<I64Attr>:$tile,
                       OptionalAttr<I64Attr>:$run);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = [{
    $x `,` $dy `parts` `=` $parts `kernel` `=` $kernel `strides` `=` $strides
    `padding` `=` $padding `dilations` `=` $dilations `groups` `=` $groups
    (`tile` `=` $tile^)? (`run` `=` $run^)? attr-dict `:` functional-type(operands, results)
  }];
}

//===----------------------------------------------------------------------===//
// Minimal filtering
//===----------------------------------------------------------------------===//

def NN_WinogradWeightsOp
    : NN_ImageOp<"winograd_weights", "opaque", [NonDifferentiable]> {
  let summary = "weights transformed for minimal filtering";
  let description = [{
    `u[(m + 2) * a + b, o / panel, c, o % panel]` is element (a, b) of
    `G g G^T`, where g is the 3 x 3 window `w[o, c]` or, if `adjoint`, the window
    `w[c, o]` turned by 180 degrees, and G is the filter transform of F(m, 3),
    m = `tile`:

    - m = 2: rows (1, 0, 0), (1, 1, 1) / 2, (1, -1, 1) / 2, (0, 0, 1);
    - m = 4: rows (1, 0, 0) / 4, (-1, -1, -1) / 6, (-1, 1, -1) / 6,
      (1, 2, 4) / 24, (1, -2, 4) / 24, (0, 0, 1).

    Outputs lie in panels of `panel`, so that products read them in sequence;
    the last panel is filled up with zeros.

    Source: A. Lavin and S. Gray, "Fast algorithms for convolutional neural
    networks", CVPR 2016. Made by `nn-choose-convolutions`, after
    differentiation, so it needs no gradient.

    C1: w has the sizes [O, C, 3, 3] or, if `adjoint`, [C, O, 3, 3], numbers.
    C2: `tile` is 2 or 4. C3: `panel` is 1 to 1024.

    Example:
    `%u = nn.winograd_weights %w tile = 4 panel = 16 : (tensor<24x3x3x3xf32>) -> tensor<36x2x3x16xf32>`
  }];
  let arguments = (ins NN_FloatTensor:$w, I64Attr:$tile, I64Attr:$panel,
                       UnitAttr:$adjoint);
  let results = (outs NN_FloatTensor:$u);
  let assemblyFormat = [{
    $w `tile` `=` $tile `panel` `=` $panel (`adjoint` $adjoint^)? attr-dict `:`
    functional-type(operands, results)
  }];
}

def NN_WinogradConv2dOp
    : NN_ImageOp<"winograd_conv2d", "contraction", [NonDifferentiable]> {
  let summary = "convolution with transformed weights";
  let description = [{
    `nn.conv2d` of x with windows of 3 x 3, strides and dilations of 1 and one
    group, where `u = nn.winograd_weights(w)` with this `tile` m: tile (r, s) of
    `y[n, o]`, m x m elements, is `A^T [sum over c of U * B^T d B] A`, U being
    the elements of u for c and o,
    d being the (m + 2) x (m + 2) elements of `x[n, c]` that it depends on. It
    rounds otherwise than the sum it stands for: to about 5e-6 (m = 4) or 4e-7
    (m = 2) of the largest result in f32.

    Source: as `nn.winograd_weights`. Made by `nn-choose-convolutions`, after
    differentiation, so it needs no gradient.

    C1: `x : [N, C, H, W]`, all sizes but N numbers;
    `u : [(m + 2)^2, P, C, panel]`, where P panels hold `outputs` and no fewer
    do. C2: element types are equal. C3: `tile` is 2 or 4. C4: paddings are 0 to
    2. C5: the window fits into the padded image at least once.

    Example:
    `%y = nn.winograd_conv2d %x, %u outputs = 24 tile = 4 padding = [1, 1, 1, 1] : (tensor<2x3x8x8xf32>, tensor<36x2x3x16xf32>) -> tensor<2x24x8x8xf32>`
  }];
  let arguments = (ins NN_FloatTensor:$x, NN_FloatTensor:$u, I64Attr:$outputs,
                       I64Attr:$tile, DenseI64ArrayAttr:$padding);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = [{
    $x `,` $u `outputs` `=` $outputs `tile` `=` $tile `padding` `=` $padding attr-dict `:`
    functional-type(operands, results)
  }];
}

//===----------------------------------------------------------------------===//
// Pooling
//===----------------------------------------------------------------------===//

def NN_MaxPool2dOp : NN_ImageOp<"max_pool2d", "opaque",
    [DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "largest element of each window";
  let description = [{
    y is the largest of `x[n, c, h, w]` with
    `h = i * strides[0] - padding[0] + p`, `w = j * strides[1] - padding[2] + q`,
    p below kernel[0], q below kernel[1], inside of x; NaN if any is. `index` is
    where it stands, `h * W + w`; of equal ones the first, in the order of the
    index. `I = (H + above + below - kernel[0]) / strides[0] + 1`, rounded down;
    J likewise.

    Gradient: `nn.max_unpool2d(dy, index)`.

    C1: the rank is 4. C2: all sizes but N are numbers. C3: kernel and strides
    are at least 1, paddings at least 0 and less than the kernel. C4: the window
    fits into the padded image at least once.

    Example:
    `%y, %i = nn.max_pool2d %x kernel = [2, 2] strides = [2, 2] padding = [0, 0, 0, 0] : (tensor<2x3x8x8xf32>) -> (tensor<2x3x4x4xf32>, tensor<2x3x4x4xi32>)`
  }];
  let arguments = (ins NN_FloatTensor:$x, DenseI64ArrayAttr:$kernel,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$padding);
  let results = (outs NN_FloatTensor:$y, NN_IntegerTensor:$index);
  let assemblyFormat = [{
    $x `kernel` `=` $kernel `strides` `=` $strides `padding` `=` $padding
    attr-dict `:` functional-type(operands, results)
  }];
}

def NN_MaxUnpool2dOp : NN_ImageOp<"max_unpool2d", "opaque",
    [DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "elements put where windows had their largest";
  let description = [{
    `y : [N, C, size[0], size[1]]`, `y[n, c, h, w]` is the sum of the
    `x[n, c, i, j]` with `index[n, c, i, j] = h * size[1] + w`. An index outside
    counts as the nearest inside.

    Gradient: `nn.gather_pooled2d(dy, index)`.

    C1: the ranks are 4. C2: x and index have the same sizes, all but N numbers.
    C3: `size` is at least 1.

    Example:
    `%y = nn.max_unpool2d %x, %i size = [8, 8] : (tensor<2x3x4x4xf32>, tensor<2x3x4x4xi32>) -> tensor<2x3x8x8xf32>`
  }];
  let arguments = (ins NN_FloatTensor:$x, NN_IntegerTensor:$index,
                       DenseI64ArrayAttr:$size);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = [{
    $x `,` $index `size` `=` $size attr-dict `:`
    functional-type(operands, results)
  }];
}

def NN_GatherPooled2dOp : NN_ImageOp<"gather_pooled2d", "opaque",
    [DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "elements read where windows had their largest";
  let description = [{
    `y[n, c, i, j] = x[n, c, h, w]` with `index[n, c, i, j] = h * W + w`, y of
    index's sizes. An index outside counts as the nearest inside.

    Gradient: `nn.max_unpool2d(dy, index)`.

    C1: the ranks are 4. C2: x and index have the same N and C; all sizes but N
    are numbers.

    Example:
    `%y = nn.gather_pooled2d %x, %i : (tensor<2x3x8x8xf32>, tensor<2x3x4x4xi32>) -> tensor<2x3x4x4xf32>`
  }];
  let arguments = (ins NN_FloatTensor:$x, NN_IntegerTensor:$index);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = [{
    $x `,` $index attr-dict `:` functional-type(operands, results)
  }];
}

def NN_AvgPool2dOp : NN_ImageOp<"avg_pool2d", "opaque",
    [DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "mean of each window";
  let description = [{
    y is the mean of the window that `nn.max_pool2d` states: of the elements
    inside of x, or, with `count_padding`, of all, those outside being 0.

    Gradient: `nn.avg_unpool2d(dy)`.

    C1: as `nn.max_pool2d`.

    Example:
    `%y = nn.avg_pool2d %x kernel = [2, 2] strides = [2, 2] padding = [0, 0, 0, 0] : (tensor<2x3x8x8xf32>) -> tensor<2x3x4x4xf32>`
  }];
  let arguments = (ins NN_FloatTensor:$x, DenseI64ArrayAttr:$kernel,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$padding,
                       UnitAttr:$count_padding);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = [{
    $x `kernel` `=` $kernel `strides` `=` $strides `padding` `=` $padding
    (`count_padding` $count_padding^)? attr-dict `:`
    functional-type(operands, results)
  }];
}

def NN_AvgUnpool2dOp : NN_ImageOp<"avg_unpool2d", "opaque",
    [DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "elements shared out over their windows";
  let description = [{
    The adjoint of `nn.avg_pool2d`: `y : [N, C, size[0], size[1]]` is the sum of
    `x[n, c, i, j] / count` over the windows that hold `y[n, c, h, w]`, `count`
    being what the window's sum was divided by.

    Gradient: `nn.avg_pool2d(dy)`.

    C1: attributes are those of `nn.avg_pool2d`, of which x has the result's
    shape.

    Example:
    `%y = nn.avg_unpool2d %x size = [8, 8] kernel = [2, 2] strides = [2, 2] padding = [0, 0, 0, 0] : (tensor<2x3x4x4xf32>) -> tensor<2x3x8x8xf32>`
  }];
  let arguments = (ins NN_FloatTensor:$x, DenseI64ArrayAttr:$size,
                       DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$padding, UnitAttr:$count_padding);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = [{
    $x `size` `=` $size `kernel` `=` $kernel `strides` `=` $strides `padding`
    `=` $padding (`count_padding` $count_padding^)? attr-dict `:`
    functional-type(operands, results)
  }];
}

#endif // NNC_DIALECT_NN_IR_NNCONVOLUTIONOPS_TD

//===- NNLossOps.td - Softmax and the losses that need it -----------------===//

#ifndef NNC_DIALECT_NN_IR_NNLOSSOPS_TD
#define NNC_DIALECT_NN_IR_NNLOSSOPS_TD

include "nnc/Dialect/NN/IR/NNBase.td"

class NN_SoftmaxLikeOp<string mnemonic>
    : NN_ClassedOp<mnemonic, "composite",
        [SameOperandsAndResultType,
         DeclareOpInterfaceMethods<CompositeOpInterface>,
         DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let arguments = (ins NN_FloatTensor:$x);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$x attr-dict `:` type($y)";
  let hasVerifier = 1;
}

def NN_SoftmaxOp : NN_SoftmaxLikeOp<"softmax"> {
  let summary = "softmax along the last dimension";
  let description = [{
    `y_i = e^(x_i - max x) / sum over k of e^(x_k - max x)`.
    Gradient: `y * (dy - sum(dy * y))`.

    C1: x has at least one dimension.

    Example: `%y = nn.softmax %x : tensor<4x10xf32>`
  }];
}

def NN_LogSoftmaxOp : NN_SoftmaxLikeOp<"log_softmax"> {
  let summary = "logarithm of the softmax along the last dimension";
  let description = [{
    `y_i = x_i - max x - ln(sum over k of e^(x_k - max x))`.
    Gradient: `dy - e^y * sum(dy)`.

    C1: x has at least one dimension.

    Example: `%y = nn.log_softmax %x : tensor<4x10xf32>`
  }];
}

def NN_SoftmaxCrossEntropyOp : NN_ClassedOp<"softmax_cross_entropy",
    "composite",
    [AllTypesMatch<["logits", "target"]>, InferTypeOpAdaptor,
     DeclareOpInterfaceMethods<CompositeOpInterface>,
     DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "cross-entropy of softmax(logits) against a distribution";
  let description = [{
    `y = -sum over k of target_k * log_softmax(logits)_k` along the last
    dimension: `logits, target : [..., C]`, `y : [...]`. A class with target 0
    adds 0.
    Gradients: `dy * (softmax(logits) * sum(target) - target)` to the logits,
    `-dy * log_softmax(logits)` to the target.

    C1: logits and target have the same type, of at least one dimension.

    Example:
    `%y = nn.softmax_cross_entropy %z, %t : tensor<4x10xf32> -> tensor<4xf32>`
  }];
  let arguments = (ins NN_FloatTensor:$logits, NN_FloatTensor:$target);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = [{
    $logits `,` $target attr-dict `:` type($logits) `->` type($y)
  }];
}

def NN_SigmoidCrossEntropyOp : NN_ElementwiseOp<"sigmoid_cross_entropy",
    [SameOperandsAndResultType,
     DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "binary cross-entropy of sigmoid(logits), element by element";
  let description = [{
    `y = max(z, 0) - z t + log1p(e^-|z|)`, which is
    `-t ln s(z) - (1 - t) ln(1 - s(z))` without overflow.
    Gradients: `dy * (s(z) - t)` to the logits, `-dy * z` to the target.

    Example: `%y = nn.sigmoid_cross_entropy %z, %t : tensor<4xf32>`
  }];
  let arguments = (ins NN_FloatTensor:$logits, NN_FloatTensor:$target);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$logits `,` $target attr-dict `:` type($y)";
  let scalarBindings = [{
    ScalarExpr z(builder, loc, operands[0]), t(builder, loc, operands[1]);
  }];
  let scalar = "max(z, z.constant(0.0)) - z * t + log1p(exp(-abs(z)))";
}

#endif // NNC_DIALECT_NN_IR_NNLOSSOPS_TD

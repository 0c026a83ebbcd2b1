//===- NNFusionOps.td - Groups that become one kernel ---------------------===//

#ifndef NNC_DIALECT_NN_IR_NNFUSIONOPS_TD
#define NNC_DIALECT_NN_IR_NNFUSIONOPS_TD

include "nnc/Dialect/NN/IR/NNBase.td"

def NN_GroupKind : I32EnumAttr<"GroupKind", "template of a fused group", [
  I32EnumAttrCase<"map", 0>,
  I32EnumAttrCase<"row_sweep", 1>,
  I32EnumAttrCase<"column_reduce", 2>,
  I32EnumAttrCase<"contraction", 3>
]> {
  let cppNamespace = "::nnc::nn";
  let genSpecializedAttr = 0;
}
def NN_GroupKindAttr : EnumAttr<NN_Dialect, NN_GroupKind, "group">;

def NN_FusionOp : NN_Op<"fusion",
    [IsolatedFromAbove, SingleBlockImplicitTerminator<"YieldOp">,
     NonDifferentiable]> {
  let summary = "a group of ops that becomes one kernel";
  let description = [{
    Made by `nn-fuse-ops`. The body's arguments are the operands; it holds
    primitive ops, what it yields are the results. `kind` names the code
    template. Groups are made after differentiation, so they need no gradient.

    C1: the body's arguments have the operands' types. C2: the yielded values
    have the results' types.

    Example:
    ```mlir
    %y = nn.fusion map (%x) : (tensor<4xf32>) -> tensor<4xf32> {
    ^bb0(%a: tensor<4xf32>):
      %e = nn.exp %a : tensor<4xf32>
      nn.yield %e : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins NN_GroupKindAttr:$kind, Variadic<NN_Tensor>:$inputs);
  let results = (outs Variadic<NN_Tensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $kind `(` $inputs `)` attr-dict `:` functional-type(operands, results) $body
  }];
  let hasVerifier = 1;
}

def NN_YieldOp : NN_Op<"yield", [Terminator, HasParent<"FusionOp">,
                                 NonDifferentiable]> {
  let summary = "the results of a group";
  let description = [{
    Example: `nn.yield %e : tensor<4xf32>`
  }];
  let arguments = (ins Variadic<NN_Tensor>:$values);
  let builders = [OpBuilder<(ins)>];
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

#endif // NNC_DIALECT_NN_IR_NNFUSIONOPS_TD

//===- NNLoopOps.td - Recurrence along an axis ----------------------------===//
//
// Ops with a region. They have generated files of their own (Loops.h).
//
//===----------------------------------------------------------------------===//

#ifndef NNC_DIALECT_NN_IR_NNLOOPOPS_TD
#define NNC_DIALECT_NN_IR_NNLOOPOPS_TD

include "nnc/Dialect/NN/IR/NNBase.td"

def NN_ScanOp : NN_Op<"scan",
    [AttrSizedOperandSegments, IsolatedFromAbove, SingleBlock]> {
  let summary = "recurrence along an axis";
  let description = [{
    Runs the body `steps` times, one after the other. The body's arguments are:
    the slice of each source at the step along its axis (without that axis), the
    carried values, and the invariants. The body ends with `nn.next`: first one
    value for each stacked result, then the new carried values. A stacked result
    has the values of all steps side by side along a new axis at its place in
    `stack_axes`. The results are the stacked ones, then the carried values after
    the last step; without a step, the initial ones. `reverse` goes from the last
    step to the first; slices and stacked values keep their places.

    Gradient: a scan in the opposite direction over the same sources, the stored
    carried values and the gradients of the stacked results. It carries the
    gradients of the carried values and, as sums, those of the invariants; the
    body computes what it needs of the forward step again.

    C1: one axis a source, within its rank, of the size `steps`. C2: the body's
    arguments and `nn.next` have the types that follow. C3: `steps` is one size.

    Example:
    ```mlir
    %s, %last = nn.scan steps = <4> sources (%x) axes = [0] initial (%h)
        invariants () stack_axes = [0]
        : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<8xf32>) {
    ^bb0(%row: tensor<8xf32>, %old: tensor<8xf32>):
      %new = nn.add %old, %row : tensor<8xf32>
      nn.next %new, %new : tensor<8xf32>, tensor<8xf32>
    }
    ```
  }];
  let arguments = (ins NN_DimsAttr:$steps, Variadic<NN_Tensor>:$sources,
                       DenseI64ArrayAttr:$axes, Variadic<NN_Tensor>:$initial,
                       Variadic<NN_Tensor>:$invariants,
                       DenseI64ArrayAttr:$stack_axes, UnitAttr:$reverse);
  let results = (outs Variadic<NN_Tensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`reverse` $reverse^)? `steps` `=` $steps `sources` `(` $sources `)`
    `axes` `=` $axes `initial` `(` $initial `)` `invariants` `(` $invariants `)`
    `stack_axes` `=` $stack_axes attr-dict `:`
    functional-type(operands, results) $body
  }];
  let extraClassDeclaration = [{
    /// The number of stacked results, which come first.
    unsigned getNumStacked() { return getStackAxes().size(); }
    NextOp getNext() {
      return ::llvm::cast<NextOp>(getBody().front().getTerminator());
    }
    ::mlir::Block::BlockArgListType getSlices() {
      return getBody().getArguments().take_front(getSources().size());
    }
    ::mlir::Block::BlockArgListType getCarried() {
      return getBody().getArguments().slice(getSources().size(),
                                            getInitial().size());
    }
    ::mlir::Block::BlockArgListType getInvariantArguments() {
      return getBody().getArguments().take_back(getInvariants().size());
    }
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def NN_NextOp : NN_Op<"next", [Terminator, HasParent<"ScanOp">,
                               NonDifferentiable]> {
  let summary = "what a step of a loop gives";
  let description = [{
    Example: `nn.next %y, %h : tensor<8xf32>, tensor<8xf32>`
  }];
  let arguments = (ins Variadic<NN_Tensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

#endif // NNC_DIALECT_NN_IR_NNLOOPOPS_TD

//===- Differentiate.h - Gradients of graphs --------------------*- C++ -*-===//
//
// Reverse-mode differentiation of a graph of nn ops, by their gradient rules.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_DIALECT_NN_TRANSFORMS_DIFFERENTIATE_H
#define NNC_DIALECT_NN_TRANSFORMS_DIFFERENTIATE_H

#include "nnc/Dialect/NN/IR/NN.h"

namespace nnc::nn {

/// Puts the losses that the computation of \p y spells out into their stable
/// form (see the pass nn-prepare) and returns the value that now stands for
/// y. Ops are added and uses redirected; none is erased, so that values which
/// the caller holds stay valid. y must be defined in a block of nn ops.
mlir::Value prepareForDifferentiation(mlir::Value y);

/// Told of each term of a sum over paths: \p consumer adds \p term to the
/// adjoint of its operand \p value, which then is \p adjoint. First of the 1 that
/// the sweep starts from, at the differentiated value, without a consumer.
using AdjointObserver =
    llvm::function_ref<void(mlir::Operation *consumer, mlir::Value value,
                            mlir::Value term, mlir::Value adjoint)>;

/// Emits at \p builder's insertion point, which all values must dominate, the
/// gradients of \p y, or of the sum of its elements, with respect to \p wrt.
/// \p gradients gets one value for each of wrt, of its type, null where y does
/// not depend on it differentiably.
///
/// The sum over all paths from y back to a value is formed as one adjoint for
/// each value: ops that depend on wrt and reach y are visited once each, in
/// reverse order of the block, and contributions add up where paths join. So
/// time and ops emitted are linear in the graph. Composite ops without a rule
/// of their own are decomposed first. An op on the way with neither a rule nor
/// the trait NonDifferentiable is an error at the op's location, as is a y of
/// no floating-point type.
///
/// y and wrt lie in one block (a wrt in another is unconnected). With
/// \p observe, which is told of the terms in the order of the sweep, ops that
/// no gradient needs stay too.
llvm::LogicalResult differentiate(mlir::OpBuilder &builder, mlir::Value y,
                                  llvm::ArrayRef<mlir::Value> wrt,
                                  llvm::SmallVectorImpl<mlir::Value> &gradients,
                                  AdjointObserver observe = nullptr);

} // namespace nnc::nn

#endif // NNC_DIALECT_NN_TRANSFORMS_DIFFERENTIATE_H

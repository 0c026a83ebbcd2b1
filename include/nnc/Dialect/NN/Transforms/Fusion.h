//===- Fusion.h - Grouping ops into kernels ---------------------*- C++ -*-===//
//
// Decides which ops of a function become one kernel.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_DIALECT_NN_TRANSFORMS_FUSION_H
#define NNC_DIALECT_NN_TRANSFORMS_FUSION_H

#include "nnc/Dialect/NN/IR/NN.h"

namespace nnc::nn {

/// Ops of a group at most; keeps compile time linear in the graph's size.
constexpr unsigned maximumGroupSize = 64;

/// Why two ops did not become one group.
struct FusionRemark {
  /// Names of the ops, such as "nn.matmul", and their locations.
  std::string producer, consumer;
  mlir::Location producerPlace, consumerPlace;
  std::string reason;
};

/// Whether \p op computes each element of its result from the elements at the
/// same index of its operands, from operands that it repeats or permutes, from
/// the index alone, or from nothing (constants).
bool isPointwise(mlir::Operation *op);

/// Whether \p op is a number known without memory: a splat constant or the
/// run-time size of a dimension. Such ops are copied into each group.
bool isImmediate(mlir::Operation *op);

/// Whether \p op repeats one value, or one for each channel, in images.
bool isAlikeInImages(mlir::Operation *op);

/// The slices that cut the columns of the product \p op into two to four gates
/// of equal size, if nothing else reads it; several may take the same gate.
llvm::SmallVector<SliceOp> gatesOf(mlir::Operation *op);

/// Where the sum of a product and something is cut into gates, cuts first and
/// adds then, so that the product's gates are known; likewise for other
/// arithmetic on a product.
void exposeGates(mlir::func::FuncOp function);

/// Gathers the ops of \p function, whose body holds primitive ops only, into
/// nn.fusion groups: products with what follows them element by element,
/// convolutions with a pool behind that, reductions along the last axis with
/// all that works on the same rows, other reductions with what comes before and
/// after, and chains of element-wise ops. Left alone: constants, reshapes, and
/// opaque ops. A result that replaces an argument is computed after all groups
/// that read the argument's old value, where that is possible. \p remarks, if
/// given, collects what was not fused and why. With \p alone each op becomes a
/// group of its own.
void fuseOps(mlir::func::FuncOp function,
             llvm::SmallVectorImpl<FusionRemark> *remarks = nullptr,
             bool alone = false);

} // namespace nnc::nn

#endif // NNC_DIALECT_NN_TRANSFORMS_FUSION_H

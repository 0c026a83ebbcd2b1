//===- Loops.h - Ops with a region ------------------------------*- C++ -*-===//
//
// Recurrence along an axis, and how one is put together.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_DIALECT_NN_IR_LOOPS_H
#define NNC_DIALECT_NN_IR_LOOPS_H

#include "nnc/Dialect/NN/IR/NN.h"

namespace nnc::nn {
class NextOp;
} // namespace nnc::nn

#define GET_OP_CLASSES
#include "nnc/Dialect/NN/IR/NNLoopOps.h.inc"

namespace nnc::nn {

/// \p type without \p axis: what a step sees of a source.
mlir::RankedTensorType sliceType(mlir::RankedTensorType type, int64_t axis);

/// \p type with a new axis at \p axis of the extent and capacity that
/// \p steps and \p capacity say: what the values of all steps give.
mlir::RankedTensorType stackedType(mlir::RankedTensorType type, int64_t axis,
                                   mlir::AffineExpr steps, int64_t capacity);

/// The parts of a scan, to make one from. Values of `slices`, `carried`,
/// `invariantArguments`, `yields` and `next` belong to `body`.
struct ScanParts {
  ScanParts(mlir::Location loc, DimsAttr steps) : loc(loc), steps(steps) {}

  mlir::Location loc;
  DimsAttr steps;
  /// The static extent of the axis, or kDynamic.
  int64_t capacity = mlir::ShapedType::kDynamic;
  bool reverse = false;
  llvm::SmallVector<mlir::Value> sources, initial, invariants;
  llvm::SmallVector<int64_t> axes, stackAxes;
  llvm::SmallVector<mlir::BlockArgument> slices, carried, invariantArguments;
  llvm::SmallVector<mlir::Value> yields, next;
};

/// The parts of \p op, which they then share with it.
ScanParts partsOf(ScanOp op);

/// The scan of \p parts, whose arguments may be any of those of \p body's only
/// block, which has no terminator. Takes the body; arguments that no part
/// names must be unused.
ScanOp createScan(mlir::OpBuilder &builder, const ScanParts &parts,
                  mlir::Region &body);

/// The canonical forms that move products out of loops.
void addLoopPatterns(mlir::RewritePatternSet &patterns);

} // namespace nnc::nn

#endif // NNC_DIALECT_NN_IR_LOOPS_H

//===- Recompute.h - Less memory for more arithmetic ------------*- C++ -*-===//
//
// Gradient checkpointing: what the backward part of a training step reads of
// the forward part is computed again instead of kept.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_DIALECT_NN_TRANSFORMS_RECOMPUTE_H
#define NNC_DIALECT_NN_TRANSFORMS_RECOMPUTE_H

#include "nnc/Dialect/NN/IR/NN.h"

namespace nnc::nn {

/// Multiplications and additions of the product \p op, of a full batch; 0 if it
/// is none.
int64_t productFlop(mlir::Operation *op);

/// The length of the sums of the matrix product \p op, of a full batch; 0 if it
/// is none.
int64_t depthOf(mlir::Operation *op);

/// Arithmetic operations of \p op, of a full batch: those of a product, else
/// one for each element that it reads or writes, whichever are more.
int64_t countFlop(mlir::Operation *op);

/// The unit attribute of ops that compute again what another op computed.
inline constexpr llvm::StringLiteral recomputedAttribute = "nn.recomputed";

/// The most bytes that values of \p function, which is fused, take at once if
/// each lives from the op that makes it to the last that reads it. Arguments,
/// constants and what the function returns do not count.
int64_t liveBytes(mlir::func::FuncOp function);

/// What recompute did.
struct Recomputation {
  /// What the function takes now.
  int64_t bytes = 0;
  /// The least that could be reached.
  int64_t least = 0;
  /// How many ops are computed again, and their arithmetic.
  int64_t ops = 0, flop = 0;
};

/// Makes \p function, which holds primitive ops, take at most \p budget bytes,
/// as \p measure says of a copy that \p fuse has fused: values of the forward
/// part that the backward part reads are computed again just before it reads
/// them. The forward part is all that other results than updates of parameters
/// and of optimiser state depend on. Of the choices that fit, the one with the
/// least additional arithmetic is taken: values that cost least for each of
/// their bytes, or all of a segment but what enters it. If none fits, the
/// function is left as it is. What is fused lies in a module of its own.
///
/// Values keep their bits: each op computed again is a copy, with the same
/// operands, of the first.
Recomputation
recompute(mlir::func::FuncOp function, int64_t budget,
          llvm::function_ref<void(mlir::func::FuncOp)> fuse,
          llvm::function_ref<int64_t(mlir::func::FuncOp)> measure = liveBytes);

} // namespace nnc::nn

#endif // NNC_DIALECT_NN_TRANSFORMS_RECOMPUTE_H

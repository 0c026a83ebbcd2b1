//===- SecondSweep.h - What waits for long chains ---------------*- C++ -*-===//

#ifndef NNC_CONVERSION_NNTOKERNELS_SECONDSWEEP_H
#define NNC_CONVERSION_NNTOKERNELS_SECONDSWEEP_H

#include "nnc/Dialect/NN/IR/NN.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SmallVector.h"

namespace nnc {

/// The part of a product's write-back that comes behind a second function in a
/// row that takes many dependent steps, as the tanh of a cell's state behind
/// its gates.
struct SecondSweep {
  /// The yielded values that it computes; empty: there is no such part.
  llvm::DenseSet<mlir::Value> results;
  /// What it reads of the first part, but for loads and what costs nothing.
  llvm::SmallVector<mlir::Value> kept;

  /// Finds the part of \p group behind \p products, the product or its gates.
  /// None where it would keep more values than \p mostKept or of other types
  /// than theirs, or where a result leaves the program: then its memory may be
  /// that of an operand.
  static SecondSweep of(nn::FusionOp group,
                        llvm::ArrayRef<mlir::Value> products,
                        unsigned mostKept);
};

} // namespace nnc

#endif // NNC_CONVERSION_NNTOKERNELS_SECONDSWEEP_H

//===- Reduce.h - Reductions along any dimensions ---------------*- C++ -*-===//

#ifndef NNC_KERNELS_REDUCE_H
#define NNC_KERNELS_REDUCE_H

#include "nnc/Kernels/Kernel.h"

namespace nnc::kernels {

/// Reduces an element-wise prologue along some dimensions: bias gradients
/// (kept [columns], reduced [rows]), batch statistics (kept [channels], reduced
/// [images, pixels]), losses (kept [], reduced [rows]). Vectorised over the
/// last kept dimension or the last reduced one, whichever is contiguous. A long
/// reduction with few results is split at fixed places into partial results in
/// scratch, which a second kernel combines.
struct ReduceSpec {
  std::string name;
  std::vector<Extent> kept = {}, reduced = {};
  std::vector<Buffer> buffers = {};
  /// Accesses over (kept…, reduced…).
  std::vector<Access> inputs = {};
  std::vector<Reduction> reductions = {};
  /// inputs -> one value a reduction. index(d) counts kept dimensions first.
  /// The position that argmax gives is the row-major index in `reduced`.
  Body body = nullptr;
  /// Accesses over (kept…).
  std::vector<Access> finishInputs = {}, outputs = {};
  /// context.inputs: the reduced values, then the finishInputs. Results: one
  /// value an output. Null: the reduced values are the outputs.
  Body finish = nullptr;
  /// Set if a body asks for indices: dimensions are then not collapsed.
  bool usesIndices = false;
};

/// Adds one or two kernels to \p module. Arguments: the buffers, then scratch
/// if there is any. Fails with `internal` if an access leaves its buffer.
Expected<Kernels> emitReduce(mlir::ModuleOp module,
                             const TargetDescription &target,
                             const ReduceSpec &spec);

} // namespace nnc::kernels

#endif // NNC_KERNELS_REDUCE_H

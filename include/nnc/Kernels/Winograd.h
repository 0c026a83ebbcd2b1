//===- Winograd.h - Convolutions by minimal filtering -----------*- C++ -*-===//
//
// F(m x m, 3 x 3) of A. Lavin and S. Gray, "Fast algorithms for convolutional
// neural networks", CVPR 2016: tiles of m x m results from (m + 2) x (m + 2)
// elements with (m + 2)^2 multiplications a channel instead of 9 m^2.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_KERNELS_WINOGRAD_H
#define NNC_KERNELS_WINOGRAD_H

#include "nnc/Kernels/Kernel.h"

namespace nnc::kernels {

/// One dimension of the images: result i is the sum over p = 0, 1, 2 of
/// elements i - low + p, which are zero outside of the source. `low` is at
/// most 2, and so is the number of zeros behind the source.
struct WinogradSide {
  int64_t source = 1, result = 1, low = 0;
};

/// Convolutions of windows of 3 x 3 with stride 1 and transformed weights.
struct WinogradSpec {
  std::string name;
  /// f32 or f64, of source and weights.
  mlir::Type element;
  /// m: 2 or 4.
  int64_t tile = 4;
  Extent images = 1;
  int64_t inputs = 1, outputs = 1;
  /// Outputs that the weights hold side by side: one to four vectors.
  int64_t panel = 16;
  WinogradSide rows = {}, columns = {};
  std::vector<Buffer> buffers = {};
  /// The source [images, inputs, rows, columns] and the transformed weights
  /// [(m + 2)^2, panels, inputs, panel], both dense in row-major order. Neither
  /// may be the same memory as a result.
  unsigned source = 0, weights = 1;
  /// Over (image, output, row, column). An epilogue input may be the same
  /// memory as an output if both touch an element at the same index only.
  std::vector<Access> epilogueInputs = {}, results = {};
  /// context.inputs: the sum, then the inputs. Results: one value an output.
  Body epilogue = nullptr;
};

/// Adds the kernels to \p module. Arguments: the buffers, then scratch. Fails
/// with `internal` if an access leaves its buffer and with `unsupported` for
/// other element types, or fewer channels than a vector has lanes.
Expected<Kernels> emitWinograd(mlir::ModuleOp module,
                               const TargetDescription &target,
                               const WinogradSpec &spec);

/// The transform of weights [outputs, inputs, 3, 3] or, if `adjoint`, of turned
/// weights [inputs, outputs, 3, 3], to [(m + 2)^2, panels, inputs, panel], with
/// zeros behind the last output.
struct WinogradWeightsSpec {
  std::string name;
  mlir::Type element;
  int64_t tile = 4;
  int64_t inputs = 1, outputs = 1;
  /// A multiple of the lanes of a vector.
  int64_t panel = 16;
  bool adjoint = false;
};

/// Adds the kernel to \p module. Arguments: weights, result.
Expected<Kernels> emitWinogradWeights(mlir::ModuleOp module,
                                      const TargetDescription &target,
                                      const WinogradWeightsSpec &spec);

} // namespace nnc::kernels

#endif // NNC_KERNELS_WINOGRAD_H

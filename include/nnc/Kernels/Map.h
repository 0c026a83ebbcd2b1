//===- Map.h - Element-wise kernels -----------------------------*- C++ -*-===//

#ifndef NNC_KERNELS_MAP_H
#define NNC_KERNELS_MAP_H

#include "nnc/Kernels/Kernel.h"

namespace nnc::kernels {

/// An element-wise sweep over an n-dimensional domain. Dimensions are collapsed
/// where all accesses allow it; the last one is vectorised.
struct MapSpec {
  std::string name;
  /// The domain, outermost first; empty is one element.
  std::vector<Extent> domain = {};
  std::vector<Buffer> buffers = {};
  /// Accesses over the domain. An output may be the same memory as an input
  /// if both touch an element at the same index only. Outputs may cover a part
  /// of their buffer (concatenation).
  std::vector<Access> inputs = {}, outputs = {};
  /// inputs -> outputs, one vector of the buffer's element type each.
  Body body = nullptr;
  /// Set if the body asks for indices: the domain is then not collapsed.
  bool usesIndices = false;
};

/// Adds the kernel to \p module. Arguments: the buffers. Fails with `internal`
/// if an access leaves its buffer.
Expected<Kernels> emitMap(mlir::ModuleOp module,
                          const TargetDescription &target, const MapSpec &spec);

} // namespace nnc::kernels

#endif // NNC_KERNELS_MAP_H

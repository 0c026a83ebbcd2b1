//===- MemoryPlanner.h - Offsets in one arena from liveness -----*- C++ -*-===//

#ifndef NNC_TRANSFORMS_MEMORYPLANNER_H
#define NNC_TRANSFORMS_MEMORYPLANNER_H

#include <cstdint>
#include <vector>

namespace nnc {

/// Alignment of every buffer of the arena, bytes.
constexpr int64_t arenaAlignment = 64;

/// A buffer that must exist from step `first` to step `last`, both included.
struct LiveBuffer {
  int64_t bytes = 0;
  int64_t first = 0, last = 0;
};

/// Where each buffer lies, and how much memory all of them need.
struct MemoryPlan {
  std::vector<int64_t> offsets;
  int64_t arenaBytes = 0;
  /// The most bytes that are alive at one step: no plan needs less.
  int64_t lowerBound = 0;
  /// The first step at which so much is alive.
  int64_t peak = 0;
};

/// Places \p buffers so that no two that are alive at the same step overlap:
/// one after another, each in the tightest gap that fits (best fit), in the
/// best of several orders: by size, by lifetime, by how much is alive beside
/// them. Sizes are rounded up to arenaAlignment, and large buffers of whole
/// pages lie a little apart. Deterministic.
MemoryPlan planMemory(const std::vector<LiveBuffer> &buffers);

} // namespace nnc

#endif // NNC_TRANSFORMS_MEMORYPLANNER_H

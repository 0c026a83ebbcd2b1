//===- MemoryPlanner.cpp - Offsets in one arena from liveness -------------===//

#include "nnc/Transforms/MemoryPlanner.h"
#include <algorithm>
#include <numeric>

using namespace nnc;

static int64_t rounded(int64_t bytes) {
  return (bytes + arenaAlignment - 1) / arenaAlignment * arenaAlignment;
}

MemoryPlan nnc::planMemory(const std::vector<LiveBuffer> &buffers) {
  MemoryPlan plan;
  plan.offsets.assign(buffers.size(), 0);

  int64_t steps = 0;
  for (const LiveBuffer &buffer : buffers)
    steps = std::max(steps, buffer.last + 1);
  std::vector<int64_t> change(steps + 1, 0);
  for (const LiveBuffer &buffer : buffers) {
    change[buffer.first] += rounded(buffer.bytes);
    change[buffer.last + 1] -= rounded(buffer.bytes);
  }
  int64_t alive = 0;
  for (int64_t delta : change) {
    alive += delta;
    plan.lowerBound = std::max(plan.lowerBound, alive);
  }

  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::pair(buffers[b].bytes, a) < std::pair(buffers[a].bytes, b);
  });
  struct Placed {
    int64_t offset, end, first, last;
  };
  std::vector<Placed> placed; // Sorted by offset.
  for (size_t index : order) {
    const LiveBuffer &buffer = buffers[index];
    int64_t bytes = rounded(buffer.bytes);
    int64_t best = -1, bestGap = 0, cursor = 0;
    for (const Placed &other : placed) {
      if (other.last < buffer.first || other.first > buffer.last)
        continue;
      int64_t gap = other.offset - cursor;
      if (gap >= bytes && (best < 0 || gap < bestGap)) {
        best = cursor;
        bestGap = gap;
      }
      cursor = std::max(cursor, other.end);
    }
    int64_t offset = best >= 0 ? best : cursor;
    plan.offsets[index] = offset;
    plan.arenaBytes = std::max(plan.arenaBytes, offset + bytes);
    Placed entry{offset, offset + bytes, buffer.first, buffer.last};
    placed.insert(std::upper_bound(placed.begin(), placed.end(), entry,
                                   [](const Placed &a, const Placed &b) {
                                     return a.offset < b.offset;
                                   }),
                  entry);
  }
  return plan;
}

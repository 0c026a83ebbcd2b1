//===- MemoryPlanner.cpp - Offsets in one arena from liveness -------------===//

#include "nnc/Transforms/MemoryPlanner.h"
#include <algorithm>
#include <array>
#include <functional>
#include <limits>

using namespace nnc;

/// Buffers of whole pages, of which a kernel reads the same row of many at
/// once, would compete for the same few places of the caches if one followed
/// the other: so much of this size, bytes, is added.
static constexpr int64_t page = 4096, leastSpaced = 8 * page,
                         spacing = 3 * arenaAlignment;

static int64_t rounded(int64_t bytes) {
  return (bytes + arenaAlignment - 1) / arenaAlignment * arenaAlignment;
}

/// What a buffer of \p bytes takes of the arena.
static int64_t spaced(int64_t bytes) {
  bool isSpaced = bytes >= leastSpaced && bytes % page == 0;
  return isSpaced ? bytes + spacing : rounded(bytes);
}

/// Places \p buffers in \p order, each in the tightest gap that fits among
/// those placed before that are alive at one of its steps. Sets offsets and
/// arenaBytes.
static MemoryPlan placeInOrder(const std::vector<LiveBuffer> &buffers,
                               const std::vector<size_t> &order) {
  struct Placed {
    int64_t offset, end, first, last;
  };
  std::vector<Placed> placed; // Sorted by offset.
  MemoryPlan plan;
  plan.offsets.assign(buffers.size(), 0);
  for (size_t index : order) {
    const LiveBuffer &buffer = buffers[index];
    int64_t bytes = spaced(buffer.bytes);
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

MemoryPlan nnc::planMemory(const std::vector<LiveBuffer> &buffers) {
  MemoryPlan plan;
  int64_t steps = 0;
  for (const LiveBuffer &buffer : buffers)
    steps = std::max(steps, buffer.last + 1);
  std::vector<int64_t> alive(steps + 1, 0), taken(steps + 1, 0);
  for (const LiveBuffer &buffer : buffers) {
    alive[buffer.first] += rounded(buffer.bytes);
    alive[buffer.last + 1] -= rounded(buffer.bytes);
    taken[buffer.first] += spaced(buffer.bytes);
    taken[buffer.last + 1] -= spaced(buffer.bytes);
  }
  int64_t bound = 0;
  for (int64_t step = 0; step < steps; ++step) {
    if (step > 0) {
      alive[step] += alive[step - 1];
      taken[step] += taken[step - 1];
    }
    bound = std::max(bound, taken[step]);
    if (alive[step] <= plan.lowerBound)
      continue;
    plan.lowerBound = alive[step];
    plan.peak = step;
  }

  // Which order is best depends on the lifetimes: the first that reaches the
  // bound is taken, else the one that needs least.
  auto duration = [&](size_t i) { return buffers[i].last - buffers[i].first; };
  auto pressure = [&](size_t i) {
    return *std::max_element(alive.begin() + buffers[i].first,
                             alive.begin() + buffers[i].last + 1);
  };
  std::vector<int64_t> pressures;
  for (size_t i = 0; i < buffers.size(); ++i)
    pressures.push_back(pressure(i));
  using Key = std::array<int64_t, 3>;
  const std::function<Key(size_t)> keys[] = {
      // Large ones first.
      [&](size_t i) { return Key{-buffers[i].bytes, 0, 0}; },
      // What takes most over time first.
      [&](size_t i) {
        return Key{-(duration(i) + 1), -buffers[i].bytes, buffers[i].first};
      },
      // What is alive in the fullest steps first.
      [&](size_t i) {
        return Key{-pressures[i], -buffers[i].bytes, -duration(i)};
      },
      [&](size_t i) {
        return Key{-pressures[i], -duration(i), -buffers[i].bytes};
      },
      // In the order of the steps.
      [&](size_t i) {
        return Key{buffers[i].first, -duration(i), -buffers[i].bytes};
      }};
  plan.arenaBytes = std::numeric_limits<int64_t>::max();
  // Tries an order; whether it is the best yet.
  auto improves = [&](const std::vector<size_t> &order, MemoryPlan &tried) {
    tried = placeInOrder(buffers, order);
    if (tried.arenaBytes >= plan.arenaBytes)
      return false;
    plan.offsets = tried.offsets;
    plan.arenaBytes = tried.arenaBytes;
    return true;
  };
  MemoryPlan tried;
  std::vector<size_t> best;
  for (const auto &key : keys) {
    std::vector<std::pair<Key, size_t>> sorted;
    for (size_t i = 0; i < buffers.size(); ++i)
      sorted.emplace_back(key(i), i);
    std::sort(sorted.begin(), sorted.end());
    std::vector<size_t> order;
    for (const auto &entry : sorted)
      order.push_back(entry.second);
    if (improves(order, tried))
      best = std::move(order);
    if (plan.arenaBytes == bound)
      return plan;
  }
  // What lies highest found no place below: it is placed earlier. Placing takes
  // the square of the number of buffers.
  constexpr int64_t mostTries = 32, mostWork = 20'000'000;
  int64_t count = buffers.size();
  int64_t tries = std::min(mostTries, mostWork / (count * count + 1));
  // Nothing is worth the last hundredth.
  int64_t enough = bound + bound / 100;
  std::vector<size_t> order = best;
  for (int64_t i = 0; i < tries && plan.arenaBytes > enough; ++i) {
    improves(order, tried);
    auto highest =
        std::max_element(order.begin(), order.end(), [&](size_t a, size_t b) {
          return tried.offsets[a] + spaced(buffers[a].bytes) <
                 tried.offsets[b] + spaced(buffers[b].bytes);
        });
    std::rotate(order.begin(), highest, highest + 1);
  }
  return plan;
}

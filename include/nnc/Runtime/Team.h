//===- Team.h - Threads that run one program together -----------*- C++ -*-===//

#ifndef NNC_RUNTIME_TEAM_H
#define NNC_RUNTIME_TEAM_H

#include "nnc/Runtime/ABI.h"
#include <atomic>

namespace nnc {

/// Waits of a fixed number of threads for each other: a short spin, then sleep
/// in the kernel. Reusable at once.
class TeamBarrier {
public:
  explicit TeamBarrier(unsigned count) : count(count) {}
  /// Returns when `count` threads have called it.
  void wait();

private:
  const unsigned count;
  std::atomic<unsigned> arrived{0};
  std::atomic<unsigned> generation{0};
  /// Threads that have stopped spinning: only these need a call to wake.
  std::atomic<unsigned> sleepers{0};
};

/// The threads that this process may use: what affinity and the quota of its
/// control group allow, at least 1.
unsigned availableThreads();

/// Runs \p entry once on a team of at most \p threads threads: one OpenMP
/// parallel region around the whole program. All threads flush subnormal
/// numbers to zero while it runs; the caller's mode is restored.
void runOnTeam(nnc_rt_entry entry, void *const *args, void *arena,
               const int64_t *extents, unsigned threads);

} // namespace nnc

#endif // NNC_RUNTIME_TEAM_H

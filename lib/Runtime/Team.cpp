//===- Team.cpp - Threads that run one program together -------------------===//

#include "nnc/Runtime/Team.h"
#include <algorithm>
#include <climits>
#include <cstdio>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace nnc;

//===----------------------------------------------------------------------===//
// TeamBarrier
//===----------------------------------------------------------------------===//

static void relax() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void TeamBarrier::wait() {
  static_assert(sizeof(generation) == sizeof(int), "futex works on ints");
  unsigned current = generation.load(std::memory_order_relaxed);
  if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == count) {
    arrived.store(0, std::memory_order_relaxed);
    // In one order with what sleepers do: either they are seen here, or they
    // see the new generation before they sleep.
    generation.store(current + 1, std::memory_order_seq_cst);
    if (sleepers.load(std::memory_order_seq_cst) > 0)
      syscall(SYS_futex, &generation, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr,
              nullptr, 0);
    return;
  }
  // About 20 microseconds: longer than a balanced kernel's imbalance, shorter
  // than what a descheduled thread costs.
  constexpr int spins = 2000;
  for (int i = 0; i < spins; ++i) {
    if (generation.load(std::memory_order_acquire) != current)
      return;
    relax();
  }
  sleepers.fetch_add(1, std::memory_order_seq_cst);
  while (generation.load(std::memory_order_seq_cst) == current)
    syscall(SYS_futex, &generation, FUTEX_WAIT_PRIVATE, current, nullptr,
            nullptr, 0);
  sleepers.fetch_sub(1, std::memory_order_relaxed);
}

//===----------------------------------------------------------------------===//
// Threads of this machine
//===----------------------------------------------------------------------===//

/// Processors that the control group's quota is worth, or a large number.
static unsigned quotaThreads() {
  std::FILE *file = std::fopen("/sys/fs/cgroup/cpu.max", "r");
  if (!file)
    return INT_MAX;
  long long quota = 0, period = 0;
  int found = std::fscanf(file, "%lld %lld", &quota, &period);
  std::fclose(file);
  if (found != 2 || quota <= 0 || period <= 0)
    return INT_MAX;
  return std::max<long long>(1, (quota + period - 1) / period);
}

static unsigned countThreads() {
  cpu_set_t set;
  unsigned allowed = 1;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    allowed = std::max(1, CPU_COUNT(&set));
  return std::min(allowed, quotaThreads());
}

unsigned nnc::availableThreads() {
  static const unsigned threads = countThreads();
  return threads;
}

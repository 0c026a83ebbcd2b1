//===- MachineSpeed.cpp - What this machine could do at most --------------===//

#include "nnc/Runtime/MachineSpeed.h"
#include "nnc/Runtime/Executable.h"
#include "nnc/Runtime/Team.h"
#include <algorithm>
#include <chrono>
#include <cstring>

using namespace nnc;
using Clock = std::chrono::steady_clock;

//===----------------------------------------------------------------------===//
// Loops for each width of vectors
//===----------------------------------------------------------------------===//

namespace {
using Vector128 = float __attribute__((vector_size(16)));
using Vector256 = float __attribute__((vector_size(32)));
using Vector512 = float __attribute__((vector_size(64)));

/// Enough sums at once to hide the latency of a multiply-add.
constexpr int sums = 10;

struct Loops {
  /// \p rounds times `sums` multiply-adds.
  float (*multiplyAdd)(int64_t rounds);
  /// Reads \p count floats, a multiple of 512.
  float (*read)(const float *data, int64_t count);
  int64_t width;
};
} // namespace

template <typename V>
[[gnu::always_inline]] static inline float multiplyAdd(int64_t rounds) {
#pragma clang fp contract(fast)
  V total[sums];
  for (int i = 0; i < sums; ++i)
    total[i] = V{} + static_cast<float>(i);
  V factor = V{} + 0.999F, addend = V{} + 0.001F;
  for (int64_t round = 0; round < rounds; ++round) {
    for (int i = 0; i < sums; ++i)
      total[i] = total[i] * factor + addend;
    // Nothing is known of the factor, so that each round is computed.
    asm volatile("" : "+m"(factor));
  }
  V all = total[0];
  for (int i = 1; i < sums; ++i)
    all += total[i];
  return all[0];
}

template <typename V>
[[gnu::always_inline]] static inline float readAll(const float *data,
                                                   int64_t count) {
  constexpr int64_t width = sizeof(V) / sizeof(float);
  V total[8] = {};
  for (int64_t i = 0; i + 8 * width <= count; i += 8 * width)
    for (int64_t part = 0; part < 8; ++part) {
      V value;
      std::memcpy(&value, data + i + part * width, sizeof(V));
      total[part] += value;
    }
  V all = total[0];
  for (int i = 1; i < 8; ++i)
    all += total[i];
  return all[0];
}

#if defined(__x86_64__)
[[gnu::target("arch=x86-64-v4"),
  clang::min_vector_width(512)]] static float multiplyAdd512(int64_t rounds) {
  return multiplyAdd<Vector512>(rounds);
}
[[gnu::target("arch=x86-64-v4"), clang::min_vector_width(512)]] static float
read512(const float *data, int64_t count) {
  return readAll<Vector512>(data, count);
}
[[gnu::target("arch=x86-64-v3")]] static float multiplyAdd256(int64_t rounds) {
  return multiplyAdd<Vector256>(rounds);
}
[[gnu::target("arch=x86-64-v3")]] static float read256(const float *data,
                                                       int64_t count) {
  return readAll<Vector256>(data, count);
}
#endif

static Loops loopsOfThisMachine() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("x86-64-v4"))
    return {multiplyAdd512, read512, 16};
  if (__builtin_cpu_supports("x86-64-v3"))
    return {multiplyAdd256, read256, 8};
#endif
  return {multiplyAdd<Vector128>, readAll<Vector128>, 4};
}

//===----------------------------------------------------------------------===//
// On a team
//===----------------------------------------------------------------------===//

/// Calls \p entry on \p threads threads for some 50 ms; the least seconds of
/// one call.
static double leastSeconds(nnc_rt_entry entry, void *argument,
                           unsigned threads) {
  void *arguments[] = {argument};
  const int64_t extents[] = {1, 0};
  double least = 1e30;
  Clock::time_point start = Clock::now();
  do {
    Clock::time_point before = Clock::now();
    runOnTeam(entry, arguments, nullptr, extents, threads);
    least = std::min(
        least, std::chrono::duration<double>(Clock::now() - before).count());
  } while (Clock::now() - start < std::chrono::milliseconds(50));
  return least;
}

namespace {
struct ReadJob {
  Loops loops;
  const float *data;
  int64_t floatsPerThread, rounds;
};
} // namespace

static void keep(float value) { asm volatile("" : : "m"(value)); }

static void multiplyAddOnThread(void *const *args, void *, const int64_t *,
                                int64_t, int64_t, const nnc_rt_team *) {
  constexpr int64_t rounds = 400'000;
  keep(static_cast<const Loops *>(args[0])->multiplyAdd(rounds));
}

static void readOnThread(void *const *args, void *, const int64_t *,
                         int64_t index, int64_t, const nnc_rt_team *) {
  const auto &job = *static_cast<const ReadJob *>(args[0]);
  for (int64_t round = 0; round < job.rounds; ++round)
    keep(job.loops.read(job.data + index * job.floatsPerThread,
                        job.floatsPerThread));
}

double nnc::measureFlopRate(unsigned threads) {
  Loops loops = loopsOfThisMachine();
  double seconds = leastSeconds(multiplyAddOnThread, &loops, threads);
  return 2.0 * sums * 400'000 * static_cast<double>(loops.width * threads) /
         seconds;
}

double nnc::measureReadRate(unsigned threads, int64_t bytes) {
  constexpr int64_t step = 512, least = 1 << 16, most = 1 << 28;
  int64_t floats = std::clamp(bytes, least, most) / 4 / threads / step * step;
  AlignedBuffer buffer(floats * threads * 4);
  // Pages that were never written may all be the same one.
  std::memset(buffer.data(), 1, buffer.size());
  int64_t rounds = std::max<int64_t>(1, (8 << 20) / buffer.size());
  ReadJob job{loopsOfThisMachine(), static_cast<const float *>(buffer.data()),
              floats, rounds};
  double seconds = leastSeconds(readOnThread, &job, threads);
  return static_cast<double>(buffer.size() * rounds) / seconds;
}

double nnc::measureTickRate() {
  Clock::time_point start = Clock::now();
  uint64_t first = __builtin_readcyclecounter();
  while (Clock::now() - start < std::chrono::milliseconds(50)) {
  }
  uint64_t last = __builtin_readcyclecounter();
  return static_cast<double>(last - first) /
         std::chrono::duration<double>(Clock::now() - start).count();
}

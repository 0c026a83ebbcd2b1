//===- Philox.h - Counter-based random numbers ------------------*- C++ -*-===//
//
// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy
// as 1, 2, 3, SC 2011). Every random number of nnc is a pure function of a
// seed and a counter.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_SUPPORT_PHILOX_H
#define NNC_SUPPORT_PHILOX_H

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>

namespace nnc {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

/// The key of a seed: low half, high half.
constexpr PhiloxKey philoxKey(uint64_t seed) {
  return {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
}

/// Four random words of \p counter under \p key: ten rounds.
constexpr PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t product0 = uint64_t{0xD2511F53} * counter[0];
    uint64_t product1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(product0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// A uniform number in [0, 1) from the upper 24 bits of \p bits.
constexpr float uniform01(uint32_t bits) {
  return static_cast<float>(bits >> 8) * 0x1p-24f;
}

/// Two independent standard normal numbers from two random words (Box and
/// Muller 1958). The logarithm's argument lies in (0, 1].
inline std::pair<float, float> normalPair(uint32_t first, uint32_t second) {
  double u = static_cast<double>((first >> 8) + 1) * 0x1p-24;
  double angle = 2.0 * std::numbers::pi * (second >> 8) * 0x1p-24;
  double radius = std::sqrt(-2.0 * std::log(u));
  return {static_cast<float>(radius * std::cos(angle)),
          static_cast<float>(radius * std::sin(angle))};
}

/// What the host draws random numbers for; the last word of the counter. The
/// values are far from small so that they differ from hashes of op paths only
/// by chance, and never change: splits and orders of old runs depend on them.
enum class RandomPurpose : uint32_t {
  split = 0x6e6e6301,
  shuffle = 0x6e6e6302,
  folds = 0x6e6e6303,
  augmentation = 0x6e6e6304,
  initializer = 0x6e6e6305,
};

/// A stream of random words: counter = (block, index, step, purpose), where
/// block counts up as words are drawn.
class RandomStream {
public:
  constexpr RandomStream(uint64_t seed, RandomPurpose purpose,
                         uint32_t step = 0, uint32_t index = 0)
      : counter{0, index, step, static_cast<uint32_t>(purpose)},
        key(philoxKey(seed)) {}

  constexpr uint32_t next() {
    if (used == 4) {
      words = philox4x32(counter, key);
      ++counter[0];
      used = 0;
    }
    return words[used++];
  }

  /// A uniform integer in [0, bound), 0 < bound <= 2^32, without bias (Lemire:
  /// Fast random integer generation in an interval, 2019).
  constexpr uint32_t below(uint64_t bound) {
    uint64_t product = next() * bound;
    if (static_cast<uint32_t>(product) < bound) {
      uint64_t threshold = (uint64_t{1} << 32) % bound;
      while (static_cast<uint32_t>(product) < threshold)
        product = next() * bound;
    }
    return static_cast<uint32_t>(product >> 32);
  }

  /// A uniform number in [0, 1).
  constexpr float uniform() { return uniform01(next()); }

  /// A standard normal number; draws two words.
  float normal() {
    uint32_t first = next();
    return normalPair(first, next()).first;
  }

private:
  PhiloxCounter counter;
  PhiloxKey key;
  PhiloxCounter words{};
  int used = 4;
};

} // namespace nnc

#endif // NNC_SUPPORT_PHILOX_H

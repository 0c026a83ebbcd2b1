//===- Sampling.h - Orders, batches, splits and folds -----------*- C++ -*-===//
//
// Which samples stand where, as pure functions of a seed.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_DATA_SAMPLING_H
#define NNC_DATA_SAMPLING_H

#include "nnc/Data/Dataset.h"
#include "nnc/Support/Philox.h"
#include <cstdint>
#include <span>
#include <vector>

namespace nnc {

/// A random order of 0 .. samples - 1 (Fisher and Yates), samples < 2^32.
std::vector<int64_t> permutation(int64_t samples, RandomStream stream);

/// The order of the samples in \p epoch (from 0): a function of seed and epoch
/// alone, so that a resumed run goes on in the same order. Without \p shuffle
/// 0, 1, 2, ….
std::vector<int64_t> epochOrder(int64_t samples, uint64_t seed, int64_t epoch,
                                bool shuffle);

/// How an epoch is cut into batches.
struct BatchPlan {
  int64_t samples = 0;
  /// Samples a batch; never 0.
  int64_t batchSize = 1;
  /// Leave out a last batch that is not full.
  bool dropLast = false;

  /// \p batchSize 0 means all samples at once.
  static BatchPlan make(int64_t samples, int64_t batchSize, bool dropLast);

  int64_t batches() const;
  /// Batch \p index as a part of \p order.
  std::span<const int64_t> batch(std::span<const int64_t> order,
                                 int64_t index) const;
};

/// Two parts of a data set as sample numbers, each ascending.
struct Split {
  std::vector<int64_t> kept;
  std::vector<int64_t> held;
};

/// Holds out round(share * samples) samples, at least one and not all, drawn
/// by \p seed. With \p labels (one class number a sample) each class gives its
/// share, rounded by largest remainder. Errors: a share outside (0, 1), fewer
/// than two samples.
Expected<Split> splitIndices(int64_t samples, double share, uint64_t seed,
                             std::span<const int32_t> labels = {});

/// A data set in two parts.
struct SplitDataset {
  Dataset kept;
  Dataset held;
};

/// splitIndices applied to \p dataset; \p stratified: by the class numbers of
/// its target, if the target has classes.
Expected<SplitDataset> split(const Dataset &dataset, double share,
                             uint64_t seed, bool stratified = true);

/// \p folds disjoint parts that together hold all samples, sizes differing by
/// at most one; `held` of each is its part. With \p labels each class is dealt
/// out evenly. Errors: fewer than 2 folds, more folds than samples.
Expected<std::vector<Split>> kFolds(int64_t samples, int64_t folds,
                                    uint64_t seed,
                                    std::span<const int32_t> labels = {});

/// The class numbers of the target of \p dataset, or empty if it has none.
std::span<const int32_t> targetLabels(const Dataset &dataset);

} // namespace nnc

#endif // NNC_DATA_SAMPLING_H

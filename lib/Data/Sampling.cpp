//===- Sampling.cpp - Orders, batches, splits and folds -------------------===//

#include "nnc/Data/Sampling.h"
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace nnc;

static void shuffle(std::span<int64_t> values, RandomStream &stream) {
  for (size_t i = values.size(); i > 1; --i)
    std::swap(values[i - 1], values[stream.below(i)]);
}

static std::vector<int64_t> inOrder(int64_t samples) {
  std::vector<int64_t> order(samples);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

std::vector<int64_t> nnc::permutation(int64_t samples, RandomStream stream) {
  std::vector<int64_t> order = inOrder(samples);
  shuffle(order, stream);
  return order;
}

std::vector<int64_t> nnc::epochOrder(int64_t samples, uint64_t seed,
                                     int64_t epoch, bool shuffle) {
  if (!shuffle)
    return inOrder(samples);
  return permutation(samples, RandomStream(seed, RandomPurpose::shuffle,
                                           static_cast<uint32_t>(epoch)));
}

BatchPlan BatchPlan::make(int64_t samples, int64_t batchSize, bool dropLast) {
  if (batchSize == 0)
    batchSize = std::max<int64_t>(samples, 1);
  return {samples, batchSize, dropLast};
}

int64_t BatchPlan::batches() const {
  return dropLast ? samples / batchSize
                  : samples / batchSize + (samples % batchSize != 0);
}

std::span<const int64_t> BatchPlan::batch(std::span<const int64_t> order,
                                          int64_t index) const {
  int64_t first = index * batchSize;
  assert(index >= 0 && index < batches() && "no such batch");
  return order.subspan(first, std::min(batchSize, samples - first));
}

/// The samples of each class, ascending; without labels one class of all.
static std::vector<std::vector<int64_t>>
samplesByClass(int64_t samples, std::span<const int32_t> labels) {
  std::vector<std::vector<int64_t>> classes(1);
  if (labels.empty()) {
    classes[0] = inOrder(samples);
    return classes;
  }
  classes.resize(*std::max_element(labels.begin(), labels.end()) + 1);
  for (int64_t i = 0; i < samples; ++i)
    classes[labels[i]].push_back(i);
  return classes;
}

/// Deals \p total out over \p classes in proportion to their sizes, the last
/// few to the largest remainders (to the lower class of equals).
static std::vector<int64_t>
quotas(const std::vector<std::vector<int64_t>> &classes, int64_t samples,
       int64_t total) {
  std::vector<int64_t> quota, order = inOrder(classes.size());
  std::vector<int64_t> remainder;
  int64_t left = total;
  for (const std::vector<int64_t> &members : classes) {
    int64_t product = static_cast<int64_t>(members.size()) * total;
    quota.push_back(product / samples);
    remainder.push_back(product % samples);
    left -= quota.back();
  }
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return std::pair(-remainder[a], a) < std::pair(-remainder[b], b);
  });
  for (int64_t i = 0; i < left; ++i)
    ++quota[order[i]];
  return quota;
}

Expected<Split> nnc::splitIndices(int64_t samples, double share, uint64_t seed,
                                  std::span<const int32_t> labels) {
  if (!(share > 0 && share < 1))
    return fail(ErrorCode::shareOutOfRange, share);
  if (samples < 2)
    return fail(ErrorCode::tooFewSamples, samples, 2);
  int64_t total = std::clamp<int64_t>(
      std::llround(share * static_cast<double>(samples)), 1, samples - 1);
  std::vector<std::vector<int64_t>> classes = samplesByClass(samples, labels);
  std::vector<int64_t> quota = quotas(classes, samples, total);
  RandomStream stream(seed, RandomPurpose::split);
  Split result;
  for (size_t c = 0; c < classes.size(); ++c) {
    shuffle(classes[c], stream);
    auto cut = classes[c].begin() + quota[c];
    result.held.insert(result.held.end(), classes[c].begin(), cut);
    result.kept.insert(result.kept.end(), cut, classes[c].end());
  }
  std::sort(result.held.begin(), result.held.end());
  std::sort(result.kept.begin(), result.kept.end());
  return result;
}

std::span<const int32_t> nnc::targetLabels(const Dataset &dataset) {
  const Field *target = dataset.target();
  if (!target || target->type != ElementType::i32 || target->isRagged() ||
      target->sampleSize() != 1)
    return {};
  std::span<const int32_t> labels = target->values.span<int32_t>();
  bool valid = std::all_of(labels.begin(), labels.end(), [&](int32_t label) {
    return label >= 0 && label < target->classes;
  });
  return valid ? labels : std::span<const int32_t>();
}

Expected<SplitDataset> nnc::split(const Dataset &dataset, double share,
                                  uint64_t seed, bool stratified) {
  std::span<const int32_t> labels;
  if (stratified)
    labels = targetLabels(dataset);
  Expected<Split> parts = splitIndices(dataset.samples, share, seed, labels);
  if (!parts)
    return fail(std::move(parts.error()));
  return SplitDataset{select(dataset, parts->kept),
                      select(dataset, parts->held)};
}

Expected<std::vector<Split>> nnc::kFolds(int64_t samples, int64_t folds,
                                         uint64_t seed,
                                         std::span<const int32_t> labels) {
  if (folds < 2 || folds > samples)
    return fail(ErrorCode::tooFewSamples, samples, folds);
  RandomStream stream(seed, RandomPurpose::folds);
  std::vector<Split> result(folds);
  // Dealing class after class without starting anew keeps the sizes of the
  // folds within one of each other.
  int64_t dealt = 0;
  for (std::vector<int64_t> &members : samplesByClass(samples, labels)) {
    shuffle(members, stream);
    for (int64_t sample : members)
      result[dealt++ % folds].held.push_back(sample);
  }
  for (Split &fold : result) {
    std::sort(fold.held.begin(), fold.held.end());
    std::vector<int64_t> all = inOrder(samples);
    std::set_difference(all.begin(), all.end(), fold.held.begin(),
                        fold.held.end(), std::back_inserter(fold.kept));
  }
  return result;
}

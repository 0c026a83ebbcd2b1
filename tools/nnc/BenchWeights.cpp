//===- BenchWeights.cpp - Weights of benchmark cases ----------------------===//

#include "BenchWeights.h"
#include "nnc/Formats/Npy.h"
#include <algorithm>
#include <charconv>
#include <cstring>

using namespace nnc;
using namespace nnc::tool;

/// The parameters of all layers in one order that holds within each: dense and
/// convolution; normalisation (scale, shift, mean, variance); recurrence; a
/// transformer's encoder and a residual block, which share names.
static constexpr std::string_view order[] = {
    "w",  "b",  "g",  "e",  "m",  "v",  "wx", "wh", "bx", "bh", "wqkv", "bqkv",
    "wo", "bo", "g1", "e1", "w1", "b1", "1g", "1e", "1m", "1v", "w2",   "b2",
    "2g", "2e", "2m", "2v", "g2", "e2", "w3", "3g", "3e", "3m", "3v"};

Expected<void> nnc::tool::assignBenchWeights(const std::string &path,
                                             const Signature &signature,
                                             const ParameterStore &store) {
  Expected<std::vector<NamedArray>> arrays = readNpz(path);
  if (!arrays)
    return fail(std::move(arrays.error()));
  std::vector<std::tuple<int64_t, int64_t, const NamedArray *>> sorted;
  for (const NamedArray &array : *arrays) {
    size_t point = array.name.find('.');
    int64_t layer = -1;
    std::from_chars(array.name.data(), array.name.data() + array.name.size(),
                    layer);
    auto place = std::find(std::begin(order), std::end(order),
                           std::string_view(array.name)
                               .substr(std::min(point + 1, array.name.size())));
    if (point == std::string::npos || layer < 0 || place == std::end(order))
      return fail(
          ErrorCode::malformedFile, path, "a set of weights",
          fmt::format("'{}' is no name of a layer's weight", array.name));
    sorted.emplace_back(layer, place - std::begin(order), &array);
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<const Argument *> wanted;
  for (const Argument &argument : signature.arguments)
    if (argument.role == Role::parameter || argument.role == Role::state)
      wanted.push_back(&argument);
  if (wanted.size() != sorted.size())
    return fail(ErrorCode::weightCount, path, sorted.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    const NamedArray &array = *std::get<2>(sorted[i]);
    Array values = array.array.to(wanted[i]->type);
    if (values.shape() != wanted[i]->shape)
      return fail(ErrorCode::weightMismatch, wanted[i]->name,
                  toString(wanted[i]->shape), toString(values.shape()));
    std::memcpy(store.find(wanted[i]->name)->buffer.data(), values.data(),
                values.byteSize());
  }
  return {};
}

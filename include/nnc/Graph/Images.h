//===- Images.h - Convolution and pooling -----------------------*- C++ -*-===//
//
// Layers over images [batch, channels, height, width] and sequences [batch,
// channels, width], whose sizes but the batch are known.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_GRAPH_IMAGES_H
#define NNC_GRAPH_IMAGES_H

#include "nnc/Graph/Layers.h"

namespace nnc {

/// Zeros around an image.
struct Padding {
  enum class Kind : uint8_t {
    valid, ///< None.
    same,  ///< As many as make the result's size that of x, divided by the
           ///< stride and rounded up; an odd one stands behind.
    given,
  };
  Padding() = default;
  Padding(Kind kind) : kind(kind) {}
  /// The same on all sides.
  Padding(int64_t size) : kind(Kind::given), sizes{size} {}
  /// One number a dimension, or two: before and behind.
  Padding(std::vector<int64_t> sizes)
      : kind(Kind::given), sizes(std::move(sizes)) {}

  Kind kind = Kind::valid;
  std::vector<int64_t> sizes = {};
};

struct ConvOptions {
  /// One number for all dimensions, or one for each.
  std::vector<int64_t> stride = {1};
  Padding padding = {};
  std::vector<int64_t> dilation = {1};
  /// Channels and filters fall into so many groups that do not meet.
  int64_t groups = 1;
  Activation activation = {};
  bool bias = true;
  WeightOptions weights = {};
  std::string name = {};
};

/// Cross-correlation of [b, c, w] with weight [filters, c / groups, k], plus
/// bias [filters].
Tensor conv1d(const Operand &x, int64_t filters, std::vector<int64_t> kernel,
              const ConvOptions &options = {});
/// Cross-correlation of [b, c, h, w] with weight [filters, c / groups, kh, kw],
/// plus bias [filters].
Tensor conv2d(const Operand &x, int64_t filters, std::vector<int64_t> kernel,
              const ConvOptions &options = {});

struct ConvTransposeOptions {
  /// One number for all dimensions, or one for each.
  std::vector<int64_t> stride = {1};
  /// What a convolution back would have around its images.
  std::vector<int64_t> padding = {0};
  /// Elements more behind; below the stride.
  std::vector<int64_t> outputPadding = {0};
  int64_t groups = 1;
  Activation activation = {};
  bool bias = true;
  WeightOptions weights = {};
  std::string name = {};
};

/// The adjoint of a convolution: [b, c, w] with weight [c, filters / groups, k]
/// to (w - 1) * stride - 2 * padding + k + outputPadding elements, plus bias
/// [filters].
Tensor convTranspose1d(const Operand &x, int64_t filters,
                       std::vector<int64_t> kernel,
                       const ConvTransposeOptions &options = {});
/// The same of [b, c, h, w] with weight [c, filters / groups, kh, kw].
Tensor convTranspose2d(const Operand &x, int64_t filters,
                       std::vector<int64_t> kernel,
                       const ConvTransposeOptions &options = {});

struct PoolOptions {
  /// Empty: the size.
  std::vector<int64_t> stride = {};
  std::vector<int64_t> padding = {0};
  /// Of means: divide by the window's size, padding included.
  bool countPadding = false;
  std::string name = {};
};

/// The largest of each window; padding never wins.
Tensor maxPool1d(const Operand &x, std::vector<int64_t> size,
                 const PoolOptions &options = {});
Tensor maxPool2d(const Operand &x, std::vector<int64_t> size,
                 const PoolOptions &options = {});
/// The mean of each window.
Tensor avgPool1d(const Operand &x, std::vector<int64_t> size,
                 const PoolOptions &options = {});
Tensor avgPool2d(const Operand &x, std::vector<int64_t> size,
                 const PoolOptions &options = {});
/// [b, c, ...] to [b, c].
Tensor globalMaxPool(const Operand &x);
Tensor globalAvgPool(const Operand &x);

} // namespace nnc

#endif // NNC_GRAPH_IMAGES_H

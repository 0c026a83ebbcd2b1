//===- Window.h - Windows that slide over a dimension -----------*- C++ -*-===//

#ifndef NNC_DIALECT_NN_IR_WINDOW_H
#define NNC_DIALECT_NN_IR_WINDOW_H

#include "llvm/ADT/ArrayRef.h"
#include <array>
#include <cstdint>

namespace nnc::nn {

/// How a window slides over one dimension: its tap p at position i reads the
/// element i * stride - low + p * dilation.
struct Window {
  int64_t taps = 1, stride = 1, low = 0, high = 0, dilation = 1;

  /// From the first tap to behind the last one.
  int64_t span() const { return dilation * (taps - 1) + 1; }
  /// The number of positions over \p size elements; 0 if it never fits.
  int64_t positions(int64_t size) const {
    int64_t room = size + low + high - span();
    return room < 0 ? 0 : room / stride + 1;
  }
  /// The element that \p tap reads at \p position; outside of [0, size) it is
  /// padding.
  int64_t element(int64_t position, int64_t tap) const {
    return position * stride - low + tap * dilation;
  }
};

/// Windows over the last two dimensions of images.
using Windows = std::array<Window, 2>;

/// The windows of an op's attributes; \p padding is above, below, left, right.
inline Windows makeWindows(llvm::ArrayRef<int64_t> taps,
                           llvm::ArrayRef<int64_t> strides,
                           llvm::ArrayRef<int64_t> padding,
                           llvm::ArrayRef<int64_t> dilations = {1, 1}) {
  Windows windows;
  for (unsigned i = 0; i < 2; ++i)
    windows[i] = {taps[i], strides[i], padding[2 * i], padding[2 * i + 1],
                  dilations[i]};
  return windows;
}

} // namespace nnc::nn

#endif // NNC_DIALECT_NN_IR_WINDOW_H

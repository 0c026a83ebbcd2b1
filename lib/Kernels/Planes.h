//===- Planes.h - Padded planes of images -----------------------*- C++ -*-===//
//
// Convolutions run over planes in which the elements that one tap reads at
// successive positions of a row lie side by side: with zeros around them, and
// with strides, one plane for each remainder of a row and of a column. Then a
// position is one number, row * width + column, and a tap a displacement; what
// falls between the rows is computed and left unused.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_KERNELS_PLANES_H
#define NNC_LIB_KERNELS_PLANES_H

#include "KernelBuilder.h"
#include "nnc/Kernels/Convolution.h"

namespace nnc::kernels {

/// How one channel of one image lies in memory.
struct Planes {
  /// \p slack: elements that may be read behind the last position.
  Planes(const Sliding &rows, const Sliding &columns, int64_t slack);

  /// Where the tap (p, q) of position 0 lies.
  int64_t tap(int64_t p, int64_t q) const;
  /// From the first to the last position, and one.
  int64_t positions() const {
    return (rows.result - 1) * width + columns.result;
  }

  Sliding rows, columns;
  /// The planes are the source itself.
  bool inPlace = false;
  /// Elements of a row, rows of a plane.
  int64_t width = 0, height = 0;
  /// Elements of a plane, and of all planes of a channel.
  int64_t planeSize = 0, size = 0;
};

/// Emits the copy of this thread's share of `channels` channels (of \p capacity
/// at most) of \p source to planes at \p target.
void packPlanes(KernelBuilder &kernel, const Planes &planes, mlir::Type element,
                mlir::Value source, mlir::Value target, mlir::Value channels,
                int64_t capacity);

/// Copies rows of \p columns elements to rows \p width apart, zeros between;
/// from each channel of \p rows rows to one of \p size elements.
void packRows(KernelBuilder &kernel, mlir::Type element, mlir::Value source,
              mlir::Value target, mlir::Value channels, int64_t capacity,
              int64_t rows, int64_t columns, int64_t width, int64_t size);

} // namespace nnc::kernels

#endif // NNC_LIB_KERNELS_PLANES_H

//===- WinogradStrip.h - Rows of tiles with channels in vectors -*- C++ -*-===//

#ifndef NNC_LIB_KERNELS_WINOGRADSTRIP_H
#define NNC_LIB_KERNELS_WINOGRADSTRIP_H

#include "KernelBuilder.h"

namespace nnc::kernels {

/// The elements that a row of tiles of one image reads, with zeros for what is
/// outside of the image: `side` rows of `width` vectors of channels.
struct WinogradStrip {
  /// Rows from one strip to the next.
  int64_t tile = 4;
  int64_t side = 6, width = 6;
  /// Of the image, and zeros above and left of it.
  int64_t rows = 1, columns = 1, rowsBefore = 0, columnsBefore = 0;
};

/// Memory on the stack for \p strip, all zeros.
mlir::Value openStrip(KernelBuilder &kernel, mlir::Type element, int64_t lanes,
                      const WinogradStrip &strip);

/// Reads strip \p number of the channels from \p firstChannel on to \p padded,
/// which openStrip() gave. \p from is the plane of channel 0, one of \p
/// channels side by side; lanes behind the last repeat it.
void fillStrip(KernelBuilder &kernel, mlir::Type element, int64_t lanes,
               const WinogradStrip &strip, mlir::Value number, mlir::Value from,
               int64_t firstChannel, int64_t channels, mlir::Value padded);

} // namespace nnc::kernels

#endif // NNC_LIB_KERNELS_WINOGRADSTRIP_H

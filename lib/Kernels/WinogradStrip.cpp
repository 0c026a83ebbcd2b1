//===- WinogradStrip.cpp - Rows of tiles with channels in vectors ---------===//

#include "WinogradStrip.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

Value kernels::openStrip(KernelBuilder &kernel, Type element, int64_t lanes,
                         const WinogradStrip &strip) {
  int64_t count = strip.side * strip.width * lanes;
  Value padded = kernel.stack(element, count);
  Value zeros = kernel.splatConstant(element, lanes, 0);
  kernel.loop(kernel.constant(0), kernel.constant(count), lanes,
              [&](Value at) { kernel.store(zeros, padded, at, Lanes{lanes}); });
  return padded;
}

void kernels::fillStrip(KernelBuilder &kernel, Type element, int64_t lanes,
                        const WinogradStrip &strip, Value number, Value from,
                        int64_t firstChannel, int64_t channels, Value padded) {
  int64_t plane = strip.rows * strip.columns;
  Value zero = kernel.constant(0), side = kernel.constant(strip.side);
  // Row r of the strip is row top + r of the image.
  Value top = kernel.sub(kernel.mul(number, strip.tile),
                         kernel.constant(strip.rowsBefore));
  Value above = kernel.sub(zero, top);
  Value first = kernel.select(kernel.less(above, zero), zero, above);
  Value last = kernel.min(side, kernel.sub(kernel.constant(strip.rows), top));
  // Columns of the image that some tile reads.
  int64_t columns = std::min(strip.columns, strip.width - strip.columnsBefore);

  auto rowAt = [&](Value row) {
    return kernel.mul(
        kernel.add(kernel.mul(row, strip.width), strip.columnsBefore), lanes);
  };
  Value zeros = kernel.splatConstant(element, lanes, 0);
  auto clear = [&](Value row) {
    kernel.loop(zero, kernel.constant(columns * lanes), lanes, [&](Value at) {
      kernel.store(zeros, padded, kernel.add(rowAt(row), at), Lanes{lanes});
    });
  };
  kernel.loop(zero, first, 1, clear);
  kernel.loop(last, side, 1, clear);
  kernel.loop(first, last, 1, [&](Value row) {
    Value begin = kernel.mul(kernel.add(top, row), strip.columns);
    Turn turn;
    turn.from =
        kernel.pointer(from, element, kernel.add(begin, firstChannel * plane));
    turn.fromStride = kernel.constant(plane);
    turn.to = kernel.pointer(padded, element, rowAt(row));
    turn.toStride = kernel.constant(lanes);
    turn.columns = kernel.constant(columns);
    turn.rows = kernel.constant(channels - firstChannel);
    kernel.turn(element, lanes, turn);
  });
}

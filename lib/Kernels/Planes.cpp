//===- Planes.cpp - Padded planes of images -------------------------------===//

#include "Planes.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Elements below which a further thread costs more than it gains.
static constexpr int64_t grain = 4096;

/// The elements of one dimension of a plane.
static int64_t planeExtent(const Sliding &sliding) {
  return sliding.result +
         (sliding.taps - 1) * sliding.dilation / sliding.stride;
}

Planes::Planes(const Sliding &rows, const Sliding &columns, int64_t slack)
    : rows(rows), columns(columns) {
  auto plain = [](const Sliding &sliding) {
    return sliding.stride == 1 && sliding.stretch == 1 && sliding.low == 0 &&
           planeExtent(sliding) <= sliding.source;
  };
  inPlace = plain(rows) && plain(columns) && slack == 0;
  if (inPlace) {
    width = columns.source;
    height = rows.source;
    planeSize = size = width * height;
    return;
  }
  width = planeExtent(columns);
  height = planeExtent(rows);
  planeSize = width * height;
  size = planeSize * rows.stride * columns.stride + slack;
}

int64_t Planes::tap(int64_t p, int64_t q) const {
  int64_t row = p * rows.dilation, column = q * columns.dilation;
  int64_t plane = row % rows.stride * columns.stride + column % columns.stride;
  return plane * planeSize + row / rows.stride * width +
         column / columns.stride;
}

namespace {
/// Along one dimension of a plane: step t of [first, last) goes from element
/// t * fromStep + from to t * toStep + to.
struct Walk {
  int64_t fromStep, from, toStep, to, first, last;
};
} // namespace

static int64_t ceilDiv(int64_t a, int64_t b) {
  return a >= 0 ? (a + b - 1) / b : -(-a / b);
}

static Walk walkOf(const Sliding &sliding, int64_t remainder, int64_t extent) {
  Walk walk{sliding.stride, remainder - sliding.low, sliding.stretch, 0, 0, 0};
  if (sliding.stretch > 1)
    walk = {1, 0, sliding.stretch, sliding.low, 0, 0};
  walk.first = std::max({int64_t(0), ceilDiv(-walk.from, walk.fromStep),
                         ceilDiv(-walk.to, walk.toStep)});
  walk.last = std::min(ceilDiv(sliding.source - walk.from, walk.fromStep),
                       ceilDiv(extent - walk.to, walk.toStep));
  return walk;
}

/// Copies a rectangle, row by row.
static void copyRows(KernelBuilder &kernel, Type element, Value source,
                     Value target, const Walk &rows, const Walk &columns,
                     int64_t sourceWidth, int64_t targetWidth) {
  if (rows.first >= rows.last || columns.first >= columns.last)
    return;
  int64_t lanes = kernel.target.lanes(storageBytes(element));
  int64_t count = columns.last - columns.first;
  bool contiguous = columns.fromStep == 1 && columns.toStep == 1;
  bool masked =
      contiguous ? kernel.target.maskedWords : kernel.target.maskedBytes;
  kernel.loop(
      kernel.constant(rows.first), kernel.constant(rows.last), 1, [&](Value t) {
        auto at = [&](int64_t step, int64_t start, int64_t width,
                      int64_t columnStep, int64_t columnStart) {
          Value row = kernel.add(kernel.mul(t, step), start);
          return kernel.add(kernel.mul(row, width),
                            columns.first * columnStep + columnStart);
        };
        Value from = at(rows.fromStep, rows.from, sourceWidth, columns.fromStep,
                        columns.from);
        Value to =
            at(rows.toStep, rows.to, targetWidth, columns.toStep, columns.to);
        vectorLoop(kernel, kernel.constant(0), kernel.constant(count), lanes,
                   masked, count >= lanes, count % lanes != 0,
                   [&](Value column, const Lanes &live) {
                     Value vector = kernel.load(
                         source, element,
                         kernel.add(kernel.mul(column, columns.fromStep), from),
                         live, columns.fromStep);
                     kernel.store(
                         vector, target,
                         kernel.add(kernel.mul(column, columns.toStep), to),
                         live, columns.toStep);
                   });
      });
}

static void fillZero(KernelBuilder &kernel, Type element, Value target,
                     int64_t count) {
  int64_t lanes = kernel.target.lanes(storageBytes(element));
  vectorLoop(kernel, kernel.constant(0), kernel.constant(count), lanes,
             kernel.target.maskedWords, count >= lanes, count % lanes != 0,
             [&](Value at, const Lanes &live) {
               kernel.store(kernel.splatConstant(element, live.width, 0),
                            target, at, live);
             });
}

void kernels::packPlanes(KernelBuilder &kernel, const Planes &planes,
                         Type element, Value source, Value target,
                         Value channels, int64_t capacity) {
  const Sliding &rows = planes.rows, &columns = planes.columns;
  int64_t sourceSize = rows.source * columns.source;
  auto [low, high] = kernel.share(
      channels, capacity, 1,
      std::max<int64_t>(1, grain / std::max<int64_t>(1, planes.size)));
  kernel.loop(low, high, 1, [&](Value channel) {
    Value from =
        kernel.pointer(source, element, kernel.mul(channel, sourceSize));
    Value to =
        kernel.pointer(target, element, kernel.mul(channel, planes.size));
    fillZero(kernel, element, to, planes.size);
    for (int64_t row = 0; row < rows.stride; ++row)
      for (int64_t column = 0; column < columns.stride; ++column) {
        Value plane =
            kernel.pointer(to, element,
                           kernel.constant((row * columns.stride + column) *
                                           planes.planeSize));
        copyRows(kernel, element, from, plane, walkOf(rows, row, planes.height),
                 walkOf(columns, column, planes.width), columns.source,
                 planes.width);
      }
  });
}

void kernels::packRows(KernelBuilder &kernel, Type element, Value source,
                       Value target, Value channels, int64_t capacity,
                       int64_t rows, int64_t columns, int64_t width,
                       int64_t size) {
  auto [low, high] =
      kernel.share(channels, capacity, 1,
                   std::max<int64_t>(1, grain / std::max<int64_t>(1, size)));
  kernel.loop(low, high, 1, [&](Value channel) {
    Value from =
        kernel.pointer(source, element, kernel.mul(channel, rows * columns));
    Value to = kernel.pointer(target, element, kernel.mul(channel, size));
    fillZero(kernel, element, to, size);
    copyRows(kernel, element, from, to, {1, 0, 1, 0, 0, rows},
             {1, 0, 1, 0, 0, columns}, columns, width);
  });
}

//===- ConvolutionWeightsChannels.cpp - Weights' gradients by channels ----===//
//
// For each tap, a product of the source that the tap moves with the gradient.
// A place of a panel is a position of one image,
//
//   [row][remainder of the column by the stride][quotient][image of the block]
//
// so that the positions of a row at which a tap meets the source lie side by
// side in both operands, the images of the block between: one run of the
// product, and nothing is added for positions that meet zeros.
//
//===----------------------------------------------------------------------===//

#include "ConvolutionItems.h"
#include "WeightGradients.h"
#include "WeightPanels.h"
#include <limits>

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

namespace {
/// The positions of a dimension at which a tap meets the source.
struct Meeting {
  Value first, last;
};

class ChannelEmitter : WeightPanels {
public:
  ChannelEmitter(ModuleOp module, const TargetDescription &target,
                 const WeightGradientSpec &spec)
      : WeightPanels(
            module, target, spec,
            ChannelPlan(spec, target, spec.rows.taps * spec.columns.taps),
            spec.rows.source * width(spec.columns),
            spec.rows.result * spec.columns.result) {}

  Expected<Kernels> emit();

private:
  /// Places of a row of the source.
  static int64_t width(const Sliding &columns) {
    return ceilDiv(columns.source, columns.stride) * columns.stride;
  }
  Expected<func::FuncOp> emitPack();
  Expected<func::FuncOp> emitSums();
  void pack(KernelBuilder &kernel, const Panels &panels, int64_t stride);
  void packImage(KernelBuilder &kernel, const Panels &panels, int64_t stride,
                 Value from, Value to, Value step);
  void emitItem(KernelBuilder &kernel, Value sums, Value number);
  void emitTap(KernelBuilder &kernel, Value sums, Value p, Value q,
               Value source, Value gradient, Value images);
};
} // namespace

/// Positions at which taps meet the source, summed over taps.
static int64_t meetings(const Sliding &sliding) {
  int64_t sum = 0;
  for (int64_t p = 0; p < sliding.taps; ++p)
    for (int64_t i = 0; i < sliding.result; ++i) {
      int64_t at = i * sliding.stride - sliding.low + p * sliding.dilation;
      sum += at >= 0 && at < sliding.source;
    }
  return sum;
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

/// Copies one image's channels of a tile from \p from to a panel: place k goes
/// to \p to + k * \p step.
void ChannelEmitter::packImage(KernelBuilder &kernel, const Panels &panels,
                               int64_t stride, Value from, Value to,
                               Value step) {
  int64_t lanes = plan.lanes, plane = panels.rows * panels.columns;
  // Without strides the plane is one row.
  bool flat = stride == 1;
  int64_t rows = flat ? 1 : panels.rows;
  int64_t columns = flat ? plane : panels.columns;
  int64_t each = ceilDiv(panels.columns, stride);
  Value turned;
  if (!flat)
    turned = kernel.stack(element, columns * lanes);
  for (int64_t sub = 0; sub < panels.stride; sub += lanes)
    kernel.loop(kernel.constant(0), kernel.constant(rows), 1, [&](Value row) {
      Turn turn;
      turn.from = kernel.pointer(
          from, element,
          kernel.add(kernel.mul(row, panels.columns), sub * plane));
      turn.fromStride = kernel.constant(plane);
      turn.to =
          flat ? kernel.pointer(to, element, kernel.constant(sub)) : turned;
      turn.toStride = flat ? step : kernel.constant(lanes);
      turn.columns = kernel.constant(columns);
      // What stands behind the tile's channels nobody reads.
      turn.rows = kernel.constant(panels.tile - sub);
      kernel.turn(element, lanes, turn);
      if (flat)
        return;
      kernel.loop(
          kernel.constant(0), kernel.constant(columns), 1, [&](Value column) {
            Value by = kernel.constant(stride);
            Value position =
                kernel.add(kernel.add(kernel.mul(kernel.rem(column, by), each),
                                      kernel.div(column, by)),
                           kernel.mul(row, each * stride));
            kernel.store(kernel.load(turned, element, kernel.mul(column, lanes),
                                     Lanes{lanes}),
                         to, kernel.add(kernel.mul(position, step), sub),
                         Lanes{lanes});
          });
    });
}

void ChannelEmitter::pack(KernelBuilder &kernel, const Panels &panels,
                          int64_t stride) {
  eachImage(kernel, panels,
            [&](const Block &block, Value panel, Value image, Value from) {
              packImage(kernel, panels, stride, from,
                        kernel.pointer(panel, element,
                                       kernel.mul(image, panels.stride)),
                        kernel.mul(block.count, panels.stride));
            });
}

Expected<func::FuncOp> ChannelEmitter::emitPack() {
  KernelBuilder kernel(module, target, spec.name + "_pack", buffers, true);
  pack(kernel, source, spec.columns.stride);
  pack(kernel, gradient, 1);
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return kernel.function;
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// The positions i with 0 <= i * stride - low + tap * dilation < source.
static Meeting meetingOf(KernelBuilder &kernel, const Sliding &sliding,
                         Value tap) {
  Value zero = kernel.constant(0);
  Value before = kernel.sub(kernel.constant(sliding.low),
                            kernel.mul(tap, sliding.dilation));
  Value behind = kernel.add(before, sliding.source - 1);
  Value stride = kernel.constant(sliding.stride);
  Value first = kernel.select(kernel.less(zero, before),
                              kernel.ceilDiv(before, stride), zero);
  Value last =
      kernel.select(kernel.less(behind, zero), zero,
                    kernel.min(kernel.add(kernel.div(behind, stride), 1),
                               kernel.constant(sliding.result)));
  return {first, last};
}

/// Adds the products of tap (\p p, \p q) over a block of \p images images.
void ChannelEmitter::emitTap(KernelBuilder &kernel, Value sums, Value p,
                             Value q, Value from, Value by, Value images) {
  Meeting rows = meetingOf(kernel, spec.rows, p);
  Meeting columns = meetingOf(kernel, spec.columns, q);
  Value steps = kernel.mul(kernel.sub(columns.last, columns.first), images);

  // Where the first row and position lie in the panels.
  int64_t stride = spec.columns.stride, sourceWidth = width(spec.columns);
  int64_t gradientWidth = spec.columns.result;
  int64_t shift = ceilDiv(std::max<int64_t>(spec.columns.low, 0), stride);
  Value column = kernel.add(kernel.mul(q, spec.columns.dilation),
                            shift * stride - spec.columns.low);
  Value remainder = kernel.rem(column, kernel.constant(stride));
  Value position = kernel.add(
      kernel.add(kernel.mul(remainder, sourceWidth / stride),
                 kernel.sub(kernel.div(column, kernel.constant(stride)),
                            kernel.constant(shift))),
      columns.first);
  Value row = kernel.add(kernel.add(kernel.mul(rows.first, spec.rows.stride),
                                    kernel.mul(p, spec.rows.dilation)),
                         -spec.rows.low);
  position = kernel.add(position, kernel.mul(row, sourceWidth));
  Value sourceImages = kernel.mul(images, source.stride);
  Value gradientImages = kernel.mul(images, gradient.stride);
  from = kernel.pointer(from, element, kernel.mul(position, sourceImages));
  by = kernel.pointer(
      by, element,
      kernel.mul(
          kernel.add(kernel.mul(rows.first, gradientWidth), columns.first),
          gradientImages));
  Value sourceRow = kernel.mul(sourceImages, sourceWidth * spec.rows.stride);
  Value gradientRow = kernel.mul(gradientImages, gradientWidth);

  Value tap = kernel.add(kernel.mul(p, spec.columns.taps), q);
  Value place = kernel.pointer(sums, element, kernel.mul(tap, plan.outputs()));
  SmallVector<Value> carried = loadSums(kernel, place, taps());
  carried.append({from, by});
  SmallVector<Value> results = kernel.loop(
      rows.first, rows.last, 1, carried,
      [&](Value, ValueRange values) -> SmallVector<Value> {
        SmallVector<Value> next = kernel.loop(
            kernel.constant(0), steps, 1, values, [&](Value, ValueRange inner) {
              return addProducts(kernel, inner);
            });
        next[next.size() - 2] =
            kernel.pointer(values[values.size() - 2], element, sourceRow);
        next.back() = kernel.pointer(values.back(), element, gradientRow);
        return next;
      });
  storeSums(kernel, results, place, taps());
}

void ChannelEmitter::emitItem(KernelBuilder &kernel, Value sums, Value number) {
  auto split = [&](int64_t extent) {
    Value part = kernel.rem(number, kernel.constant(extent));
    number = kernel.div(number, kernel.constant(extent));
    return part;
  };
  Tile tile;
  tile.input = split(plan.inputTiles);
  tile.output = split(plan.outputTiles);
  tile.group = split(spec.groups);
  tile.part = number;

  clearSums(kernel, sums, taps());
  Value zero = kernel.constant(0);
  kernel.loop(zero, kernel.constant(plan.blocks), 1, [&](Value slot) {
    Block block = blockAt(kernel, tile.part, slot);
    Value from = panelAt(kernel, source, block, tile.group, tile.input);
    Value by = panelAt(kernel, gradient, block, tile.group, tile.output);
    kernel.loop(zero, kernel.constant(spec.rows.taps), 1, [&](Value p) {
      kernel.loop(zero, kernel.constant(spec.columns.taps), 1, [&](Value q) {
        emitTap(kernel, sums, p, q, from, by, block.count);
      });
    });
  });
  emitResult(kernel, sums, tile);
}

Expected<func::FuncOp> ChannelEmitter::emitSums() {
  KernelBuilder kernel(module, target, spec.name, buffers, true);
  Value sums = kernel.stack(element, plan.inputs * taps() * plan.outputs());
  int64_t items = spec.parts * tiles();
  double work = double(plan.inputs) * plan.outputs() * meetings(spec.rows) *
                meetings(spec.columns) *
                std::max<int64_t>(1, spec.images.capacity / spec.parts);
  forItems(kernel, kernel.constant(items), items, work,
           [&](Value number) { emitItem(kernel, sums, number); });
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return kernel.function;
}

Expected<Kernels> ChannelEmitter::emit() {
  auto pack = emitPack();
  return inSequence(scratchBytes(), std::move(pack), emitSums());
}

//===----------------------------------------------------------------------===//
// Entry
//===----------------------------------------------------------------------===//

double kernels::weightsByChannelsCost(const TargetDescription &target,
                                      const WeightGradientSpec &spec) {
  ChannelPlan plan(spec, target, spec.rows.taps * spec.columns.taps);
  if (!plan.fits())
    return std::numeric_limits<double>::infinity();
  int64_t sourcePlane = spec.rows.source * spec.columns.source;
  int64_t gradientPlane = spec.rows.result * spec.columns.result;
  plan.cutBlocks(spec, target, sourcePlane, gradientPlane);
  double images = spec.images.capacity;
  // Four cycles a vector that is turned, two a vector of sums per block.
  double packed = double(sourcePlane) * plan.inputTiles * plan.inputStride() +
                  double(gradientPlane) * plan.outputTiles * plan.outputs();
  double sums = double(plan.inputTiles) * plan.outputTiles * plan.inputs *
                plan.vectors * spec.rows.taps * spec.columns.taps;
  return spec.groups *
         (images * meetings(spec.rows) * meetings(spec.columns) * plan.step +
          images * packed / plan.lanes * 4 +
          sums * (plan.blocks * 2 + 6) * spec.parts);
}

Expected<Kernels>
kernels::emitWeightsByChannels(ModuleOp module, const TargetDescription &target,
                               const WeightGradientSpec &spec) {
  return ChannelEmitter(module, target, spec).emit();
}

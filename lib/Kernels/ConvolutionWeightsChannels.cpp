//===- ConvolutionWeightsChannels.cpp - Weights' gradients by channels ----===//
//
// For each tap, input channels times output channels: a product of the source
// that the tap moves, turned, with the gradient, over positions and images.
// Both are packed in panels once for all taps,
//
//   source    [block of images][group][tile of inputs][position][image][input]
//   gradient  [block of images][group][tile of
//   outputs][position][image][output]
//
// so that the positions of a row at which a tap meets the source lie side by
// side in both, the images of the block between: one run of the product, and
// nothing is added for positions that meet zeros.
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"
#include "WeightGradients.h"
#include <limits>

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Multiply-adds, and elements packed, below which a further thread costs more
/// than it gains.
static constexpr int64_t grain = 1 << 16, packGrain = 4096;
/// Bytes of sums on the stack.
static constexpr int64_t sumBytes = 64 << 10;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

namespace {
/// The positions of a dimension at which a tap meets the source.
struct Meeting {
  Value first, last;
};

struct ChannelPlan {
  ChannelPlan(const WeightGradientSpec &spec, const TargetDescription &target);

  /// Whether the sums of a tile have room.
  bool fits() const { return inputs > 0; }

  int64_t lanes = 1;
  /// Input channels and vectors of output channels of a register tile.
  int64_t inputs = 0, vectors = 0;
  int64_t outputs() const { return vectors * lanes; }
  /// Elements of a position in a panel of the source.
  int64_t inputStride() const { return ceilDiv(inputs, lanes) * lanes; }
  int64_t inputTiles = 0, outputTiles = 0;
  /// Cycles that one position of one image takes for all channels of a group.
  double step = 0;
  /// Images of a block, and blocks of a part at most.
  int64_t block = 1, blocks = 1;
};

/// One operand, and how it lies in its panels.
struct Panels {
  unsigned buffer;
  /// Channels of a group and of a tile, tiles of a group, elements of a
  /// position.
  int64_t channels, tile, tiles, stride;
  int64_t rows, columns, columnStride;
  /// Where the panels begin in the scratch memory.
  int64_t offset = 0;

  /// Positions of a row: with strides, first those of the columns 0, s, 2s, …
  int64_t width() const {
    return ceilDiv(columns, columnStride) * columnStride;
  }
  int64_t positions() const { return rows * width(); }
};

class ChannelEmitter {
public:
  ChannelEmitter(ModuleOp module, const TargetDescription &target,
                 const WeightGradientSpec &spec)
      : spec(spec), element(spec.element), target(target), module(module),
        plan(spec, target), source{0,
                                   spec.inputs,
                                   plan.inputs,
                                   plan.inputTiles,
                                   plan.inputStride(),
                                   spec.rows.source,
                                   spec.columns.source,
                                   spec.columns.stride},
        gradient{1,
                 spec.outputs,
                 std::min(plan.outputs(), spec.outputs),
                 plan.outputTiles,
                 plan.outputs(),
                 spec.rows.result,
                 spec.columns.result,
                 1} {
    gradient.offset = elementsOf(source);
    buffers = {{element, spec.images.capacity * spec.groups * spec.inputs *
                             spec.rows.source * spec.columns.source},
               {element, spec.images.capacity * spec.groups * spec.outputs *
                             spec.rows.result * spec.columns.result},
               {element, spec.parts * spec.groups * spec.outputs * spec.inputs *
                             taps()}};
  }

  Expected<Kernels> emit();

private:
  /// A block of images of a part.
  struct Block {
    Value first, count;
  };

  int64_t taps() const { return spec.rows.taps * spec.columns.taps; }
  int64_t elementsOf(const Panels &panels) const {
    return spec.images.capacity * spec.groups * panels.tiles *
           panels.positions() * panels.stride;
  }
  Expected<func::FuncOp> emitPack();
  Expected<func::FuncOp> emitSums();
  void pack(KernelBuilder &kernel, const Panels &panels);
  void packImage(KernelBuilder &kernel, const Panels &panels, Value from,
                 Value to, Value step);
  void emitItem(KernelBuilder &kernel, Value sums, Value number);
  void emitTap(KernelBuilder &kernel, Value sums, Value p, Value q,
               Value source, Value gradient, Value images);
  void emitResult(KernelBuilder &kernel, Value sums, Value result);
  Block blockAt(KernelBuilder &kernel, Value part, Value number);
  Value panelAt(KernelBuilder &kernel, const Panels &panels, const Block &block,
                Value group, Value tile);

  const WeightGradientSpec &spec;
  Type element;
  const TargetDescription &target;
  ModuleOp module;
  ChannelPlan plan;
  Panels source, gradient;
  std::vector<Buffer> buffers;
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

ChannelPlan::ChannelPlan(const WeightGradientSpec &spec,
                         const TargetDescription &target) {
  int64_t bytes = storageBytes(spec.element);
  lanes = target.lanes(bytes);
  int64_t taps = spec.rows.taps * spec.columns.taps;
  for (int64_t v = 1; v <= std::min<int64_t>(8, ceilDiv(spec.outputs, lanes));
       ++v)
    for (int64_t r = 1; r <= spec.inputs; ++r) {
      if (r * v + v + 1 > target.vectorRegisters ||
          r * v * lanes * taps * bytes > sumBytes)
        break;
      // Two multiply-adds or loads a cycle, four cycles of latency; panels
      // stream from the second cache.
      double streamed = (v + ceilDiv(r, lanes)) * 0.3;
      double cycles =
          std::max({r * v / 2.0, (r + v) / 2.0, 4.0}) + 0.5 + streamed;
      double all = double(ceilDiv(spec.inputs, r)) *
                   ceilDiv(spec.outputs, v * lanes) * cycles;
      if (step == 0 || all < step) {
        step = all;
        inputs = r;
        vectors = v;
      }
    }
  if (!fits())
    return;
  inputTiles = ceilDiv(spec.inputs, inputs);
  outputTiles = ceilDiv(spec.outputs, outputs());
  int64_t image = spec.rows.source * spec.columns.source * inputStride() +
                  spec.rows.result * spec.columns.result * outputs();
  int64_t most = ceilDiv(spec.images.capacity, spec.parts);
  block = std::clamp<int64_t>(target.l2Bytes / 2 / (image * bytes), 1, most);
  blocks = ceilDiv(most, block);
  block = ceilDiv(most, blocks);
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

/// The images of block \p number of \p part; none behind the part's last.
ChannelEmitter::Block ChannelEmitter::blockAt(KernelBuilder &kernel, Value part,
                                              Value number) {
  Value images = kernel.bound(spec.images);
  auto edge = [&](Value at) {
    return kernel.div(kernel.mul(images, at), kernel.constant(spec.parts));
  };
  Value last = edge(kernel.add(part, 1));
  Value first =
      kernel.min(kernel.add(edge(part), kernel.mul(number, plan.block)), last);
  return {first,
          kernel.min(kernel.constant(plan.block), kernel.sub(last, first))};
}

Value ChannelEmitter::panelAt(KernelBuilder &kernel, const Panels &panels,
                              const Block &block, Value group, Value tile) {
  int64_t size = panels.positions() * panels.stride;
  Value before = kernel.mul(block.first, spec.groups * panels.tiles * size);
  Value number = kernel.add(kernel.mul(group, panels.tiles), tile);
  Value at =
      kernel.add(before, kernel.mul(kernel.mul(number, block.count), size));
  return kernel.pointer(
      kernel.pointer(kernel.scratch, element, kernel.constant(panels.offset)),
      element, at);
}

/// The first channel of tile \p tile of \p panels: the last one reaches back.
static Value firstChannel(KernelBuilder &kernel, const Panels &panels,
                          Value tile) {
  Value first = kernel.mul(tile, panels.tile);
  return panels.channels % panels.tile == 0
             ? first
             : kernel.min(first,
                          kernel.constant(panels.channels - panels.tile));
}

/// Copies one image's channels of a tile from \p from to a panel: position k
/// goes to \p to + k * \p step.
void ChannelEmitter::packImage(KernelBuilder &kernel, const Panels &panels,
                               Value from, Value to, Value step) {
  int64_t lanes = plan.lanes, plane = panels.rows * panels.columns;
  // Without strides the plane is one row.
  bool flat = panels.columnStride == 1;
  int64_t rows = flat ? 1 : panels.rows;
  int64_t columns = flat ? plane : panels.columns;
  int64_t each = ceilDiv(panels.columns, panels.columnStride);
  int64_t live = std::min(lanes, columns);
  for (int64_t sub = 0; sub < panels.stride; sub += lanes)
    kernel.loop(kernel.constant(0), kernel.constant(rows), 1, [&](Value row) {
      kernel.loop(
          kernel.constant(0), kernel.constant(columns), lanes, [&](Value at) {
            if (columns > lanes && columns % lanes != 0)
              at = kernel.min(at, kernel.constant(columns - lanes));
            Value begin = kernel.pointer(
                from, element, kernel.add(kernel.mul(row, panels.columns), at));
            SmallVector<Value> vectors;
            for (int64_t lane = 0; lane < lanes; ++lane)
              // What stands behind the tile's channels nobody reads.
              vectors.push_back(kernel.load(
                  begin, element,
                  kernel.constant(std::min(sub + lane, panels.tile - 1) *
                                  plane),
                  kernel.firstLanes(kernel.constant(live), lanes)));
            vectors = kernel.transpose(std::move(vectors));
            Value place = kernel.pointer(to, element, kernel.mul(step, at));
            for (int64_t lane = 0; lane < live; ++lane) {
              if (!flat) {
                Value column = kernel.add(at, lane);
                Value stride = kernel.constant(panels.columnStride);
                Value position = kernel.add(
                    kernel.add(kernel.mul(kernel.rem(column, stride), each),
                               kernel.div(column, stride)),
                    kernel.mul(row, panels.width()));
                place = kernel.pointer(to, element, kernel.mul(position, step));
              }
              kernel.store(vectors[lane], place, kernel.constant(sub),
                           Lanes{lanes});
              if (flat && lane + 1 < live)
                place = kernel.pointer(place, element, step);
            }
          });
    });
}

void ChannelEmitter::pack(KernelBuilder &kernel, const Panels &panels) {
  int64_t plane = panels.rows * panels.columns;
  int64_t items = spec.parts * plan.blocks * spec.groups * panels.tiles;
  auto [low, high] = kernel.share(
      kernel.constant(items), items, 1,
      std::max<int64_t>(1, packGrain / (plan.block * plane * panels.tile)));
  kernel.loop(low, high, 1, [&](Value number) {
    auto split = [&](int64_t extent) {
      Value part = kernel.rem(number, kernel.constant(extent));
      number = kernel.div(number, kernel.constant(extent));
      return part;
    };
    Value tile = split(panels.tiles), group = split(spec.groups);
    Value slot = split(plan.blocks);
    Block block = blockAt(kernel, number, slot);
    Value panel = panelAt(kernel, panels, block, group, tile);
    Value channel = kernel.add(kernel.mul(group, panels.channels),
                               firstChannel(kernel, panels, tile));
    Value step = kernel.mul(block.count, panels.stride);
    kernel.loop(kernel.constant(0), block.count, 1, [&](Value image) {
      Value at = kernel.add(kernel.mul(kernel.add(block.first, image),
                                       spec.groups * panels.channels),
                            channel);
      packImage(
          kernel, panels,
          kernel.pointer(kernel.function.getArgument(panels.buffer), element,
                         kernel.mul(at, plane)),
          kernel.pointer(panel, element, kernel.mul(image, panels.stride)),
          step);
    });
  });
}

Expected<func::FuncOp> ChannelEmitter::emitPack() {
  KernelBuilder kernel(module, target, spec.name + "_pack", buffers, true);
  pack(kernel, source);
  pack(kernel, gradient);
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
  int64_t stride = spec.columns.stride;
  int64_t shift = ceilDiv(std::max<int64_t>(spec.columns.low, 0), stride);
  Value column = kernel.add(kernel.mul(q, spec.columns.dilation),
                            shift * stride - spec.columns.low);
  Value remainder = kernel.rem(column, kernel.constant(stride));
  Value position = kernel.add(
      kernel.add(kernel.mul(remainder, source.width() / stride),
                 kernel.sub(kernel.div(column, kernel.constant(stride)),
                            kernel.constant(shift))),
      columns.first);
  Value row = kernel.add(kernel.add(kernel.mul(rows.first, spec.rows.stride),
                                    kernel.mul(p, spec.rows.dilation)),
                         -spec.rows.low);
  position = kernel.add(position, kernel.mul(row, source.width()));
  Value sourceImages = kernel.mul(images, source.stride);
  Value gradientImages = kernel.mul(images, gradient.stride);
  from = kernel.pointer(from, element, kernel.mul(position, sourceImages));
  by = kernel.pointer(
      by, element,
      kernel.mul(
          kernel.add(kernel.mul(rows.first, gradient.width()), columns.first),
          gradientImages));
  Value sourceRow = kernel.mul(sourceImages, source.width() * spec.rows.stride);
  Value gradientRow = kernel.mul(gradientImages, gradient.width());

  Value tap = kernel.add(kernel.mul(p, spec.columns.taps), q);
  Value place = kernel.pointer(sums, element, kernel.mul(tap, plan.outputs()));
  auto at = [&](int64_t r, int64_t v) {
    return kernel.constant(r * taps() * plan.outputs() + v * plan.lanes);
  };
  SmallVector<Value> carried;
  for (int64_t r = 0; r < plan.inputs; ++r)
    for (int64_t v = 0; v < plan.vectors; ++v)
      carried.push_back(
          kernel.load(place, element, at(r, v), Lanes{plan.lanes}));
  carried.append({from, by});
  auto step = [&](Value, ValueRange values) {
    SmallVector<Value> next(values), factors;
    Value x = values[values.size() - 2], y = values.back();
    for (int64_t v = 0; v < plan.vectors; ++v)
      factors.push_back(kernel.load(y, element, kernel.constant(v * plan.lanes),
                                    Lanes{plan.lanes}));
    for (int64_t r = 0; r < plan.inputs; ++r) {
      Value factor = kernel.splat(
          kernel.loadScalar(x, element, kernel.constant(r)), plan.lanes);
      for (int64_t v = 0; v < plan.vectors; ++v) {
        Value &sum = next[r * plan.vectors + v];
        sum = kernel.fma(factor, factors[v], sum);
      }
    }
    next[next.size() - 2] =
        kernel.pointer(x, element, kernel.constant(source.stride));
    next.back() = kernel.pointer(y, element, kernel.constant(gradient.stride));
    return next;
  };
  SmallVector<Value> results = kernel.loop(
      rows.first, rows.last, 1, carried,
      [&](Value, ValueRange values) -> SmallVector<Value> {
        SmallVector<Value> next =
            kernel.loop(kernel.constant(0), steps, 1, values, step);
        next[next.size() - 2] =
            kernel.pointer(values[values.size() - 2], element, sourceRow);
        next.back() = kernel.pointer(values.back(), element, gradientRow);
        return next;
      });
  for (int64_t r = 0; r < plan.inputs; ++r)
    for (int64_t v = 0; v < plan.vectors; ++v)
      kernel.store(results[r * plan.vectors + v], place, at(r, v),
                   Lanes{plan.lanes});
}

/// Turns the sums of a tile, (input, tap) by output, and stores them from
/// \p result on.
void ChannelEmitter::emitResult(KernelBuilder &kernel, Value sums,
                                Value result) {
  int64_t lanes = plan.lanes, columns = plan.inputs * taps();
  Lanes live =
      kernel.firstLanes(kernel.constant(std::min(lanes, columns)), lanes);
  for (int64_t output = 0; output < gradient.tile; output += lanes)
    kernel.loop(
        kernel.constant(0), kernel.constant(columns), lanes, [&](Value at) {
          if (columns > lanes && columns % lanes != 0)
            at = kernel.min(at, kernel.constant(columns - lanes));
          Value begin =
              kernel.pointer(sums, element, kernel.mul(at, plan.outputs()));
          SmallVector<Value> vectors;
          for (int64_t lane = 0; lane < lanes; ++lane)
            vectors.push_back(kernel.load(
                begin, element,
                kernel.constant(std::min(lane, columns - 1) * plan.outputs() +
                                output),
                Lanes{lanes}));
          vectors = kernel.transpose(std::move(vectors));
          Value place = kernel.pointer(result, element, at);
          for (int64_t lane = 0; lane < std::min(lanes, gradient.tile - output);
               ++lane)
            kernel.store(
                vectors[lane], place,
                kernel.constant((output + lane) * spec.inputs * taps()), live);
        });
}

void ChannelEmitter::emitItem(KernelBuilder &kernel, Value sums, Value number) {
  auto split = [&](int64_t extent) {
    Value part = kernel.rem(number, kernel.constant(extent));
    number = kernel.div(number, kernel.constant(extent));
    return part;
  };
  Value inputTile = split(plan.inputTiles);
  Value outputTile = split(plan.outputTiles);
  Value group = split(spec.groups), part = number;

  kernel.loop(kernel.constant(0),
              kernel.constant(plan.inputs * taps() * plan.outputs()),
              plan.lanes, [&](Value at) {
                kernel.store(kernel.splatConstant(element, plan.lanes, 0), sums,
                             at, Lanes{plan.lanes});
              });
  kernel.loop(
      kernel.constant(0), kernel.constant(plan.blocks), 1, [&](Value slot) {
        Block block = blockAt(kernel, part, slot);
        Value from = panelAt(kernel, source, block, group, inputTile);
        Value by = panelAt(kernel, gradient, block, group, outputTile);
        kernel.loop(kernel.constant(0), kernel.constant(spec.rows.taps), 1,
                    [&](Value p) {
                      kernel.loop(
                          kernel.constant(0),
                          kernel.constant(spec.columns.taps), 1, [&](Value q) {
                            emitTap(kernel, sums, p, q, from, by, block.count);
                          });
                    });
      });
  Value output =
      kernel.add(kernel.mul(kernel.add(kernel.mul(part, spec.groups), group),
                            spec.outputs),
                 firstChannel(kernel, gradient, outputTile));
  Value input = kernel.add(kernel.mul(output, spec.inputs),
                           firstChannel(kernel, source, inputTile));
  emitResult(kernel, sums,
             kernel.pointer(kernel.function.getArgument(2), element,
                            kernel.mul(input, taps())));
}

Expected<func::FuncOp> ChannelEmitter::emitSums() {
  KernelBuilder kernel(module, target, spec.name, buffers, true);
  Value sums = kernel.stack(element, plan.inputs * taps() * plan.outputs());
  int64_t items = spec.parts * spec.groups * plan.inputTiles * plan.outputTiles;
  double work = double(plan.inputs) * plan.outputs() * meetings(spec.rows) *
                meetings(spec.columns) *
                std::max<int64_t>(1, spec.images.capacity / spec.parts);
  auto [low, high] = kernel.share(
      kernel.constant(items), items, 1,
      std::max<int64_t>(1,
                        std::min<double>(grain, grain / std::max(1.0, work))));
  kernel.loop(low, high, 1,
              [&](Value number) { emitItem(kernel, sums, number); });
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return kernel.function;
}

Expected<Kernels> ChannelEmitter::emit() {
  Kernels kernels;
  kernels.scratchBytes =
      (gradient.offset + elementsOf(gradient)) * storageBytes(element);
  auto pack = emitPack();
  if (!pack)
    return fail(pack.error());
  auto sums = emitSums();
  if (!sums)
    return fail(sums.error());
  kernels.phases = {*pack, *sums};
  return kernels;
}

//===----------------------------------------------------------------------===//
// Entry
//===----------------------------------------------------------------------===//

double kernels::weightsByChannelsCost(const TargetDescription &target,
                                      const WeightGradientSpec &spec) {
  ChannelPlan plan(spec, target);
  if (!plan.fits())
    return std::numeric_limits<double>::infinity();
  double images = spec.images.capacity;
  // Four cycles a vector that is turned, two a vector of sums per block.
  double packed = double(spec.rows.source) * spec.columns.source *
                      plan.inputTiles * plan.inputStride() +
                  double(spec.rows.result) * spec.columns.result *
                      plan.outputTiles * plan.outputs();
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

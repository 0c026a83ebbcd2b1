//===- ConvolutionWeightsImages.cpp - Weights' gradients, images as lanes -===//
//
// A vector holds one element of several images, so that the source that a tap
// moves begins at a whole vector everywhere and no position is worth less than
// another. Lanes are added up once, behind all images of a part. Packed is the
// source, with zeros around it, as
//
//   [part][tile of images][group][channel][row][column][image]
//
// and likewise, on the stack, the gradient of the output channels at work. A
// source that lies in tiles of images already is read where it is, if nothing
// stands around it.
//
//===----------------------------------------------------------------------===//

#include "ConvolutionItems.h"
#include "KernelBuilder.h"
#include "TiledImages.h"
#include "VectorReduction.h"
#include "WeightGradients.h"
#include <limits>

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Elements packed below which a further thread costs more than it gains.
static constexpr int64_t packGrain = 4096;
/// Bytes of a gradient and of sums on the stack.
static constexpr int64_t stackBytes = 256 << 10;
/// Elements of successive positions that are this many bytes apart share too
/// few sets of the first cache.
static constexpr int64_t sharedSetBytes = 1024;
/// Taps that are unrolled in one run over the positions.
static constexpr int64_t mostTaps = 12;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

static int64_t tapsOf(const WeightGradientSpec &spec) {
  return spec.rows.taps * spec.columns.taps;
}

namespace {
/// Output channels, and taps or (of windows of one tap) input channels, whose
/// sums are kept in registers together.
struct ImagesPlan {
  ImagesPlan(const WeightGradientSpec &spec, const TargetDescription &target);

  int64_t lanes = 1, channels = 1, taps = 1;
  /// Input channels at once, a divisor of all: more than one for windows of
  /// one tap.
  int64_t inputs = 1;
  int64_t outputTiles = 1;
  /// Tiles of images of a part at most.
  int64_t imageTiles = 1;
  /// Cycles that a position of a tile of images takes for all weights.
  double step = 0;
  /// The part of a plane that is read, with what lies around it. In place: the
  /// first rows of the source's plane.
  int64_t height = 1, width = 1;
  bool inPlace = false;
};

/// Some images of a part: they fill the lanes, or are the part's last.
struct ImageTile {
  Value number, first, count;
};

/// Elements from one column, row, channel and tile of images to the next.
struct SourceStrides {
  int64_t column, row, channel, tile;
};

class ImagesEmitter {
public:
  ImagesEmitter(ModuleOp module, const TargetDescription &target,
                const WeightGradientSpec &spec)
      : spec(spec), element(spec.element), target(target), module(module),
        plan(spec, target) {
    int64_t image = spec.rows.source * spec.columns.source;
    source = {plan.lanes, plan.width * plan.lanes, planeElements(),
              spec.groups * spec.inputs * planeElements()};
    ImageTiles tiles = sourceTiles();
    if (readsTiles())
      source = {tiles.columnStride(), tiles.rowStride(), tiles.channelStride(),
                tiles.tileStride()};
    int64_t gradients =
        spec.images.capacity * spec.groups * spec.outputs * givenPositions();
    buffers = {
        {element, spec.images.capacity * spec.groups * spec.inputs * image},
        {element, gradients}};
    if (spec.pool)
      buffers.push_back({IntegerType::get(module.getContext(), 32), gradients});
    buffers.push_back({element, spec.parts * spec.groups * spec.outputs *
                                    spec.inputs * taps()});
  }

  Expected<Kernels> emit();

private:
  int64_t taps() const { return tapsOf(spec); }
  int64_t positions() const { return spec.rows.result * spec.columns.result; }
  /// Elements of a channel of the gradient as it is given.
  int64_t givenPositions() const {
    return spec.pool ? spec.pool->rows.result * spec.pool->columns.result
                     : positions();
  }
  int64_t planeElements() const {
    return plan.height * plan.width * plan.lanes;
  }
  ImageTiles sourceTiles() const {
    return {spec.sourceLayout, plan.lanes, spec.inputs, spec.rows.source,
            spec.columns.source};
  }
  /// Whether the source is read where it is.
  bool readsTiles() const {
    int64_t apart = sourceTiles().columnStride() * storageBytes(element);
    return spec.sourceInTiles() && plan.inPlace && apart % sharedSetBytes != 0;
  }
  /// Planes in scratch.
  int64_t sourcePlanes() const {
    if (readsTiles())
      return 0;
    return spec.parts * plan.imageTiles * spec.groups * spec.inputs;
  }
  /// Weights of the output channels at work.
  int64_t weights() const { return plan.channels * spec.inputs * taps(); }

  Expected<func::FuncOp> emitPack();
  Expected<func::FuncOp> emitSums();
  ImageTile tileAt(KernelBuilder &kernel, Value part, Value slot);
  void turn(KernelBuilder &kernel, const ImageTile &tile, Value from,
            int64_t stride, Value to, int64_t columns, bool isIndex = false);
  void packGradient(KernelBuilder &kernel, const ImageTile &tile,
                    Value channel);
  void copyPlane(KernelBuilder &kernel, const ImageTile &tile, Value channel,
                 Value to);
  void copyGradient(KernelBuilder &kernel, const ImageTile &tile,
                    Value channel);
  void clearDeadLanes(KernelBuilder &kernel, const ImageTile &tile,
                      Value memory, int64_t elements);
  void clear(KernelBuilder &kernel, Value memory, int64_t elements);
  void emitItem(KernelBuilder &kernel, Value number);
  void addProducts(KernelBuilder &kernel, int64_t firstTap, int64_t count,
                   Value source, Value place);
  void emitResult(KernelBuilder &kernel, Value result);

  const WeightGradientSpec &spec;
  Type element;
  const TargetDescription &target;
  ModuleOp module;
  ImagesPlan plan;
  std::vector<Buffer> buffers;
  SourceStrides source;
  Value gradients, sums;
  /// Of a channel: the values of windows and their indices.
  Value values, places;
};
} // namespace

ImagesPlan::ImagesPlan(const WeightGradientSpec &spec,
                       const TargetDescription &target) {
  lanes = target.lanes(storageBytes(spec.element));
  bool single = tapsOf(spec) == 1;
  int64_t across = single ? spec.inputs : tapsOf(spec);
  double least = 0;
  for (int64_t t = 1; t <= std::min(across, mostTaps); ++t)
    for (int64_t c = 1; c <= spec.outputs; ++c) {
      if (c * t + std::min(c, t) + 1 > target.vectorRegisters)
        break;
      if (single && across % t != 0)
        continue;
      // Two multiply-adds or loads a cycle, four cycles of latency.
      double cycles = std::max({c * t / 2.0, (c + t) / 2.0, 4.0}) + 0.5;
      double cost = ceilDiv(across, t) * ceilDiv(spec.outputs, c) * cycles;
      if (least == 0 || cost < least) {
        least = cost;
        channels = c;
        (single ? inputs : taps) = t;
      }
    }
  step = least * (single ? 1 : spec.inputs);
  outputTiles = ceilDiv(spec.outputs, channels);
  imageTiles = ceilDiv(spec.imagesOfPart(), lanes);
  auto extent = [](const Sliding &sliding) {
    return (sliding.result - 1) * sliding.stride +
           (sliding.taps - 1) * sliding.dilation + 1;
  };
  height = extent(spec.rows);
  width = extent(spec.columns);
  inPlace = spec.rows.low == 0 && spec.columns.low == 0 &&
            height <= spec.rows.source && width <= spec.columns.source;
  if (inPlace)
    width = spec.columns.source;
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

ImageTile ImagesEmitter::tileAt(KernelBuilder &kernel, Value part, Value slot) {
  Value first =
      kernel.add(partEdge(kernel, spec, part), kernel.mul(slot, plan.lanes));
  Value left = kernel.sub(partEdge(kernel, spec, kernel.add(part, 1)), first);
  return {kernel.add(kernel.mul(part, plan.imageTiles), slot), first,
          kernel.min(kernel.constant(plan.lanes), left)};
}

/// Turns \p columns elements of each image of \p tile, \p stride apart, or
/// indices.
void ImagesEmitter::turn(KernelBuilder &kernel, const ImageTile &tile,
                         Value from, int64_t stride, Value to, int64_t columns,
                         bool isIndex) {
  Turn turn;
  turn.from = from;
  turn.fromStride = kernel.constant(stride);
  turn.to = to;
  turn.toStride = kernel.constant(plan.lanes);
  turn.columns = kernel.constant(columns);
  turn.rows = tile.count;
  // Turning only moves bits.
  kernel.turn(isIndex ? kernel.builder.getF32Type() : element, plan.lanes,
              turn);
}

/// Puts zeros into lanes without an image: what turning repeats there is no
/// part of the sums.
void ImagesEmitter::clearDeadLanes(KernelBuilder &kernel, const ImageTile &tile,
                                   Value memory, int64_t elements) {
  kernel.ifThen(kernel.less(tile.count, kernel.constant(plan.lanes)), [&] {
    Value live = kernel.firstLanes(tile.count, plan.lanes).mask;
    Value zeros = kernel.splatConstant(element, plan.lanes, 0);
    kernel.loop(kernel.constant(0), kernel.constant(elements), plan.lanes,
                [&](Value at) {
                  Value all =
                      kernel.load(memory, element, at, Lanes{plan.lanes});
                  kernel.store(kernel.select(live, all, zeros), memory, at,
                               Lanes{plan.lanes});
                });
  });
}

void ImagesEmitter::clear(KernelBuilder &kernel, Value memory,
                          int64_t elements) {
  Value zeros = kernel.splatConstant(element, plan.lanes, 0);
  kernel.loop(
      kernel.constant(0), kernel.constant(elements), plan.lanes,
      [&](Value at) { kernel.store(zeros, memory, at, Lanes{plan.lanes}); });
}

/// How many elements of the source, behind the zeros before it, \p extent of a
/// packed plane holds.
static int64_t elementsRead(const Sliding &sliding, int64_t extent) {
  return std::min(extent - sliding.low, sliding.source);
}

/// Copies \p channel of a source in tiles, with zeros around it.
void ImagesEmitter::copyPlane(KernelBuilder &kernel, const ImageTile &tile,
                              Value channel, Value to) {
  const Sliding &rows = spec.rows, &columns = spec.columns;
  Value number = kernel.div(tile.first, kernel.constant(plan.lanes));
  clear(kernel, to, planeElements());
  Value zero = kernel.constant(0);
  kernel.loop(zero, kernel.constant(elementsRead(rows, plan.height)), 1,
              [&](Value row) {
                kernel.loop(
                    zero, kernel.constant(elementsRead(columns, plan.width)), 1,
                    [&](Value column) {
                      Value from = elementOf(kernel, sourceTiles(),
                                             {number, channel, row, column});
                      Value place = kernel.add(
                          kernel.mul(kernel.add(row, rows.low), plan.width),
                          kernel.add(column, columns.low));
                      Value all = kernel.load(kernel.function.getArgument(0),
                                              element, from, Lanes{plan.lanes});
                      kernel.store(all, to, kernel.mul(place, plan.lanes),
                                   Lanes{plan.lanes});
                    });
              });
}

Expected<func::FuncOp> ImagesEmitter::emitPack() {
  KernelBuilder kernel(module, target, spec.name + "_pack", buffers, true);
  const Sliding &rows = spec.rows, &columns = spec.columns;
  int64_t image = rows.source * columns.source;
  int64_t channels = spec.groups * spec.inputs;
  auto [low, high] =
      kernel.share(kernel.constant(sourcePlanes()), sourcePlanes(), 1,
                   std::max<int64_t>(1, packGrain / (image * plan.lanes)));
  kernel.loop(low, high, 1, [&](Value number) {
    Value channel = kernel.rem(number, kernel.constant(channels));
    Value panel = kernel.div(number, kernel.constant(channels));
    ImageTile tile =
        tileAt(kernel, kernel.div(panel, kernel.constant(plan.imageTiles)),
               kernel.rem(panel, kernel.constant(plan.imageTiles)));
    Value to = kernel.pointer(kernel.scratch, element,
                              kernel.mul(number, planeElements()));
    Value from = kernel.pointer(
        kernel.function.getArgument(0), element,
        kernel.mul(kernel.add(kernel.mul(tile.first, channels), channel),
                   image));
    kernel.ifThen(kernel.less(kernel.constant(0), tile.count), [&] {
      if (spec.sourceInTiles())
        return copyPlane(kernel, tile, channel, to);
      if (plan.inPlace) {
        turn(kernel, tile, from, channels * image, to,
             plan.height * plan.width);
      } else {
        clear(kernel, to, planeElements());
        int64_t count = elementsRead(columns, plan.width);
        int64_t last = rows.low + elementsRead(rows, plan.height);
        kernel.loop(kernel.constant(rows.low), kernel.constant(last), 1,
                    [&](Value row) {
                      Value source =
                          kernel.mul(kernel.sub(row, kernel.constant(rows.low)),
                                     columns.source);
                      Value target = kernel.mul(
                          kernel.add(kernel.mul(row, plan.width), columns.low),
                          plan.lanes);
                      turn(kernel, tile, kernel.pointer(from, element, source),
                           channels * image,
                           kernel.pointer(to, element, target), count);
                    });
      }
      clearDeadLanes(kernel, tile, to, planeElements());
    });
  });
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return kernel.function;
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// Adds to the sums at \p place the products of taps (or input channels)
/// [firstTap, firstTap + count) of the channels whose planes begin at
/// \p from, over all positions.
void ImagesEmitter::addProducts(KernelBuilder &kernel, int64_t firstTap,
                                int64_t count, Value from, Value place) {
  Lanes lanes{plan.lanes};
  SmallVector<int64_t> places;
  for (int64_t i = firstTap; i < firstTap + count; ++i)
    places.push_back(plan.inputs > 1
                         ? i * source.channel
                         : i / spec.columns.taps * spec.rows.dilation *
                                   source.row +
                               i % spec.columns.taps * spec.columns.dilation *
                                   source.column);
  auto sumAt = [&](int64_t c, int64_t i) {
    return kernel.constant((c * spec.inputs * taps() + firstTap + i) *
                           plan.lanes);
  };
  SmallVector<Value> carried;
  for (int64_t c = 0; c < plan.channels; ++c)
    for (int64_t i = 0; i < count; ++i)
      carried.push_back(kernel.load(place, element, sumAt(c, i), lanes));
  carried.append({from, gradients});

  bool holdSource = count <= plan.channels;
  int64_t held = holdSource ? count : plan.channels;
  int64_t passing = holdSource ? plan.channels : count;
  auto step = [&](Value, ValueRange values) {
    SmallVector<Value> next(values), factors;
    Value x = values[values.size() - 2], y = values.back();
    // The same pixel of the next channel lies beside it.
    if (readsTiles() && spec.sourceLayout == ImageLayout::pixelTiles)
      kernel.prefetch(x, element, places.back() + source.channel, plan.lanes);
    auto factor = [&](bool ofSource, int64_t number) {
      return ofSource ? kernel.load(x, element, kernel.constant(places[number]),
                                    lanes)
                      : kernel.load(
                            y, element,
                            kernel.constant(number * positions() * plan.lanes),
                            lanes);
    };
    for (int64_t i = 0; i < held; ++i)
      factors.push_back(factor(holdSource, i));
    for (int64_t j = 0; j < passing; ++j) {
      Value other = factor(!holdSource, j);
      for (int64_t i = 0; i < held; ++i) {
        Value &sum = next[holdSource ? j * count + i : i * count + j];
        sum = kernel.fma(other, factors[i], sum);
      }
    }
    next[next.size() - 2] = kernel.pointer(
        x, element, kernel.constant(spec.columns.stride * source.column));
    next.back() = kernel.pointer(y, element, kernel.constant(plan.lanes));
    return next;
  };
  Value zero = kernel.constant(0);
  SmallVector<Value> results = kernel.loop(
      zero, kernel.constant(spec.rows.result), 1, carried,
      [&](Value, ValueRange values) -> SmallVector<Value> {
        SmallVector<Value> next = kernel.loop(
            zero, kernel.constant(spec.columns.result), 1, values, step);
        next[next.size() - 2] =
            kernel.pointer(values[values.size() - 2], element,
                           kernel.constant(spec.rows.stride * source.row));
        return next;
      });
  for (int64_t c = 0; c < plan.channels; ++c)
    for (int64_t i = 0; i < count; ++i)
      kernel.store(results[c * count + i], place, sumAt(c, i), lanes);
}

/// Copies the gradient of the output channels from \p channel on out of its
/// tiles.
void ImagesEmitter::copyGradient(KernelBuilder &kernel, const ImageTile &tile,
                                 Value channel) {
  int64_t lanes = plan.lanes, width = spec.columns.result;
  const Sliding &rows = spec.pool ? spec.pool->rows : spec.rows;
  const Sliding &columns = spec.pool ? spec.pool->columns : spec.columns;
  Value number = kernel.div(tile.first, kernel.constant(lanes));
  Value zero = kernel.constant(0);
  kernel.loop(zero, kernel.constant(plan.channels), 1, [&](Value c) {
    auto channelOf = [&](unsigned buffer, ImageLayout layout) {
      return channelsFrom(
          kernel, buffer,
          {layout, lanes, spec.outputs, rows.result, columns.result}, number,
          kernel.add(channel, c));
    };
    Value to =
        kernel.pointer(gradients, element, kernel.mul(c, positions() * lanes));
    TiledChannels given = channelOf(1, spec.gradientLayout);
    if (spec.pool)
      return emitTileUnpool(kernel, element, lanes, *spec.pool,
                            spec.rows.result, width, kernel.constant(1), given,
                            channelOf(2, spec.indexLayout),
                            {to, 0, width * lanes, lanes});
    kernel.loop(zero, kernel.constant(positions()), 1, [&](Value at) {
      Value all = kernel.load(given.base, element,
                              kernel.mul(at, given.columnStride), Lanes{lanes});
      kernel.store(all, to, kernel.mul(at, lanes), Lanes{lanes});
    });
  });
}

/// Packs the gradient of the output channels from \p channel on.
void ImagesEmitter::packGradient(KernelBuilder &kernel, const ImageTile &tile,
                                 Value channel) {
  if (spec.gradientInTiles())
    return copyGradient(kernel, tile, channel);
  int64_t channels = spec.groups * spec.outputs, given = givenPositions();
  Value first = kernel.add(kernel.mul(tile.first, channels), channel);
  kernel.loop(
      kernel.constant(0), kernel.constant(plan.channels), 1, [&](Value c) {
        Value at = kernel.mul(kernel.add(first, c), given);
        Value to = kernel.pointer(gradients, element,
                                  kernel.mul(c, positions() * plan.lanes));
        Value from =
            kernel.pointer(kernel.function.getArgument(1), element, at);
        turn(kernel, tile, from, channels * given, spec.pool ? values : to,
             given);
        if (!spec.pool)
          return;
        turn(kernel, tile,
             kernel.pointer(kernel.function.getArgument(2),
                            kernel.builder.getI32Type(), at),
             channels * given, places, given, /*isIndex=*/true);
        int64_t width = spec.columns.result * plan.lanes;
        int64_t windows = spec.pool->columns.result * plan.lanes;
        emitTileUnpool(kernel, element, plan.lanes, *spec.pool,
                       spec.rows.result, spec.columns.result,
                       kernel.constant(1), {values, 0, windows, plan.lanes},
                       {places, 0, windows, plan.lanes},
                       {to, 0, width, plan.lanes});
      });
  clearDeadLanes(kernel, tile, gradients,
                 plan.channels * positions() * plan.lanes);
}

/// As many vectors as each has lanes, to one vector of their sums.
static Value sumEach(KernelBuilder &kernel, SmallVector<Value> vectors) {
  int64_t lanes = vectors.size();
  SmallVector<int64_t> even, odd;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    even.push_back(2 * lane);
    odd.push_back(2 * lane + 1);
  }
  while (vectors.size() > 1) {
    SmallVector<Value> next;
    for (size_t i = 0; i < vectors.size(); i += 2)
      next.push_back(combine(kernel, ReduceKind::sum,
                             kernel.shuffle(vectors[i], vectors[i + 1], even),
                             kernel.shuffle(vectors[i], vectors[i + 1], odd)));
    vectors = std::move(next);
  }
  return vectors.front();
}

/// Adds up the lanes of all sums.
void ImagesEmitter::emitResult(KernelBuilder &kernel, Value result) {
  int64_t lanes = plan.lanes, count = weights();
  auto sumAt = [&](Value at) {
    return kernel.load(sums, element, kernel.mul(at, lanes), Lanes{lanes});
  };
  if (count < lanes)
    return kernel.loop(
        kernel.constant(0), kernel.constant(count), 1, [&](Value at) {
          kernel.store(reduceLanes(kernel, ReduceKind::sum, sumAt(at)), result,
                       at, Lanes{1});
        });
  kernel.loop(kernel.constant(0), kernel.constant(count), lanes, [&](Value at) {
    if (count % lanes != 0)
      at = kernel.min(at, kernel.constant(count - lanes));
    SmallVector<Value> vectors;
    for (int64_t i = 0; i < lanes; ++i)
      vectors.push_back(sumAt(kernel.add(at, i)));
    kernel.store(sumEach(kernel, std::move(vectors)), result, at, Lanes{lanes});
  });
}

void ImagesEmitter::emitItem(KernelBuilder &kernel, Value number) {
  auto split = [&](int64_t extent) {
    Value part = kernel.rem(number, kernel.constant(extent));
    number = kernel.div(number, kernel.constant(extent));
    return part;
  };
  // The last tile reaches back and computes some weights again.
  Value output = kernel.mul(split(plan.outputTiles), plan.channels);
  if (spec.outputs % plan.channels != 0)
    output = kernel.min(output, kernel.constant(spec.outputs - plan.channels));
  Value group = split(spec.groups), part = number;
  Value channel = kernel.add(kernel.mul(group, spec.outputs), output);
  Value zero = kernel.constant(0);

  clear(kernel, sums, weights() * plan.lanes);
  kernel.loop(zero, kernel.constant(plan.imageTiles), 1, [&](Value slot) {
    ImageTile tile = tileAt(kernel, part, slot);
    kernel.ifThen(kernel.less(zero, tile.count), [&] {
      packGradient(kernel, tile, channel);
      Value planes =
          readsTiles() ? kernel.pointer(
                             kernel.function.getArgument(0), element,
                             kernel.mul(kernel.div(tile.first,
                                                   kernel.constant(plan.lanes)),
                                        source.tile))
                       : kernel.pointer(
                             kernel.scratch, element,
                             kernel.add(kernel.mul(tile.number, source.tile),
                                        kernel.mul(group, spec.inputs *
                                                              source.channel)));
      kernel.loop(
          zero, kernel.constant(spec.inputs), plan.inputs, [&](Value input) {
            Value plane = kernel.pointer(planes, element,
                                         kernel.mul(input, source.channel));
            Value place = kernel.pointer(
                sums, element, kernel.mul(input, taps() * plan.lanes));
            int64_t all = plan.inputs > 1 ? plan.inputs : taps();
            int64_t most = plan.inputs > 1 ? plan.inputs : plan.taps;
            for (int64_t tap = 0; tap < all; tap += most)
              addProducts(kernel, tap, std::min(most, all - tap), plane, place);
          });
    });
  });
  Value row = kernel.add(kernel.mul(part, spec.groups * spec.outputs), channel);
  Value result = kernel.function.getArgument(buffers.size() - 1);
  emitResult(kernel, kernel.pointer(result, element,
                                    kernel.mul(row, spec.inputs * taps())));
}

Expected<func::FuncOp> ImagesEmitter::emitSums() {
  KernelBuilder kernel(module, target, spec.name, buffers, !readsTiles());
  gradients = kernel.stack(element, plan.channels * positions() * plan.lanes);
  sums = kernel.stack(element, weights() * plan.lanes);
  if (spec.pool && !spec.gradientInTiles()) {
    values = kernel.stack(element, givenPositions() * plan.lanes);
    places = kernel.stack(kernel.builder.getI32Type(),
                          givenPositions() * plan.lanes);
  }
  int64_t items = spec.parts * spec.groups * plan.outputTiles;
  double work = double(weights()) * positions() * plan.imageTiles * plan.lanes;
  forItems(kernel, kernel.constant(items), items, work,
           [&](Value number) { emitItem(kernel, number); });
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return kernel.function;
}

Expected<Kernels> ImagesEmitter::emit() {
  if (readsTiles()) {
    auto alone = emitSums();
    if (!alone)
      return fail(alone.error());
    return Kernels{{*alone}, 0};
  }
  auto pack = emitPack();
  return inSequence(sourcePlanes() * planeElements() * storageBytes(element),
                    std::move(pack), emitSums());
}

//===----------------------------------------------------------------------===//
// Entry
//===----------------------------------------------------------------------===//

double kernels::weightsByImagesCost(const TargetDescription &target,
                                    const WeightGradientSpec &spec) {
  ImagesPlan plan(spec, target);
  double positions = double(spec.rows.result) * spec.columns.result;
  double weights = double(plan.channels) * spec.inputs * tapsOf(spec);
  double given = positions, windows = 0, unpooled = 0;
  if (spec.pool) {
    windows = double(spec.pool->rows.result) * spec.pool->columns.result;
    given = 2 * windows;
    unpooled = positions * plan.outputTiles * plan.channels * 2;
  }
  double stack = (plan.channels * positions + weights + 2 * windows) *
                 plan.lanes * storageBytes(spec.element);
  if (stack > stackBytes || spec.rows.low < 0 || spec.columns.low < 0)
    return std::numeric_limits<double>::infinity();
  // Five cycles a vector that is turned, two one that is unpooled, two a vector
  // of sums for each tile of images, and five to add up its lanes.
  double turned = double(plan.height) * plan.width * spec.inputs *
                      (spec.sourceInTiles() ? 1 : 5) +
                  given * plan.outputTiles * plan.channels *
                      (spec.gradientInTiles() ? 1 : 5);
  return spec.parts * spec.groups *
         (plan.imageTiles * (positions * plan.step + turned + unpooled +
                             plan.outputTiles * weights * 2) +
          plan.outputTiles * weights * 5);
}

Expected<Kernels> kernels::emitWeightsByImages(ModuleOp module,
                                               const TargetDescription &target,
                                               const WeightGradientSpec &spec) {
  return ImagesEmitter(module, target, spec).emit();
}

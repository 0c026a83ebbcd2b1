//===- ConvolutionImages.cpp - Convolution, images in vectors -------------===//
//
// Lanes are images, weights are broadcast: any number of channels fills the
// register tile, a position takes the taps that meet the source there and no
// others, and strides or a stretched source cost nothing. Packed are
//
//   source   [tile of images][group][row][column][channel][image]
//   weights  [group][tile of outputs][p][q][channel][output]
//
// and the sums of a tile of images are turned back at the end. Images that lie
// in tiles already, a vector each, are read and written where they are.
//
//===----------------------------------------------------------------------===//

#include "ConvolutionImages.h"
#include "ConvolutionItems.h"
#include "ImageEmitter.h"
#include <limits>
#include <numeric>

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Elements packed below which a further thread costs more than it gains.
static constexpr int64_t packGrain = 4096;
/// Bytes of sums on the stack.
static constexpr int64_t sumBytes = 96 << 10;

/// Elements apart that are not fetched by the way.
static constexpr int64_t farElements = 64;
/// How many channels ahead of the products panels are asked for.
static constexpr int64_t prefetchChannels = 32;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Pairs of a tap and a position that meet the source.
static int64_t meetings(const Sliding &sliding) {
  int64_t sum = 0;
  for (int64_t p = 0; p < sliding.taps; ++p)
    for (int64_t i = 0; i < sliding.result; ++i) {
      int64_t at = i * sliding.stride - sliding.low + p * sliding.dilation;
      sum += at >= 0 && at % sliding.stretch == 0 &&
             at / sliding.stretch < sliding.source;
    }
  return sum;
}

ImagePlan::ImagePlan(const ConvolutionSpec &spec,
                     const TargetDescription &target) {
  int64_t bytes = storageBytes(spec.element);
  lanes = target.lanes(bytes);
  int64_t images = spec.images.capacity;
  int64_t all = ceilDiv(images, lanes);
  for (int64_t v = 1; v <= std::min<int64_t>(8, all); ++v) {
    // Of tiles in memory there are no more than these.
    if (spec.usesTiles() && all % v != 0)
      continue;
    for (int64_t r = 1; r <= spec.outputs; ++r) {
      if (r * v + v + 1 > target.vectorRegisters)
        break;
      // Two multiply-adds or loads a cycle, four cycles of latency.
      double streamed = (v + ceilDiv(r, lanes)) * 0.3;
      double cycles =
          std::max({r * v / 2.0, (r + v) / 2.0, 4.0}) + 0.5 + streamed;
      double sum = double(ceilDiv(spec.outputs, r)) *
                   ceilDiv(images, v * lanes) * cycles;
      if (step == 0 || sum < step) {
        step = sum;
        outputs = r;
        vectors = v;
      }
    }
  }
  imageTiles = ceilDiv(images, this->images());
  outputTiles = ceilDiv(spec.outputs, outputs);
  int64_t row = spec.columns.result * outputs * this->images() * bytes;
  chunkRows = std::clamp<int64_t>(sumBytes / row, 1, spec.rows.result);
  // Before a pool, whole windows.
  int64_t band = spec.pool ? spec.pool->rows.stride : 1;
  int64_t bands = ceilDiv(spec.rows.result, band);
  chunks = ceilDiv(bands, std::max<int64_t>(1, chunkRows / band));
  chunkRows = ceilDiv(bands, chunks) * band;
  chunks = ceilDiv(spec.rows.result, chunkRows);
  chunk = chunkRows * spec.columns.result;

  // The source's rows of a chunk, in half of the second cache.
  int64_t rows =
      std::min(spec.rows.source, ((chunkRows - 1) * spec.rows.stride +
                                  (spec.rows.taps - 1) * spec.rows.dilation) /
                                         spec.rows.stretch +
                                     1);
  int64_t most = target.l2Bytes / 2 /
                 (rows * spec.columns.source * this->images() * bytes);
  inputs = std::clamp<int64_t>(most, std::min<int64_t>(32, spec.inputs),
                               spec.inputs);
  inputs = ceilDiv(spec.inputs, ceilDiv(spec.inputs, inputs));
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

void ImageEmitter::packSource(KernelBuilder &kernel) {
  int64_t lanes = plan.lanes, count = plane();
  int64_t pieces = ceilDiv(count, lanes), live = std::min(lanes, count);
  int64_t all = spec.groups * spec.inputs;
  bool ragged =
      !spec.images.isStatic() || spec.images.capacity % plan.images() != 0;
  auto [low, high] = kernel.share(
      kernel.mul(imageTiles(kernel), pieces * spec.groups),
      plan.imageTiles * pieces * spec.groups, 1,
      std::max<int64_t>(1, packGrain / (live * spec.inputs * plan.images())));
  Value images = kernel.bound(spec.images);
  kernel.loop(low, high, 1, [&](Value number) {
    Value piece = kernel.rem(number, kernel.constant(pieces));
    Value panel = kernel.div(number, kernel.constant(pieces));
    Value group = kernel.rem(panel, kernel.constant(spec.groups));
    Value tile = kernel.div(panel, kernel.constant(spec.groups));
    Value at = kernel.mul(piece, lanes);
    if (count > lanes && count % lanes != 0)
      at = kernel.min(at, kernel.constant(count - lanes));
    Value first = kernel.mul(tile, plan.images());
    Value begin =
        kernel.pointer(kernel.function.getArgument(spec.source), element,
                       kernel.add(kernel.mul(group, spec.inputs * count), at));
    Value to =
        kernel.pointer(kernel.scratch, element,
                       kernel.mul(kernel.add(kernel.mul(panel, count), at),
                                  spec.inputs * plan.images()));
    for (int64_t v = 0; v < plan.images(); v += lanes) {
      Value image = kernel.add(first, v);
      Value row =
          kernel.pointer(begin, element, kernel.mul(image, all * count));
      Value place = kernel.pointer(to, element, kernel.constant(v));
      kernel.loop(kernel.constant(0), kernel.constant(spec.inputs), 1,
                  [&](Value channel) {
                    Turn turn;
                    turn.from = kernel.pointer(row, element,
                                               kernel.mul(channel, count));
                    turn.fromStride = kernel.constant(all * count);
                    turn.to = kernel.pointer(
                        place, element, kernel.mul(channel, plan.images()));
                    turn.toStride =
                        kernel.constant(spec.inputs * plan.images());
                    turn.columns = kernel.constant(live);
                    // Behind the last image that one stands again.
                    if (ragged)
                      turn.rows = kernel.sub(images, image);
                    kernel.turn(element, lanes, turn);
                  });
    }
  });
}

void ImageEmitter::packWeights(KernelBuilder &kernel) {
  const auto &strides = spec.weights.strides;
  int64_t taps = spec.rows.taps * spec.columns.taps;
  Value target = kernel.pointer(kernel.scratch, element,
                                kernel.constant(sourceElements()));
  int64_t items = spec.groups * plan.outputTiles * spec.inputs;
  auto [low, high] =
      kernel.share(kernel.constant(items), items, 1,
                   std::max<int64_t>(1, packGrain / (plan.outputs * taps)));
  kernel.loop(low, high, 1, [&](Value number) {
    Value channel = kernel.rem(number, kernel.constant(spec.inputs));
    Value panel = kernel.div(number, kernel.constant(spec.inputs));
    Value tile = kernel.rem(panel, kernel.constant(plan.outputTiles));
    Value group = kernel.div(panel, kernel.constant(plan.outputTiles));
    Value from = kernel.add(
        kernel.add(kernel.mul(group, strides[0]),
                   kernel.mul(firstOutput(kernel, tile), strides[1])),
        kernel.add(kernel.mul(channel, strides[2]), spec.weights.offset));
    Value to =
        kernel.mul(kernel.add(kernel.mul(panel, taps * spec.inputs), channel),
                   plan.outputStride());
    // Windows of later channels that lie far off.
    if (strides[2] >= farElements)
      for (int64_t o = 0; o < plan.outputs; ++o)
        kernel.prefetch(
            kernel.pointer(kernel.pointerOf(spec.weights), element, from),
            element, 4 * strides[2] + o * strides[1], 1);
    kernel.loop(
        kernel.constant(0), kernel.constant(spec.rows.taps), 1, [&](Value p) {
          kernel.loop(
              kernel.constant(0), kernel.constant(spec.columns.taps), 1,
              [&](Value q) {
                Value source =
                    kernel.add(from, kernel.add(kernel.mul(p, strides[3]),
                                                kernel.mul(q, strides[4])));
                Value tap = kernel.add(kernel.mul(p, spec.columns.taps), q);
                Value begin = kernel.pointer(kernel.pointerOf(spec.weights),
                                             element, source);
                Value place = kernel.pointer(
                    target, element,
                    kernel.add(to, kernel.mul(tap, spec.inputs *
                                                       plan.outputStride())));
                for (int64_t o = 0; o < plan.outputs; ++o)
                  kernel.store(kernel.load(begin, element,
                                           kernel.constant(o * strides[1]),
                                           Lanes{1}),
                               place, kernel.constant(o), Lanes{1});
              });
        });
  });
}

Expected<func::FuncOp> ImageEmitter::emitPack() {
  KernelBuilder kernel(module, target, spec.name + "_pack", spec.buffers, true);
  if (!sourceInTiles())
    packSource(kernel);
  packWeights(kernel);
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return kernel.function;
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// The taps p at which (at * stride - low + p * dilation) / stretch is a whole
/// number and inside of the source.
static Taps tapsAt(KernelBuilder &kernel, const Sliding &sliding, Value at) {
  int64_t common = std::gcd(sliding.stretch, sliding.dilation);
  Taps taps;
  taps.tapStep = sliding.stretch / common;
  taps.sourceStep = sliding.dilation / common;
  Value zero = kernel.constant(0), stretch = kernel.constant(sliding.stretch);
  Value base = kernel.add(kernel.mul(at, sliding.stride), -sliding.low);

  // The first tap at a whole element, by the remainder of the position.
  Value whole = zero;
  if (sliding.stretch > 1) {
    int64_t shift = ceilDiv(std::max<int64_t>(sliding.low, 0), sliding.stretch);
    Value remainder =
        kernel.rem(kernel.add(base, shift * sliding.stretch), stretch);
    whole = kernel.constant(sliding.taps);
    for (int64_t tap = std::min(taps.tapStep, sliding.taps); tap-- > 0;) {
      int64_t met =
          (sliding.stretch - tap * sliding.dilation % sliding.stretch) %
          sliding.stretch;
      Value other = kernel.add(remainder, -met);
      // Zero is below one and not below zero.
      whole = kernel.select(
          kernel.less(zero, other), whole,
          kernel.select(kernel.less(other, zero), whole, kernel.constant(tap)));
    }
  }
  Value dilation = kernel.constant(sliding.dilation);
  Value missing =
      kernel.sub(kernel.sub(zero, base), kernel.mul(whole, sliding.dilation));
  Value skipped = kernel.select(
      kernel.less(zero, missing),
      kernel.ceilDiv(missing, kernel.constant(sliding.dilation * taps.tapStep)),
      zero);
  taps.tap = kernel.add(whole, kernel.mul(skipped, taps.tapStep));
  Value room =
      kernel.sub(kernel.constant((sliding.source - 1) * sliding.stretch), base);
  Value last = kernel.select(kernel.less(room, zero), kernel.constant(-1),
                             kernel.div(room, dilation));
  Value beyond = kernel.min(kernel.add(last, 1), kernel.constant(sliding.taps));
  taps.count = kernel.select(kernel.less(taps.tap, beyond),
                             kernel.ceilDiv(kernel.sub(beyond, taps.tap),
                                            kernel.constant(taps.tapStep)),
                             zero);
  taps.source = kernel.div(
      kernel.add(base, kernel.mul(taps.tap, sliding.dilation)), stretch);
  return taps;
}

ImageEmitter::Item ImageEmitter::itemAt(KernelBuilder &kernel, Value number) {
  Item item;
  auto split = [&](int64_t extent) {
    Value part = kernel.rem(number, kernel.constant(extent));
    number = kernel.div(number, kernel.constant(extent));
    return part;
  };
  Value outputTile = split(plan.outputTiles);
  item.chunk = split(plan.chunks);
  item.group = split(spec.groups);
  item.tile = number;
  item.channel = firstOutput(kernel, outputTile);
  item.again = kernel.sub(kernel.mul(outputTile, plan.outputs), item.channel);
  Value panel = kernel.add(kernel.mul(item.tile, spec.groups), item.group);
  item.source = kernel.pointer(
      sourceInTiles() ? kernel.function.getArgument(spec.source)
                      : kernel.scratch,
      element, kernel.mul(panel, plane() * spec.inputs * plan.images()));
  Value weights =
      kernel.add(kernel.mul(item.group, plan.outputTiles), outputTile);
  item.weights = kernel.pointer(
      kernel.pointer(kernel.scratch, element,
                     kernel.constant(sourceElements())),
      element,
      kernel.mul(weights, spec.rows.taps * spec.columns.taps * spec.inputs *
                              plan.outputStride()));
  return item;
}

/// Sums the input channels from \p first on, of all taps that meet \p column of
/// a row that \p rows meet, at \p place.
void ImageEmitter::emitPosition(KernelBuilder &kernel, const Item &item,
                                const Taps &rows, Value column, Value place,
                                Value first) {
  Taps columns = tapsAt(kernel, spec.columns, column);
  int64_t sourceTap = spec.inputs * channelStride();
  int64_t weightTap = spec.inputs * plan.outputStride();
  Value position =
      kernel.add(kernel.mul(rows.source, spec.columns.source), columns.source);
  Value from = kernel.pointer(item.source, element,
                              kernel.add(kernel.mul(position, sourceTap),
                                         kernel.mul(first, channelStride())));
  Value tap = kernel.add(kernel.mul(rows.tap, spec.columns.taps), columns.tap);
  Value by = kernel.pointer(item.weights, element,
                            kernel.add(kernel.mul(tap, weightTap),
                                       kernel.mul(first, plan.outputStride())));

  bool pieces = plan.inputs != spec.inputs;
  auto at = [&](int64_t o, int64_t v) {
    return kernel.constant(o * plan.images() + v * plan.lanes);
  };
  SmallVector<Value> carried;
  for (int64_t o = 0; o < plan.outputs; ++o)
    for (int64_t v = 0; v < plan.vectors; ++v)
      carried.push_back(
          pieces ? kernel.load(place, element, at(o, v), Lanes{plan.lanes})
                 : kernel.splatConstant(element, plan.lanes, 0));
  carried.append({from, by});
  auto step = [&](Value, ValueRange values) {
    SmallVector<Value> next(values), factors;
    Value x = values[values.size() - 2], w = values.back();
    for (int64_t v = 0; v < (sourceInTiles() ? plan.vectors : 1); ++v)
      kernel.prefetch(x, element,
                      v * vectorStride() + prefetchChannels * channelStride(),
                      channelStride());
    kernel.prefetch(w, element, prefetchChannels * plan.outputStride(),
                    plan.outputStride());
    for (int64_t v = 0; v < plan.vectors; ++v)
      factors.push_back(kernel.load(
          x, element, kernel.constant(v * vectorStride()), Lanes{plan.lanes}));
    for (int64_t o = 0; o < plan.outputs; ++o) {
      Value factor = kernel.splat(
          kernel.loadScalar(w, element, kernel.constant(o)), plan.lanes);
      for (int64_t v = 0; v < plan.vectors; ++v) {
        Value &sum = next[o * plan.vectors + v];
        sum = kernel.fma(factor, factors[v], sum);
      }
    }
    next[next.size() - 2] =
        kernel.pointer(x, element, kernel.constant(channelStride()));
    next.back() =
        kernel.pointer(w, element, kernel.constant(plan.outputStride()));
    return next;
  };
  auto advance = [&](SmallVector<Value> next, ValueRange begin, int64_t source,
                     int64_t weights) {
    next[next.size() - 2] = kernel.pointer(begin[begin.size() - 2], element,
                                           kernel.constant(source));
    next.back() =
        kernel.pointer(begin.back(), element, kernel.constant(weights));
    return next;
  };
  Value channels =
      pieces ? kernel.min(kernel.constant(plan.inputs),
                          kernel.sub(kernel.constant(spec.inputs), first))
             : kernel.constant(spec.inputs);
  // Taps side by side in both operands are one run.
  bool runs = !pieces && columns.tapStep == 1 && columns.sourceStep == 1;
  Value zero = kernel.constant(0);
  SmallVector<Value> results = kernel.loop(
      zero, rows.count, 1, carried,
      [&](Value, ValueRange row) -> SmallVector<Value> {
        SmallVector<Value> next;
        if (runs)
          next = kernel.loop(zero, kernel.mul(columns.count, spec.inputs), 1,
                             row, step);
        else
          next = kernel.loop(zero, columns.count, 1, row,
                             [&](Value, ValueRange tap) -> SmallVector<Value> {
                               return advance(
                                   kernel.loop(zero, channels, 1, tap, step),
                                   tap, columns.sourceStep * sourceTap,
                                   columns.tapStep * weightTap);
                             });
        return advance(std::move(next), row,
                       rows.sourceStep * spec.columns.source * sourceTap,
                       rows.tapStep * spec.columns.taps * weightTap);
      });
  for (int64_t o = 0; o < plan.outputs; ++o)
    for (int64_t v = 0; v < plan.vectors; ++v)
      kernel.store(results[o * plan.vectors + v], place, at(o, v),
                   Lanes{plan.lanes});
}

void ImageEmitter::emitItem(KernelBuilder &kernel, const Item &item) {
  Value zero = kernel.constant(0);
  Value low = kernel.mul(item.chunk, plan.chunkRows);
  Value high = kernel.min(kernel.add(low, plan.chunkRows),
                          kernel.constant(spec.rows.result));
  int64_t place = plan.outputs * plan.images();
  if (plan.inputs != spec.inputs)
    kernel.loop(zero, kernel.constant(plan.chunk * place), plan.lanes,
                [&](Value at) {
                  kernel.store(kernel.splatConstant(element, plan.lanes, 0),
                               sums, at, Lanes{plan.lanes});
                });
  kernel.loop(
      zero, kernel.constant(spec.inputs), plan.inputs, [&](Value first) {
        kernel.loop(low, high, 1, [&](Value row) {
          Taps rows = tapsAt(kernel, spec.rows, row);
          Value begin = kernel.mul(kernel.sub(row, low), spec.columns.result);
          kernel.loop(zero, kernel.constant(spec.columns.result), 1,
                      [&](Value column) {
                        Value at = kernel.mul(kernel.add(begin, column), place);
                        emitPosition(kernel, item, rows, column,
                                     kernel.pointer(sums, element, at), first);
                      });
        });
      });
  bool allInTiles = llvm::all_of(spec.results, [&](const Access &result) {
    return spec.isInTiles(result.buffer);
  });
  if (spec.pool && allInTiles)
    emitTiledPool(kernel, item, low);
  else if (spec.pool)
    emitPool(kernel, item, low);
  else if (allInTiles)
    emitTiledEpilogue(kernel, item, low, high);
  else
    emitEpilogue(kernel, item, low, high);
}

Expected<func::FuncOp> ImageEmitter::emitSums() {
  KernelBuilder kernel(module, target, spec.name, spec.buffers, true);
  // Turning reads whole tiles of positions, and the last vector of a row reads
  // on.
  int64_t lanes = plan.lanes;
  int64_t positions = ceilDiv(plan.chunk, lanes) * lanes;
  sums = kernel.stack(element, positions * plan.outputs * plan.images());
  if (spec.pool) {
    turned = kernel.stack(element, chunkWindows() * lanes + lanes);
    largest = kernel.stack(element, chunkWindows() * lanes);
    if (spec.pool->withIndex)
      places =
          kernel.stack(kernel.builder.getI32Type(), chunkWindows() * lanes);
  } else {
    turned = kernel.stack(element, positions * plan.images() + lanes);
  }
  int64_t perTile = plan.outputTiles * plan.chunks * spec.groups;
  double work = double(meetings(spec.rows)) * meetings(spec.columns) *
                spec.inputs * plan.outputs * plan.images() / plan.chunks;
  forItems(kernel, kernel.mul(imageTiles(kernel), perTile),
           plan.imageTiles * perTile, work,
           [&](Value number) { emitItem(kernel, itemAt(kernel, number)); });
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return kernel.function;
}

Expected<Kernels> ImageEmitter::emit() {
  auto pack = emitPack();
  return inSequence((sourceElements() + weightElements()) *
                        storageBytes(element),
                    std::move(pack), emitSums());
}

//===----------------------------------------------------------------------===//
// Entry
//===----------------------------------------------------------------------===//

double kernels::convolutionByImagesCost(const TargetDescription &target,
                                        const ConvolutionSpec &spec) {
  ImagePlan plan(spec, target);
  int64_t bytes = storageBytes(spec.element);
  // Sums of one row must have room.
  if (plan.chunk * plan.outputs * plan.images() * bytes > 2 * sumBytes)
    return std::numeric_limits<double>::infinity();
  double positions = double(spec.rows.result) * spec.columns.result;
  double results =
      spec.pool ? 2.0 * spec.pool->rows.result * spec.pool->columns.result
                : positions;
  double tiles = double(plan.imageTiles) * plan.outputTiles;
  // Fifteen cycles a vector that is turned, two a weight, and what a position
  // takes apart from its products.
  bool writesTiles = llvm::any_of(spec.results, [&](const Access &result) {
    return spec.isInTiles(result.buffer);
  });
  double source =
      spec.isInTiles(spec.source)
          ? 0
          : double(spec.rows.source) * spec.columns.source * spec.inputs * 5;
  double turned = plan.imageTiles * plan.vectors *
                  (source + results * plan.outputTiles * plan.outputs *
                                (writesTiles ? 1 : 5));
  double weights = double(spec.outputs) * spec.inputs * spec.rows.taps *
                   spec.columns.taps * 2;
  double around = positions * tiles *
                  (60 + plan.outputs * plan.vectors *
                            (2.0 * ceilDiv(spec.inputs, plan.inputs)));
  return spec.groups * (double(meetings(spec.rows)) * meetings(spec.columns) *
                            spec.inputs * plan.step +
                        turned + weights + around);
}

Expected<Kernels>
kernels::emitConvolutionByImages(ModuleOp module,
                                 const TargetDescription &target,
                                 const ConvolutionSpec &spec) {
  return ImageEmitter(module, target, spec).emit();
}

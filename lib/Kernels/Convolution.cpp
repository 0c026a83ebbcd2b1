//===- Convolution.cpp - Direct convolution of planes ---------------------===//

#include "nnc/Kernels/Convolution.h"
#include "ConvolutionImages.h"
#include "ConvolutionItems.h"
#include "ImageEpilogue.h"
#include "Planes.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Taps that are unrolled without a loop.
static constexpr int64_t fewTaps = 12;
/// Bytes of sums on the stack.
static constexpr int64_t sumBytes = 24 << 10;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

namespace {
/// How the positions and output channels of a group are tiled.
struct ConvolutionPlan {
  ConvolutionPlan(const ConvolutionSpec &spec, const TargetDescription &target,
                  const Planes &planes);

  int64_t lanes = 1;
  /// Output channels and vectors of positions of a register tile.
  int64_t channels = 1, vectors = 1;
  /// Cycles that one tap and input channel take at all positions.
  double step = 0;
  /// Positions of a tile, tiles of a chunk, and what there is of all.
  int64_t tile = 1, chunkTiles = 1;
  int64_t tiles = 1, chunks = 1, channelTiles = 1;
  /// Positions of a chunk, and before a pool, rows.
  int64_t chunk = 1, chunkRows = 1;

private:
  void cutBetweenWindows(const ConvolutionSpec &spec, const Planes &planes);
};

class ConvolutionEmitter {
public:
  ConvolutionEmitter(ModuleOp module, const TargetDescription &target,
                     const ConvolutionSpec &spec, const Planes &planes,
                     const ConvolutionPlan &plan)
      : spec(spec), planes(planes), plan(plan), element(spec.element),
        kernel(module, target, spec.name, spec.buffers, !planes.inPlace) {}

  Expected<func::FuncOp> emit();

private:
  /// Positions [low, low + count) of an image, for some output channels of a
  /// group.
  struct Item {
    Value image, group, low, count;
    /// The first channel of the tile and how many before those of the item
    /// the last tile takes again, to stay inside.
    Value channel, again;
    Value source, weights;
  };

  Item itemAt(Value number);
  void emitTile(const Item &item, Value start);
  SmallVector<Value> sumTaps(ValueRange carried, Value source, Value weights);
  void emitEpilogue(const Item &item);
  void emitPool(const Item &item);
  /// Calls \p emit for each output channel of the item with its number, and
  /// where its sums begin.
  void forEachChannel(const Item &item,
                      llvm::function_ref<void(Value, Value)> emit);

  const ConvolutionSpec &spec;
  const Planes &planes;
  const ConvolutionPlan &plan;
  Type element;
  KernelBuilder kernel;
  Value sums;
  int64_t sumStride = 0;
};
} // namespace

/// Picks the register tile with the least time: two multiply-adds or two loads
/// a cycle, four cycles of latency.
ConvolutionPlan::ConvolutionPlan(const ConvolutionSpec &spec,
                                 const TargetDescription &target,
                                 const Planes &planes) {
  lanes = target.lanes(storageBytes(spec.element));
  int64_t positions = planes.positions();
  int64_t across = ceilDiv(positions, lanes);
  double least = 0;
  for (int64_t v = 1; v <= std::min<int64_t>(4, across); ++v)
    for (int64_t c = 1; c <= spec.outputs; ++c) {
      if (c * v + v + 1 > target.vectorRegisters)
        break;
      // Vectors of positions begin anywhere, so they cost two loads.
      double step = std::max({c * v / 2.0, (c + 2 * v) / 2.0, 4.0});
      double cost =
          ceilDiv(across, v) * ceilDiv(spec.outputs, c) * (step + 0.02 * c);
      if (least == 0 || cost < least) {
        least = cost;
        channels = c;
        vectors = v;
      }
    }
  step = least;
  tile = vectors * lanes;
  tiles = ceilDiv(positions, tile);
  channelTiles = ceilDiv(spec.outputs, channels);
  int64_t tileBytes = tile * storageBytes(spec.element);
  int64_t most = std::max<int64_t>(
      1, std::min(sumBytes / (channels * tileBytes),
                  target.l2Bytes / 2 / (spec.inputs * tileBytes)));
  chunks = ceilDiv(tiles, most);
  chunkTiles = ceilDiv(tiles, chunks);
  chunks = ceilDiv(tiles, chunkTiles);
  chunk = chunks == 1 ? positions : chunkTiles * tile;
  chunkRows = spec.rows.result;
  if (spec.pool && chunks > 1)
    cutBetweenWindows(spec, planes);
}

/// Makes chunks hold whole windows of the pool, and a tile at least.
void ConvolutionPlan::cutBetweenWindows(const ConvolutionSpec &spec,
                                        const Planes &planes) {
  int64_t stride = spec.pool->rows.stride, all = spec.pool->rows.result;
  int64_t band = stride * planes.width;
  int64_t bands = std::max(chunk / band, ceilDiv(tile, band));
  chunks = ceilDiv(all, bands);
  chunkRows = std::max(ceilDiv(all, chunks), ceilDiv(tile, band)) * stride;
  chunks = ceilDiv(all * stride, chunkRows);
  chunk = chunks == 1 ? planes.positions() : chunkRows * planes.width;
  chunkTiles = ceilDiv(chunk, tile);
}

ConvolutionEmitter::Item ConvolutionEmitter::itemAt(Value number) {
  Item item;
  auto split = [&](int64_t extent) -> Value {
    if (extent == 1)
      return kernel.constant(0);
    Value part = kernel.rem(number, kernel.constant(extent));
    number = kernel.div(number, kernel.constant(extent));
    return part;
  };
  Value tile = split(plan.channelTiles), chunk = split(plan.chunks);
  item.group = split(spec.groups);
  item.image = number;
  Value first = kernel.mul(tile, plan.channels);
  item.channel = first;
  if (spec.outputs % plan.channels != 0)
    item.channel =
        kernel.min(first, kernel.constant(spec.outputs - plan.channels));
  item.again = kernel.sub(first, item.channel);
  item.low = kernel.mul(chunk, plan.chunk);
  item.count = plan.chunks == 1
                   ? kernel.constant(planes.positions())
                   : kernel.min(kernel.constant(plan.chunk),
                                kernel.sub(kernel.constant(planes.positions()),
                                           item.low));
  Value memory = planes.inPlace ? kernel.function.getArgument(spec.source)
                                : kernel.scratch;
  Value channels = kernel.add(kernel.mul(item.image, spec.groups), item.group);
  item.source = kernel.pointer(
      memory, element,
      kernel.add(kernel.mul(channels, spec.inputs * planes.size), item.low));
  const auto &strides = spec.weights.strides;
  item.weights = kernel.pointer(
      kernel.pointerOf(spec.weights), element,
      kernel.add(kernel.add(kernel.mul(item.group, strides[0]),
                            kernel.mul(item.channel, strides[1])),
                 spec.weights.offset));
  return item;
}

/// Adds the products of all taps of one input channel to \p carried.
SmallVector<Value> ConvolutionEmitter::sumTaps(ValueRange carried, Value source,
                                               Value weights) {
  const auto &strides = spec.weights.strides;
  auto add = [&](MutableArrayRef<Value> sums, Value from, Value by, int64_t p,
                 int64_t q) {
    SmallVector<Value> vectors;
    for (int64_t v = 0; v < plan.vectors; ++v)
      vectors.push_back(kernel.load(
          from, element, kernel.constant(planes.tap(p, q) + v * plan.lanes),
          Lanes{plan.lanes}));
    for (int64_t c = 0; c < plan.channels; ++c) {
      Value weight = kernel.splat(
          kernel.loadScalar(by, element,
                            kernel.constant(c * strides[1] + p * strides[3] +
                                            q * strides[4])),
          plan.lanes);
      for (int64_t v = 0; v < plan.vectors; ++v) {
        Value &sum = sums[c * plan.vectors + v];
        sum = kernel.fma(weight, vectors[v], sum);
      }
    }
  };
  int64_t rows = spec.rows.taps, columns = spec.columns.taps;
  SmallVector<Value> next(carried);
  if (rows * columns <= fewTaps || spec.rows.stride != 1) {
    for (int64_t p = 0; p < rows; ++p)
      for (int64_t q = 0; q < columns; ++q)
        add(next, source, weights, p, q);
    return next;
  }
  next.append({source, weights});
  next = kernel.loop(
      kernel.constant(0), kernel.constant(rows), 1, next,
      [&](Value, ValueRange values) -> SmallVector<Value> {
        SmallVector<Value> result(values);
        Value from = values[values.size() - 2], by = values.back();
        for (int64_t q = 0; q < columns; ++q)
          add(result, from, by, 0, q);
        result[result.size() - 2] =
            kernel.pointer(from, element, kernel.constant(planes.tap(1, 0)));
        result.back() =
            kernel.pointer(by, element, kernel.constant(strides[3]));
        return result;
      });
  next.resize(carried.size());
  return next;
}

void ConvolutionEmitter::emitTile(const Item &item, Value start) {
  Value source = kernel.pointer(item.source, element, start);
  SmallVector<Value> carried(plan.channels * plan.vectors,
                             kernel.splatConstant(element, plan.lanes, 0));
  carried.append({source, item.weights});
  SmallVector<Value> results = kernel.loop(
      kernel.constant(0), kernel.constant(spec.inputs), 1, carried,
      [&](Value, ValueRange values) -> SmallVector<Value> {
        Value from = values[values.size() - 2], by = values.back();
        SmallVector<Value> next = sumTaps(values.drop_back(2), from, by);
        next.push_back(
            kernel.pointer(from, element, kernel.constant(planes.size)));
        next.push_back(kernel.pointer(
            by, element, kernel.constant(spec.weights.strides[2])));
        return next;
      });
  for (int64_t c = 0; c < plan.channels; ++c)
    for (int64_t v = 0; v < plan.vectors; ++v)
      kernel.store(
          results[c * plan.vectors + v], sums,
          kernel.add(start, c * sumStride + plan.tile + v * plan.lanes),
          Lanes{plan.lanes});
}

void ConvolutionEmitter::forEachChannel(
    const Item &item, llvm::function_ref<void(Value, Value)> emit) {
  kernel.loop(item.again, kernel.constant(plan.channels), 1, [&](Value slot) {
    emit(kernel.add(kernel.mul(item.group, spec.outputs),
                    kernel.add(item.channel, slot)),
         kernel.add(kernel.mul(slot, sumStride), plan.tile));
  });
}

void ConvolutionEmitter::emitPool(const Item &item) {
  const PooledImages &pool = *spec.pool;
  int64_t stride = pool.columns.stride, width = pool.columns.result;
  int64_t band = pool.rows.stride * planes.width;
  Value zero = kernel.constant(0), all = kernel.constant(pool.rows.result);
  bool whole = plan.chunks == 1;
  Value firstRow = whole ? zero : kernel.div(item.low, kernel.constant(band));
  Value lastRow =
      whole ? all
            : kernel.min(
                  all, kernel.add(firstRow, plan.chunkRows / pool.rows.stride));
  bool masked = canMask(kernel.target, kernel.buffers, {}, spec.results);
  forEachChannel(item, [&](Value channel, Value slotSums) {
    RowAccesses inputs(kernel, spec.epilogueInputs, {item.image, channel, zero},
                       true);
    kernel.loop(firstRow, lastRow, 1, [&](Value row) {
      RowAccesses outputs(kernel, spec.results, {item.image, channel, row},
                          false);
      Value begin =
          kernel.add(slotSums, kernel.sub(kernel.mul(row, band), item.low));
      vectorLoop(kernel, zero, kernel.constant(width), plan.lanes, masked,
                 width >= plan.lanes, width % plan.lanes != 0,
                 [&](Value column, const Lanes &live) {
                   Value first = kernel.add(begin, kernel.mul(column, stride));
                   PooledValue pooled = emitPooled(
                       kernel, live.width,
                       {spec.epilogueInputs, spec.results, spec.epilogue}, pool,
                       inputs, row, column, 1, [&](int64_t p, int64_t q) {
                         return kernel.load(
                             sums, element,
                             kernel.add(first, p * planes.width + q),
                             Lanes{live.width}, stride);
                       });
                   outputs.store(kernel, 0, pooled.largest, column, live);
                   if (pooled.index)
                     outputs.store(kernel, 1, pooled.index, column, live);
                 });
    });
  });
}

void ConvolutionEmitter::emitEpilogue(const Item &item) {
  int64_t width = spec.columns.result;
  Value zero = kernel.constant(0), rowWidth = kernel.constant(planes.width);
  bool whole = plan.chunks == 1;
  Value firstRow = whole ? zero : kernel.div(item.low, rowWidth);
  Value high = kernel.add(item.low, item.count);
  Value lastRow = whole ? kernel.constant(spec.rows.result)
                        : kernel.ceilDiv(high, rowWidth);

  forEachChannel(item, [&](Value channel, Value slotSums) {
    kernel.loop(firstRow, lastRow, 1, [&](Value row) {
      // Where the row begins among the chunk's positions.
      Value begin = kernel.sub(kernel.mul(row, planes.width), item.low);
      Value from = zero, to = kernel.constant(width);
      if (!whole) {
        Value before = kernel.sub(zero, begin);
        from = kernel.select(kernel.less(before, zero), zero, before);
        to = kernel.min(to, kernel.sub(item.count, begin));
      }
      emitImageEpilogue(kernel, element, plan.lanes,
                        {spec.epilogueInputs, spec.results, spec.epilogue},
                        {item.image, channel, row, sums,
                         kernel.add(slotSums, begin), from, to,
                         !whole || width >= plan.lanes,
                         !whole || width % plan.lanes != 0});
    });
  });
}

Expected<func::FuncOp> ConvolutionEmitter::emit() {
  // A tile before and a vector behind: the last tile of a chunk reaches back,
  // and the last vector of a row reads on.
  sumStride = (plan.chunkTiles + 1) * plan.tile +
              plan.lanes * (spec.pool ? spec.pool->columns.stride : 1);
  sums = kernel.stack(element, plan.channels * sumStride);
  int64_t perImage = spec.groups * plan.chunks * plan.channelTiles;
  double work = double(plan.channels) * plan.chunkTiles * plan.tile *
                spec.inputs * spec.rows.taps * spec.columns.taps;
  Value items = kernel.mul(kernel.bound(spec.images), perImage);
  forItems(
      kernel, items, spec.images.capacity * perImage, work, [&](Value number) {
        Item item = itemAt(number);
        bool reaches = planes.positions() >= plan.tile &&
                       (planes.positions() % plan.tile != 0 ||
                        (plan.chunks > 1 && plan.chunk % plan.tile != 0));
        kernel.loop(
            kernel.constant(0), item.count, plan.tile, [&](Value start) {
              if (reaches)
                start = kernel.min(
                    start, kernel.sub(item.count, kernel.constant(plan.tile)));
              emitTile(item, start);
            });
        if (spec.pool)
          emitPool(item);
        else
          emitEpilogue(item);
      });
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return kernel.function;
}

//===----------------------------------------------------------------------===//
// Checks and packing
//===----------------------------------------------------------------------===//

static Expected<void> check(const ConvolutionSpec &spec) {
  if (!spec.element.isF32() && !spec.element.isF64())
    return fail(ErrorCode::unsupported,
                "a convolution of elements other than f32 and f64");
  std::vector<Extent> over{spec.images, spec.groups * spec.inputs,
                           spec.rows.source, spec.columns.source};
  int64_t image = spec.rows.source * spec.columns.source;
  Access source{
      spec.source,
      {spec.groups * spec.inputs * image, image, spec.columns.source, 1}};
  std::vector<Extent> weights{spec.groups, spec.outputs, spec.inputs,
                              spec.rows.taps, spec.columns.taps};
  auto fits = [](const Sliding &windows, const Sliding &sums) {
    return windows.low == 0 && windows.taps <= windows.stride &&
           (windows.result - 1) * windows.stride + windows.taps <= sums.result;
  };
  if (spec.pool && (!fits(spec.pool->rows, spec.rows) ||
                    !fits(spec.pool->columns, spec.columns)))
    return fail(ErrorCode::internal,
                "windows of a pool that its convolution does not fill");
  std::vector<Extent> results{
      spec.images, spec.groups * spec.outputs,
      spec.pool ? spec.pool->rows.result : spec.rows.result,
      spec.pool ? spec.pool->columns.result : spec.columns.result};
  for (auto [domain, accesses] : {std::pair(over, std::vector{source}),
                                  std::pair(weights, std::vector{spec.weights}),
                                  std::pair(results, spec.epilogueInputs),
                                  std::pair(results, spec.results)})
    if (auto checked = checkAccesses(spec.name, domain, spec.buffers, accesses);
        !checked)
      return checked;
  return {};
}

static std::pair<Planes, ConvolutionPlan>
planesFor(const TargetDescription &target, const ConvolutionSpec &spec) {
  Planes planes(spec.rows, spec.columns, 0);
  ConvolutionPlan plan(spec, target, planes);
  if (planes.positions() >= plan.tile)
    return {planes, plan};
  // Tiles that reach beyond all positions need planes with room behind them.
  planes = Planes(spec.rows, spec.columns, plan.tile);
  return {planes, ConvolutionPlan(spec, target, planes)};
}

bool kernels::convolvesImagesInLanes(const TargetDescription &target,
                                     const ConvolutionSpec &spec) {
  // Loads that cross lines take longer than the plan counts for them.
  double cost = 1.2 * planesFor(target, spec).second.step *
                spec.images.capacity * spec.groups * spec.inputs *
                spec.rows.taps * spec.columns.taps;
  // Vectors of windows take every second element or so of rows.
  if (const auto &pool = spec.pool)
    cost +=
        6.0 * spec.images.capacity * spec.groups * spec.outputs *
        pool->rows.result * pool->rows.taps * pool->columns.taps *
        ceilDiv(pool->columns.result, target.lanes(storageBytes(spec.element)));
  return convolutionByImagesCost(target, spec) < cost;
}

Expected<Kernels> kernels::emitConvolution(ModuleOp module,
                                           const TargetDescription &target,
                                           const ConvolutionSpec &spec) {
  if (auto checked = check(spec); !checked)
    return fail(checked.error());
  if (spec.usesTiles() || convolvesImagesInLanes(target, spec))
    return emitConvolutionByImages(module, target, spec);
  auto [planes, plan] = planesFor(target, spec);
  Kernels kernels;
  if (!planes.inPlace) {
    int64_t channels = spec.groups * spec.inputs;
    // A vector that begins at a tap may end behind its plane.
    kernels.scratchBytes =
        (spec.images.capacity * channels * planes.size + plan.tile) *
        storageBytes(spec.element);
    KernelBuilder kernel(module, target, spec.name + "_pack", spec.buffers,
                         true);
    packPlanes(kernel, planes, spec.element,
               kernel.function.getArgument(spec.source), kernel.scratch,
               kernel.mul(kernel.bound(spec.images), channels),
               spec.images.capacity * channels);
    if (auto finished = kernel.finish(); !finished)
      return fail(finished.error());
    kernels.phases.push_back(kernel.function);
  }
  auto main = ConvolutionEmitter(module, target, spec, planes, plan).emit();
  if (!main)
    return fail(main.error());
  kernels.phases.push_back(*main);
  return kernels;
}

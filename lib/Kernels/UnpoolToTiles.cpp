//===- UnpoolToTiles.cpp - Values of windows in images in vectors ---------===//

#include "ConvolutionItems.h"
#include "TiledImages.h"
#include "nnc/Kernels/Pooling.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Bytes of values and of indices on the stack.
static constexpr int64_t stackBytes = 32 << 10;
/// And of those of one channel at most.
static constexpr int64_t mostBytes = 128 << 10;

namespace {
/// Unpools some channels of a tile at a time.
class UnpoolEmitter {
public:
  UnpoolEmitter(ModuleOp module, const TargetDescription &target,
                const PoolingSpec &spec, ArrayRef<Buffer> buffers,
                std::array<ImageLayout, 3> layouts)
      : spec(spec), layouts(layouts),
        lanes(target.lanes(storageBytes(spec.element))),
        windows(spec.rows.result * spec.columns.result),
        together(std::clamp<int64_t>(
            stackBytes / (windows * lanes * storageBytes(spec.element)), 1,
            spec.channels)),
        kernel(module, target, spec.name, buffers, /*hasScratch=*/false) {}

  Expected<Kernels> emit();

private:
  void emitItem(Value tile, Value channel, Value count);
  void turn(unsigned buffer, Value tile, Value channel, Value count);

  const PoolingSpec &spec;
  std::array<ImageLayout, 3> layouts;
  int64_t lanes, windows;
  /// Channels of an item.
  int64_t together;
  KernelBuilder kernel;
  /// Values and indices that are turned; null: they lie in tiles.
  Value turned[2];
};
} // namespace

/// Turns what \p count channels from \p channel on have of the images of
/// \p tile, and puts zeros where there is no image.
void UnpoolEmitter::turn(unsigned buffer, Value tile, Value channel,
                         Value count) {
  Type type = kernel.buffers[buffer].element;
  Value image = kernel.mul(tile, lanes), to = turned[buffer];
  Value first = kernel.add(kernel.mul(image, spec.channels), channel);
  Turn turn;
  turn.from = kernel.pointer(kernel.function.getArgument(buffer), type,
                             kernel.mul(first, windows));
  turn.fromStride = kernel.constant(spec.channels * windows);
  turn.to = to;
  turn.toStride = kernel.constant(lanes);
  turn.columns = kernel.mul(count, windows);
  turn.rows = kernel.sub(kernel.bound(spec.images), image);
  // Turning only moves bits.
  kernel.turn(isa<FloatType>(type) ? type : kernel.builder.getF32Type(), lanes,
              turn);
  Value live = liveImages(kernel, spec.images, lanes, tile);
  if (!live || !isa<FloatType>(type))
    return;
  Value zeros = kernel.splatConstant(type, lanes, 0);
  kernel.loop(kernel.constant(0), kernel.mul(count, windows * lanes), lanes,
              [&](Value at) {
                Value all = kernel.load(to, type, at, Lanes{lanes});
                kernel.store(kernel.select(live, all, zeros), to, at,
                             Lanes{lanes});
              });
}

/// Unpools \p count channels of \p tile, from \p channel on.
void UnpoolEmitter::emitItem(Value tile, Value channel, Value count) {
  const Sliding &rows = spec.rows, &columns = spec.columns;
  for (unsigned buffer : {0, 1})
    if (turned[buffer])
      turn(buffer, tile, channel, count);
  auto channelsOf = [&](unsigned buffer, int64_t height, int64_t width) {
    if (buffer < 2 && turned[buffer])
      return TiledChannels{turned[buffer], windows * lanes, width * lanes,
                           lanes};
    ImageTiles tiles{layouts[buffer], lanes, spec.channels, height, width};
    return channelsFrom(kernel, buffer, tiles, tile, channel);
  };
  emitTileUnpool(kernel, spec.element, lanes,
                 {rows, columns, /*withIndex=*/true}, rows.source,
                 columns.source, count,
                 channelsOf(0, rows.result, columns.result),
                 channelsOf(1, rows.result, columns.result),
                 channelsOf(2, rows.source, columns.source));
}

Expected<Kernels> UnpoolEmitter::emit() {
  for (unsigned buffer : {0, 1})
    if (layouts[buffer] == ImageLayout::dense)
      turned[buffer] = kernel.stack(kernel.buffers[buffer].element,
                                    together * windows * lanes);
  Extent tiles = spec.images.runsOf(lanes);
  int64_t perTile = (spec.channels + together - 1) / together;
  double work = double(spec.rows.source) * spec.columns.source * lanes;
  forItems(kernel, kernel.mul(kernel.bound(tiles), perTile),
           tiles.capacity * perTile, work * together, [&](Value number) {
             Value tile = kernel.div(number, kernel.constant(perTile));
             Value channel = kernel.mul(
                 kernel.rem(number, kernel.constant(perTile)), together);
             emitItem(tile, channel,
                      kernel.min(
                          kernel.constant(together),
                          kernel.sub(kernel.constant(spec.channels), channel)));
           });
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return Kernels{{kernel.function}, 0};
}

bool kernels::canUnpoolToTiles(const TargetDescription &target,
                               const PoolingSpec &spec) {
  auto isApart = [](const Sliding &windows) {
    return windows.low == 0 && windows.taps <= windows.stride &&
           windows.result * windows.stride <= windows.source;
  };
  int64_t bytes = storageBytes(spec.element);
  return spec.insideWindows && isApart(spec.rows) && isApart(spec.columns) &&
         spec.rows.result * spec.columns.result * target.lanes(bytes) * bytes <=
             mostBytes;
}

Expected<Kernels>
kernels::emitUnpoolToTiles(ModuleOp module, const TargetDescription &target,
                           const PoolingSpec &spec,
                           std::array<ImageLayout, 3> layouts) {
  if (!spec.element.isF32() && !spec.element.isF64())
    return fail(ErrorCode::unsupported,
                "pooling of elements other than f32 and f64");
  int64_t planes = spec.images.capacity * spec.channels;
  int64_t windows = planes * spec.rows.result * spec.columns.result;
  Type i32 = IntegerType::get(module.getContext(), 32);
  return UnpoolEmitter(
             module, target, spec,
             {{spec.element, windows},
              {i32, windows},
              {spec.element, planes * spec.rows.source * spec.columns.source}},
             layouts)
      .emit();
}

//===- TiledImages.cpp - Images that lie in vectors -----------------------===//

#include "TiledImages.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Elements of a window that are unpooled without a loop.
static constexpr int64_t fewElements = 9;

Value kernels::elementOf(KernelBuilder &kernel, const ImageTiles &tiles,
                         const PlaceInTile &place) {
  Value at = kernel.add(kernel.mul(place.row, tiles.rowStride()),
                        kernel.mul(place.column, tiles.columnStride()));
  at = kernel.add(kernel.mul(place.tile, tiles.tileStride()), at);
  return kernel.add(at, kernel.mul(place.channel, tiles.channelStride()));
}

Value kernels::liveImages(KernelBuilder &kernel, const Extent &images,
                          int64_t lanes, Value tile) {
  if (images.isStatic() && images.capacity % lanes == 0)
    return nullptr;
  Value left = kernel.sub(kernel.bound(images), kernel.mul(tile, lanes));
  return kernel.firstLanes(left, lanes).mask;
}

void kernels::storeInTile(KernelBuilder &kernel, Value vector, unsigned buffer,
                          Value at, Value live) {
  Type element = kernel.buffers[buffer].element;
  Lanes lanes{cast<VectorType>(vector.getType()).getNumElements()};
  if (live && isa<FloatType>(element))
    vector = kernel.select(live, vector,
                           kernel.splatConstant(element, lanes.width, 0));
  kernel.store(vector, kernel.function.getArgument(buffer), at, lanes);
}

void kernels::emitTileEpilogue(KernelBuilder &kernel, int64_t lanes,
                               const ImageEpilogue &epilogue,
                               llvm::function_ref<ImageTiles(unsigned)> tilesOf,
                               const PlaceInTile &place, Value sum,
                               Value live) {
  Value zero = kernel.constant(0);
  SmallVector<Value> operands{sum};
  for (const Access &input : epilogue.inputs) {
    Value memory = kernel.pointerOf(input);
    Type type = kernel.elementOf(input);
    if (input.strides[0] != 0) {
      Value at = elementOf(kernel, tilesOf(input.buffer), place);
      operands.push_back(kernel.load(memory, type, at, Lanes{lanes}));
      continue;
    }
    Value of =
        kernel.element(input, {zero, place.channel, place.row, place.column});
    operands.push_back(
        kernel.splat(kernel.loadScalar(memory, type, of), lanes));
  }
  auto indexOf = [&](unsigned dimension) {
    if (dimension == 0)
      return kernel.iota(kernel.mul(place.tile, lanes), lanes);
    Value indices[] = {place.channel, place.row, place.column};
    return kernel.splat(indices[dimension - 1], lanes);
  };
  auto batchOf = [&] { return kernel.batch(); };
  SmallVector<Value> values{sum};
  if (epilogue.body) {
    BodyContext context(kernel.builder, kernel.loc, lanes, operands, indexOf,
                        batchOf);
    values = epilogue.body(context);
  }
  kernel.expectResults(values.size(), epilogue.results.size());
  for (auto [value, result] : llvm::zip(values, epilogue.results))
    storeInTile(kernel, value, result.buffer,
                elementOf(kernel, tilesOf(result.buffer), place), live);
}

TiledChannels kernels::channelsFrom(KernelBuilder &kernel, unsigned buffer,
                                    const ImageTiles &tiles, Value tile,
                                    Value channel) {
  Value zero = kernel.constant(0);
  Value first = elementOf(kernel, tiles, {tile, channel, zero, zero});
  return {kernel.pointer(kernel.function.getArgument(buffer),
                         kernel.buffers[buffer].element, first),
          tiles.channelStride(), tiles.rowStride(), tiles.columnStride()};
}

namespace {
/// Unpools some channels of a tile.
class TileUnpool {
public:
  TileUnpool(KernelBuilder &kernel, Type element, int64_t lanes,
             const PooledImages &pool, Value count, const TiledChannels &to)
      : kernel(kernel), element(element), lanes(lanes), pool(pool),
        count(count), to(to), zero(kernel.constant(0)),
        none(kernel.splatConstant(element, lanes, 0)) {}

  /// Zeros in rows [firstRow, lastRow) of columns [firstColumn, lastColumn).
  void clear(int64_t firstRow, int64_t firstColumn, int64_t lastRow,
             int64_t lastColumn);
  void emitWindow(const TiledChannels &values, const TiledChannels &indices,
                  Value row, Value column);

private:
  Value pixelOf(const TiledChannels &channels, Value row, Value column) {
    return kernel.add(kernel.mul(row, channels.rowStride),
                      kernel.mul(column, channels.columnStride));
  }
  void forChannels(llvm::function_ref<void(Value)> emit) {
    kernel.loop(zero, count, 1, emit);
  }

  KernelBuilder &kernel;
  Type element;
  int64_t lanes;
  const PooledImages &pool;
  Value count;
  const TiledChannels &to;
  Value zero, none;
};
} // namespace

void TileUnpool::clear(int64_t firstRow, int64_t firstColumn, int64_t lastRow,
                       int64_t lastColumn) {
  if (firstRow >= lastRow || firstColumn >= lastColumn)
    return;
  kernel.loop(
      kernel.constant(firstRow), kernel.constant(lastRow), 1, [&](Value i) {
        kernel.loop(kernel.constant(firstColumn), kernel.constant(lastColumn),
                    1, [&](Value j) {
                      Value pixel = pixelOf(to, i, j);
                      forChannels([&](Value c) {
                        kernel.store(
                            none, to.base,
                            kernel.add(pixel, kernel.mul(c, to.channelStride)),
                            Lanes{lanes});
                      });
                    });
      });
}

void TileUnpool::emitWindow(const TiledChannels &values,
                            const TiledChannels &indices, Value row,
                            Value column) {
  OpBuilder &builder = kernel.builder;
  Type i32 = builder.getI32Type();
  Value firstRow = kernel.mul(row, pool.rows.stride);
  Value firstColumn = kernel.mul(column, pool.columns.stride);
  Value first =
      kernel.add(kernel.mul(firstRow, pool.columns.source), firstColumn);
  Value given = pixelOf(values, row, column);
  Value named = pixelOf(indices, row, column);
  Value target = pixelOf(to, firstRow, firstColumn);
  forChannels([&](Value c) {
    auto load = [&](const TiledChannels &from, Type type, Value pixel) {
      return kernel.load(from.base, type,
                         kernel.add(pixel, kernel.mul(c, from.channelStride)),
                         Lanes{lanes});
    };
    Value value = load(values, element, given);
    Value place = load(indices, i32, named);
    Value base = kernel.pointer(
        to.base, element, kernel.add(target, kernel.mul(c, to.channelStride)));
    auto emitElement = [&](Value p, Value q) {
      Value at =
          kernel.add(first, kernel.add(kernel.mul(p, pool.columns.source), q));
      Value narrow = arith::TruncIOp::create(builder, kernel.loc, i32, at);
      Value isNamed =
          arith::CmpIOp::create(builder, kernel.loc, arith::CmpIPredicate::eq,
                                place, kernel.splat(narrow, lanes));
      kernel.store(kernel.select(isNamed, value, none), base, pixelOf(to, p, q),
                   Lanes{lanes});
    };
    int64_t rows = pool.rows.stride, columns = pool.columns.stride;
    if (rows * columns <= fewElements) {
      for (int64_t at = 0; at < rows * columns; ++at)
        emitElement(kernel.constant(at / columns),
                    kernel.constant(at % columns));
      return;
    }
    kernel.loop(zero, kernel.constant(rows), 1, [&](Value p) {
      kernel.loop(zero, kernel.constant(columns), 1,
                  [&](Value q) { emitElement(p, q); });
    });
  });
}

void kernels::emitTileUnpool(KernelBuilder &kernel, Type element, int64_t lanes,
                             const PooledImages &pool, int64_t rows,
                             int64_t columns, Value count,
                             const TiledChannels &values,
                             const TiledChannels &indices,
                             const TiledChannels &to) {
  TileUnpool unpool(kernel, element, lanes, pool, count, to);
  // What no window reaches.
  int64_t reachedRows = pool.rows.result * pool.rows.stride;
  int64_t reachedColumns = pool.columns.result * pool.columns.stride;
  unpool.clear(0, reachedColumns, reachedRows, columns);
  unpool.clear(reachedRows, 0, rows, columns);
  Value zero = kernel.constant(0);
  kernel.loop(zero, kernel.constant(pool.rows.result), 1, [&](Value row) {
    kernel.loop(
        zero, kernel.constant(pool.columns.result), 1,
        [&](Value column) { unpool.emitWindow(values, indices, row, column); });
  });
}

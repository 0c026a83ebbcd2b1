//===- ImageWriteBack.cpp - What becomes of sums of images in vectors -----===//
//
// Sums of a tile of images are turned back into images one by one, or written
// as they are where the results lie in tiles.
//
//===----------------------------------------------------------------------===//

#include "ImageEmitter.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Turns the sums of rows [\p low, \p high), channel by channel, and hands them
/// to the epilogue.
void ImageEmitter::emitEpilogue(KernelBuilder &kernel, const Item &item,
                                Value low, Value high) {
  int64_t lanes = plan.lanes, width = spec.columns.result;
  int64_t stride = llvm::alignTo(plan.chunk, lanes);
  Value zero = kernel.constant(0);
  Value firstImage = kernel.mul(item.tile, plan.images());
  Value images = kernel.min(kernel.constant(plan.images()),
                            kernel.sub(kernel.bound(spec.images), firstImage));
  Value positions = kernel.mul(kernel.sub(high, low), width);
  kernel.loop(item.again, kernel.constant(plan.outputs), 1, [&](Value slot) {
    Value channel = kernel.add(kernel.mul(item.group, spec.outputs),
                               kernel.add(item.channel, slot));
    Value begin =
        kernel.pointer(sums, element, kernel.mul(slot, plan.images()));
    for (int64_t v = 0; v < plan.images(); v += lanes)
      kernel.loop(zero, positions, lanes, [&](Value at) {
        Value from = kernel.pointer(
            begin, element, kernel.mul(at, plan.outputs * plan.images()));
        Turn turn;
        turn.from = kernel.pointer(from, element, kernel.constant(v));
        turn.fromStride = kernel.constant(plan.outputs * plan.images());
        turn.to = kernel.pointer(turned, element, kernel.add(at, v * stride));
        turn.toStride = kernel.constant(stride);
        turn.columns = kernel.constant(lanes);
        kernel.turn(element, lanes, turn);
      });
    kernel.loop(zero, images, 1, [&](Value image) {
      Value row0 = kernel.mul(image, stride);
      kernel.loop(low, high, 1, [&](Value row) {
        Value at = kernel.add(row0, kernel.mul(kernel.sub(row, low), width));
        emitImageEpilogue(kernel, element, lanes,
                          {spec.epilogueInputs, spec.results, spec.epilogue},
                          {kernel.add(firstImage, image), channel, row, turned,
                           at, zero, kernel.constant(width), width >= lanes,
                           width % lanes != 0});
      });
    });
  });
}

/// Hands the sums of rows [\p low, \p high) to an epilogue whose results lie in
/// tiles.
void ImageEmitter::emitTiledEpilogue(KernelBuilder &kernel, const Item &item,
                                     Value low, Value high) {
  int64_t lanes = plan.lanes, width = spec.columns.result;
  auto tilesOf = [&](unsigned buffer) { return resultTiles(buffer); };
  Value zero = kernel.constant(0);
  kernel.loop(zero, kernel.constant(plan.vectors), 1, [&](Value v) {
    Value tile = kernel.add(kernel.mul(item.tile, plan.vectors), v);
    Value live = liveImages(kernel, spec.images, lanes, tile);
    Value begin = kernel.pointer(sums, element, kernel.mul(v, lanes));
    auto emitSum = [&](Value row, Value column, Value position, Value slot) {
      Value at = kernel.add(kernel.mul(position, plan.outputs), slot);
      Value sum = kernel.load(begin, element, kernel.mul(at, plan.images()),
                              Lanes{lanes});
      emitTileEpilogue(
          kernel, lanes, {spec.epilogueInputs, spec.results, spec.epilogue},
          tilesOf, {tile, kernel.add(item.channel, slot), row, column}, sum,
          live);
    };
    kernel.loop(low, high, 1, [&](Value row) {
      Value first = kernel.mul(kernel.sub(row, low), width);
      kernel.loop(
          item.again, kernel.constant(plan.outputs), 1, [&](Value slot) {
            kernel.loop(zero, kernel.constant(width), 1, [&](Value column) {
              emitSum(row, column, kernel.add(first, column), slot);
            });
          });
    });
  });
}

/// Pools the window (\p row, \p column) of the sums at \p begin, which are from
/// row \p low on.
PooledValue ImageEmitter::poolAt(KernelBuilder &kernel,
                                 const RowAccesses &inputs, Value begin,
                                 Value low, Value row, Value column) {
  const PooledImages &pool = *spec.pool;
  Value sumRow = kernel.sub(kernel.mul(row, pool.rows.stride), low);
  Value first = kernel.add(kernel.mul(sumRow, spec.columns.result),
                           kernel.mul(column, pool.columns.stride));
  return emitPooled(
      kernel, plan.lanes, {spec.epilogueInputs, spec.results, spec.epilogue},
      pool, inputs, row, column, 0, [&](int64_t p, int64_t q) {
        Value position = kernel.add(first, p * spec.columns.result + q);
        return kernel.load(begin, element,
                           kernel.mul(position, plan.outputs * plan.images()),
                           Lanes{plan.lanes});
      });
}

/// Pools the sums of the rows from \p low on into tiles.
void ImageEmitter::emitTiledPool(KernelBuilder &kernel, const Item &item,
                                 Value low) {
  const PooledImages &pool = *spec.pool;
  int64_t lanes = plan.lanes, rows = plan.chunkRows / pool.rows.stride;
  Value zero = kernel.constant(0);
  Value firstRow = kernel.mul(item.chunk, rows);
  Value lastRow =
      kernel.min(kernel.add(firstRow, rows), kernel.constant(pool.rows.result));
  auto emitRow = [&](Value tile, Value live, Value begin, Value row,
                     Value channel) {
    RowAccesses inputs(kernel, spec.epilogueInputs, {zero, channel, zero},
                       true);
    kernel.loop(
        zero, kernel.constant(pool.columns.result), 1, [&](Value column) {
          PooledValue pooled = poolAt(kernel, inputs, begin, low, row, column);
          Value vectors[] = {pooled.largest, pooled.index};
          for (auto [result, vector] : llvm::zip(spec.results, vectors))
            storeInTile(kernel, vector, result.buffer,
                        elementOf(kernel, resultTiles(result.buffer),
                                  {tile, channel, row, column}),
                        live);
        });
  };
  kernel.loop(zero, kernel.constant(plan.vectors), 1, [&](Value v) {
    Value tile = kernel.add(kernel.mul(item.tile, plan.vectors), v);
    Value live = liveImages(kernel, spec.images, lanes, tile);
    Value begin = kernel.pointer(sums, element, kernel.mul(v, lanes));
    kernel.loop(firstRow, lastRow, 1, [&](Value row) {
      kernel.loop(item.again, kernel.constant(plan.outputs), 1,
                  [&](Value slot) {
                    emitRow(tile, live,
                            kernel.pointer(begin, element,
                                           kernel.mul(slot, plan.images())),
                            row, kernel.add(item.channel, slot));
                  });
    });
  });
}

/// Pools the sums of the rows from \p low on, before they are turned.
void ImageEmitter::emitPool(KernelBuilder &kernel, const Item &item,
                            Value low) {
  const PooledImages &pool = *spec.pool;
  int64_t lanes = plan.lanes, width = pool.columns.result;
  int64_t stride = chunkWindows(), rows = plan.chunkRows / pool.rows.stride;
  Value zero = kernel.constant(0);
  Value firstRow = kernel.mul(item.chunk, rows);
  Value lastRow =
      kernel.min(kernel.add(firstRow, rows), kernel.constant(pool.rows.result));
  Value count = kernel.mul(kernel.sub(lastRow, firstRow), width);
  bool masked = canMask(kernel.target, kernel.buffers, {}, spec.results);

  // Turns a vector of images for each window and copies them image by image.
  auto give = [&](unsigned number, Value memory, Type type, Value image,
                  Value live, Value channel) {
    kernel.loop(zero, count, lanes, [&](Value at) {
      Turn turn;
      turn.from = kernel.pointer(memory, type, kernel.mul(at, lanes));
      turn.fromStride = turn.columns = kernel.constant(lanes);
      turn.to = kernel.pointer(turned, type, at);
      turn.toStride = kernel.constant(stride);
      // Turning only moves bits.
      kernel.turn(isa<FloatType>(type) ? type : kernel.builder.getF32Type(),
                  lanes, turn);
    });
    const Access &result = spec.results[number];
    kernel.loop(zero, live, 1, [&](Value lane) {
      Value to = kernel.element(
          result, {kernel.add(image, lane), channel, firstRow, zero});
      Value from = kernel.mul(lane, stride);
      vectorLoop(kernel, zero, count, lanes, masked, rows * width >= lanes,
                 true, [&](Value at, const Lanes &part) {
                   kernel.store(kernel.load(turned, type, kernel.add(from, at),
                                            Lanes{part.width}),
                                result, kernel.add(to, at), part);
                 });
    });
  };

  Value firstImage = kernel.mul(item.tile, plan.images());
  kernel.loop(item.again, kernel.constant(plan.outputs), 1, [&](Value slot) {
    Value channel = kernel.add(kernel.mul(item.group, spec.outputs),
                               kernel.add(item.channel, slot));
    RowAccesses inputs(kernel, spec.epilogueInputs, {firstImage, channel, zero},
                       true);
    for (int64_t v = 0; v < plan.images(); v += lanes) {
      Value tile = kernel.add(kernel.mul(item.tile, plan.vectors), v / lanes);
      Value liveLanes = liveImages(kernel, spec.images, lanes, tile);
      // Into the tiles of the result, or on the stack, to be turned.
      auto keep = [&](unsigned number, Value vector, Value row, Value column) {
        unsigned buffer = spec.results[number].buffer;
        if (spec.isInTiles(buffer))
          return storeInTile(kernel, vector, buffer,
                             elementOf(kernel, resultTiles(buffer),
                                       {tile, channel, row, column}),
                             liveLanes);
        Value at = kernel.mul(kernel.sub(row, firstRow), width);
        kernel.store(vector, number == 0 ? largest : places,
                     kernel.mul(kernel.add(at, column), lanes), Lanes{lanes});
      };
      Value begin = kernel.pointer(
          sums, element, kernel.add(kernel.mul(slot, plan.images()), v));
      kernel.loop(firstRow, lastRow, 1, [&](Value row) {
        kernel.loop(zero, kernel.constant(width), 1, [&](Value column) {
          PooledValue pooled = poolAt(kernel, inputs, begin, low, row, column);
          keep(0, pooled.largest, row, column);
          if (pooled.index)
            keep(1, pooled.index, row, column);
        });
      });
      Value image = kernel.add(firstImage, v);
      Value live = kernel.min(kernel.constant(lanes),
                              kernel.sub(kernel.bound(spec.images), image));
      if (!spec.isInTiles(spec.results[0].buffer))
        give(0, largest, element, image, live, channel);
      if (pool.withIndex && !spec.isInTiles(spec.results[1].buffer))
        give(1, places, kernel.builder.getI32Type(), image, live, channel);
    }
  });
}

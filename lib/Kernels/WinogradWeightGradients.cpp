//===- WinogradWeightGradients.cpp - By minimal filtering -----------------===//
//
// The adjoint of F(m x m, 3 x 3) in its weights: elements of the source are
// transformed as there, gradients of m x m results by the adjoint of the
// products' transform; their products, summed over all tiles of all images, are
// the gradients by the transformed weights. A place of a panel is
// [point][image of the block][strip][tile], a strip being a row of tiles.
//
//===----------------------------------------------------------------------===//

#include "ConvolutionItems.h"
#include "WeightGradients.h"
#include "WeightPanels.h"
#include "WinogradStrip.h"
#include "WinogradTransforms.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Tiles of input channels that read a block of gradients together, at most.
static constexpr int64_t mostTogether = 4;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

namespace {
/// One operand of the transforms: rows of a strip's tiles, from which place of
/// the source on, and what is done to them.
struct Strips {
  WinogradTransform transform;
  /// Rows and columns that a tile reads; those before the first row and column
  /// of the image.
  int64_t side, rowsBefore, columnsBefore;
};

class WinogradGradientEmitter : WeightPanels {
public:
  WinogradGradientEmitter(ModuleOp module, const TargetDescription &target,
                          const WeightGradientSpec &spec)
      : WeightPanels(module, target, spec,
                     ChannelPlan(spec, target, pointsOf(spec)),
                     pointsOf(spec) * tilesOf(spec),
                     pointsOf(spec) * tilesOf(spec), pointsOf(spec)) {
    int64_t groups = ceilDiv(plan.inputTiles, mostTogether);
    together = ceilDiv(plan.inputTiles, groups);
  }

  Expected<Kernels> emit();

private:
  static int64_t pointsOf(const WeightGradientSpec &spec) {
    return (spec.tile + 2) * (spec.tile + 2);
  }
  static int64_t tilesOf(const WeightGradientSpec &spec) {
    return ceilDiv(spec.rows.result, spec.tile) *
           ceilDiv(spec.columns.result, spec.tile);
  }
  int64_t points() const { return pointsOf(spec); }
  int64_t strips() const { return ceilDiv(spec.rows.result, spec.tile); }
  int64_t tilesAcross() const {
    return ceilDiv(spec.columns.result, spec.tile);
  }

  /// Places of a point in a block: one more than it has tiles, since points a
  /// power of two apart would meet in few sets of the cache.
  Value placesOf(KernelBuilder &kernel, const Block &block) const {
    return kernel.add(kernel.mul(block.count, tilesOf(spec)), 1);
  }
  Expected<func::FuncOp> emitTransforms();
  void transform(KernelBuilder &kernel, const Panels &panels,
                 const Strips &strips, Value work);
  Expected<func::FuncOp> emitProducts();
  void emitItem(KernelBuilder &kernel, Value number);
  void emitPoint(KernelBuilder &kernel, Value place, Value from, Value by,
                 Value count);
  void emitWeights(KernelBuilder &kernel, Value sums);

  /// Elements of a row of a strip, with what is around.
  int64_t widthOf(const Strips &strips) const {
    return tilesAcross() * spec.tile + strips.side - spec.tile;
  }
  int64_t sumsOfTile() const { return plan.inputs * points() * plan.outputs(); }

  /// Tiles of input channels of an item.
  int64_t together = 1;
  /// On the stack: sums of an item, a square, weights of a tile.
  Value sums, work, weights;
};
} // namespace

//===----------------------------------------------------------------------===//
// Transforms
//===----------------------------------------------------------------------===//

/// Fills this thread's share of \p panels.
void WinogradGradientEmitter::transform(KernelBuilder &kernel,
                                        const Panels &panels,
                                        const Strips &strips, Value work) {
  int64_t lanes = plan.lanes, width = widthOf(strips);
  // What does not stay near until it is read need not come near.
  bool isFar = scratchBytes() > kernel.target.l2Bytes;
  Value zero = kernel.constant(0);
  WinogradStrip shape{spec.tile,           strips.side,    width,
                      panels.rows,         panels.columns, strips.rowsBefore,
                      strips.columnsBefore};
  Value padded = openStrip(kernel, element, lanes, shape);
  eachImage(
      kernel, panels,
      [&](const Block &block, Value panel, Value image, Value from) {
        // From one point to the next.
        Value step = kernel.mul(placesOf(kernel, block), panels.stride);
        for (int64_t sub = 0; sub < panels.stride; sub += lanes)
          kernel.loop(
              zero, kernel.constant(this->strips()), 1, [&](Value strip) {
                // What stands behind the tile's channels nobody reads.
                fillStrip(kernel, element, lanes, shape, strip, from, sub,
                          panels.tile, padded);
                Value first = kernel.mul(
                    kernel.add(kernel.mul(image, this->strips()), strip),
                    tilesAcross());
                kernel.loop(
                    zero, kernel.constant(tilesAcross()), 1, [&](Value tile) {
                      Value begin = kernel.pointer(
                          padded, element, kernel.mul(tile, spec.tile * lanes));
                      Value to = kernel.pointer(
                          panel, element,
                          kernel.add(kernel.mul(kernel.add(first, tile),
                                                panels.stride),
                                     sub));
                      emitTransform(
                          kernel, element, lanes, strips.transform, spec.tile,
                          {[&](int64_t row, Value column) {
                             return kernel.load(
                                 begin, element,
                                 kernel.add(kernel.mul(column, lanes),
                                            row * width * lanes),
                                 Lanes{lanes});
                           },
                           [&](Value row, int64_t column, Value value) {
                             Value point = kernel.add(
                                 kernel.mul(row, spec.tile + 2), column);
                             Value at = kernel.mul(point, step);
                             if (isFar)
                               kernel.storeFar(value, to, at);
                             else
                               kernel.store(value, to, at, Lanes{lanes});
                           },
                           work});
                    });
              });
      });
}

Expected<func::FuncOp> WinogradGradientEmitter::emitTransforms() {
  KernelBuilder kernel(module, target, spec.name + "_transforms", buffers,
                       true);
  Value square = kernel.stack(element, points() * plan.lanes);
  transform(kernel, source,
            {WinogradTransform::elements, spec.tile + 2, spec.rows.low,
             spec.columns.low},
            square);
  transform(kernel, gradient,
            {WinogradTransform::resultGradients, spec.tile, 0, 0}, square);
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return kernel.function;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Adds the products of one point over \p count places.
void WinogradGradientEmitter::emitPoint(KernelBuilder &kernel, Value place,
                                        Value from, Value by, Value count) {
  SmallVector<Value> carried(plan.inputs * plan.vectors,
                             kernel.splatConstant(element, plan.lanes, 0));
  if (plan.blocks > 1)
    carried = loadSums(kernel, place, points());
  carried.append({from, by});
  SmallVector<Value> results = kernel.loop(
      kernel.constant(0), count, 1, carried,
      [&](Value, ValueRange values) { return addProducts(kernel, values); });
  storeSums(kernel, results, place, points());
}

/// Transforms the sums of a tile to gradients by its weights.
void WinogradGradientEmitter::emitWeights(KernelBuilder &kernel, Value sums) {
  int64_t lanes = plan.lanes, outputs = plan.outputs();
  kernel.loop(
      kernel.constant(0), kernel.constant(plan.inputs), 1, [&](Value input) {
        for (int64_t v = 0; v < outputs; v += lanes) {
          Value from = kernel.pointer(
              sums, element,
              kernel.add(kernel.mul(input, points() * outputs), v));
          Value to = kernel.pointer(
              weights, element,
              kernel.add(kernel.mul(input, taps() * outputs), v));
          emitTransform(kernel, element, lanes,
                        WinogradTransform::weightGradients, spec.tile,
                        {[&](int64_t row, Value column) {
                           Value at =
                               kernel.add(kernel.mul(column, outputs),
                                          row * (spec.tile + 2) * outputs);
                           return kernel.load(from, element, at, Lanes{lanes});
                         },
                         [&](Value row, int64_t column, Value value) {
                           Value at = kernel.add(
                               kernel.mul(row, spec.columns.taps * outputs),
                               column * outputs);
                           kernel.store(value, to, at, Lanes{lanes});
                         },
                         work});
        }
      });
}

/// Some tiles of input channels with one of output channels.
void WinogradGradientEmitter::emitItem(KernelBuilder &kernel, Value number) {
  int64_t groups = ceilDiv(plan.inputTiles, together);
  Value zero = kernel.constant(0), group = zero;
  if (groups > 1) {
    group = kernel.rem(number, kernel.constant(groups));
    number = kernel.div(number, kernel.constant(groups));
  }
  Value output = kernel.rem(number, kernel.constant(plan.outputTiles));
  Value part = kernel.div(number, kernel.constant(plan.outputTiles));
  Value firstInput = kernel.mul(group, together);
  Value inputs =
      kernel.min(kernel.constant(together),
                 kernel.sub(kernel.constant(plan.inputTiles), firstInput));
  auto eachTile = [&](llvm::function_ref<void(Value, Value)> emit) {
    kernel.loop(zero, inputs, 1, [&](Value tile) {
      emit(kernel.add(firstInput, tile),
           kernel.pointer(sums, element, kernel.mul(tile, sumsOfTile())));
    });
  };
  if (plan.blocks > 1)
    eachTile([&](Value, Value place) { clearSums(kernel, place, points()); });
  kernel.loop(zero, kernel.constant(plan.blocks), 1, [&](Value slot) {
    Block block = blockAt(kernel, part, slot);
    Value count = kernel.mul(block.count, strips() * tilesAcross());
    Value places = placesOf(kernel, block);
    Value by = panelAt(kernel, gradient, block, zero, output);
    eachTile([&](Value input, Value place) {
      Value from = panelAt(kernel, source, block, zero, input);
      kernel.loop(zero, kernel.constant(points()), 1, [&](Value point) {
        Value before = kernel.mul(point, places);
        emitPoint(
            kernel,
            kernel.pointer(place, element, kernel.mul(point, plan.outputs())),
            kernel.pointer(from, element, kernel.mul(before, source.stride)),
            kernel.pointer(by, element, kernel.mul(before, gradient.stride)),
            count);
      });
    });
  });
  eachTile([&](Value input, Value place) {
    emitWeights(kernel, place);
    emitResult(kernel, weights, {part, zero, output, input});
  });
}

Expected<func::FuncOp> WinogradGradientEmitter::emitProducts() {
  KernelBuilder kernel(module, target, spec.name, buffers, true);
  sums = kernel.stack(element, together * sumsOfTile());
  work = kernel.stack(element, points() * plan.lanes);
  weights = kernel.stack(element, plan.inputs * taps() * plan.outputs());
  int64_t items =
      spec.parts * plan.outputTiles * ceilDiv(plan.inputTiles, together);
  double work = double(plan.inputs) * together * plan.outputs() * points() *
                tilesOf(spec) *
                std::max<int64_t>(1, spec.images.capacity / spec.parts);
  forItems(kernel, kernel.constant(items), items, work,
           [&](Value number) { emitItem(kernel, number); });
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return kernel.function;
}

Expected<Kernels> WinogradGradientEmitter::emit() {
  Kernels kernels;
  kernels.scratchBytes = scratchBytes();
  auto transforms = emitTransforms();
  if (!transforms)
    return fail(transforms.error());
  auto products = emitProducts();
  if (!products)
    return fail(products.error());
  kernels.phases = {*transforms, *products};
  return kernels;
}

Expected<Kernels>
kernels::emitWeightsByWinograd(ModuleOp module, const TargetDescription &target,
                               const WeightGradientSpec &spec) {
  for (const Sliding &sliding : {spec.rows, spec.columns})
    if (sliding.taps != 3 || sliding.stride != 1 || sliding.dilation != 1 ||
        sliding.low < 0 || sliding.low > 2 ||
        sliding.result + 2 - sliding.low - sliding.source > 2)
      return fail(ErrorCode::unsupported,
                  "minimal filtering of windows that are not 3x3 with stride "
                  "1 and padding of at most 2");
  if (spec.groups != 1 || (spec.tile != 2 && spec.tile != 4))
    return fail(ErrorCode::unsupported,
                "minimal filtering of several groups or other tiles than 2 "
                "and 4");
  return WinogradGradientEmitter(module, target, spec).emit();
}

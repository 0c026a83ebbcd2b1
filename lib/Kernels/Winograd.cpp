//===- Winograd.cpp - Convolutions by minimal filtering -------------------===//
//
// A strip is a row of tiles of one image. Elements of a strip are turned so
// that channels lie in vectors, transformed, and multiplied by the weights,
// one matrix product [tiles, inputs] x [inputs, outputs] a point; products are
// transformed back and turned again. Few strips are split over threads phase
// by phase; of many, each thread takes blocks that stay in its cache from the
// elements to the results.
//
//===----------------------------------------------------------------------===//

#include "nnc/Kernels/Winograd.h"
#include "ImageEpilogue.h"
#include "WinogradStrip.h"
#include "WinogradTransforms.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "nnc/Kernels/Contraction.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Multiply-adds below which a further thread costs more than it gains.
static constexpr int64_t grain = 1 << 16;
/// Vector operations that the transforms take for each vector of elements.
static constexpr int64_t transformSteps = 8;
/// Tiles of a block: fewer read the weights too often.
static constexpr int64_t leastTiles = 40, mostTiles = 128;
/// Blocks from which on each thread takes blocks of its own, and how many
/// threads have memory for that.
static constexpr int64_t manyBlocks = 4, mostThreads = 32;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

namespace {
/// How strips lie in memory.
struct WinogradPlan {
  WinogradPlan(const WinogradSpec &spec, const TargetDescription &target);

  int64_t lanes = 1;
  /// Elements along the side of a tile, and their number.
  int64_t side = 6, points = 36;
  /// Of one image, and tiles of a strip.
  int64_t strips = 1, tilesAcross = 1;
  /// Strips that are worked on together, and how many such blocks there are.
  int64_t blockStrips = 1, blocks = 1;
  /// Whether each thread works on blocks of its own.
  bool blocked = false;
  int64_t threads = 1;
  /// From one tile to the next, and from one point to the next, of the
  /// transformed elements and of the products.
  int64_t inputTile = 1, inputPoint = 1, outputTile = 1, outputPoint = 1;

  int64_t blockTiles() const { return blockStrips * tilesAcross; }
  /// Elements of scratch for one block; products lie behind elements.
  int64_t productsAt() const { return points * inputPoint; }
  int64_t blockElements() const { return points * (inputPoint + outputPoint); }
};

class WinogradEmitter {
public:
  WinogradEmitter(ModuleOp module, const TargetDescription &target,
                  const WinogradSpec &spec)
      : spec(spec), target(target), module(module), plan(spec, target),
        element(spec.element), elementBytes(storageBytes(spec.element)) {}

  Expected<Kernels> emit();

private:
  /// What one kernel has at hand.
  struct Workspace {
    KernelBuilder kernel;
    /// A strip with zeros around it, channels in vectors; a square.
    Value padded = nullptr, work = nullptr;
    /// Results of a strip, channels in vectors, and turned back.
    Value results = nullptr, sums = nullptr;
  };
  /// One strip: its image, its place there, and its first tile in the block.
  struct Strip {
    Value image, number, firstTile;
  };

  Workspace open(StringRef suffix, bool elements, bool products);
  Strip stripAt(KernelBuilder &kernel, Value number, Value firstTile);
  Expected<func::FuncOp> emitPhase(bool elements);
  Expected<func::FuncOp> emitProducts();
  Expected<func::FuncOp> emitBlocks(func::FuncOp products);

  /// The first of the lanes' channels in vector \p number of \p channels, and
  /// how many of them the vector before had too.
  std::pair<Value, Value> channelsAt(KernelBuilder &kernel, Value number,
                                     int64_t channels);
  void emitElements(Workspace &space, const Strip &strip, Value vector,
                    Value block);
  void emitResults(Workspace &space, const Strip &strip, Value vector,
                   Value block);
  void writeRows(Workspace &space, const Strip &strip, Value channel,
                 Value again);

  int64_t inputVectors() const { return ceilDiv(spec.inputs, plan.lanes); }
  int64_t outputVectors() const { return ceilDiv(spec.outputs, plan.lanes); }
  int64_t panels() const { return ceilDiv(spec.outputs, spec.panel); }
  /// Elements of a row of a strip, zeros included; results of one.
  int64_t paddedWidth() const {
    return plan.tilesAcross * spec.tile + plan.side - spec.tile;
  }
  WinogradStrip paddedStrip() const {
    return {spec.tile,        plan.side,           paddedWidth(),
            spec.rows.source, spec.columns.source, spec.rows.low,
            spec.columns.low};
  }
  int64_t resultWidth() const {
    return ceilDiv(plan.tilesAcross * spec.tile, plan.lanes) * plan.lanes;
  }

  const WinogradSpec &spec;
  const TargetDescription &target;
  ModuleOp module;
  WinogradPlan plan;
  Type element;
  int64_t elementBytes;
};
} // namespace

//===----------------------------------------------------------------------===//
// The plan
//===----------------------------------------------------------------------===//

WinogradPlan::WinogradPlan(const WinogradSpec &spec,
                           const TargetDescription &target) {
  int64_t bytes = storageBytes(spec.element);
  lanes = target.lanes(bytes);
  side = spec.tile + 2;
  points = side * side;
  strips = ceilDiv(spec.rows.result, spec.tile);
  tilesAcross = ceilDiv(spec.columns.result, spec.tile);

  // Rows a power of two apart would meet in few sets of the cache.
  auto tileStride = [&](int64_t channels) {
    return channels % 256 == 0 ? channels + lanes : channels;
  };
  inputTile = tileStride(spec.inputs);
  outputTile = tileStride(spec.outputs);

  int64_t all = spec.images.capacity * strips;
  int64_t tileBytes = points * (inputTile + outputTile) * bytes;
  int64_t tiles =
      std::clamp(target.l2Bytes * 3 / 4 / tileBytes, leastTiles, mostTiles);
  blockStrips = std::clamp<int64_t>(tiles / tilesAcross, 1, all);
  blocks = ceilDiv(all, blockStrips);
  blockStrips = ceilDiv(all, blocks);
  blocks = ceilDiv(all, blockStrips);
  blocked = blocks >= manyBlocks;
  if (!blocked) {
    blockStrips = all;
    blocks = 1;
  }
  threads = std::min(blocks, mostThreads);
  auto pointStride = [&](int64_t tileStride) {
    return ceilDiv(blockTiles() * tileStride, 16) * 16 + 16;
  };
  inputPoint = pointStride(inputTile);
  outputPoint = pointStride(outputTile);
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

WinogradEmitter::Workspace WinogradEmitter::open(StringRef suffix,
                                                 bool elements, bool products) {
  Workspace space{KernelBuilder(module, target, (spec.name + suffix).str(),
                                spec.buffers, true)};
  KernelBuilder &kernel = space.kernel;
  space.work = kernel.stack(element, plan.points * plan.lanes);
  if (elements)
    space.padded = openStrip(kernel, element, plan.lanes, paddedStrip());
  if (products) {
    space.results =
        kernel.stack(element, spec.tile * resultWidth() * plan.lanes);
    space.sums = kernel.stack(element, spec.tile * resultWidth() * plan.lanes);
  }
  return space;
}

WinogradEmitter::Strip WinogradEmitter::stripAt(KernelBuilder &kernel,
                                                Value number, Value firstTile) {
  Value strips = kernel.constant(plan.strips);
  return {kernel.div(number, strips), kernel.rem(number, strips), firstTile};
}

std::pair<Value, Value> WinogradEmitter::channelsAt(KernelBuilder &kernel,
                                                    Value number,
                                                    int64_t channels) {
  Value first = kernel.mul(number, plan.lanes);
  if (channels % plan.lanes == 0)
    return {first, kernel.constant(0)};
  Value channel = kernel.min(first, kernel.constant(channels - plan.lanes));
  return {channel, kernel.sub(first, channel)};
}

/// Transforms the elements of \p strip in channels \p vector to \p block.
void WinogradEmitter::emitElements(Workspace &space, const Strip &strip,
                                   Value vector, Value block) {
  KernelBuilder &kernel = space.kernel;
  int64_t lanes = plan.lanes;
  Value channel = channelsAt(kernel, vector, spec.inputs).first;
  Value image = kernel.pointer(
      kernel.function.getArgument(spec.source), element,
      kernel.mul(kernel.add(kernel.mul(strip.image, spec.inputs), channel),
                 spec.rows.source * spec.columns.source));
  fillStrip(kernel, element, lanes, paddedStrip(), strip.number, image,
            /*firstChannel=*/0, lanes, space.padded);
  kernel.loop(
      kernel.constant(0), kernel.constant(plan.tilesAcross), 1,
      [&](Value tile) {
        Value from = kernel.pointer(space.padded, element,
                                    kernel.mul(tile, spec.tile * lanes));
        Value to = kernel.pointer(
            block, element,
            kernel.add(
                kernel.mul(kernel.add(strip.firstTile, tile), plan.inputTile),
                channel));
        emitTransform(
            kernel, element, lanes, WinogradTransform::elements, spec.tile,
            {[&](int64_t row, Value column) {
               return kernel.load(from, element,
                                  kernel.add(kernel.mul(column, lanes),
                                             row * paddedWidth() * lanes),
                                  Lanes{lanes});
             },
             [&](Value row, int64_t column, Value value) {
               Value at = kernel.mul(row, plan.side * plan.inputPoint);
               kernel.store(value, to, kernel.add(at, column * plan.inputPoint),
                            Lanes{lanes});
             },
             space.work});
      });
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// Transforms the products of \p block in outputs \p vector to results of
/// \p strip, and writes them.
void WinogradEmitter::emitResults(Workspace &space, const Strip &strip,
                                  Value vector, Value block) {
  KernelBuilder &kernel = space.kernel;
  int64_t lanes = plan.lanes;
  auto [channel, again] = channelsAt(kernel, vector, spec.outputs);
  Value products =
      kernel.pointer(block, element, kernel.constant(plan.productsAt()));
  kernel.loop(
      kernel.constant(0), kernel.constant(plan.tilesAcross), 1,
      [&, channel = channel](Value tile) {
        Value from = kernel.pointer(
            products, element,
            kernel.add(
                kernel.mul(kernel.add(strip.firstTile, tile), plan.outputTile),
                channel));
        Value to = kernel.pointer(space.results, element,
                                  kernel.mul(tile, spec.tile * lanes));
        emitTransform(kernel, element, lanes, WinogradTransform::products,
                      spec.tile,
                      {[&](int64_t row, Value column) {
                         return kernel.load(
                             from, element,
                             kernel.add(kernel.mul(column, plan.outputPoint),
                                        row * plan.side * plan.outputPoint),
                             Lanes{lanes});
                       },
                       [&](Value row, int64_t column, Value value) {
                         Value at = kernel.mul(row, resultWidth() * lanes);
                         kernel.store(value, to, kernel.add(at, column * lanes),
                                      Lanes{lanes});
                       },
                       space.work});
      });
  writeRows(space, strip, channel, again);
}

void WinogradEmitter::writeRows(Workspace &space, const Strip &strip,
                                Value channel, Value again) {
  KernelBuilder &kernel = space.kernel;
  int64_t lanes = plan.lanes, width = resultWidth();
  Value zero = kernel.constant(0);
  Value top = kernel.mul(strip.number, spec.tile);
  Value rows = kernel.min(kernel.constant(spec.tile),
                          kernel.sub(kernel.constant(spec.rows.result), top));
  kernel.loop(zero, rows, 1, [&](Value row) {
    Value rowAt = kernel.mul(row, width);
    kernel.loop(zero, kernel.constant(width), lanes, [&](Value start) {
      Value at = kernel.add(rowAt, start);
      Turn turn;
      turn.from = kernel.pointer(space.results, element, kernel.mul(at, lanes));
      turn.fromStride = turn.columns = kernel.constant(lanes);
      turn.to = kernel.pointer(space.sums, element, at);
      turn.toStride = kernel.constant(spec.tile * width);
      kernel.turn(element, lanes, turn);
    });
  });
  int64_t columns = spec.columns.result;
  kernel.loop(again, kernel.constant(lanes), 1, [&](Value lane) {
    kernel.loop(zero, rows, 1, [&](Value row) {
      Value at = kernel.add(kernel.mul(lane, spec.tile * width),
                            kernel.mul(row, width));
      emitImageEpilogue(kernel, element, lanes,
                        {spec.epilogueInputs, spec.results, spec.epilogue},
                        {strip.image, kernel.add(channel, lane),
                         kernel.add(top, row), space.sums, at, zero,
                         kernel.constant(columns), columns >= lanes,
                         columns % lanes != 0});
    });
  });
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// Elements or results of all strips.
Expected<func::FuncOp> WinogradEmitter::emitPhase(bool elements) {
  Workspace space =
      open(elements ? "_elements" : "_results", elements, !elements);
  KernelBuilder &kernel = space.kernel;
  int64_t vectors = elements ? inputVectors() : outputVectors();
  int64_t work = plan.tilesAcross * plan.points * plan.lanes * transformSteps;
  auto [low, high] =
      kernel.share(kernel.mul(kernel.bound(spec.images), plan.strips * vectors),
                   spec.images.capacity * plan.strips * vectors, 1,
                   std::max<int64_t>(1, grain / work));
  kernel.loop(low, high, 1, [&](Value number) {
    Value vector = kernel.rem(number, kernel.constant(vectors));
    Value strip = kernel.div(number, kernel.constant(vectors));
    Strip at = stripAt(kernel, strip, kernel.mul(strip, plan.tilesAcross));
    if (elements)
      emitElements(space, at, vector, kernel.scratch);
    else
      emitResults(space, at, vector, kernel.scratch);
  });
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return kernel.function;
}

/// The products of all points. Of blocks, extents[0] counts tiles.
Expected<func::FuncOp> WinogradEmitter::emitProducts() {
  ContractionSpec product;
  product.name = spec.name + "_products";
  product.element = element;
  product.batch = {plan.points};
  product.m =
      plan.blocked ? Extent(plan.blockTiles(), 1)
      : spec.images.isStatic()
          ? Extent(plan.blockTiles())
          : Extent(plan.blockTiles(),
                   *spec.images.perBatch * plan.strips * plan.tilesAcross);
  product.n = spec.outputs;
  product.k = spec.inputs;
  product.buffers = spec.buffers;
  unsigned scratch = product.buffers.size();
  product.buffers.push_back({element, plan.blockElements()});
  product.lhs = {scratch, plan.inputTile, false, {plan.inputPoint}, 0};
  product.rhs.buffer = spec.weights;
  product.rhs.rowStride = spec.panel;
  product.rhs.batchStrides = {panels() * spec.inputs * spec.panel};
  product.rhs.panelColumns = spec.panel;
  product.outputs = {
      {scratch, {plan.outputPoint, plan.outputTile, 1}, plan.productsAt()}};
  auto kernels = emitContraction(module, target, product);
  if (!kernels)
    return fail(kernels.error());
  if (kernels->phases.size() != 1 || kernels->scratchBytes != 0)
    return fail(ErrorCode::internal,
                "kernel '" + product.name + "' has scratch of its own");
  return kernels->phases.front();
}

/// Blocks of strips, from the elements to the results.
Expected<func::FuncOp> WinogradEmitter::emitBlocks(func::FuncOp products) {
  Workspace space = open("", true, true);
  KernelBuilder &kernel = space.kernel;
  Value total = kernel.mul(kernel.bound(spec.images), plan.strips);
  Value blocks = kernel.ceilDiv(total, kernel.constant(plan.blockStrips));
  auto [low, high] =
      kernel.share(blocks, plan.blocks, 1, ceilDiv(plan.blocks, plan.threads));
  Value zero = kernel.constant(0), one = kernel.constant(1);
  Value tiles = kernel.stack(kernel.builder.getI64Type(), 1);
  Value block = kernel.pointer(kernel.scratch, element,
                               kernel.mul(kernel.index, plan.blockElements()));
  kernel.loop(low, high, 1, [&](Value number) {
    Value first = kernel.mul(number, plan.blockStrips);
    Value count =
        kernel.min(kernel.constant(plan.blockStrips), kernel.sub(total, first));
    auto eachStrip = [&](int64_t vectors, auto emit) {
      kernel.loop(zero, count, 1, [&](Value inBlock) {
        Strip strip = stripAt(kernel, kernel.add(first, inBlock),
                              kernel.mul(inBlock, plan.tilesAcross));
        kernel.loop(zero, kernel.constant(vectors), 1,
                    [&](Value vector) { emit(strip, vector); });
      });
    };
    eachStrip(inputVectors(), [&](const Strip &strip, Value vector) {
      emitElements(space, strip, vector, block);
    });
    LLVM::StoreOp::create(kernel.builder, kernel.loc,
                          kernel.mul(count, plan.tilesAcross), tiles);
    SmallVector<Value> arguments;
    for (unsigned i = 0; i < spec.buffers.size(); ++i)
      arguments.push_back(kernel.function.getArgument(i));
    arguments.append({block, tiles, zero, one});
    func::CallOp::create(kernel.builder, kernel.loc, products, arguments);
    eachStrip(outputVectors(), [&](const Strip &strip, Value vector) {
      emitResults(space, strip, vector, block);
    });
  });
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return kernel.function;
}

Expected<Kernels> WinogradEmitter::emit() {
  Kernels kernels;
  kernels.scratchBytes = plan.threads * plan.blockElements() * elementBytes;
  auto products = emitProducts();
  if (!products)
    return fail(products.error());
  if (plan.blocked) {
    auto blocks = emitBlocks(*products);
    if (!blocks)
      return fail(blocks.error());
    kernels.phases = {*blocks};
    return kernels;
  }
  auto elements = emitPhase(true);
  if (!elements)
    return fail(elements.error());
  auto results = emitPhase(false);
  if (!results)
    return fail(results.error());
  kernels.phases = {*elements, *products, *results};
  return kernels;
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

static Expected<void> check(const WinogradSpec &spec,
                            const TargetDescription &target) {
  if (!spec.element.isF32() && !spec.element.isF64())
    return fail(ErrorCode::unsupported,
                "a convolution of elements other than f32 and f64");
  int64_t lanes = target.lanes(storageBytes(spec.element));
  if (spec.inputs < lanes || spec.outputs < lanes)
    return fail(ErrorCode::unsupported,
                "minimal filtering of fewer channels than lanes");
  int64_t side = spec.tile + 2;
  std::vector<Extent> source{spec.images, spec.inputs, spec.rows.source,
                             spec.columns.source};
  int64_t panels = ceilDiv(spec.outputs, spec.panel);
  std::vector<Extent> weights{side * side, panels * spec.inputs * spec.panel};
  std::vector<Extent> results{spec.images, spec.outputs, spec.rows.result,
                              spec.columns.result};
  int64_t image = spec.rows.source * spec.columns.source;
  Access sources{spec.source,
                 {spec.inputs * image, image, spec.columns.source, 1}};
  Access transformed{spec.weights, {panels * spec.inputs * spec.panel, 1}};
  for (auto [domain, accesses] : {std::pair(source, std::vector{sources}),
                                  std::pair(weights, std::vector{transformed}),
                                  std::pair(results, spec.epilogueInputs),
                                  std::pair(results, spec.results)})
    if (auto checked = checkAccesses(spec.name, domain, spec.buffers, accesses);
        !checked)
      return checked;
  return {};
}

Expected<Kernels> kernels::emitWinograd(ModuleOp module,
                                        const TargetDescription &target,
                                        const WinogradSpec &spec) {
  if (auto checked = check(spec, target); !checked)
    return fail(checked.error());
  return WinogradEmitter(module, target, spec).emit();
}

//===- WeightPanels.cpp - Operands of weight gradients in panels ----------===//

#include "WeightPanels.h"
#include "WeightGradients.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Elements packed below which a further thread costs more than it gains.
static constexpr int64_t packGrain = 4096;
/// Bytes of sums of a tile on the stack.
static constexpr int64_t sumBytes = 64 << 10;

/// How many places ahead of the products panels are asked for.
static constexpr int64_t prefetchPlaces = 64;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

ChannelPlan::ChannelPlan(const WeightGradientSpec &spec,
                         const TargetDescription &target, int64_t products) {
  int64_t bytes = storageBytes(spec.element);
  lanes = target.lanes(bytes);
  for (int64_t v = 1; v <= std::min<int64_t>(8, ceilDiv(spec.outputs, lanes));
       ++v)
    for (int64_t r = 1; r <= spec.inputs; ++r) {
      if (r * v + v + 1 > target.vectorRegisters ||
          r * v * lanes * products * bytes > sumBytes)
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
}

void ChannelPlan::cutBlocks(const WeightGradientSpec &spec,
                            const TargetDescription &target,
                            int64_t sourcePlaces, int64_t gradientPlaces) {
  int64_t image = sourcePlaces * inputStride() + gradientPlaces * outputs();
  int64_t most = spec.imagesOfPart();
  block = std::clamp<int64_t>(
      target.l2Bytes / 2 / (image * storageBytes(spec.element)), 1, most);
  blocks = ceilDiv(most, block);
  block = ceilDiv(most, blocks);
}

WeightPanels::WeightPanels(ModuleOp module, const TargetDescription &target,
                           const WeightGradientSpec &spec,
                           const ChannelPlan &channels, int64_t sourcePlaces,
                           int64_t gradientPlaces, int64_t spare)
    : spec(spec), element(spec.element), target(target), module(module),
      plan(channels), source{0,
                             spec.inputs,
                             plan.inputs,
                             plan.inputTiles,
                             plan.inputStride(),
                             spec.rows.source,
                             spec.columns.source,
                             sourcePlaces,
                             spare},
      gradient{1,
               spec.outputs,
               std::min(plan.outputs(), spec.outputs),
               plan.outputTiles,
               plan.outputs(),
               spec.rows.result,
               spec.columns.result,
               gradientPlaces,
               spare} {
  plan.cutBlocks(spec, target, sourcePlaces, gradientPlaces);
  gradient.offset = elementsOf(source);
  for (const Panels &panels : {source, gradient})
    buffers.push_back({element, spec.images.capacity * spec.groups *
                                    panels.channels * panels.rows *
                                    panels.columns});
  buffers.push_back({element, spec.parts * spec.groups * spec.outputs *
                                  spec.inputs * taps()});
}

int64_t WeightPanels::scratchBytes() const {
  return (gradient.offset + elementsOf(gradient)) * storageBytes(element);
}

WeightPanels::Block WeightPanels::blockAt(KernelBuilder &kernel, Value part,
                                          Value number) {
  Value last = partEdge(kernel, spec, kernel.add(part, 1));
  Value first = kernel.min(
      kernel.add(partEdge(kernel, spec, part), kernel.mul(number, plan.block)),
      last);
  return {kernel.add(kernel.mul(part, plan.blocks), number), first,
          kernel.min(kernel.constant(plan.block), kernel.sub(last, first))};
}

Value WeightPanels::panelAt(KernelBuilder &kernel, const Panels &panels,
                            const Block &block, Value group, Value tile) {
  auto places = [&](Value images, Value blocks) {
    return kernel.add(kernel.mul(images, panels.places),
                      kernel.mul(blocks, panels.spare));
  };
  Value before =
      kernel.mul(places(block.first, block.number), spec.groups * panels.tiles);
  Value number = kernel.add(kernel.mul(group, panels.tiles), tile);
  Value inside = kernel.mul(number, places(block.count, kernel.constant(1)));
  Value at = kernel.mul(kernel.add(before, inside), panels.stride);
  return kernel.pointer(
      kernel.pointer(kernel.scratch, element, kernel.constant(panels.offset)),
      element, at);
}

/// The first channel of a tile: the last one reaches back.
Value WeightPanels::firstChannel(KernelBuilder &kernel, const Panels &panels,
                                 Value tile) {
  Value first = kernel.mul(tile, panels.tile);
  return panels.channels % panels.tile == 0
             ? first
             : kernel.min(first,
                          kernel.constant(panels.channels - panels.tile));
}

void WeightPanels::eachImage(
    KernelBuilder &kernel, const Panels &panels,
    llvm::function_ref<void(const Block &, Value, Value, Value)> emit) {
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
    kernel.loop(kernel.constant(0), block.count, 1, [&](Value image) {
      Value at = kernel.add(kernel.mul(kernel.add(block.first, image),
                                       spec.groups * panels.channels),
                            channel);
      emit(block, panel, image,
           kernel.pointer(kernel.function.getArgument(panels.buffer), element,
                          kernel.mul(at, plane)));
    });
  });
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

Value WeightPanels::sumAt(KernelBuilder &kernel, int64_t input, int64_t vector,
                          int64_t numbers) {
  return kernel.constant(input * numbers * plan.outputs() +
                         vector * plan.lanes);
}

void WeightPanels::clearSums(KernelBuilder &kernel, Value sums,
                             int64_t numbers) {
  Value zeros = kernel.splatConstant(element, plan.lanes, 0);
  kernel.loop(
      kernel.constant(0),
      kernel.constant(plan.inputs * numbers * plan.outputs()), plan.lanes,
      [&](Value at) { kernel.store(zeros, sums, at, Lanes{plan.lanes}); });
}

SmallVector<Value> WeightPanels::loadSums(KernelBuilder &kernel, Value place,
                                          int64_t numbers) {
  SmallVector<Value> values;
  for (int64_t r = 0; r < plan.inputs; ++r)
    for (int64_t v = 0; v < plan.vectors; ++v)
      values.push_back(kernel.load(place, element, sumAt(kernel, r, v, numbers),
                                   Lanes{plan.lanes}));
  return values;
}

void WeightPanels::storeSums(KernelBuilder &kernel, ValueRange values,
                             Value place, int64_t numbers) {
  for (int64_t r = 0; r < plan.inputs; ++r)
    for (int64_t v = 0; v < plan.vectors; ++v)
      kernel.store(values[r * plan.vectors + v], place,
                   sumAt(kernel, r, v, numbers), Lanes{plan.lanes});
}

SmallVector<Value> WeightPanels::addProducts(KernelBuilder &kernel,
                                             ValueRange values) {
  SmallVector<Value> next(values), factors;
  Value x = values[values.size() - 2], y = values.back();
  kernel.prefetch(x, element, prefetchPlaces * source.stride, source.stride);
  kernel.prefetch(y, element, prefetchPlaces * gradient.stride,
                  gradient.stride);
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
}

void WeightPanels::emitResult(KernelBuilder &kernel, Value sums,
                              const Tile &tile) {
  Value output = kernel.add(
      kernel.mul(kernel.add(kernel.mul(tile.part, spec.groups), tile.group),
                 spec.outputs),
      firstChannel(kernel, gradient, tile.output));
  Value input = kernel.add(kernel.mul(output, spec.inputs),
                           firstChannel(kernel, source, tile.input));
  Value result = kernel.pointer(kernel.function.getArgument(2), element,
                                kernel.mul(input, taps()));
  int64_t lanes = plan.lanes, columns = plan.inputs * taps();
  for (int64_t first = 0; first < gradient.tile; first += lanes)
    kernel.loop(
        kernel.constant(0), kernel.constant(columns), lanes, [&](Value at) {
          if (columns > lanes && columns % lanes != 0)
            at = kernel.min(at, kernel.constant(columns - lanes));
          Turn turn;
          turn.from = kernel.pointer(
              sums, element, kernel.add(kernel.mul(at, plan.outputs()), first));
          turn.fromStride = kernel.constant(plan.outputs());
          turn.to = kernel.pointer(
              result, element, kernel.add(at, first * spec.inputs * taps()));
          turn.toStride = kernel.constant(spec.inputs * taps());
          turn.columns =
              kernel.constant(std::min(lanes, gradient.tile - first));
          turn.rows = turn.written = kernel.constant(columns);
          kernel.turn(element, lanes, turn);
        });
}

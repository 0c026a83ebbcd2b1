//===- ConvolutionWeights.cpp - Gradients by the weights ------------------===//
//
// Each weight is a dot product of the gradient's rows with rows of the source
// that its tap moves. Sums go lane by lane over the positions of all images of
// a part; positions between rows meet zeros of the gradient.
//
//===----------------------------------------------------------------------===//

#include "ConvolutionItems.h"
#include "Planes.h"
#include "VectorReduction.h"
#include "WeightGradients.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

namespace {
/// Output channels, and taps or (of windows of one tap) input channels, whose
/// sums are kept in registers together.
struct WeightPlan {
  WeightPlan(const WeightGradientSpec &spec, const TargetDescription &target);

  int64_t lanes = 1, channels = 1, taps = 1;
  /// Input channels of an item: more than one for windows of one tap.
  int64_t inputs = 1;
  /// Cycles that a vector of positions takes for all weights of a group.
  double step = 0;
};

class WeightEmitter {
public:
  WeightEmitter(ModuleOp module, const TargetDescription &target,
                const WeightGradientSpec &spec)
      : spec(spec), element(spec.element), target(target), module(module),
        planes(spec.rows, spec.columns, 0), plan(spec, target) {
    int64_t image = spec.rows.source * spec.columns.source;
    int64_t result = spec.rows.result * spec.columns.result;
    int64_t taps = spec.rows.taps * spec.columns.taps;
    buffers = {
        {element, spec.images.capacity * spec.groups * spec.inputs * image},
        {element, spec.images.capacity * spec.groups * spec.outputs * result},
        {element,
         spec.parts * spec.groups * spec.outputs * spec.inputs * taps}};
    gradientInPlace = planes.width == spec.columns.result;
    gradientSize = gradientInPlace
                       ? result
                       : ceilDiv(planes.positions(), plan.lanes) * plan.lanes;
  }

  Expected<Kernels> emit();

private:
  Expected<func::FuncOp> emitPack();
  Expected<func::FuncOp> emitSums();
  void emitItem(KernelBuilder &kernel, Value number);
  void emitSumsOf(KernelBuilder &kernel, int64_t firstTap, int64_t count,
                  Value source, Value gradient, Value images, Value result);

  int64_t sourceElements() const {
    if (planes.inPlace)
      return 0;
    int64_t all =
        spec.images.capacity * spec.groups * spec.inputs * planes.size;
    return ceilDiv(all, 16) * 16;
  }
  int64_t gradientElements() const {
    return gradientInPlace ? 0
                           : spec.images.capacity * spec.groups * spec.outputs *
                                 gradientSize;
  }

  const WeightGradientSpec &spec;
  Type element;
  const TargetDescription &target;
  ModuleOp module;
  Planes planes;
  WeightPlan plan;
  std::vector<Buffer> buffers;
  bool gradientInPlace = false;
  int64_t gradientSize = 0;
};
} // namespace

WeightPlan::WeightPlan(const WeightGradientSpec &spec,
                       const TargetDescription &target) {
  lanes = target.lanes(storageBytes(spec.element));
  int64_t allTaps = spec.rows.taps * spec.columns.taps;
  bool single = allTaps == 1;
  int64_t across = single ? spec.inputs : allTaps;
  double least = 0;
  for (int64_t t = 1; t <= std::min<int64_t>(across, 12); ++t)
    for (int64_t c = 1; c <= spec.outputs; ++c) {
      if (c * t + std::min(c, t) + 1 > target.vectorRegisters)
        break;
      // Vectors of the source begin anywhere, so they cost two loads.
      double step = std::max({c * t / 2.0, (c + 2 * t) / 2.0, 4.0});
      double cost = ceilDiv(across, t) * ceilDiv(spec.outputs, c) * step;
      if (least == 0 || cost < least) {
        least = cost;
        channels = c;
        (single ? inputs : taps) = t;
      }
    }
  step = least * (single ? 1 : spec.inputs);
}

/// The sums of taps (or input channels) [firstTap, firstTap + count) with the
/// output channels of a tile, over \p images images.
void WeightEmitter::emitSumsOf(KernelBuilder &kernel, int64_t firstTap,
                               int64_t count, Value source, Value gradient,
                               Value images, Value result) {
  bool single = plan.inputs > 1;
  SmallVector<int64_t> places;
  for (int64_t i = 0; i < count; ++i)
    places.push_back(single ? i * planes.size
                            : planes.tap((firstTap + i) / spec.columns.taps,
                                         (firstTap + i) % spec.columns.taps));
  int64_t positions = planes.positions();
  int64_t rest = positions % plan.lanes;

  auto step = [&](ValueRange carried, Value at, Value from, Value by,
                  const Lanes &lanes) {
    SmallVector<Value> next(carried), factors;
    bool holdSource = count <= plan.channels;
    auto loadSource = [&](int64_t i) {
      return kernel.load(from, element, kernel.add(at, places[i]), lanes);
    };
    auto loadGradient = [&](int64_t c) {
      return kernel.load(by, element, kernel.add(at, c * gradientSize), lanes);
    };
    int64_t held = holdSource ? count : plan.channels;
    int64_t passing = holdSource ? plan.channels : count;
    for (int64_t i = 0; i < held; ++i)
      factors.push_back(holdSource ? loadSource(i) : loadGradient(i));
    for (int64_t j = 0; j < passing; ++j) {
      Value other = holdSource ? loadGradient(j) : loadSource(j);
      for (int64_t i = 0; i < held; ++i) {
        Value &sum = next[holdSource ? j * count + i : i * count + j];
        sum = kernel.fma(other, factors[i], sum);
      }
    }
    return next;
  };

  SmallVector<Value> carried(plan.channels * count,
                             kernel.splatConstant(element, plan.lanes, 0));
  carried.append({source, gradient});
  SmallVector<Value> sums = kernel.loop(
      kernel.constant(0), images, 1, carried,
      [&](Value, ValueRange values) -> SmallVector<Value> {
        Value from = values[values.size() - 2], by = values.back();
        SmallVector<Value> next =
            kernel.loop(kernel.constant(0), kernel.constant(positions - rest),
                        plan.lanes, values.drop_back(2),
                        [&](Value at, ValueRange inner) -> SmallVector<Value> {
                          return step(inner, at, from, by, Lanes{plan.lanes});
                        });
        if (rest != 0)
          next = step(next, kernel.constant(positions - rest), from, by,
                      kernel.firstLanes(kernel.constant(rest), plan.lanes));
        next.push_back(kernel.pointer(
            from, element,
            kernel.constant(spec.groups * spec.inputs * planes.size)));
        next.push_back(kernel.pointer(
            by, element,
            kernel.constant(spec.groups * spec.outputs * gradientSize)));
        return next;
      });
  int64_t taps = spec.rows.taps * spec.columns.taps;
  for (int64_t c = 0; c < plan.channels; ++c)
    for (int64_t i = 0; i < count; ++i)
      kernel.store(
          reduceLanes(kernel, ReduceKind::sum, sums[c * count + i]), result,
          kernel.constant(c * spec.inputs * taps + firstTap + i), Lanes{1});
}

void WeightEmitter::emitItem(KernelBuilder &kernel, Value number) {
  auto split = [&](int64_t extent) -> Value {
    if (extent == 1)
      return kernel.constant(0);
    Value part = kernel.rem(number, kernel.constant(extent));
    number = kernel.div(number, kernel.constant(extent));
    return part;
  };
  // The last tile reaches back and computes some weights again.
  auto tiled = [&](int64_t extent, int64_t tile) -> Value {
    Value first = kernel.mul(split(ceilDiv(extent, tile)), tile);
    return extent % tile == 0
               ? first
               : kernel.min(first, kernel.constant(extent - tile));
  };
  Value input = tiled(spec.inputs, plan.inputs);
  Value output = tiled(spec.outputs, plan.channels);
  Value group = split(spec.groups), part = number;
  Value first = partEdge(kernel, spec, part);
  Value last = partEdge(kernel, spec, kernel.add(part, 1));

  Value sourceMemory =
      planes.inPlace ? kernel.function.getArgument(0) : kernel.scratch;
  Value channel =
      kernel.add(kernel.mul(kernel.add(kernel.mul(first, spec.groups), group),
                            spec.inputs),
                 input);
  Value source =
      kernel.pointer(sourceMemory, element, kernel.mul(channel, planes.size));
  Value gradientMemory =
      gradientInPlace ? kernel.function.getArgument(1)
                      : kernel.pointer(kernel.scratch, element,
                                       kernel.constant(sourceElements()));
  Value outputChannel = kernel.add(kernel.mul(group, spec.outputs), output);
  Value gradient = kernel.pointer(
      gradientMemory, element,
      kernel.mul(kernel.add(kernel.mul(first, spec.groups * spec.outputs),
                            outputChannel),
                 gradientSize));
  int64_t taps = spec.rows.taps * spec.columns.taps;
  Value row =
      kernel.add(kernel.mul(part, spec.groups * spec.outputs), outputChannel);
  Value result = kernel.pointer(
      kernel.function.getArgument(2), element,
      kernel.mul(kernel.add(kernel.mul(row, spec.inputs), input), taps));
  Value count = kernel.sub(last, first);
  if (plan.inputs > 1)
    return emitSumsOf(kernel, 0, plan.inputs, source, gradient, count, result);
  for (int64_t tap = 0; tap < taps; tap += plan.taps)
    emitSumsOf(kernel, tap, std::min(plan.taps, taps - tap), source, gradient,
               count, result);
}

Expected<func::FuncOp> WeightEmitter::emitPack() {
  KernelBuilder kernel(module, target, spec.name + "_pack", buffers, true);
  Value images = kernel.bound(spec.images);
  if (!planes.inPlace) {
    int64_t channels = spec.groups * spec.inputs;
    packPlanes(kernel, planes, element, kernel.function.getArgument(0),
               kernel.scratch, kernel.mul(images, channels),
               spec.images.capacity * channels);
  }
  if (!gradientInPlace) {
    int64_t channels = spec.groups * spec.outputs;
    packRows(kernel, element, kernel.function.getArgument(1),
             kernel.pointer(kernel.scratch, element,
                            kernel.constant(sourceElements())),
             kernel.mul(images, channels), spec.images.capacity * channels,
             spec.rows.result, spec.columns.result, planes.width, gradientSize);
  }
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return kernel.function;
}

Expected<func::FuncOp> WeightEmitter::emitSums() {
  bool hasScratch = !planes.inPlace || !gradientInPlace;
  KernelBuilder kernel(module, target, spec.name, buffers, hasScratch);
  int64_t items = spec.parts * spec.groups *
                  ceilDiv(spec.outputs, plan.channels) *
                  ceilDiv(spec.inputs, plan.inputs);
  double work = double(plan.channels) * plan.inputs * spec.rows.taps *
                spec.columns.taps * planes.positions() *
                std::max<int64_t>(1, spec.images.capacity / spec.parts);
  forItems(kernel, kernel.constant(items), items, work,
           [&](Value number) { emitItem(kernel, number); });
  if (auto finished = kernel.finish(); !finished)
    return fail(finished.error());
  return kernel.function;
}

Expected<Kernels> WeightEmitter::emit() {
  Kernels kernels;
  kernels.scratchBytes =
      (sourceElements() + gradientElements()) * storageBytes(element);
  if (kernels.scratchBytes > 0) {
    auto pack = emitPack();
    if (!pack)
      return fail(pack.error());
    kernels.phases.push_back(*pack);
  }
  auto sums = emitSums();
  if (!sums)
    return fail(sums.error());
  kernels.phases.push_back(*sums);
  return kernels;
}

Expected<Kernels> kernels::emitWeightsByPlanes(ModuleOp module,
                                               const TargetDescription &target,
                                               const WeightGradientSpec &spec) {
  return WeightEmitter(module, target, spec).emit();
}

double kernels::weightsByPlanesCost(const TargetDescription &target,
                                    const WeightGradientSpec &spec) {
  WeightPlan plan(spec, target);
  Planes planes(spec.rows, spec.columns, 0);
  // Loads that cross lines take 1.6 times what the plan counts for them.
  return 1.6 * spec.images.capacity * spec.groups *
         ceilDiv(planes.positions(), plan.lanes) * plan.step;
}

/// Whether lanes are best images. What unpools by itself saves six cycles a
/// vector of unpooled images in memory.
static bool isByImages(const TargetDescription &target,
                       const WeightGradientSpec &spec) {
  double least = std::min(weightsByChannelsCost(target, spec),
                          weightsByPlanesCost(target, spec));
  double images = double(spec.images.capacity) * spec.groups * spec.outputs *
                  spec.rows.result * spec.columns.result;
  if (spec.pool)
    least += images / target.lanes(storageBytes(spec.element)) * 6;
  return weightsByImagesCost(target, spec) < least;
}

int64_t WeightGradientSpec::imagesOfPart() const {
  int64_t runs = ceilDiv(images.capacity, run);
  return ceilDiv(runs, parts) * run;
}

Value kernels::partEdge(KernelBuilder &kernel, const WeightGradientSpec &spec,
                        Value part) {
  Value images = kernel.bound(spec.images);
  Value runs = kernel.ceilDiv(images, kernel.constant(spec.run));
  Value run = kernel.div(kernel.mul(runs, part), kernel.constant(spec.parts));
  Value edge = kernel.mul(run, spec.run);
  return spec.run == 1 ? edge : kernel.min(edge, images);
}

bool kernels::weighsImagesInLanes(const TargetDescription &target,
                                  const WeightGradientSpec &spec) {
  int64_t lanes = target.lanes(storageBytes(spec.element));
  return spec.tile == 0 && spec.groups == 1 && spec.run % lanes == 0 &&
         isByImages(target, spec);
}

bool kernels::canUnpoolForWeights(const TargetDescription &target,
                                  const WeightGradientSpec &spec) {
  auto isApart = [](const Sliding &windows, int64_t size) {
    return windows.low == 0 && windows.taps <= windows.stride &&
           windows.source == size && windows.result * windows.stride <= size;
  };
  return spec.pool && spec.tile == 0 &&
         isApart(spec.pool->rows, spec.rows.result) &&
         isApart(spec.pool->columns, spec.columns.result) &&
         isByImages(target, spec);
}

Expected<Kernels> kernels::emitWeightGradient(ModuleOp module,
                                              const TargetDescription &target,
                                              const WeightGradientSpec &spec) {
  if (!spec.element.isF32() && !spec.element.isF64())
    return fail(ErrorCode::unsupported,
                "a convolution of elements other than f32 and f64");
  if (spec.pool && !canUnpoolForWeights(target, spec))
    return fail(ErrorCode::unsupported,
                "unpooling in a gradient of such a convolution");
  if (spec.tile != 0)
    return emitWeightsByWinograd(module, target, spec);
  if (spec.sourceInTiles() || spec.gradientInTiles() ||
      isByImages(target, spec))
    return emitWeightsByImages(module, target, spec);
  bool byChannels =
      weightsByChannelsCost(target, spec) < weightsByPlanesCost(target, spec);
  return byChannels ? emitWeightsByChannels(module, target, spec)
                    : emitWeightsByPlanes(module, target, spec);
}

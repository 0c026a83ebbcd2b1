//===- Convolution.cpp - Kernels of convolutions and pools ----------------===//

#include "GroupKernels.h"
#include "PointwiseBody.h"
#include "nnc/Dialect/NN/IR/Window.h"
#include "nnc/Kernels/Pooling.h"
#include "nnc/Kernels/Winograd.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// The windows of \p window that slide over \p source elements.
static kernels::Sliding slidingOf(const Window &window, int64_t source,
                                  int64_t result) {
  return {source,        result,     window.taps,
          window.stride, window.low, window.dilation};
}

template <typename Op> static Windows windowsOf(Op op, RankedTensorType w) {
  return makeWindows(w.getShape().drop_front(2), op.getStrides(),
                     op.getPadding(), op.getDilations());
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

/// y = x * w.
static void describe(kernels::ConvolutionSpec &spec, Conv2dOp op) {
  RankedTensorType x = op.getX().getType(), w = op.getW().getType();
  RankedTensorType y = op.getType();
  Windows windows = windowsOf(op, w);
  spec.groups = op.getGroups();
  spec.inputs = w.getDimSize(1);
  spec.outputs = w.getDimSize(0) / spec.groups;
  spec.rows = slidingOf(windows[0], x.getDimSize(2), y.getDimSize(2));
  spec.columns = slidingOf(windows[1], x.getDimSize(3), y.getDimSize(3));
  SmallVector<int64_t> strides = stridesOf(w);
  strides.insert(strides.begin(), strides[0] * spec.outputs);
  spec.weights.strides = strides;
}

/// The windows by which dx = dy * w slides over dy: turned, and over dy's
/// elements as far apart as the convolution's stride.
static kernels::Sliding adjoint(const Window &window, int64_t source,
                                int64_t result) {
  kernels::Sliding sliding;
  sliding.source = source;
  sliding.result = result;
  sliding.taps = window.taps;
  sliding.low = window.span() - 1 - window.low;
  sliding.dilation = window.dilation;
  sliding.stretch = window.stride;
  return sliding;
}

static void describe(kernels::ConvolutionSpec &spec, Conv2dDataGradientOp op) {
  RankedTensorType dy = op.getDy().getType(), w = op.getW().getType();
  RankedTensorType dx = op.getType();
  Windows windows = windowsOf(op, w);
  spec.groups = op.getGroups();
  spec.inputs = w.getDimSize(0) / spec.groups;
  spec.outputs = w.getDimSize(1);
  spec.rows = adjoint(windows[0], dy.getDimSize(2), dx.getDimSize(2));
  spec.columns = adjoint(windows[1], dy.getDimSize(3), dx.getDimSize(3));
  SmallVector<int64_t> strides = stridesOf(w);
  spec.weights.strides = {strides[0] * spec.inputs, strides[1], strides[0],
                          -strides[2], -strides[3]};
  spec.weights.offset =
      strides[2] * (windows[0].taps - 1) + strides[3] * (windows[1].taps - 1);
}

static void describeSums(kernels::ConvolutionSpec &spec, Operation *op) {
  if (auto convolution = dyn_cast<Conv2dOp>(op))
    describe(spec, convolution);
  else
    describe(spec, cast<Conv2dDataGradientOp>(op));
  auto readBy = [](const kernels::Sliding &windows) {
    return (windows.result - 1) * windows.stride + windows.taps;
  };
  if (spec.pool) {
    spec.rows.result = readBy(spec.pool->rows);
    spec.columns.result = readBy(spec.pool->columns);
  }
}

static void describeSums(kernels::WinogradSpec &spec, Operation *op) {
  auto convolution = cast<WinogradConv2dOp>(op);
  RankedTensorType x = convolution.getX().getType();
  RankedTensorType y = convolution.getType();
  spec.tile = convolution.getTile();
  spec.inputs = x.getDimSize(1);
  spec.outputs = y.getDimSize(1);
  spec.panel = convolution.getU().getType().getDimSize(3);
  spec.rows = {x.getDimSize(2), y.getDimSize(2), convolution.getPadding()[0]};
  spec.columns = {x.getDimSize(3), y.getDimSize(3),
                  convolution.getPadding()[2]};
}

static Expected<kernels::Kernels> emit(LoweringContext &context,
                                       const kernels::ConvolutionSpec &spec) {
  return kernels::emitConvolution(context.module, context.target, spec);
}
static Expected<kernels::Kernels> emit(LoweringContext &context,
                                       const kernels::WinogradSpec &spec) {
  return kernels::emitWinograd(context.module, context.target, spec);
}

static unsigned numberOf(Value value) {
  return cast<BlockArgument>(value).getArgNumber();
}

static void setWeights(kernels::ConvolutionSpec &spec, unsigned buffer) {
  spec.weights.buffer = buffer;
}
static void setWeights(kernels::WinogradSpec &spec, unsigned buffer) {
  spec.weights = buffer;
}

/// Sets the pool behind a convolution, and gives what is pooled.
static Expected<Value> setPool(kernels::ConvolutionSpec &spec,
                               MaxPool2dOp pool) {
  Windows windows =
      makeWindows(pool.getKernel(), pool.getStrides(), pool.getPadding());
  RankedTensorType x = pool.getX().getType(), y = pool.getY().getType();
  auto yield = cast<YieldOp>(pool->getBlock()->getTerminator());
  spec.pool = {slidingOf(windows[0], x.getDimSize(2), y.getDimSize(2)),
               slidingOf(windows[1], x.getDimSize(3), y.getDimSize(3)),
               llvm::is_contained(yield.getValues(), pool.getIndex())};
  return pool.getX();
}
static Expected<Value> setPool(kernels::WinogradSpec &, MaxPool2dOp pool) {
  return fail(unsupportedAt(pool, "a pool behind minimal filtering"));
}

/// Says how the next buffer lies; what is filtered minimally lies densely.
static void addLayout(kernels::ConvolutionSpec &spec,
                      kernels::ImageLayout layout) {
  spec.layouts.push_back(layout);
}
static void addLayout(kernels::WinogradSpec &, kernels::ImageLayout) {}

/// The spec of \p op, a convolution of Spec's kind, and of what \p group does
/// with its results.
template <typename Spec>
static Expected<Spec> groupSpec(LoweringContext &context, FusionOp group,
                                Operation *op) {
  Spec spec;
  RankedTensorType domain = typeOf(op->getResult(0));
  spec.element = domain.getElementType();
  auto extents = extentsOf(domain, group);
  if (!extents)
    return fail(std::move(extents).error());
  spec.images = extents->front();
  Block &body = group.getBody().front();
  for (ValueRange values :
       {ValueRange(group.getInputs()), ValueRange(group.getOutputs())})
    for (Value value : values) {
      addLayout(spec, context.layoutOf(value));
      spec.buffers.push_back(
          {typeOf(value).getElementType(), context.elementsOf(value)});
    }
  spec.source = numberOf(op->getOperand(0));
  setWeights(spec, numberOf(op->getOperand(1)));

  SmallVector<int64_t> order{0, 1, 2, 3};
  GroupLoads loads(order, numberOf);
  SmallVector<Value> results(cast<YieldOp>(body.getTerminator()).getValues());
  Value sum = op->getResult(0);
  SmallVector<Value> ends(results);
  for (auto pool : body.getOps<MaxPool2dOp>()) {
    auto pooled = setPool(spec, pool);
    if (!pooled)
      return fail(std::move(pooled).error());
    ends = {*pooled};
  }
  for (Value end : ends)
    if (auto required = loads.require(end, {sum}); !required)
      return fail(std::move(required).error());
  spec.epilogueInputs = loads.accesses;
  for (auto [i, result] : llvm::enumerate(results))
    spec.results.push_back(
        loads.identity(typeOf(result), group.getInputs().size() + i));
  spec.epilogue = [=](kernels::BodyContext &context) {
    PointwiseBody pointwise(context, order);
    pointwise.define(sum, context.inputs[0]);
    pointwise.defineLoads(loads, /*skip=*/1);
    return llvm::map_to_vector(ends,
                               [&](Value end) { return pointwise.get(end); });
  };
  describeSums(spec, op);
  return spec;
}

/// The kernel of \p op, as groupSpec() describes it.
template <typename Spec>
static Expected<LoweredOp> lowerGroup(LoweringContext &context, FusionOp group,
                                      Operation *op, StringRef stem) {
  auto spec = groupSpec<Spec>(context, group, op);
  if (!spec)
    return fail(std::move(spec).error());
  spec->name = context.kernelName(stem);
  auto kernels = emit(context, *spec);
  if (!kernels)
    return fail(std::move(kernels).error());
  LoweredOp lowered{*kernels, {}};
  llvm::append_range(lowered.buffers, group.getInputs());
  llvm::append_range(lowered.buffers, group.getOutputs());
  return lowered;
}

Expected<LoweredOp> nnc::lowerConvolutionGroup(LoweringContext &context,
                                               FusionOp group, Operation *op) {
  if (isa<WinogradConv2dOp>(op))
    return lowerGroup<kernels::WinogradSpec>(context, group, op, "winograd");
  return lowerGroup<kernels::ConvolutionSpec>(context, group, op, "conv");
}

std::optional<kernels::ConvolutionSpec>
nnc::convolutionInLanes(LoweringContext &context, FusionOp group) {
  for (Operation &op : group.getBody().front()) {
    if (!isa<Conv2dOp, Conv2dDataGradientOp>(op))
      continue;
    auto spec = groupSpec<kernels::ConvolutionSpec>(context, group, &op);
    if (!spec || spec->groups != 1)
      continue;
    // As if all that may lie in tiles did.
    spec->layouts.assign(spec->buffers.size(), kernels::ImageLayout::dense);
    if (group.getInputs()[spec->source].getDefiningOp())
      spec->layouts[spec->source] = kernels::ImageLayout::pixelTiles;
    for (const kernels::Access &result : spec->results)
      spec->layouts[result.buffer] = kernels::ImageLayout::pixelTiles;
    if (kernels::convolvesImagesInLanes(context.target, *spec))
      return *spec;
  }
  return std::nullopt;
}

static Expected<LoweredOp> lowerWinogradWeights(LoweringContext &context,
                                                WinogradWeightsOp op) {
  RankedTensorType u = op.getType(), w = op.getW().getType();
  auto kernels = kernels::emitWinogradWeights(
      context.module, context.target,
      {context.kernelName("winograd_weights"), u.getElementType(),
       int64_t(op.getTile()), u.getDimSize(2),
       w.getDimSize(op.getAdjoint() ? 1 : 0), u.getDimSize(3),
       op.getAdjoint()});
  if (!kernels)
    return fail(std::move(kernels).error());
  return LoweredOp{*kernels, {op.getW(), op.getU()}};
}

/// The pool that gives \p index, by itself or in a group.
static MaxPool2dOp poolOf(Value index) {
  if (auto group = index.getDefiningOp<FusionOp>()) {
    auto yield = cast<YieldOp>(group.getBody().front().getTerminator());
    index = yield.getValues()[cast<OpResult>(index).getResultNumber()];
  }
  return index.getDefiningOp<MaxPool2dOp>();
}

/// The spec of \p op, with the pool by which its gradient is unpooled if that
/// is so.
static Expected<kernels::WeightGradientSpec>
weightSpec(LoweringContext &context, Conv2dWeightPartsOp op) {
  RankedTensorType x = op.getX().getType(), dy = op.getDy().getType();
  Windows windows = makeWindows(op.getKernel(), op.getStrides(),
                                op.getPadding(), op.getDilations());
  kernels::WeightGradientSpec spec;
  spec.element = x.getElementType();
  auto extents = extentsOf(x, op);
  if (!extents)
    return fail(std::move(extents).error());
  spec.images = extents->front();
  spec.parts = op.getParts();
  spec.run = op.getRun().value_or(1);
  spec.groups = op.getGroups();
  spec.inputs = x.getDimSize(1) / spec.groups;
  spec.outputs = dy.getDimSize(1) / spec.groups;
  spec.rows = slidingOf(windows[0], x.getDimSize(2), dy.getDimSize(2));
  spec.columns = slidingOf(windows[1], x.getDimSize(3), dy.getDimSize(3));
  spec.tile = op.getTile().value_or(0);
  auto unpool = op.getDy().getDefiningOp<MaxUnpool2dOp>();
  if (MaxPool2dOp pool = unpool ? poolOf(unpool.getIndex()) : nullptr) {
    Windows pooled =
        makeWindows(pool.getKernel(), pool.getStrides(), pool.getPadding());
    RankedTensorType images = pool.getX().getType();
    RankedTensorType y = pool.getY().getType();
    spec.pool = {slidingOf(pooled[0], images.getDimSize(2), y.getDimSize(2)),
                 slidingOf(pooled[1], images.getDimSize(3), y.getDimSize(3))};
  }
  return spec;
}

bool nnc::isUnpooledByReaders(LoweringContext &context, MaxUnpool2dOp op) {
  // Their memory may be another value's when the readers come.
  if (!op.getX().getDefiningOp() || !op.getIndex().getDefiningOp())
    return false;
  return llvm::all_of(op.getY().getUses(), [&](OpOperand &use) {
    auto parts = dyn_cast<Conv2dWeightPartsOp>(use.getOwner());
    if (!parts || use.getOperandNumber() != 1)
      return false;
    auto spec = weightSpec(context, parts);
    return spec && kernels::canUnpoolForWeights(context.target, *spec);
  });
}

std::optional<kernels::WeightGradientSpec>
nnc::weightGradientInLanes(LoweringContext &context, Conv2dWeightPartsOp op) {
  auto spec = weightSpec(context, op);
  auto unpool = op.getDy().getDefiningOp<MaxUnpool2dOp>();
  if (spec && !(unpool && isUnpooledByReaders(context, unpool)))
    spec->pool.reset();
  if (!spec)
    return std::nullopt;
  // As if all that may lie in tiles did.
  if (op.getX().getDefiningOp())
    spec->sourceLayout = kernels::ImageLayout::channelTiles;
  spec->gradientLayout = kernels::ImageLayout::channelTiles;
  if (kernels::weighsImagesInLanes(context.target, *spec))
    return *spec;
  return std::nullopt;
}

static Expected<LoweredOp> lowerWeightParts(LoweringContext &context,
                                            Conv2dWeightPartsOp op) {
  auto spec = weightSpec(context, op);
  if (!spec)
    return fail(std::move(spec).error());
  spec->name = context.kernelName("conv_weights");
  auto unpool = op.getDy().getDefiningOp<MaxUnpool2dOp>();
  bool unpools = unpool && isUnpooledByReaders(context, unpool);
  if (!unpools)
    spec->pool.reset();
  spec->sourceLayout = context.layoutOf(op.getX());
  spec->gradientLayout = context.layoutOf(unpools ? unpool.getX() : op.getDy());
  if (unpools)
    spec->indexLayout = context.layoutOf(unpool.getIndex());
  auto kernels =
      kernels::emitWeightGradient(context.module, context.target, *spec);
  if (!kernels)
    return fail(std::move(kernels).error());
  LoweredOp lowered{*kernels, {op.getX()}};
  if (unpools)
    lowered.buffers.append({unpool.getX(), unpool.getIndex()});
  else
    lowered.buffers.push_back(op.getDy());
  lowered.buffers.push_back(op.getY());
  return lowered;
}

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

/// The spec of pooling images of type \p images to \p pooled.
static Expected<kernels::PoolingSpec> poolingOf(Operation *op,
                                                RankedTensorType images,
                                                RankedTensorType pooled,
                                                const Windows &windows = {}) {
  kernels::PoolingSpec spec;
  spec.element = images.getElementType();
  auto extents = extentsOf(images, op);
  if (!extents)
    return fail(std::move(extents).error());
  spec.images = extents->front();
  spec.channels = images.getDimSize(1);
  spec.rows = slidingOf(windows[0], images.getDimSize(2), pooled.getDimSize(2));
  spec.columns =
      slidingOf(windows[1], images.getDimSize(3), pooled.getDimSize(3));
  return spec;
}

/// Joins a spec, a stem for its kernel's name, what emits it, and the values of
/// its buffers.
template <typename Emit>
static Expected<LoweredOp> lowerPool(LoweringContext &context, StringRef stem,
                                     Expected<kernels::PoolingSpec> spec,
                                     SmallVector<Value> buffers, Emit emit) {
  if (!spec)
    return fail(std::move(spec).error());
  spec->name = context.kernelName(stem);
  auto kernels = emit(*spec);
  if (!kernels)
    return fail(std::move(kernels).error());
  return LoweredOp{*kernels, std::move(buffers)};
}

static Expected<LoweredOp> lowerMaxPool(LoweringContext &context,
                                        MaxPool2dOp op) {
  bool withIndex = !op.getIndex().use_empty();
  SmallVector<Value> buffers{op.getX(), op.getY()};
  if (withIndex)
    buffers.push_back(op.getIndex());
  return lowerPool(
      context, "max_pool",
      poolingOf(op, op.getX().getType(), op.getY().getType(),
                makeWindows(op.getKernel(), op.getStrides(), op.getPadding())),
      buffers, [&](const kernels::PoolingSpec &spec) {
        return kernels::emitMaxPool(context.module, context.target, spec,
                                    withIndex);
      });
}

template <typename Op>
static Expected<LoweredOp> lowerAvgPool(LoweringContext &context, Op op) {
  constexpr bool spread = std::is_same_v<Op, AvgUnpool2dOp>;
  RankedTensorType x = op.getX().getType(), y = op.getY().getType();
  auto spec =
      poolingOf(op, spread ? y : x, spread ? x : y,
                makeWindows(op.getKernel(), op.getStrides(), op.getPadding()));
  return lowerPool(context, spread ? "avg_unpool" : "avg_pool", std::move(spec),
                   {op.getX(), op.getY()}, [&](kernels::PoolingSpec spec) {
                     spec.countPadding = op.getCountPadding();
                     return spread ? kernels::emitAvgUnpool(
                                         context.module, context.target, spec)
                                   : kernels::emitAvgPool(context.module,
                                                          context.target, spec);
                   });
}

/// The spec of \p op, which unpools or gathers, of images of type \p images.
template <typename Op>
static Expected<kernels::PoolingSpec> indexedSpec(Op op,
                                                  RankedTensorType images) {
  Windows windows;
  MaxPool2dOp pool = poolOf(op.getIndex());
  bool inside = pool && pool.getX().getType().getShape() == images.getShape();
  if (inside)
    windows =
        makeWindows(pool.getKernel(), pool.getStrides(), pool.getPadding());
  auto spec = poolingOf(op, images, op.getIndex().getType(), windows);
  if (spec)
    spec->insideWindows = inside;
  return spec;
}

bool nnc::canUnpoolToTiles(LoweringContext &context, MaxUnpool2dOp op) {
  auto spec = indexedSpec(op, op.getY().getType());
  return spec && kernels::canUnpoolToTiles(context.target, *spec) &&
         op.getIndex().getType().getElementType().isInteger(32);
}

template <typename Op>
static Expected<LoweredOp> lowerIndexed(LoweringContext &context, Op op) {
  constexpr bool gather = std::is_same_v<Op, GatherPooled2dOp>;
  RankedTensorType images = gather ? op.getX().getType() : op.getY().getType();
  Type index = op.getIndex().getType().getElementType();
  return lowerPool(
      context, gather ? "gather_pooled" : "max_unpool", indexedSpec(op, images),
      {op.getX(), op.getIndex(), op.getY()},
      [&](const kernels::PoolingSpec &spec) {
        if (context.layoutOf(op.getY()) != kernels::ImageLayout::dense)
          return kernels::emitUnpoolToTiles(
              context.module, context.target, spec,
              {context.layoutOf(op.getX()), context.layoutOf(op.getIndex()),
               context.layoutOf(op.getY())});
        return kernels::emitIndexedPool(context.module, context.target, spec,
                                        index, gather);
      });
}

std::optional<Expected<LoweredOp>> nnc::lowerImageOp(LoweringContext &context,
                                                     Operation *op) {
  return llvm::TypeSwitch<Operation *, std::optional<Expected<LoweredOp>>>(op)
      .Case<Conv2dWeightPartsOp>(
          [&](auto op) { return lowerWeightParts(context, op); })
      .Case<WinogradWeightsOp>(
          [&](auto op) { return lowerWinogradWeights(context, op); })
      .Case<MaxPool2dOp>([&](auto op) { return lowerMaxPool(context, op); })
      .Case<AvgPool2dOp, AvgUnpool2dOp>(
          [&](auto op) { return lowerAvgPool(context, op); })
      .Case<MaxUnpool2dOp, GatherPooled2dOp>(
          [&](auto op) { return lowerIndexed(context, op); })
      .Default([](Operation *) { return std::nullopt; });
}

//===- ImageLayouts.cpp - Which images lie in vectors ---------------------===//
//
// Convolutions that have images in the lanes of their vectors turn what they
// read and write, unless it lies in tiles of images. All values that such a
// kernel can write in tiles begin as candidates; those that some kernel cannot
// write or read so are taken away until no more are.
//
//===----------------------------------------------------------------------===//

#include "GroupKernels.h"
#include "PointwiseBody.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

int64_t LoweringContext::elementsOf(Value value) const {
  RankedTensorType type = typeOf(value);
  auto found = tiles.find(value);
  if (found == tiles.end())
    return type.getNumElements();
  return llvm::divideCeil(type.getDimSize(0), found->second.lanes) *
         found->second.tileStride();
}

namespace {
/// Takes values away from those that may lie in tiles until the rest do.
class LayoutPlanner {
public:
  LayoutPlanner(LoweringContext &context, func::FuncOp function)
      : context(context), function(function) {}

  void run();

private:
  void addCandidates(Operation *op, Type element);
  bool isCandidate(Value value) const { return context.tiles.contains(value); }
  bool canWrite(Operation *op);
  bool canRead(OpOperand &use);
  bool canReadGroup(FusionOp group, OpOperand &use);
  bool allCandidates(ValueRange values) const {
    return llvm::all_of(values,
                        [&](Value value) { return isCandidate(value); });
  }

  LoweringContext &context;
  func::FuncOp function;
  /// The groups of convolutions with images in lanes.
  llvm::DenseMap<Operation *, kernels::ConvolutionSpec> convolutions;
};
} // namespace

void LayoutPlanner::addCandidates(Operation *op, Type element) {
  int64_t lanes = context.target.lanes(element.getIntOrFloatBitWidth() / 8);
  for (Value result : op->getResults()) {
    RankedTensorType type = typeOf(result);
    if (type.getRank() == 4 && type.getNumElements() > 0)
      context.tiles[result] = {kernels::ImageLayout::channelTiles, lanes,
                               type.getDimSize(1), type.getDimSize(2),
                               type.getDimSize(3)};
  }
}

/// Whether \p op, the kernel of which has images in lanes, can write its
/// candidates among its results, as the others are.
bool LayoutPlanner::canWrite(Operation *op) {
  auto found = convolutions.find(op);
  if (found == convolutions.end() || found->second.pool)
    return true;
  auto group = cast<FusionOp>(op);
  auto images = typeOf(group.getOutputs().front());
  SmallVector<int64_t> strides = stridesOf(images);
  return allCandidates(group.getOutputs()) &&
         llvm::all_of(
             found->second.epilogueInputs, [&](const kernels::Access &access) {
               Value input = group.getInputs()[access.buffer];
               return isCandidate(input)
                          ? access.offset == 0 && access.strides == strides
                          : access.strides[0] == 0;
             });
}

bool LayoutPlanner::canReadGroup(FusionOp group, OpOperand &use) {
  unsigned number = use.getOperandNumber();
  BlockArgument argument = group.getBody().getArgument(number);
  if (group.getKind() == GroupKind::column_reduce) {
    auto sum = argument.hasOneUse()
                   ? dyn_cast<ReduceSumOp>(*argument.user_begin())
                   : ReduceSumOp();
    return sum && sum.getAxes() == ArrayRef<int64_t>{0, 2, 3} &&
           isa<FloatType>(typeOf(argument).getElementType());
  }
  auto found = convolutions.find(group);
  if (found == convolutions.end())
    return false;
  const kernels::ConvolutionSpec &spec = found->second;
  if (spec.source == number)
    return argument.hasOneUse();
  // Of an epilogue: canWrite() says how it is read.
  return spec.weights.buffer != number && !spec.pool &&
         allCandidates(group.getOutputs());
}

bool LayoutPlanner::canRead(OpOperand &use) {
  Operation *user = use.getOwner();
  if (auto group = dyn_cast<FusionOp>(user))
    return canReadGroup(group, use);
  if (auto parts = dyn_cast<Conv2dWeightPartsOp>(user))
    return weightGradientInLanes(context, parts).has_value();
  auto unpool = dyn_cast<MaxUnpool2dOp>(user);
  if (!unpool)
    return false;
  if (!isUnpooledByReaders(context, unpool))
    return isCandidate(unpool.getY());
  return isCandidate(unpool.getX()) && isCandidate(unpool.getIndex()) &&
         llvm::all_of(unpool.getY().getUsers(), [&](Operation *reader) {
           return weightGradientInLanes(context,
                                        cast<Conv2dWeightPartsOp>(reader))
               .has_value();
         });
}

void LayoutPlanner::run() {
  for (Operation &op : function.getBody().front()) {
    if (auto group = dyn_cast<FusionOp>(op)) {
      if (auto spec = convolutionInLanes(context, group)) {
        addCandidates(group, spec->element);
        convolutions[group] = std::move(*spec);
      }
    } else if (auto unpool = dyn_cast<MaxUnpool2dOp>(op)) {
      if (canUnpoolToTiles(context, unpool) &&
          !isUnpooledByReaders(context, unpool))
        addCandidates(unpool, unpool.getY().getType().getElementType());
    }
  }
  bool changes = true;
  while (changes) {
    changes = false;
    for (Value value : llvm::map_to_vector(
             context.tiles, [](auto &entry) { return entry.first; })) {
      bool fits = canWrite(value.getDefiningOp()) &&
                  llvm::all_of(value.getUses(),
                               [&](OpOperand &use) { return canRead(use); });
      if (!fits)
        changes |= context.tiles.erase(value);
    }
  }
  // Convolutions sum the channels of a pixel in a row.
  for (auto &[group, spec] : convolutions) {
    auto source = context.tiles.find(group->getOperand(spec.source));
    if (source != context.tiles.end())
      source->second.layout = kernels::ImageLayout::pixelTiles;
  }
}

void nnc::planImageLayouts(LoweringContext &context, func::FuncOp function) {
  LayoutPlanner(context, function).run();
}

//===- ChooseConvolutions.cpp - Algorithms for convolutions ---------------===//

#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Dialect/NN/Transforms/FixedValues.h"
#include "nnc/Dialect/NN/Transforms/Passes.h"

namespace nnc::nn {
#define GEN_PASS_DEF_CHOOSECONVOLUTIONSPASS
#include "nnc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace nnc::nn

using namespace mlir;
using namespace nnc::nn;

/// Fewer channels, or wider images, are left to the direct convolution: the
/// transforms work on vectors of channels, and keep a strip on the stack.
static constexpr int64_t leastChannels = 32, widestImage = 256;

/// Costs in multiply-adds: the share of the machine's rate that the direct
/// convolution and products of tiles reach, what the transforms take for an
/// element on either side, and what it takes to transform and to read a
/// weight. Weights are read while others are multiplied.
static constexpr double directRate = 0.67, productRate = 0.85;
static constexpr double transformCost = 18, weightCost = 50, readCost = 25;
/// Images that fill vectors.
static constexpr double manyImages = 16;
/// To transform the gradient by a transformed weight.
static constexpr double gradientCost = 8;

namespace {
/// A convolution of x with windows of w, or of dy with those turned.
struct Candidate {
  Value x, w;
  bool adjoint;
  SmallVector<int64_t> padding;
  RankedTensorType y;
};

struct ChooseConvolutionsPass
    : nnc::nn::impl::ChooseConvolutionsPassBase<ChooseConvolutionsPass> {
  using ChooseConvolutionsPassBase::ChooseConvolutionsPassBase;

  void runOnOperation() override {
    FixedValues fixed(getOperation());
    getOperation().walk([&](Operation *op) {
      if (auto parts = dyn_cast<Conv2dWeightPartsOp>(op)) {
        if (int64_t tile = parts.getTile() ? 0 : bestTile(parts)) {
          parts.setTile(tile);
          ++replaced;
        }
        return;
      }
      auto candidate = candidateOf(op);
      if (!candidate)
        return;
      if (int64_t tile = bestTile(*candidate, fixed.contains(candidate->w))) {
        replace(op, *candidate, tile);
        ++replaced;
      }
    });
  }

  static std::optional<Candidate> candidateOf(Operation *op);
  static int64_t bestTile(const Candidate &candidate, bool fixedWeights);
  static int64_t bestTile(Conv2dWeightPartsOp op);
  void replace(Operation *op, const Candidate &candidate, int64_t tile);
};
} // namespace

/// Whether minimal filtering knows \p op, whose windows have the sizes
/// \p windows.
template <typename Op> static bool isPlain(Op op, ArrayRef<int64_t> windows) {
  auto all = [](ArrayRef<int64_t> numbers, int64_t number) {
    return llvm::all_of(numbers, [&](int64_t n) { return n == number; });
  };
  return op.getGroups() == 1 && all(op.getStrides(), 1) &&
         all(op.getDilations(), 1) && all(windows, 3) &&
         llvm::all_of(op.getPadding(),
                      [](int64_t n) { return n >= 0 && n <= 2; });
}

template <typename Op> static ArrayRef<int64_t> windowsOf(Op op) {
  return op.getW().getType().getShape().drop_front(2);
}

std::optional<Candidate> ChooseConvolutionsPass::candidateOf(Operation *op) {
  if (auto convolution = dyn_cast<Conv2dOp>(op)) {
    if (isPlain(convolution, windowsOf(convolution)))
      return Candidate{convolution.getX(), convolution.getW(), false,
                       llvm::to_vector(convolution.getPadding()),
                       convolution.getType()};
  } else if (auto gradient = dyn_cast<Conv2dDataGradientOp>(op)) {
    if (!isPlain(gradient, windowsOf(gradient)))
      return std::nullopt;
    SmallVector<int64_t> padding;
    for (int64_t zeros : gradient.getPadding())
      padding.push_back(2 - zeros);
    return Candidate{gradient.getDy(), gradient.getW(), true, padding,
                     gradient.getType()};
  }
  return std::nullopt;
}

/// Pairs of one of 3 taps and a result that meet the source, of 1 dimension.
static double meetings(int64_t source, int64_t result, int64_t low) {
  double sum = 0;
  for (int64_t tap = 0; tap < 3; ++tap)
    sum +=
        std::min(result, source + low - tap) - std::max<int64_t>(0, low - tap);
  return sum;
}

/// The tile of the cheapest algorithm, or 0 for the direct convolution. Fixed
/// weights are transformed once for many calls.
int64_t ChooseConvolutionsPass::bestTile(const Candidate &candidate,
                                         bool fixedWeights) {
  auto x = cast<RankedTensorType>(candidate.x.getType());
  double inputs = x.getDimSize(1), outputs = candidate.y.getDimSize(1);
  double images = candidate.y.getDimSize(0), pairs = inputs * outputs;
  int64_t height = candidate.y.getDimSize(2), width = candidate.y.getDimSize(3);
  if (!x.getElementType().isF32() || inputs < leastChannels ||
      outputs < leastChannels || x.getDimSize(3) > widestImage)
    return 0;
  double least =
      9 * pairs * std::max(images * height * width / directRate, readCost);
  // With images in vectors, what stands outside of them takes no time.
  if (images >= manyImages)
    least = std::min(
        least,
        pairs *
            (images * meetings(x.getDimSize(2), height, candidate.padding[0]) *
                 meetings(x.getDimSize(3), width, candidate.padding[2]) /
                 productRate +
             9 * readCost));
  int64_t best = 0;
  double perWeight = fixedWeights ? 0 : weightCost;
  for (int64_t tile : {2, 4}) {
    double tiles =
        images * ((height + tile - 1) / tile) * ((width + tile - 1) / tile);
    double points = (tile + 2) * (tile + 2);
    double cost =
        points *
        (pairs * (std::max(tiles / productRate, readCost) + perWeight) +
         tiles * transformCost * (inputs + outputs));
    if (cost < least) {
      least = cost;
      best = tile;
    }
  }
  return best;
}

/// The tile of the cheapest way to a gradient by the weights, or 0.
int64_t ChooseConvolutionsPass::bestTile(Conv2dWeightPartsOp op) {
  RankedTensorType x = op.getX().getType(), dy = op.getDy().getType();
  double inputs = x.getDimSize(1), outputs = dy.getDimSize(1);
  double images = dy.getDimSize(0), pairs = inputs * outputs;
  int64_t height = dy.getDimSize(2), width = dy.getDimSize(3);
  if (!isPlain(op, op.getKernel()) || !x.getElementType().isF32() ||
      inputs < leastChannels || outputs < leastChannels ||
      x.getDimSize(3) > widestImage)
    return 0;
  // What stands outside of the images takes no time.
  double least = pairs * images *
                 meetings(x.getDimSize(2), height, op.getPadding()[0]) *
                 meetings(x.getDimSize(3), width, op.getPadding()[2]);
  int64_t best = 0;
  for (int64_t tile : {2, 4}) {
    double tiles =
        images * ((height + tile - 1) / tile) * ((width + tile - 1) / tile);
    double points = (tile + 2) * (tile + 2);
    double cost =
        points * (tiles * (pairs + transformCost * (inputs + outputs)) +
                  gradientCost * pairs * op.getParts());
    if (cost < least) {
      least = cost;
      best = tile;
    }
  }
  return best;
}

void ChooseConvolutionsPass::replace(Operation *op, const Candidate &candidate,
                                     int64_t tile) {
  OpBuilder builder(op);
  Value u = WinogradWeightsOp::create(builder, op->getLoc(), candidate.w, tile,
                                      panel, candidate.adjoint);
  Value y = WinogradConv2dOp::create(builder, op->getLoc(), candidate.x, u,
                                     candidate.y.getDimSize(1), tile,
                                     candidate.padding);
  op->getResult(0).replaceAllUsesWith(y);
  op->erase();
}

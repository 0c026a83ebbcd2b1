//===- CropConvolutions.cpp - What pools read of convolutions -------------===//

#include "mlir/IR/IRMapping.h"
#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Dialect/NN/IR/Window.h"
#include "nnc/Dialect/NN/Transforms/Fusion.h"
#include "nnc/Dialect/NN/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"

namespace nnc::nn {
#define GEN_PASS_DEF_CROPCONVOLUTIONSPASS
#include "nnc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace nnc::nn

using namespace mlir;
using namespace nnc::nn;

namespace {
/// A convolution, the element-wise ops behind it, and the pool that reads a
/// part of their images.
struct Chain {
  MaxPool2dOp pool;
  Conv2dOp convolution;
  /// Element-wise ops, in their order in the block.
  SmallVector<Operation *> ops;
  /// What puts the pool's gradient into images, and gradients by these.
  SmallVector<MaxUnpool2dOp> unpools;
  /// Rows and columns that the pool reads.
  std::array<int64_t, 2> size;
};
} // namespace

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// \p type with images of \p size.
static RankedTensorType withImages(RankedTensorType type,
                                   ArrayRef<int64_t> size) {
  SmallVector<AffineExpr> sizes = sizesOf(type);
  SmallVector<int64_t> capacities(type.getShape());
  for (unsigned i = 0; i < 2; ++i) {
    sizes[2 + i] = getAffineConstantExpr(size[i], type.getContext());
    capacities[2 + i] = size[i];
  }
  return tensorType(type.getElementType(), sizes, capacities);
}

/// How far into each dimension of images the windows of \p pool reach.
static std::array<int64_t, 2> readBy(MaxPool2dOp pool) {
  RankedTensorType x = pool.getX().getType(), y = pool.getY().getType();
  Windows windows =
      makeWindows(pool.getKernel(), pool.getStrides(), pool.getPadding());
  std::array<int64_t, 2> size;
  for (unsigned i = 0; i < 2; ++i)
    size[i] = std::min(
        x.getDimSize(2 + i),
        windows[i].element(y.getDimSize(2 + i) - 1, windows[i].taps - 1) + 1);
  return size;
}

/// Gathers the ops between one convolution and \p value.
static bool gather(Value value, Chain &chain,
                   llvm::SetVector<Operation *> &seen) {
  Operation *op = value.getDefiningOp();
  if (isAlikeInImages(op) || (op && seen.contains(op)))
    return true;
  if (auto convolution = dyn_cast_or_null<Conv2dOp>(op)) {
    if (chain.convolution)
      return false;
    chain.convolution = convolution;
    return seen.insert(op);
  }
  if (!op || !isa<ScalarBodyOpInterface>(op) || op->getNumResults() != 1)
    return false;
  for (Value operand : op->getOperands())
    if (!gather(operand, chain, seen))
      return false;
  chain.ops.push_back(op);
  return seen.insert(op);
}

/// Whether each user of \p images is a gradient by them.
static bool feedsGradientsAlone(Value images) {
  return llvm::all_of(images.getUses(), [](OpOperand &use) {
    return (isa<Conv2dWeightPartsOp>(use.getOwner()) &&
            use.getOperandNumber() == 1) ||
           (isa<Conv2dDataGradientOp>(use.getOwner()) &&
            use.getOperandNumber() == 0);
  });
}

static std::optional<Chain> chainOf(MaxPool2dOp pool) {
  Chain chain;
  chain.pool = pool;
  chain.size = readBy(pool);
  ArrayRef<int64_t> whole = pool.getX().getType().getShape().drop_front(2);
  if (ArrayRef(chain.size) == whole)
    return std::nullopt;
  llvm::SetVector<Operation *> seen;
  if (!gather(pool.getX(), chain, seen) || !chain.convolution)
    return std::nullopt;
  for (Operation *op : seen)
    if (llvm::any_of(op->getUsers(), [&](Operation *user) {
          return user != pool && !seen.contains(user);
        }))
      return std::nullopt;
  for (Operation *user : pool.getIndex().getUsers()) {
    auto unpool = dyn_cast<MaxUnpool2dOp>(user);
    if (!unpool || unpool.getSize() != whole ||
        !feedsGradientsAlone(unpool.getY()))
      return std::nullopt;
    chain.unpools.push_back(unpool);
  }
  return chain;
}

/// The padding with which \p op gives images of \p size from images like
/// \p source, its windows having the sizes \p taps.
template <typename Op>
static SmallVector<int64_t> paddingFor(Op op, ArrayRef<int64_t> size,
                                       RankedTensorType source,
                                       ArrayRef<int64_t> taps) {
  SmallVector<int64_t> padding(op.getPadding());
  Windows windows =
      makeWindows(taps, op.getStrides(), padding, op.getDilations());
  for (unsigned i = 0; i < 2; ++i)
    if (windows[i].positions(source.getDimSize(2 + i)) != size[i])
      padding[2 * i + 1] = windows[i].stride * (size[i] - 1) +
                           windows[i].span() - source.getDimSize(2 + i) -
                           windows[i].low;
  return padding;
}

static ArrayRef<int64_t> tapsOf(Value weights) {
  return typeOf(weights).getShape().drop_front(2);
}

/// Makes the gradients that \p images feed read \p cropped.
static void cropGradients(Value images, Value cropped, ArrayRef<int64_t> size) {
  for (Operation *user : llvm::make_early_inc_range(images.getUsers())) {
    OpBuilder builder(user);
    if (auto op = dyn_cast<Conv2dWeightPartsOp>(user)) {
      Value replaced = Conv2dWeightPartsOp::create(
          builder, op.getLoc(), op.getX(), cropped, op.getParts(),
          op.getKernel(), op.getStrides(),
          paddingFor(op, size, typeOf(op.getX()), op.getKernel()),
          op.getDilations(), op.getGroups(), op.getTileAttr(), op.getRunAttr());
      op.getY().replaceAllUsesWith(replaced);
    } else {
      auto gradient = cast<Conv2dDataGradientOp>(user);
      Value replaced = Conv2dDataGradientOp::create(
          builder, gradient.getLoc(), cropped, gradient.getW(),
          gradient.getSize(), gradient.getStrides(),
          paddingFor(gradient, size, gradient.getType(),
                     tapsOf(gradient.getW())),
          gradient.getDilations(), gradient.getGroups());
      gradient.getDx().replaceAllUsesWith(replaced);
    }
    user->erase();
  }
}

static void crop(const Chain &chain) {
  ArrayRef<int64_t> size = chain.size;
  Conv2dOp convolution = chain.convolution;
  OpBuilder builder(convolution);
  IRMapping mapping;
  mapping.map(
      convolution.getY(),
      Conv2dOp::create(builder, convolution.getLoc(), convolution.getX(),
                       convolution.getW(), convolution.getStrides(),
                       paddingFor(convolution, size, typeOf(convolution.getX()),
                                  tapsOf(convolution.getW())),
                       convolution.getDilations(), convolution.getGroups())
          .getY());
  for (Operation *op : chain.ops) {
    builder.setInsertionPoint(op);
    for (Value operand : op->getOperands())
      if (auto broadcast = operand.getDefiningOp<BroadcastOp>();
          broadcast && !mapping.contains(operand))
        mapping.map(operand, BroadcastOp::create(
                                 builder, broadcast.getLoc(),
                                 withImages(typeOf(operand), size),
                                 broadcast.getX(), broadcast.getDimensions())
                                 .getY());
    Operation *cropped = builder.clone(*op, mapping);
    cropped->getResult(0).setType(withImages(typeOf(op->getResult(0)), size));
  }

  MaxPool2dOp pool = chain.pool;
  builder.setInsertionPoint(pool);
  SmallVector<int64_t> padding(pool.getPadding());
  for (unsigned i = 0; i < 2; ++i)
    if (size[i] != pool.getX().getType().getDimSize(2 + i))
      padding[2 * i + 1] = 0;
  auto cropped =
      MaxPool2dOp::create(builder, pool.getLoc(), mapping.lookup(pool.getX()),
                          pool.getKernel(), pool.getStrides(), padding);
  for (MaxUnpool2dOp unpool : chain.unpools) {
    builder.setInsertionPoint(unpool);
    Value images = MaxUnpool2dOp::create(
        builder, unpool.getLoc(), unpool.getX(), cropped.getIndex(), size);
    cropGradients(unpool.getY(), images, size);
    unpool.erase();
  }
  pool.getY().replaceAllUsesWith(cropped.getY());
  pool.erase();
  for (Operation *op : llvm::reverse(chain.ops))
    op->erase();
  convolution.erase();
}

namespace {
struct CropConvolutionsPass
    : nnc::nn::impl::CropConvolutionsPassBase<CropConvolutionsPass> {
  using CropConvolutionsPassBase::CropConvolutionsPassBase;

  void runOnOperation() override {
    SmallVector<MaxPool2dOp> pools;
    getOperation().walk([&](MaxPool2dOp pool) { pools.push_back(pool); });
    for (MaxPool2dOp pool : pools)
      if (std::optional<Chain> chain = chainOf(pool)) {
        crop(*chain);
        ++cropped;
      }
  }
};
} // namespace

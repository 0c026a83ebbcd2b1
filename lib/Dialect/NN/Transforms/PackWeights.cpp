//===- PackWeights.cpp - Weights laid out for their products --------------===//

#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Dialect/NN/Transforms/FixedValues.h"
#include "nnc/Dialect/NN/Transforms/Passes.h"

namespace nnc::nn {
#define GEN_PASS_DEF_PACKWEIGHTSPASS
#include "nnc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace nnc::nn

using namespace mlir;
using namespace nnc::nn;

/// Shorter sums take no time to speak of, and of larger panels no more than
/// this share may be filled up.
static constexpr int64_t leastDepth = 16;
static constexpr double mostFilling = 0.25;
/// More rows pay for packing in each product: what was just packed is near.
static constexpr int64_t mostRows = 256;
/// But not where so many products of one call share what is packed.
static constexpr unsigned manyProducts = 4;
/// Products of so few rows read turned weights in sequence as they are.
static constexpr int64_t fewRows = 4;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

namespace {
struct PackWeightsPass : nnc::nn::impl::PackWeightsPassBase<PackWeightsPass> {
  using PackWeightsPassBase::PackWeightsPassBase;

  void runOnOperation() override {
    known.clear();
    products.clear();
    FixedValues fixed(getOperation());
    auto groups = getOperation().getOps<FusionOp>();
    for (auto group : groups)
      for (auto product : group.getBody().front().getOps<MatmulOp>())
        if (Value w = matrixOf(group, product))
          ++products[w];
    for (auto group : llvm::make_early_inc_range(groups))
      for (auto product : llvm::make_early_inc_range(
               group.getBody().front().getOps<MatmulOp>()))
        if (pack(group, product, fixed))
          ++packed;
  }

private:
  static Value matrixOf(FusionOp group, MatmulOp product);
  bool pack(FusionOp group, MatmulOp product, const FixedValues &fixed);
  int64_t widthFor(MatmulOp product, int64_t columns, int64_t gates,
                   bool isShared) const;
  Value panelsOf(Value w, int64_t width, int64_t gates, bool turned);

  /// Panels of weights, width, gates and whether they are turned, which many
  /// products share, as the steps of a recurrence do.
  llvm::DenseMap<std::tuple<Value, int64_t, int64_t, unsigned>, Value> known;
  /// How many products have a value as their right operand.
  llvm::DenseMap<Value, unsigned> products;
};
} // namespace

/// The value outside of \p group that is the right operand of \p product and
/// nothing else in there.
Value PackWeightsPass::matrixOf(FusionOp group, MatmulOp product) {
  auto b = dyn_cast<BlockArgument>(product.getB());
  if (!b || !b.hasOneUse())
    return {};
  return group.getInputs()[b.getArgNumber()];
}

/// Columns of a panel, of all gates, or 0 if panels gain nothing. One row needs
/// many columns at once to keep the machine busy.
int64_t PackWeightsPass::widthFor(MatmulOp product, int64_t columns,
                                  int64_t gates, bool isShared) const {
  RankedTensorType a = typeOf(product.getA());
  // The option counts elements of 32 bits.
  int64_t lanes = panel * 16 / a.getElementTypeBitWidth();
  int64_t rows = a.getDimSize(0);
  if ((rows > mostRows && !isShared) ||
      (product.getTransposeB() && rows <= fewRows))
    return 0;
  int64_t vectors = gates == 1 ? 2 : gates;
  if (rows == 1)
    vectors = 8 / gates * gates;
  int64_t width = vectors * lanes, ofGate = width / gates;
  int64_t room = llvm::divideCeil(columns / gates, ofGate) * ofGate * gates;
  return room - columns <= mostFilling * columns ? width : 0;
}

Value PackWeightsPass::panelsOf(Value w, int64_t width, int64_t gates,
                                bool turned) {
  Value &panels = known[{w, width, gates, turned}];
  if (!panels) {
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfterValue(w);
    panels =
        ColumnPanelsOp::create(builder, w.getLoc(), w, width, gates, turned);
  }
  return panels;
}

bool PackWeightsPass::pack(FusionOp group, MatmulOp product,
                           const FixedValues &fixed) {
  Value w = matrixOf(group, product);
  if (!w || product.getTransposeA())
    return false;
  auto b = cast<BlockArgument>(product.getB());
  RankedTensorType type = typeOf(w);
  bool turned = product.getTransposeB();
  // Pairs of narrow elements have a layout of their own.
  if (type.getElementTypeBitWidth() < 32 ||
      type.getElementType() != product.getType().getElementType())
    return false;
  bool isShared = products.lookup(w) >= manyProducts;
  bool isPrepared = keepsPrepared && fixed.contains(w);
  if (type.getRank() != 2 || !(isShared || isPrepared) ||
      type.getDimSize(turned ? 1 : 0) < leastDepth)
    return false;
  int64_t columns = type.getDimSize(turned ? 0 : 1), gates = 1;
  for (Operation *user : product->getUsers())
    if (auto slice = dyn_cast<SliceOp>(user))
      gates = columns / slice.getType().getDimSize(1);
  int64_t width = widthFor(product, columns, gates, isShared);
  if (width == 0)
    return false;
  Value panels = panelsOf(w, width, gates, turned);
  OpBuilder builder(product);
  group.getInputsMutable()[b.getArgNumber()].assign(panels);
  b.setType(panels.getType());
  auto result = PanelMatmulOp::create(builder, product.getLoc(), product.getA(),
                                      b, columns, gates);
  product.replaceAllUsesWith(result.getResult());
  product.erase();
  return true;
}

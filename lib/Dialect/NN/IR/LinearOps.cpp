//===- LinearOps.cpp - Matrix products ------------------------------------===//

#include "mlir/IR/PatternMatch.h"
#include "nnc/Dialect/NN/IR/NN.h"

using namespace mlir;
using namespace nnc::nn;

//===----------------------------------------------------------------------===//
// MatmulOp
//===----------------------------------------------------------------------===//

LogicalResult MatmulOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> location,
                                         MatmulOp::Adaptor adaptor,
                                         SmallVectorImpl<Type> &inferred) {
  auto a = cast<RankedTensorType>(adaptor.getA().getType());
  auto b = cast<RankedTensorType>(adaptor.getB().getType());
  int64_t rank = a.getRank();
  if (rank < 2 || rank != b.getRank())
    return emitOptionalError(location,
                             "ranks must be equal and at least 2, got ", rank,
                             " and ", b.getRank());
  if (a.getElementType() != b.getElementType())
    return emitOptionalError(location,
                             "element types differ: ", a.getElementType(),
                             " and ", b.getElementType());
  SmallVector<AffineExpr> sizes = sizesOf(a), otherSizes = sizesOf(b);
  SmallVector<int64_t> capacities(a.getShape());
  for (int64_t i = 0; i + 2 < rank; ++i)
    if (sizes[i] != otherSizes[i])
      return emitOptionalError(location,
                               "leading dimensions differ: ", printSizes(a),
                               " and ", printSizes(b));
  int64_t row = rank - 2, column = rank - 1;
  int64_t m = adaptor.getTransposeA() ? column : row, k = row + column - m;
  int64_t n = adaptor.getTransposeB() ? row : column, otherK = row + column - n;
  if (sizes[k] != otherSizes[otherK])
    return emitOptionalError(location,
                             "contracting dimensions differ: ", printSizes(a),
                             " and ", printSizes(b));
  sizes[row] = sizes[m];
  capacities[row] = a.getDimSize(m);
  sizes[column] = otherSizes[n];
  capacities[column] = b.getDimSize(n);
  // Sums of bf16 are f32.
  Type element = a.getElementType();
  if (element.isBF16())
    element = Float32Type::get(context);
  inferred.push_back(tensorType(element, sizes, capacities));
  return success();
}

void MatmulOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                             SmallVectorImpl<Value> &operandGradients) {
  Value a = getA(), b = getB(), dy = resultGradients[0];
  bool ta = getTransposeA(), tb = getTransposeB();
  auto asElement = [&](Value value, Type element) -> Value {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getElementType() == element)
      return value;
    return CastOp::create(
        builder, getLoc(),
        RankedTensorType::get(type.getShape(), element, type.getEncoding()),
        value);
  };
  // Rounds as the operands are.
  Type element = getA().getType().getElementType();
  dy = asElement(dy, element);
  auto product = [&](Value lhs, bool transposeLhs, Value rhs,
                     bool transposeRhs) {
    return asElement(MatmulOp::create(builder, getLoc(), lhs, rhs, transposeLhs,
                                      transposeRhs),
                     element);
  };
  // da = dy b^T, or its transpose b dy^T; db = a^T dy, or dy^T a.
  operandGradients.push_back(ta ? product(b, tb, dy, true)
                                : product(dy, false, b, !tb));
  operandGradients.push_back(tb ? product(dy, true, a, ta)
                                : product(a, !ta, dy, false));
}

namespace {
/// A transpose of the last two dimensions becomes the product's flag.
struct FoldTransposeIntoMatmul : OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatmulOp op,
                                PatternRewriter &rewriter) const override {
    auto transposed = [](Value operand) -> Value {
      auto transpose = operand.getDefiningOp<TransposeOp>();
      if (!transpose)
        return {};
      ArrayRef<int64_t> permutation = transpose.getPermutation();
      int64_t rank = permutation.size();
      for (int64_t i = 0; i + 2 < rank; ++i)
        if (permutation[i] != i)
          return {};
      return permutation[rank - 2] == rank - 1 ? transpose.getX() : Value();
    };
    Value a = transposed(op.getA()), b = transposed(op.getB());
    if (!a && !b)
      return rewriter.notifyMatchFailure(op, "no transpose of the last two");
    rewriter.replaceOpWithNewOp<MatmulOp>(
        op, a ? a : op.getA(), b ? b : op.getB(), op.getTransposeA() != bool(a),
        op.getTransposeB() != bool(b));
    return success();
  }
};
} // namespace

void MatmulOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<FoldTransposeIntoMatmul>(context);
}

//===----------------------------------------------------------------------===//
// ColumnPanelsOp and PanelMatmulOp
//===----------------------------------------------------------------------===//

static bool isOpen(RankedTensorType type) {
  return llvm::any_of(sizesOf(type), [](AffineExpr size) {
    return !isa<AffineConstantExpr>(size);
  });
}

/// How many panels of \p width hold \p columns columns.
static int64_t panelsOf(int64_t columns, int64_t gates, int64_t width) {
  return llvm::divideCeil(columns / gates, width / gates);
}

LogicalResult ColumnPanelsOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> location,
    ColumnPanelsOp::Adaptor adaptor, SmallVectorImpl<Type> &inferred) {
  auto w = cast<RankedTensorType>(adaptor.getW().getType());
  int64_t panel = adaptor.getPanel(), gates = adaptor.getGates();
  if (w.getRank() != 2 || isOpen(w))
    return emitOptionalError(
        location, "w must be two numbers of elements, got ", printSizes(w));
  if (panel < 1 || panel > 1024)
    return emitOptionalError(location, "panel must be 1 to 1024, got ", panel);
  bool turned = adaptor.getTransposed();
  int64_t columns = w.getDimSize(turned ? 0 : 1);
  if (gates < 1 || gates > 4 || panel % gates != 0 || columns % gates != 0)
    return emitOptionalError(location,
                             "gates must be 1 to 4 and divide the columns, ",
                             columns, ", and panel, ", panel, ", got ", gates);
  inferred.push_back(RankedTensorType::get(
      {panelsOf(columns, gates, panel), w.getDimSize(turned ? 1 : 0), panel},
      w.getElementType()));
  return success();
}

LogicalResult PanelMatmulOp::inferReturnTypes(MLIRContext *context,
                                              std::optional<Location> location,
                                              PanelMatmulOp::Adaptor adaptor,
                                              SmallVectorImpl<Type> &inferred) {
  auto a = cast<RankedTensorType>(adaptor.getA().getType());
  auto p = cast<RankedTensorType>(adaptor.getP().getType());
  int64_t columns = adaptor.getColumns(), gates = adaptor.getGates();
  if (a.getRank() != 2 || p.getRank() != 3)
    return emitOptionalError(location,
                             "a must have two and p three dimensions, got ",
                             a.getRank(), " and ", p.getRank());
  if (a.getElementType() != p.getElementType())
    return emitOptionalError(location,
                             "element types differ: ", a.getElementType(),
                             " and ", p.getElementType());
  bool fits = !isOpen(p) && columns >= 1 && gates >= 1 && gates <= 4 &&
              columns % gates == 0 && p.getDimSize(2) >= 1 &&
              p.getDimSize(2) % gates == 0 &&
              p.getDimSize(0) == panelsOf(columns, gates, p.getDimSize(2)) &&
              sizesOf(a)[1] == sizesOf(p)[1];
  if (!fits)
    return emitOptionalError(
        location, "p must have the panels of ", columns, " columns in ", gates,
        " gates and of the sums of ", printSizes(a), ", got ", printSizes(p));
  inferred.push_back(tensorType(
      a.getElementType(),
      {sizesOf(a)[0], getAffineConstantExpr(columns, a.getContext())},
      {a.getDimSize(0), columns}));
  return success();
}

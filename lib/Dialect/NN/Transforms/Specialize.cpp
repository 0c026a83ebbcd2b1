//===- Specialize.cpp - Numbers in place of named sizes -------------------===//

#include "nnc/Dialect/NN/Transforms/Specialize.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Verifier.h"
#include "nnc/Dialect/NN/Transforms/Passes.h"

namespace nnc::nn {
#define GEN_PASS_DEF_SPECIALIZEPASS
#include "nnc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace nnc::nn

using namespace mlir;
using namespace nnc::nn;

/// The largest number of elements along one dimension.
static constexpr int64_t maximumExtent = int64_t(1) << 40;

namespace {
class Specializer {
public:
  Specializer(func::FuncOp function, const llvm::StringMap<int64_t> &sizes,
              const llvm::StringSet<> &bounded)
      : function(function), sizes(sizes), bounded(bounded),
        dialect(*function.getContext()->getOrLoadDialect<NNDialect>()) {}

  LogicalResult run();

private:
  LogicalResult checkNames();
  LogicalResult check(Type type, Location loc);
  LogicalResult check(ArrayRef<AffineExpr> expressions, Location loc);

  /// \p size with numbers for the names that are not bounded, or for all.
  AffineExpr substitute(AffineExpr size, bool all) const;
  RankedTensorType substitute(RankedTensorType type) const;
  DimsAttr substitute(DimsAttr dims) const;

  func::FuncOp function;
  const llvm::StringMap<int64_t> &sizes;
  const llvm::StringSet<> &bounded;
  NNDialect &dialect;
};
} // namespace

AffineExpr Specializer::substitute(AffineExpr size, bool all) const {
  llvm::DenseMap<AffineExpr, AffineExpr> numbers;
  size.walk([&](AffineExpr expression) {
    auto symbol = dyn_cast<AffineSymbolExpr>(expression);
    if (!symbol)
      return;
    std::string name = dialect.dimensionName(symbol.getPosition());
    auto it = sizes.find(name);
    if (it != sizes.end() && (all || !bounded.contains(name)))
      numbers[expression] =
          getAffineConstantExpr(it->second, dialect.getContext());
  });
  return numbers.empty() ? size : size.replace(numbers);
}

RankedTensorType Specializer::substitute(RankedTensorType type) const {
  auto dims = dyn_cast_or_null<DimsAttr>(type.getEncoding());
  if (!dims)
    return type;
  SmallVector<AffineExpr> extents;
  SmallVector<int64_t> capacities;
  for (AffineExpr size : dims.getSizes()) {
    extents.push_back(substitute(size, /*all=*/false));
    capacities.push_back(
        cast<AffineConstantExpr>(substitute(size, /*all=*/true)).getValue());
  }
  return tensorType(type.getElementType(), extents, capacities);
}

DimsAttr Specializer::substitute(DimsAttr dims) const {
  return DimsAttr::get(dialect.getContext(),
                       llvm::map_to_vector(dims.getSizes(), [&](AffineExpr e) {
                         return substitute(e, /*all=*/false);
                       }));
}

LogicalResult Specializer::check(ArrayRef<AffineExpr> expressions,
                                 Location loc) {
  for (AffineExpr expression : expressions) {
    std::string open;
    expression.walk([&](AffineExpr part) {
      if (auto symbol = dyn_cast<AffineSymbolExpr>(part)) {
        std::string name = dialect.dimensionName(symbol.getPosition());
        if (!sizes.contains(name))
          open = name;
      }
    });
    if (!open.empty())
      return emitError(loc) << "size '" << open << "' is left open";
    auto extent =
        dyn_cast<AffineConstantExpr>(substitute(expression, /*all=*/true));
    if (!extent || extent.getValue() < 0 || extent.getValue() > maximumExtent)
      return emitError(loc)
             << "the sizes give a dimension "
             << (extent ? "the extent " + std::to_string(extent.getValue())
                        : "no extent that is a number");
  }
  return success();
}

LogicalResult Specializer::check(Type type, Location loc) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  auto dims =
      tensor ? dyn_cast_or_null<DimsAttr>(tensor.getEncoding()) : DimsAttr();
  return dims ? check(dims.getSizes(), loc) : success();
}

LogicalResult Specializer::checkNames() {
  for (const auto &[name, size] : sizes)
    if (size < 1 || size > maximumExtent)
      return function.emitError() << "size '" << name << "' must be from 1 to "
                                  << maximumExtent << ", got " << size;
  WalkResult result = function.walk([&](Operation *op) -> WalkResult {
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (BlockArgument argument : block.getArguments())
          if (failed(check(argument.getType(), argument.getLoc())))
            return failure();
    SmallVector<Type> types(op->getResultTypes());
    if (auto function = dyn_cast<func::FuncOp>(op)) {
      llvm::append_range(types, function.getArgumentTypes());
      llvm::append_range(types, function.getResultTypes());
    }
    for (Type type : types)
      if (failed(check(type, op->getLoc())))
        return failure();
    if (auto size = dyn_cast<DimSizeOp>(op))
      return check(size.getSize().getSizes(), op->getLoc());
    return success();
  });
  return failure(result.wasInterrupted());
}

LogicalResult Specializer::run() {
  if (failed(checkNames()))
    return failure();
  // The types change all at once; names are never part of an op's own shape.
  AttrTypeReplacer replacer;
  replacer.addReplacement(
      [&](RankedTensorType type) -> std::pair<Type, WalkResult> {
        return {substitute(type), WalkResult::skip()};
      });
  replacer.addReplacement(
      [&](DimsAttr dims) -> std::pair<Attribute, WalkResult> {
        return {substitute(dims), WalkResult::skip()};
      });
  replacer.recursivelyReplaceElementsIn(function, /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
  return verify(function);
}

LogicalResult nnc::nn::specialize(func::FuncOp function,
                                  const llvm::StringMap<int64_t> &sizes,
                                  const llvm::StringSet<> &bounded) {
  return Specializer(function, sizes, bounded).run();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct SpecializePass : nnc::nn::impl::SpecializePassBase<SpecializePass> {
  using SpecializePassBase::SpecializePassBase;

  void runOnOperation() override {
    llvm::StringMap<int64_t> numbers;
    for (const std::string &text : sizes) {
      auto [name, number] = StringRef(text).split('=');
      int64_t value;
      if (name.empty() || number.getAsInteger(10, value)) {
        getOperation().emitError()
            << "expected NAME=NUMBER, got '" << text << "'";
        return signalPassFailure();
      }
      numbers[name] = value;
    }
    llvm::StringSet<> names;
    for (const std::string &name : bounded)
      names.insert(name);
    if (failed(specialize(getOperation(), numbers, names)))
      signalPassFailure();
  }
};
} // namespace

//===- Specialize.cpp - Sizes in place of names ---------------------------===//

#include "mlir/IR/Verifier.h"
#include "nnc/Dialect/NN/Transforms/Passes.h"

using namespace mlir;
using namespace nnc::nn;

namespace nnc::nn {
#define GEN_PASS_DEF_SPECIALIZEPASS
#include "nnc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace nnc::nn

namespace {
/// Values of the symbols in use; a missing one is remembered by name.
class SizeTable {
public:
  SizeTable(NNDialect &dialect, const llvm::StringMap<int64_t> &sizes,
            ArrayRef<std::string> bounded)
      : dialect(dialect), sizes(sizes), bounded(bounded) {}

  /// \p size with constants for names; bounded ones stay if \p keepBounded.
  AffineExpr substitute(AffineExpr size, bool keepBounded) {
    SmallVector<AffineExpr> replacements;
    unsigned highest = 0;
    size.walk([&](AffineExpr part) {
      if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
        highest = std::max(highest, symbol.getPosition() + 1);
    });
    for (unsigned i = 0; i < highest; ++i)
      replacements.push_back(getAffineSymbolExpr(i, size.getContext()));
    size.walk([&](AffineExpr part) {
      auto symbol = dyn_cast<AffineSymbolExpr>(part);
      if (!symbol)
        return;
      std::string name = dialect.dimensionName(symbol.getPosition());
      if (keepBounded && llvm::is_contained(bounded, name))
        return;
      auto known = sizes.find(name);
      if (known == sizes.end()) {
        missing = name;
        return;
      }
      replacements[symbol.getPosition()] =
          getAffineConstantExpr(known->second, size.getContext());
    });
    return simplifyAffineExpr(size.replaceSymbols(replacements), 0, highest);
  }

  Type specialize(Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !isa_and_nonnull<DimsAttr>(tensor.getEncoding()))
      return type;
    SmallVector<AffineExpr> result;
    SmallVector<int64_t> capacities;
    for (AffineExpr size : sizesOf(tensor)) {
      result.push_back(substitute(size, /*keepBounded=*/true));
      auto capacity =
          dyn_cast<AffineConstantExpr>(substitute(size, /*keepBounded=*/false));
      if (!capacity)
        return type;
      if (capacity.getValue() < 0)
        negative = true;
      capacities.push_back(capacity.getValue());
    }
    return negative ? type
                    : tensorType(tensor.getElementType(), result, capacities);
  }

  std::string missing;
  bool negative = false;

private:
  NNDialect &dialect;
  const llvm::StringMap<int64_t> &sizes;
  ArrayRef<std::string> bounded;
};

struct SpecializePass : nnc::nn::impl::SpecializePassBase<SpecializePass> {
  using SpecializePassBase::SpecializePassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    llvm::StringMap<int64_t> table;
    for (const std::string &entry : sizes) {
      auto [name, text] = StringRef(entry).split('=');
      int64_t value;
      if (text.getAsInteger(10, value) || value < 0) {
        function.emitError()
            << "size '" << entry << "' is not of the form NAME=NUMBER";
        return signalPassFailure();
      }
      table[name] = value;
    }
    auto &dialect = *getContext().getLoadedDialect<NNDialect>();
    SizeTable specializer(dialect, table, *bounded);
    auto update = [&](Value value) {
      value.setType(specializer.specialize(value.getType()));
    };
    WalkResult result = function.walk([&](Operation *op) {
      for (Value value : op->getResults())
        update(value);
      for (Region &region : op->getRegions())
        for (Block &block : region)
          for (BlockArgument argument : block.getArguments())
            update(argument);
      if (auto dimSize = dyn_cast<DimSizeOp>(op))
        dimSize.setSizeAttr(DimsAttr::get(
            &getContext(),
            specializer.substitute(dimSize.getSize().getSizes().front(),
                                   /*keepBounded=*/true)));
      if (!specializer.missing.empty()) {
        op->emitError() << "the size '" << specializer.missing
                        << "' is not known";
        return WalkResult::interrupt();
      }
      if (specializer.negative) {
        op->emitError() << "a size is negative with the given sizes";
        return WalkResult::interrupt();
      }
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    Block &entry = function.getBody().front();
    function.setType(
        FunctionType::get(&getContext(), entry.getArgumentTypes(),
                          entry.getTerminator()->getOperandTypes()));
  }
};
} // namespace

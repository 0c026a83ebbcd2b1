//===- FixedValues.cpp - What parameters alone determine ------------------===//

#include "nnc/Dialect/NN/Transforms/FixedValues.h"
#include "nnc/Dialect/NN/IR/NN.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace nnc::nn;

/// Whether \p type has a size that is known at run time only.
static bool isOpen(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return !tensor || llvm::any_of(sizesOf(tensor), [](AffineExpr size) {
    return !isa<AffineConstantExpr>(size);
  });
}

FixedValues::FixedValues(func::FuncOp function) {
  llvm::StringSet<> updated;
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    if (auto name = function.getResultAttrOfType<StringAttr>(i, "nn.updates"))
      updated.insert(name.getValue());
  for (BlockArgument argument : function.getArguments()) {
    auto text = [&](StringRef name) {
      auto attribute =
          function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), name);
      return attribute ? attribute.getValue() : StringRef();
    };
    StringRef role = text("nn.role");
    if ((role == "parameter" || role == "state") &&
        !updated.contains(text("nn.name")))
      values.insert(argument);
  }
  for (Operation &op : function.getBody().front().without_terminator()) {
    bool readsSize = false;
    op.walk([&](DimSizeOp) { readsSize = true; });
    if (readsSize || llvm::any_of(op.getResultTypes(), isOpen) ||
        !llvm::all_of(op.getOperands(),
                      [&](Value operand) { return contains(operand); }))
      continue;
    values.insert(op.result_begin(), op.result_end());
  }
}

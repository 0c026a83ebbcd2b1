//===- FixedValues.h - What parameters alone determine ----------*- C++ -*-===//

#ifndef NNC_DIALECT_NN_TRANSFORMS_FIXEDVALUES_H
#define NNC_DIALECT_NN_TRANSFORMS_FIXEDVALUES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"

namespace nnc::nn {

/// The values of a function's block that do not change from call to call:
/// parameters and states (by `nn.role`) that no result updates (`nn.updates`),
/// constants, and what is computed from such alone, whatever the number of
/// samples.
class FixedValues {
public:
  explicit FixedValues(mlir::func::FuncOp function);

  bool contains(mlir::Value value) const { return values.contains(value); }

private:
  llvm::DenseSet<mlir::Value> values;
};

} // namespace nnc::nn

#endif // NNC_DIALECT_NN_TRANSFORMS_FIXEDVALUES_H

//===- DeduplicateKernels.h - One function for equal bodies -----*- C++ -*-===//

#ifndef NNC_TRANSFORMS_DEDUPLICATEKERNELS_H
#define NNC_TRANSFORMS_DEDUPLICATEKERNELS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace nnc {

/// Erases functions of \p module that \p mayGo allows and that differ from an
/// earlier one in nothing but their name and those of equal functions that they
/// call. Calls in \p module name the one that stays; the result has it for each
/// that went.
llvm::DenseMap<mlir::Operation *, mlir::func::FuncOp>
mergeEqualFunctions(mlir::ModuleOp module,
                    llvm::function_ref<bool(mlir::func::FuncOp)> mayGo);

} // namespace nnc

#endif // NNC_TRANSFORMS_DEDUPLICATEKERNELS_H

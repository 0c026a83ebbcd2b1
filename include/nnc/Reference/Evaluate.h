//===- Evaluate.h - Slow, plain evaluation of graphs ------------*- C++ -*-===//
//
// The oracle for compiled code: every nn op in plain loops in double precision.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_REFERENCE_EVALUATE_H
#define NNC_REFERENCE_EVALUATE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "nnc/Reference/Tensor.h"

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace nnc::reference {

/// Attaches the ReferenceOpInterface to every nn op once the dialect is loaded.
void registerReferenceModels(mlir::DialectRegistry &registry);

/// The results of \p function, one block of ops with reference models, for
/// \p arguments. Named sizes come from the arguments' shapes and, for names
/// that stand in no argument alone, from \p sizes. Ops run in order and a value
/// is freed after its last use.
///
/// Errors, as diagnostics: arguments that do not fit the function's types, a
/// size left open or too large, an op without a reference model.
llvm::FailureOr<llvm::SmallVector<Tensor>>
evaluate(mlir::func::FuncOp function, llvm::ArrayRef<Tensor> arguments,
         const std::map<std::string, int64_t> &sizes = {});

/// The operands of \p block's terminator for values of its arguments, which
/// fit their types. The caller keeps the arguments alive.
llvm::FailureOr<llvm::SmallVector<Tensor>>
evaluateBlock(mlir::Block &block, llvm::ArrayRef<const Tensor *> arguments,
              const Sizes &sizes);

/// Evaluates \p op alone.
llvm::FailureOr<llvm::SmallVector<Tensor>>
evaluateOp(mlir::Operation *op, llvm::ArrayRef<const Tensor *> operands,
           const Sizes &sizes = {});

} // namespace nnc::reference

#endif // NNC_REFERENCE_EVALUATE_H

//===- Specialize.h - Numbers in place of named sizes -----------*- C++ -*-===//

#ifndef NNC_DIALECT_NN_TRANSFORMS_SPECIALIZE_H
#define NNC_DIALECT_NN_TRANSFORMS_SPECIALIZE_H

#include "nnc/Dialect/NN/IR/NN.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace nnc::nn {

/// Substitutes \p sizes for the named sizes in all types, nn.dim_size ops,
/// block arguments and function types of \p module. The expression of a name in
/// \p bounded stays in #nn.dims and its size becomes the static shape, the
/// capacity; other names vanish. Then verifies the function, so that a shape
/// that the numbers make wrong is an error at its op. Errors, located: a name
/// without a size, a size below 1, an extent that is negative or too large.
/// Names that do not occur are ignored. On failure the function is
/// left in between.
llvm::LogicalResult specialize(mlir::func::FuncOp function,
                               const llvm::StringMap<int64_t> &sizes,
                               const llvm::StringSet<> &bounded = {});

} // namespace nnc::nn

#endif // NNC_DIALECT_NN_TRANSFORMS_SPECIALIZE_H

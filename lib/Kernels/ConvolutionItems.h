//===- ConvolutionItems.h - What convolution kernels share ------*- C++ -*-===//

#ifndef NNC_LIB_KERNELS_CONVOLUTIONITEMS_H
#define NNC_LIB_KERNELS_CONVOLUTIONITEMS_H

#include "KernelBuilder.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace nnc::kernels {

/// Calls \p emit for this thread's part of \p total items, \p capacity at most,
/// each of \p work multiply-adds. Threads that would cost more than they gain
/// get none.
void forItems(KernelBuilder &kernel, mlir::Value total, int64_t capacity,
              double work, llvm::function_ref<void(mlir::Value)> emit);

/// \p first, which packs into scratch of \p scratchBytes, then \p second; or
/// the error of that which failed.
Expected<Kernels> inSequence(int64_t scratchBytes,
                             Expected<mlir::func::FuncOp> first,
                             Expected<mlir::func::FuncOp> second);

} // namespace nnc::kernels

#endif // NNC_LIB_KERNELS_CONVOLUTIONITEMS_H

//===- NNToKernels.h - From fused groups to kernels -------------*- C++ -*-===//
//
// Turns a function of nn.fusion groups into kernels, places its values in
// memory and makes the program that calls the kernels in order.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_CONVERSION_NNTOKERNELS_H
#define NNC_CONVERSION_NNTOKERNELS_H

#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Kernels/TargetDescription.h"
#include "nnc/Runtime/Compiler.h"

namespace nnc {

/// A program as kernels, with the description of its arguments.
struct KernelProgram {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Signature signature;
  /// The least arena that the values' lifetimes allow, bytes.
  int64_t arenaLowerBound = 0;
  /// In the order of their calls.
  std::vector<KernelInfo> kernels;
};

/// Lowers \p function, fused and with all sizes known (a size may still be
/// bounded by `batch` at run time), to kernels for \p target. The program's
/// entry is called \p entry. Arguments of the program: those of the function,
/// then one output for each result that replaces no argument, and with
/// \p profile the output `clockName`. Fails with `unsupported`, located, for
/// what no template can hold.
Expected<KernelProgram> lowerToKernels(mlir::func::FuncOp function,
                                       const TargetDescription &target,
                                       const std::string &entry,
                                       bool profile = false);

} // namespace nnc

#endif // NNC_CONVERSION_NNTOKERNELS_H

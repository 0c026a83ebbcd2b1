//===- ObjectEmitter.h - Machine code from modules of kernels ---*- C++ -*-===//

#ifndef NNC_EXECUTION_OBJECTEMITTER_H
#define NNC_EXECUTION_OBJECTEMITTER_H

#include "mlir/IR/BuiltinOps.h"
#include "nnc/Kernels/TargetDescription.h"
#include "nnc/Support/Error.h"
#include <string>
#include <vector>

namespace nnc {

/// How objects are emitted.
struct EmitOptions {
  /// Threads that generate machine code; each makes an object of its own.
  unsigned threads = 1;
  /// Symbols others may call; all else is local to the linked result. Empty:
  /// every function.
  std::vector<std::string> exports;
};

/// The bytes of a relocatable object.
using ObjectBytes = std::string;

/// Lowers \p module of kernels in place and generates machine code for
/// \p target: one object, or with more threads up to as many. Together they
/// have no undefined symbol. Fails with `codeGeneration`.
Expected<std::vector<ObjectBytes>> emitObjects(mlir::ModuleOp module,
                                               const TargetDescription &target,
                                               const EmitOptions &options = {});

/// The same as one text of assembly language.
Expected<std::string> emitAssembly(mlir::ModuleOp module,
                                   const TargetDescription &target,
                                   const EmitOptions &options = {});

/// The same as LLVM IR, as it enters machine code generation.
Expected<std::string> emitLLVM(mlir::ModuleOp module,
                               const TargetDescription &target,
                               const EmitOptions &options = {});

} // namespace nnc

#endif // NNC_EXECUTION_OBJECTEMITTER_H

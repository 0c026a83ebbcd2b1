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

/// A program that computes what parameters alone determine in another program.
struct Preparation {
  /// Data that the other program declares, and where in the arena of this one
  /// it stands afterwards.
  struct Value {
    std::string symbol;
    int64_t offset, bytes;
  };

  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// Its entry's symbol; it takes the arguments of the other program.
  std::string entry;
  int64_t arenaBytes = 0;
  std::vector<Value> values;
  /// Of each argument whether it is read; others may be null.
  std::vector<bool> reads;
};

/// A program as kernels, with the description of its arguments.
struct KernelProgram {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Signature signature;
  /// Of each argument whether a kernel reads or writes it; others may be null.
  std::vector<bool> uses;
  /// With LoweringOptions::preparesOn, if there is anything to prepare.
  std::optional<Preparation> preparation;
  /// With LoweringOptions::profile; in the order of their calls.
  std::vector<KernelInfo> kernels;
  /// With LoweringOptions::describeMemory; its signature is left empty.
  MemoryInfo memory;
};

/// What lowerToKernels is to give beside the program.
struct LoweringOptions {
  /// Read the clock between kernels, and describe them.
  bool profile = false;
  /// Describe what lies in the arena.
  bool describeMemory = false;
  /// What parameters alone determine is data that the program declares, with a
  /// Preparation that runs on this machine, and not a part of its arena. What
  /// it could not compute to the program's bits stays in the program.
  const TargetDescription *preparesOn = nullptr;
};

/// Lowers \p function, fused and with all sizes known (a size may still be
/// bounded by `batch` at run time), to kernels for \p target. The program's
/// entry is called \p entry. Arguments of the program: those of the function,
/// then one output for each result that replaces no argument, and with
/// `profile` the output `clockName`. Fails with `unsupported`, located, for
/// what no template can hold.
Expected<KernelProgram> lowerToKernels(mlir::func::FuncOp function,
                                       const TargetDescription &target,
                                       const std::string &entry,
                                       LoweringOptions options = {});

/// The op that gives \p value, with its layer: "relu of hidden".
std::string describeValue(mlir::Value value);

} // namespace nnc

#endif // NNC_CONVERSION_NNTOKERNELS_H

//===- ProgramEntry.h - The function that runs a program --------*- C++ -*-===//

#ifndef NNC_KERNELS_PROGRAMENTRY_H
#define NNC_KERNELS_PROGRAMENTRY_H

#include "nnc/Kernels/Kernel.h"
#include <optional>

namespace nnc::kernels {

/// Where a kernel's operand lies.
struct ProgramOperand {
  enum class Kind : uint8_t {
    argument, ///< args[number] of the entry.
    arena,    ///< The arena.
    constant, ///< constants[number] of the program, inside the object.
    prepared, ///< preparedBytes[number] of the program, defined by others.
  } kind = Kind::arena;
  unsigned number = 0;
  /// Bytes from there.
  int64_t offset = 0;
};

/// One call of a kernel, with an operand for each pointer before %extents.
struct ProgramCall {
  mlir::func::FuncOp kernel;
  llvm::SmallVector<ProgramOperand> operands;
  /// Wait for the whole team before this call: it reads what other threads
  /// wrote, or writes what they read.
  bool barrierBefore = true;
};

struct ProgramSpec {
  /// The symbol of the entry, an nnc_rt_entry of nnc/Runtime/ABI.h.
  std::string name;
  std::vector<ProgramCall> calls;
  /// The first calls, whose results stay in the arena: they are left out, and
  /// not timed, where extents[1] says that this is not the first call. The
  /// team waits behind them.
  size_t preparing = 0;
  /// Bytes that become read-only data of the object, 64-byte aligned.
  std::vector<std::vector<char>> constants;
  /// Sizes of read-only data that the object declares, by preparedName, and
  /// does not define; 64-byte aligned.
  std::vector<int64_t> preparedBytes;
  /// The argument that receives the clock's ticks as i64, one before each call
  /// that does not prepare and one after the last. The team then waits around
  /// every call.
  std::optional<unsigned> clock;
};

/// The symbol of prepared data \p number of the program \p entry.
std::string preparedName(llvm::StringRef entry, size_t number);

/// Adds the entry to \p module: the calls in order with barriers between. No
/// barrier stands before the first call, nor without a clock after the last.
/// Without a clock, calls of the same kernels in the same order several times
/// are a loop.
mlir::func::FuncOp emitProgramEntry(mlir::ModuleOp module,
                                    const ProgramSpec &spec);

} // namespace nnc::kernels

#endif // NNC_KERNELS_PROGRAMENTRY_H

//===- ProgramRun.h - Programs on drawn arguments ---------------*- C++ -*-===//
//
// What the checks share: arguments drawn at random for a function, and compiled
// programs called with them.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_COMPILERLIBRARY_PROGRAMRUN_H
#define NNC_LIB_COMPILERLIBRARY_PROGRAMRUN_H

#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Execution/ProgramCompiler.h"
#include "nnc/Reference/Evaluate.h"
#include "nnc/Runtime/Executable.h"

namespace nnc {

/// The attribute \p name of argument \p index, or an empty text.
std::string argumentText(mlir::func::FuncOp function, unsigned index,
                         llvm::StringRef name);

/// Gives each named size of \p function's arguments that \p sizes lacks a small
/// number: 3 for the batch, other numbers for other names.
void chooseSizes(mlir::func::FuncOp function,
                 std::map<std::string, int64_t> &sizes);

/// Arguments for \p function, drawn by \p seed: inputs uniform in [-0.5, 0.5),
/// parameters in the range that keeps sums of fan_in products at that size,
/// states of optimisers in [0.3, 0.5), integers below what they select from.
/// Numbers are rounded to the element type. Fails with `invalidModel` where a
/// size is left open.
Expected<llvm::SmallVector<reference::Tensor>>
drawArguments(mlir::func::FuncOp function,
              const std::map<std::string, int64_t> &sizes, uint64_t seed);

/// Makes the result of every op a result of \p function, in the block's order,
/// none of which replaces an argument. Returns the ops, one a result.
llvm::SmallVector<mlir::Operation *>
returnEverything(mlir::func::FuncOp function);

/// An op's name with the layer that it belongs to: "nn.matmul of 'hidden'".
std::string layerName(mlir::Operation *op);

/// A compiled program, called with tensors in the order of a function's
/// arguments.
class ProgramRun {
public:
  /// Compiles a copy of \p module, which holds one function.
  static Expected<std::unique_ptr<ProgramRun>>
  create(mlir::ModuleOp module, const ProgramOptions &options);

  /// \p bytes as a value of the argument \p index; more than it needs are left
  /// out. Fails with `badArguments` for too few, `unsupported` as run.
  Expected<reference::Tensor> argument(size_t index,
                                       std::span<const std::byte> bytes) const;

  /// The results, in the order of the function's. Fails with `unsupported` for
  /// element types that the checks do not know.
  Expected<llvm::SmallVector<reference::Tensor>>
  run(llvm::ArrayRef<reference::Tensor> arguments);

private:
  explicit ProgramRun(Program program) : executable(std::move(program)) {}

  Executable executable;
  std::vector<AlignedBuffer> buffers;
  std::vector<ArgumentView> views;
  /// The signature's entry of each result of the function.
  std::vector<int> resultIndex;
};

/// The name of result \p index of \p function: its own, or that of the argument
/// it replaces.
std::string resultName(mlir::func::FuncOp function, unsigned index);

} // namespace nnc

#endif // NNC_LIB_COMPILERLIBRARY_PROGRAMRUN_H

//===- ProgramCompiler.h - From a graph to a callable program ---*- C++ -*-===//

#ifndef NNC_EXECUTION_PROGRAMCOMPILER_H
#define NNC_EXECUTION_PROGRAMCOMPILER_H

#include "nnc/Conversion/NNToKernels.h"
#include "nnc/Execution/ObjectEmitter.h"
#include "nnc/Pipelines/Pipelines.h"
#include "nnc/Runtime/Compiler.h"
#include <chrono>

namespace nnc {

/// Measures the phases of a compilation.
class PhaseClock {
public:
  /// Notes that the phase \p name ends now and began where the last one ended.
  void ended(const std::string &name) {
    auto now = std::chrono::steady_clock::now();
    std::chrono::duration<double, std::milli> elapsed = now - last;
    times.emplace_back(name, elapsed.count());
    last = now;
  }
  const PhaseTimes &phases() const { return times; }

private:
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
  PhaseTimes times;
};

struct ProgramOptions {
  GraphPipelineOptions graph;
  TargetDescription target;
  /// Threads that generate machine code.
  unsigned threads = 1;
  /// Also link a shared object for the program cache.
  bool linkShared = false;
  /// Bytes that arguments and arena take at most; 0: no bound.
  int64_t memory = 0;
  /// Read the clock between kernels, and describe them.
  bool profile = false;
  /// Describe what lies in the arena.
  bool describeMemory = false;
  /// What parameters alone determine is data that this machine computes ahead;
  /// see LoweringOptions.
  std::optional<TargetDescription> preparesOn;
  /// The entry's symbol.
  std::string entry = "nnc_program";
};

/// Runs \p module, which holds one function of the phase graph or
/// differentiate, up to and including \p last (simplify or fuse). If a named
/// size cannot stay open down to the kernels, it becomes exact. Fails with
/// `invalidModel` and the first diagnostic.
Expected<void> runGraphPhases(mlir::ModuleOp module,
                              const GraphPipelineOptions &options, Phase last);

/// Lowers \p module, of the phase graph or differentiate, to kernels. The
/// module is left in the phase fuse. Fails with `memoryBudget` if it cannot be
/// made to take so little memory as the options ask.
struct LoweredModule {
  mlir::OwningOpRef<mlir::ModuleOp> kernels;
  Signature signature;
  /// Of each argument whether a kernel reads or writes it.
  std::vector<bool> uses;
  /// With ProgramOptions::preparesOn, if there is anything to prepare.
  std::optional<Preparation> preparation;
  PhaseTimes phases;
  /// With ProgramOptions::profile.
  std::vector<KernelInfo> kernelInfos;
  /// With ProgramOptions::describeMemory.
  MemoryInfo memory;
};
Expected<LoweredModule> lowerModule(mlir::ModuleOp module,
                                    const ProgramOptions &options);

/// Compiles \p module, of the phase graph or differentiate, into this process.
Expected<Program> compileProgram(mlir::ModuleOp module,
                                 const ProgramOptions &options);

} // namespace nnc

#endif // NNC_EXECUTION_PROGRAMCOMPILER_H

//===- Pipelines.h - The phases of the compiler -----------------*- C++ -*-===//

#ifndef NNC_PIPELINES_PIPELINES_H
#define NNC_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nnc {

/// The phases in order; the output of each can be printed and fed back.
enum class Phase : uint8_t {
  graph,         ///< The model, with named sizes.
  differentiate, ///< With gradients and updates.
  simplify,      ///< Sizes put in, in canonical form.
  fuse,          ///< Primitive ops in groups, one a kernel.
  kernels,       ///< Loops over vectors, and the program that calls them.
  llvm,          ///< The llvm dialect.
};

std::string_view nameOf(Phase phase);
/// One line on what the phase's output is.
std::string_view describe(Phase phase);
std::optional<Phase> parsePhase(std::string_view name);
/// All names in order, for messages.
std::vector<std::string> phaseNames();

struct GraphPipelineOptions {
  /// Sizes of names; `batch` is a capacity if it is in `bounded`.
  std::map<std::string, int64_t> sizes;
  std::vector<std::string> bounded = {"batch"};
  /// 0: neither simplify nor fuse (each op is its own kernel). 2: algorithms
  /// that round otherwise may be chosen.
  int optimizationLevel = 2;
  /// Large values are stored as bf16, and products take it.
  bool storesBF16 = false;
  /// Columns of the panels that packed weights lie in; as the target's.
  int64_t panelColumns = 16;
  /// Callers keep what parameters alone determine from call to call, so that
  /// weights may be laid out anew for their products.
  bool keepsPrepared = false;
};

/// From graph or differentiate to simplify.
void buildSimplifyPipeline(mlir::OpPassManager &passManager,
                           const GraphPipelineOptions &options);

/// From simplify to primitive ops, as fusion takes them.
void buildPrimitivesPipeline(mlir::OpPassManager &passManager,
                             const GraphPipelineOptions &options);

/// From primitive ops to fuse.
void buildGroupsPipeline(mlir::OpPassManager &passManager,
                         const GraphPipelineOptions &options);

/// From simplify to fuse: the two above.
void buildFusePipeline(mlir::OpPassManager &passManager,
                       const GraphPipelineOptions &options);

} // namespace nnc

#endif // NNC_PIPELINES_PIPELINES_H

//===- ProgramCompiler.cpp - From a graph to a callable program -----------===//

#include "nnc/Execution/ProgramCompiler.h"
#include "mlir/Pass/PassManager.h"
#include "nnc/Dialect/NN/Transforms/Recompute.h"
#include "nnc/Execution/FirstError.h"
#include "nnc/Execution/JITSession.h"
#include "nnc/Execution/Linker.h"
#include "nnc/Support/ByteSize.h"
#include <chrono>

using namespace mlir;
using namespace nnc;

//===----------------------------------------------------------------------===//
// Phases
//===----------------------------------------------------------------------===//

Expected<void> nnc::runGraphPhases(ModuleOp module,
                                   const GraphPipelineOptions &options,
                                   Phase last) {
  FirstError errors(module.getContext());
  PassManager passManager(module.getContext());
  buildSimplifyPipeline(passManager, options);
  if (last == Phase::fuse)
    buildFusePipeline(passManager, options);
  if (failed(passManager.run(module)))
    return errors.take("a pass on the graph failed without a message");
  return {};
}

/// Brings \p module, of the phase graph or differentiate, to the phase fuse so
/// that it takes no more memory than \p options ask, of which its arguments
/// take \p arguments bytes.
static Expected<void> recomputeWithin(ModuleOp module,
                                      const ProgramOptions &options,
                                      const GraphPipelineOptions &graph,
                                      int64_t arguments) {
  FirstError errors(module.getContext());
  PassManager toPrimitives(module.getContext()), toGroups(module.getContext());
  buildSimplifyPipeline(toPrimitives, graph);
  buildPrimitivesPipeline(toPrimitives, graph);
  buildGroupsPipeline(toGroups, graph);
  toGroups.enableVerifier(false);
  if (failed(toPrimitives.run(module)))
    return errors.take("a pass on the graph failed without a message");
  func::FuncOp function = *module.getOps<func::FuncOp>().begin();
  auto arenaOf = [&](func::FuncOp fused) {
    auto lowered = lowerToKernels(fused, options.target, options.entry);
    return lowered ? lowered->signature.arenaBytes
                   : std::numeric_limits<int64_t>::max() - arguments;
  };
  auto fuse = [&](func::FuncOp copy) {
    (void)toGroups.run(copy->getParentOfType<ModuleOp>());
  };
  nn::Recomputation done =
      nn::recompute(function, options.memory - arguments, fuse, arenaOf);
  if (arguments + done.bytes > options.memory)
    return fail(ErrorCode::memoryBudget, byteSizeText(arguments + done.least),
                byteSizeText(options.memory));
  if (failed(toGroups.run(module)))
    return errors.take("a pass on the graph failed without a message");
  return {};
}

Expected<LoweredModule> nnc::lowerModule(ModuleOp module,
                                         const ProgramOptions &options) {
  PhaseClock clock;
  // Kept in case an open size does not reach the kernels.
  OwningOpRef<ModuleOp> original = module.clone();
  if (auto run = runGraphPhases(module, options.graph, Phase::fuse); !run)
    return fail(std::move(run).error());
  clock.ended("simplify, fuse");
  auto lower = [&]() -> Expected<KernelProgram> {
    auto functions = module.getOps<func::FuncOp>();
    if (functions.empty())
      return fail(ErrorCode::internal, "a module without a function");
    return lowerToKernels(
        *functions.begin(), options.target, options.entry,
        {options.profile, options.describeMemory,
         options.preparesOn ? &*options.preparesOn : nullptr});
  };
  auto conclude =
      [&](Expected<KernelProgram> &&lowered) -> Expected<LoweredModule> {
    if (!lowered)
      return fail(std::move(lowered).error());
    clock.ended("kernels");
    LoweredModule result;
    result.phases = clock.phases();
    result.kernels = std::move(lowered->module);
    result.signature = std::move(lowered->signature);
    result.uses = std::move(lowered->uses);
    result.preparation = std::move(lowered->preparation);
    result.kernelInfos = std::move(lowered->kernels);
    auto batch = options.graph.sizes.find("batch");
    result.signature.batch =
        batch == options.graph.sizes.end() ? 1 : batch->second;
    result.memory = std::move(lowered->memory);
    result.memory.signature = result.signature;
    return result;
  };
  auto restore = [&] {
    module.getBody()->clear();
    OwningOpRef<ModuleOp> copy = original->clone();
    for (Operation &op : llvm::make_early_inc_range(*copy->getBody()))
      op.moveBefore(module.getBody(), module.getBody()->end());
  };
  // Once more, with values computed again, if it takes too much memory.
  auto keepBudget =
      [&](Expected<LoweredModule> &&result,
          const GraphPipelineOptions &graph) -> Expected<LoweredModule> {
    if (!result || options.memory <= 0 ||
        result->signature.memoryBytes() <= options.memory)
      return std::move(result);
    int64_t arguments =
        result->signature.memoryBytes() - result->signature.arenaBytes;
    restore();
    if (auto done = recomputeWithin(module, options, graph, arguments); !done)
      return fail(std::move(done).error());
    return conclude(lower());
  };
  auto lowered = lower();
  if (!lowered && lowered.error().code == ErrorCode::unsupported &&
      !options.graph.bounded.empty()) {
    GraphPipelineOptions exact = options.graph;
    exact.bounded.clear();
    restore();
    if (auto run = runGraphPhases(module, exact, Phase::fuse); !run)
      return fail(std::move(run).error());
    return keepBudget(conclude(lower()), exact);
  }
  return keepBudget(conclude(std::move(lowered)), options.graph);
}

Expected<Program> nnc::compileProgram(ModuleOp module,
                                      const ProgramOptions &options) {
  auto start = std::chrono::steady_clock::now();
  auto lowered = lowerModule(module, options);
  if (!lowered)
    return fail(std::move(lowered).error());
  PhaseClock clock;
  EmitOptions emit;
  emit.threads = options.threads;
  emit.exports = {options.entry};
  auto objects = emitObjects(*lowered->kernels, options.target, emit);
  if (!objects)
    return fail(std::move(objects).error());
  clock.ended("llvm, machine code");
  auto session = JITSession::create(*objects);
  if (!session)
    return fail(std::move(session).error());
  auto entry = (*session)->lookup(options.entry);
  if (!entry)
    return fail(std::move(entry).error());
  Program program;
  program.signature = std::move(lowered->signature);
  program.kernels = std::move(lowered->kernelInfos);
  program.entry = reinterpret_cast<nnc_rt_entry>(*entry);
  program.code = std::shared_ptr<JITSession>(std::move(*session));
  clock.ended("loading");
  program.phases = std::move(lowered->phases);
  program.phases.insert(program.phases.end(), clock.phases().begin(),
                        clock.phases().end());
  std::chrono::duration<double, std::milli> elapsed =
      std::chrono::steady_clock::now() - start;
  program.compileMilliseconds = elapsed.count();
  if (options.linkShared) {
    auto shared = nnc::linkShared(*objects);
    if (!shared)
      return fail(std::move(shared).error());
    program.sharedObject = std::move(*shared);
  }
  return program;
}

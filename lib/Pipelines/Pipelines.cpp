//===- Pipelines.cpp - The phases of the compiler -------------------------===//

#include "nnc/Pipelines/Pipelines.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "nnc/Dialect/NN/Transforms/Passes.h"
#include "nnc/Reference/Passes.h"

using namespace mlir;
using namespace nnc;

namespace {
struct Row {
  std::string_view name, description;
};
constexpr Row rows[] = {
    {"graph", "the model, with named sizes"},
    {"differentiate", "with gradients and updates"},
    {"simplify", "sizes put in, in canonical form"},
    {"fuse", "primitive ops in groups, one a kernel"},
    {"kernels", "loops over vectors, and the program that calls them"},
    {"llvm", "the llvm dialect"},
};
} // namespace

std::string_view nnc::nameOf(Phase phase) {
  return rows[static_cast<size_t>(phase)].name;
}

std::string_view nnc::describe(Phase phase) {
  return rows[static_cast<size_t>(phase)].description;
}

std::optional<Phase> nnc::parsePhase(std::string_view name) {
  for (size_t i = 0; i < std::size(rows); ++i)
    if (rows[i].name == name)
      return static_cast<Phase>(i);
  return std::nullopt;
}

std::vector<std::string> nnc::phaseNames() {
  std::vector<std::string> names;
  for (const Row &row : rows)
    names.emplace_back(row.name);
  return names;
}

void nnc::buildSimplifyPipeline(OpPassManager &passManager,
                                const GraphPipelineOptions &options) {
  OpPassManager &functions = passManager.nest<func::FuncOp>();
  nn::SpecializePassOptions specialize;
  for (const auto &[name, size] : options.sizes)
    specialize.sizes.push_back(name + "=" + std::to_string(size));
  // A capacity of one leaves nothing open.
  for (const std::string &name : options.bounded)
    if (auto size = options.sizes.find(name);
        size == options.sizes.end() || size->second != 1)
      specialize.bounded.push_back(name);
  functions.addPass(nn::createSpecializePass(specialize));
  if (options.optimizationLevel == 0) {
    functions.addPass(nn::createUnrollLoopsPass());
    return;
  }
  functions.addPass(nn::createSimplifyPass());
  functions.addPass(nn::createUnrollLoopsPass());
  functions.addPass(nn::createSimplifyPass());
  functions.addPass(reference::createFoldConstantsPass());
}

void nnc::buildPrimitivesPipeline(OpPassManager &passManager,
                                  const GraphPipelineOptions &options) {
  OpPassManager &functions = passManager.nest<func::FuncOp>();
  functions.addPass(nn::createDecomposePass());
  if (options.optimizationLevel > 1)
    functions.addPass(nn::createChooseConvolutionsPass({options.panelColumns}));
  if (options.optimizationLevel > 0) {
    functions.addPass(reference::createFoldConstantsPass());
    functions.addPass(nn::createSimplifyPass());
    functions.addPass(nn::createCropConvolutionsPass());
  }
}

void nnc::buildGroupsPipeline(OpPassManager &passManager,
                              const GraphPipelineOptions &options) {
  OpPassManager &functions = passManager.nest<func::FuncOp>();
  functions.addPass(nn::createFuseOpsPass(
      nn::FuseOpsPassOptions{/*alone=*/options.optimizationLevel == 0}));
  if (options.storesBF16)
    functions.addPass(nn::createLowerPrecisionPass(
        nn::LowerPrecisionPassOptions{.keepsPrepared = options.keepsPrepared}));
  if (options.optimizationLevel > 0)
    functions.addPass(nn::createPackWeightsPass(
        {options.keepsPrepared, options.panelColumns}));
}

void nnc::buildFusePipeline(OpPassManager &passManager,
                            const GraphPipelineOptions &options) {
  buildPrimitivesPipeline(passManager, options);
  buildGroupsPipeline(passManager, options);
}

//===- PreparationTest.cpp - Programs split from what prepares for them ---===//

#include "mlir/Parser/Parser.h"
#include "nnc/Execution/ProgramCompiler.h"
#include "nnc/InitAll.h"
#include "nnc/Pipelines/KernelsToLLVM.h"
#include <gtest/gtest.h>

using namespace nnc;

namespace {
class PreparationTest : public testing::Test {
protected:
  PreparationTest() {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    loadKernelDialects(context);
    options.graph.keepsPrepared = true;
  }

  LoweredModule lower(const char *text) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    auto lowered = lowerModule(*module, options);
    if (!lowered) {
      ADD_FAILURE() << render(lowered.error());
      return {};
    }
    return std::move(*lowered);
  }

  static size_t functionsOf(mlir::ModuleOp module) {
    auto functions = module.getOps<mlir::func::FuncOp>();
    return std::distance(functions.begin(), functions.end());
  }

  mlir::MLIRContext context;
  ProgramOptions options;
};
} // namespace

// The program reads c; t leads to it alone, and s is a result.
static const char *const fixedParts = R"(
!x = tensor<?x4xf32, #nn.dims<batch, 4>>
func.func @f(%x: !x {nn.name = "x", nn.role = "input"},
             %w: tensor<4xf32> {nn.name = "w", nn.role = "parameter"},
             %v: tensor<4xf32> {nn.name = "v", nn.role = "parameter"})
    -> (!x {nn.name = "y"}, tensor<4xf32> {nn.name = "s"}) {
  %s = nn.exp %v : tensor<4xf32>
  %r = nn.reshape %w : tensor<4xf32> -> tensor<1x4xf32>
  %t = nn.transpose %r permutation = [1, 0] : tensor<1x4xf32> -> tensor<4x1xf32>
  %i = nn.iota axis = 0 : tensor<4x1xf32>
  %c = nn.concat %t, %i axis = 1 : (tensor<4x1xf32>, tensor<4x1xf32>) -> tensor<4x2xf32>
  %d = nn.matmul %x, %c : (!x, tensor<4x2xf32>) -> tensor<?x2xf32, #nn.dims<batch, 2>>
  %y = nn.matmul %d, %c transpose_b : (tensor<?x2xf32, #nn.dims<batch, 2>>, tensor<4x2xf32>) -> !x
  return %y, %s : !x, tensor<4xf32>
})";

TEST_F(PreparationTest, LeavesWhatTheProgramReads) {
  options.target = *TargetDescription::host();
  options.graph.sizes["batch"] = 2;
  LoweredModule whole = lower(fixedParts);
  ASSERT_TRUE(whole.kernels);
  EXPECT_FALSE(whole.preparation);

  options.preparesOn = options.target;
  LoweredModule program = lower(fixedParts);
  ASSERT_TRUE(program.kernels && program.preparation);
  ASSERT_EQ(program.preparation->values.size(), 1u);
  EXPECT_EQ(program.preparation->values[0].bytes, 4 * 2 * 4);
  // x, w, v, y and s.
  EXPECT_EQ(program.preparation->reads,
            (std::vector<bool>{false, true, false, false, false}));
  EXPECT_EQ(program.uses, (std::vector<bool>{true, false, true, true, true}));
  EXPECT_EQ(whole.uses, std::vector<bool>(5, true));
  EXPECT_LT(program.signature.arenaBytes, whole.signature.arenaBytes);
  // Neither module holds what the other calls.
  EXPECT_LT(functionsOf(*program.kernels), functionsOf(*whole.kernels));
  EXPECT_LT(functionsOf(*program.preparation->module),
            functionsOf(*whole.kernels));
}

TEST_F(PreparationTest, NothingToPrepare) {
  options.target = *TargetDescription::host();
  options.preparesOn = options.target;
  LoweredModule program = lower(R"(
func.func @f(%x: tensor<4xf32> {nn.name = "x", nn.role = "input"})
    -> (tensor<4xf32> {nn.name = "y"}) {
  %y = nn.exp %x : tensor<4xf32>
  return %y : tensor<4xf32>
})");
  ASSERT_TRUE(program.kernels);
  EXPECT_FALSE(program.preparation);
}

// Instructions that round to bf16 flush subnormal numbers.
TEST_F(PreparationTest, RoundsToBF16AheadOnlyAsTheTargetDoes) {
  options.graph.storesBF16 = true;
  for (const char *name : {"znver4", "x86-64-v3"})
    for (bool hasInstructions : {false, true}) {
      options.target = *TargetDescription::named(name);
      options.preparesOn = *TargetDescription::named("x86-64-v3");
      options.preparesOn->bf16 = hasInstructions;
      LoweredModule program = lower(R"(
func.func @f(%x: tensor<32x256xf32> {nn.name = "x", nn.role = "input"},
             %w: tensor<256x256xf32> {nn.name = "w", nn.role = "parameter"})
    -> (tensor<32x256xf32> {nn.name = "y"}) {
  %y = nn.matmul %x, %w : (tensor<32x256xf32>, tensor<256x256xf32>) -> tensor<32x256xf32>
  return %y : tensor<32x256xf32>
})");
      ASSERT_TRUE(program.kernels);
      bool isAhead = hasInstructions || !options.target.bf16;
      EXPECT_EQ(program.preparation.has_value(), isAhead) << name;
      EXPECT_EQ(program.uses[1], !isAhead) << name;
    }
}

//===- RecomputeTest.cpp - Values computed again instead of kept ----------===//

#include "nnc/Dialect/NN/Transforms/Recompute.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "nnc/InitAll.h"
#include "gtest/gtest.h"
#include <fmt/format.h>

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;

namespace {
class RecomputeTest : public testing::Test {
protected:
  RecomputeTest() : context(MLIRContext::Threading::DISABLED) {
    DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  func::FuncOp parse(const std::string &text) {
    module = parseSourceString<ModuleOp>(text, &context);
    return *module->getOps<func::FuncOp>().begin();
  }

  /// A training step of \p depth layers, exp(h w) each, of 4 KiB a value. The
  /// backward part reads the products and the exponentials of all.
  func::FuncOp chain(int depth) {
    const std::string type = "tensor<32x32xf32>";
    std::string arguments = "%h0: " + type, results, values, body;
    for (int i = 0; i < depth; ++i) {
      arguments += fmt::format(", %w{0}: {1}, %s{0}: {1} {{nn.name = \"s{0}\","
                               " nn.role = \"optimizer\"}}",
                               i, type);
      body += fmt::format("%p{0} = nn.matmul %h{0}, %w{0} : ({2}, {2}) -> {2}\n"
                          "%h{1} = nn.exp %p{0} : {2}\n",
                          i, i + 1, type);
    }
    body += fmt::format("%g{0} = nn.tanh %h{0} : {1}\n", depth, type);
    for (int i = depth; i-- > 0;) {
      body += fmt::format(
          "%d{0} = nn.mul %g{1}, %p{0} : {2}\n"
          "%u{0} = nn.matmul %h{0}, %d{0} transpose_a : ({2}, {2}) -> {2}\n"
          "%g{0} = nn.matmul %d{0}, %w{0} transpose_b : ({2}, {2}) -> {2}\n",
          i, i + 1, type);
      results += fmt::format(", {} {{nn.updates = \"s{}\"}}", type, i);
      values += fmt::format(", %u{}", i);
    }
    std::string types = type;
    for (int i = 0; i < depth; ++i)
      types += ", " + type;
    return parse(fmt::format("func.func @step({}) -> ({} {{nn.name = \"y\"}}{})"
                             " {{\n{}return %h{}{} : {}\n}}",
                             arguments, type, results, body, depth, values,
                             types));
  }

  static int64_t copiesIn(func::FuncOp function) {
    int64_t count = 0;
    function.walk(
        [&](Operation *op) { count += op->hasAttr(recomputedAttribute); });
    return count;
  }

  static std::string textOf(func::FuncOp function) {
    std::string text;
    llvm::raw_string_ostream(text) << function;
    return text;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};
} // namespace

static void keep(func::FuncOp) {}

TEST_F(RecomputeTest, CountsArithmetic) {
  func::FuncOp function = parse(R"(
    func.func @f(%a: tensor<3x5x7xf32>, %b: tensor<3x7x2xf32>) -> tensor<3x5x2xf32> {
      %p = nn.matmul %a, %b : (tensor<3x5x7xf32>, tensor<3x7x2xf32>) -> tensor<3x5x2xf32>
      %e = nn.exp %p : tensor<3x5x2xf32>
      return %e : tensor<3x5x2xf32>
    })");
  Operation *product = &function.front().front();
  Operation *exponential = product->getNextNode();
  EXPECT_EQ(productFlop(product), 2 * 3 * 5 * 7 * 2);
  EXPECT_EQ(countFlop(product), 2 * 3 * 5 * 7 * 2);
  EXPECT_EQ(depthOf(product), 7);
  EXPECT_EQ(productFlop(exponential), 0);
  EXPECT_EQ(depthOf(exponential), 0);
  EXPECT_EQ(countFlop(exponential), 30);
}

TEST_F(RecomputeTest, LiveBytesEndWithTheLastReader) {
  // Two values of 400 bytes are alive at most: %c is made as %a dies, and what
  // is returned counts for nothing; a reshape is the memory it reads.
  func::FuncOp function = parse(R"(
    func.func @f(%x: tensor<10x10xf32>) -> tensor<10x10xf32> {
      %a = nn.exp %x : tensor<10x10xf32>
      %r = nn.reshape %a : tensor<10x10xf32> -> tensor<100xf32>
      %b = nn.exp %r : tensor<100xf32>
      %c = nn.reshape %b : tensor<100xf32> -> tensor<10x10xf32>
      %y = nn.exp %c : tensor<10x10xf32>
      return %y : tensor<10x10xf32>
    })");
  EXPECT_EQ(liveBytes(function), 800);
}

TEST_F(RecomputeTest, ABoundThatHoldsChangesNothing) {
  func::FuncOp function = chain(6);
  std::string before = textOf(function);
  int64_t bytes = liveBytes(function);
  Recomputation done = recompute(function, bytes, keep);
  EXPECT_EQ(done.bytes, bytes);
  EXPECT_EQ(done.ops, 0);
  EXPECT_EQ(done.flop, 0);
  EXPECT_EQ(textOf(function), before);
}

TEST_F(RecomputeTest, LessMemoryForMoreArithmetic) {
  int64_t all = liveBytes(chain(12)), least = all, flop = 0;
  unsigned kept = 0;
  for (int64_t budget = all; budget >= 0; budget -= 4096) {
    func::FuncOp function = chain(12);
    std::string before = textOf(function);
    Recomputation done = recompute(function, budget, keep);
    EXPECT_TRUE(succeeded(verify(*module)));
    EXPECT_EQ(copiesIn(function), done.ops);
    if (done.bytes > budget) {
      // Told, and left alone; it was possible down to here.
      EXPECT_EQ(textOf(function), before);
      EXPECT_EQ(done.least, least);
      continue;
    }
    ++kept;
    EXPECT_EQ(liveBytes(function), done.bytes);
    EXPECT_GE(done.flop, flop) << budget;
    int64_t counted = 0;
    function.walk([&](Operation *op) {
      if (op->hasAttr(recomputedAttribute))
        counted += countFlop(op);
    });
    EXPECT_EQ(counted, done.flop);
    flop = done.flop;
    least = std::min(least, done.bytes);
  }
  EXPECT_GT(flop, 0);
  // From 24 values down to a few exponentials and the products of one segment.
  EXPECT_LT(least, all / 2);
  EXPECT_GT(kept, 8u);
}

TEST_F(RecomputeTest, TheMeasureDecides) {
  func::FuncOp function = chain(4);
  int64_t bytes = liveBytes(function);
  // Twice as much as is alive, as an arena with gaps would take.
  auto twice = [](func::FuncOp fused) { return 2 * liveBytes(fused); };
  Recomputation done = recompute(function, 2 * bytes - 4096, keep, twice);
  EXPECT_LE(done.bytes, 2 * bytes - 4096);
  EXPECT_EQ(done.bytes, 2 * liveBytes(function));
  EXPECT_GT(done.ops, 0);
}

TEST_F(RecomputeTest, APredictionHasNothingToComputeAgain) {
  func::FuncOp function = parse(R"(
    func.func @f(%x: tensor<32x32xf32>) -> tensor<32x32xf32> {
      %a = nn.exp %x : tensor<32x32xf32>
      %b = nn.exp %a : tensor<32x32xf32>
      %c = nn.mul %a, %b : tensor<32x32xf32>
      return %c : tensor<32x32xf32>
    })");
  Recomputation done = recompute(function, 1, keep);
  EXPECT_EQ(done.bytes, 8192);
  EXPECT_EQ(done.least, 8192);
  EXPECT_EQ(done.ops, 0);
}

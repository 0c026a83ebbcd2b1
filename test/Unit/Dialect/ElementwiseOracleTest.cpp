//===- ElementwiseOracleTest.cpp - Element-wise ops against PyTorch -------===//
//
// Scalar bodies and gradient rules of the unary element-wise ops: value, first
// and second derivative, compiled, against test/Inputs/oracles.
//
//===----------------------------------------------------------------------===//

#include "../Kernels/KernelHarness.h"
#include "Oracle.h"
#include "mlir/Parser/Parser.h"
#include "nnc/Dialect/NN/Transforms/Differentiate.h"
#include "nnc/Kernels/Map.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::test;

/// Emits with \p c what the graph of element-wise ops behind \p result
/// computes from its one argument.
static Value emitGraph(kernels::BodyContext &c, Value result) {
  IRMapping values;
  auto *block = result.getParentBlock();
  values.map(block->getArgument(0), c.inputs[0]);
  for (Operation &op : *block) {
    if (auto constant = dyn_cast<nn::ConstantOp>(op)) {
      VectorType type = c.vectorOf(getElementTypeOrSelf(constant.getType()));
      auto element = cast<DenseElementsAttr>(constant.getValue())
                         .getSplatValue<TypedAttr>();
      values.map(constant.getY(),
                 arith::ConstantOp::create(
                     c.builder, c.loc, DenseElementsAttr::get(type, element)));
    } else if (auto body = dyn_cast<nn::ScalarBodyOpInterface>(op)) {
      SmallVector<Value> operands;
      for (Value operand : op.getOperands())
        operands.push_back(values.lookup(operand));
      values.map(op.getResult(0),
                 body.buildScalar(c.builder, c.loc, operands,
                                  c.vectorOf(getElementTypeOrSelf(
                                      op.getResult(0).getType()))));
    }
  }
  return values.lookup(result);
}

/// What one op's kernel is called with and must compute.
template <typename T> struct OracleCase {
  std::string function;
  std::vector<double> points, expected[3];
  unsigned program = 0;
};

/// Compiles value, first and second derivative of every function of the oracle
/// that is an nn op of the same name, and compares.
template <typename T> static void compareWithOracle(double tolerance) {
  Harness harness;
  harness.context.loadDialect<nn::NNDialect, func::FuncDialect>();
  Type element = std::is_same_v<T, double> ? harness.f64() : harness.f32();
  std::string type = std::is_same_v<T, double> ? "tensor<f64>" : "tensor<f32>";
  // The graphs stay until their kernels are emitted.
  std::vector<OwningOpRef<ModuleOp>> graphs;
  std::vector<OracleCase<T>> cases;
  nlohmann::json oracle = readOracle("activations");
  for (const nlohmann::json &entry : oracle["elementwise"]) {
    OracleCase<T> c{entry["function"],
                    entry["points"],
                    {entry["values"], entry["first"], entry["second"]}};
    if (!RegisteredOperationName::lookup("nn." + c.function, &harness.context))
      continue;
    graphs.push_back(parseSourceString<ModuleOp>(
        "func.func @f(%x: " + type + ") -> " + type + " {\n%y = nn." +
            c.function + " %x : " + type + "\nreturn %y : " + type + "\n}",
        &harness.context));
    ASSERT_TRUE(graphs.back()) << c.function;
    Block &block = (*graphs.back()->getOps<func::FuncOp>().begin()).front();
    OpBuilder builder(block.getTerminator());
    SmallVector<Value> derivatives{block.getTerminator()->getOperand(0)};
    for (int order = 1; order <= 2; ++order) {
      SmallVector<Value> gradients{nullptr};
      if (derivatives.back())
        ASSERT_TRUE(succeeded(nn::differentiate(
            builder, derivatives.back(), {block.getArgument(0)}, gradients)))
            << c.function;
      derivatives.push_back(gradients[0]);
    }
    int64_t n = c.points.size();
    kernels::MapSpec spec;
    spec.name = "f" + std::to_string(cases.size());
    spec.domain = {n};
    spec.buffers.assign(4, {element, n});
    spec.inputs = {{0, {1}}};
    spec.outputs = {{1, {1}}, {2, {1}}, {3, {1}}};
    spec.body = [&](kernels::BodyContext &body) {
      SmallVector<Value> outputs;
      for (Value derivative : derivatives)
        outputs.push_back(
            derivative ? emitGraph(body, derivative)
                       : arith::ConstantOp::create(
                             body.builder, body.loc,
                             body.builder.getZeroAttr(body.vectorOf(element))));
      return outputs;
    };
    c.program = harness.add(emitMap(*harness.module, harness.target, spec));
    cases.push_back(std::move(c));
  }
  // A renamed op must not leave the comparison unnoticed.
  EXPECT_EQ(cases.size(), 16u);
  harness.compile();
  for (const OracleCase<T> &c : cases) {
    size_t n = c.points.size();
    Array<T> x(n), found[3] = {Array<T>(n), Array<T>(n), Array<T>(n)};
    for (size_t i = 0; i < n; ++i)
      x[i] = c.points[i];
    harness.run(c.program,
                {x.data(), found[0].data(), found[1].data(), found[2].data()});
    for (int order = 0; order < 3; ++order)
      for (size_t i = 0; i < n; ++i) {
        double expected = c.expected[order][i];
        EXPECT_NEAR(found[order][i], expected,
                    tolerance * std::max(1.0, std::abs(expected)))
            << c.function << " order " << order << " at " << c.points[i];
      }
  }
}

// Rounding of a few operations in double precision.
TEST(ElementwiseOracle, DoublePrecision) { compareWithOracle<double>(1e-12); }

// A few units of 1.2e-7, times what the points' own rounding to f32 does to the
// second derivatives of sin and cos at +-30.
TEST(ElementwiseOracle, SinglePrecision) { compareWithOracle<float>(2e-5); }

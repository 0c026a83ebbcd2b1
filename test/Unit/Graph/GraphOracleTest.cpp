//===- GraphOracleTest.cpp - Activations and losses against PyTorch -------===//
//
// Values, gradients and second derivatives of what the graph API builds from
// primitives, compiled in double precision, against test/Inputs/oracles.
//
//===----------------------------------------------------------------------===//

#include "../Dialect/Oracle.h"
#include "nnc/Execution/ProgramCompiler.h"
#include "nnc/Graph/MLIRGraph.h"
#include "nnc/InitAll.h"
#include "nnc/Pipelines/KernelsToLLVM.h"
#include "nnc/Runtime/Executable.h"
#include "nnc/nnc.h"
#include <functional>

using namespace nnc;
using namespace nnc::test;

namespace {

using Numbers = std::vector<double>;

/// Rows of numbers, or one row, as they stand in an oracle.
struct Matrix {
  explicit Matrix(const nlohmann::json &json) {
    isClasses = !json[0].is_array() && json[0].is_number_integer();
    for (const nlohmann::json &row : json)
      for (const nlohmann::json &number :
           row.is_array() ? row : nlohmann::json::array({row}))
        values.push_back(number);
    shape.push_back(static_cast<int64_t>(json.size()));
    if (json[0].is_array())
      shape.push_back(static_cast<int64_t>(json[0].size()));
  }
  bool isClasses = false;
  std::vector<int64_t> shape;
  Numbers values;
};

class GraphOracle : public testing::Test {
protected:
  GraphOracle()
      : context(mlir::MLIRContext::Threading::DISABLED),
        graph(makeContextGraph()) {}

  Graph makeContextGraph() {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    loadKernelDialects(context);
    return makeGraph(context, "oracle", GraphMode::predict);
  }

  Tensor input(const std::string &name, const Matrix &matrix) {
    inputs.emplace(name, matrix.values);
    return graph.input(
        name, std::vector<Dim>(matrix.shape.begin(), matrix.shape.end()),
        matrix.isClasses ? ElementType::i32 : ElementType::f64);
  }

  /// Expects output \p name to be \p numbers, once the graph has run.
  void expect(const std::string &name, const Tensor &value, Numbers numbers) {
    graph.output(name, value);
    expected.emplace_back(name, std::move(numbers));
  }

  /// Compiles and runs the graph and compares.
  void TearDown() override {
    ASSERT_FALSE(graph.error()) << render(*graph.error());
    auto module = finish(std::move(graph));
    ASSERT_TRUE(module.has_value()) << render(module.error());
    ProgramOptions options;
    options.target = *TargetDescription::host();
    Expected<Program> program = compileProgram(**module, options);
    ASSERT_TRUE(program.has_value()) << render(program.error());
    Executable executable(std::move(*program));
    const Signature &signature = executable.signature();
    std::vector<AlignedBuffer> buffers;
    std::vector<ArgumentView> views;
    for (const Argument &argument : signature.arguments) {
      buffers.emplace_back(argument.byteCount());
      views.push_back({buffers.back().data(), argument.byteCount()});
      if (argument.role != Role::input)
        continue;
      const Numbers &numbers = inputs.at(argument.name);
      if (argument.type == ElementType::i32)
        std::copy(numbers.begin(), numbers.end(),
                  static_cast<int32_t *>(views.back().data));
      else
        std::copy(numbers.begin(), numbers.end(),
                  static_cast<double *>(views.back().data));
    }
    auto ran = executable.run(views, 1, 1);
    ASSERT_TRUE(ran.has_value()) << render(ran.error());
    for (const auto &[name, numbers] : expected) {
      int index = signature.indexOf(Role::output, name);
      ASSERT_GE(index, 0) << name;
      ASSERT_EQ(signature.arguments[index].elementCount(),
                static_cast<int64_t>(numbers.size()))
          << name;
      const auto *found = static_cast<const double *>(views[index].data);
      // A handful of roundings in double precision.
      for (size_t i = 0; i < numbers.size(); ++i)
        EXPECT_NEAR(found[i], numbers[i],
                    1e-12 * std::max(1.0, std::abs(numbers[i])))
            << name << " at " << i;
    }
  }

  mlir::MLIRContext context;
  Graph graph;
  std::map<std::string, Numbers> inputs;
  std::vector<std::pair<std::string, Numbers>> expected;
};

TEST_F(GraphOracle, Activations) {
  const std::map<std::string, std::function<Tensor(const Tensor &)>> functions =
      {{"identity", [](auto &x) { return identity(x); }},
       {"sigmoid", [](auto &x) { return sigmoid(x); }},
       {"tanh", [](auto &x) { return tanh(x); }},
       {"relu", [](auto &x) { return relu(x); }},
       {"leaky_relu", [](auto &x) { return leakyRelu(x); }},
       {"leaky_relu(slope = 0.2)", [](auto &x) { return leakyRelu(x, 0.2); }},
       {"elu", [](auto &x) { return elu(x); }},
       {"elu(alpha = 0.5)", [](auto &x) { return elu(x, 0.5); }},
       {"selu", [](auto &x) { return selu(x); }},
       {"gelu", [](auto &x) { return gelu(x); }},
       {"gelu(approximate = true)", [](auto &x) { return gelu(x, true); }},
       {"silu", [](auto &x) { return silu(x); }},
       {"softplus", [](auto &x) { return softplus(x); }},
       {"softsign", [](auto &x) { return softsign(x); }},
       {"hard_sigmoid", [](auto &x) { return hardSigmoid(x); }},
       {"mish", [](auto &x) { return mish(x); }},
       {"heaviside", [](auto &x) { return heaviside(x); }},
       {"sign", [](auto &x) { return sign(x); }},
       {"reciprocal", [](auto &x) { return reciprocal(x); }},
       {"square", [](auto &x) { return square(x); }}};
  nlohmann::json oracle = readOracle("activations");
  size_t found = 0;
  Tensor x = input("x", Matrix(oracle["elementwise"][0]["points"]));
  for (const nlohmann::json &entry : oracle["elementwise"]) {
    std::string name = entry["function"];
    auto function = functions.find(name);
    if (function == functions.end())
      continue;
    ++found;
    ASSERT_EQ(entry["points"], oracle["elementwise"][0]["points"]) << name;
    Tensor y = function->second(x);
    Tensor first = gradient(y, {x})[0];
    expect(name, y, entry["values"]);
    expect(name + "'", first, entry["first"]);
    expect(name + "''", gradient(first, {x})[0], entry["second"]);
  }
  EXPECT_EQ(found, functions.size());
}

TEST_F(GraphOracle, RowFunctions) {
  nlohmann::json oracle = readOracle("activations");
  Tensor x = input("x", Matrix(oracle["rows"]));
  Tensor weights = input("weights", Matrix(oracle["cotangent"]));
  for (const nlohmann::json &entry : oracle["rowwise"]) {
    std::string name = entry["function"];
    Tensor y = name == "softmax"       ? softmax(x)
               : name == "log_softmax" ? logSoftmax(x)
                                       : logsumexp(x, 1, true);
    bool isReduced = name == "logsumexp";
    Tensor used = isReduced ? slice(weights, 1, 0, 1) : weights;
    expect(name, y, Matrix(entry["values"]).values);
    expect(name + "'", gradient(y * used, {x})[0],
           Matrix(entry["gradient"]).values);
  }
}

TEST_F(GraphOracle, Losses) {
  using Loss = std::function<Tensor(const Tensor &, const Tensor &, Reduction)>;
  auto plain = [](Tensor (*loss)(const Operand &, const Operand &,
                                 const LossOptions &)) -> Loss {
    return [loss](const Tensor &y, const Tensor &t, Reduction reduction) {
      return loss(y, t, {reduction});
    };
  };
  const std::map<std::string, Loss> losses = {
      {"softmax_cross_entropy",
       [](auto &y, auto &t, Reduction r) {
         return softmaxCrossEntropy(y, t, {.reduction = r});
       }},
      {"softmax_cross_entropy(label_smoothing = 0.1)",
       [](auto &y, auto &t, Reduction r) {
         return softmaxCrossEntropy(y, t,
                                    {.labelSmoothing = 0.1, .reduction = r});
       }},
      {"categorical_cross_entropy", plain(categoricalCrossEntropy)},
      {"sigmoid_cross_entropy", plain(sigmoidCrossEntropy)},
      {"binary_cross_entropy", plain(binaryCrossEntropy)},
      {"mse", plain(mse)},
      {"squared_error", plain(squaredError)},
      {"half_squared_error", plain(halfSquaredError)},
      {"mae", plain(mae)},
      {"absolute_error", plain(absoluteError)},
      {"huber", [](auto &y, auto &t,
                   Reduction r) { return huber(y, t, {.reduction = r}); }},
      {"huber(delta = 0.6)",
       [](auto &y, auto &t, Reduction r) {
         return huber(y, t, {.delta = 0.6, .reduction = r});
       }},
      {"hinge", plain(hinge)},
      {"kl_divergence", plain(klDivergence)},
      {"cosine_loss", plain(cosineLoss)},
      {"nll", plain(nll)},
      {"focal", [](auto &y, auto &t, Reduction r) {
         return focal(y, t, {.reduction = r});
       }}};
  nlohmann::json oracle = readOracle("losses");
  std::map<std::string, Tensor> arrays;
  for (const auto &[name, array] : oracle["arrays"].items())
    arrays[name] = input(name, Matrix(array));
  for (const nlohmann::json &entry : oracle["cases"]) {
    std::string target = entry["target"], name = entry["loss"];
    Tensor y = arrays.at(entry["prediction"]), t = arrays.at(target);
    ASSERT_TRUE(losses.contains(name)) << name;
    const Loss &loss = losses.at(name);
    name += " of " + target;
    Tensor mean = loss(y, t, Reduction::mean);
    expect(name + ", none", loss(y, t, Reduction::none), entry["none"]);
    expect(name + ", sum", loss(y, t, Reduction::sum), {entry["sum"]});
    expect(name + ", mean", mean, {entry["mean"]});
    expect(name + ", gradient", gradient(mean, {y})[0],
           Matrix(entry["gradient"]).values);
  }
}

} // namespace

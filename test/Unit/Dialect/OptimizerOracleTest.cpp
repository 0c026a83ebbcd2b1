//===- OptimizerOracleTest.cpp - Optimisers against PyTorch ---------------===//
//
// Ten compiled steps of each optimiser in double precision, against
// test/Inputs/oracles/optimizers.json.
//
//===----------------------------------------------------------------------===//

#include "Oracle.h"
#include "mlir/Parser/Parser.h"
#include "nnc/Execution/ProgramCompiler.h"
#include "nnc/InitAll.h"
#include "nnc/Pipelines/KernelsToLLVM.h"
#include "nnc/Runtime/Executable.h"
#include <gtest/gtest.h>

using namespace nnc;
using namespace nnc::test;

namespace {

/// An optimiser of the nnc language as an nn op.
struct OptimizerOp {
  std::string name;
  std::string learningRate;
  std::vector<std::pair<std::string, std::string>> settings;
  /// Which of the states are scalars; one entry a state.
  std::vector<bool> scalarStates;

  bool has(const std::string &key) const {
    for (auto &[name, value] : settings)
      if (name == key)
        return value != "false";
    return false;
  }
};

/// Reads `name(key = value, ...)` and applies the defaults of the language,
/// where they differ from those of the op.
OptimizerOp parseOptimizer(const std::string &text) {
  OptimizerOp op;
  size_t open = text.find('(');
  std::string word = text.substr(0, open);
  op.name = word == "adamw" ? "adam" : word;
  static const std::map<std::string, std::string> rates = {
      {"sgd", "0.01"},     {"adam", "0.001"},     {"adamw", "0.001"},
      {"nadam", "0.002"},  {"adabound", "0.001"}, {"adagrad", "0.01"},
      {"adadelta", "1.0"}, {"rmsprop", "0.01"}};
  op.learningRate = rates.at(word);
  while (open != std::string::npos) {
    size_t equals = text.find(" = ", open);
    size_t end = text.find_first_of(",)", equals);
    std::string key = text.substr(open + 1, equals - open - 1);
    key = key.substr(key.find_first_not_of(' '));
    std::string value = text.substr(equals + 3, end - equals - 3);
    if (key == "learning_rate")
      op.learningRate = value;
    else
      op.settings.push_back({key, value});
    open = text[end] == ',' ? end : std::string::npos;
  }
  auto setDefault = [&](const char *key, const std::string &value) {
    for (auto &[name, _] : op.settings)
      if (name == key)
        return;
    op.settings.push_back({key, value});
  };
  if (word == "adamw") {
    setDefault("decoupled", "true");
    setDefault("weight_decay", "0.01");
  } else if (word == "adadelta") {
    setDefault("rho", "0.95");
  } else if (word == "rmsprop") {
    setDefault("alpha", "0.9");
  } else if (word == "adabound") {
    setDefault("base_learning_rate", op.learningRate);
  }
  size_t states = 0;
  if (op.name == "sgd")
    states = op.has("momentum");
  else if (op.name == "adam")
    states = 2 + op.has("amsgrad");
  else if (op.name == "nadam" || op.name == "adabound" || op.name == "adadelta")
    states = 2;
  else
    states = 1 + op.has("momentum") + op.has("centered");
  op.scalarStates.assign(states, false);
  if (op.name == "nadam")
    op.scalarStates.push_back(true);
  return op;
}

/// One step of \p op on five elements, as a module.
std::string moduleText(const OptimizerOp &op) {
  std::string attributes, inputs, outputs, values, types, results;
  for (auto &[key, value] : op.settings) {
    if (value == "false")
      continue;
    attributes += attributes.empty() ? "" : ", ";
    attributes += value == "true" ? key
                                  : fmt::format("{} = {:.17e} : f64", key,
                                                std::stod(value));
  }
  for (size_t i = 0; i < op.scalarStates.size(); ++i) {
    const char *type = op.scalarStates[i] ? "tensor<f64>" : "tensor<5xf64>";
    inputs += fmt::format("%s{0}: {1} {{nn.name = \"s{0}\", nn.role = "
                          "\"optimizer\", nn.owner = \"w\"}}, ",
                          i, type);
    outputs += fmt::format(", {} {{nn.updates = \"s{}\"}}", type, i);
    values += fmt::format("%s{}, ", i);
    types += fmt::format("{}, ", type);
    results += fmt::format(", {}", type);
  }
  size_t count = op.scalarStates.size() + 1;
  std::string returned = count == 1 ? "%r" : "";
  for (size_t i = 0; count > 1 && i < count; ++i)
    returned += fmt::format("{}%r#{}", i ? ", " : "", i);
  return fmt::format(
      R"(func.func @step(
    %w: tensor<5xf64> {{nn.name = "w", nn.role = "parameter"}},
    %g: tensor<5xf64> {{nn.name = "g", nn.role = "input"}}, {0}
    %lr: tensor<f64> {{nn.name = "learning_rate", nn.role = "scalar"}},
    %t: tensor<i64> {{nn.name = "step", nn.role = "scalar"}})
    -> (tensor<5xf64> {{nn.updates = "w"}}{1}) {{
  %r{2} = "nn.{3}"(%w, %g, {4}%lr, %t) <{{{5}}}> :
      (tensor<5xf64>, tensor<5xf64>, {6}tensor<f64>, tensor<i64>)
      -> (tensor<5xf64>{7})
  return {8} : tensor<5xf64>{7}
}})",
      inputs, outputs, count == 1 ? "" : fmt::format(":{}", count), op.name,
      values, attributes, types, results, returned);
}

TEST(OptimizerOracle, TenStepsOfEach) {
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  loadKernelDialects(context);
  nlohmann::json oracle = readOracle("optimizers");
  ASSERT_GE(oracle["traces"].size(), 30u);
  for (const nlohmann::json &trace : oracle["traces"]) {
    std::string text = trace["optimizer"];
    SCOPED_TRACE(text);
    OptimizerOp op = parseOptimizer(text);
    auto module =
        mlir::parseSourceString<mlir::ModuleOp>(moduleText(op), &context);
    ASSERT_TRUE(module) << moduleText(op);
    ProgramOptions options;
    options.target = *TargetDescription::host();
    Expected<Program> program = compileProgram(*module, options);
    ASSERT_TRUE(program.has_value()) << render(program.error());
    Executable executable(std::move(*program));
    std::vector<AlignedBuffer> buffers;
    std::vector<ArgumentView> views;
    for (const Argument &argument : executable.signature().arguments) {
      buffers.emplace_back(argument.byteCount());
      views.push_back({buffers.back().data(), argument.byteCount()});
    }
    auto at = [&](Role role, const char *name) {
      int index = executable.signature().indexOf(role, name);
      EXPECT_GE(index, 0) << name;
      return index < 0 ? nullptr : views[index].data;
    };
    auto *w = static_cast<double *>(at(Role::parameter, "w"));
    auto *g = static_cast<double *>(at(Role::input, "g"));
    auto *rate = static_cast<double *>(at(Role::scalar, "learning_rate"));
    auto *step = static_cast<int64_t *>(at(Role::scalar, "step"));
    ASSERT_TRUE(w && g && rate && step);
    std::vector<double> initial = oracle["initial"];
    std::copy(initial.begin(), initial.end(), w);
    *rate = std::stod(op.learningRate);
    for (*step = 1; *step <= 10; ++*step) {
      std::vector<double> gradient = oracle["gradients"][*step - 1];
      std::copy(gradient.begin(), gradient.end(), g);
      auto ran = executable.run(views, 1, 1);
      ASSERT_TRUE(ran.has_value()) << render(ran.error());
      std::vector<double> expected = trace["parameters"][*step - 1];
      // Ten steps in double precision, each with a handful of roundings.
      for (size_t i = 0; i < expected.size(); ++i)
        EXPECT_NEAR(w[i], expected[i],
                    1e-12 * std::max(1.0, std::abs(expected[i])))
            << "element " << i << " after step " << *step;
    }
  }
}

} // namespace

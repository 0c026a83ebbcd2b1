//===- LayerOracleTest.cpp - Layers and functions against PyTorch ---------===//
//
// Model files of test/Inputs/oracles/{layers,recurrent,images}.json, compiled
// in double precision through the door to the compiling half: results,
// gradients, and the states that training updates.
//
//===----------------------------------------------------------------------===//

#include "../Dialect/Oracle.h"
#include "nnc/Runtime/Compiler.h"
#include "nnc/Runtime/Executable.h"
#include <cmath>
#include <map>
#include <memory>

using namespace nnc;
using namespace nnc::test;

namespace {

using Numbers = std::vector<double>;

class LayerOracle : public testing::Test {
protected:
  static void SetUpTestSuite() {
    const char *folder = std::getenv("NNC_BINARY_DIR");
    setenv("NNC_COMPILER_LIBRARY",
           (std::string(folder ? folder : ".") + "/lib/libnnc-compiler.so")
               .c_str(),
           1);
  }

  void SetUp() override {
    auto opened = openCompiler();
    ASSERT_TRUE(opened) << render(opened.error());
    compiler = *opened;
    oracle = readOracle("layers");
    ASSERT_FALSE(oracle.is_null());
  }

  std::unique_ptr<Executable> compile(const std::string &text,
                                      CompileOptions options) {
    ModelSource source;
    source.path = "oracle.nn";
    source.text = text;
    options.precision = "f64";
    auto program = compiler->compile(source, options);
    if (!program) {
      ADD_FAILURE() << render(program.error());
      return nullptr;
    }
    return std::make_unique<Executable>(std::move(*program));
  }

  /// Runs \p executable on \p given by name, on two threads, and returns every
  /// argument's content afterwards.
  static std::map<std::string, Numbers>
  run(Executable &executable, const std::map<std::string, Numbers> &given) {
    const Signature &signature = executable.signature();
    std::vector<AlignedBuffer> buffers;
    std::vector<ArgumentView> views;
    for (const Argument &argument : signature.arguments) {
      buffers.emplace_back(argument.byteCount());
      void *data = buffers.back().data();
      views.push_back({data, argument.byteCount()});
      auto found = given.find(argument.name);
      if (found == given.end())
        continue;
      EXPECT_EQ(argument.elementCount(), (int64_t)found->second.size())
          << argument.name;
      for (size_t i = 0; i < found->second.size(); ++i)
        store(argument.type, data, i, found->second[i]);
    }
    auto ran = executable.run(views, signature.batch, /*threads=*/2);
    EXPECT_TRUE(ran) << render(ran.error());
    std::map<std::string, Numbers> contents;
    for (size_t i = 0; i < views.size(); ++i)
      if (signature.arguments[i].type == ElementType::f64) {
        const auto *numbers = static_cast<const double *>(views[i].data);
        contents[signature.arguments[i].name].assign(
            numbers, numbers + signature.arguments[i].elementCount());
      }
    return contents;
  }

  /// The layer's own parameters stand in the fn `f`.
  static std::string qualified(const std::string &name) {
    return name.starts_with("y.") ? "f." + name : name;
  }

  static void store(ElementType type, void *data, size_t i, double value) {
    switch (type) {
    case ElementType::f64:
      static_cast<double *>(data)[i] = value;
      return;
    case ElementType::i32:
      static_cast<int32_t *>(data)[i] = static_cast<int32_t>(value);
      return;
    case ElementType::i64:
      static_cast<int64_t *>(data)[i] = static_cast<int64_t>(value);
      return;
    case ElementType::boolean:
      static_cast<uint8_t *>(data)[i] = value != 0;
      return;
    default:
      FAIL() << "a type that no oracle has";
    }
  }

  /// Tens of roundings in double precision of numbers of the order of 1, and
  /// divisions by deviations of some tenths.
  static void expectNear(const Numbers &found, const Numbers &wanted,
                         const std::string &what) {
    ASSERT_EQ(found.size(), wanted.size()) << what;
    for (size_t i = 0; i < wanted.size(); ++i)
      EXPECT_NEAR(found[i], wanted[i],
                  1e-12 * std::max(1.0, std::abs(wanted[i])))
          << what << " at " << i;
  }

  /// Compares results and gradients of each of the oracle's cases.
  void checkCases();

  Compiler *compiler = nullptr;
  nlohmann::json oracle;
};

void LayerOracle::checkCases() {
  for (const nlohmann::json &entry : oracle["cases"]) {
    SCOPED_TRACE(entry["name"].get<std::string>());
    CompileOptions options;
    options.kind = ProgramKind::gradients;
    options.train.loss = "f";
    auto executable = compile(entry["model"], options);
    if (!executable)
      continue;
    std::map<std::string, Numbers> given;
    for (const char *kind : {"parameters", "inputs"})
      for (const auto &[name, array] : entry[kind].items())
        given[qualified(name)] = array["values"].get<Numbers>();
    auto found = run(*executable, given);
    expectNear(found["loss"], {entry["loss"].get<double>()}, "loss");
    for (const auto &[name, gradient] : entry["gradients"].items())
      expectNear(found["gradient." + qualified(name)], gradient, name);
  }
}

} // namespace

TEST_F(LayerOracle, ResultsAndGradients) { checkCases(); }

TEST_F(LayerOracle, RecurrentResultsAndGradients) {
  oracle = readOracle("recurrent");
  ASSERT_FALSE(oracle.is_null());
  checkCases();
}

TEST_F(LayerOracle, ImageResultsAndGradients) {
  oracle = readOracle("images");
  ASSERT_FALSE(oracle.is_null());
  checkCases();
}

TEST_F(LayerOracle, RunningStatistics) {
  constexpr const char *model = R"(
model m(x: f64[batch, 2, 2, 2]) -> (y: f64[batch, 2, 2, 2]) {
  y = batch_norm(x, epsilon = 0.01, momentum = 0.8)
  return y
}
)";
  CompileOptions options;
  options.sizes["batch"] = 3;
  options.kind = ProgramKind::trainStep;
  options.train.loss = "squared_error";
  options.train.optimizer = "sgd";
  auto step = compile(model, options);
  options.kind = ProgramKind::predict;
  auto predict = compile(model, options);
  ASSERT_TRUE(step && predict);
  const nlohmann::json &running = oracle["running"];
  // The learning rate is 0: scale and shift stay.
  std::map<std::string, Numbers> values = {
      {"y.scale", running["scale"]["values"]},
      {"y.shift", running["shift"]["values"]},
      {"y.mean", {0, 0}},
      {"y.variance", {1, 1}}};
  for (const nlohmann::json &batch : running["steps"]) {
    values["x"] = batch["x"]["values"].get<Numbers>();
    auto after = run(*step, values);
    for (const char *name : {"y.mean", "y.variance"})
      values[name] = after[name];
    expectNear(values["y.mean"], batch["mean"]["values"], "mean");
    expectNear(values["y.variance"], batch["variance"]["values"], "variance");
    expectNear(after["y.scale"], running["scale"]["values"], "scale");
  }
  const nlohmann::json &evaluation = running["evaluation"];
  values["x"] = evaluation["x"]["values"].get<Numbers>();
  auto after = run(*predict, values);
  expectNear(after["y"], evaluation["y"]["values"], "evaluation");
  expectNear(after["y.mean"], values["y.mean"], "the mean in evaluation");
}

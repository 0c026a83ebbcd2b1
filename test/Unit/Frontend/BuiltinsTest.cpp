//===- BuiltinsTest.cpp - Every built-in name in a model ------------------===//
//
// Each entry of Builtins.def that a model or its training uses builds a
// program, or says that it is not supported yet.
//
//===----------------------------------------------------------------------===//

#include "nnc/Language/Builtins.h"
#include "Programs.h"
#include <map>

using namespace nnc;
using namespace nnc::test;

namespace {

/// What is called on an f32[batch, 4, 6] x, bound to several names if need be.
const std::map<std::string, std::string> &calls() {
  static const std::map<std::string, std::string> table = {
      // Layers.
      {"dense", "dense(x, 3, activation = relu, weight_regularizer = l2(0.1))"},
      {"conv1d", "conv1d(x, 3, 3)"},
      {"conv2d", "conv2d(image, 3, 3)"},
      {"conv_transpose1d", "conv_transpose1d(x, 3, 3)"},
      {"conv_transpose2d", "conv_transpose2d(image, 3, 3)"},
      {"max_pool1d", "max_pool1d(x, 2)"},
      {"max_pool2d", "max_pool2d(image, 2)"},
      {"avg_pool1d", "avg_pool1d(x, 2)"},
      {"avg_pool2d", "avg_pool2d(image, 2)"},
      {"global_max_pool", "global_max_pool(image)"},
      {"global_avg_pool", "global_avg_pool(image)"},
      {"batch_norm", "batch_norm(x)"},
      {"layer_norm", "layer_norm(x, axes = [1, 2])"},
      {"group_norm", "group_norm(x, 2)"},
      {"instance_norm", "instance_norm(x)"},
      {"dropout", "dropout(x, rate = 0.5)"},
      {"embedding", "embedding(ids, 10, 3)"},
      {"rnn", "rnn(x, 3)"},
      {"lstm", "lstm(x, 3)"},
      {"gru", "gru(x, 3)"},
      {"multi_head_attention", "multi_head_attention(x, x, x, 2)"},
      {"prelu", "prelu(x)"},
      {"maxout", "maxout(x, 3, 2)"},
      {"dropconnect", "dropconnect(x, 3, rate = 0.5)"},
      {"gaussian_noise", "gaussian_noise(x, 0.1)"},
      {"chain", "parts(x)"},
      // Functions with more than x.
      {"maximum", "maximum(x, 0.5)"},
      {"minimum", "minimum(1, x)"},
      {"clip", "clip(x, -1, 1)"},
      {"where", "where(x > 0, x, 0)"},
      {"cast", "cast(x, i32)"},
      {"all", "all(x > 0)"},
      {"any", "any(x > 0, axis = 1)"},
      {"cumsum", "cumsum(x, axis = -1)"},
      {"matmul", "matmul(x, x, transpose_b = true)"},
      {"einsum", "einsum(\"bij,bkj->bik\", x, x)"},
      {"outer", "outer(row, row)"},
      {"l2_distance", "l2_distance(x, x)"},
      {"cosine_similarity", "cosine_similarity(x, x)"},
      {"reshape", "reshape(x, [batch, 24])"},
      {"concat", "concat([x, x], axis = 1)"},
      {"stack", "stack([x, x])"},
      {"split", "split(x, 2, axis = 1)"},
      {"squeeze", "squeeze(expand(x, 1), 1)"},
      {"expand", "expand(x, 0)"},
      {"broadcast", "broadcast(expand(x, 0), [2, batch, 4, 6])"},
      {"pad", "pad(x, [[0, 0], [1, 0], [0, 2]], value = 1.0)"},
      {"flip", "flip(x, 1)"},
      {"tile", "tile(x, [1, 2, 1])"},
      {"upsample", "upsample(image, 2)"},
      {"one_hot", "one_hot(ids, 10)"},
      {"gather", "gather(x, ids, axis = 1)"},
      {"scatter_add", "scatter_add(zeros([10, 6]), ids, x[:, 0])"},
      {"take_last", "take_last(x, ids)"},
      {"zeros", "zeros([2, 3])"},
      {"ones", "ones([batch])"},
      {"full", "full([2], 0.5)"},
      {"eye", "eye(3)"},
      {"iota", "iota(batch)"},
      {"random_normal", "random_normal([batch, 2])"},
      {"random_uniform", "random_uniform([2])"},
      {"random_bernoulli", "random_bernoulli([2], 0.25)"},
      {"attention", "attention(x, x, x, causal = true)"},
      {"gradient", "gradient(sum(x ** 2), x)"},
      // Functions of settings.
      {"len", "x * len([1, 2])"},
      {"min", "x * min(2, 3)"},
      {"max", "x * max([2, 3])"},
      {"sqrt", "x * sqrt(2)"},
      {"log2", "x * log2(8)"},
      {"range", "x * range(3)[1]"},
      // Losses of more than two tensors or of special ones.
      {"triplet", "triplet(y, t, y)"},
      {"contrastive", "contrastive(row, row)"},
      {"ctc", "ctc(x, i32s)"},
      {"softmax_cross_entropy", "softmax_cross_entropy(y, ids)"},
      {"categorical_cross_entropy", "categorical_cross_entropy(y, ids)"},
      {"nll", "nll(y, ids)"},
      {"focal", "focal(y, ids)"}};
  return table;
}

std::string modelOf(const std::string &call, bool hasTwoResults = false) {
  return "layer used(x: f32[batch, 4, 6], image: f32[batch, 3, 8, 8], "
         "ids: i32[batch], i32s: i32[batch, 2]) -> f32[] {\n"
         "  row = x[:, 0, 0]\n"
         "  y = x[:, 0]\n"
         "  t = x[:, 1]\n"
         "  net parts = chain(dense(3), relu, dropout(rate = 0.1))\n" +
         std::string(hasTwoResults ? "  _, r = " : "  r = ") + call +
         "\n  return sum(cast(r, f32))\n}\n"
         "model m(x: f32[batch, 4, 6], image: f32[batch, 3, 8, 8], "
         "ids: i32[batch], i32s: i32[batch, 2]) -> f32[] {\n"
         "  return used(x, image, ids, i32s)\n}\n";
}

/// Expects \p program to build in training if \p isSupported, else to fail for
/// that reason.
void expectBuilt(TestProgram &program, const std::string &name,
                 bool isSupported, ProgramKind kind) {
  bool built = program.build(kind);
  EXPECT_EQ(built, isSupported) << name << "\n"
                                << (built ? "" : render(program.error));
  if (!built) {
    EXPECT_EQ(program.error.code, ErrorCode::unsupported) << name;
    EXPECT_NE(program.error.message.find(name), std::string::npos)
        << program.error.message;
  }
}

} // namespace

TEST(Builtins, buildOrSayThatTheyAreNotSupported) {
  for (const Builtin &builtin : builtins()) {
    bool isLoss = builtin.kind == BuiltinKind::Loss;
    if (!isLoss && builtin.kind != BuiltinKind::Layer &&
        builtin.kind != BuiltinKind::Function &&
        builtin.kind != BuiltinKind::SettingFunction)
      continue;
    SCOPED_TRACE(builtin.name);
    auto found = calls().find(builtin.name);
    // Most functions take x alone, most losses y and t.
    std::string call = found != calls().end()
                           ? found->second
                           : builtin.name + (isLoss ? "(y, t)" : "(x)");
    TestProgram program(modelOf(call, builtin.name == "split"));
    expectBuilt(program, builtin.name, builtin.isSupported,
                ProgramKind::predict);
  }
}

TEST(Builtins, lossesTrain) {
  for (const std::string &name : builtinNames(BuiltinKind::Loss)) {
    const Builtin *loss = findBuiltin(BuiltinKind::Loss, name);
    // The others compare what a model has no second tensor for.
    if (name == "triplet")
      continue;
    TestProgram program("model m(x: f32[batch, 4]) -> (y: f32[batch, 3]) {\n"
                        "  return softmax(dense(x, 3))\n}\n");
    program.options.train.loss = name;
    if (name == "contrastive")
      program.source.text = "model m(x: f32[batch, 4]) -> (y: f32[batch]) {\n"
                            "  return squeeze(dense(x, 1), 1)\n}\n";
    expectBuilt(program, name, loss->isSupported, ProgramKind::trainStep);
    if (loss->isSupported)
      expectBuilt(program, name, true, ProgramKind::evaluate);
  }
}

TEST(Builtins, optimizersTrain) {
  for (const std::string &name : builtinNames(BuiltinKind::Optimizer)) {
    const Builtin *optimizer = findBuiltin(BuiltinKind::Optimizer, name);
    TestProgram program("model m(x: f32[batch, 4]) -> (y: f32[batch, 3]) {\n"
                        "  return dense(x, 3)\n}\n");
    program.options.train.optimizer = name;
    program.options.train.clipNorm = 1;
    program.options.train.clipValue = 0.1;
    expectBuilt(program, name, optimizer->isSupported, ProgramKind::trainStep);
  }
}

TEST(Builtins, initializersRegularizersAndConstraintsTrain) {
  std::vector<std::string> settings;
  const std::map<std::string, std::string> arguments = {
      {"constant", "(0.5)"},   {"values", "([1, 2, 3, 4])"},
      {"l1", "(0.1)"},         {"l2", "(0.1)"},
      {"l1_l2", "(0.1, 0.2)"}, {"max_norm", "(2)"},
      {"orthogonal", "(0.5)"}, {"uniform", "(low = -1, high = 1)"}};
  auto add = [&](BuiltinKind kind, const std::string &setting) {
    for (const std::string &name : builtinNames(kind)) {
      EXPECT_TRUE(findBuiltin(kind, name)->isSupported) << name;
      auto found = arguments.find(name);
      settings.push_back(setting + " = " + name +
                         (found == arguments.end() ? "" : found->second));
    }
  };
  add(BuiltinKind::Initializer, "weight_initializer");
  add(BuiltinKind::Regularizer, "weight_regularizer");
  add(BuiltinKind::Regularizer, "bias_regularizer");
  add(BuiltinKind::Constraint, "weight_constraint");
  for (const std::string &setting : settings) {
    TestProgram program("model m(x: f32[batch, 2]) -> (y: f32[batch, 2]) {\n"
                        "  return dense(x, 2, " +
                        setting + ")\n}\n");
    expectBuilt(program, setting, true, ProgramKind::trainStep);
  }
}

// The bounds of Adabound are those of the rate it starts from.
TEST(Builtins, adaboundStartsFromItsRate) {
  const std::pair<const char *, const char *> rates[] = {
      {"0.02", "2.0"},
      {"cosine(0.02, epochs = 3)", "2.0"},
      {"warmup(exponential(0.02, 0.9), 10)", "2.0"},
      {"piecewise([[0, 0.02], [5, 0.1]])", "2.0"}};
  for (const auto &[rate, base] : rates) {
    TestProgram program("model m(x: f32[batch, 2]) -> (y: f32[batch, 2]) {\n"
                        "  return dense(x, 2)\n}\n");
    program.options.train.optimizer = fmt::format("adabound({})", rate);
    ASSERT_TRUE(program.build(ProgramKind::trainStep)) << render(program.error);
    EXPECT_NE(program.text().find("base_learning_rate = " + std::string(base) +
                                  "0000"),
              std::string::npos)
        << rate << program.text();
  }
}

TEST(Builtins, accumulationKeepsGradients) {
  TestProgram program("model m(x: f32[batch, 2]) -> (y: f32[batch, 2]) {\n"
                      "  return dense(x, 2, bias = false)\n}\n");
  program.options.train.accumulate = 4;
  ASSERT_TRUE(program.build(ProgramKind::trainStep)) << render(program.error);
  EXPECT_EQ(program.arguments("scalar"),
            "accumulated[] learning_rate[] step[]");
  EXPECT_EQ(program.arguments("optimizer"), "dense_1.weight.gradient[2, 2]");
}

// What a step trains: a net by its path, globs, and what is frozen.
TEST(Builtins, stepsTrainWhatTheyName) {
  auto trained = [](std::vector<std::string> update,
                    std::vector<std::string> freeze) {
    TestProgram program("model m {\n"
                        "  net a = chain(dense(3), dense(3))\n"
                        "  net b = dense(2)\n"
                        "  fn cost(x: f32[batch, 2]) -> f32[] {\n"
                        "    return mean(b(a(x)))\n  }\n}\n");
    program.options.train.loss = "cost";
    program.options.train.update = std::move(update);
    program.options.train.freeze = std::move(freeze);
    EXPECT_TRUE(program.build(ProgramKind::trainStep)) << render(program.error);
    return program.results();
  };
  EXPECT_EQ(trained({"b"}, {}), "loss[] =>b.weight[3, 2] =>b.bias[2]");
  EXPECT_EQ(trained({"a.*.bias"}, {}), "loss[] =>a.0.bias[3] =>a.1.bias[3]");
  EXPECT_EQ(trained({"**"}, {"a"}), "loss[] =>b.weight[3, 2] =>b.bias[2]");
  EXPECT_EQ(trained({"**.bias"}, {"a.0.*"}),
            "loss[] =>a.1.bias[3] =>b.bias[2]");
}

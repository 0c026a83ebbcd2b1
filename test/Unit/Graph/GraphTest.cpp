//===- GraphTest.cpp - Arguments, names, errors and finished modules ------===//

#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Graph/MLIRGraph.h"
#include "nnc/nnc.h"
#include <gtest/gtest.h>

using namespace nnc;

static ErrorCode codeOf(const Graph &graph) {
  return graph.error() ? graph.error()->code : ErrorCode::internal;
}

static std::string print(Expected<mlir::OwningOpRef<mlir::ModuleOp>> &module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  (*module)->print(stream);
  return text;
}

static std::vector<std::string> parameterNames(const Graph &graph) {
  std::vector<std::string> names;
  for (const GraphArgument &argument : argumentsOf(graph))
    if (argument.role == "parameter")
      names.push_back(argument.name);
  return names;
}

TEST(Graph, finishGivesAModule) {
  Graph graph("digits");
  Tensor image = graph.input("image", {batch, 64});
  Tensor hidden = dense(image, 128, {.activation = relu, .name = "hidden"});
  graph.output("logits", dense(dropout(hidden, {.rate = 0.2}), 10));
  auto module = finish(std::move(graph));
  ASSERT_TRUE(module) << module.error().message;
  std::string text = print(module);
  EXPECT_NE(text.find("nn.name = \"hidden.weight\""), std::string::npos)
      << text;
  EXPECT_NE(text.find("nn.name = \"dense_1.weight\""), std::string::npos);
  EXPECT_NE(text.find("nn.name = \"logits\""), std::string::npos);
  EXPECT_NE(text.find("nn.initializer = \"glorot_uniform\""),
            std::string::npos);
  // Dropout is no op outside training.
  EXPECT_EQ(text.find("nn.random_uniform"), std::string::npos);
}

TEST(Graph, trainingDrawsADropoutMask) {
  Graph graph("digits", GraphMode::training);
  Tensor image = graph.input("image", {batch, 64});
  graph.output("y", dropout(image, {.keep = 0.5, .name = "kept"}));
  auto module = finish(std::move(graph));
  ASSERT_TRUE(module) << module.error().message;
  std::string text = print(module);
  EXPECT_NE(text.find("nn.random_uniform"), std::string::npos) << text;
  EXPECT_NE(text.find("nn.name = \"seed\", nn.role = \"scalar\""),
            std::string::npos);
}

TEST(Graph, theFirstErrorIsKeptWithTheCallersPlace) {
  Graph graph("wrong");
  Tensor a = graph.input("a", {batch, 64});
  Tensor b = graph.input("b", {batch, 32});
  unsigned line = __LINE__ + 1;
  Tensor c = a + b;
  Tensor d = matmul(a, b);
  EXPECT_FALSE(c.isValid());
  EXPECT_FALSE(d.isValid());
  EXPECT_FALSE((c * 2 + d).isValid());
  ASSERT_TRUE(graph.error());
  EXPECT_EQ(graph.error()->code, ErrorCode::shapesDiffer);
  EXPECT_EQ(graph.error()->position.line, line);
  EXPECT_NE(graph.error()->position.file.find("GraphTest.cpp"),
            std::string::npos);
  EXPECT_EQ(graph.error()->message,
            "'+' needs shapes that broadcast, got f32[batch, 64] and "
            "f32[batch, 32]: 64 and 32 differ");
  auto module = finish(std::move(graph));
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().code, ErrorCode::shapesDiffer);
}

TEST(Graph, placeScopeNamesTheSource) {
  Graph graph("wrong");
  Tensor a = graph.input("a", {2});
  PlaceScope place(graph, {"digits.nn", 4, 10, "x = a @ 1"});
  EXPECT_FALSE(reshape(a, {3}).isValid());
  ASSERT_TRUE(graph.error());
  EXPECT_EQ(graph.error()->position.file, "digits.nn");
  EXPECT_EQ(graph.error()->position.line, 4u);
}

TEST(Graph, namesAreUnique) {
  Graph graph("twice");
  graph.input("a", {2});
  EXPECT_FALSE(graph.input("a", {2}).isValid());
  EXPECT_EQ(codeOf(graph), ErrorCode::declaredTwice);

  Graph layers("twice");
  Tensor x = layers.input("x", {batch, 4});
  dense(x, 4, {.name = "same"});
  dense(x, 4, {.name = "same"});
  EXPECT_EQ(codeOf(layers), ErrorCode::declaredTwice);

  Graph outputs("twice");
  Tensor y = outputs.input("y", {batch, 4});
  outputs.output("z", y);
  outputs.output("z", y);
  EXPECT_EQ(codeOf(outputs), ErrorCode::declaredTwice);
}

TEST(Graph, parametersNeedKnownSizes) {
  Graph graph("open");
  EXPECT_FALSE(graph.parameter("w", {batch, 3}).isValid());
  EXPECT_EQ(codeOf(graph), ErrorCode::openSize);
  Graph negative("negative");
  EXPECT_FALSE(negative.input("x", {batch, -3}).isValid());
  EXPECT_EQ(codeOf(negative), ErrorCode::sizeOutOfRange);
}

TEST(Graph, netsShareTheirParameters) {
  Graph graph("siamese");
  Tensor a = graph.input("a", {batch, 8}), b = graph.input("b", {batch, 8});
  Net embed("embed", [](const Tensor &x) {
    return dense(dense(x, 16, {.activation = relu}), 4);
  });
  graph.output("distance", l2Distance(embed(a), embed(b)));
  EXPECT_EQ(
      parameterNames(graph),
      (std::vector<std::string>{"embed.dense_1.weight", "embed.dense_1.bias",
                                "embed.dense_2.weight", "embed.dense_2.bias"}));
  EXPECT_FALSE(graph.error());
}

TEST(Graph, sharedParametersKeepTheirType) {
  Graph graph("shared");
  Tensor a = graph.input("a", {batch, 8}), b = graph.input("b", {batch, 9});
  Net embed("embed", [](const Tensor &x) { return dense(x, 4); });
  embed(a);
  EXPECT_FALSE(embed(b).isValid());
  EXPECT_EQ(codeOf(graph), ErrorCode::sharedParameter);
}

TEST(Graph, tensorsOfTwoGraphsDoNotMix) {
  Graph one("one"), two("two");
  Tensor a = one.input("a", {2}), b = two.input("b", {2});
  EXPECT_FALSE((a + b).isValid());
  EXPECT_EQ(codeOf(one), ErrorCode::graphsDiffer);
}

TEST(Graph, statesAreUpdatedInTraining) {
  Graph graph("running", GraphMode::training);
  Tensor x = graph.input("x", {batch, 3});
  Tensor total = graph.state("total", {3});
  graph.update(total, total + sum(x, 0));
  graph.output("y", x - total);
  auto module = finish(std::move(graph));
  ASSERT_TRUE(module) << module.error().message;
  EXPECT_NE(print(module).find("nn.updates = \"total\""), std::string::npos);

  Graph predict("running");
  Tensor still = predict.state("total", {3});
  predict.update(still, still + 1);
  predict.output("y", still);
  auto unchanged = finish(std::move(predict));
  ASSERT_TRUE(unchanged);
  EXPECT_EQ(print(unchanged).find("nn.updates"), std::string::npos);
}

TEST(Graph, onlyStatesAreUpdated) {
  Graph graph("wrong", GraphMode::training);
  Tensor x = graph.input("x", {3});
  graph.update(x, x);
  EXPECT_EQ(codeOf(graph), ErrorCode::tensorExpected);
  Graph shapes("wrong", GraphMode::training);
  Tensor total = shapes.state("total", {3});
  shapes.update(total, sum(total));
  EXPECT_EQ(codeOf(shapes), ErrorCode::tensorExpected);
}

TEST(Graph, regularisersArePenalties) {
  Graph graph("penalty", GraphMode::training);
  Tensor x = graph.input("x", {batch, 3});
  DenseOptions options;
  options.weights.weightRegularizer = l1L2(0.1, 0.2);
  dense(x, 2, options);
  graph.addPenalty(mean(x));
  EXPECT_EQ(penaltiesOf(graph).size(), 3u);
  graph.addPenalty(x);
  EXPECT_EQ(codeOf(graph), ErrorCode::tensorExpected);
}

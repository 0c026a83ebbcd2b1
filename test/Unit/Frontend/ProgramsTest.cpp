//===- ProgramsTest.cpp - Arguments and results of programs ---------------===//

#include "Programs.h"

using namespace nnc;
using namespace nnc::test;

static const char *const mlp = R"(
model mlp(x: f32[batch, 8]) -> (logits: f32[batch, 3]) {
  hidden = dense(x, 4, activation = relu)
  kept = dropout(hidden, rate = 0.5)
  return dense(kept, 3)
}
)";

TEST(Programs, predict) {
  TestProgram program(mlp);
  ASSERT_TRUE(program.build()) << render(program.error);
  EXPECT_EQ(program.arguments("input"), "x[batch, 8]");
  EXPECT_EQ(program.arguments("parameter"),
            "hidden.weight[8, 4] hidden.bias[4] dense_1.weight[4, 3] "
            "dense_1.bias[3]");
  EXPECT_EQ(program.arguments("scalar"), "");
  EXPECT_EQ(program.results(), "logits[batch, 3]");
  EXPECT_EQ(program.count("nn.random_uniform"), 0);
  EXPECT_EQ(program.function().getName(), "mlp");
}

TEST(Programs, evaluateSumsOverSamples) {
  TestProgram program(mlp);
  ASSERT_TRUE(program.build(ProgramKind::evaluate)) << render(program.error);
  EXPECT_EQ(program.arguments("input"), "x[batch, 8] target[batch]");
  EXPECT_EQ(program.results(), "logits[batch, 3] loss[]");
  EXPECT_EQ(program.count("nn.random_uniform"), 0);
  EXPECT_EQ(program.count("nn.dim_size"), 0);
  EXPECT_NE(program.text().find("tensor<f64> {nn.name = \"loss\"}"),
            std::string::npos);
}

TEST(Programs, trainStepUpdatesParametersAndStates) {
  TestProgram program(mlp);
  program.options.train.optimizer = "sgd(momentum = 0.9)";
  ASSERT_TRUE(program.build(ProgramKind::trainStep)) << render(program.error);
  EXPECT_EQ(program.arguments("scalar"), "seed[] step[] learning_rate[]");
  EXPECT_EQ(program.arguments("optimizer"),
            "hidden.weight.velocity[8, 4] hidden.bias.velocity[4] "
            "dense_1.weight.velocity[4, 3] dense_1.bias.velocity[3]");
  EXPECT_EQ(program.results(),
            "logits[batch, 3] loss[] =>hidden.weight[8, 4] "
            "=>hidden.weight.velocity[8, 4] =>hidden.bias[4] "
            "=>hidden.bias.velocity[4] =>dense_1.weight[4, 3] "
            "=>dense_1.weight.velocity[4, 3] =>dense_1.bias[3] "
            "=>dense_1.bias.velocity[3]");
  EXPECT_EQ(program.count("nn.random_uniform"), 1);
  EXPECT_EQ(program.count("nn.sgd"), 4);
}

TEST(Programs, gradientsOfEachParameter) {
  TestProgram program(mlp);
  ASSERT_TRUE(program.build(ProgramKind::gradients)) << render(program.error);
  EXPECT_EQ(program.results(),
            "loss[] gradient.hidden.weight[8, 4] gradient.hidden.bias[4] "
            "gradient.dense_1.weight[4, 3] gradient.dense_1.bias[3]");
}

TEST(Programs, precisionSaysWhatF32Means) {
  TestProgram program(mlp);
  program.options.precision = "f64";
  ASSERT_TRUE(program.build(ProgramKind::trainStep)) << render(program.error);
  EXPECT_EQ(program.text().find("f32"), std::string::npos) << program.text();
  program.options.precision = "bf16";
  ASSERT_TRUE(program.build(ProgramKind::trainStep)) << render(program.error);
  EXPECT_EQ(program.text().find("bf16"), std::string::npos) << program.text();
  program.options.precision = "f16";
  ASSERT_FALSE(program.build(ProgramKind::trainStep));
  EXPECT_EQ(program.error.code, ErrorCode::unsupported);
}

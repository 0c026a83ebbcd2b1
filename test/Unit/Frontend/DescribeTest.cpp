//===- DescribeTest.cpp - What a model consists of ------------------------===//

#include "Programs.h"

using namespace nnc;
using namespace nnc::test;

namespace {

/// The description of the model in \p text.
ModelInfo describe(const std::string &text, const std::string &model = "",
                   const CompileOptions &options = {}) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  ModelSource source;
  source.path = "test.nn";
  source.text = text;
  source.model = model;
  std::vector<Error> warnings;
  Expected<ModelInfo> info = describeModel(context, source, options, warnings);
  EXPECT_TRUE(info.has_value()) << render(info.error());
  return info ? std::move(*info) : ModelInfo();
}

/// "name[2, -1]" of each argument, joined by blanks.
std::string print(const std::vector<Argument> &arguments) {
  std::string text;
  for (const Argument &argument : arguments) {
    text += fmt::format("{}{}[", text.empty() ? "" : " ", argument.name);
    for (size_t i = 0; i < argument.shape.size(); ++i)
      text += fmt::format("{}{}", i ? ", " : "", argument.shape[i]);
    text += "]";
  }
  return text;
}

/// "name: kind [batch, 4] parameters flop" of each layer, a line each.
std::string print(const std::vector<LayerInfo> &layers) {
  std::string text;
  for (const LayerInfo &layer : layers) {
    text += fmt::format("{}: {} [", layer.name, layer.kind);
    for (size_t i = 0; i < layer.output.size(); ++i)
      text += (i ? ", " : "") + layer.output[i];
    text += fmt::format("] {} {}\n", layer.parameters, layer.flop);
  }
  return text;
}

} // namespace

TEST(Describe, argumentsLayersAndFlop) {
  ModelInfo info = describe(R"(
model mlp(x: f32[batch, 8]) -> (logits: f32[batch, 3], hidden: f32[batch, 4]) {
  hidden = dense(x, 4, activation = relu)
  kept = dropout(batch_norm(hidden, name = "norm"), rate = 0.5)
  return dense(kept, 3), hidden
}
)");
  EXPECT_EQ(info.name, "mlp");
  EXPECT_EQ(print(info.inputs), "x[-1, 8]");
  EXPECT_TRUE(info.inputs[0].batched);
  EXPECT_EQ(print(info.outputs), "logits[-1, 3] hidden[-1, 4]");
  EXPECT_EQ(print(info.parameters),
            "hidden.weight[8, 4] hidden.bias[4] norm.scale[4] norm.shift[4] "
            "dense_1.weight[4, 3] dense_1.bias[3]");
  EXPECT_EQ(info.parameters[0].initializer, "glorot_uniform");
  EXPECT_EQ(print(info.states), "norm.mean[4] norm.variance[4]");
  EXPECT_EQ(print(info.layers), "hidden: dense [batch, 4] 36 64\n"
                                "norm: batch_norm [batch, 4] 8 0\n"
                                "kept: dropout [batch, 4] 0 0\n"
                                "dense_1: dense [batch, 3] 15 24\n");
  EXPECT_EQ(info.flopForward, 64 + 24);
  // Backwards each product makes two, but for that of the input's gradient.
  EXPECT_EQ(info.flopTrainStep, 3 * (64 + 24) - 64);
}

// NUM-04: a network of 3-2-3-1 has 15 weights and 6 biases.
TEST(Describe, shapesOfTheNarrowNetwork) {
  ModelInfo info = describe(R"(
model narrow(x: f32[batch, 3]) -> f32[batch, 1] {
  a = dense(x, 2)
  b = dense(a, 3)
  c = dense(b, 1)
  return c
}
)");
  EXPECT_EQ(print(info.parameters), "a.weight[3, 2] a.bias[2] b.weight[2, 3] "
                                    "b.bias[3] c.weight[3, 1] c.bias[1]");
  EXPECT_EQ(print(info.outputs), "output[-1, 1]");
}

TEST(Describe, sizesOfOpenDimensionsAreFilledIn) {
  CompileOptions options;
  options.sizes = {{"batch", 32}, {"time", 10}};
  ModelInfo info =
      describe("model m(x: f32[batch, time, 4]) -> (y: f32[batch, time, 2]) {\n"
               "  return dense(x, 2)\n}\n",
               "", options);
  EXPECT_EQ(print(info.inputs), "x[32, 10, 4]");
  // FLOP are those of one sample.
  EXPECT_EQ(info.flopForward, 10 * 4 * 2 * 2);
}

// A model of nets and fns has the parameters of all of them.
TEST(Describe, netsAndFns) {
  const std::string text = R"(
model pair {
  net encoder = chain(dense(4), relu)
  net decoder = dense(8)
  param shift: f32[4] = zeros
  fn encode(x: f32[batch, 8]) -> (code: f32[batch, 4]) {
    return encoder(x) + shift
  }
  fn decode(code: f32[batch, 4]) -> (x: f32[batch, 8]) { return decoder(code) }
}
)";
  ModelInfo info = describe(text);
  EXPECT_EQ(print(info.inputs), "x[-1, 8]");
  EXPECT_EQ(print(info.outputs), "code[-1, 4]");
  EXPECT_EQ(print(info.parameters),
            "encoder.0.weight[8, 4] encoder.0.bias[4] shift[4] "
            "decoder.weight[4, 8] decoder.bias[8]");
}

TEST(Describe, sharedLayersCountOnce) {
  ModelInfo info = describe(R"(
model shared {
  net e = dense(4)
  fn f(a: f32[batch, 8], b: f32[batch, 8]) -> (d: f32[batch, 4]) {
    return e(a) - e(b)
  }
}
)");
  EXPECT_EQ(print(info.layers), "e: dense [batch, 4] 36 128\n");
}

TEST(Describe, reportsErrors) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  ModelSource source;
  source.path = "test.nn";
  std::vector<Error> warnings;
  source.text = "model m(x: f32[batch, 8]) -> f32[batch, 3] {\n"
                "  unused = relu(x)\n  return dense(x, 4)\n}\n";
  Expected<ModelInfo> info = describeModel(context, source, {}, warnings);
  ASSERT_FALSE(info.has_value());
  EXPECT_EQ(info.error().code, ErrorCode::resultSize);
  ASSERT_GE(warnings.size(), 1u);
  EXPECT_EQ(warnings[0].message, "'unused' is not used");
  source.kind = ModelSource::Kind::mlir;
  info = describeModel(context, source, {}, warnings);
  ASSERT_FALSE(info.has_value());
  EXPECT_EQ(info.error().code, ErrorCode::unsupported);
}

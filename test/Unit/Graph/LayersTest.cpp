//===- LayersTest.cpp - Parameters and shapes of layers -------------------===//

#include "nnc/Graph/MLIRGraph.h"
#include "nnc/nnc.h"
#include <gtest/gtest.h>

using namespace nnc;

/// "name[shape]" of the parameters and states, joined by blanks.
static std::string weights(const Graph &graph) {
  std::string text;
  const auto &arguments = argumentsOf(graph);
  for (size_t i = 0; i < arguments.size(); ++i)
    if (arguments[i].role == "parameter" || arguments[i].role == "state") {
      text += text.empty() ? "" : " ";
      text += arguments[i].name + str(argumentTensor(graph, i).shape());
    }
  return text;
}

namespace {
class Layers : public testing::TestWithParam<GraphMode> {
protected:
  Graph graph{"layers", GetParam()};
  Tensor x = graph.input("x", {batch, 12});
  Tensor image = graph.input("image", {batch, 4, 6});

  void expectError(ErrorCode code, const Tensor &result) {
    EXPECT_FALSE(result.isValid());
    ASSERT_TRUE(graph.error());
    EXPECT_EQ(graph.error()->code, code) << graph.error()->message;
    (void)graph.takeError();
  }
  void TearDown() override {
    ASSERT_FALSE(graph.error()) << graph.error()->message;
    auto module = finish(std::move(graph));
    EXPECT_TRUE(module) << module.error().message;
  }
};
} // namespace

INSTANTIATE_TEST_SUITE_P(, Layers,
                         testing::Values(GraphMode::predict,
                                         GraphMode::training),
                         [](const auto &info) {
                           return info.param == GraphMode::training ? "training"
                                                                    : "predict";
                         });

TEST_P(Layers, dense) {
  EXPECT_EQ(dense(image, 5, {.activation = softmax, .name = "a"}).str(),
            "f32[batch, 4, 5]");
  EXPECT_EQ(dense(x, 3, {.bias = false}).str(), "f32[batch, 3]");
  EXPECT_EQ(weights(graph), "a.weight[6, 5] a.bias[5] dense_1.weight[12, 3]");
  expectError(ErrorCode::settingOutOfRange, dense(x, 0));
  expectError(ErrorCode::tensorExpected,
              dense(graph.input("ids", {batch}, ElementType::i32), 3));
  expectError(ErrorCode::openAxis, dense(graph.input("open", {3, batch}), 3));
}

TEST_P(Layers, dropoutNeedsRateOrKeep) {
  EXPECT_EQ(dropout(x, {.rate = 0.5}).str(), "f32[batch, 12]");
  expectError(ErrorCode::rateOrKeep, dropout(x, {}));
  expectError(ErrorCode::rateOrKeep, dropout(x, {.rate = 0.5, .keep = 0.5}));
  expectError(ErrorCode::settingOutOfRange, dropout(x, {.rate = 1.0}));
  expectError(ErrorCode::settingOutOfRange, dropout(x, {.keep = 0.0}));
}

TEST_P(Layers, normalisation) {
  EXPECT_EQ(batchNorm(image, {.name = "b"}).str(), "f32[batch, 4, 6]");
  EXPECT_EQ(layerNorm(image, {.name = "l"}).str(), "f32[batch, 4, 6]");
  EXPECT_EQ(groupNorm(image, 2, {.name = "g"}).str(), "f32[batch, 4, 6]");
  EXPECT_EQ(instanceNorm(image, {.affine = false}).str(), "f32[batch, 4, 6]");
  EXPECT_EQ(weights(graph),
            "b.scale[4] b.shift[4] b.mean[4] b.variance[4] l.scale[6] "
            "l.shift[6] g.scale[4] g.shift[4]");
  expectError(ErrorCode::settingOutOfRange, groupNorm(image, 3));
  expectError(ErrorCode::axisOutOfRange, batchNorm(image, {.axis = 5}));
}

TEST_P(Layers, convolution) {
  Tensor picture = graph.input("picture", {batch, 4, 9, 8});
  EXPECT_EQ(conv2d(picture, 6, {3}, {.activation = relu, .name = "a"}).str(),
            "f32[batch, 6, 7, 6]");
  EXPECT_EQ(conv2d(picture, 6, {3, 2},
                   {.stride = {2, 1},
                    .padding = Padding::Kind::same,
                    .groups = 2,
                    .bias = false,
                    .name = "b"})
                .str(),
            "f32[batch, 6, 5, 8]");
  EXPECT_EQ(conv2d(picture, 1, {3},
                   {.padding = {{1, 2, 0, 3}}, .dilation = {2}, .name = "c"})
                .str(),
            "f32[batch, 1, 8, 7]");
  EXPECT_EQ(conv1d(image, 5, {3}, {.padding = 1, .name = "d"}).str(),
            "f32[batch, 5, 6]");
  EXPECT_EQ(weights(graph),
            "a.weight[6, 4, 3, 3] a.bias[6] b.weight[6, 2, 3, 2] "
            "c.weight[1, 4, 3, 3] c.bias[1] d.weight[5, 4, 3] d.bias[5]");
  expectError(ErrorCode::tensorExpected, conv2d(image, 3, {3}));
  expectError(ErrorCode::settingOutOfRange, conv2d(picture, 0, {3}));
  expectError(ErrorCode::settingOutOfRange, conv2d(picture, 3, {10}));
  expectError(ErrorCode::settingOutOfRange, conv2d(picture, 3, {3, 3, 3}));
  expectError(ErrorCode::settingOutOfRange, conv2d(picture, 3, {}));
  expectError(ErrorCode::settingOutOfRange,
              conv2d(picture, 6, {3}, {.groups = 3}));
  expectError(ErrorCode::settingOutOfRange,
              conv2d(picture, 6, {3}, {.stride = {0}}));
  expectError(ErrorCode::openAxis,
              conv1d(graph.input("open", {1, 2, batch}), 3, {3}));
}

TEST_P(Layers, pools) {
  Tensor picture = graph.input("picture", {batch, 4, 9, 8});
  EXPECT_EQ(maxPool2d(picture, {2}).str(), "f32[batch, 4, 4, 4]");
  EXPECT_EQ(maxPool2d(picture, {3, 2}, {.stride = {1}, .padding = {1}}).str(),
            "f32[batch, 4, 9, 9]");
  EXPECT_EQ(avgPool2d(picture, {2}, {.countPadding = true}).str(),
            "f32[batch, 4, 4, 4]");
  EXPECT_EQ(maxPool1d(image, {2}).str(), "f32[batch, 4, 3]");
  EXPECT_EQ(avgPool1d(image, {3}, {.stride = {2}, .padding = {1}}).str(),
            "f32[batch, 4, 3]");
  EXPECT_EQ(globalMaxPool(picture).str(), "f32[batch, 4]");
  EXPECT_EQ(globalAvgPool(image).str(), "f32[batch, 4]");
  EXPECT_EQ(weights(graph), "");
  expectError(ErrorCode::settingOutOfRange,
              maxPool2d(picture, {2}, {.padding = {2}}));
  expectError(ErrorCode::settingOutOfRange, avgPool2d(picture, {10}));
  expectError(ErrorCode::tensorExpected, maxPool1d(picture, {2}));
  expectError(ErrorCode::tensorExpected, globalAvgPool(x));
}

TEST_P(Layers, others) {
  EXPECT_EQ(prelu(image, {.name = "p"}).str(), "f32[batch, 4, 6]");
  EXPECT_EQ(prelu(x, {.perChannel = false, .name = "q"}).str(),
            "f32[batch, 12]");
  EXPECT_EQ(maxout(x, 5, 3, {.name = "m"}).str(), "f32[batch, 5]");
  EXPECT_EQ(dropconnect(x, 5, {.rate = 0.5, .name = "d"}).str(),
            "f32[batch, 5]");
  EXPECT_EQ(gaussianNoise(x, {.stddev = 0.1}).str(), "f32[batch, 12]");
  Tensor ids = graph.input("ids", {batch, 7}, ElementType::i32);
  EXPECT_EQ(embedding(ids, 100, 8, {.name = "e"}).str(), "f32[batch, 7, 8]");
  EXPECT_EQ(weights(graph),
            "p.slope[4] q.slope[] m.weight[12, 15] m.bias[15] d.weight[12, 5] "
            "d.bias[5] e.weight[100, 8]");
  expectError(ErrorCode::tensorExpected, embedding(x, 10, 2));
  expectError(ErrorCode::settingOutOfRange, maxout(x, 5, 0));
}

TEST_P(Layers, attention) {
  EXPECT_EQ(multiHeadAttention(image, image, image, 2, {.name = "self"}).str(),
            "f32[batch, 4, 6]");
  Tensor other = graph.input("other", {batch, 9, 3});
  EXPECT_EQ(multiHeadAttention(image, other, other, 2,
                               {.bias = false, .causal = true, .name = "cross"})
                .str(),
            "f32[batch, 4, 6]");
  EXPECT_EQ(weights(graph),
            "self.weight_qkv[6, 18] self.bias_qkv[18] self.weight_out[6, 6] "
            "self.bias_out[6] cross.weight_q[6, 6] cross.weight_k[3, 6] "
            "cross.weight_v[3, 6] cross.weight_out[6, 6]");
  expectError(ErrorCode::settingOutOfRange,
              multiHeadAttention(image, image, image, 4));
}

TEST_P(Layers, chainsNumberTheirParts) {
  LayerScope scope(graph, "net");
  Tensor y = chain(x, {[](const Tensor &x, std::string name) {
                         return dense(x, 8, {.name = name});
                       },
                       [](const Tensor &x, std::string) { return relu(x); },
                       [](const Tensor &x, std::string name) {
                         return dense(x, 2, {.name = name});
                       }});
  EXPECT_EQ(y.str(), "f32[batch, 2]");
  EXPECT_EQ(weights(graph), "net.0.weight[12, 8] net.0.bias[8] "
                            "net.2.weight[8, 2] net.2.bias[2]");
}

//===- LossesTest.cpp - Shapes and errors of losses -----------------------===//

#include "nnc/Graph/MLIRGraph.h"
#include "nnc/nnc.h"
#include <gtest/gtest.h>

using namespace nnc;

namespace {
class Losses : public testing::Test {
protected:
  Graph graph{"losses"};
  Tensor y = graph.input("y", {batch, 10});
  Tensor t = graph.input("t", {batch, 10});
  Tensor labels = graph.input("labels", {batch}, ElementType::i32);

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

TEST_F(Losses, areScalarsOrOneNumberASample) {
  using Loss =
      Tensor (*)(const Operand &, const Operand &, const LossOptions &);
  for (Loss loss :
       {categoricalCrossEntropy, nll, sigmoidCrossEntropy, binaryCrossEntropy,
        hinge, mse, squaredError, halfSquaredError, mae, absoluteError,
        klDivergence, cosineLoss}) {
    EXPECT_EQ(loss(y, t, {}).str(), "f32[]");
    EXPECT_EQ(loss(y, t, {Reduction::sum}).str(), "f32[]");
    EXPECT_EQ(loss(y, t, {Reduction::none}).str(), "f32[batch]");
  }
  EXPECT_EQ(softmaxCrossEntropy(y, t, {.reduction = Reduction::none}).str(),
            "f32[batch]");
  EXPECT_EQ(huber(y, t, {.delta = 2}).str(), "f32[]");
  EXPECT_EQ(focal(y, t).str(), "f32[]");
  EXPECT_EQ(triplet(y, t, y).str(), "f32[]");
  EXPECT_EQ(contrastive(l2Distance(y, t), sum(t, 1)).str(), "f32[]");
}

TEST_F(Losses, classesAreNumbersOrDistributions) {
  EXPECT_EQ(softmaxCrossEntropy(y, labels).str(), "f32[]");
  EXPECT_EQ(softmaxCrossEntropy(y, t, {.labelSmoothing = 0.1}).str(), "f32[]");
  EXPECT_EQ(nll(y, labels, {Reduction::none}).str(), "f32[batch]");
  EXPECT_EQ(focal(y, labels).str(), "f32[]");
  expectError(ErrorCode::targetShape,
              softmaxCrossEntropy(y, graph.input("s", {batch, 9})));
  expectError(ErrorCode::targetShape,
              softmaxCrossEntropy(y, cast(t, ElementType::i32)));
  expectError(ErrorCode::settingOutOfRange,
              softmaxCrossEntropy(y, t, {.labelSmoothing = 1}));
}

TEST_F(Losses, numbersNeedEqualShapes) {
  expectError(ErrorCode::targetShape, mse(y, graph.input("a", {batch})));
  expectError(ErrorCode::tensorExpected, mse(y, labels));
  expectError(ErrorCode::settingOutOfRange, huber(y, t, {.delta = 0}));
  expectError(ErrorCode::elementTypesDiffer,
              mae(y, graph.input("d", {batch, 10}, ElementType::f64)));
}

//===- OpsTest.cpp - Shapes and errors of functions on tensors ------------===//

#include "nnc/Graph/MLIRGraph.h"
#include "nnc/nnc.h"
#include <gtest/gtest.h>

using namespace nnc;

namespace {
class Ops : public testing::Test {
protected:
  Graph graph{"ops"};
  Tensor x = graph.input("x", {batch, 4, 6});
  Tensor ids = graph.input("ids", {batch}, ElementType::i32);
  Tensor flags = graph.input("flags", {batch, 4, 6}, ElementType::boolean);

  void expectError(ErrorCode code, const Tensor &result) {
    EXPECT_FALSE(result.isValid());
    ASSERT_TRUE(graph.error());
    EXPECT_EQ(graph.error()->code, code) << graph.error()->message;
    (void)graph.takeError();
  }
  /// The graph must be well formed after each test.
  void TearDown() override {
    ASSERT_FALSE(graph.error()) << graph.error()->message;
    auto module = finish(std::move(graph));
    EXPECT_TRUE(module) << module.error().message;
  }
};
} // namespace

TEST_F(Ops, broadcasting) {
  Tensor row = graph.input("row", {6}), column = graph.input("column", {4, 1});
  EXPECT_EQ((x + row).str(), "f32[batch, 4, 6]");
  EXPECT_EQ((column * row).str(), "f32[4, 6]");
  EXPECT_EQ((1 - x).str(), "f32[batch, 4, 6]");
  EXPECT_EQ((x / 2.0).str(), "f32[batch, 4, 6]");
  EXPECT_EQ((ids + 1).str(), "i32[batch]");
  EXPECT_EQ((ids / 2).str(), "f32[batch]");
  EXPECT_EQ((x < row).str(), "bool[batch, 4, 6]");
  EXPECT_EQ(where(flags, x, 0).str(), "f32[batch, 4, 6]");
  EXPECT_EQ(where(x > 0, 1, x).str(), "f32[batch, 4, 6]");
}

TEST_F(Ops, aNamedSizeIsNeverOne) {
  Tensor open = graph.input("open", {Dim::named("n"), 6});
  expectError(ErrorCode::shapesDiffer, open + graph.input("wide", {4, 6}));
  EXPECT_EQ((open + graph.input("one", {1, 6})).str(), "f32[n, 6]");
}

TEST_F(Ops, elementTypesMustAgree) {
  expectError(ErrorCode::elementTypesDiffer, x + ids);
  expectError(ErrorCode::literalType, ids + 0.5);
  expectError(ErrorCode::literalType, flags + 1);
  expectError(ErrorCode::tensorExpected, exp(ids));
  expectError(ErrorCode::tensorExpected, logicalAnd(x, flags));
  expectError(ErrorCode::tensorExpected, where(x, x, x));
  expectError(ErrorCode::tensorExpected, cast(x, ElementType::u8));
  EXPECT_EQ((x + cast(reshape(ids, {batch, 1, 1}), ElementType::f32)).str(),
            "f32[batch, 4, 6]");
}

TEST_F(Ops, powers) {
  EXPECT_EQ(pow(x, 2).str(), "f32[batch, 4, 6]");
  EXPECT_EQ(pow(x, 2.5).str(), "f32[batch, 4, 6]");
  EXPECT_EQ(pow(ids, 3).str(), "i32[batch]");
  EXPECT_EQ(pow(2, x).str(), "f32[batch, 4, 6]");
  expectError(ErrorCode::tensorExpected, pow(ids, 5));
}

TEST_F(Ops, reductions) {
  EXPECT_EQ(sum(x).str(), "f32[]");
  EXPECT_EQ(mean(x, 0).str(), "f32[4, 6]");
  EXPECT_EQ(max(x, {1, -1}, true).str(), "f32[batch, 1, 1]");
  EXPECT_EQ(logsumexp(x, -1).str(), "f32[batch, 4]");
  EXPECT_EQ(variance(x, 0, false, true).str(), "f32[4, 6]");
  EXPECT_EQ(norm(x, -1).str(), "f32[batch, 4]");
  EXPECT_EQ(any(flags, 2).str(), "bool[batch, 4]");
  EXPECT_EQ(argmax(x, 1).str(), "i32[batch, 6]");
  expectError(ErrorCode::axisOutOfRange, sum(x, 3));
  expectError(ErrorCode::axisTwice, sum(x, {1, -2}));
  expectError(ErrorCode::tensorExpected, mean(ids));
  expectError(ErrorCode::unsupported, norm(x, {}, false, 3));
}

TEST_F(Ops, products) {
  Tensor w = graph.input("w", {6, 3}), v = graph.input("v", {6});
  Tensor y = graph.input("y", {batch, 6, 5});
  EXPECT_EQ(matmul(x, w).str(), "f32[batch, 4, 3]");
  EXPECT_EQ(matmul(x, y).str(), "f32[batch, 4, 5]");
  EXPECT_EQ(matmul(x, v).str(), "f32[batch, 4]");
  EXPECT_EQ(matmul(v, w).str(), "f32[3]");
  EXPECT_EQ(matmul(v, v).str(), "f32[]");
  EXPECT_EQ(matmul(w, x, {.transposeA = true, .transposeB = true}).str(),
            "f32[batch, 3, 4]");
  EXPECT_EQ(outer(v, v).str(), "f32[6, 6]");
  EXPECT_EQ(cosineSimilarity(x, x).str(), "f32[batch, 4]");
  expectError(ErrorCode::innerSizesDiffer, matmul(w, w));
  expectError(ErrorCode::tensorExpected, matmul(x, 2.0));
  expectError(ErrorCode::shapesDiffer, matmul(graph.input("p", {2, 4, 6}), y));
}

TEST_F(Ops, shapes) {
  EXPECT_EQ(reshape(x, {batch, 24}).str(), "f32[batch, 24]");
  EXPECT_EQ(reshape(x, {-1, 12}).str(), "f32[2*batch, 12]");
  EXPECT_EQ(flatten(x).str(), "f32[batch, 24]");
  EXPECT_EQ(transpose(x).str(), "f32[batch, 6, 4]");
  EXPECT_EQ(transpose(x, {2, 0, 1}).str(), "f32[6, batch, 4]");
  EXPECT_EQ(expand(x, -1).str(), "f32[batch, 4, 6, 1]");
  EXPECT_EQ(squeeze(expand(x, 1), 1).str(), "f32[batch, 4, 6]");
  EXPECT_EQ(broadcast(expand(x, 0), {2, batch, 4, 6}).str(),
            "f32[2, batch, 4, 6]");
  EXPECT_EQ(slice(x, 1, 1, 3).str(), "f32[batch, 2, 6]");
  EXPECT_EQ(pad(x, {{0, 0}, {1, 2}, {0, 0}}).str(), "f32[batch, 7, 6]");
  EXPECT_EQ(flip(x, 1).str(), "f32[batch, 4, 6]");
  EXPECT_EQ(tile(x, {1, 2, 3}).str(), "f32[batch, 8, 18]");
  expectError(ErrorCode::reshapeCount, reshape(x, {batch, 23}));
  expectError(ErrorCode::reshapeOpenTwice, reshape(x, {-1, -1}));
  expectError(ErrorCode::sizeOutOfRange, reshape(x, {-2, 12}));
  expectError(ErrorCode::squeezeSize, squeeze(x, 1));
  expectError(ErrorCode::permutationLength, transpose(x, {0, 1}));
  expectError(ErrorCode::sliceOutOfRange, slice(x, 1, 1, 9));
  expectError(ErrorCode::openAxis, slice(x, 0, 0, 1));
  expectError(ErrorCode::entriesPerAxis, pad(x, {{0, 0}}));
  expectError(ErrorCode::shapesDiffer, broadcast(x, {4, 6}));
}

TEST_F(Ops, partsAndJoins) {
  std::vector<Tensor> halves = split(x, 2, 1);
  ASSERT_EQ(halves.size(), 2u);
  EXPECT_EQ(halves[1].str(), "f32[batch, 2, 6]");
  EXPECT_EQ(split(x, {1, 5}, -1)[1].str(), "f32[batch, 4, 5]");
  EXPECT_EQ(concat({x, halves[0]}, 1).str(), "f32[batch, 6, 6]");
  EXPECT_EQ(concat({x, x}, 0).str(), "f32[2*batch, 4, 6]");
  EXPECT_EQ(stack({x, x}, 1).str(), "f32[batch, 2, 4, 6]");
  expectError(ErrorCode::splitParts, split(x, 3, 1)[0]);
  expectError(ErrorCode::splitSizes, split(x, {1, 2}, 1)[0]);
  expectError(ErrorCode::concatShapes, concat({x, halves[0]}, 0));
  expectError(ErrorCode::concatShapes, stack({x, halves[0]}));
}

TEST_F(Ops, indices) {
  Tensor table = graph.input("table", {9, 5});
  EXPECT_EQ(gather(table, ids).str(), "f32[batch, 5]");
  EXPECT_EQ(gather(x, graph.input("two", {2, 3}, ElementType::i64), 1).str(),
            "f32[batch, 2, 3, 6]");
  EXPECT_EQ(oneHot(ids, 10).str(), "f32[batch, 10]");
  EXPECT_EQ(scatterAdd(table, ids, graph.input("updates", {batch, 5})).str(),
            "f32[9, 5]");
  EXPECT_EQ(takeLast(x, ids).str(), "f32[batch, 6]");
  expectError(ErrorCode::tensorExpected, gather(table, x));
  expectError(ErrorCode::tensorExpected, scatterAdd(table, ids, table));
  expectError(ErrorCode::tensorExpected, takeLast(table, ids));
}

TEST_F(Ops, making) {
  EXPECT_EQ(zeros(graph, {batch, 2}).str(), "f32[batch, 2]");
  EXPECT_EQ(full(graph, {}, 3, ElementType::i64).str(), "i64[]");
  EXPECT_EQ(eye(graph, 3).str(), "f32[3, 3]");
  EXPECT_EQ(iota(graph, batch).str(), "i32[batch]");
  EXPECT_EQ(dimSize(graph, batch * 2).str(), "f32[]");
  EXPECT_EQ(randomBernoulli(graph, {batch}, 0.5).str(), "f32[batch]");
  expectError(ErrorCode::sizeOutOfRange, ones(graph, {-1}));
  expectError(ErrorCode::settingOutOfRange, randomBernoulli(graph, {2}, 1.5));
  expectError(ErrorCode::tensorExpected,
              randomNormal(graph, {2}, ElementType::i32));
}

TEST_F(Ops, activations) {
  for (const Tensor &y :
       {relu(x), leakyRelu(x), elu(x), selu(x), gelu(x), gelu(x, true), silu(x),
        softplus(x), softsign(x), hardSigmoid(x), mish(x), heaviside(x),
        softmax(x, 1), logSoftmax(x), tanh(x), sigmoid(x), identity(x)})
    EXPECT_EQ(y.str(), "f32[batch, 4, 6]");
  expectError(ErrorCode::axisOutOfRange, softmax(x, 5));
  expectError(ErrorCode::tensorExpected, relu(ids));
}

TEST_F(Ops, gradientsDifferentiateAgain) {
  Tensor y = sum(pow(x, 3));
  Tensor first = gradient(y, {x})[0];
  EXPECT_EQ(first.str(), "f32[batch, 4, 6]");
  EXPECT_EQ(gradient(first, {x})[0].str(), "f32[batch, 4, 6]");
  // Nothing leads from the flags to y.
  EXPECT_EQ(gradient(y, {flags})[0].str(), "bool[batch, 4, 6]");
  expectError(ErrorCode::tensorExpected, gradient(ids, {x})[0]);
}

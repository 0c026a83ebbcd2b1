//===- SizesTest.cpp - Layers of every size up to 40 ----------------------===//
//
// Outputs, losses and gradients of compiled layers against the reference: with
// up to 40 units, steps or columns every remainder of every tile and vector
// occurs.
//
//===----------------------------------------------------------------------===//

#include "BuiltLibrary.h"
#include "gtest/gtest.h"
#include <fmt/format.h>
#include <ostream>

using namespace nnc;

namespace {

/// A layer of an x. {n} stands for the size, {m} for one less.
struct Layer {
  const char *name, *x, *y, *layer;
  int64_t least = 1;
};

void PrintTo(const Layer &layer, std::ostream *os) { *os << layer.layer; }

class Sizes : public testing::TestWithParam<Layer> {};

} // namespace

TEST_P(Sizes, AgreeWithTheReference) {
  auto compiler = test::openBuiltCompiler();
  ASSERT_TRUE(compiler) << render(compiler.error());
  const Layer &layer = GetParam();
  for (int64_t n = layer.least; n <= 40; ++n) {
    auto sized = [&](const char *text) {
      return fmt::format(fmt::runtime(text), fmt::arg("n", n),
                         fmt::arg("m", n - 1));
    };
    ModelSource source;
    source.path = "sizes.nn";
    source.text =
        fmt::format("model m(x: {}) -> (y: {}) {{ return {} }}\n",
                    sized(layer.x), sized(layer.y), sized(layer.layer));
    CompileOptions options;
    options.train.loss = "mse";
    // Rows of a batch go in tiles too.
    options.sizes["batch"] = 1 + n * 7 % 17;
    auto results = (*compiler)->check(source, options, /*gradients=*/false,
                                      /*reference=*/true, /*rtol=*/0,
                                      /*seed=*/n);
    ASSERT_TRUE(results) << source.text << render(results.error());
    EXPECT_GE(results->size(), 4u) << source.text;
    for (const Compiler::CheckResult &result : *results)
      EXPECT_TRUE(result.passed)
          << source.text << result.check << " of " << result.name << ": "
          << result.worst << " " << result.note;
  }
}

INSTANTIATE_TEST_SUITE_P(
    , Sizes,
    testing::Values(
        Layer{"lstm", "f32[batch, 2, 5]", "f32[batch, 2, {n}]", "lstm(x, {n})"},
        Layer{"gru", "f32[batch, 2, {n}]", "f32[batch, 6]",
              "gru(x, 6, output = \"last\")"},
        Layer{"units", "f32[batch, 2, 3]", "f32[batch, 2, {n}]", "gru(x, {n})"},
        Layer{"steps", "f32[batch, {n}, 6]", "f32[batch, {n}, 6]",
              "multi_head_attention(x, x, x, 2, causal = true)"},
        Layer{"heads", "f32[batch, 3, {n}]", "f32[batch, 3, {n}]",
              "multi_head_attention(x, x, x, 1)"},
        Layer{"embedding", "i32[batch, 3]", "f32[batch, 3, {n}]",
              "embedding(x, 7, {n})"},
        Layer{"normalisation", "f32[batch, 3, {n}]", "f32[batch, 3, {n}]",
              "layer_norm(x)"},
        Layer{"channels", "f32[batch, {n}, 2, 3]", "f32[batch, {n}, 2, 3]",
              "batch_norm(x)"},
        Layer{"max_pool", "f32[batch, 2, 5, {n}]", "f32[batch, 2, 4, {m}]",
              "max_pool2d(batch_norm(x), 2, stride = 1)", 2},
        Layer{"avg_pool", "f32[batch, 3, {n}, 4]", "f32[batch, 3, {n}, 4]",
              "avg_pool2d(batch_norm(x), 3, stride = 1, padding = 1)"}),
    [](const auto &info) { return std::string(info.param.name); });

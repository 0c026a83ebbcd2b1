//===- ThreadsTest.cpp - The same bits for any number of threads ----------===//
//
// Gradients of models of odd sizes, in f32, large enough to be shared out.
//
//===----------------------------------------------------------------------===//

#include "BuiltLibrary.h"
#include "nnc/Runtime/Executable.h"
#include "gtest/gtest.h"
#include <cmath>
#include <cstring>
#include <ostream>
#include <random>

using namespace nnc;

namespace {

/// A name and an expression of an f32[batch, ...] x.
struct Model {
  const char *name, *shape, *layers;
};

void PrintTo(const Model &model, std::ostream *os) { *os << model.layers; }

class Threads : public testing::TestWithParam<Model> {
protected:
  void SetUp() override {
    auto opened = test::openBuiltCompiler();
    ASSERT_TRUE(opened) << render(opened.error());
    ModelSource source;
    source.path = "threads.nn";
    source.text = std::string("model m {\n  fn f(x: f32[batch, ") +
                  GetParam().shape +
                  "]) -> f32[] {\n    y = " + GetParam().layers +
                  "\n    return sum(y * y)\n  }\n}\n";
    CompileOptions options;
    options.kind = ProgramKind::gradients;
    options.train.loss = "f";
    options.sizes["batch"] = 37;
    auto program = (*opened)->compile(source, options);
    ASSERT_TRUE(program) << render(program.error());
    executable = std::make_unique<Executable>(std::move(*program));
  }

  /// Every argument's bytes after a run on numbers that are always the same.
  std::vector<std::vector<char>> run(unsigned threads) {
    std::mt19937 generator(7);
    std::uniform_real_distribution<float> number(-0.3f, 0.3f);
    std::vector<AlignedBuffer> buffers;
    std::vector<ArgumentView> views;
    for (const Argument &argument : executable->signature().arguments) {
      buffers.emplace_back(argument.byteCount());
      void *data = buffers.back().data();
      std::memset(data, 0, argument.byteCount());
      views.push_back({data, argument.byteCount()});
      bool isGiven =
          argument.role == Role::parameter || argument.role == Role::input;
      if (isGiven && argument.type == ElementType::f32)
        for (int64_t i = 0; i < argument.elementCount(); ++i)
          static_cast<float *>(data)[i] = number(generator);
    }
    auto ran = executable->run(views, executable->signature().batch, threads);
    EXPECT_TRUE(ran) << render(ran.error());
    std::vector<std::vector<char>> contents;
    for (const ArgumentView &view : views) {
      const char *bytes = static_cast<const char *>(view.data);
      contents.emplace_back(bytes, bytes + view.bytes);
    }
    return contents;
  }

  std::unique_ptr<Executable> executable;
};

} // namespace

TEST_P(Threads, GiveTheSameBits) {
  ASSERT_GT(executable->signature().preferredThreads, 1)
      << "too little work to be shared out";
  std::vector<std::vector<char>> one = run(1);
  const auto &arguments = executable->signature().arguments;
  for (size_t i = 0; i < arguments.size(); ++i)
    if (arguments[i].name == "loss") {
      ASSERT_EQ(arguments[i].type, ElementType::f64);
      double loss;
      std::memcpy(&loss, one[i].data(), sizeof loss);
      EXPECT_TRUE(std::isfinite(loss) && loss > 0) << loss;
    }
  for (unsigned threads : {2u, 3u, 4u}) {
    std::vector<std::vector<char>> several = run(threads);
    for (size_t i = 0; i < one.size(); ++i)
      EXPECT_EQ(one[i], several[i])
          << arguments[i].name << " on " << threads << " threads";
  }
}

INSTANTIATE_TEST_SUITE_P(
    , Threads,
    testing::Values(
        Model{"convolutions", "3, 19, 23",
              "conv2d(max_pool2d(conv2d(x, 25, 3, activation = relu), 2), 13, "
              "3, stride = 2, padding = 1)"},
        // Minimal filtering, whose transforms go past the caches.
        Model{"filtered", "40, 27, 29",
              "conv2d(conv2d(x, 64, 3, padding = \"same\"), 33, 3)"},
        Model{"groups", "6, 17, 19",
              "avg_pool2d(conv2d(x, 14, 3, groups = 2, dilation = 2), 3, "
              "stride = 2, padding = 1)"},
        Model{"transposed", "5, 9, 11",
              "conv_transpose2d(x, 17, 3, stride = 2, padding = 1)"},
        Model{"line", "7, 101", "conv1d(x, 33, 5, padding = \"same\")"},
        Model{"rnn", "13, 29", "rnn(x, 67)"},
        Model{"lstm", "13, 29", "lstm(x, 67, output = \"last\")"},
        Model{"gru", "13, 29", "gru(x, 67, direction = \"both\")"},
        Model{"normalisations", "6, 31, 29",
              "instance_norm(group_norm(layer_norm(batch_norm(x)), 3))"},
        Model{"attention", "23, 60",
              "layer_norm(x + multi_head_attention(x, x, x, 3, causal = "
              "true))"}),
    [](const auto &info) { return std::string(info.param.name); });

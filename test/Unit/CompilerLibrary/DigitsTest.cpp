//===- DigitsTest.cpp - A network from text to accuracy -------------------===//
//
// Compiles the shipped digits model through the door to the compiling half,
// trains it on the shipped digits, and evaluates it.
//
//===----------------------------------------------------------------------===//

#include "nnc/Data/DataRequest.h"
#include "nnc/Data/Sampling.h"
#include "nnc/Runtime/Executable.h"
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

using namespace nnc;

namespace {

std::string environment(const char *name) {
  const char *value = std::getenv(name);
  return value ? value : "";
}

/// Buffers by name that programs share.
using Buffers = std::map<std::string, AlignedBuffer>;

/// A program whose arguments are the buffers of their names.
class NamedProgram {
public:
  NamedProgram(Program program, Buffers &buffers, uint64_t seed)
      : executable(std::move(program)) {
    RandomStream random(seed, RandomPurpose::initializer);
    for (const Argument &argument : executable.signature().arguments) {
      auto [it, inserted] =
          buffers.try_emplace(argument.name, argument.byteCount());
      if (inserted && argument.initializer == "glorot_uniform") {
        double limit = std::sqrt(6.0 / (argument.shape[0] + argument.shape[1]));
        auto *values = static_cast<float *>(it->second.data());
        for (int64_t i = 0; i < argument.elementCount(); ++i)
          values[i] = float(limit * (2 * random.uniform() - 1));
      }
      views.push_back({it->second.data(), argument.byteCount()});
    }
  }

  void run(int64_t samples, unsigned threads) {
    auto result = executable.run(views, samples, threads);
    ASSERT_TRUE(result) << render(result.error());
  }

private:
  Executable executable;
  std::vector<ArgumentView> views;
};

class DigitsTest : public testing::Test {
protected:
  static void SetUpTestSuite() {
    std::string library = environment("NNC_BINARY_DIR");
    setenv("NNC_COMPILER_LIBRARY",
           (library + "/lib/libnnc-compiler.so").c_str(), 1);
  }

  void SetUp() override {
    auto opened = openCompiler();
    ASSERT_TRUE(opened) << render(opened.error());
    compiler = *opened;
    source.path = environment("NNC_SOURCE_DIR") + "/examples/digits.nn";
    std::ifstream file(source.path);
    std::stringstream text;
    text << file.rdbuf();
    source.text = text.str();
    auto loaded = loadDigits();
    ASSERT_TRUE(loaded) << render(loaded.error());
    data = std::move(*loaded);
  }

  std::optional<Program> compile(ProgramKind kind, int64_t batch) {
    CompileOptions options;
    options.kind = kind;
    options.sizes["batch"] = batch;
    options.fields["image"] = {ElementType::f32, {64}};
    options.fields["target"] = {ElementType::i32, {}};
    options.train.loss = "softmax_cross_entropy";
    options.train.optimizer = "adam(learning_rate = 1e-3)";
    auto program = compiler->compile(source, options);
    if (!program) {
      ADD_FAILURE() << render(program.error());
      return std::nullopt;
    }
    return std::move(*program);
  }

  static void load(Buffers &buffers, const Dataset &set,
                   std::span<const int64_t> indices) {
    auto copy = [&](const char *field, const char *input) {
      auto buffer = buffers.find(input);
      if (buffer != buffers.end())
        gather(*set.find(field), indices,
               static_cast<std::byte *>(buffer->second.data()));
    };
    copy("image", "image");
    copy("label", "target");
  }

  /// Trains for \p epochs with \p threads threads and returns all buffers.
  void train(Buffers &buffers, int epochs, unsigned threads) {
    auto step = compile(ProgramKind::trainStep, 32);
    ASSERT_TRUE(step);
    NamedProgram program(std::move(*step), buffers, /*seed=*/0);
    *static_cast<float *>(buffers.at("learning_rate").data()) = 1e-3f;
    auto &number = *static_cast<int64_t *>(buffers.at("step").data());
    number = 0;
    for (int epoch = 0; epoch < epochs; ++epoch) {
      auto order = epochOrder(data.train.samples, 0, epoch, true);
      auto plan = BatchPlan::make(data.train.samples, 32, false);
      for (int64_t batch = 0; batch < plan.batches(); ++batch) {
        auto indices = plan.batch(order, batch);
        load(buffers, data.train, indices);
        ++number;
        program.run(indices.size(), threads);
      }
    }
  }

  double accuracy(Buffers &buffers) {
    auto predict = compile(ProgramKind::predict, 64);
    if (!predict)
      return 0;
    std::string output;
    for (const Argument &argument : predict->signature.arguments)
      if (argument.role == Role::output)
        output = argument.name;
    Buffers own;
    for (const Argument &argument : predict->signature.arguments)
      if (argument.role == Role::parameter) {
        own.try_emplace(argument.name, argument.byteCount());
        std::memcpy(own.at(argument.name).data(),
                    buffers.at(argument.name).data(), argument.byteCount());
      }
    NamedProgram program(std::move(*predict), own, 0);
    const Dataset &test = *data.test;
    auto labels = targetLabels(test);
    int64_t right = 0;
    for (int64_t start = 0; start < test.samples; start += 64) {
      std::vector<int64_t> indices;
      for (int64_t i = start; i < std::min(test.samples, start + 64); ++i)
        indices.push_back(i);
      load(own, test, indices);
      program.run(indices.size(), 1);
      auto *logits = static_cast<const float *>(own.at(output).data());
      for (size_t i = 0; i < indices.size(); ++i)
        right += std::max_element(logits + 10 * i, logits + 10 * i + 10) -
                     (logits + 10 * i) ==
                 labels[indices[i]];
    }
    return double(right) / test.samples;
  }

  Compiler *compiler = nullptr;
  ModelSource source;
  DataSource data;
};

} // namespace

TEST_F(DigitsTest, ThirtyEpochsReachTheAccuracyOfPyTorch) {
  Buffers buffers;
  train(buffers, 30, 2);
  // PyTorch reaches 0.975 to 0.978 over five seeds; one seed on 360 samples
  // varies by 0.008.
  EXPECT_GE(accuracy(buffers), 0.96);
}

TEST_F(DigitsTest, SameBitsForOneAndTwoThreads) {
  Buffers one, two;
  train(one, 1, 1);
  train(two, 1, 2);
  for (auto &[name, buffer] : one)
    EXPECT_EQ(std::memcmp(buffer.data(), two.at(name).data(), buffer.size()), 0)
        << name;
}

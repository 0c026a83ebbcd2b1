//===- ProgramCompilerTest.cpp - Whole programs against plain loops -------===//

#include "nnc/Execution/ProgramCompiler.h"
#include "mlir/Parser/Parser.h"
#include "nnc/InitAll.h"
#include "nnc/Pipelines/KernelsToLLVM.h"
#include "nnc/Runtime/Executable.h"
#include <barrier>
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <thread>

using namespace nnc;

namespace {

/// A training step of a perceptron 64-16-10 with softmax cross-entropy and
/// gradient descent, written out in primitive and composite ops.
const char *trainStep = R"(
!x = tensor<?x64xf32, #nn.dims<batch, 64>>
!h = tensor<?x16xf32, #nn.dims<batch, 16>>
!z = tensor<?x10xf32, #nn.dims<batch, 10>>
!r = tensor<?xf32, #nn.dims<batch>>
func.func @step(%x: !x {nn.name = "x", nn.role = "input"},
    %t: tensor<?xi32, #nn.dims<batch>> {nn.name = "t", nn.role = "input"},
    %w: tensor<64x16xf32> {nn.name = "w", nn.role = "parameter"},
    %b: tensor<16xf32> {nn.name = "b", nn.role = "parameter"},
    %v: tensor<16x10xf32> {nn.name = "v", nn.role = "parameter"},
    %lr: tensor<f32> {nn.name = "learning_rate", nn.role = "scalar"})
    -> (tensor<f32> {nn.name = "loss"}, !z {nn.name = "logits"},
        tensor<64x16xf32> {nn.updates = "w"}, tensor<16xf32> {nn.updates = "b"},
        tensor<16x10xf32> {nn.updates = "v"}) {
  %0 = nn.matmul %x, %w : (!x, tensor<64x16xf32>) -> !h
  %1 = nn.broadcast %b dimensions = [1] : tensor<16xf32> -> !h
  %2 = nn.add %0, %1 : !h
  %h = nn.relu %2 : !h
  %z = nn.matmul %h, %v : (!h, tensor<16x10xf32>) -> !z
  %y = nn.one_hot %t : tensor<?xi32, #nn.dims<batch>> -> !z
  %ce = nn.softmax_cross_entropy %z, %y : !z -> !r
  %tot = nn.reduce_sum %ce axes = [0] : !r -> tensor<f32>
  %n = nn.dim_size <batch> : tensor<f32>
  %loss = nn.div %tot, %n : tensor<f32>
  %p = nn.softmax %z : !z
  %d = nn.sub %p, %y : !z
  %nb = nn.broadcast %n dimensions = [] : tensor<f32> -> !z
  %dz = nn.div %d, %nb : !z
  %dv = nn.matmul %h, %dz transpose_a : (!h, !z) -> tensor<16x10xf32>
  %dh = nn.matmul %dz, %v transpose_b : (!z, tensor<16x10xf32>) -> !h
  %c0 = nn.constant dense<0.0> : tensor<f32>
  %z0 = nn.broadcast %c0 dimensions = [] : tensor<f32> -> !h
  %pos = nn.compare gt, %h, %z0 : !h
  %dr = nn.select %pos, %dh, %z0 : tensor<?x16xi1, #nn.dims<batch, 16>>, !h
  %dw = nn.matmul %x, %dr transpose_a : (!x, !h) -> tensor<64x16xf32>
  %db = nn.reduce_sum %dr axes = [0] : !h -> tensor<16xf32>
  %lrw = nn.broadcast %lr dimensions = [] : tensor<f32> -> tensor<64x16xf32>
  %uw = nn.mul %lrw, %dw : tensor<64x16xf32>
  %w2 = nn.sub %w, %uw : tensor<64x16xf32>
  %lrb = nn.broadcast %lr dimensions = [] : tensor<f32> -> tensor<16xf32>
  %ub = nn.mul %lrb, %db : tensor<16xf32>
  %b2 = nn.sub %b, %ub : tensor<16xf32>
  %lrv = nn.broadcast %lr dimensions = [] : tensor<f32> -> tensor<16x10xf32>
  %uv = nn.mul %lrv, %dv : tensor<16x10xf32>
  %v2 = nn.sub %v, %uv : tensor<16x10xf32>
  return %loss, %z, %w2, %b2, %v2 : tensor<f32>, !z, tensor<64x16xf32>,
      tensor<16xf32>, tensor<16x10xf32>
})";

/// The same step in double precision.
struct PlainStep {
  std::vector<double> x, w, b, v;
  std::vector<int> t;
  double loss = 0;
  std::vector<double> z;

  void run(int n, double rate) {
    std::vector<double> h(n * 16), dz(n * 10), dh(n * 16);
    z.assign(n * 10, 0);
    loss = 0;
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < 16; ++j) {
        double sum = b[j];
        for (int k = 0; k < 64; ++k)
          sum += x[i * 64 + k] * w[k * 16 + j];
        h[i * 16 + j] = std::max(sum, 0.0);
      }
      double largest = -1e300, total = 0;
      for (int c = 0; c < 10; ++c) {
        for (int j = 0; j < 16; ++j)
          z[i * 10 + c] += h[i * 16 + j] * v[j * 10 + c];
        largest = std::max(largest, z[i * 10 + c]);
      }
      for (int c = 0; c < 10; ++c)
        total += std::exp(z[i * 10 + c] - largest);
      for (int c = 0; c < 10; ++c)
        dz[i * 10 + c] =
            (std::exp(z[i * 10 + c] - largest) / total - (c == t[i])) / n;
      loss -= (z[i * 10 + t[i]] - largest - std::log(total)) / n;
      for (int j = 0; j < 16; ++j)
        for (int c = 0; c < 10; ++c)
          if (h[i * 16 + j] > 0)
            dh[i * 16 + j] += dz[i * 10 + c] * v[j * 10 + c];
    }
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < 16; ++j) {
        for (int c = 0; c < 10; ++c)
          v[j * 10 + c] -= rate * h[i * 16 + j] * dz[i * 10 + c];
        for (int k = 0; k < 64; ++k)
          w[k * 16 + j] -= rate * x[i * 64 + k] * dh[i * 16 + j];
        b[j] -= rate * dh[i * 16 + j];
      }
    }
  }
};

/// One set of buffers for the step.
struct Buffers {
  std::vector<float> x, w, b, v, logits, rate{0.1f}, loss{0};
  std::vector<int32_t> t;
  std::vector<void *> pointers() {
    return {x.data(), t.data(),    w.data(),    b.data(),
            v.data(), rate.data(), loss.data(), logits.data()};
  }
};

class ProgramCompilerTest : public testing::Test {
protected:
  ProgramCompilerTest() {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    loadKernelDialects(context);
  }

  Program compile(const char *text, int level = 2) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    ProgramOptions options;
    options.graph.sizes["batch"] = 32;
    options.graph.optimizationLevel = level;
    options.target = *TargetDescription::host();
    auto program = compileProgram(*module, options);
    if (!program) {
      ADD_FAILURE() << render(program.error());
      return {};
    }
    return std::move(*program);
  }

  /// Runs \p program with a team of \p threads.
  static void run(const Program &program, std::vector<void *> arguments,
                  int64_t samples, int threads) {
    std::barrier<> barrier(threads);
    nnc_rt_team team{
        [](const nnc_rt_team *team) {
          static_cast<std::barrier<> *>(team->context)->arrive_and_wait();
        },
        &barrier};
    size_t bytes = program.signature.arenaBytes + 64;
    std::vector<char> arena(bytes);
    auto address = (reinterpret_cast<uintptr_t>(arena.data()) + 63) / 64 * 64;
    const int64_t extents[] = {samples, 0};
    std::vector<std::thread> others;
    auto work = [&](int index) {
      program.entry(arguments.data(), reinterpret_cast<void *>(address),
                    extents, index, threads, &team);
    };
    for (int i = 1; i < threads; ++i)
      others.emplace_back(work, i);
    work(0);
    for (std::thread &other : others)
      other.join();
  }

  mlir::MLIRContext context;
};

} // namespace

static void fillRandom(PlainStep &plain, Buffers &buffers, int n) {
  std::mt19937 generator(1);
  std::uniform_real_distribution<float> uniform(-0.5f, 0.5f);
  auto fill = [&](std::vector<float> &values, std::vector<double> &exact,
                  size_t count) {
    values.resize(count);
    for (float &value : values)
      value = uniform(generator);
    exact.assign(values.begin(), values.end());
  };
  fill(buffers.x, plain.x, 32 * 64);
  fill(buffers.w, plain.w, 64 * 16);
  fill(buffers.b, plain.b, 16);
  fill(buffers.v, plain.v, 16 * 10);
  buffers.logits.assign(32 * 10, 0);
  for (int i = 0; i < 32; ++i) {
    buffers.t.push_back(generator() % 10);
    plain.t.push_back(buffers.t.back());
  }
}

static void expectNear(const std::vector<float> &actual,
                       const std::vector<double> &expected, size_t count) {
  // Sums of at most 64 products of numbers below 1 in single precision.
  for (size_t i = 0; i < count; ++i)
    ASSERT_NEAR(actual[i], expected[i], 1e-5) << "element " << i;
}

TEST_F(ProgramCompilerTest, TrainStepMatchesPlainLoopsForAnyBatch) {
  Program program = compile(trainStep);
  ASSERT_TRUE(program.entry);
  for (int n : {32, 31, 17, 1}) {
    PlainStep plain;
    Buffers buffers;
    fillRandom(plain, buffers, n);
    for (int step = 0; step < 3; ++step) {
      plain.run(n, 0.1f);
      run(program, buffers.pointers(), n, 1);
      EXPECT_NEAR(buffers.loss[0], plain.loss, 1e-5);
    }
    expectNear(buffers.logits, plain.z, n * 10);
    expectNear(buffers.w, plain.w, 64 * 16);
    expectNear(buffers.b, plain.b, 16);
    expectNear(buffers.v, plain.v, 160);
  }
}

TEST_F(ProgramCompilerTest, UnoptimisedStepMatchesToo) {
  Program program = compile(trainStep, /*level=*/0);
  ASSERT_TRUE(program.entry);
  PlainStep plain;
  Buffers buffers;
  fillRandom(plain, buffers, 32);
  plain.run(32, 0.1f);
  run(program, buffers.pointers(), 32, 1);
  expectNear(buffers.w, plain.w, 64 * 16);
}

// s and t depend on parameters alone, d and u do not; s leaves the program.
static const char *const fixedParts = R"(
!x = tensor<?x4xf32, #nn.dims<batch, 4>>
func.func @f(%x: !x {nn.name = "x", nn.role = "input"},
             %w: tensor<4xf32> {nn.name = "w", nn.role = "parameter"})
    -> (!x {nn.name = "y"}, tensor<4xf32> {nn.name = "s"}) {
  %s = nn.exp %w : tensor<4xf32>
  %r = nn.reshape %w : tensor<4xf32> -> tensor<1x4xf32>
  %t = nn.transpose %r permutation = [1, 0] : tensor<1x4xf32> -> tensor<4x1xf32>
  %i = nn.iota axis = 0 : tensor<4x1xf32>
  %c = nn.concat %t, %i axis = 1 : (tensor<4x1xf32>, tensor<4x1xf32>) -> tensor<4x2xf32>
  %d = nn.matmul %x, %c : (!x, tensor<4x2xf32>) -> tensor<?x2xf32, #nn.dims<batch, 2>>
  %e = nn.matmul %d, %c transpose_b : (tensor<?x2xf32, #nn.dims<batch, 2>>, tensor<4x2xf32>) -> !x
  %b = nn.broadcast %s dimensions = [1] : tensor<4xf32> -> !x
  %y = nn.add %e, %b : !x
  return %y, %s : !x, tensor<4xf32>
})";

TEST_F(ProgramCompilerTest, PreparesFromParametersOnce) {
  for (int level : {0, 2}) {
    Executable executable(compile(fixedParts, level));
    AlignedBuffer x(32 * 16), w(16), y(32 * 16), s(16);
    std::vector<ArgumentView> views;
    for (AlignedBuffer *buffer : {&x, &w, &y, &s})
      views.push_back({buffer->data(), buffer->size()});
    auto *weights = static_cast<float *>(w.data());
    auto *inputs = static_cast<float *>(x.data());
    // y = x c c^T + exp(w) with c = [w, (0, 1, 2, 3)].
    auto expectRun = [&](bool same, float prepared) {
      for (int i = 0; i < 4; ++i)
        inputs[i] += 1;
      ASSERT_TRUE(executable.run(views, 1, 2, same));
      double first = 0, second = 0;
      for (int i = 0; i < 4; ++i) {
        first += inputs[i] * prepared;
        second += inputs[i] * i;
      }
      for (int i = 0; i < 4; ++i) {
        double expected = first * prepared + second * i + std::exp(weights[0]);
        EXPECT_NEAR(static_cast<float *>(y.data())[i], expected, 1e-4);
        EXPECT_NEAR(static_cast<float *>(s.data())[i], std::exp(weights[0]),
                    1e-6);
      }
    };
    auto setWeights = [&](float value) {
      for (int i = 0; i < 4; ++i)
        weights[i] = value;
    };
    setWeights(0.5f);
    expectRun(/*same=*/true, 0.5f); // Nothing is prepared yet.
    expectRun(/*same=*/true, 0.5f);
    setWeights(0.25f);
    // The promise is broken: the concatenation is the old one.
    expectRun(/*same=*/true, 0.5f);
    expectRun(/*same=*/false, 0.25f);
    expectRun(/*same=*/true, 0.25f);
  }
}

TEST_F(ProgramCompilerTest, SameBitsForAnyNumberOfThreads) {
  Program program = compile(trainStep);
  ASSERT_TRUE(program.entry);
  PlainStep plain;
  Buffers start;
  fillRandom(plain, start, 27);
  Buffers expected = start;
  for (int step = 0; step < 3; ++step)
    run(program, expected.pointers(), 27, 1);
  for (int threads : {2, 3, 4}) {
    Buffers buffers = start;
    for (int step = 0; step < 3; ++step)
      run(program, buffers.pointers(), 27, threads);
    EXPECT_EQ(buffers.w, expected.w);
    EXPECT_EQ(buffers.b, expected.b);
    EXPECT_EQ(buffers.v, expected.v);
    EXPECT_EQ(buffers.loss, expected.loss);
    EXPECT_EQ(buffers.logits, expected.logits);
  }
}

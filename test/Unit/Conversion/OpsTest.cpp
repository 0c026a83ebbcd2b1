//===- OpsTest.cpp - Compiled ops against plain formulas ------------------===//

#include "mlir/Parser/Parser.h"
#include "nnc/Execution/ProgramCompiler.h"
#include "nnc/InitAll.h"
#include "nnc/Pipelines/KernelsToLLVM.h"
#include "nnc/Runtime/Executable.h"
#include "nnc/Support/Philox.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>

using namespace nnc;

namespace {

class OpsTest : public testing::Test {
protected:
  OpsTest() : context(mlir::MLIRContext::Threading::DISABLED) {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    loadKernelDialects(context);
  }

  /// Compiles `func.func @f(ARGUMENTS) -> RESULT` with \p body, which defines
  /// %y, runs it on \p inputs with 1, 2 and 3 threads, fused and unfused,
  /// expects the same bits each time, and returns the result.
  template <typename T, typename... Inputs>
  std::vector<T> run(const std::string &arguments, const std::string &body,
                     const std::string &result, int64_t samples,
                     const std::vector<Inputs> &...inputs) {
    std::string text = "func.func @f(" + arguments + ") -> " + result + " {\n" +
                       body + "\nreturn %y : " + result + "\n}";
    std::vector<T> first;
    for (int level : {2, 0}) {
      auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
      if (!module)
        return {};
      ProgramOptions options;
      options.graph.sizes["batch"] = 8;
      options.graph.optimizationLevel = level;
      options.target = *TargetDescription::host();
      auto program = compileProgram(*module, options);
      if (!program) {
        ADD_FAILURE() << render(program.error());
        return {};
      }
      Executable executable(std::move(*program));
      for (unsigned threads : {1u, 2u, 3u}) {
        std::vector<AlignedBuffer> buffers;
        std::vector<ArgumentView> views;
        auto add = [&](const void *data, size_t given, int64_t bytes) {
          buffers.emplace_back(bytes);
          if (data)
            std::memcpy(buffers.back().data(), data, given);
          views.push_back({buffers.back().data(), bytes});
        };
        const auto &list = executable.signature().arguments;
        size_t number = 0;
        (add(inputs.data(), inputs.size() * sizeof(Inputs),
             list[number++].byteCount()),
         ...);
        add(nullptr, 0, list[number].byteCount());
        EXPECT_TRUE(executable.run(views, samples, threads));
        auto *values = static_cast<const T *>(views.back().data);
        std::vector<T> output(values, values + list[number].elementCount());
        if (first.empty())
          first = output;
        EXPECT_EQ(
            std::memcmp(first.data(), output.data(), output.size() * sizeof(T)),
            0)
            << "level " << level << ", threads " << threads;
      }
    }
    return first;
  }

  mlir::MLIRContext context;
};

using Floats = std::vector<float>;
using Integers = std::vector<int32_t>;

} // namespace

TEST_F(OpsTest, UniformNumbersArePhiloxWords) {
  std::vector<int64_t> seed = {0x123456789abcdef}, step = {7};
  auto values =
      run<float>("%s: tensor<i64>, %t: tensor<i64>",
                 "%y = nn.random_uniform %s, %t stream = 5 : tensor<3x7xf32>",
                 "tensor<3x7xf32>", 1, seed, step);
  ASSERT_EQ(values.size(), 21u);
  for (uint32_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(values[i], uniform01(philox4x32({i / 4, 0, 7, 5},
                                              philoxKey(seed[0]))[i % 4]))
        << i;
}

TEST_F(OpsTest, NormalNumbersAreBoxMuller) {
  std::vector<int64_t> seed = {42}, step = {1};
  auto values =
      run<double>("%s: tensor<i64>, %t: tensor<i64>",
                  "%y = nn.random_normal %s, %t stream = 9 : tensor<33xf64>",
                  "tensor<33xf64>", 1, seed, step);
  ASSERT_EQ(values.size(), 33u);
  for (uint32_t i = 0; i < values.size(); ++i) {
    auto words = philox4x32({i / 2, 0, 1, 9}, philoxKey(42));
    double u1 = ((words[2 * (i % 2)] >> 8) + 1) * 0x1p-24;
    double u2 = (words[2 * (i % 2) + 1] >> 8) * 0x1p-24;
    // The compiled log and cos are exact to 1e-14.
    EXPECT_NEAR(values[i],
                std::sqrt(-2 * std::log(u1)) * std::cos(2 * M_PI * u2), 1e-12);
  }
}

TEST_F(OpsTest, AccessesMoveElements) {
  Floats x(24);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = i;
  auto transposed = run<float>(
      "%x: tensor<2x3x4xf32>",
      "%y = nn.transpose %x permutation = [2, 0, 1] : tensor<2x3x4xf32> -> "
      "tensor<4x2x3xf32>",
      "tensor<4x2x3xf32>", 1, x);
  for (int k = 0; k < 4; ++k)
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 3; ++j)
        EXPECT_EQ(transposed[(k * 2 + i) * 3 + j], (i * 3 + j) * 4 + k);
  auto sliced = run<float>("%x: tensor<4x6xf32>",
                           "%y = nn.slice %x starts = [1, 0] steps = [2, 3] : "
                           "tensor<4x6xf32> -> tensor<2x2xf32>",
                           "tensor<2x2xf32>", 1, x);
  EXPECT_EQ(sliced, (Floats{6, 9, 18, 21}));
  auto reversed =
      run<float>("%x: tensor<2x3xf32>",
                 "%y = nn.reverse %x axes = [0, 1] : tensor<2x3xf32>",
                 "tensor<2x3xf32>", 1, Floats{0, 1, 2, 3, 4, 5});
  EXPECT_EQ(reversed, (Floats{5, 4, 3, 2, 1, 0}));
}

TEST_F(OpsTest, ConcatAndPad) {
  auto joined = run<float>(
      "%a: tensor<2x1xf32>, %b: tensor<2x2xf32>",
      "%y = nn.concat %a, %b axis = 1 : (tensor<2x1xf32>, tensor<2x2xf32>) -> "
      "tensor<2x3xf32>",
      "tensor<2x3xf32>", 1, Floats{1, 2}, Floats{3, 4, 5, 6});
  EXPECT_EQ(joined, (Floats{1, 3, 4, 2, 5, 6}));
  auto padded = run<float>(
      "%x: tensor<3xf32>",
      "%y = nn.pad %x value = 9.0 low = [1] high = [2] interior = [1] : "
      "tensor<3xf32> -> tensor<8xf32>",
      "tensor<8xf32>", 1, Floats{1, 2, 3});
  EXPECT_EQ(padded, (Floats{9, 1, 9, 2, 9, 3, 9, 9}));
}

TEST_F(OpsTest, GatherAndScatterClampIndices) {
  auto rows = run<float>("%x: tensor<3x2xf32>, %i: tensor<4xi32>",
                         "%y = nn.gather %x, %i : (tensor<3x2xf32>, "
                         "tensor<4xi32>) -> tensor<4x2xf32>",
                         "tensor<4x2xf32>", 1, Floats{0, 1, 10, 11, 20, 21},
                         Integers{2, 0, -5, 9});
  EXPECT_EQ(rows, (Floats{20, 21, 0, 1, 0, 1, 20, 21}));
  auto sums = run<float>(
      "%x: tensor<3x2xf32>, %i: tensor<3xi32>, %u: tensor<3x2xf32>",
      "%y = nn.scatter_add %x, %i, %u : tensor<3x2xf32>, tensor<3xi32>, "
      "tensor<3x2xf32>",
      "tensor<3x2xf32>", 1, Floats{0, 0, 1, 1, 2, 2}, Integers{1, 1, 0},
      Floats{10, 20, 30, 40, 50, 60});
  EXPECT_EQ(sums, (Floats{50, 60, 41, 61, 2, 2}));
}

TEST_F(OpsTest, IndicesBecomeIndicators) {
  auto hot = run<float>("%i: tensor<3xi32>",
                        "%y = nn.one_hot %i : tensor<3xi32> -> tensor<3x2xf32>",
                        "tensor<3x2xf32>", 1, Integers{1, 5, 0});
  EXPECT_EQ(hot, (Floats{0, 1, 0, 0, 1, 0}));
  auto iota =
      run<int32_t>("%x: tensor<f32>", "%y = nn.iota axis = 1 : tensor<2x3xi32>",
                   "tensor<2x3xi32>", 1, Floats{0});
  EXPECT_EQ(iota, (Integers{0, 1, 2, 0, 1, 2}));
}

TEST_F(OpsTest, ReductionsOfRowsAndColumns) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Floats x = {1, 7, 7, -2, nan, 3};
  auto largest = run<int32_t>(
      "%x: tensor<2x3xf32>",
      "%y = nn.argmax %x axis = 1 : tensor<2x3xf32> -> tensor<2xi32>",
      "tensor<2xi32>", 1, x);
  EXPECT_EQ(largest, (Integers{1, 1}));
  auto products = run<float>(
      "%x: tensor<2x3xf32>",
      "%y = nn.reduce_prod %x axes = [0] : tensor<2x3xf32> -> tensor<3xf32>",
      "tensor<3xf32>", 1, x);
  EXPECT_EQ(products[0], -2);
  EXPECT_TRUE(std::isnan(products[1]));
  EXPECT_EQ(products[2], 21);
  auto total = run<float>(
      "%x: tensor<2x3xf32>",
      "%y = nn.reduce_sum %x axes = [0, 1] : tensor<2x3xf32> -> tensor<f32>",
      "tensor<f32>", 1, Floats{1, 2, 3, 4, 5, 6});
  EXPECT_EQ(total, (Floats{21}));
}

TEST_F(OpsTest, ShortBatchesLeaveTheRestAlone) {
  Floats x(8 * 3, 1);
  auto sums = run<float>(
      "%x: tensor<?x3xf32, #nn.dims<batch, 3>>",
      "%y = nn.reduce_sum %x axes = [0] : tensor<?x3xf32, #nn.dims<batch, 3>> "
      "-> tensor<3xf32>",
      "tensor<3xf32>", 5, x);
  EXPECT_EQ(sums, (Floats{5, 5, 5}));
  auto twice =
      run<float>("%x: tensor<?x3xf32, #nn.dims<batch, 3>>",
                 "%y = nn.add %x, %x : tensor<?x3xf32, #nn.dims<batch, 3>>",
                 "tensor<?x3xf32, #nn.dims<batch, 3>>", 5, x);
  for (int i = 0; i < 24; ++i)
    EXPECT_EQ(twice[i], i < 15 ? 2 : 0) << i;
}

TEST_F(OpsTest, CastsSaturateAndTruncate) {
  const float inf = std::numeric_limits<float>::infinity();
  auto integers = run<int32_t>(
      "%x: tensor<6xf32>", "%y = nn.cast %x : tensor<6xf32> to tensor<6xi32>",
      "tensor<6xi32>", 1, Floats{1.9f, -1.9f, 3e9f, -inf, std::nanf(""), 0});
  EXPECT_EQ(integers, (Integers{1, -1, INT32_MAX, INT32_MIN, 0, 0}));
}

/// Parts that groups compute, among them one that is joined twice and one that
/// no argument decides, joined parts, and an argument.
TEST_F(OpsTest, PartsOfJoinedValues) {
  Floats x;
  for (int i = 0; i < 15; ++i)
    x.push_back(0.25f * i - 2);
  auto values = run<float>("%x: tensor<5x3xf32>", R"(
    %0 = nn.constant dense<0.5> : tensor<f32>
    %h = nn.broadcast %0 dimensions = [] : tensor<f32> -> tensor<5x2xf32>
    %e = nn.abs %x : tensor<5x3xf32>
    %n = nn.neg %x : tensor<5x3xf32>
    %j = nn.concat %e, %n axis = 1
        : (tensor<5x3xf32>, tensor<5x3xf32>) -> tensor<5x6xf32>
    %s = nn.mul %j, %j : tensor<5x6xf32>
    %y = nn.concat %h, %j, %s, %e, %x axis = 1
        : (tensor<5x2xf32>, tensor<5x6xf32>, tensor<5x6xf32>, tensor<5x3xf32>,
           tensor<5x3xf32>) -> tensor<5x20xf32>)",
                           "tensor<5x20xf32>", 1, x);
  ASSERT_EQ(values.size(), 100u);
  for (int i = 0; i < 5; ++i) {
    Floats expected{0.5f, 0.5f};
    auto add = [&](auto f) {
      for (int j = 0; j < 3; ++j)
        expected.push_back(f(x[3 * i + j]));
    };
    add([](float v) { return std::fabs(v); });
    add([](float v) { return -v; });
    add([](float v) { return v * v; });
    add([](float v) { return v * v; });
    add([](float v) { return std::fabs(v); });
    add([](float v) { return v; });
    EXPECT_EQ(Floats(values.begin() + 20 * i, values.begin() + 20 * (i + 1)),
              expected)
        << i;
  }
}

/// A cell with a bias before the cut, for units around a vector's length.
TEST_F(OpsTest, GatesOfOneProduct) {
  for (int64_t rows : {1, 3, 29})
    for (int64_t units : {5, 16, 33}) {
      int64_t depth = 6, width = 3 * units;
      auto numbers = [](int64_t count, int64_t step) {
        Floats values;
        for (int64_t i = 0; i < count; ++i)
          values.push_back(float(i * step % 17) / 16 - 0.5f);
        return values;
      };
      Floats h = numbers(rows * depth, 5), u = numbers(depth * width, 7),
             b = numbers(width, 3), c = numbers(rows * units, 11);
      auto type = [](int64_t m, int64_t n) {
        return "tensor<" + std::to_string(m) + "x" + std::to_string(n) +
               "xf32>";
      };
      std::string whole = type(rows, width), part = type(rows, units);
      auto slice = [&](const std::string &name, int64_t start) {
        return "%" + name + " = nn.slice %s starts = [0, " +
               std::to_string(start) + "] steps = [1, 1] : " + whole + " -> " +
               part + "\n";
      };
      std::string bias = "tensor<" + std::to_string(width) + "xf32>";
      auto values = run<float>(
          "%h: " + type(rows, depth) + ", %u: " + type(depth, width) +
              ", %b: " + bias + ", %c: " + part,
          "%p = nn.matmul %h, %u : (" + type(rows, depth) + ", " +
              type(depth, width) + ") -> " + whole +
              "\n%r = nn.broadcast %b dimensions = [1] : " + bias + " -> " +
              whole + "\n%s = nn.add %p, %r : " + whole + "\n" + slice("i", 0) +
              slice("f", units) + slice("o", 2 * units) +
              "%m = nn.mul %i, %c : " + part + "\n%n = nn.add %m, %f : " +
              part + "\n%y = nn.mul %n, %o : " + part,
          part, 1, h, u, b, c);
      ASSERT_EQ(values.size(), size_t(rows * units));
      for (int64_t i = 0; i < rows; ++i)
        for (int64_t j = 0; j < units; ++j) {
          auto sum = [&](int64_t column) {
            double total = b[column];
            for (int64_t k = 0; k < depth; ++k)
              total += double(h[i * depth + k]) * u[k * width + column];
            return total;
          };
          double expected =
              (sum(j) * c[i * units + j] + sum(units + j)) * sum(2 * units + j);
          // Sums of seven terms below 1/2, multiplied once.
          EXPECT_NEAR(values[i * units + j], expected, 1e-5)
              << rows << " rows, " << units << " units at " << i << ", " << j;
        }
    }
}

/// Steps that read the same weights transposed, which are turned once.
TEST_F(OpsTest, WeightsThatManyProductsReadTransposed) {
  int64_t rows = 7, size = 19, steps = 5;
  Floats x, u;
  for (int64_t i = 0; i < rows * size; ++i)
    x.push_back(float(i % 13) / 8 - 0.75f);
  for (int64_t i = 0; i < size * size; ++i)
    u.push_back(float(i * 3 % 11) / 16 - 0.25f);
  std::string body;
  for (int64_t step = 0; step < steps; ++step)
    body += "%" + (step + 1 < steps ? "x" + std::to_string(step + 1) : "y") +
            " = nn.matmul %x" + std::to_string(step) +
            ", %u transpose_b : (tensor<7x19xf32>, tensor<19x19xf32>) -> "
            "tensor<7x19xf32>\n";
  auto values = run<float>("%x0: tensor<7x19xf32>, %u: tensor<19x19xf32>", body,
                           "tensor<7x19xf32>", 1, x, u);
  std::vector<double> state(x.begin(), x.end());
  for (int64_t step = 0; step < steps; ++step) {
    std::vector<double> next(state.size(), 0);
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < size; ++j)
        for (int64_t k = 0; k < size; ++k)
          next[i * size + j] += state[i * size + k] * u[j * size + k];
    state = next;
  }
  ASSERT_EQ(values.size(), state.size());
  // Each step rounds sums of 19 terms once more.
  for (size_t i = 0; i < state.size(); ++i)
    EXPECT_NEAR(values[i], state[i], 1e-5 * (1 + std::fabs(state[i]))) << i;
}

//===- ConvolutionTest.cpp - Compiled convolutions and pools --------------===//
//
// Against PyTorch's figures in test/Inputs/oracles/convolutions.json, whose
// sums are exact, and against the reference on shapes around the tiles' edges.
//
//===----------------------------------------------------------------------===//

#include "../Dialect/Oracle.h"
#include "CompiledFunction.h"
#include "nnc/Reference/Evaluate.h"
#include <random>

using namespace nnc;
using namespace nnc::test;
using nlohmann::json;

static std::string listText(const json &list) {
  return nlohmann::to_string(list);
}

namespace {
class ConvolutionTest : public CompiledFunctionTest {};
} // namespace

/// Expects the first \p count results to be \p expected; \p found may have room
/// for more samples.
static void expectSame(const std::vector<Numbers> &found,
                       llvm::ArrayRef<reference::Tensor> expected, size_t count,
                       const std::string &body) {
  ASSERT_GE(found.size(), count);
  for (size_t i = 0; i < count; ++i) {
    llvm::ArrayRef<double> values = expected[i].floats();
    EXPECT_EQ(Numbers(found[i].begin(), found[i].begin() + values.size()),
              Numbers(values))
        << "result " << i << " of " << body;
  }
}

static Operand operandOf(const json &test, const std::string &name) {
  return {name, typeText(test[name + "_shape"], "f64"), test[name]};
}

/// The attributes all convolution ops share.
static std::string windowText(const json &test) {
  return " strides = " + listText(test["strides"]) +
         " padding = " + listText(test["padding"]) +
         " dilations = " + listText(test["dilations"]) +
         " groups = " + std::to_string(test["groups"].get<int>()) + " : ";
}

static std::string sizeText(const json &shape) {
  return listText({shape[2], shape[3]});
}

TEST_F(ConvolutionTest, ConvolutionsAsPyTorch) {
  json oracle = readOracle("convolutions");
  for (const json &test : oracle["convolutions"]) {
    Operand x = operandOf(test, "x"), w = operandOf(test, "w"),
            y = operandOf(test, "y"), dy = operandOf(test, "dy"),
            dx = operandOf(test, "dx"), dw = operandOf(test, "dw");
    std::string window = windowText(test);
    std::string body = "%y = nn.conv2d %x, %w" + window + "(" + x.type + ", " +
                       w.type + ") -> " + y.type + "\n" +
                       "%dx = nn.conv2d_data_gradient %dy, %w size = " +
                       sizeText(test["x_shape"]) + window + "(" + dy.type +
                       ", " + w.type + ") -> " + dx.type + "\n" +
                       "%dw = nn.conv2d_weight_gradient %x, %dy kernel = " +
                       sizeText(test["w_shape"]) + window + "(" + x.type +
                       ", " + dy.type + ") -> " + dw.type + "\n";
    auto results = run<double>({x, w, dy}, body, {y, dx, dw});
    ASSERT_EQ(results.size(), 3u);
    EXPECT_EQ(results[0], y.numbers) << body;
    EXPECT_EQ(results[1], dx.numbers) << body;
    EXPECT_EQ(results[2], dw.numbers) << body;
  }
}

TEST_F(ConvolutionTest, MaxPoolsAsPyTorch) {
  json oracle = readOracle("convolutions");
  for (const json &test : oracle["max_pools"]) {
    Operand x = operandOf(test, "x"), y = operandOf(test, "y"),
            dy = operandOf(test, "dy"), dx = operandOf(test, "dx");
    Operand index{"index", typeText(test["y_shape"], "i32"), test["index"]};
    Operand again{"again", y.type};
    std::string body =
        "%y, %index = nn.max_pool2d %x kernel = " + listText(test["kernel"]) +
        " strides = " + listText(test["strides"]) +
        " padding = " + listText(test["padding"]) + " : (" + x.type + ") -> (" +
        y.type + ", " + index.type + ")\n" +
        "%dx = nn.max_unpool2d %dy, %index size = " +
        sizeText(test["x_shape"]) + " : (" + dy.type + ", " + index.type +
        ") -> " + dx.type + "\n" +
        "%again = nn.gather_pooled2d %x, %index : (" + x.type + ", " +
        index.type + ") -> " + y.type + "\n";
    auto results = run<double>({x, dy}, body, {y, index, dx, again});
    ASSERT_EQ(results.size(), 4u);
    EXPECT_EQ(results[0], y.numbers) << body;
    EXPECT_EQ(results[1], index.numbers) << body;
    EXPECT_EQ(results[2], dx.numbers) << body;
    EXPECT_EQ(results[3], y.numbers) << body;
  }
}

TEST_F(ConvolutionTest, AvgPoolsAsPyTorch) {
  json oracle = readOracle("convolutions");
  for (const json &test : oracle["avg_pools"]) {
    Operand x = operandOf(test, "x"), y = operandOf(test, "y"),
            dy = operandOf(test, "dy"), dx = operandOf(test, "dx");
    std::string attributes =
        " kernel = " + listText(test["kernel"]) +
        " strides = " + listText(test["strides"]) +
        " padding = " + listText(test["padding"]) +
        (test["count_padding"].get<bool>() ? " count_padding" : "") + " : (";
    std::string body =
        "%y = nn.avg_pool2d %x" + attributes + x.type + ") -> " + y.type +
        "\n" + "%dx = nn.avg_unpool2d %dy size = " + sizeText(test["x_shape"]) +
        attributes + dy.type + ") -> " + dx.type + "\n";
    auto results = run<double>({x, dy}, body, {y, dx});
    ASSERT_EQ(results.size(), 2u);
    // Quotients round once each; a sum has at most nine.
    for (auto [found, expected] :
         {std::pair(results[0], y.numbers), std::pair(results[1], dx.numbers)})
      for (size_t i = 0; i < found.size(); ++i)
        EXPECT_NEAR(found[i], expected[i], 1e-14 * (1 + std::abs(expected[i])))
            << body;
  }
}

TEST_F(ConvolutionTest, LargestIsNaNIfAnyIs) {
  double nan = std::numeric_limits<double>::quiet_NaN();
  double inf = std::numeric_limits<double>::infinity();
  Operand x{"x",
            "tensor<1x1x2x8xf64>",
            {1, nan, -inf, -inf, 2, 2, nan, 3, 0, 5, -inf, -inf, 2, 1, nan, 9}};
  Operand y{"y", "tensor<1x1x1x4xf64>"}, index{"i", "tensor<1x1x1x4xi32>"};
  Operand one{"one", "tensor<1x1x1x1xf64>", {1}};
  std::string pool = " kernel = [2, 2] strides = [2, 2] padding = [0, 0, 0, 0] "
                     ": (tensor<1x1x2x8xf64>) -> (tensor<1x1x1x4xf64>, "
                     "tensor<1x1x1x4xi32>)\n";
  // By itself, and behind a convolution that leaves the images as they are.
  for (const std::string &body :
       {"%y, %i = nn.max_pool2d %x" + pool,
        "%c = nn.conv2d %x, %one strides = [1, 1] padding = [0, 0, 0, 0] "
        "dilations = [1, 1] groups = 1 : (tensor<1x1x2x8xf64>, "
        "tensor<1x1x1x1xf64>) -> tensor<1x1x2x8xf64>\n"
        "%y, %i = nn.max_pool2d %c" +
            pool}) {
    auto results = run<double>({x, one}, body, {y, index});
    ASSERT_EQ(results.size(), 2u);
    EXPECT_TRUE(std::isnan(results[0][0]));
    EXPECT_EQ(results[0][1], -inf);
    EXPECT_EQ(results[0][2], 2);
    EXPECT_TRUE(std::isnan(results[0][3]));
    EXPECT_EQ(results[1], (Numbers{1, 2, 4, 6}));
  }
}

// Windows side by side, apart and over each other; images that they do not
// cover; rows that end anywhere in a vector.
TEST_F(ConvolutionTest, UnpoolsEverySize) {
  std::mt19937 generator(5);
  std::uniform_int_distribution<int> number(-8, 8);
  auto random = [&](int64_t count) {
    Numbers result(count);
    for (double &value : result)
      value = number(generator) / 8.0;
    return result;
  };
  struct Case {
    int64_t height, width, kernel, stride, padding;
  };
  std::vector<Case> cases{{9, 11, 3, 2, 1},  {10, 37, 3, 1, 0},
                          {12, 40, 3, 3, 0}, {11, 35, 4, 4, 0},
                          {13, 21, 1, 2, 0}, {11, 19, 6, 8, 0},
                          {8, 18, 2, 2, 1}};
  for (int64_t width = 2; width <= 40; ++width)
    cases.push_back({2 + width % 4, width, 2, 2, 0});
  constexpr int64_t samples = 3, channels = 2;
  for (const Case &c : cases) {
    auto images = [](int64_t height, int64_t width, const char *element) {
      std::string sizes = std::to_string(height) + "x" + std::to_string(width);
      std::string names = std::to_string(height) + ", " + std::to_string(width);
      return "tensor<?x2x" + sizes + "x" + element + ", #nn.dims<batch, 2, " +
             names + ">>";
    };
    int64_t rows = (c.height + 2 * c.padding - c.kernel) / c.stride + 1;
    int64_t columns = (c.width + 2 * c.padding - c.kernel) / c.stride + 1;
    Operand x{"x", images(c.height, c.width, "f32"),
              random(samples * channels * c.height * c.width)};
    Operand dy{"dy", images(rows, columns, "f32"),
               random(samples * channels * rows * columns)};
    Operand y{"y", dy.type}, index{"index", images(rows, columns, "i32")};
    Operand dx{"dx", x.type};
    std::string body =
        "%y, %index = nn.max_pool2d %x kernel = " +
        listText({c.kernel, c.kernel}) +
        " strides = " + listText({c.stride, c.stride}) +
        " padding = " + listText({c.padding, c.padding, c.padding, c.padding}) +
        " : (" + x.type + ") -> (" + y.type + ", " + index.type + ")\n" +
        "%dx = nn.max_unpool2d %dy, %index size = " +
        listText({c.height, c.width}) + " : (" + dy.type + ", " + index.type +
        ") -> " + dx.type + "\n";
    std::vector<Operand> arguments{x, dy}, results{y, index, dx};
    auto found = run<float>(arguments, body, results, samples);
    ASSERT_EQ(found.size(), 3u);
    auto module = parse(arguments, body, results);
    auto expected = reference::evaluate(
        module->lookupSymbol<mlir::func::FuncOp>("f"),
        {reference::Tensor({samples, channels, c.height, c.width}, x.numbers),
         reference::Tensor({samples, channels, rows, columns}, dy.numbers)});
    ASSERT_TRUE(succeeded(expected));
    llvm::ArrayRef<double> values = (*expected)[2].floats();
    EXPECT_EQ(Numbers(found[2].begin(), found[2].begin() + values.size()),
              Numbers(values))
        << body;
  }
}

// Tiles of positions, of output channels and of taps end anywhere; the batch
// is shorter than its capacity; bias and activation stand behind the sums.
TEST_F(ConvolutionTest, EveryTileEdge) {
  std::mt19937 generator(3);
  std::uniform_int_distribution<int> number(-8, 8);
  auto numbers = [&](int64_t count) {
    Numbers result(count);
    for (double &value : result)
      value = number(generator) / 8.0;
    return result;
  };
  struct Case {
    int64_t channels, filters, height, width, kernel, padding;
  };
  std::vector<Case> cases;
  for (int64_t size : {1, 2, 3, 5, 8, 13, 17, 33, 40})
    cases.push_back({1 + size % 3, size, 4, size + 2, 3, size % 2});
  cases.push_back({2, 31, 28, 28, 5, 2});
  cases.push_back({33, 1, 9, 9, 1, 0});
  for (const Case &c : cases) {
    int64_t rows = c.height + 2 * c.padding - c.kernel + 1;
    int64_t columns = c.width + 2 * c.padding - c.kernel + 1;
    auto images = [](int64_t channels, int64_t height, int64_t width) {
      std::string sizes = std::to_string(channels) + "x" +
                          std::to_string(height) + "x" + std::to_string(width);
      std::string names = std::to_string(channels) + ", " +
                          std::to_string(height) + ", " + std::to_string(width);
      return "tensor<?x" + sizes + "xf32, #nn.dims<batch, " + names + ">>";
    };
    constexpr int64_t samples = 5;
    std::string pad = std::to_string(c.padding);
    json test{{"strides", {1, 1}},
              {"padding", {c.padding, c.padding, c.padding, c.padding}},
              {"dilations", {1, 1}},
              {"groups", 1}};
    Operand x{"x", images(c.channels, c.height, c.width),
              numbers(samples * c.channels * c.height * c.width)};
    Operand w{"w", typeText({c.filters, c.channels, c.kernel, c.kernel}, "f32"),
              numbers(c.filters * c.channels * c.kernel * c.kernel)};
    Operand bias{"b", typeText({c.filters}, "f32"), numbers(c.filters)};
    Operand dy{"dy", images(c.filters, rows, columns),
               numbers(samples * c.filters * rows * columns)};
    Operand y{"y", dy.type}, dx{"dx", x.type}, dw{"dw", w.type};
    std::string window = windowText(test);
    std::string body =
        "%c = nn.conv2d %x, %w" + window + "(" + x.type + ", " + w.type +
        ") -> " + dy.type +
        "\n%s = nn.broadcast %b dimensions = [1] : " + bias.type + " -> " +
        dy.type + "\n%a = nn.add %c, %s : " + dy.type +
        "\n%y = nn.relu %a : " + dy.type +
        "\n%dx = nn.conv2d_data_gradient %dy, %w size = " +
        listText({c.height, c.width}) + window + "(" + dy.type + ", " + w.type +
        ") -> " + dx.type +
        "\n%dw = nn.conv2d_weight_gradient %x, %dy kernel = " +
        listText({c.kernel, c.kernel}) + window + "(" + x.type + ", " +
        dy.type + ") -> " + dw.type + "\n";
    std::vector<Operand> arguments{x, w, bias, dy}, results{y, dx, dw};
    auto found = run<float>(arguments, body, results, samples);
    ASSERT_EQ(found.size(), 3u);

    auto module = mlir::parseSourceString<mlir::ModuleOp>(
        functionOf(arguments, body, results), &context);
    auto expected = reference::evaluate(
        module->lookupSymbol<mlir::func::FuncOp>("f"),
        {reference::Tensor({samples, c.channels, c.height, c.width}, x.numbers),
         reference::Tensor({c.filters, c.channels, c.kernel, c.kernel},
                           w.numbers),
         reference::Tensor({c.filters}, bias.numbers),
         reference::Tensor({samples, c.filters, rows, columns}, dy.numbers)});
    ASSERT_TRUE(succeeded(expected));
    // Multiples of 1/64 below 2^17: sums are exact in f32.
    expectSame(found, *expected, 3, body);
  }
}

// Many channels and images: tiles of input channels, of output channels and of
// images end anywhere, taps meet the source at some positions only, and the
// batch is shorter than its capacity.
TEST_F(ConvolutionTest, ManyChannelsAndImages) {
  std::mt19937 generator(4);
  std::uniform_int_distribution<int> number(-8, 8);
  struct Case {
    int64_t channels, filters, height, width, kernel, stride, dilation, groups;
    std::vector<int64_t> padding;
  };
  std::vector<Case> cases{{31, 64, 4, 4, 3, 1, 1, 1, {1, 1, 1, 1}},
                          {13, 33, 5, 7, 3, 1, 1, 1, {1, 1, 1, 1}},
                          {29, 50, 11, 9, 3, 1, 1, 1, {0, 0, 0, 0}},
                          {15, 17, 8, 8, 3, 2, 1, 1, {1, 1, 1, 1}},
                          {14, 32, 9, 20, 3, 2, 1, 1, {1, 1, 2, 0}},
                          {16, 31, 10, 35, 5, 3, 1, 1, {2, 2, 2, 2}},
                          {28, 40, 9, 9, 3, 1, 2, 1, {2, 2, 2, 2}},
                          {27, 64, 12, 21, 3, 2, 3, 1, {3, 3, 3, 3}},
                          {20, 34, 7, 7, 1, 1, 1, 1, {0, 0, 0, 0}},
                          {40, 48, 8, 8, 1, 2, 1, 1, {0, 0, 0, 0}},
                          {48, 96, 6, 6, 3, 1, 1, 3, {1, 1, 1, 1}},
                          {3, 64, 20, 20, 7, 2, 1, 1, {3, 3, 3, 3}},
                          {70, 10, 2, 2, 3, 1, 1, 1, {4, 4, 4, 4}},
                          {16, 24, 3, 3, 3, 1, 1, 1, {3, 0, 0, 3}}};
  for (const Case &c : cases) {
    int64_t span = (c.kernel - 1) * c.dilation + 1;
    auto positions = [&](int64_t size, int64_t low, int64_t high) {
      return (size + low + high - span) / c.stride + 1;
    };
    int64_t rows = positions(c.height, c.padding[0], c.padding[1]);
    int64_t columns = positions(c.width, c.padding[2], c.padding[3]);
    json test{{"strides", {c.stride, c.stride}},
              {"padding", c.padding},
              {"dilations", {c.dilation, c.dilation}},
              {"groups", c.groups}};
    for (auto [samples, batch] :
         {std::pair<int64_t, int64_t>(3, 8), {21, 40}}) {
      std::vector<int64_t> xShape{samples, c.channels, c.height, c.width};
      std::vector<int64_t> dyShape{samples, c.filters, rows, columns};
      std::vector<int64_t> wShape{c.filters, c.channels / c.groups, c.kernel,
                                  c.kernel};
      auto random = [&](const std::vector<int64_t> &shape) {
        int64_t count = 1;
        for (int64_t size : shape)
          count *= size;
        Numbers numbers(count);
        for (double &value : numbers)
          value = number(generator) / 8.0;
        return numbers;
      };
      auto images = [](const std::vector<int64_t> &shape) {
        std::string sizes, names = "batch";
        for (int64_t size : {shape[1], shape[2], shape[3]}) {
          sizes += std::to_string(size) + "x";
          names += ", " + std::to_string(size);
        }
        return "tensor<?x" + sizes + "f32, #nn.dims<" + names + ">>";
      };
      Operand x{"x", images(xShape), random(xShape)};
      Operand dy{"dy", images(dyShape), random(dyShape)};
      Operand w{"w", typeText(wShape, "f32"), random(wShape)};
      Operand y{"y", dy.type}, dx{"dx", x.type}, dw{"dw", w.type};
      std::string window = windowText(test);
      std::string body = "%y = nn.conv2d %x, %w" + window + "(" + x.type +
                         ", " + w.type + ") -> " + y.type +
                         "\n%dx = nn.conv2d_data_gradient %dy, %w size = " +
                         listText({c.height, c.width}) + window + "(" +
                         dy.type + ", " + w.type + ") -> " + dx.type +
                         "\n%dw = nn.conv2d_weight_gradient %x, %dy kernel = " +
                         listText({c.kernel, c.kernel}) + window + "(" +
                         x.type + ", " + dy.type + ") -> " + dw.type + "\n";
      std::vector<Operand> arguments{x, w, dy}, results{y, dx, dw};
      auto found = run<float>(arguments, body, results, samples, batch);
      ASSERT_EQ(found.size(), 3u);
      auto module = parse(arguments, body, results);
      auto expected =
          reference::evaluate(module->lookupSymbol<mlir::func::FuncOp>("f"),
                              {reference::Tensor(xShape, x.numbers),
                               reference::Tensor(wShape, w.numbers),
                               reference::Tensor(dyShape, dy.numbers)});
      ASSERT_TRUE(succeeded(expected));
      // Multiples of 1/64 below 2^18: sums are exact in f32.
      expectSame(found, *expected, 3, body);
    }
  }
}

// Images as lanes: the last tile of a part has fewer, a part may have none;
// planes are read as they stand, in part, or with zeros around them; tiles of
// output channels and of taps end anywhere.
TEST_F(ConvolutionTest, WeightsOfManyImages) {
  std::mt19937 generator(6);
  std::uniform_int_distribution<int> number(-8, 8);
  struct Case {
    int64_t channels, filters, size, kernel, stride, dilation, groups, padding;
    int64_t parts, samples, batch, run = 1;
  };
  std::vector<Case> cases{{5, 7, 6, 3, 1, 1, 1, 0, 2, 64, 64},
                          {3, 10, 7, 3, 1, 1, 1, 1, 1, 29, 32},
                          {4, 14, 5, 3, 2, 1, 1, 1, 3, 90, 96},
                          {4, 13, 8, 3, 3, 1, 1, 0, 1, 32, 32},
                          {3, 5, 9, 3, 1, 2, 1, 2, 2, 2, 64},
                          {1, 13, 8, 5, 1, 1, 1, 2, 1, 48, 48},
                          {2, 4, 9, 7, 2, 1, 1, 3, 1, 31, 32},
                          {15, 6, 1, 1, 1, 1, 1, 0, 2, 61, 64},
                          {14, 5, 2, 1, 2, 1, 1, 0, 1, 16, 16},
                          {6, 16, 6, 3, 1, 1, 2, 1, 2, 33, 64},
                          {2, 14, 3, 2, 1, 1, 1, 0, 4, 3, 64},
                          {1, 2, 3, 3, 1, 1, 1, 0, 8, 128, 128},
                          {5, 7, 6, 3, 1, 1, 1, 0, 2, 55, 64, 16},
                          {3, 10, 7, 3, 1, 1, 1, 1, 3, 20, 64, 16},
                          {40, 30, 5, 3, 2, 1, 1, 1, 2, 37, 48, 16},
                          {6, 16, 6, 3, 1, 1, 2, 1, 4, 33, 64, 5}};
  for (const Case &c : cases) {
    int64_t span = (c.kernel - 1) * c.dilation + 1;
    int64_t result = (c.size + 2 * c.padding - span) / c.stride + 1;
    std::vector<int64_t> xShape{c.samples, c.channels, c.size, c.size};
    std::vector<int64_t> dyShape{c.samples, c.filters, result, result};
    auto images = [&](const std::vector<int64_t> &shape) {
      std::string sizes, names = "batch";
      int64_t count = shape[0];
      for (int64_t size : {shape[1], shape[2], shape[3]}) {
        sizes += std::to_string(size) + "x";
        names += ", " + std::to_string(size);
        count *= size;
      }
      Numbers numbers(count);
      for (double &value : numbers)
        value = number(generator) / 8.0;
      return std::pair("tensor<?x" + sizes + "f32, #nn.dims<" + names + ">>",
                       numbers);
    };
    auto [xType, xNumbers] = images(xShape);
    auto [dyType, dyNumbers] = images(dyShape);
    Operand x{"x", xType, xNumbers}, dy{"dy", dyType, dyNumbers};
    Operand dw{"dw", typeText({c.parts, c.filters, c.channels / c.groups,
                               c.kernel, c.kernel},
                              "f32")};
    json test{{"strides", {c.stride, c.stride}},
              {"padding", {c.padding, c.padding, c.padding, c.padding}},
              {"dilations", {c.dilation, c.dilation}},
              {"groups", c.groups}};
    std::string window = windowText(test);
    if (c.run > 1)
      window.insert(window.rfind(" :"), " run = " + std::to_string(c.run));
    std::string body = "%dw = nn.conv2d_weight_parts %x, %dy parts = " +
                       std::to_string(c.parts) +
                       " kernel = " + listText({c.kernel, c.kernel}) + window +
                       "(" + x.type + ", " + dy.type + ") -> " + dw.type + "\n";
    std::vector<Operand> arguments{x, dy}, results{dw};
    auto found = run<float>(arguments, body, results, c.samples, c.batch);
    ASSERT_EQ(found.size(), 1u);
    auto module = parse(arguments, body, results);
    auto expected =
        reference::evaluate(module->lookupSymbol<mlir::func::FuncOp>("f"),
                            {reference::Tensor(xShape, x.numbers),
                             reference::Tensor(dyShape, dy.numbers)});
    ASSERT_TRUE(succeeded(expected));
    // Multiples of 1/64 below 2^18: sums are exact in f32.
    EXPECT_EQ(found[0], Numbers((*expected)[0].floats())) << body;
  }
}

// Behind a pool that leaves out rows and columns these are not computed, nor do
// gradients read them; the mask of the activation is of pooled images.
TEST_F(ConvolutionTest, PooledConvolutions) {
  std::mt19937 generator(7);
  std::uniform_int_distribution<int> draw(-8, 8);
  struct Case {
    int64_t channels, filters, size, padding, kernel, stride, samples, batch;
    bool isWide = false;
  };
  std::vector<Case> cases{
      {25, 50, 13, 0, 2, 2, 32, 32},      {3, 5, 9, 1, 2, 2, 5, 8},
      {4, 33, 12, 0, 3, 4, 21, 40},       {30, 36, 7, 1, 2, 2, 16, 16},
      {1, 7, 30, 2, 3, 3, 2, 2},          {1, 25, 28, 0, 2, 2, 5, 8},
      {2, 13, 40, 1, 2, 2, 3, 4},         {3, 9, 11, 0, 1, 2, 4, 4},
      {2, 6, 37, 1, 2, 4, 2, 2},          {5, 21, 16, 1, 4, 4, 33, 64},
      {25, 50, 14, 1, 2, 2, 40, 48},      {3, 5, 15, 1, 2, 2, 3, 3, true},
      {16, 24, 10, 1, 2, 2, 17, 24, true}};
  for (const Case &c : cases) {
    int64_t result = c.size + 2 * c.padding - 2;
    int64_t pooled = (result - c.kernel) / c.stride + 1;
    std::string element = c.isWide ? "f64" : "f32";
    auto images = [&](int64_t channels, int64_t size, const std::string &type) {
      std::string side = std::to_string(size), all = std::to_string(channels);
      return "tensor<?x" + all + "x" + side + "x" + side + "x" + type +
             ", #nn.dims<batch, " + all + ", " + side + ", " + side + ">>";
    };
    auto random = [&](int64_t count) {
      Numbers numbers(count);
      for (double &value : numbers)
        value = draw(generator) / 8.0;
      return numbers;
    };
    Operand x{"x", images(c.channels, c.size, element),
              random(c.samples * c.channels * c.size * c.size)};
    Operand w{"w", typeText({c.filters, c.channels, 3, 3}, element),
              random(c.filters * c.channels * 9)};
    Operand b{"b", typeText({c.filters}, element), random(c.filters)};
    Operand dy{"dy", images(c.filters, pooled, element),
               random(c.samples * c.filters * pooled * pooled)};
    Operand y{"y", dy.type}, dx{"dx", x.type}, dw{"dw", w.type},
        db{"db", b.type};
    std::string index = images(c.filters, pooled, "i32");
    std::string whole = images(c.filters, result, element);
    json test{{"strides", {1, 1}},
              {"padding", {c.padding, c.padding, c.padding, c.padding}},
              {"dilations", {1, 1}},
              {"groups", 1}};
    std::string window = windowText(test);
    std::string body =
        "%c = nn.conv2d %x, %w" + window + "(" + x.type + ", " + w.type +
        ") -> " + whole +
        "\n%r = nn.broadcast %b dimensions = [1] : " + b.type + " -> " + whole +
        "\n%s = nn.add %c, %r : " + whole + "\n%a = nn.relu %s : " + whole +
        "\n%y, %i = nn.max_pool2d %a kernel = " +
        listText({c.kernel, c.kernel}) +
        " strides = " + listText({c.stride, c.stride}) +
        " padding = [0, 0, 0, 0] : (" + whole + ") -> (" + y.type + ", " +
        index + ")\n%zero = nn.constant dense<0.0> : tensor<" + element + ">" +
        "\n%zeros = nn.broadcast %zero dimensions = [] : tensor<" + element +
        "> -> " + whole + "\n%m = nn.compare gt, %a, %zeros : " + whole +
        "\n%u = nn.max_unpool2d %dy, %i size = " + listText({result, result}) +
        " : (" + dy.type + ", " + index + ") -> " + whole +
        "\n%d = nn.select %m, %u, %zeros : " + images(c.filters, result, "i1") +
        ", " + whole + "\n%db = nn.reduce_sum %d axes = [0, 2, 3] : " + whole +
        " -> " + b.type + "\n%dx = nn.conv2d_data_gradient %d, %w size = " +
        listText({c.size, c.size}) + window + "(" + whole + ", " + w.type +
        ") -> " + x.type +
        "\n%dw = nn.conv2d_weight_gradient %x, %d kernel = " +
        listText({3, 3}) + window + "(" + x.type + ", " + whole + ") -> " +
        w.type + "\n";
    std::vector<Operand> arguments{x, w, b, dy}, results{y, dx, dw, db};
    auto found = c.isWide
                     ? run<double>(arguments, body, results, c.samples, c.batch)
                     : run<float>(arguments, body, results, c.samples, c.batch);
    ASSERT_EQ(found.size(), 4u);
    auto module = parse(arguments, body, results);
    auto expected = reference::evaluate(
        module->lookupSymbol<mlir::func::FuncOp>("f"),
        {reference::Tensor({c.samples, c.channels, c.size, c.size}, x.numbers),
         reference::Tensor({c.filters, c.channels, 3, 3}, w.numbers),
         reference::Tensor({c.filters}, b.numbers),
         reference::Tensor({c.samples, c.filters, pooled, pooled},
                           dy.numbers)});
    ASSERT_TRUE(succeeded(expected));
    // Multiples of 1/64 below 2^18: sums are exact in f32.
    expectSame(found, *expected, 4, body);
  }
}

// Gradients by weights that put the gradient of a pool into images themselves:
// of windows that cover these or not, of parts of a tile of images.
TEST_F(ConvolutionTest, UnpooledWeights) {
  std::mt19937 generator(8);
  std::uniform_int_distribution<int> draw(-8, 8);
  struct Case {
    int64_t channels, filters, size, window, stride, groups;
    int64_t parts, samples, batch;
    bool isWide = false;
  };
  std::vector<Case> cases{
      {5, 7, 8, 2, 2, 1, 2, 64, 64},     {3, 10, 9, 2, 2, 1, 1, 29, 32},
      {1, 25, 28, 2, 2, 1, 8, 128, 128}, {6, 16, 10, 2, 3, 2, 2, 33, 64},
      {4, 5, 8, 1, 4, 1, 1, 16, 16},     {3, 6, 8, 3, 3, 1, 1, 15, 16, true}};
  for (const Case &c : cases) {
    std::string element = c.isWide ? "f64" : "f32";
    int64_t result = c.size - 2, pooled = (result - c.window) / c.stride + 1;
    auto images = [&](int64_t channels, int64_t size, const std::string &type) {
      std::string side = std::to_string(size), all = std::to_string(channels);
      return "tensor<?x" + all + "x" + side + "x" + side + "x" + type +
             ", #nn.dims<batch, " + all + ", " + side + ", " + side + ">>";
    };
    auto random = [&](int64_t count) {
      Numbers numbers(count);
      for (double &value : numbers)
        value = draw(generator) / 8.0;
      return numbers;
    };
    Operand x{"x", images(c.channels, c.size, element),
              random(c.samples * c.channels * c.size * c.size)};
    Operand z{"z", images(c.filters, result, element),
              random(c.samples * c.filters * result * result)};
    Operand dy{"dy", images(c.filters, pooled, element),
               random(c.samples * c.filters * pooled * pooled)};
    Operand dw{"dw", typeText({c.parts, c.filters, c.channels / c.groups, 3, 3},
                              element)};
    std::string index = images(c.filters, pooled, "i32");
    json test{{"strides", {1, 1}},
              {"padding", {0, 0, 0, 0}},
              {"dilations", {1, 1}},
              {"groups", c.groups}};
    std::string body =
        "%y, %i = nn.max_pool2d %z kernel = " + listText({c.window, c.window}) +
        " strides = " + listText({c.stride, c.stride}) +
        " padding = [0, 0, 0, 0] : (" + z.type + ") -> (" + dy.type + ", " +
        index + ")\n%d = nn.mul %dy, %y : " + dy.type +
        "\n%u = nn.max_unpool2d %d, %i size = " + listText({result, result}) +
        " : (" + dy.type + ", " + index + ") -> " + z.type +
        "\n%dw = nn.conv2d_weight_parts %x, %u parts = " +
        std::to_string(c.parts) + " kernel = [3, 3]" + windowText(test) + "(" +
        x.type + ", " + z.type + ") -> " + dw.type + "\n";
    std::vector<Operand> arguments{x, z, dy}, results{dw};
    auto found = c.isWide
                     ? run<double>(arguments, body, results, c.samples, c.batch)
                     : run<float>(arguments, body, results, c.samples, c.batch);
    ASSERT_EQ(found.size(), 1u);
    auto module = parse(arguments, body, results);
    auto expected = reference::evaluate(
        module->lookupSymbol<mlir::func::FuncOp>("f"),
        {reference::Tensor({c.samples, c.channels, c.size, c.size}, x.numbers),
         reference::Tensor({c.samples, c.filters, result, result}, z.numbers),
         reference::Tensor({c.samples, c.filters, pooled, pooled},
                           dy.numbers)});
    ASSERT_TRUE(succeeded(expected));
    // Multiples of 1/512 below 2^15: sums are exact in f32.
    EXPECT_EQ(found[0], Numbers((*expected)[0].floats())) << body;
  }
}

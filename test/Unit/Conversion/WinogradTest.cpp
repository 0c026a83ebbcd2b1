//===- WinogradTest.cpp - Compiled minimal filtering ----------------------===//
//
// Against the reference's plain convolution, for sizes around the edges of
// tiles, strips, blocks of strips and vectors of channels.
//
//===----------------------------------------------------------------------===//

#include "CompiledFunction.h"
#include "nnc/Reference/Evaluate.h"
#include <random>

using namespace nnc;
using namespace nnc::test;

namespace {
struct Case {
  int64_t tile, channels, filters, height, width;
  /// Above, below, left, right.
  std::vector<int64_t> padding;
  int64_t samples = 1, batch = 1;
  /// Outputs that the weights hold side by side.
  int64_t panel = 16;
};

class WinogradTest : public CompiledFunctionTest {
protected:
  template <typename T> void check(const Case &c, double tolerance);
  template <typename T>
  void checkWeights(const Case &c, int64_t parts, double tolerance);

  Numbers random(int64_t count) {
    std::uniform_real_distribution<double> number(-1, 1);
    Numbers result(count);
    for (double &value : result)
      value = static_cast<float>(number(generator));
    return result;
  }
  std::mt19937 generator{7};
};
} // namespace

static std::string imagesText(int64_t channels, int64_t height, int64_t width,
                              const std::string &element) {
  std::string sizes, names;
  for (int64_t size : {channels, height, width}) {
    sizes += std::to_string(size) + "x";
    names += ", " + std::to_string(size);
  }
  return "tensor<?x" + sizes + element + ", #nn.dims<batch" + names + ">>";
}

/// Bias and activation stand behind the sums; the convolution is computed as
/// one and, with weights that are turned and swapped, as an adjoint.
template <typename T>
void WinogradTest::check(const Case &c, double tolerance) {
  std::string element = sizeof(T) == 4 ? "f32" : "f64";
  int64_t rows = c.height + c.padding[0] + c.padding[1] - 2;
  int64_t columns = c.width + c.padding[2] + c.padding[3] - 2;
  int64_t points = (c.tile + 2) * (c.tile + 2);
  Operand x{"x", imagesText(c.channels, c.height, c.width, element),
            random(c.samples * c.channels * c.height * c.width)};
  Operand w{"w", typeText({c.filters, c.channels, 3, 3}, element),
            random(c.filters * c.channels * 9)};
  Operand turned{"v", typeText({c.channels, c.filters, 3, 3}, element),
                 Numbers(w.numbers.size())};
  for (int64_t o = 0; o < c.filters; ++o)
    for (int64_t i = 0; i < c.channels; ++i)
      for (int64_t tap = 0; tap < 9; ++tap)
        turned.numbers[(i * c.filters + o) * 9 + 8 - tap] =
            w.numbers[(o * c.channels + i) * 9 + tap];
  Operand bias{"b", typeText({c.filters}, element), random(c.filters)};
  Operand y{"y", imagesText(c.filters, rows, columns, element)};
  Operand z{"z", y.type};
  int64_t panels = (c.filters + c.panel - 1) / c.panel;
  std::string u = typeText({points, panels, c.channels, c.panel}, element);
  std::string tile = " tile = " + std::to_string(c.tile);
  std::string panel = " panel = " + std::to_string(c.panel);
  std::string padding = " padding = [";
  for (size_t i = 0; i < 4; ++i)
    padding += (i ? ", " : "") + std::to_string(c.padding[i]);
  padding += "]";
  std::string convolution = " outputs = " + std::to_string(c.filters) + tile +
                            padding + " : (" + x.type + ", " + u + ") -> " +
                            y.type + "\n";
  std::string body = "%u = nn.winograd_weights %w" + tile + panel + " : (" +
                     w.type + ") -> " + u + "\n%t = nn.winograd_weights %v" +
                     tile + panel + " adjoint : (" + turned.type + ") -> " + u +
                     "\n%c = nn.winograd_conv2d %x, %u" + convolution +
                     "%s = nn.broadcast %b dimensions = [1] : " + bias.type +
                     " -> " + y.type + "\n%a = nn.add %c, %s : " + y.type +
                     "\n%y = nn.relu %a : " + y.type +
                     "\n%z = nn.winograd_conv2d %x, %t" + convolution;
  std::vector<Operand> arguments{x, w, turned, bias};
  auto found = run<T>(arguments, body, {y, z}, c.samples, c.batch);
  ASSERT_EQ(found.size(), 2u);

  std::string plain = "%z = nn.conv2d %x, %w strides = [1, 1]" + padding +
                      " dilations = [1, 1] groups = 1 : (" + x.type + ", " +
                      w.type + ") -> " + y.type + "\n";
  auto module = parse({x, w}, plain, {z});
  ASSERT_TRUE(module);
  auto expected = reference::evaluate(
      module->template lookupSymbol<mlir::func::FuncOp>("f"),
      {reference::Tensor({c.samples, c.channels, c.height, c.width}, x.numbers),
       reference::Tensor({c.filters, c.channels, 3, 3}, w.numbers)});
  ASSERT_TRUE(succeeded(expected));
  llvm::ArrayRef<double> sums = (*expected)[0].floats();
  double largest = 0;
  for (double sum : sums)
    largest = std::max(largest, std::abs(sum));
  double worst = 0;
  for (size_t i = 0; i < sums.size(); ++i) {
    size_t filter = i / (rows * columns) % c.filters;
    double active = std::max(0.0, sums[i] + bias.numbers[filter]);
    worst = std::max({worst, std::abs(found[0][i] - active),
                      std::abs(found[1][i] - sums[i])});
  }
  EXPECT_LE(worst, tolerance * largest) << body;
}

/// The gradient by the weights against the reference's.
template <typename T>
void WinogradTest::checkWeights(const Case &c, int64_t parts,
                                double tolerance) {
  std::string element = sizeof(T) == 4 ? "f32" : "f64";
  int64_t rows = c.height + c.padding[0] + c.padding[1] - 2;
  int64_t columns = c.width + c.padding[2] + c.padding[3] - 2;
  Operand x{"x", imagesText(c.channels, c.height, c.width, element),
            random(c.samples * c.channels * c.height * c.width)};
  Operand dy{"dy", imagesText(c.filters, rows, columns, element),
             random(c.samples * c.filters * rows * columns)};
  Operand y{"y", typeText({parts, c.filters, c.channels, 3, 3}, element)};
  std::string padding;
  for (size_t i = 0; i < 4; ++i)
    padding += (i ? ", " : "") + std::to_string(c.padding[i]);
  std::string body =
      "%y = nn.conv2d_weight_parts %x, %dy parts = " + std::to_string(parts) +
      " kernel = [3, 3] strides = [1, 1] padding = [" + padding +
      "] dilations = [1, 1] groups = 1 tile = " + std::to_string(c.tile) +
      " : (" + x.type + ", " + dy.type + ") -> " + y.type + "\n";
  auto found = run<T>({x, dy}, body, {y}, c.samples, c.batch);
  ASSERT_EQ(found.size(), 1u);
  auto module = parse({x, dy}, body, {y});
  ASSERT_TRUE(module);
  auto expected = reference::evaluate(
      module->template lookupSymbol<mlir::func::FuncOp>("f"),
      {reference::Tensor({c.samples, c.channels, c.height, c.width}, x.numbers),
       reference::Tensor({c.samples, c.filters, rows, columns}, dy.numbers)});
  ASSERT_TRUE(succeeded(expected));
  llvm::ArrayRef<double> sums = (*expected)[0].floats();
  double largest = 0, worst = 0;
  for (size_t i = 0; i < sums.size(); ++i) {
    largest = std::max(largest, std::abs(sums[i]));
    worst = std::max(worst, std::abs(found[0][i] - sums[i]));
  }
  EXPECT_LE(worst, tolerance * largest) << body;
}

// Transforms add and multiply by small numbers: in f64 what is left is a few
// hundred units in the last place.
TEST_F(WinogradTest, EveryEdgeInDoublePrecision) {
  for (int64_t tile : {2, 4}) {
    for (int64_t size = 1; size <= 10; ++size)
      check<double>({tile, 16, 16, size, 11 - size, {1, 1, 1, 1}}, 1e-13);
    for (int64_t channels : {8, 9, 15, 17, 31, 33, 40})
      check<double>({tile, channels, 48 - channels, 5, 18, {1, 1, 1, 1}},
                    1e-13);
    check<double>({tile, 8, 8, 6, 7, {0, 2, 2, 0}}, 1e-13);
    check<double>({tile, 8, 8, 3, 3, {0, 0, 0, 0}}, 1e-13);
    check<double>({tile, 8, 8, 7, 5, {2, 2, 2, 2}}, 1e-13);
    check<double>({tile, 8, 8, 1, 1, {2, 1, 2, 1}}, 1e-13);
  }
}

// The error that the op's description states, for the sums' largest.
TEST_F(WinogradTest, SinglePrecision) {
  check<float>({2, 64, 32, 14, 14, {1, 1, 1, 1}}, 1e-6);
  check<float>({4, 64, 32, 14, 14, {1, 1, 1, 1}}, 1e-5);
  check<float>({4, 256, 40, 9, 30, {1, 1, 1, 1}}, 1e-5);
  check<float>({4, 33, 70, 9, 9, {1, 1, 1, 1}, 1, 1, 32}, 1e-5);
}

// Enough strips that each thread takes blocks of its own, the last of which is
// shorter, and a batch shorter than its capacity.
TEST_F(WinogradTest, ManyImages) {
  for (int64_t samples : {1, 5, 9})
    check<float>({4, 32, 33, 28, 28, {1, 1, 1, 1}, samples, 9}, 1e-5);
  check<float>({2, 33, 32, 17, 40, {1, 1, 1, 1}, 7, 8}, 1e-6);
  check<float>({4, 256, 32, 7, 7, {1, 1, 1, 1}, 61, 64}, 1e-5);
}

TEST_F(WinogradTest, WeightGradientsInDoublePrecision) {
  for (int64_t tile : {2, 4}) {
    for (int64_t size = 1; size <= 10; ++size)
      checkWeights<double>({tile, 16, 16, size, 11 - size, {1, 1, 1, 1}, 2, 2},
                           1, 1e-13);
    for (int64_t channels : {1, 7, 9, 15, 31, 33, 60})
      checkWeights<double>({tile, channels, 61 - channels, 5, 18, {1, 1, 1, 1}},
                           1, 1e-13);
    checkWeights<double>({tile, 8, 8, 6, 7, {0, 2, 2, 0}, 3, 4}, 2, 1e-13);
    checkWeights<double>({tile, 8, 8, 3, 3, {0, 0, 0, 0}, 5, 5}, 3, 1e-13);
    checkWeights<double>({tile, 8, 8, 7, 5, {2, 2, 2, 2}, 1, 3}, 2, 1e-13);
    checkWeights<double>({tile, 8, 8, 1, 1, {2, 1, 2, 1}}, 1, 1e-13);
  }
}

// Several blocks of images, several groups of tiles of channels, and a batch
// shorter than its capacity.
TEST_F(WinogradTest, WeightGradientsOfManyImages) {
  checkWeights<float>({4, 160, 40, 14, 14, {1, 1, 1, 1}, 21, 32}, 1, 2e-5);
  checkWeights<float>({4, 64, 64, 32, 32, {1, 1, 1, 1}, 5, 8}, 2, 2e-5);
  checkWeights<float>({2, 64, 64, 9, 10, {1, 1, 1, 1}, 40, 40}, 7, 2e-6);
}

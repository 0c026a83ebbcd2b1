//===- ImageLayoutsTest.cpp - Convolutions that pass images on in tiles ---===//
//
// Three convolutions, pools behind the first and the last, and all gradients,
// against the reference: images pass from kernel to kernel in tiles of as many
// as a vector has lanes, of which the last is seldom full.
//
//===----------------------------------------------------------------------===//

#include "CompiledFunction.h"
#include "nnc/Reference/Evaluate.h"
#include <random>

using namespace nnc;
using namespace nnc::test;

namespace {
struct Case {
  int64_t first, second, third, size, samples, batch;
  bool isWide = false;
};

class ImageLayoutsTest : public CompiledFunctionTest {
protected:
  void expectAsReference(const std::vector<Case> &cases);
};

/// The text of a case, line by line.
class Body {
public:
  explicit Body(const Case &c) : element(c.isWide ? "f64" : "f32") {}

  std::string images(int64_t channels, int64_t size) const {
    return images(channels, size, element);
  }
  std::string images(int64_t channels, int64_t size,
                     const std::string &type) const {
    std::string side = std::to_string(size), all = std::to_string(channels);
    return "tensor<?x" + all + "x" + side + "x" + side + "x" + type +
           ", #nn.dims<batch, " + all + ", " + side + ", " + side + ">>";
  }
  std::string weights(int64_t outputs, int64_t inputs) const {
    return typeText({outputs, inputs, 3, 3}, element);
  }
  std::string window(int64_t padding) const {
    std::string p = std::to_string(padding);
    return " strides = [1, 1] padding = [" + p + ", " + p + ", " + p + ", " +
           p + "] dilations = [1, 1] groups = 1 : (";
  }
  void line(const std::string &text) { all += text + "\n"; }

  /// %a<n> = relu(conv2d(%<x>, %w<n>) + %b<n>).
  void convolve(const std::string &n, const std::string &x,
                const std::string &from, const std::string &w, int64_t filters,
                int64_t padding, const std::string &to) {
    std::string bias = typeText({filters}, element);
    line("%c" + n + " = nn.conv2d %" + x + ", %w" + n + window(padding) + from +
         ", " + w + ") -> " + to);
    line("%r" + n + " = nn.broadcast %b" + n + " dimensions = [1] : " + bias +
         " -> " + to);
    line("%s" + n + " = nn.add %c" + n + ", %r" + n + " : " + to);
    line("%a" + n + " = nn.relu %s" + n + " : " + to);
  }
  /// %y<n>, %i<n> = max_pool2d(%a<n>).
  void pool(const std::string &n, const std::string &from,
            const std::string &to, const std::string &index) {
    line("%y" + n + ", %i" + n + " = nn.max_pool2d %a" + n +
         " kernel = [2, 2] strides = [2, 2] padding = [0, 0, 0, 0] : (" + from +
         ") -> (" + to + ", " + index + ")");
  }
  /// %<d> = %<g> where %<a> is above zero, and zero elsewhere.
  void mask(const std::string &d, const std::string &g, const std::string &a,
            const std::string &type, const std::string &bits) {
    line("%z" + d + " = nn.constant dense<0.0> : tensor<" + element + ">");
    line("%zz" + d + " = nn.broadcast %z" + d + " dimensions = [] : tensor<" +
         element + "> -> " + type);
    line("%m" + d + " = nn.compare gt, %" + a + ", %zz" + d + " : " + type);
    line("%" + d + " = nn.select %m" + d + ", %" + g + ", %zz" + d + " : " +
         bits + ", " + type);
  }
  /// %db<n>, %dw<n> and, if \p dx, %dx<n> of the convolution of %<x>.
  void differentiate(const std::string &n, const std::string &d,
                     const std::string &x, const std::string &from,
                     const std::string &w, int64_t filters, int64_t padding,
                     const std::string &to, int64_t size) {
    line("%db" + n + " = nn.reduce_sum %" + d + " axes = [0, 2, 3] : " + to +
         " -> " + typeText({filters}, element));
    line("%dw" + n + " = nn.conv2d_weight_gradient %" + x + ", %" + d +
         " kernel = [3, 3]" + window(padding) + from + ", " + to + ") -> " + w);
    std::string side = std::to_string(size);
    line("%dx" + n + " = nn.conv2d_data_gradient %" + d + ", %w" + n +
         " size = [" + side + ", " + side + "]" + window(padding) + to + ", " +
         w + ") -> " + from);
  }

  std::string element, all;
};
} // namespace

void ImageLayoutsTest::expectAsReference(const std::vector<Case> &cases) {
  std::mt19937 generator(11);
  std::uniform_int_distribution<int> draw(-3, 3);
  for (const Case &c : cases) {
    // Mostly zeros, so that sums are small numbers.
    auto random = [&](int64_t count) {
      Numbers numbers(count);
      for (double &value : numbers)
        value = std::max(0, std::abs(draw(generator)) - 1) *
                (draw(generator) < 0 ? -1 : 1);
      return numbers;
    };
    Body body(c);
    int64_t one = c.size - 2, half = one / 2, three = half - 2,
            last = three / 2;
    std::string x0 = body.images(2, c.size), a1 = body.images(c.first, one),
                y1 = body.images(c.first, half),
                a2 = body.images(c.second, half),
                a3 = body.images(c.third, three),
                y3 = body.images(c.third, last);
    std::string w1 = body.weights(c.first, 2),
                w2 = body.weights(c.second, c.first),
                w3 = body.weights(c.third, c.second);
    auto bits = [&](int64_t channels, int64_t size) {
      return body.images(channels, size, "i1");
    };
    body.convolve("1", "x", x0, w1, c.first, 0, a1);
    body.pool("1", a1, y1, body.images(c.first, half, "i32"));
    body.convolve("2", "y1", y1, w2, c.second, 1, a2);
    body.convolve("3", "a2", a2, w3, c.third, 0, a3);
    body.pool("3", a3, y3, body.images(c.third, last, "i32"));
    body.mask("g3", "dy", "y3", y3, bits(c.third, last));
    std::string side = std::to_string(three), wide = std::to_string(one);
    body.line("%d3 = nn.max_unpool2d %g3, %i3 size = [" + side + ", " + side +
              "] : (" + y3 + ", " + body.images(c.third, last, "i32") +
              ") -> " + a3);
    body.differentiate("3", "d3", "a2", a2, w3, c.third, 0, a3, half);
    body.mask("d2", "dx3", "a2", a2, bits(c.second, half));
    body.differentiate("2", "d2", "y1", y1, w2, c.second, 1, a2, half);
    body.mask("g1", "dx2", "y1", y1, bits(c.first, half));
    body.line("%d1 = nn.max_unpool2d %g1, %i1 size = [" + wide + ", " + wide +
              "] : (" + y1 + ", " + body.images(c.first, half, "i32") +
              ") -> " + a1);
    body.line("%db1 = nn.reduce_sum %g1 axes = [0, 2, 3] : " + y1 + " -> " +
              typeText({c.first}, body.element));
    body.line("%dw1 = nn.conv2d_weight_gradient %x, %d1 kernel = [3, 3]" +
              body.window(0) + x0 + ", " + a1 + ") -> " + w1);

    auto bias = [&](int64_t channels) {
      return typeText({channels}, body.element);
    };
    std::vector<Operand> arguments{
        {"x", x0, random(c.samples * 2 * c.size * c.size)},
        {"w1", w1, random(c.first * 2 * 9)},
        {"b1", bias(c.first), random(c.first)},
        {"w2", w2, random(c.second * c.first * 9)},
        {"b2", bias(c.second), random(c.second)},
        {"w3", w3, random(c.third * c.second * 9)},
        {"b3", bias(c.third), random(c.third)},
        {"dy", y3, random(c.samples * c.third * last * last)}};
    std::vector<Operand> results{{"y3", y3},  {"db3", bias(c.third)},
                                 {"dw3", w3}, {"db2", bias(c.second)},
                                 {"dw2", w2}, {"db1", bias(c.first)},
                                 {"dw1", w1}};
    auto found =
        c.isWide ? run<double>(arguments, body.all, results, c.samples, c.batch)
                 : run<float>(arguments, body.all, results, c.samples, c.batch);
    ASSERT_EQ(found.size(), results.size());
    auto module = parse(arguments, body.all, results);
    using Shape = std::vector<int64_t>;
    std::vector<Shape> shapes{{c.samples, 2, c.size, c.size},
                              {c.first, 2, 3, 3},
                              {c.first},
                              {c.second, c.first, 3, 3},
                              {c.second},
                              {c.third, c.second, 3, 3},
                              {c.third},
                              {c.samples, c.third, last, last}};
    std::vector<reference::Tensor> tensors;
    for (auto [shape, argument] : llvm::zip(shapes, arguments))
      tensors.emplace_back(shape, argument.numbers);
    auto expected = reference::evaluate(
        module->lookupSymbol<mlir::func::FuncOp>("f"), tensors);
    ASSERT_TRUE(succeeded(expected));
    // Whole numbers below 2^24: sums are exact in f32.
    for (auto [i, tensor] : llvm::enumerate(*expected)) {
      llvm::ArrayRef<double> values = tensor.floats();
      for (double value : values)
        ASSERT_LT(std::abs(value), double(1 << 24));
      ASSERT_GE(found[i].size(), values.size());
      EXPECT_EQ(Numbers(found[i].begin(), found[i].begin() + values.size()),
                Numbers(values))
          << "result " << results[i].name << " of filters " << c.first << ", "
          << c.second << ", " << c.third << " and " << c.samples << " of "
          << c.batch << " images";
    }
  }
}

TEST_F(ImageLayoutsTest, ChainsAsTheReference) {
  expectAsReference({{10, 7, 6, 12, 16, 16},
                     {25, 50, 20, 13, 37, 40},
                     {5, 33, 16, 14, 48, 48},
                     {16, 16, 16, 14, 17, 32},
                     {25, 10, 9, 12, 128, 128},
                     {12, 8, 5, 12, 1, 128},
                     {9, 10, 7, 12, 13, 24, true},
                     {8, 16, 4, 13, 16, 16, true}});
}

#ifdef __x86_64__
// Vectors of 8 images, or of 4.
TEST_F(ImageLayoutsTest, ChainsInShorterVectors) {
  target = *TargetDescription::named("x86-64-v3");
  expectAsReference({{10, 7, 6, 12, 13, 16},
                     {25, 12, 9, 13, 37, 40},
                     {8, 16, 4, 12, 29, 64},
                     {9, 10, 7, 12, 9, 12, true}});
}
#endif

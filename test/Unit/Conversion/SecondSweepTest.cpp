//===- SecondSweepTest.cpp - Cells whose write-back takes two sweeps ------===//

#include "CompiledFunction.h"
#include <cmath>
#include <random>

using namespace nnc;
using namespace nnc::test;

namespace {
class SecondSweepTest : public CompiledFunctionTest {
protected:
  Operand random(const std::string &name, std::vector<int64_t> shape,
                 const std::string &type) {
    std::uniform_real_distribution<double> number(-1, 1);
    int64_t count = 1;
    for (int64_t size : shape)
      count *= size;
    Operand result{name, type, Numbers(count)};
    for (double &value : result.numbers)
      value = static_cast<float>(number(generator));
    return result;
  }

  std::mt19937 generator{5};
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
} // namespace

/// Two steps of an LSTM: h and tanh(c) wait for the gates. Units and rows
/// around the edges of vectors and tiles, fewer samples than there is room for.
TEST_F(SecondSweepTest, TwoStepsOfAnLSTM) {
  for (int64_t batch : {16, 37})
    for (int64_t units : {8, 16, 30, 50}) {
      int64_t samples = batch - 3, width = 4 * units;
      std::string columns = std::to_string(units);
      auto open = [&](int64_t n) {
        return "tensor<?x" + std::to_string(n) + "xf32, #nn.dims<batch, " +
               std::to_string(n) + ">>";
      };
      Operand h = random("h0", {batch, units}, open(units));
      Operand c = random("c0", {batch, units}, open(units));
      Operand u = random("u", {units, width}, typeText({units, width}, "f32"));
      std::string part = open(units), body;
      auto apply = [&](const std::string &to, const std::string &op,
                       const std::string &from) {
        body += "%" + to + " = nn." + op + " " + from + " : " + part + "\n";
      };
      for (int step = 1; step <= 2; ++step) {
        std::string n = std::to_string(step), last = std::to_string(step - 1);
        body += "%p" + n + " = nn.matmul %h" + last + ", %u : (" + part + ", " +
                u.type + ") -> " + open(width) + "\n";
        for (int gate = 0; gate < 4; ++gate)
          body += "%s" + n + std::to_string(gate) + " = nn.slice %p" + n +
                  " starts = [0, " + std::to_string(gate * units) +
                  "] steps = [1, 1] : " + open(width) + " -> " + part + "\n";
        apply("i" + n, "sigmoid", "%s" + n + "0");
        apply("f" + n, "sigmoid", "%s" + n + "1");
        apply("g" + n, "tanh", "%s" + n + "2");
        apply("o" + n, "sigmoid", "%s" + n + "3");
        apply("old" + n, "mul", "%f" + n + ", %c" + last);
        apply("new" + n, "mul", "%i" + n + ", %g" + n);
        apply("c" + n, "add", "%old" + n + ", %new" + n);
        apply("t" + n, "tanh", "%c" + n);
        apply("h" + n, "mul", "%o" + n + ", %t" + n);
      }
      // What the first step gives is read behind it.
      apply("all", "add", "%t1, %h2");
      apply("y", "add", "%all, %i1");
      auto found = run<float>({h, c, u}, body, {{"y", part}, {"c2", part}},
                              samples, batch);
      ASSERT_EQ(found.size(), 2u);
      for (int64_t row = 0; row < samples; ++row) {
        Numbers state(units), hidden(units), first(units);
        for (int64_t j = 0; j < units; ++j) {
          state[j] = c.numbers[row * units + j];
          hidden[j] = h.numbers[row * units + j];
        }
        for (int step = 1; step <= 2; ++step) {
          Numbers sums(width);
          for (int64_t j = 0; j < width; ++j)
            for (int64_t k = 0; k < units; ++k)
              sums[j] += hidden[k] * u.numbers[k * width + j];
          for (int64_t j = 0; j < units; ++j) {
            double input = sigmoid(sums[j]);
            state[j] = sigmoid(sums[units + j]) * state[j] +
                       input * std::tanh(sums[2 * units + j]);
            hidden[j] = sigmoid(sums[3 * units + j]) * std::tanh(state[j]);
            if (step == 1)
              first[j] = std::tanh(state[j]) + input;
          }
        }
        // Sums of up to 50 products below 1 in f32, twice.
        for (int64_t j = 0; j < units; ++j) {
          EXPECT_NEAR(found[0][row * units + j], first[j] + hidden[j], 2e-5)
              << batch << " rows, " << units << " units at " << row << ", "
              << j;
          EXPECT_NEAR(found[1][row * units + j], state[j], 2e-5)
              << batch << " rows, " << units << " units at " << row << ", "
              << j;
        }
      }
    }
}

/// Without gates there is room for one value between the sweeps; a second
/// result would need two.
TEST_F(SecondSweepTest, ChainsBehindOnePanel) {
  for (bool two : {false, true})
    for (int64_t columns : {16, 45}) {
      int64_t rows = 21, depth = 19;
      Operand x = random("x", {rows, depth}, typeText({rows, depth}, "f32"));
      Operand w =
          random("w", {depth, columns}, typeText({depth, columns}, "f32"));
      Operand b =
          random("b", {rows, columns}, typeText({rows, columns}, "f32"));
      std::string type = b.type;
      std::string body = "%p = nn.matmul %x, %w : (" + x.type + ", " + w.type +
                         ") -> " + type + "\n%s = nn.sigmoid %p : " + type +
                         "\n%m = nn.mul %s, %b : " + type +
                         "\n%t = nn.tanh %m : " + type + "\n%a = nn.add %t, %" +
                         (two ? "s" : "b") + " : " + type +
                         "\n%r = nn.reduce_sum %a axes = [0] : " + type +
                         " -> tensor<" + std::to_string(columns) + "xf32>\n";
      auto found =
          run<float>({x, w, b}, body, {{"r", typeText({columns}, "f32")}});
      ASSERT_EQ(found.size(), 1u);
      for (int64_t j = 0; j < columns; ++j) {
        double total = 0;
        for (int64_t i = 0; i < rows; ++i) {
          double sum = 0, bias = b.numbers[i * columns + j];
          for (int64_t k = 0; k < depth; ++k)
            sum += x.numbers[i * depth + k] * w.numbers[k * columns + j];
          total += std::tanh(sigmoid(sum) * bias) + (two ? sigmoid(sum) : bias);
        }
        // 21 rows of sums of 19 products.
        EXPECT_NEAR(found[0][j], total, 1e-4) << columns << " at " << j;
      }
    }
}

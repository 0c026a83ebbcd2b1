//===- RepetitionTest.cpp - Entries that repeat calls in loops ------------===//

#include "CompiledFunction.h"
#include <algorithm>

using namespace nnc;
using namespace nnc::test;

namespace {
class RepetitionTest : public CompiledFunctionTest {
protected:
  /// How many calls of kernels stand in the entry, a loop's once.
  int64_t countCalls(const std::vector<Operand> &arguments,
                     const std::string &body,
                     const std::vector<Operand> &results, bool profile) {
    auto module = parse(arguments, body, results);
    ProgramOptions options;
    options.target = *TargetDescription::host();
    options.profile = profile;
    auto lowered = lowerModule(*module, options);
    EXPECT_TRUE(lowered) << render(lowered.error());
    int64_t calls = 0;
    auto entry =
        lowered->kernels->lookupSymbol<mlir::func::FuncOp>(options.entry);
    entry.walk([&](mlir::func::CallOp call) {
      calls += call.getCallee() != "barrier";
    });
    return calls;
  }
};
} // namespace

/// Steps of a recurrence: the state alternates between two buffers, and each
/// step reads a row of its own. \p perStep kernels a step.
TEST_F(RepetitionTest, StepsOfRecurrences) {
  const int64_t size = 20, rows = 3;
  for (int64_t perStep : {1, 2})
    for (int64_t steps : {1, 2, 5, 9}) {
      std::string whole = typeText({steps, size}, "f32");
      std::string part = typeText({rows, size}, "f32");
      Operand h{"h0", part}, w{"w", typeText({size, size}, "f32")},
          b{"b", whole};
      for (int64_t i = 0; i < rows * size; ++i)
        h.numbers.push_back(double(i % 7) / 8 - 0.25);
      for (int64_t i = 0; i < size * size; ++i)
        w.numbers.push_back(double(i % 11) / 32 - 0.125);
      for (int64_t i = 0; i < steps * size; ++i)
        b.numbers.push_back(double(i % 13) / 16 - 0.5);
      std::string body;
      std::vector<double> state = h.numbers;
      for (int64_t step = 0; step < steps; ++step) {
        std::string n = std::to_string(step + 1), last = std::to_string(step);
        std::string row = typeText({1, size}, "f32"),
                    vector = typeText({size}, "f32");
        body += "%s" + n + " = nn.slice %b starts = [" + last +
                ", 0] steps = [1, 1] : " + whole + " -> " + row + "\n%v" + n +
                " = nn.reshape %s" + n + " : " + row + " -> " + vector +
                "\n%r" + n + " = nn.broadcast %v" + n +
                " dimensions = [1] : " + vector + " -> " + part + "\n";
        for (int64_t number = 0; number < perStep; ++number) {
          std::string from =
              number ? "%m" + n : "%h" + last; // Two products in a row.
          std::string to = number + 1 < perStep ? "%m" + n : "%p" + n;
          body += to + " = nn.matmul " + from + ", %w : (" + part + ", " +
                  w.type + ") -> " + part + "\n";
          std::vector<double> product(rows * size);
          for (int64_t i = 0; i < rows; ++i)
            for (int64_t j = 0; j < size; ++j)
              for (int64_t k = 0; k < size; ++k)
                product[i * size + j] +=
                    state[i * size + k] * w.numbers[k * size + j];
          state = product;
        }
        body += "%a" + n + " = nn.add %p" + n + ", %r" + n + " : " + part +
                "\n%h" + n + " = nn.relu %a" + n + " : " + part + "\n";
        for (int64_t i = 0; i < rows * size; ++i)
          state[i] =
              std::max(0.0, state[i] + b.numbers[step * size + i % size]);
      }
      std::vector<Operand> results{{"h" + std::to_string(steps), part}};
      auto found = run<float>({h, w, b}, body, results);
      ASSERT_EQ(found.size(), 1u);
      // At most nine products of sums of 20 numbers, which do not grow.
      for (int64_t i = 0; i < rows * size; ++i)
        EXPECT_NEAR(found[0][i], state[i], 1e-4)
            << steps << " steps of " << perStep << " at " << i;
      int64_t in = countCalls({h, w, b}, body, results, false);
      // A profiled program has a clock between any two calls.
      int64_t all = countCalls({h, w, b}, body, results, true);
      EXPECT_GE(all, steps * perStep);
      if (steps == 9)
        EXPECT_LE(in, all - 6) << perStep;
      else if (steps <= 2)
        EXPECT_EQ(in, all) << perStep;
    }
}

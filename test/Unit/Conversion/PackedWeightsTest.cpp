//===- PackedWeightsTest.cpp - Products that read weights in panels -------===//
//
// The same bits as without packing, which other tests hold against the
// reference: each element is one sum in the same order.
//
//===----------------------------------------------------------------------===//

#include "CompiledFunction.h"
#include <random>

using namespace nnc;
using namespace nnc::test;

namespace {
class PackedWeightsTest : public CompiledFunctionTest {
protected:
  Operand random(const std::string &name, std::vector<int64_t> shape,
                 const std::string &element) {
    std::uniform_real_distribution<double> number(-1, 1);
    int64_t count = 1;
    for (int64_t size : shape)
      count *= size;
    Operand result{name, typeText(shape, element), Numbers(count)};
    for (double &value : result.numbers)
      value = static_cast<float>(number(generator));
    return result;
  }

  /// The function of \p text for this machine, of which \p packs says whether
  /// products read panels; nothing, and a failure, if it does not compile.
  std::unique_ptr<Executable> compiled(const std::string &text,
                                       ProgramOptions options, bool packs) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(module) << text;
    if (!module)
      return nullptr;
    options.target = *TargetDescription::host();
    options.graph.panelColumns = options.target.panelColumns();
    auto program = compileProgram(*module, options);
    EXPECT_TRUE(program) << render(program.error()) << text;
    if (!program)
      return nullptr;
    std::string fused;
    llvm::raw_string_ostream(fused) << *module;
    EXPECT_EQ(fused.find("nn.panel_matmul") != std::string::npos, packs)
        << fused;
    return std::make_unique<Executable>(std::move(*program));
  }

  /// Expects the same bits with and without packing, on 1 to 4 threads, in the
  /// first call and in one that uses what the first one packed.
  template <typename T>
  void check(const std::vector<Operand> &arguments, const std::string &body,
             const Operand &result, bool packs) {
    std::string text = functionOf(arguments, body, {result});
    // The last argument is the weight.
    size_t at = text.find(arguments.back().type + ")");
    text.insert(at + arguments.back().type.size(),
                " {nn.role = \"parameter\"}");
    std::vector<Numbers> plain;
    for (bool keeps : {false, true}) {
      ProgramOptions options;
      options.graph.keepsPrepared = keeps;
      auto executable = compiled(text, options, keeps && packs);
      ASSERT_TRUE(executable);
      for (unsigned threads : {1u, 2u, 3u, 4u})
        for (bool again : {false, true}) {
          auto found = runOnce<T>(*executable, arguments, 1, threads, again);
          if (plain.empty())
            plain = found;
          EXPECT_EQ(found, plain) << text << threads << " threads";
        }
    }
  }

  std::mt19937 generator{11};
};
} // namespace

TEST_F(PackedWeightsTest, ProductsAroundTheEdgesOfTiles) {
  for (int64_t rows : {1, 3, 13, 16})
    for (int64_t columns : {31, 32, 100, 128, 130})
      for (int64_t depth : {16, 17})
        for (bool turned : {false, true}) {
          Operand x = random("x", {rows, depth}, "f32");
          Operand w = random("w",
                             turned ? std::vector<int64_t>{columns, depth}
                                    : std::vector<int64_t>{depth, columns},
                             "f32");
          Operand y{"y", typeText({rows, columns}, "f32")};
          std::string body = "%p = nn.matmul %x, %w" +
                             std::string(turned ? " transpose_b" : "") +
                             " : (" + x.type + ", " + w.type + ") -> " +
                             y.type + "\n%y = nn.relu %p : " + y.type + "\n";
          int64_t lanes = TargetDescription::host()->lanes(4);
          int64_t width = (rows == 1 ? 8 : 2) * lanes;
          int64_t room = (columns + width - 1) / width * width;
          check<float>({x, w}, body, y,
                       (room - columns) * 4 <= columns &&
                           !(turned && rows <= 4));
        }
}

TEST_F(PackedWeightsTest, DoublePrecision) {
  for (int64_t rows : {1, 6}) {
    Operand x = random("x", {rows, 19}, "f64"),
            w = random("w", {19, 128}, "f64");
    Operand y{"y", typeText({rows, 128}, "f64")};
    check<double>({x, w},
                  "%y = nn.matmul %x, %w : (" + x.type + ", " + w.type +
                      ") -> " + y.type + "\n",
                  y, true);
  }
}

/// A cell's products, cut into its gates.
TEST_F(PackedWeightsTest, Gates) {
  for (int64_t rows : {1, 5})
    for (int64_t gates : {2, 3, 4})
      for (int64_t units : {64, 120}) {
        Operand h = random("h", {rows, 24}, "f32");
        Operand u = random("u", {24, gates * units}, "f32");
        std::string whole = typeText({rows, gates * units}, "f32");
        Operand y{"y", typeText({rows, units}, "f32")};
        std::string body = "%p = nn.matmul %h, %u : (" + h.type + ", " +
                           u.type + ") -> " + whole + "\n";
        for (int64_t gate = 0; gate < gates; ++gate)
          body += "%g" + std::to_string(gate) + " = nn.slice %p starts = [0, " +
                  std::to_string(gate * units) + "] steps = [1, 1] : " + whole +
                  " -> " + y.type + "\n";
        for (int64_t gate = 1; gate < gates; ++gate) {
          std::string last =
              gate + 1 == gates ? "y" : "m" + std::to_string(gate);
          std::string before =
              gate == 1 ? "g0" : "m" + std::to_string(gate - 1);
          body += "%" + last + " = nn." + (gate == 1 ? "mul" : "sub") + " %" +
                  before + ", %g" + std::to_string(gate) + " : " + y.type +
                  "\n";
        }
        check<float>({h, u}, body, y, true);
      }
}

/// Steps of a recurrence, whose many rows share what is packed in each call,
/// against each op alone. The weight may change, so nothing is kept.
TEST_F(PackedWeightsTest, ProductsThatShareTheirOperand) {
  for (int64_t rows : {5, 27, 64, 131})
    for (int64_t units : {32, 50, 64})
      for (bool turned : {false, true}) {
        Operand h = random("h", {rows, units}, "f32");
        Operand u = random("u", {units, units}, "f32");
        Operand y{"y", h.type};
        std::string body;
        for (int64_t step = 0; step < 4; ++step) {
          std::string number = std::to_string(step);
          body += "%p" + number + " = nn.matmul %" +
                  (step ? "r" + std::to_string(step - 1) : "h") + ", %u" +
                  (turned ? " transpose_b" : "") + " : (" + h.type + ", " +
                  u.type + ") -> " + h.type + "\n%" +
                  (step == 3 ? "y" : "r" + number) + " = nn.relu %p" + number +
                  " : " + h.type + "\n";
        }
        std::string text = functionOf({h, u}, body, {y});
        int64_t lanes = TargetDescription::host()->lanes(4);
        int64_t room = (units + 2 * lanes - 1) / (2 * lanes) * 2 * lanes;
        bool packs = (room - units) * 4 <= units;
        std::vector<Numbers> alone;
        for (int level : {0, 2}) {
          ProgramOptions options;
          options.graph.optimizationLevel = level;
          auto executable = compiled(text, options, level > 0 && packs);
          ASSERT_TRUE(executable);
          for (unsigned threads : {1u, 2u, 3u, 4u}) {
            auto found = runOnce<float>(*executable, {h, u}, 1, threads, false);
            if (alone.empty())
              alone = found;
            EXPECT_EQ(found, alone) << text << threads << " threads";
          }
        }
      }
}

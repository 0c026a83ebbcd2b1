//===- PrinterTest.cpp - Trees as text, formatting of files ---------------===//

#include "nnc/Language/Printer.h"
#include "TestFiles.h"
#include "nnc/Language/Parser.h"
#include <gtest/gtest.h>

using namespace nnc;
using namespace nnc::ast;

namespace {

std::unique_ptr<File> parseGood(std::string text) {
  Diagnostics diagnostics;
  auto file =
      parse(std::make_shared<SourceFile>("t.nn", std::move(text)), diagnostics);
  for (const Error &error : diagnostics.errors())
    ADD_FAILURE() << render(error);
  return file;
}

std::string format(std::string text) {
  Diagnostics diagnostics;
  auto formatted = formatSource(
      std::make_shared<SourceFile>("t.nn", std::move(text)), diagnostics);
  for (const Error &error : diagnostics.errors())
    ADD_FAILURE() << render(error);
  return formatted.value_or("");
}

std::string printExpr(std::string text) {
  Expected<ParsedExpr> parsed = parseExpression(std::move(text));
  EXPECT_TRUE(parsed.has_value());
  return parsed ? print(*parsed->expr) : "";
}

class ExampleFormat : public ::testing::TestWithParam<std::string> {};

TEST_P(ExampleFormat, ParsesAgainToAnEqualTree) {
  auto file = parseGood(test::readFile(GetParam()));
  std::string printed = print(*file);
  auto again = parseGood(printed);
  EXPECT_TRUE(equal(*file, *again)) << printed;
  EXPECT_EQ(print(*again), printed);
  EXPECT_EQ(again->comments.size(), file->comments.size());
}

TEST_P(ExampleFormat, IsFormatted) {
  std::string text = test::readFile(GetParam());
  EXPECT_EQ(format(text), text);
}

INSTANTIATE_TEST_SUITE_P(All, ExampleFormat,
                         ::testing::ValuesIn(test::listFiles("examples", true)),
                         test::fileParamName);

} // namespace

TEST(Printer, ExpressionsKeepTheirMeaning) {
  for (const char *text :
       {"a - b - c",
        "a - (b - c)",
        "(a + b) * c",
        "-x ** 2",
        "(-x) ** 2",
        "2 ** -x",
        "a ** b ** c",
        "(a ** b) ** c",
        "not (a and b)",
        "(not a) == b",
        "not a == b",
        "a or b and c",
        "(a or b) and c",
        "x[..., 1:, :k, 2]",
        "f(x, rate = 0.5)(y)[0]",
        "[1, [2.5, 1e-3]]",
        "\"q\\\"\\\\\\n\\t\"",
        "`a.b` + `in`",
        "a // b % c @ d",
        "if a { yield 1 } else if b { yield 2 } else { yield 3 }",
        "repeat (; i in range(3)) { yield i }",
        "- -x"}) {
    Expected<ParsedExpr> parsed = parseExpression(text);
    ASSERT_TRUE(parsed.has_value()) << text;
    std::string printed = print(*parsed->expr);
    Expected<ParsedExpr> again = parseExpression(printed);
    ASSERT_TRUE(again.has_value()) << printed;
    EXPECT_TRUE(equal(*parsed->expr, *again->expr)) << printed;
  }
  EXPECT_EQ(printExpr("a*(b)+ c"), "a * (b) + c");
}

TEST(Printer, AddsParenthesesWhereATreeNeedsThem) {
  auto name = [](const char *text) {
    auto node = std::make_unique<NameExpr>();
    node->name = text;
    return node;
  };
  auto sum = std::make_unique<BinaryExpr>();
  sum->op = BinaryOp::Add;
  sum->lhs = name("a");
  sum->rhs = name("b");
  BinaryExpr power;
  power.op = BinaryOp::Power;
  power.lhs = std::move(sum);
  auto two = std::make_unique<NumberExpr>();
  two->isInteger = false;
  two->value = 2;
  power.rhs = std::move(two);
  EXPECT_EQ(print(power), "(a + b) ** 2.0");
}

TEST(Printer, TypesAndNames) {
  auto file = parseGood("model m(x: f32[..., 2*n], `in`: i64[]) -> bool[] {\n"
                        "return x }");
  EXPECT_EQ(print(*file), "model m(x: f32[..., 2 * n], `in`: i64[]) -> bool[] "
                          "{\n  return x\n}\n");
  EXPECT_EQ(printFloat(1), "1.0");
  EXPECT_EQ(printFloat(1e-30), "1e-30");
}

TEST(Format, KeepsCommentsAndSingleBlankLines) {
  EXPECT_EQ(format("# head\n"
                   "nnc 1 # version\n"
                   "\n\n\n"
                   "# about k\n"
                   "const k=1   # one\n"
                   "const j = 2\n"
                   "train m {   # why\n"
                   "   # first\n"
                   "\n"
                   "   epochs=3  # few\n"
                   "\n\n"
                   "   # last\n"
                   "}\n"
                   "# end\n"),
            "# head\n"
            "nnc 1  # version\n"
            "\n"
            "# about k\n"
            "const k = 1  # one\n"
            "const j = 2\n"
            "\n"
            "train m {  # why\n"
            "  # first\n"
            "\n"
            "  epochs = 3  # few\n"
            "\n"
            "  # last\n"
            "}\n"
            "# end\n");
}

TEST(Format, MovesCommentsOutOfExpressions) {
  EXPECT_EQ(format("const a = [1, # one\n 2]\n"), "# one\nconst a = [1, 2]\n");
}

TEST(Format, BreaksLongLines) {
  std::string text = "const a = [";
  for (int i = 0; i < 60; ++i)
    text += std::to_string(i) + ", ";
  text += "60]\nlayer f(x: f32[batch, n], alpha: float = 0.5, beta: float = "
          "0.25, gamma: float = 0.125, delta: float = 1.0) -> f32[batch, n] "
          "{\n  y = combine(first_argument = x, second_argument = alpha * x, "
          "third_argument = beta, fourth_argument = gamma)\n"
          "  return aaaaaaaaaaaaaaaaaaaaaaaaaa * xxxxxxxxxxxxxxxxxxxxxx + "
          "bbbbbbbbbbbbbbbbbbbbbbbbbbb * yyyyyyyyyyyyyyyyyyyyyyyyyy - "
          "cccccccccccccccccc\n}\n";
  std::string formatted = format(text);
  size_t begin = 0;
  while (begin < formatted.size()) {
    size_t end = formatted.find('\n', begin);
    EXPECT_LE(end - begin, printWidth);
    begin = end + 1;
  }
  EXPECT_EQ(format(formatted), formatted);
  EXPECT_TRUE(equal(*parseGood(text), *parseGood(formatted)));
  EXPECT_NE(formatted.find("\n    + bbb"), std::string::npos) << formatted;
  EXPECT_NE(formatted.find("(\n  x: f32[batch, n],\n"), std::string::npos);
}

TEST(Format, KeepsOneLineBlocks) {
  const char *text = "model m {\n"
                     "  fn f(x: f32[]) -> f32[] { return x }\n"
                     "  fn g(x: f32[]) -> f32[] {\n"
                     "    y = if training { yield x } else { yield -x }\n"
                     "    return y\n"
                     "  }\n"
                     "}\n";
  EXPECT_EQ(format(text), text);
}

TEST(Format, AlignsAssignmentsInAdjacentLines) {
  EXPECT_EQ(format("train m {\n  data = \"digits\"\n  batch_size = 8\n\n"
                   "  seed = 1\n  # why\n  epochs = 2\n}\n"),
            "train m {\n"
            "  data       = \"digits\"\n"
            "  batch_size = 8\n"
            "\n"
            "  seed = 1\n"
            "  # why\n"
            "  epochs = 2\n"
            "}\n");
  // Names of very different length are left alone.
  EXPECT_EQ(format("const a = 1\nconst long_name_of_it = 2\n"),
            "const a = 1\nconst long_name_of_it = 2\n");
}

//===- ParserTest.cpp - Syntax trees of well-formed text ------------------===//

#include "nnc/Language/Parser.h"
#include "TestFiles.h"
#include <gtest/gtest.h>

using namespace nnc;
using namespace nnc::ast;

namespace {

/// The tree of \p text, which must parse without errors.
std::unique_ptr<File> parseGood(std::string text) {
  Diagnostics diagnostics;
  auto file =
      parse(std::make_shared<SourceFile>("t.nn", std::move(text)), diagnostics);
  for (const Error &error : diagnostics.errors())
    ADD_FAILURE() << render(error);
  return file;
}

ParsedExpr parseGoodExpr(std::string text) {
  Expected<ParsedExpr> parsed = parseExpression(std::move(text));
  EXPECT_TRUE(parsed.has_value()) << render(parsed.error());
  return std::move(*parsed);
}

class ExampleFiles : public ::testing::TestWithParam<std::string> {};

TEST_P(ExampleFiles, Parses) {
  auto file = parseGood(test::readFile(GetParam()));
  EXPECT_FALSE(file->decls.empty());
}

INSTANTIATE_TEST_SUITE_P(All, ExampleFiles,
                         ::testing::ValuesIn(test::listFiles("examples", true)),
                         test::fileParamName);

} // namespace

TEST(Parser, ModelWithTrainBlock) {
  auto file = parseGood("nnc 1\n"
                        "model m(x: f32[batch, 2 * n], k: int = 3)"
                        " -> (y: f32[...], z: i32[]) {\n"
                        "  a, _ = f(x, k, rate = 0.5)\n"
                        "  return a, x[..., 1:, :k]\n"
                        "}\n"
                        "train m { data = \"digits\"\n"
                        "  step s { loss = l } }\n");
  EXPECT_EQ(file->version, 1);
  ASSERT_EQ(file->decls.size(), 2u);
  const auto &model = as<ModelDecl>(*file->decls[0]);
  ASSERT_TRUE(model.function);
  const Signature &signature = model.function->signature;
  ASSERT_EQ(signature.formals.size(), 2u);
  EXPECT_TRUE(signature.formals[0].isTensor());
  EXPECT_EQ(signature.formals[0].type->dims.size(), 2u);
  EXPECT_EQ(signature.formals[1].settingKind, SettingKind::Int);
  ASSERT_EQ(signature.results.size(), 2u);
  EXPECT_TRUE(signature.results[0].type.anyLeading);
  EXPECT_TRUE(signature.results[1].type.dims.empty());
  const Block &body = model.function->body;
  ASSERT_EQ(body.statements.size(), 1u);
  const auto &bind = as<BindStatement>(*body.statements[0]);
  EXPECT_TRUE(bind.names[1].isDropped());
  const auto &call = as<CallExpr>(*bind.value);
  EXPECT_EQ(call.calleeName(), "f");
  EXPECT_EQ(call.arguments[2].name.text, "rate");
  const auto &index = as<IndexExpr>(*body.results[1]);
  ASSERT_EQ(index.subscripts.size(), 3u);
  EXPECT_EQ(index.subscripts[0].kind, SubscriptKind::Ellipsis);
  EXPECT_EQ(index.subscripts[1].kind, SubscriptKind::Slice);
  EXPECT_EQ(index.subscripts[1].last, nullptr);
  EXPECT_EQ(index.subscripts[2].first, nullptr);
  const auto &train = as<TrainDecl>(*file->decls[1]);
  EXPECT_EQ(train.settings[0].name.text, "data");
  EXPECT_EQ(train.steps[0].settings[0].name.text, "loss");
  SourcePosition place = bind.value->range.position();
  EXPECT_EQ(place.line, 3u);
  EXPECT_EQ(place.column, 10u);
  EXPECT_EQ(place.lineText, "  a, _ = f(x, k, rate = 0.5)");
}

TEST(Parser, Precedence) {
  auto same = [](const char *a, const char *b) {
    return equal(*parseGoodExpr(a).expr, *parseGoodExpr(b).expr);
  };
  EXPECT_TRUE(same("-x ** 2", "-(x ** 2)"));
  EXPECT_TRUE(same("a - b - c", "(a - b) - c"));
  EXPECT_FALSE(same("a - b - c", "a - (b - c)"));
  EXPECT_TRUE(same("a ** b ** c", "a ** (b ** c)"));
  EXPECT_TRUE(same("2 ** -x", "2 ** (-x)"));
  EXPECT_TRUE(same("a + b * c @ d", "a + ((b * c) @ d)"));
  EXPECT_TRUE(same("not a == b and c or d", "((not (a == b)) and c) or d"));
  EXPECT_TRUE(same("a + b < c * d", "(a + b) < (c * d)"));
  EXPECT_TRUE(same("-a * b", "(-a) * b"));
  EXPECT_TRUE(same("a\n+ b", "a + b"));
}

TEST(Parser, LoopsAndBranches) {
  auto parsed = parseGoodExpr("scan reverse (h = zeros([n]), c = 0; "
                              "xt in x along time, t in range(3)) {\n"
                              "  next h = xt\n  next c = c\n  yield h\n}");
  const auto &loop = as<LoopExpr>(*parsed.expr);
  EXPECT_EQ(loop.loop, LoopKind::Scan);
  EXPECT_TRUE(loop.reverse);
  EXPECT_EQ(loop.carries.size(), 2u);
  ASSERT_EQ(loop.sources.size(), 2u);
  EXPECT_EQ(loop.sources[0].axisName->text, "time");
  EXPECT_EQ(loop.body.end, BlockEnd::Yield);
  parsed = parseGoodExpr("if a { yield 1 } else if b { yield 2 } "
                         "else { yield 3 }");
  const auto &branch = as<IfExpr>(*parsed.expr);
  ASSERT_NE(branch.elseIf, nullptr);
  EXPECT_EQ(as<IfExpr>(*branch.elseIf).elseBlock.results.size(), 1u);
}

TEST(Parser, BackquotedNamesAndEscapes) {
  auto file = parseGood("const `a.b/c` = \"q\\\"\\n\\t\\\\\"\n");
  const auto &constant = as<ConstDecl>(*file->decls[0]);
  EXPECT_EQ(constant.name.text, "a.b/c");
  EXPECT_EQ(as<StringExpr>(*constant.value).value, "q\"\n\t\\");
}

//===- RobustnessTest.cpp - Broken, huge and deep text --------------------===//

#include "TestFiles.h"
#include "nnc/Language/Parser.h"
#include "nnc/Language/Printer.h"
#include "nnc/Language/TrainSettings.h"
#include <gtest/gtest.h>
#include <random>

using namespace nnc;
using namespace nnc::ast;

namespace {

/// Runs the whole library over \p text. What parses must print to text that
/// parses to the same tree, and formatting must be stable. Returns true if it
/// parsed.
bool exercise(const std::string &text) {
  Diagnostics diagnostics;
  auto file = parse(std::make_shared<SourceFile>("t.nn", text), diagnostics);
  EXPECT_LE(diagnostics.errors().size(), Diagnostics::maxErrors);
  for (const Error &error : diagnostics.errors()) {
    EXPECT_GT(error.position.line, 0u) << error.message;
    EXPECT_FALSE(render(error).empty());
  }
  if (diagnostics.hasErrors())
    return false;
  std::string printed = print(*file);
  Diagnostics again;
  auto second = parse(std::make_shared<SourceFile>("p.nn", printed), again);
  EXPECT_FALSE(again.hasErrors()) << text << "\n---\n"
                                  << printed << render(again.errors().front());
  EXPECT_TRUE(equal(*file, *second)) << text << "\n---\n" << printed;
  EXPECT_EQ(print(*second), printed) << text;
  EXPECT_EQ(file->comments.size(), second->comments.size()) << text;
  Diagnostics program;
  if (auto loaded = loadProgram("t.nn", text, program))
    resolveTrain(*loaded, std::nullopt, {}, program);
  return true;
}

class Mutator {
public:
  explicit Mutator(std::vector<std::string> seeds)
      : seeds(std::move(seeds)), random(1) {}

  std::string next() {
    std::string text = seeds[below(seeds.size())];
    for (size_t i = 0, count = 1 + below(3); i < count && !text.empty(); ++i)
      mutate(text);
    return text;
  }

private:
  size_t below(size_t limit) { return random() % limit; }

  void mutate(std::string &text) {
    size_t at = below(text.size());
    size_t length = std::min(text.size() - at, 1 + below(12));
    switch (below(8)) {
    case 0:
      text.erase(at, length);
      break;
    case 1:
      text.insert(below(text.size()), text.substr(at, length));
      break;
    case 2:
      text[at] = static_cast<char>(below(256));
      break;
    case 3:
      text.insert(at, tokens[below(std::size(tokens))]);
      break;
    case 4:
      text.resize(at);
      break;
    case 5: {
      const std::string &other = seeds[below(seeds.size())];
      size_t from = below(other.size());
      text.insert(at, other.substr(from, 1 + below(40)));
      break;
    }
    case 6:
      at = text.find_first_of(" \n,({[", at);
      text.insert(at == std::string::npos ? text.size() : at, " # e\n");
      break;
    default:
      text.replace(at, length, tokens[below(std::size(tokens))]);
    }
  }

  static constexpr const char *tokens[] = {
      " (",       ")",      " [",    "]",
      "{",        "}",      ",",     ";",
      ":",        "...",    "->",    "=",
      "==",       "-",      "**",    "not ",
      " and ",    " if ",   "else",  "scan",
      "yield ",   "return", "\n",    "# c\n",
      "\"",       "`a b`",  "1e999", "99999999999999999999",
      "0.5",      "true",   "fn ",   "model ",
      "train ",   "step ",  "next ", "param ",
      "state",    "\\",     "\xff",  "\xc3\xa9",
      "training", " in ",   " ",     "\n\n\n",
      " # d\n"};

  std::vector<std::string> seeds;
  std::mt19937 random;
};

std::string repeated(const char *part, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i)
    text += part;
  return text;
}

ErrorCode codeOf(const std::string &expression) {
  Expected<ParsedExpr> parsed = parseExpression(expression);
  EXPECT_FALSE(parsed.has_value());
  return parsed ? ErrorCode::internal : parsed.error().code;
}

} // namespace

TEST(Robustness, MutatedExamples) {
  std::vector<std::string> seeds;
  for (const std::string &path : test::listFiles("examples", true))
    seeds.push_back(test::readFile(path));
  ASSERT_FALSE(seeds.empty());
  Mutator mutator(std::move(seeds));
  unsigned parsed = 0;
  for (int i = 0; i < 8000 && !HasFailure(); ++i)
    parsed += exercise(mutator.next());
  // Both sides of the parser are reached.
  EXPECT_GT(parsed, 300u);
  EXPECT_LT(parsed, 7000u);
}

TEST(Robustness, RandomBytes) {
  std::mt19937 random(2);
  for (int i = 0; i < 500; ++i) {
    std::string text(random() % 200, '\0');
    for (char &c : text)
      c = static_cast<char>(random());
    exercise(text);
  }
}

TEST(Robustness, DeepNestingIsAnError) {
  for (const char *opening : {"(", "[", "-", "not ", "f(", "a[", "2 ** "})
    EXPECT_EQ(codeOf(repeated(opening, 100000)), ErrorCode::nestedTooDeeply)
        << opening;
  EXPECT_EQ(codeOf(repeated("if a { yield ", 100000)),
            ErrorCode::nestedTooDeeply);
  EXPECT_EQ(codeOf(repeated("if a { yield 1 } else ", 100000)),
            ErrorCode::nestedTooDeeply);
  EXPECT_TRUE(parseExpression(repeated("(", 255) + "a" + repeated(")", 255)));
  EXPECT_EQ(codeOf(repeated("(", 256) + "a" + repeated(")", 256)),
            ErrorCode::nestedTooDeeply);
}

TEST(Robustness, LongChainsAreAnError) {
  EXPECT_EQ(codeOf("a" + repeated(" + a", 100000)),
            ErrorCode::expressionTooLong);
  EXPECT_EQ(codeOf("a" + repeated("(1)", 100000)),
            ErrorCode::expressionTooLong);
  EXPECT_EQ(codeOf("a" + repeated("[0]", 100000)),
            ErrorCode::expressionTooLong);
  Expected<ParsedExpr> chain = parseExpression("a" + repeated(" + a", 1000));
  ASSERT_TRUE(chain);
  EXPECT_EQ(print(*chain->expr).size(), 4001u);
}

TEST(Robustness, HugeFilesAreAnError) {
  Diagnostics diagnostics;
  parse(std::make_shared<SourceFile>("t.nn",
                                     std::string(maxSourceBytes + 1, ' ')),
        diagnostics);
  ASSERT_EQ(diagnostics.errors().size(), 1u);
  EXPECT_EQ(diagnostics.errors().front().code, ErrorCode::sourceTooLarge);
  Diagnostics good;
  parse(std::make_shared<SourceFile>("t.nn", std::string(maxSourceBytes, '#')),
        good);
  EXPECT_FALSE(good.hasErrors());
}

TEST(Robustness, ErrorsOfAFileAreBounded) {
  Diagnostics diagnostics;
  parse(std::make_shared<SourceFile>("t.nn", repeated("const = 1\n", 1000)),
        diagnostics);
  EXPECT_EQ(diagnostics.errors().size(), Diagnostics::maxErrors);
}

TEST(Robustness, ConstantsCannotGrowWithoutBound) {
  auto errorOf = [](const std::string &text) {
    Diagnostics diagnostics;
    loadProgram("t.nn", text, diagnostics);
    return diagnostics.hasErrors() ? diagnostics.errors().front().code
                                   : ErrorCode::internal;
  };
  std::string laughs = "const a0 = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]\n";
  for (int i = 1; i < 10; ++i) {
    std::string before = "a" + std::to_string(i - 1);
    laughs += "const a" + std::to_string(i) + " = [" +
              repeated((before + ", ").c_str(), 10) + before + "]\n";
  }
  ErrorCode code = errorOf(laughs);
  EXPECT_TRUE(code == ErrorCode::listTooLong ||
              code == ErrorCode::settingsTooLarge);
  std::string list = "const a = [" + repeated("0,", 200000) + "]\n";
  for (int i = 0; i < 40; ++i)
    list += "const b" + std::to_string(i) + " = len(a)\n";
  EXPECT_EQ(errorOf(list), ErrorCode::settingsTooLarge);
  std::string chain = "const c0 = 1\n";
  for (int i = 1; i < 20000; ++i)
    chain += "const c" + std::to_string(i) + " = c" + std::to_string(i - 1) +
             " + 0\n";
  EXPECT_EQ(errorOf(chain), ErrorCode::internal);
  std::string aliases = "const d0 = cosine(1, 2)\n";
  for (int i = 1; i < 20000; ++i)
    aliases += "const d" + std::to_string(i) + " = warmup(d" +
               std::to_string(i - 1) + ", 1)\n";
  Diagnostics diagnostics;
  auto program = loadProgram("t.nn",
                             aliases + "model m { param w: f32[] = ones }\n"
                                       "train m { optimizer = sgd(d19999) }\n",
                             diagnostics);
  ASSERT_TRUE(program);
  EXPECT_FALSE(resolveTrain(*program, std::nullopt, {}, diagnostics));
  EXPECT_EQ(diagnostics.errors().front().code, ErrorCode::nestedTooDeeply);
}

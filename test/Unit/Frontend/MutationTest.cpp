//===- MutationTest.cpp - Models with words changed at random -------------===//

#include "Programs.h"
#include "mlir/Pass/PassManager.h"
#include "nnc/Pipelines/Pipelines.h"
#include <filesystem>
#include <random>

using namespace nnc;
using namespace nnc::test;

namespace {

/// The words, numbers, signs and blanks of \p text, which joined give it back.
std::vector<std::string> wordsOf(const std::string &text) {
  std::vector<std::string> words;
  auto isWord = [](char c) {
    return isalnum(static_cast<unsigned char>(c)) || c == '_';
  };
  for (char c : text) {
    bool joins = !words.empty() && isWord(c) && isWord(words.back().back());
    if (joins)
      words.back() += c;
    else
      words.emplace_back(1, c);
  }
  return words;
}

std::vector<std::string> modelFiles() {
  std::vector<std::string> paths;
  for (const char *folder : {"examples", "test/Numbers"})
    for (const auto &entry :
         std::filesystem::directory_iterator(sourcePath(folder)))
      if (entry.path().extension() == ".nn")
        paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// Builds and simplifies \p text; what is wrong with it must be said at a
/// place of it, and must not be our own mistake.
void exercise(const std::string &text, ProgramKind kind,
              const std::string &loss) {
  TestProgram program(text);
  program.options.train.loss = loss;
  if (!program.build(kind)) {
    EXPECT_NE(program.error.code, ErrorCode::internal)
        << render(program.error) << text;
    return;
  }
  mlir::ScopedDiagnosticHandler quiet(&program.context,
                                      [](mlir::Diagnostic &) {});
  mlir::PassManager passes(&program.context);
  GraphPipelineOptions options;
  options.sizes = {{"batch", 3}, {"time", 5}, {"n", 4}};
  buildSimplifyPipeline(passes, options);
  (void)passes.run(*program.module);
}

} // namespace

// The seed is fixed: each run tries the same texts.
TEST(Mutation, changedWordsNeverBreakTheCompiler) {
  std::mt19937 random(1);
  const std::vector<std::string> pool = {
      "0",      "1",       "-1",       "2.5",
      "1e30",   "x",       "batch",    "[]",
      "none",   "true",    "f64",      "i32",
      "bool",   "sum",     "dense",    "relu",
      "axis",   "split",   "=",        ",",
      "(",      ")",       "\"a\"",    "state",
      "next",   "penalty", "training", "gradient",
      "concat", "range",   "mse",      "9223372036854775807",
      "repeat", "reshape", "...",      "[0]",
      "@",      "**"};
  for (const std::string &path : modelFiles()) {
    std::vector<std::string> words = wordsOf(readFile(path));
    for (int round = 0; round < 60; ++round) {
      std::vector<std::string> changed = words;
      for (int edits = 1 + random() % 3; edits > 0; --edits) {
        size_t at = random() % changed.size();
        if (changed[at] == " " || changed[at] == "\n" || changed[at] == "#")
          continue;
        switch (random() % 4) {
        case 0:
          changed[at] = pool[random() % pool.size()];
          break;
        case 1:
          changed[at] = words[random() % words.size()];
          break;
        case 2:
          changed.erase(changed.begin() + at);
          break;
        case 3:
          std::swap(changed[at], changed[random() % changed.size()]);
          break;
        }
      }
      std::string text;
      for (const std::string &word : changed)
        text += word;
      SCOPED_TRACE(path + ", round " + std::to_string(round));
      exercise(text, ProgramKind::predict, "");
      exercise(text, ProgramKind::trainStep,
               round % 2 ? "mse" : "softmax_cross_entropy");
    }
  }
}

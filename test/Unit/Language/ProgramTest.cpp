//===- ProgramTest.cpp - Imports, constants, choice of the model ----------===//

#include "nnc/Language/Program.h"
#include "TestFiles.h"
#include <cstdio>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace nnc;

namespace {

/// A folder of files that is removed at the end of the test.
class ProgramTest : public ::testing::Test {
protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "nnc-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern + "/";
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  void write(const std::string &name, const std::string &text) {
    std::filesystem::create_directories(
        std::filesystem::path(folder + name).parent_path());
    std::ofstream(folder + name) << text;
  }

  std::unique_ptr<SourceProgram> load(const std::string &name) {
    diagnostics = Diagnostics();
    return loadProgram(folder + name, diagnostics);
  }

  ErrorCode firstCode() const {
    return diagnostics.hasErrors() ? diagnostics.errors().front().code
                                   : ErrorCode::internal;
  }

  std::string folder;
  Diagnostics diagnostics;
  std::unique_ptr<SourceProgram> program;
};

constexpr const char *modelText =
    "model m(x: f32[batch, k]) -> f32[batch, k] {\n  return x\n}\n";

} // namespace

TEST_F(ProgramTest, ImportsAreRelativeToTheImportingFile) {
  write("main.nn",
        std::string("import \"lib/a.nn\"\nconst k = base * 2\n") + modelText);
  write("lib/a.nn", "import \"b.nn\"\nconst base = deep + 1\n"
                    "layer f(x: f32[n]) -> f32[n] {\n  return x\n}\n");
  write("lib/b.nn", "const deep = 3\n");
  auto program = load("main.nn");
  ASSERT_TRUE(program) << render(diagnostics.errors().front());
  EXPECT_EQ(program->files.size(), 3u);
  const LoadedFile &main = program->main();
  EXPECT_EQ(main.folder, folder);
  ASSERT_NE(main.constant("k"), nullptr);
  EXPECT_EQ(main.constant("k")->integer, 8);
  EXPECT_EQ(main.constant("base")->integer, 4);
  // What an import imports stays its own.
  EXPECT_EQ(main.constant("deep"), nullptr);
  EXPECT_NE(main.findLayer("f"), nullptr);
  EXPECT_NE(main.findModel("m"), nullptr);
  EXPECT_EQ(main.findLayer("m"), nullptr);
}

TEST_F(ProgramTest, AFileImportedTwiceIsLoadedOnce) {
  write("main.nn", "import \"a.nn\"\nimport \"b.nn\"\nimport \"./a.nn\"\n");
  write("a.nn", "import \"b.nn\"\nconst a = b\n");
  write("b.nn", "const b = 1\n");
  auto program = load("main.nn");
  ASSERT_TRUE(program) << render(diagnostics.errors().front());
  EXPECT_EQ(program->files.size(), 3u);
  EXPECT_EQ(program->main().imports.size(), 2u);
}

TEST_F(ProgramTest, CyclesNameBothPlaces) {
  write("a.nn", "import \"b.nn\"\n");
  write("b.nn", "\nimport \"c.nn\"\n");
  write("c.nn", "\n\nimport \"b.nn\"\n");
  EXPECT_EQ(load("a.nn"), nullptr);
  ASSERT_EQ(diagnostics.errors().size(), 1u);
  const Error &error = diagnostics.errors().front();
  EXPECT_EQ(error.code, ErrorCode::importCycle);
  EXPECT_EQ(error.position.file, folder + "c.nn");
  EXPECT_EQ(error.position.line, 3u);
  ASSERT_EQ(error.notes.size(), 1u);
  EXPECT_EQ(error.notes[0].position.file, folder + "b.nn");
  write("self.nn", "import \"self.nn\"\n");
  EXPECT_EQ(load("self.nn"), nullptr);
  EXPECT_EQ(firstCode(), ErrorCode::importCycle);
}

TEST_F(ProgramTest, FilesThatCannotBeRead) {
  EXPECT_EQ(load("none.nn"), nullptr);
  EXPECT_EQ(firstCode(), ErrorCode::fileNotFound);
  std::filesystem::create_directory(folder + "d.nn");
  EXPECT_EQ(load("d.nn"), nullptr);
  EXPECT_EQ(firstCode(), ErrorCode::fileRead);
  write("main.nn", "const k = 1\nimport \"gone.nn\"\n");
  EXPECT_EQ(load("main.nn"), nullptr);
  EXPECT_EQ(firstCode(), ErrorCode::fileNotFound);
  EXPECT_EQ(diagnostics.errors().front().position.line, 2u);
}

TEST_F(ProgramTest, ReadsStandardInput) {
  write("input.nn", std::string("const k = 3\n") + modelText);
  int saved = dup(STDIN_FILENO);
  ASSERT_NE(std::freopen((folder + "input.nn").c_str(), "r", stdin), nullptr);
  auto program = loadProgram("-", diagnostics);
  dup2(saved, STDIN_FILENO);
  close(saved);
  std::clearerr(stdin);
  ASSERT_TRUE(program) << render(diagnostics.errors().front());
  EXPECT_EQ(program->main().tree->source->name(), "<stdin>");
  EXPECT_EQ(program->main().folder, "");
  EXPECT_EQ(program->main().constant("k")->integer, 3);
}

TEST_F(ProgramTest, ConstantsMayStandInAnyOrder) {
  write("main.nn", "const a = b + len(c)\nconst b = 2\nconst c = [b, b, b]\n"
                   "const rule = adam(rate)\nconst rate = 1e-2\n"
                   "const n = none\n");
  auto program = load("main.nn");
  ASSERT_TRUE(program) << render(diagnostics.errors().front());
  const LoadedFile &main = program->main();
  EXPECT_EQ(main.constant("a")->integer, 5);
  EXPECT_EQ(main.constant("c")->elements.size(), 3u);
  EXPECT_TRUE(main.constant("n")->isNone());
  EXPECT_EQ(main.constant("rule"), nullptr);
  EXPECT_NE(main.namedConstant("rule"), nullptr);
  EXPECT_EQ(main.namedConstant("a"), nullptr);
}

TEST_F(ProgramTest, ChoosesTheModel) {
  auto choose =
      [&](const char *text,
          std::optional<std::string> name) -> Expected<const ast::ModelDecl *> {
    write("main.nn", text);
    program = load("main.nn");
    if (!program)
      return fail(diagnostics.errors().front());
    return selectModel(*program, name);
  };
  const char *two = "model a { param w: f32[] = ones }\n"
                    "model b { param w: f32[] = ones }\n";
  std::string trained = std::string(two) + "train b { epochs = 1 }\n";
  auto model = choose(two, "b");
  ASSERT_TRUE(model);
  EXPECT_EQ((*model)->name.text, "b");
  model = choose(two, std::nullopt);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::severalModels);
  model = choose(trained.c_str(), std::nullopt);
  ASSERT_TRUE(model);
  EXPECT_EQ((*model)->name.text, "b");
  model = choose(two, "c");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::unknownModel);
  model = choose("const a = 1\n", std::nullopt);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::noModel);
  write("lib.nn", two);
  model = choose("import \"lib.nn\"\ntrain a { epochs = 1 }\n", std::nullopt);
  ASSERT_TRUE(model) << render(model.error());
  EXPECT_EQ((*model)->name.text, "a");
}

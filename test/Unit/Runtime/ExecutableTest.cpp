//===- ExecutableTest.cpp - Calls of programs are checked -----------------===//

#include "nnc/Runtime/Executable.h"
#include "nnc/Support/TileRegisters.h"
#include <cstdlib>
#include <gtest/gtest.h>

using namespace nnc;

/// out[i] = 2 in[i] for the samples of the call.
static void twice(void *const *args, void *, const int64_t *extents,
                  int64_t index, int64_t count, const nnc_rt_team *) {
  auto *in = static_cast<const float *>(args[0]);
  auto *out = static_cast<float *>(args[1]);
  for (int64_t i = index; i < extents[0]; i += count)
    out[i] = 2 * in[i];
}

static Program twiceProgram() {
  Program program;
  program.entry = twice;
  program.signature.batch = 8;
  program.signature.preferredThreads = 2;
  for (Role role : {Role::input, Role::output}) {
    Argument argument;
    argument.name = std::string(nameOf(role));
    argument.role = role;
    argument.shape = {8};
    argument.batched = true;
    program.signature.arguments.push_back(argument);
  }
  return program;
}

TEST(Executable, RunsWithCheckedArguments) {
  Executable executable(twiceProgram());
  AlignedBuffer in(32), out(32);
  auto *values = static_cast<float *>(in.data());
  for (int i = 0; i < 8; ++i)
    values[i] = i;
  std::vector<ArgumentView> views = {{in.data(), 32}, {out.data(), 32}};
  ASSERT_TRUE(executable.run(views, 5));
  auto *results = static_cast<float *>(out.data());
  EXPECT_EQ(results[4], 8.0f);
  EXPECT_EQ(results[5], 0.0f);
}

TEST(Executable, WrongCallsAreRefused) {
  Executable executable(twiceProgram());
  AlignedBuffer in(64), out(32);
  std::vector<ArgumentView> good = {{in.data(), 32}, {out.data(), 32}};
  auto refused = [&](std::vector<ArgumentView> views, int64_t samples) {
    auto result = executable.run(views, samples);
    return !result && result.error().code == ErrorCode::badArguments;
  };
  EXPECT_TRUE(refused({good[0]}, 8));
  EXPECT_TRUE(refused(good, 9));
  EXPECT_TRUE(refused(good, -1));
  EXPECT_TRUE(refused({{in.data(), 28}, good[1]}, 8));
  EXPECT_TRUE(refused({{static_cast<char *>(in.data()) + 4, 32}, good[1]}, 8));
}

TEST(Executable, AnArenaBeyondMemoryIsAnError) {
  Program program = twiceProgram();
  program.signature.arenaBytes = int64_t(1) << 55;
  Executable executable(std::move(program));
  AlignedBuffer in(32), out(32);
  auto result = executable.run({{in.data(), 32}, {out.data(), 32}}, 1);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::outOfMemory);
}

TEST(Executable, TilesRunWhereTheSystemAllowsThem) {
  Program program = twiceProgram();
  program.signature.usesTiles = true;
  Executable executable(std::move(program));
  AlignedBuffer in(32), out(32);
  auto result = executable.run({{in.data(), 32}, {out.data(), 32}}, 1);
  EXPECT_EQ(result.has_value(), requestTileRegisters());
  if (!result)
    EXPECT_EQ(result.error().code, ErrorCode::unsupported);
}

TEST(CompilerLoader, AMissingLibraryIsAnError) {
  setenv("NNC_COMPILER_LIBRARY", "/nonexistent/libnnc-compiler.so", 1);
  auto compiler = openCompiler();
  unsetenv("NNC_COMPILER_LIBRARY");
  ASSERT_FALSE(compiler);
  EXPECT_EQ(compiler.error().code, ErrorCode::compilerNotFound);
}

//===- BrokenFilesTest.cpp - The message of each broken model file --------===//

#include "BrokenFiles.h"
#include "nnc/Language/TrainSettings.h"
#include <set>

using namespace nnc;

namespace {

class BrokenFile : public ::testing::TestWithParam<std::string> {};

std::vector<Error> errorsOf(const std::string &path) {
  Diagnostics diagnostics;
  if (auto program = loadProgram(path, diagnostics))
    resolveTrain(*program, std::nullopt, {}, diagnostics);
  return diagnostics.errors();
}

TEST_P(BrokenFile, GivesItsErrors) {
  test::checkErrors(GetParam(), errorsOf(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(
    All, BrokenFile, ::testing::ValuesIn(test::listFiles("test/Inputs/broken")),
    test::fileParamName);

} // namespace

TEST(BrokenFiles, AreMany) {
  EXPECT_GE(test::listFiles("test/Inputs/broken").size(), 40u);
}

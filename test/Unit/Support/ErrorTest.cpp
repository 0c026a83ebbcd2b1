//===- ErrorTest.cpp - Error codes, rendering, nearest names --------------===//

#include "nnc/Support/Error.h"
#include <gtest/gtest.h>

using namespace nnc;

TEST(Error, RendersPlaceLineAndCaret) {
  Error error = makeError(ErrorCode::unsupported, "'foo'")
                    .at({"m.nn", 4, 3, "  foo = bar"})
                    .note({"m.nn", 1, 1, "bar"}, "declared here");
  EXPECT_EQ(render(error), "m.nn:4:3: error: 'foo' is not supported yet\n"
                           "    foo = bar\n"
                           "    ^\n"
                           "m.nn:1:1: note: declared here\n"
                           "  bar\n"
                           "  ^\n");
}

TEST(Error, CodeGivesExitStatusAndName) {
  EXPECT_EQ(exitStatusOf(ErrorCode::fileNotFound), ExitStatus::fileProblem);
  EXPECT_STREQ(nameOf(ErrorCode::fileNotFound), "fileNotFound");
}

TEST(NearestName, FindsCloseAndRejectsFar) {
  EXPECT_EQ(nearestName("bach_size", {"epochs", "batch_size"}), "batch_size");
  EXPECT_EQ(nearestName("widht", {"height", "width"}), "width");
  EXPECT_EQ(nearestName("xyz", {"epochs", "batch_size"}), "");
  EXPECT_EQ(nearestName("z", {"a", "b"}), "");
}

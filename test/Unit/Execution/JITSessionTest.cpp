//===- JITSessionTest.cpp - Machine code in this process ------------------===//

#include "nnc/Execution/JITSession.h"
#include <gtest/gtest.h>

using namespace nnc;

TEST(JITSession, NamesWhatIsMissing) {
  auto session = JITSession::create();
  ASSERT_TRUE(session.has_value());
  auto found = (*session)->lookup("nowhere");
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::symbolNotFound);
}

TEST(JITSession, SeesNoSymbolOfTheProcess) {
  auto session = JITSession::create();
  ASSERT_TRUE(session.has_value());
  EXPECT_FALSE((*session)->lookup("malloc").has_value());
}

TEST(JITSession, RejectsBytesThatAreNoObject) {
  auto session = JITSession::create();
  ASSERT_TRUE(session.has_value());
  auto added = (*session)->add("no object at all");
  ASSERT_FALSE(added.has_value());
  EXPECT_EQ(added.error().code, ErrorCode::codeGeneration);
}

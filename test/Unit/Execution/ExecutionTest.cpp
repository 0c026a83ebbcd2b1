//===- ExecutionTest.cpp - Objects, linking, the JIT ----------------------===//

#include "nnc/Execution/JITSession.h"
#include "nnc/Execution/Linker.h"
#include <gtest/gtest.h>

using namespace nnc;

TEST(JITSession, NamesWhatIsMissing) {
  auto session = JITSession::create();
  ASSERT_TRUE(session.has_value());
  auto found = (*session)->lookup("nowhere");
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::symbolNotFound);
}

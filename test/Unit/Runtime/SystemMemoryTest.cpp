//===- SystemMemoryTest.cpp - How much memory there is to take ------------===//

#include "nnc/Runtime/SystemMemory.h"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

using namespace nnc;

namespace {
/// A folder that plays the root of a file system.
class SystemMemory : public ::testing::Test {
protected:
  void SetUp() override {
    root = ::testing::TempDir() + "system-memory-test";
    std::filesystem::remove_all(root);
    write("/proc/meminfo", "MemTotal:  8000 kB\nMemAvailable:    4000 kB\n"
                           "SwapTotal: 90 kB\nSwapFree: 50 kB\n");
  }
  void TearDown() override { std::filesystem::remove_all(root); }
  void write(const std::string &path, const std::string &text) {
    std::filesystem::path file = root + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  std::string root;
};
} // namespace

TEST_F(SystemMemory, WithoutGroupsWhatTheSystemCallsAvailable) {
  EXPECT_EQ(availableMemory(root), 4050 * 1024);
}

TEST_F(SystemMemory, UnknownWhereTheSystemDoesNotTell) {
  EXPECT_EQ(availableMemory(root + "/nowhere"), std::nullopt);
}

TEST_F(SystemMemory, EachGroupBoundsThoseInIt) {
  write("/proc/self/cgroup", "0::/outer/inner\n");
  write("/sys/fs/cgroup/outer/inner/memory.max", "max\n");
  write("/sys/fs/cgroup/outer/inner/memory.current", "1000\n");
  EXPECT_EQ(availableMemory(root), 4050 * 1024);
  write("/sys/fs/cgroup/outer/memory.max", "1000000\n");
  write("/sys/fs/cgroup/outer/memory.current", "300000\n");
  EXPECT_EQ(availableMemory(root), 700000);
  // Cached files can be given back.
  write("/sys/fs/cgroup/outer/memory.stat", "anon 7\ninactive_file 200000\n");
  EXPECT_EQ(availableMemory(root), 900000);
  write("/sys/fs/cgroup/outer/inner/memory.max", "1500\n");
  EXPECT_EQ(availableMemory(root), 500);
  write("/sys/fs/cgroup/outer/inner/memory.current", "2000\n");
  EXPECT_EQ(availableMemory(root), 0);
}

TEST_F(SystemMemory, TheFirstVersionOfGroups) {
  write("/proc/self/cgroup", "5:cpu:/\n4:memory:/box\n0::/\n");
  write("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "2000000\n");
  write("/sys/fs/cgroup/memory/box/memory.usage_in_bytes", "500000\n");
  EXPECT_EQ(availableMemory(root), 1500000);
}

TEST_F(SystemMemory, MoreThanThereIsIsRefused) {
  EXPECT_TRUE(checkMemory(1000, "nothing much"));
  ASSERT_TRUE(availableMemory());
  auto refused = checkMemory(int64_t(1) << 60, "the universe");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::memoryMissing);
  EXPECT_NE(refused.error().message.find("the universe takes 1.00 EiB of "
                                         "memory, and only "),
            std::string::npos);
}

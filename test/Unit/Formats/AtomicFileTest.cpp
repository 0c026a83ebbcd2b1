//===- AtomicFileTest.cpp - Files that appear whole or not at all ---------===//

#include "nnc/Formats/AtomicFile.h"
#include "TestFolder.h"
#include <csignal>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace nnc;
using namespace nnc::test;

TEST(AtomicFile, ReplacesOnlyOnCommit) {
  TestFolder folder;
  std::string path = folder.write("a", "old");
  {
    Expected<AtomicFile> file = AtomicFile::create(path);
    ASSERT_TRUE(file && file->write("new"));
    EXPECT_EQ(folder.read("a"), "old");
    EXPECT_EQ(folder.count(), 2u);
  }
  EXPECT_EQ(folder.read("a"), "old");
  EXPECT_EQ(folder.count(), 1u);
  Expected<AtomicFile> file = AtomicFile::create(path);
  ASSERT_TRUE(file && file->write("new text"));
  ASSERT_TRUE(file->rewrite(0, std::as_bytes(std::span("N", 1))));
  EXPECT_EQ(file->position(), 8u);
  ASSERT_TRUE(file->commit());
  EXPECT_EQ(folder.read("a"), "New text");
  EXPECT_EQ(folder.count(), 1u);
}

TEST(AtomicFile, KeepsModeAndFollowsLinks) {
  TestFolder folder;
  std::string path = folder.write("a", "old");
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  ASSERT_EQ(symlink("a", folder.path("link").c_str()), 0);
  ASSERT_TRUE(writeFile(folder.path("link"), "new"));
  EXPECT_EQ(folder.read("a"), "new");
  struct stat status;
  ASSERT_EQ(lstat(folder.path("link").c_str(), &status), 0);
  EXPECT_TRUE(S_ISLNK(status.st_mode));
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST(AtomicFile, WritesToDevicesDirectly) {
  EXPECT_TRUE(writeFile("/dev/null", "text"));
}

TEST(AtomicFile, ErrorsNameWhatFailed) {
  TestFolder folder;
  expectError(AtomicFile::create(folder.path("no/such")), ErrorCode::fileWrite);
  expectError(AtomicFile::create(folder.path("")), ErrorCode::fileWrite);
  expectError(writeFile("/dev/full", "text"), ErrorCode::fileWrite);
  expectError(checkWritable(folder.path("no/such")), ErrorCode::fileWrite);
  EXPECT_TRUE(checkWritable(folder.path("fine")));
  EXPECT_EQ(folder.count(), 0u);
}

TEST(AtomicFile, AFullDiskLeavesTheOldFile) {
  TestFolder folder;
  std::string path = folder.write("a", "old");
  // A limit on file sizes stands for a full disk, in a process of its own.
  pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    rlimit limit{1000, 1000};
    setrlimit(RLIMIT_FSIZE, &limit);
    Expected<void> done = writeFile(path, std::string(5000, 'x'));
    _exit(!done && done.error().code == ErrorCode::fileWrite ? 0 : 1);
  }
  int status;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(folder.read("a"), "old");
  EXPECT_EQ(folder.count(), 1u);
}

TEST(AtomicFile, AKilledWriterLeavesTheOldFile) {
  TestFolder folder;
  std::string path = folder.write("a", "old");
  pid_t child = fork();
  if (child == 0) {
    Expected<AtomicFile> file = AtomicFile::create(path);
    (void)file->write("new").has_value();
    kill(getpid(), SIGKILL);
  }
  int status;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(folder.read("a"), "old");
}

TEST(ReadFile, GivesBytesOrErrors) {
  TestFolder folder;
  std::string bytes(200000, 'x');
  EXPECT_EQ(expectValue(readFile(folder.write("a", bytes))), bytes);
  EXPECT_EQ(expectValue(readFile(folder.write("e", ""))), "");
  EXPECT_EQ(expectValue(readFile("/dev/null")), "");
  EXPECT_EQ(expectValue(readFile(folder.path("a"), 200000)), bytes);
  expectError(readFile(folder.path("a"), 199999), ErrorCode::fileTooLarge);
  expectError(readFile(folder.path("missing")), ErrorCode::fileNotFound);
  expectError(readFile(folder.path("")), ErrorCode::fileRead);
}

TEST(MappedFile, GivesBytesOrErrors) {
  TestFolder folder;
  Expected<MappedFile> file = MappedFile::open(folder.write("a", "bytes"));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->bytes().size(), 5u);
  EXPECT_EQ(static_cast<char>(file->bytes()[4]), 's');
  Expected<MappedFile> empty = MappedFile::open(folder.write("e", ""));
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->bytes().empty());
  expectError(MappedFile::open(folder.path("missing")),
              ErrorCode::fileNotFound);
  expectError(MappedFile::open("/dev/null"), ErrorCode::fileRead);
}

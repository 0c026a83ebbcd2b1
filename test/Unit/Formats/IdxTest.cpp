//===- IdxTest.cpp - The IDX files of MNIST -------------------------------===//

#include "nnc/Formats/Idx.h"
#include "TestFolder.h"
#include <zlib.h>

using namespace nnc;
using namespace nnc::test;

/// An IDX file of \p type and \p sizes with \p data behind.
static std::string idx(int type, std::vector<uint32_t> sizes,
                       const std::string &data) {
  std::string bytes("\0\0", 2);
  bytes += static_cast<char>(type);
  bytes += static_cast<char>(sizes.size());
  for (uint32_t size : sizes)
    for (int shift : {24, 16, 8, 0})
      bytes += static_cast<char>(size >> shift & 0xff);
  return bytes + data;
}

static std::string gzipped(const TestFolder &folder, const std::string &bytes) {
  gzFile file = gzopen(folder.path("packed").c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  return folder.read("packed");
}

TEST(Idx, ReadsTypesPlainAndPacked) {
  TestFolder folder;
  std::string bytes = idx(8, {2, 3}, "\1\2\3\4\5\6");
  Array expected = Array::of<uint8_t>({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_TRUE(expectValue(readIdx(folder.write("a", bytes))) == expected);
  EXPECT_TRUE(expectValue(readIdx(
                  folder.write("a.gz", gzipped(folder, bytes)))) == expected);
  EXPECT_TRUE(expectValue(readIdx(folder.write(
                  "b", idx(0x0c, {1}, std::string("\0\0\1\2", 4))))) ==
              Array::of<int32_t>({1}, {258}));
  EXPECT_TRUE(expectValue(readIdx(folder.write(
                  "c", idx(0x0d, {1}, std::string("\x3f\x80\0\0", 4))))) ==
              Array::of<float>({1}, {1}));
}

TEST(Idx, BrokenFilesAreErrors) {
  TestFolder folder;
  auto read = [&](const std::string &bytes) {
    return readIdx(folder.write("broken", bytes));
  };
  std::string good = idx(8, {2, 3}, "\1\2\3\4\5\6");
  std::string packed = gzipped(folder, good);
  expectError(readIdx(folder.path("missing")), ErrorCode::fileNotFound);
  expectError(readIdx(folder.path("")), ErrorCode::fileRead);
  expectError(read(""), ErrorCode::truncatedFile);
  expectError(read("PNG picture"), ErrorCode::notThisFormat);
  expectError(read(idx(7, {1}, "\1")), ErrorCode::notThisFormat);
  expectError(read(idx(8, {}, "\1")), ErrorCode::notThisFormat);
  expectError(read(good.substr(0, 6)), ErrorCode::truncatedFile);
  expectError(read(good.substr(0, good.size() - 1)), ErrorCode::truncatedFile);
  expectError(read(good + "x"), ErrorCode::malformedFile);
  expectError(read(packed.substr(0, packed.size() - 9)),
              ErrorCode::truncatedFile);
  expectError(read(packed.substr(0, packed.size() - 3)),
              ErrorCode::truncatedFile);
  std::string damaged = packed;
  damaged[packed.size() - 6] ^= 1; // The checksum.
  expectError(read(damaged), ErrorCode::malformedFile);
  // Sizes that no file holds.
  expectError(read(idx(8, {0xffffffff, 0x7fffffff}, "")),
              ErrorCode::truncatedFile);
  expectError(read(idx(14, {0xffffffff, 0xffffffff, 0xffffffff}, "")),
              ErrorCode::malformedFile);
}

TEST(Idx, ReadsMnist) {
  NNC_REQUIRE_SHARED_DATA(folder, "mnist");
  Array images = expectValue(readIdx(folder + "/t10k-images-idx3-ubyte.gz"));
  EXPECT_EQ(images.shape(), (std::vector<int64_t>{10000, 28, 28}));
  Array labels = expectValue(readIdx(folder + "/train-labels-idx1-ubyte.gz"));
  ASSERT_EQ(labels.size(), 60000);
  int counts[10] = {};
  for (uint8_t label : labels.span<uint8_t>())
    ++counts[label];
  // The counts that the set's description states.
  EXPECT_EQ(counts[0], 5923);
  EXPECT_EQ(counts[9], 5949);
}

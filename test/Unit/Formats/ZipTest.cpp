//===- ZipTest.cpp - Zip archives -----------------------------------------===//

#include "nnc/Formats/Zip.h"
#include "TestFolder.h"
#include <zlib.h>

using namespace nnc;
using namespace nnc::test;

/// An archive of two stored members, 'a' ("first") and 'b' ("second").
static std::string makeArchive(const TestFolder &folder) {
  Expected<ZipWriter> zip = ZipWriter::create(folder.path("made.zip"));
  EXPECT_TRUE(zip && zip->add("a", "first") && zip->add("b", "second") &&
              zip->commit());
  return folder.read("made.zip");
}

/// \p text with the first \p from at or behind \p start replaced by \p to.
static std::string replaced(std::string text, const std::string &from,
                            const std::string &to, size_t start = 0) {
  size_t at = text.find(from, start);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, from.size(), to);
}

static std::string little(uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i)
    out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

/// An archive of one deflated member 'a' that claims \p size bytes.
static std::string deflated(const std::string &content, uint32_t size,
                            uint16_t method = 8, uint16_t flags = 0) {
  std::string packed(compressBound(content.size()) + 64, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in =
      reinterpret_cast<Bytef *>(const_cast<char *>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef *>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  uint32_t crc = static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef *>(content.data()),
            static_cast<uInt>(content.size())));
  std::string common = little(20, 2) + little(flags, 2) + little(method, 2) +
                       little(0, 4) + little(crc, 4) +
                       little(packed.size(), 4) + little(size, 4) +
                       little(1, 2) + little(0, 2);
  std::string local = "PK\3\4" + common + "a" + packed;
  std::string central =
      "PK\1\2" + little(20, 2) + common + std::string(14, '\0') + "a";
  return local + central + "PK\5\6" + little(0, 4) + little(1, 2) +
         little(1, 2) + little(central.size(), 4) + little(local.size(), 4) +
         little(0, 2);
}

TEST(Zip, StoresAlignedMembers) {
  TestFolder folder;
  Expected<ZipWriter> zip = ZipWriter::create(folder.path("a.zip"));
  ASSERT_TRUE(zip);
  for (size_t length = 1; length < 80; ++length) {
    std::string name(length, 'n');
    ASSERT_TRUE(zip->begin(name, length, 64));
    ASSERT_TRUE(zip->write(std::string(length, 'c')));
  }
  ASSERT_TRUE(zip->commit());
  Expected<ZipReader> reader = ZipReader::open(folder.path("a.zip"));
  ASSERT_TRUE(reader) << reader.error().message;
  ASSERT_EQ(reader->members().size(), 79u);
  for (const ZipReader::Member &member : reader->members()) {
    EXPECT_EQ(member.offset % 64, 0u) << member.name;
    std::string expected(member.name.size(), 'c');
    EXPECT_EQ(expectValue(reader->read(member)), expected);
    EXPECT_EQ(expectValue(reader->view(member)).size(), expected.size());
  }
  EXPECT_EQ(reader->find("other"), nullptr);
}

TEST(Zip, SameContentIsSameBytes) {
  TestFolder folder;
  EXPECT_EQ(makeArchive(folder), makeArchive(folder));
}

TEST(Zip, ReadsDeflatedMembers) {
  TestFolder folder;
  std::string content(100000, 'x');
  folder.write("a.zip", deflated(content, 100000));
  Expected<ZipReader> reader = ZipReader::open(folder.path("a.zip"));
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ(expectValue(reader->read(reader->members()[0])), content);
  expectError(reader->view(reader->members()[0]), ErrorCode::malformedFile);
}

TEST(Zip, UnfinishedArchivesLeaveNothing) {
  TestFolder folder;
  {
    Expected<ZipWriter> zip = ZipWriter::create(folder.path("a.zip"));
    ASSERT_TRUE(zip && zip->add("a", "first"));
    ASSERT_TRUE(zip->begin("b", 10));
    ASSERT_TRUE(zip->write("short"));
    expectError(zip->commit(), ErrorCode::internal);
  }
  EXPECT_EQ(folder.count(), 0u);
}

TEST(Zip, BrokenArchivesAreErrors) {
  TestFolder folder;
  std::string good = makeArchive(folder);
  auto open = [&](const std::string &bytes) {
    return ZipReader::open(folder.write("broken.zip", bytes));
  };
  size_t directory = good.find("PK\1\2");
  expectError(open(""), ErrorCode::notThisFormat);
  expectError(open("this is text"), ErrorCode::notThisFormat);
  expectError(open(good.substr(0, good.size() / 2)), ErrorCode::notThisFormat);
  expectError(ZipReader::open(folder.path("missing.zip")),
              ErrorCode::fileNotFound);
  // The same name twice.
  size_t second = good.find("PK\3\4", 4);
  std::string twice = good;
  twice[second + 30] = 'a';
  twice[good.find("PK\1\2", directory + 4) + 46] = 'a';
  expectError(open(twice), ErrorCode::malformedFile);
  // The second entry of the directory points to the first member's bytes.
  std::string overlap = good;
  size_t entry = good.find("PK\1\2", directory + 4);
  overlap.replace(entry, 46, good.substr(directory, 46));
  expectError(open(overlap), ErrorCode::malformedFile);
  // A directory that disagrees with the member's header, or is cut.
  std::string differs = good;
  differs[directory + 24] = 7;
  expectError(open(differs), ErrorCode::malformedFile);
  expectError(open(replaced(good, "PK\1\2", "XX\1\2", directory + 4)),
              ErrorCode::malformedFile);
  // Encrypted, and an unknown method.
  expectError(open(deflated("text", 4, 8, 1)), ErrorCode::unsupported);
  expectError(open(deflated("text", 4, 12)), ErrorCode::unsupported);
  // Bytes changed behind the checksum's back.
  Expected<ZipReader> changed = open(replaced(good, "second", "sEcond"));
  ASSERT_TRUE(changed);
  expectError(changed->read(*changed->find("b")), ErrorCode::damagedFile);
  expectError(changed->view(*changed->find("b")), ErrorCode::damagedFile);
}

TEST(Zip, ClaimsOfSizeAreChecked) {
  TestFolder folder;
  // More than deflate can give: refused before anything is allocated.
  folder.write("bomb.zip", deflated("small", 0xfffffff0));
  expectError(ZipReader::open(folder.path("bomb.zip")),
              ErrorCode::malformedFile);
  for (uint32_t claimed : {99u, 101u}) {
    folder.write("wrong.zip", deflated(std::string(100, 'x'), claimed));
    Expected<ZipReader> reader = ZipReader::open(folder.path("wrong.zip"));
    ASSERT_TRUE(reader);
    expectError(reader->read(reader->members()[0]), ErrorCode::malformedFile);
  }
}

TEST(Zip, EveryCutAndEveryChangedByteIsSurvived) {
  TestFolder folder;
  std::string good = makeArchive(folder);
  auto visit = [&](const std::string &bytes) {
    Expected<ZipReader> reader =
        ZipReader::open(folder.write("fuzz.zip", bytes));
    if (reader)
      for (const ZipReader::Member &member : reader->members())
        (void)reader->read(member).has_value();
  };
  for (size_t i = 0; i < good.size(); ++i) {
    visit(good.substr(0, i));
    std::string bytes = good;
    bytes[i] ^= i % 2 ? '\x01' : '\xff';
    visit(bytes);
  }
}

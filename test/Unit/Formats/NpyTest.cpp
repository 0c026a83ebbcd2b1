//===- NpyTest.cpp - NumPy's .npy and .npz files --------------------------===//

#include "nnc/Formats/Npy.h"
#include "TestFolder.h"
#include "nnc/Formats/Zip.h"
#include <cstring>

using namespace nnc;
using namespace nnc::test;

/// A .npy file with \p header and \p data behind it.
static std::string npy(const std::string &header, const std::string &data = "",
                       int version = 1) {
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    file += static_cast<char>(header.size() >> (8 * i) & 0xff);
  return file + header + data;
}

static std::string describe(const std::string &descr, const std::string &shape,
                            const std::string &fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran +
         ", 'shape': " + shape + ", }";
}

template <typename T> static std::string raw(std::vector<T> values) {
  return {reinterpret_cast<const char *>(values.data()),
          values.size() * sizeof(T)};
}

static void expectBroken(const std::string &file, ErrorCode code) {
  expectError(parseNpy(file, "broken.npy"), code);
}

TEST(Npy, EveryTypeSurvivesTheRoundTrip) {
  for (ElementType type :
       {ElementType::f32, ElementType::f64, ElementType::f16, ElementType::i64,
        ElementType::i32, ElementType::i16, ElementType::i8, ElementType::u8,
        ElementType::boolean})
    for (std::vector<int64_t> shape :
         {std::vector<int64_t>{}, {3}, {2, 3}, {0, 5}, {2, 1, 3}}) {
      Array array(ElementType::f32, shape);
      for (int64_t i = 0; i < array.size(); ++i)
        array.span<float>()[i] = static_cast<float>(i % 2);
      array = array.to(type);
      std::string file = expectValue(formatNpy(array));
      EXPECT_EQ((file.size() - array.byteSize()) % 64, 0u);
      EXPECT_TRUE(expectValue(parseNpy(file, "a.npy")) == array);
    }
  expectError(formatNpy(Array(ElementType::bf16, {1})), ErrorCode::unsupported);
}

TEST(Npy, ReadsVersionsOrdersAndByteOrders) {
  std::string data = raw<int32_t>({1, 2, 3, 4, 5, 6});
  Array rows = Array::of<int32_t>({2, 3}, {1, 2, 3, 4, 5, 6});
  Array columns = Array::of<int32_t>({2, 3}, {1, 3, 5, 2, 4, 6});
  for (int version : {1, 2, 3})
    EXPECT_TRUE(
        expectValue(parseNpy(npy(describe("<i4", "(2, 3)"), data, version),
                             "a")) == rows);
  EXPECT_TRUE(expectValue(parseNpy(npy(describe("<i4", "(2, 3)", "True"), data),
                                   "a")) == columns);
  std::string swapped(data.rbegin(), data.rend());
  EXPECT_TRUE(
      expectValue(parseNpy(npy(describe(">i4", "(6,)"), swapped), "a")) ==
      Array::of<int32_t>({6}, {6, 5, 4, 3, 2, 1}));
  // Another order of keys, double quotes, no last comma, Python 2's longs.
  EXPECT_TRUE(
      expectValue(parseNpy(npy("{\"shape\":(2L,3L),\"fortran_order\":False,"
                               "\"descr\":\"<i4\"}  \n",
                               data),
                           "a")) == rows);
}

TEST(Npy, WidensUnsignedIntegers) {
  EXPECT_TRUE(expectValue(parseNpy(
                  npy(describe("<u2", "(2,)"), raw<uint16_t>({1, 65535})),
                  "a")) == Array::of<int32_t>({2}, {1, 65535}));
  EXPECT_TRUE(expectValue(parseNpy(
                  npy(describe("<u4", "(1,)"), raw<uint32_t>({4294967295})),
                  "a")) == Array::of<int64_t>({1}, {4294967295}));
  EXPECT_TRUE(
      expectValue(parseNpy(npy(describe("<u8", "()"), raw<uint64_t>({7})),
                           "a")) == Array::of<int64_t>({}, {7}));
  expectBroken(npy(describe("<u8", "(1,)"), raw<uint64_t>({1ull << 63})),
               ErrorCode::malformedFile);
}

TEST(Npy, BrokenFilesAreErrors) {
  std::string four = raw<float>({1, 2, 3, 4});
  expectBroken("", ErrorCode::notThisFormat);
  expectBroken("PK\3\4 and so on", ErrorCode::notThisFormat);
  expectBroken("\x93NUM", ErrorCode::truncatedFile);
  expectBroken(npy(describe("<f4", "(4,)"), four, 9), ErrorCode::formatVersion);
  expectBroken(npy(describe("<f4", "(4,)"), four).substr(0, 40),
               ErrorCode::truncatedFile);
  expectBroken(npy(describe("<f4", "(5,)"), four), ErrorCode::truncatedFile);
  expectBroken(npy(describe("<f4", "(3,)"), four), ErrorCode::malformedFile);
  expectBroken(npy(std::string(100000, ' '), four, 2),
               ErrorCode::malformedFile);
  // Sizes that are negative, overflow, or exceed what is there.
  expectBroken(npy(describe("<f4", "(-1, -4)"), four),
               ErrorCode::malformedFile);
  expectBroken(npy(describe("<f4", "(9223372036854775807, 3)"), four),
               ErrorCode::malformedFile);
  expectBroken(npy(describe("<f4", "(99999999999999999999,)"), four),
               ErrorCode::malformedFile);
  expectBroken(npy(describe("<f4", "(1000000000000,)"), four),
               ErrorCode::truncatedFile);
  // Headers that are no description.
  for (const char *header :
       {"", "{", "{}", "[1]", "{'descr': '<f4'}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (4,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4,",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4,)} x",
        "{'descr': '<f4', 'descr': '<f4', 'shape': (4,)}",
        "{'descr: '<f4', 'fortran_order': False, 'shape': (4,)}"})
    expectBroken(npy(header, four), ErrorCode::malformedFile);
  // Elements that nnc has not.
  for (const char *descr : {"<c8", "|O", "<U4", "|V4", "<f16", "f4", "<i3"})
    expectBroken(npy(describe(descr, "(4,)"), four), ErrorCode::unsupported);
  expectBroken(npy("{'descr': [('a', '<f4')], 'fortran_order': False, "
                   "'shape': (4,)}",
                   four),
               ErrorCode::unsupported);
  expectBroken(npy(describe("|b1", "(1,)"), "\2"), ErrorCode::malformedFile);
}

TEST(Npy, FilesAreWrittenAndMissed) {
  TestFolder folder;
  Array array = Array::of<float>({2}, {1, 2});
  ASSERT_TRUE(writeNpy(folder.path("a.npy"), array));
  EXPECT_TRUE(expectValue(readNpy(folder.path("a.npy"))) == array);
  expectError(readNpy(folder.path("b.npy")), ErrorCode::fileNotFound);
  expectError(readNpy(folder.path("")), ErrorCode::fileRead);
  expectError(writeNpy(folder.path("no/such/a.npy"), array),
              ErrorCode::fileWrite);
}

TEST(Npz, KeepsNamesOrderAndArrays) {
  TestFolder folder;
  std::vector<NamedArray> arrays;
  arrays.push_back({"w", Array::of<float>({2, 2}, {1, 2, 3, 4})});
  arrays.push_back({"a.b", Array::of<int64_t>({}, {-5})});
  ASSERT_TRUE(writeNpz(folder.path("a.npz"), arrays));
  std::vector<NamedArray> read = expectValue(readNpz(folder.path("a.npz")));
  ASSERT_EQ(read.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read[i].name, arrays[i].name);
    EXPECT_TRUE(read[i].array == arrays[i].array);
  }
}

TEST(Npz, BrokenMembersAreErrors) {
  TestFolder folder;
  Expected<ZipWriter> zip = ZipWriter::create(folder.path("a.npz"));
  ASSERT_TRUE(zip);
  ASSERT_TRUE(zip->add("readme.txt", "no array"));
  ASSERT_TRUE(zip->commit());
  expectError(readNpz(folder.path("a.npz")), ErrorCode::malformedFile);
  Expected<ZipWriter> other = ZipWriter::create(folder.path("b.npz"));
  ASSERT_TRUE(other);
  ASSERT_TRUE(other->add("x.npy", npy(describe("<f4", "(9,)"), "")));
  ASSERT_TRUE(other->commit());
  expectError(readNpz(folder.path("b.npz")), ErrorCode::truncatedFile);
}

TEST(Npz, NumPyReadsOursAndWeReadNumPys) {
  TestFolder folder;
  std::vector<NamedArray> arrays;
  arrays.push_back({"x", Array::of<float>({2, 3}, {1, 2, 3, 4, 5, 6})});
  arrays.push_back({"y", Array::of<int32_t>({2}, {7, 8})});
  ASSERT_TRUE(writeNpz(folder.path("ours.npz"), arrays));
  ASSERT_TRUE(writeNpy(folder.path("ours.npy"),
                       Array::of<float>({2}, {.5f, -1}).to(ElementType::f16)));
  NNC_RUN_PYTHON(folder, "numpy", R"(
import numpy as np
z = np.load("ours.npz", allow_pickle=False)
assert z.files == ["x", "y"]
assert z["x"].dtype == np.float32 and z["y"].dtype == np.int32
assert (z["x"] == np.arange(1, 7).reshape(2, 3)).all()
assert (z["y"] == [7, 8]).all()
h = np.load("ours.npy")
assert h.dtype == np.float16 and (h == [.5, -1]).all()
x = np.arange(6.0).reshape(2, 3)
np.savez("plain.npz", c=x, f=np.asfortranarray(x), s=np.float64(3))
np.savez_compressed("packed.npz", c=np.zeros((1000, 1000)), b=x > 2)
)");
  std::vector<NamedArray> plain =
      expectValue(readNpz(folder.path("plain.npz")));
  ASSERT_EQ(plain.size(), 3u);
  Array x = Array::of<double>({2, 3}, {0, 1, 2, 3, 4, 5});
  EXPECT_TRUE(plain[0].array == x);
  EXPECT_TRUE(plain[1].array == x);
  EXPECT_TRUE(plain[2].array == Array::of<double>({}, {3}));
  std::vector<NamedArray> packed =
      expectValue(readNpz(folder.path("packed.npz")));
  ASSERT_EQ(packed.size(), 2u);
  EXPECT_TRUE(packed[0].array == Array(ElementType::f64, {1000, 1000}));
  EXPECT_EQ(packed[1].array.type(), ElementType::boolean);
  EXPECT_EQ(packed[1].array.at(3), 1);
}

//===- SourcesTest.cpp - Data from IDX, npz, npy and text -----------------===//

#include "../Formats/TestFolder.h"
#include "nnc/Data/DataRequest.h"
#include "nnc/Formats/Npy.h"

using namespace nnc;
using namespace nnc::test;

namespace {
class SourcesTest : public ::testing::Test {
protected:
  Expected<DataSource> loadFrom(DataKind kind, const std::string &name) {
    request.kind = kind;
    request.path = folder.path(name);
    return load(request);
  }
  /// An IDX file of bytes.
  void writeIdx(const std::string &name, std::vector<uint8_t> sizes,
                const std::string &data) {
    std::string bytes("\0\0\x08", 3);
    bytes += static_cast<char>(sizes.size());
    for (uint8_t size : sizes)
      bytes += std::string(3, '\0') + static_cast<char>(size);
    folder.write(name, bytes + data);
  }
  void writePart(const std::string &part, const std::string &labels) {
    uint8_t count = static_cast<uint8_t>(labels.size());
    writeIdx("m/" + part + "-images-idx3-ubyte", {count, 1, 2},
             std::string(2 * count, '\xff'));
    writeIdx("m/" + part + "-labels-idx1-ubyte", {count}, labels);
  }
  Expected<DataSource> npz(std::vector<NamedArray> arrays) {
    EXPECT_TRUE(writeNpz(folder.path("d.npz"), arrays));
    return loadFrom(DataKind::npz, "d.npz");
  }

  TestFolder folder;
  DataRequest request;
};
} // namespace

static Array rows(int64_t count, int64_t width) {
  Array array(ElementType::f64, {count, width});
  for (int64_t i = 0; i < array.size(); ++i)
    array.span<double>()[i] = static_cast<double>(i);
  return array;
}

static Array labels(std::vector<int64_t> values) {
  int64_t count = static_cast<int64_t>(values.size());
  return Array::of<int64_t>({count}, values);
}

//===----------------------------------------------------------------------===//
// IDX
//===----------------------------------------------------------------------===//

TEST_F(SourcesTest, IdxGivesImagesAndLabels) {
  writePart("train", std::string("\2\0\1", 3));
  writePart("t10k", "\1");
  DataSource source = expectValue(loadFrom(DataKind::idx, "m"));
  EXPECT_EQ(source.train.samples, 3);
  EXPECT_EQ(source.train.features()->sampleShape, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(source.train.features()->values.at(0), 1);
  EXPECT_EQ(source.train.target()->classes, 3);
  ASSERT_TRUE(source.test);
  EXPECT_EQ(source.test->samples, 1);
  EXPECT_EQ(source.test->target()->classes, 3);
}

// The first training images; neither the classes nor the test part change.
TEST_F(SourcesTest, IdxTakesTheFirst) {
  writePart("train", std::string("\1\0\2", 3));
  writePart("t10k", std::string("\2\0", 2));
  request.limit = 2;
  DataSource source = expectValue(loadFrom(DataKind::idx, "m"));
  EXPECT_EQ(source.train.samples, 2);
  EXPECT_EQ(source.train.target()->values.at(0), 1);
  EXPECT_EQ(source.train.target()->classes, 3);
  EXPECT_EQ(source.test->samples, 2);
  request.limit = 4;
  EXPECT_EQ(expectValue(loadFrom(DataKind::idx, "m")).train.samples, 3);
}

// Every byte as v / 255 in f32.
TEST_F(SourcesTest, IdxScalesExactly) {
  std::string pixels;
  for (int i = 0; i < 256; ++i)
    pixels += static_cast<char>(i);
  writeIdx("m/train-images-idx3-ubyte", {1, 16, 16}, pixels);
  writeIdx("m/train-labels-idx1-ubyte", {1}, std::string(1, '\0'));
  DataSource source = expectValue(loadFrom(DataKind::idx, "m"));
  for (int i = 0; i < 256; ++i)
    EXPECT_EQ(source.train.features()->values.span<float>()[i],
              static_cast<float>(i) / 255.0f);
}

TEST_F(SourcesTest, BrokenIdxFoldersAreErrors) {
  expectError(loadFrom(DataKind::idx, "none"), ErrorCode::fileNotFound);
  folder.write("file", "text");
  expectError(loadFrom(DataKind::idx, "file"), ErrorCode::fileNotFound);
  writePart("train", "\1\2\3");
  std::filesystem::remove(folder.path("m/train-labels-idx1-ubyte"));
  expectError(loadFrom(DataKind::idx, "m"), ErrorCode::fileNotFound);
  writeIdx("m/train-labels-idx1-ubyte", {2}, "\1\2");
  expectError(loadFrom(DataKind::idx, "m"), ErrorCode::sampleCount);
  writeIdx("m/train-labels-idx1-ubyte", {1, 3}, "\1\2\3");
  expectError(loadFrom(DataKind::idx, "m"), ErrorCode::malformedFile);
  writeIdx("m/train-labels-idx1-ubyte", {3}, "\1\2");
  expectError(loadFrom(DataKind::idx, "m"), ErrorCode::truncatedFile);
  folder.write("m/train-labels-idx1-ubyte", "hello world");
  expectError(loadFrom(DataKind::idx, "m"), ErrorCode::notThisFormat);
  writePart("train", "");
  expectError(loadFrom(DataKind::idx, "m"), ErrorCode::emptyData);
  // A label of the test part that training never saw.
  writePart("train", "\1\2\3");
  writePart("t10k", "\4");
  expectError(loadFrom(DataKind::idx, "m"), ErrorCode::labelOutOfRange);
  writePart("t10k", "\1");
  writeIdx("m/t10k-images-idx3-ubyte", {1, 1, 3}, "abc");
  expectError(loadFrom(DataKind::idx, "m"), ErrorCode::malformedFile);
  writeIdx("m/t10k-images-idx3-ubyte", {1, 2}, "ab");
  expectError(loadFrom(DataKind::idx, "m"), ErrorCode::malformedFile);
  std::filesystem::remove(folder.path("m/t10k-images-idx3-ubyte"));
  expectError(loadFrom(DataKind::idx, "m"), ErrorCode::fileNotFound);
}

TEST_F(SourcesTest, IdxReadsMnist) {
  NNC_REQUIRE_SHARED_DATA(mnist, "mnist");
  request.kind = DataKind::idx;
  request.path = mnist;
  DataSource source = expectValue(load(request));
  EXPECT_EQ(source.train.samples, 60000);
  EXPECT_EQ(source.train.features()->sampleShape,
            (std::vector<int64_t>{28, 28}));
  ASSERT_TRUE(source.test);
  EXPECT_EQ(source.test->samples, 10000);
  EXPECT_EQ(source.test->target()->classes, 10);
  double sum = 0;
  for (float pixel : source.train.features()->values.span<float>())
    sum += pixel;
  // The training images' mean as everyone who normalises them states it.
  EXPECT_NEAR(sum / (60000.0 * 784), 0.1307, 5e-5);
}

//===----------------------------------------------------------------------===//
// npz and npy
//===----------------------------------------------------------------------===//

TEST_F(SourcesTest, NpzHasTwoPartsByName) {
  DataSource source = expectValue(npz({{"x_train", rows(3, 2)},
                                       {"y_train", labels({0, 2, 1})},
                                       {"x_test", rows(1, 2)},
                                       {"y_test", labels({2})}}));
  EXPECT_EQ(source.train.featuresField, "x");
  EXPECT_EQ(source.train.targetField, "y");
  EXPECT_EQ(source.train.features()->type, ElementType::f32);
  EXPECT_EQ(source.train.target()->type, ElementType::i32);
  EXPECT_EQ(source.train.target()->classes, 3);
  ASSERT_TRUE(source.test);
  EXPECT_EQ(source.test->samples, 1);
}

TEST_F(SourcesTest, NpzFieldsBindByName) {
  std::vector<NamedArray> pairs = {
      {"a", rows(2, 3)}, {"b", rows(2, 3)}, {"same", rows(2, 1)}};
  DataSource source = expectValue(npz(pairs));
  EXPECT_EQ(source.train.fields.size(), 3u);
  EXPECT_EQ(source.train.featuresField, "");
  EXPECT_EQ(source.train.targetField, "");
  request.inputs = {"b"};
  request.target = "same";
  source = expectValue(npz(pairs));
  EXPECT_EQ(source.train.featuresField, "b");
  EXPECT_EQ(source.train.targetField, "same");
  EXPECT_EQ(source.train.find("a"), nullptr);
  request.target = "sane";
  expectError(npz(pairs), ErrorCode::memberNotFound);
}

TEST_F(SourcesTest, NpzImagesOfBytesAreScaled) {
  DataSource source =
      expectValue(npz({{"x", Array::of<uint8_t>({1, 2, 1}, {0, 255})},
                       {"y", Array::of<uint8_t>({1}, {7})}}));
  EXPECT_EQ(source.train.features()->values.at(1), 1);
  EXPECT_EQ(source.train.target()->classes, 8);
  EXPECT_EQ(source.train.features()->scaling.size(), 1u);
}

TEST_F(SourcesTest, BrokenNpzFilesAreErrors) {
  expectError(npz({}), ErrorCode::notThisFormat);
  expectError(loadFrom(DataKind::npz, "missing.npz"), ErrorCode::fileNotFound);
  folder.write("t.npz", "text");
  expectError(loadFrom(DataKind::npz, "t.npz"), ErrorCode::notThisFormat);
  expectError(npz({{"x", rows(3, 2)}, {"y", labels({0, 1})}}),
              ErrorCode::sampleCount);
  expectError(npz({{"x", rows(0, 2)}, {"y", labels({})}}),
              ErrorCode::emptyData);
  expectError(npz({{"x", Array::of<float>({}, {1})}}),
              ErrorCode::malformedFile);
  expectError(npz({{"x_test", rows(2, 2)}}), ErrorCode::emptyData);
  expectError(npz({{"x_train", rows(2, 2)}, {"z", rows(2, 2)}}),
              ErrorCode::malformedFile);
  expectError(npz({{"x_train", rows(2, 2)}, {"x_test", rows(2, 3)}}),
              ErrorCode::malformedFile);
  expectError(npz({{"x_train", rows(2, 2)},
                   {"y_train", labels({0, 1})},
                   {"x_test", rows(1, 2)}}),
              ErrorCode::malformedFile);
  expectError(npz({{"x_train", rows(2, 2)},
                   {"y_train", labels({0, 1})},
                   {"x_test", rows(1, 2)},
                   {"y_test", labels({2})}}),
              ErrorCode::labelOutOfRange);
  for (auto offsets : {labels({0, 2}), labels({1, 3}), labels({0, 2, 1, 3}),
                       labels({}), labels({0, -1, 3})})
    expectError(npz({{"x_tokens", labels({1, 2, 3})}, {"x_offsets", offsets}}),
                ErrorCode::malformedFile);
  expectError(npz({{"x_tokens", labels({int64_t{1} << 40})},
                   {"x_offsets", labels({0, 1})}}),
              ErrorCode::malformedFile);
  expectError(npz({{"x_tokens", rows(3, 1)}, {"x_offsets", labels({0, 3})}}),
              ErrorCode::malformedFile);
}

TEST_F(SourcesTest, RaggedFieldsAreSelected) {
  DataSource source = expectValue(npz({{"x_tokens", labels({1, 2, 3, 4})},
                                       {"x_offsets", labels({0, 1, 1, 4})},
                                       {"y", labels({0, 1, 2})}}));
  EXPECT_EQ(source.train.samples, 3);
  EXPECT_TRUE(source.train.features()->isRagged());
  Dataset part = select(source.train, std::vector<int64_t>{2, 1, 0});
  EXPECT_TRUE(part.features()->values == Array::of<int32_t>({4}, {2, 3, 4, 1}));
  EXPECT_TRUE(*part.features()->offsets == labels({0, 3, 3, 4}));
}

TEST_F(SourcesTest, NpyTakesItsTargetFromAnotherFile) {
  ASSERT_TRUE(writeNpy(folder.path("x.npy"), rows(3, 2)));
  ASSERT_TRUE(writeNpy(folder.path("y.npy"), labels({0, 1, 0})));
  DataSource source = expectValue(loadFrom(DataKind::npy, "x.npy"));
  EXPECT_EQ(source.train.targetField, "");
  request.target = folder.path("y.npy");
  source = expectValue(loadFrom(DataKind::npy, "x.npy"));
  EXPECT_EQ(source.train.target()->classes, 2);
  ASSERT_TRUE(writeNpy(folder.path("y.npy"), labels({0, 1})));
  expectError(loadFrom(DataKind::npy, "x.npy"), ErrorCode::sampleCount);
  ASSERT_TRUE(writeNpy(folder.path("x.npy"), Array::of<float>({}, {1})));
  expectError(loadFrom(DataKind::npy, "x.npy"), ErrorCode::malformedFile);
  ASSERT_TRUE(writeNpy(folder.path("x.npy"), rows(0, 2)));
  expectError(loadFrom(DataKind::npy, "x.npy"), ErrorCode::emptyData);
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

TEST_F(SourcesTest, TextIsCutIntoWindows) {
  folder.write("t.txt", "abcab\xc3\xa4"
                        "a");
  request.length = 3;
  DataSource source = expectValue(loadFrom(DataKind::text, "t.txt"));
  EXPECT_EQ(source.train.samples, 2);
  EXPECT_EQ(source.train.features()->classNames,
            (std::vector<std::string>{"a", "b", "c", "\xc3\xa4"}));
  EXPECT_TRUE(source.train.features()->values ==
              Array::of<int32_t>({2, 3}, {0, 1, 2, 0, 1, 3}));
  EXPECT_TRUE(source.train.target()->values ==
              Array::of<int32_t>({2, 3}, {1, 2, 0, 1, 3, 0}));
}

TEST_F(SourcesTest, TextOfWordsUsesAVocabulary) {
  folder.write("t.txt", "the cat\nthe dog");
  request.vocabulary = folder.write("v.txt", "dog\t1\ncat\t2\nthe\t3\n");
  request.unit = DataRequest::TextUnit::word;
  request.length = 1;
  DataSource source = expectValue(loadFrom(DataKind::text, "t.txt"));
  EXPECT_TRUE(source.train.features()->values ==
              Array::of<int32_t>({3, 1}, {2, 1, 2}));
  folder.write("t.txt", "the bird");
  expectError(loadFrom(DataKind::text, "t.txt"), ErrorCode::unknownToken);
}

TEST_F(SourcesTest, BrokenTextsAreErrors) {
  request.length = 3;
  expectError(loadFrom(DataKind::text, "none.txt"), ErrorCode::fileNotFound);
  folder.write("t.txt", "abc");
  expectError(loadFrom(DataKind::text, "t.txt"), ErrorCode::tooFewSamples);
  folder.write("t.txt", "ab\xff"
                        "cdef");
  expectError(loadFrom(DataKind::text, "t.txt"), ErrorCode::malformedFile);
  folder.write("t.txt", "abcdef");
  request.vocabulary = folder.write("v.txt", "");
  expectError(loadFrom(DataKind::text, "t.txt"), ErrorCode::emptyData);
  request.length = 0;
  request.vocabulary.reset();
  expectError(loadFrom(DataKind::text, "t.txt"), ErrorCode::tooFewSamples);
}

//===----------------------------------------------------------------------===//
// Kinds and paths
//===----------------------------------------------------------------------===//

TEST_F(SourcesTest, PathsTellTheirKind) {
  EXPECT_EQ(requestForPath("digits")->kind, DataKind::digits);
  EXPECT_EQ(requestForPath("xor")->kind, DataKind::exclusiveOr);
  EXPECT_EQ(requestForPath("a/d.csv")->kind, DataKind::csv);
  EXPECT_EQ(requestForPath("d.tsv")->separator, '\t');
  EXPECT_EQ(requestForPath("d.npz")->kind, DataKind::npz);
  EXPECT_EQ(requestForPath("d.npy")->kind, DataKind::npy);
  writePart("train", "\1");
  EXPECT_EQ(requestForPath(folder.path("m"))->kind, DataKind::idx);
  folder.write("classes/cat/1.png", "");
  EXPECT_EQ(requestForPath(folder.path("classes"))->kind, DataKind::images);
  folder.write("empty/file", "");
  for (const std::string &path :
       {folder.path("empty"), std::string("d.xyz"), std::string("d"),
        std::string("digit"), std::string("")})
    expectError(requestForPath(path), ErrorCode::unknownDataSource);
}

TEST_F(SourcesTest, ImagesAreNotRead) {
  expectError(loadFrom(DataKind::images, "."), ErrorCode::unsupported);
}

TEST(DataKind, NamesAreThoseOfTheLanguage) {
  EXPECT_EQ(parseDataKind("xor"), DataKind::exclusiveOr);
  EXPECT_EQ(parseDataKind("hdf5"), std::nullopt);
  EXPECT_EQ(nameOf(DataKind::text), "text");
  EXPECT_EQ(parseTransformKind("multi_hot"), DataTransform::Kind::multiHot);
  EXPECT_EQ(parseTransformKind("mirror"), std::nullopt);
  EXPECT_EQ(nameOf(DataTransform::Kind::zoom), "zoom");
}

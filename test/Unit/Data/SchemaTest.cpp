//===- SchemaTest.cpp - What a model remembers of its data ----------------===//

#include "nnc/Data/Schema.h"
#include "../Formats/TestFolder.h"
#include "nnc/Formats/Npy.h"

using namespace nnc;
using namespace nnc::test;

namespace {
/// A set of cars: a number, a category and a class.
class SchemaTest : public ::testing::Test {
protected:
  SchemaTest() {
    request.kind = DataKind::csv;
    request.scale = ScaleKind::standard;
    request.missing = DataRequest::Missing::mean;
    request.path = folder.write("train.csv", "power,from,good\n"
                                             "1,usa,no\n3,asia,yes\n");
    Dataset train = expectValue(load(request)).train;
    fitScaling(train, {});
    schema = schemaOf(train);
  }
  Expected<DataSource> read(const std::string &text) {
    request.path = folder.write("new.csv", text);
    return loadAs(request, schema);
  }

  TestFolder folder;
  DataRequest request;
  DataSchema schema;
};
} // namespace

TEST_F(SchemaTest, SurvivesJson) {
  std::string json = toJson(schema);
  EXPECT_TRUE(expectValue(schemaFromJson(json, "s")) == schema);
  DataSource digits = expectValue(loadDigits());
  digits.train.threshold = 0.25;
  DataSchema other = schemaOf(digits.train);
  EXPECT_TRUE(expectValue(schemaFromJson(toJson(other), "s")) == other);
}

TEST_F(SchemaTest, BrokenJsonIsAnError) {
  std::string good = toJson(schema);
  expectError(schemaFromJson("", "s"), ErrorCode::malformedFile);
  expectError(schemaFromJson("[]", "s"), ErrorCode::malformedFile);
  for (auto [from, to] :
       std::initializer_list<std::pair<const char *, const char *>>{
           {"\"features\":\"features\"", "\"features\":\"other\""},
           {"\"features\":\"features\"", "\"features\":1"},
           {"\"target\":\"target\"", "\"target\":\"other\""},
           {"\"shape\":[3]", "\"shape\":[-3]"},
           {"\"shape\":[3]", "\"shape\":[4]"},
           {"\"shape\":[3]", "\"shape\":[9223372036854775807,9]"},
           {"\"type\":\"f32\"", "\"type\":\"f31\""},
           {"\"factor\":1.0", "\"factor\":\"1\""},
           {"\"categories\":[]", "\"categories\":[1]"},
           {"\"classes\":2", "\"classes\":-2"}}) {
    std::string text = good;
    size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, std::string(from).size(), to);
    expectError(schemaFromJson(text, "s"), ErrorCode::malformedFile);
  }
}

TEST_F(SchemaTest, NewRowsUseTheOldClassesAndScaling) {
  // Other first appearances, another order of columns, values never seen.
  Dataset data =
      expectValue(read("from,good,power\nasia,yes,5\nusa,no,?\n")).train;
  EXPECT_TRUE(data.features()->values ==
              Array::of<float>({2, 3}, {3, 0, 1, 0, 1, 0}));
  EXPECT_TRUE(data.target()->values == Array::of<int32_t>({2}, {1, 0}));
  EXPECT_EQ(data.find("power")->values.at(0), 3);
  // Without the target, with and without header.
  EXPECT_EQ(expectValue(read("from,power\nusa,1\n")).train.targetField, "");
  Dataset bare = expectValue(read("3,usa\n")).train;
  EXPECT_TRUE(bare.features()->values == Array::of<float>({1, 3}, {1, 1, 0}));
  EXPECT_EQ(expectValue(read("3,usa,yes\n")).train.target()->values.at(0), 1);
}

TEST_F(SchemaTest, RowsThatDoNotFitAreErrors) {
  expectError(read("power,from\n1,mars\n"), ErrorCode::unknownClass);
  expectError(read("power,form\n1,usa\n"), ErrorCode::unknownColumn);
  expectError(read("power,from\nx1,usa\n"), ErrorCode::notANumber);
  expectError(read("power,from\n1,\n"), ErrorCode::noMean);
  expectError(read("1\n"), ErrorCode::columnCount);
  expectError(read("1,usa,no,4\n"), ErrorCode::columnCount);
}

TEST_F(SchemaTest, RawPixelsOfDigitsAreScaled) {
  DataSource digits = expectValue(loadDigits());
  schema = schemaOf(digits.train);
  std::string line = "16";
  for (int i = 1; i < 64; ++i)
    line += ",8";
  Dataset data = expectValue(read(line + "\n")).train;
  EXPECT_EQ(data.featuresField, "image");
  EXPECT_EQ(data.features()->values.at(0), 1);
  EXPECT_EQ(data.features()->values.at(1), 0.5);
  Dataset labelled = expectValue(read(line + ",7\n")).train;
  EXPECT_EQ(labelled.targetField, "label");
  EXPECT_TRUE(labelled.target()->values == Array::of<int32_t>({1}, {7}));
  expectError(read(line + ",12\n"), ErrorCode::unknownClass);
  expectError(read("1,2,3\n"), ErrorCode::columnCount);

  Array raw(ElementType::u8, {2, 8, 8});
  raw.span<uint8_t>()[0] = 16;
  request.kind = DataKind::npy;
  request.path = folder.path("x.npy");
  ASSERT_TRUE(writeNpy(request.path, raw));
  Dataset image = expectValue(loadAs(request, schema)).train;
  EXPECT_EQ(image.features()->sampleShape, std::vector<int64_t>{64});
  EXPECT_EQ(image.features()->values.at(0), 1);
  ASSERT_TRUE(writeNpy(request.path, Array(ElementType::u8, {2, 8, 7})));
  expectError(loadAs(request, schema), ErrorCode::malformedFile);
  ASSERT_TRUE(writeNpy(request.path, Array(ElementType::u8, {0, 64})));
  expectError(loadAs(request, schema), ErrorCode::emptyData);
}

TEST_F(SchemaTest, TransformsOfTheModelAreRepeated) {
  DataRequest made;
  made.transforms = {{DataTransform::Kind::binarize, 0.25},
                     {DataTransform::Kind::oneHot}};
  schema = schemaOf(expectValue(load(made)).train);
  std::string line = "4";
  for (int i = 1; i < 64; ++i)
    line += ",5";
  Dataset data = expectValue(read(line + ",3\n")).train;
  EXPECT_EQ(data.features()->values.at(0), 0);
  EXPECT_EQ(data.features()->values.at(1), 1);
  EXPECT_EQ(data.target()->sampleShape, std::vector<int64_t>{10});
  EXPECT_EQ(data.target()->values.at(3), 1);
}

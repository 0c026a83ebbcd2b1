//===- CsvTest.cpp - Data from csv files ----------------------------------===//

#include "../Formats/TestFolder.h"
#include "nnc/Data/DataRequest.h"
#include "nnc/Data/Sampling.h"
#include <cmath>

using namespace nnc;
using namespace nnc::test;

namespace {
class CsvTest : public ::testing::Test {
protected:
  CsvTest() { request.kind = DataKind::csv; }

  Expected<DataSource> read(const std::string &text) {
    request.path = folder.write("d.csv", text);
    return load(request);
  }
  Dataset readGood(const std::string &text) {
    return expectValue(read(text)).train;
  }
  void expectAt(const std::string &text, ErrorCode code, unsigned line,
                unsigned column) {
    Expected<DataSource> source = read(text);
    expectError(source, code);
    if (source)
      return;
    EXPECT_EQ(source.error().position.line, line) << text;
    EXPECT_EQ(source.error().position.column, column) << text;
    EXPECT_EQ(source.error().position.file, request.path);
  }
  static std::vector<float> floats(const Dataset &dataset,
                                   const std::string &field) {
    std::span<const float> values = dataset.find(field)->values.span<float>();
    return {values.begin(), values.end()};
  }
  static std::vector<int32_t> integers(const Dataset &dataset,
                                       const std::string &field) {
    std::span<const int32_t> values =
        dataset.find(field)->values.span<int32_t>();
    return {values.begin(), values.end()};
  }

  TestFolder folder;
  DataRequest request;
};
} // namespace

TEST_F(CsvTest, ReadsColumnsFeaturesAndTarget) {
  Dataset data = readGood("a,b,c\n1,2,3\n4.5,-5e1,+6\n");
  EXPECT_EQ(data.samples, 2);
  EXPECT_EQ(data.features()->sampleShape, std::vector<int64_t>{2});
  EXPECT_EQ(floats(data, "features"), (std::vector<float>{1, 2, 4.5, -50}));
  EXPECT_EQ(floats(data, "target"), (std::vector<float>{3, 6}));
  EXPECT_EQ(floats(data, "b"), (std::vector<float>{2, -50}));
  EXPECT_EQ(floats(data, "c"), floats(data, "target"));
  EXPECT_EQ(data.targetColumn, "c");
}

TEST_F(CsvTest, WithoutHeaderColumnsAreNumbered) {
  Dataset data = readGood("1,2\r\n3,4\r\n\r\n5,6");
  EXPECT_EQ(data.samples, 3);
  EXPECT_EQ(floats(data, "column_0"), (std::vector<float>{1, 3, 5}));
  request.header = DataRequest::Header::absent;
  data = readGood("x,0\ny,1\n");
  EXPECT_EQ(data.samples, 2);
  request.header = DataRequest::Header::present;
  data = readGood("1,2\n3,4\n");
  EXPECT_EQ(data.samples, 1);
  EXPECT_EQ(floats(data, "1"), std::vector<float>{3});
}

TEST_F(CsvTest, QuotesSeparatorsAndByteOrderMark) {
  Dataset data = readGood("\xef\xbb\xbf\"a,\"\"x\"\"\",\"b\nc\"\n \"q\", 2 \n");
  EXPECT_EQ(data.columns[0].name, "a,\"x\"");
  EXPECT_EQ(data.targetColumn, "b\nc");
  request.separator = ';';
  EXPECT_EQ(floats(readGood("a;b\n1;2\n"), "target"), std::vector<float>{2});
}

TEST_F(CsvTest, CategoriesAreNumberedAsTheyAppear) {
  Dataset data =
      readGood("size,color,kind\n1,red,b\n2,blue,a\n3,red,b\n4,green,c\n");
  EXPECT_EQ(integers(data, "target"), (std::vector<int32_t>{0, 1, 0, 2}));
  EXPECT_EQ(data.target()->classNames,
            (std::vector<std::string>{"b", "a", "c"}));
  EXPECT_EQ(data.features()->sampleShape, std::vector<int64_t>{4});
  EXPECT_EQ(
      floats(data, "features"),
      (std::vector<float>{1, 1, 0, 0, 2, 0, 1, 0, 3, 1, 0, 0, 4, 0, 0, 1}));
  EXPECT_EQ(integers(data, "color"), (std::vector<int32_t>{0, 1, 0, 2}));
}

TEST_F(CsvTest, TargetAndInputsAreChosen) {
  request.target = "a";
  request.inputs = {"c"};
  Dataset data = readGood("a,b,c\n1,x,3\n4,7,6\n");
  EXPECT_EQ(floats(data, "target"), (std::vector<float>{1, 4}));
  EXPECT_EQ(floats(data, "features"), (std::vector<float>{3, 6}));
  EXPECT_EQ(data.find("b"), nullptr);
  request.inputs = {"C"};
  expectError(read("a,b,c\n1,x,3\n"), ErrorCode::unknownColumn);
  request.inputs = {"c", "c"};
  expectError(read("a,b,c\n1,x,3\n"), ErrorCode::columnTwice);
  request.inputs = {"c"};
  request.target = "d";
  expectError(read("a,b,c\n1,x,3\n"), ErrorCode::unknownColumn);
}

TEST_F(CsvTest, MissingValuesAreErrorsDroppedOrFilled) {
  const char *text = "a,b,c\n1,,3\n2,4,6\n3,8,9\n";
  expectAt(text, ErrorCode::missingValue, 2, 3);
  request.missing = DataRequest::Missing::drop;
  EXPECT_EQ(readGood(text).samples, 2);
  // In a column that is not used nothing is missing.
  request.missing = DataRequest::Missing::error;
  request.inputs = {"a"};
  EXPECT_EQ(readGood(text).samples, 3);
  request.inputs.reset();
  request.missing = DataRequest::Missing::mean;
  Dataset data = readGood(text);
  EXPECT_TRUE(data.fillMissing);
  EXPECT_TRUE(std::isnan(floats(data, "features")[1]));
  fitScaling(data, {});
  EXPECT_EQ(floats(data, "features"), (std::vector<float>{1, 6, 2, 4, 3, 8}));
  EXPECT_EQ(floats(data, "b"), (std::vector<float>{6, 4, 8}));
  // A target is never made up, and a category has no mean.
  expectAt("a,c\n1,2\n3,?\n", ErrorCode::missingValue, 3, 3);
  expectAt("a,c\nx,2\nNA,3\n", ErrorCode::noMean, 3, 1);
  expectAt("a,c\n,2\nx,3\n", ErrorCode::noMean, 2, 1);
  expectAt("a,c\n,2\n,3\n", ErrorCode::noMean, 2, 1);
}

TEST_F(CsvTest, ScalingIsFittedOnTheTrainingPart) {
  request.scale = ScaleKind::standard;
  Dataset train = readGood("a,k,c\n1,x,7\n3,y,7\n5,x,7\n");
  Dataset test = select(train, std::vector<int64_t>{2, 0});
  Dataset first = select(train, std::vector<int64_t>{0, 1});
  Dataset *others[] = {&test};
  fitScaling(first, others);
  // Mean 2, standard deviation 1; one-hot parts and target as they were.
  EXPECT_EQ(floats(first, "features"), (std::vector<float>{-1, 1, 0, 1, 0, 1}));
  EXPECT_EQ(floats(test, "features"), (std::vector<float>{3, 1, 0, -1, 1, 0}));
  EXPECT_EQ(floats(test, "a"), (std::vector<float>{3, -1}));
  EXPECT_EQ(floats(test, "target"), (std::vector<float>{7, 7}));
  EXPECT_EQ(floats(test, "c"), (std::vector<float>{7, 7}));
  EXPECT_EQ(first.scale, ScaleKind::none);
  EXPECT_EQ(first.features()->scaling[0].offset, 2);
  request.scale = ScaleKind::unit;
  Dataset unit = readGood("a,b,c\n1,4,7\n3,4,7\n5,4,7\n");
  fitScaling(unit, {});
  EXPECT_EQ(floats(unit, "features"), (std::vector<float>{0, 0, .5, 0, 1, 0}));
}

TEST_F(CsvTest, KeepsDoublesWhereAsked) {
  request.floatType = ElementType::f64;
  Dataset data = readGood("a,b\n0.1,1e300\n");
  EXPECT_EQ(data.features()->values.span<double>()[0], 0.1);
}

TEST_F(CsvTest, BrokenFilesAreErrorsAtTheirPlace) {
  expectError(read(""), ErrorCode::emptyData);
  expectError(read("\n\n"), ErrorCode::emptyData);
  expectError(read("a,b\n"), ErrorCode::emptyData);
  expectAt("a,b,c\n1,2,3\n4,5\n", ErrorCode::columnCount, 3, 4);
  expectAt("a,b\n1,2\n3,4,5,6\n", ErrorCode::columnCount, 3, 5);
  expectAt("a,b\n1,2\n3,four\n", ErrorCode::notANumber, 3, 3);
  expectAt("a,b\n1,2\n0x10,4\n", ErrorCode::notANumber, 3, 1);
  expectAt("a,b\n1,2\n1 2,4\n", ErrorCode::notANumber, 3, 1);
  expectAt("a,b\n1,2\n3,inf\n", ErrorCode::notFinite, 3, 3);
  expectAt("a,b\n1,2\n3,1e999\n", ErrorCode::notFinite, 3, 3);
  expectAt("a,b\n1,2\n3,1e300\n", ErrorCode::notFinite, 3, 3);
  expectAt("a,b\n1,\"2\n3,4\n", ErrorCode::unclosedQuote, 2, 3);
  expectAt("a,b\n\"1\"x,2\n", ErrorCode::textAfterQuote, 2, 4);
  expectAt("a,b,a\n1,2,3\n", ErrorCode::columnTwice, 1, 5);
  expectError(read("a\n1\n2\n"), ErrorCode::noInputColumn);
  request.missing = DataRequest::Missing::drop;
  expectError(read("a,b\n1,\n,2\n"), ErrorCode::emptyData);
  request.path = folder.path("missing.csv");
  expectError(load(request), ErrorCode::fileNotFound);
}

TEST_F(CsvTest, UnderflowIsZero) {
  EXPECT_EQ(floats(readGood("a,b\n1e-999,1\n"), "a"), std::vector<float>{0});
}

TEST_F(CsvTest, ErrorsShowTheLine) {
  Expected<DataSource> source = read("a,b\n1,2\n3,four\n");
  ASSERT_FALSE(source);
  EXPECT_EQ(render(source.error()),
            request.path + ":3:3: error: 'four' in column 'b' is not a number, "
                           "as its first value is\n"
                           "  3,four\n    ^\n");
}

TEST_F(CsvTest, ReadsIris) {
  NNC_REQUIRE_SHARED_DATA(iris, "iris");
  request.path = iris + "/iris.csv";
  request.scale = ScaleKind::standard;
  Dataset data = expectValue(load(request)).train;
  EXPECT_EQ(data.samples, 150);
  EXPECT_EQ(data.features()->sampleShape, std::vector<int64_t>{4});
  EXPECT_EQ(data.target()->classNames,
            (std::vector<std::string>{"setosa", "versicolor", "virginica"}));
  Expected<SplitDataset> parts = split(data, 0.2, 0);
  ASSERT_TRUE(parts);
  int counts[3] = {};
  for (int32_t label : targetLabels(parts->held))
    ++counts[label];
  EXPECT_EQ(counts[0], 10);
  EXPECT_EQ(counts[2], 10);
  Expected<std::vector<Split>> folds = kFolds(150, 5, 0, targetLabels(data));
  ASSERT_TRUE(folds);
  EXPECT_EQ((*folds)[4].held.size(), 30u);
}

TEST_F(CsvTest, ReadsAutoMpg) {
  NNC_REQUIRE_SHARED_DATA(cars, "auto-mpg");
  request.path = cars + "/auto-mpg.csv";
  request.target = "mpg";
  request.inputs = {"cylinders",    "displacement", "horsepower", "weight",
                    "acceleration", "model_year",   "origin"};
  Expected<DataSource> whole = load(request);
  expectError(whole, ErrorCode::missingValue);
  request.missing = DataRequest::Missing::drop;
  Dataset data = expectValue(load(request)).train;
  EXPECT_EQ(data.samples, 392);
  EXPECT_EQ(data.features()->sampleShape, std::vector<int64_t>{9});
  EXPECT_EQ(data.columns.back().categories,
            (std::vector<std::string>{"usa", "japan", "europe"}));
  request.missing = DataRequest::Missing::mean;
  Dataset filled = expectValue(load(request)).train;
  EXPECT_EQ(filled.samples, 398);
  fitScaling(filled, {});
  for (float value : filled.features()->values.span<float>())
    EXPECT_TRUE(std::isfinite(value));
}

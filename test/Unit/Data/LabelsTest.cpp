//===- LabelsTest.cpp - Class numbers, one-hot rows, transforms -----------===//

#include "../Formats/TestFolder.h"
#include "nnc/Data/DataRequest.h"
#include "nnc/Formats/Npy.h"

using namespace nnc;
using namespace nnc::test;

TEST(ClassNumbers, AreReadFromNumbersAndRows) {
  Array expected = Array::of<int32_t>({2}, {2, 0});
  for (ElementType type : {ElementType::i32, ElementType::i64, ElementType::u8,
                           ElementType::f32}) {
    Field field = Field::make("y", expected.to(type));
    Field numbers = expectValue(classNumbers(field, 3));
    EXPECT_TRUE(numbers.values == expected);
    EXPECT_EQ(numbers.classes, 3);
  }
  Field rows = Field::make("y", Array::of<float>({2, 3}, {0, 0, 1, 1, 0, 0}));
  EXPECT_TRUE(expectValue(classNumbers(rows, 3)).values == expected);
}

TEST(ClassNumbers, OutsideTheirRangeAreErrors) {
  auto read = [](Array array, int64_t classes) {
    return classNumbers(Field::make("y", std::move(array)), classes);
  };
  expectError(read(Array::of<int32_t>({2}, {0, 3}), 3),
              ErrorCode::labelOutOfRange);
  expectError(read(Array::of<int32_t>({2}, {-1, 1}), 3),
              ErrorCode::labelOutOfRange);
  expectError(read(Array::of<float>({1}, {0.5f}), 3),
              ErrorCode::notClassNumbers);
  expectError(read(Array::of<float>({1}, {std::nanf("")}), 3),
              ErrorCode::notClassNumbers);
  expectError(read(Array::of<float>({1, 2}, {0, 1}), 3),
              ErrorCode::notClassNumbers);
  expectError(read(Array::of<float>({1, 2}, {1, 1}), 2),
              ErrorCode::notClassNumbers);
  expectError(read(Array::of<float>({1, 2}, {0, 0}), 2),
              ErrorCode::notClassNumbers);
}

TEST(OneHotRows, HaveTheirOneAtTheClass) {
  Field label = Field::make("y", Array::of<int32_t>({1}, {3}));
  Field rows = expectValue(oneHotRows(label, 46));
  EXPECT_EQ(rows.sampleShape, std::vector<int64_t>{46});
  for (int i = 0; i < 46; ++i)
    EXPECT_EQ(rows.values.at(i), i == 3);
}

TEST(FieldAs, ConvertsOnlyWhatFits) {
  Field wide = Field::make("y", Array::of<int64_t>({2, 1}, {1, 70000}));
  EXPECT_EQ(expectValue(fieldAs(wide, ElementType::i32)).values.at(1), 70000);
  EXPECT_EQ(expectValue(fieldAs(wide, ElementType::f32)).values.at(1), 70000);
  expectError(fieldAs(wide, ElementType::i16), ErrorCode::inexactConversion);
  expectError(fieldAs(wide, ElementType::f16), ErrorCode::inexactConversion);
  Field real = Field::make("y", Array::of<double>({1}, {0.1}));
  EXPECT_EQ(
      expectValue(fieldAs(real, ElementType::f32)).values.span<float>()[0],
      0.1f);
  expectError(fieldAs(real, ElementType::i32), ErrorCode::inexactConversion);
}

TEST(Gather, CopiesSamplesInOrder) {
  Field field =
      Field::make("x", Array::of<int16_t>({3, 2}, {1, 2, 3, 4, 5, 6}));
  int16_t out[4];
  gather(field, std::vector<int64_t>{2, 0}, reinterpret_cast<std::byte *>(out));
  EXPECT_EQ(out[0], 5);
  EXPECT_EQ(out[3], 2);
}

//===----------------------------------------------------------------------===//
// Transforms
//===----------------------------------------------------------------------===//

static DataRequest digitsWith(DataTransform::Kind kind, double amount = 0) {
  DataRequest request;
  request.transforms = {{kind, amount}};
  return request;
}

TEST(Transforms, OneHotTurnsTheTarget) {
  DataSource source =
      expectValue(load(digitsWith(DataTransform::Kind::oneHot)));
  EXPECT_EQ(source.train.target()->sampleShape, std::vector<int64_t>{10});
  EXPECT_EQ(source.test->target()->sampleShape, std::vector<int64_t>{10});
  EXPECT_EQ(source.train.target()->classNames.size(), 10u);
  DataRequest request = digitsWith(DataTransform::Kind::oneHot);
  request.kind = DataKind::exclusiveOr;
  expectError(load(request), ErrorCode::transformInput);
}

TEST(Transforms, BinarizeHoldsOnlyZeroAndOne) {
  DataSource plain = expectValue(loadDigits());
  DataSource source =
      expectValue(load(digitsWith(DataTransform::Kind::binarize, 0.5)));
  std::span<const float> before = plain.test->features()->values.span<float>();
  std::span<const float> after = source.test->features()->values.span<float>();
  for (size_t i = 0; i < before.size(); ++i)
    ASSERT_EQ(after[i], before[i] > 0.5f ? 1 : 0);
  EXPECT_EQ(source.train.threshold, 0.5);
}

TEST(Transforms, MultiHotNeedsTokens) {
  expectError(load(digitsWith(DataTransform::Kind::multiHot, 10)),
              ErrorCode::transformInput);
  TestFolder folder;
  auto make = [&](std::vector<int64_t> tokens, double width) {
    int64_t count = static_cast<int64_t>(tokens.size());
    std::vector<NamedArray> arrays = {
        {"x_tokens", Array::of<int64_t>({count}, tokens)},
        {"x_offsets", Array::of<int64_t>({3}, {0, 1, count})}};
    EXPECT_TRUE(writeNpz(folder.path("d.npz"), arrays));
    DataRequest request = digitsWith(DataTransform::Kind::multiHot, width);
    request.kind = DataKind::npz;
    request.path = folder.path("d.npz");
    return load(request);
  };
  DataSource source = expectValue(make({1, 3, 9, 3}, 4));
  EXPECT_TRUE(source.train.features()->values ==
              Array::of<float>({2, 4}, {0, 1, 0, 0, 0, 0, 1, 1}));
  expectError(make({-1, 1}, 4), ErrorCode::transformInput);
  for (double width : {2.0, 3.5, -1.0, 1e12, std::nan("")})
    expectError(make({1, 1}, width), ErrorCode::transformInput);
}

// The values printed for the first newswire with the 1000 commonest words.
TEST(Transforms, MultiHotMakesTheReutersTable) {
  NNC_REQUIRE_SHARED_DATA(reuters, "reuters");
  DataRequest request = digitsWith(DataTransform::Kind::multiHot, 1000);
  request.transforms.push_back({DataTransform::Kind::oneHot});
  request.kind = DataKind::npz;
  request.path = reuters + "/reuters.npz";
  DataSource source = expectValue(load(request));
  EXPECT_EQ(source.train.samples, 8982);
  EXPECT_EQ(source.train.features()->sampleShape, std::vector<int64_t>{1000});
  EXPECT_EQ(source.train.target()->sampleShape, std::vector<int64_t>{46});
  ASSERT_TRUE(source.test);
  EXPECT_EQ(source.test->samples, 2246);
  EXPECT_EQ(source.train.target()->values.at(3), 1);
  const float expected[] = {0, 1, 1, 0, 1, 1, 1, 1, 1};
  const float later[] = {0, 0, 1, 1, 1, 0, 1, 0, 0};
  std::span<const float> row = source.train.features()->values.span<float>();
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(row[i], expected[i]) << i;
    EXPECT_EQ(row[13 + i], later[i]) << i;
  }
}

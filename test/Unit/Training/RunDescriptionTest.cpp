//===- RunDescriptionTest.cpp - Unit tests for descriptions ---------------===//

#include "nnc/Training/RunDescription.h"
#include <gtest/gtest.h>

using namespace nnc;

namespace {

RunDescription description() {
  RunDescription result;
  result.name = "digits \"0\"";
  FieldSchema image;
  image.name = "image";
  image.sampleShape = {2, 2};
  image.scaling = {{1, 0.5, std::nullopt}};
  result.schema.fields.push_back(image);
  result.schema.featuresField = "image";
  result.floatType = ElementType::f64;
  result.prediction.classes = PredictionInfo::Classes::threshold;
  result.prediction.threshold = 0.25;
  result.prediction.classNames = {"no", "yes, \xc3\xa9"};
  result.seed = -3;
  Signature program;
  program.model = "digits";
  program.entry = "digits_run_8_program";
  program.batch = 8;
  Argument argument;
  argument.name = "image";
  argument.type = ElementType::f64;
  argument.shape = {8, 2, 2};
  argument.batched = true;
  program.arguments.push_back(argument);
  result.programs.push_back(program);
  result.weights = {"hidden.weight", "hidden.bias"};
  return result;
}

TEST(RunDescription, SurvivesJson) {
  RunDescription wanted = description();
  Expected<RunDescription> given = runDescriptionFromJson(toJson(wanted));
  ASSERT_TRUE(given) << given.error().message;
  EXPECT_EQ(given->name, wanted.name);
  EXPECT_EQ(given->schema, wanted.schema);
  EXPECT_EQ(given->floatType, wanted.floatType);
  EXPECT_EQ(given->prediction.classes, wanted.prediction.classes);
  EXPECT_EQ(given->prediction.threshold, wanted.prediction.threshold);
  EXPECT_EQ(given->prediction.classNames, wanted.prediction.classNames);
  EXPECT_EQ(given->seed, wanted.seed);
  EXPECT_EQ(given->weights, wanted.weights);
  ASSERT_EQ(given->programs.size(), 1u);
  EXPECT_EQ(given->programs[0].toJson(), wanted.programs[0].toJson());
}

TEST(RunDescription, RefusesWhatIsNone) {
  for (const char *text :
       {"", "[]", "{}", R"({"name": 1})", R"({"name": "n", "schema": "{}"})"}) {
    Expected<RunDescription> given = runDescriptionFromJson(text);
    ASSERT_FALSE(given) << text;
    EXPECT_EQ(given.error().code, ErrorCode::malformedFile) << text;
  }
  RunDescription empty = description();
  empty.programs.clear();
  EXPECT_FALSE(runDescriptionFromJson(toJson(empty)));
}

} // namespace

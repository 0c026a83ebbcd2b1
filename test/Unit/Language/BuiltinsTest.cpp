//===- BuiltinsTest.cpp - The table of built-in names ---------------------===//

#include "nnc/Language/Builtins.h"
#include "nnc/Language/Settings.h"
#include <gtest/gtest.h>
#include <set>

using namespace nnc;

TEST(Builtins, RowsAreWellFormedAndUnique) {
  std::set<std::pair<BuiltinKind, std::string>> seen;
  for (const Builtin &row : builtins()) {
    EXPECT_TRUE(seen.emplace(row.kind, row.name).second) << row.name;
    EXPECT_EQ(findBuiltin(row.kind, row.name), &row);
    EXPECT_FALSE(row.summary.empty()) << row.name;
    std::set<std::string> names;
    for (const Parameter &parameter : row.parameters) {
      EXPECT_TRUE(names.insert(parameter.name).second)
          << row.name << "." << parameter.name;
      EXPECT_NE(parameter.type.kinds, 0u) << row.name << "." << parameter.name;
      EXPECT_EQ(parameter.defaultText.empty(),
                parameter.defaultValue == nullptr)
          << row.name << "." << parameter.name;
    }
  }
}

/// Each default is a value that its own parameter accepts, or the name of
/// another parameter, or a function, which the model's side resolves.
TEST(Builtins, DefaultsHaveTheKindOfTheirParameter) {
  SettingScope scope;
  for (const Builtin &row : builtins())
    for (const Parameter &parameter : row.parameters) {
      if (!parameter.defaultValue || parameter.type.accepts(FunctionKind) ||
          row.indexOf(parameter.defaultText) >= 0)
        continue;
      Diagnostics diagnostics;
      SettingEvaluator evaluator(scope, diagnostics);
      EXPECT_TRUE(evaluator.evaluate(*parameter.defaultValue, parameter.name,
                                     parameter.type))
          << row.name << "." << parameter.name << ": "
          << render(diagnostics.errors().front());
    }
  for (const SettingInfo &info : trainSettingInfos()) {
    Diagnostics diagnostics;
    SettingEvaluator evaluator(scope, diagnostics);
    ASSERT_NE(info.parameter.defaultValue, nullptr) << info.parameter.name;
    EXPECT_TRUE(evaluator.evaluate(*info.parameter.defaultValue,
                                   info.parameter.name, info.parameter.type))
        << info.parameter.name;
    EXPECT_TRUE(info.inTrain || info.inStep);
  }
}

TEST(Builtins, ParametersCarryKindsBoundsAndChoices) {
  const Builtin *conv = findBuiltin(BuiltinKind::Layer, "conv2d");
  ASSERT_NE(conv, nullptr);
  const Parameter &padding =
      conv->parameters[static_cast<size_t>(conv->indexOf("padding"))];
  EXPECT_EQ(padding.type.choices, (std::vector<std::string>{"valid", "same"}));
  EXPECT_TRUE(padding.type.accepts(IntKind));
  EXPECT_EQ(padding.type.elementKinds, KindSet(IntKind));
  EXPECT_EQ(padding.type.describe(),
            "\"valid\", \"same\", an int or a list of ints");
  const Builtin *pool = findBuiltin(BuiltinKind::Layer, "max_pool2d");
  EXPECT_EQ(pool->parameters[2].defaultText, "size");
  const Builtin *dropout = findBuiltin(BuiltinKind::Layer, "dropout");
  EXPECT_TRUE(dropout->parameters[0].isTensor());
  EXPECT_FALSE(dropout->parameters[0].keywordOnly);
  EXPECT_TRUE(dropout->parameters[1].keywordOnly);
  EXPECT_EQ(dropout->parameters[1].type.describeBounds(),
            "at least 0 and less than 1");
  EXPECT_TRUE(findBuiltin(BuiltinKind::Layer, "chain")->parameters[0].variadic);
  EXPECT_EQ(findBuiltin(BuiltinKind::Layer, "nope"), nullptr);
}

TEST(Builtins, SettingsSayWhereTheyBelong) {
  EXPECT_TRUE(findSetting("loss")->inTrain && findSetting("loss")->inStep);
  EXPECT_FALSE(findSetting("epochs")->inStep);
  EXPECT_FALSE(findSetting("update")->inTrain);
  EXPECT_EQ(findSetting("bach_size"), nullptr);
}

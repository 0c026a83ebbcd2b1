//===- SettingsTest.cpp - Constant expressions and named values -----------===//

#include "nnc/Language/Settings.h"
#include "nnc/Language/Parser.h"
#include <gtest/gtest.h>

using namespace nnc;

namespace {

/// What an expression evaluates to, or the error it gives.
struct Outcome {
  std::optional<SettingValue> value;
  std::optional<Error> error;
  /// Keeps alive what the value points into.
  ParsedExpr parsed;
};

Outcome evaluate(const std::string &text, KindSet kinds = 0,
                 KindSet elementKinds = 0) {
  Outcome outcome;
  Expected<ParsedExpr> parsed = parseExpression(text);
  if (!parsed) {
    ADD_FAILURE() << render(parsed.error());
    return outcome;
  }
  outcome.parsed = std::move(*parsed);
  SettingScope scope;
  Diagnostics diagnostics;
  SettingEvaluator evaluator(scope, diagnostics);
  ValueType type;
  type.kinds = kinds;
  type.elementKinds = elementKinds;
  outcome.value = kinds ? evaluator.evaluate(*outcome.parsed.expr, "s", type)
                        : evaluator.evaluatePlain(*outcome.parsed.expr);
  EXPECT_NE(outcome.value.has_value(), diagnostics.hasErrors()) << text;
  if (diagnostics.hasErrors())
    outcome.error = diagnostics.errors().front();
  return outcome;
}

std::string valueOf(const std::string &text, KindSet kinds = 0,
                    KindSet elementKinds = 0) {
  Outcome outcome = evaluate(text, kinds, elementKinds);
  if (outcome.error)
    return render(*outcome.error);
  return print(*outcome.value);
}

void expectError(const std::string &text, ErrorCode code,
                 const std::string &message, KindSet kinds = 0,
                 KindSet elementKinds = 0) {
  Outcome outcome = evaluate(text, kinds, elementKinds);
  ASSERT_TRUE(outcome.error) << text;
  EXPECT_STREQ(nameOf(outcome.error->code), nameOf(code)) << text;
  EXPECT_EQ(outcome.error->message, message);
  EXPECT_EQ(outcome.error->position.line, 1u) << text;
}

} // namespace

TEST(Settings, Arithmetic) {
  EXPECT_EQ(valueOf("1 + 2 * 3"), "7");
  EXPECT_EQ(valueOf("7 / 2"), "3.5");
  EXPECT_EQ(valueOf("4 / 2"), "2.0");
  EXPECT_EQ(valueOf("-7 // 2"), "-4");
  EXPECT_EQ(valueOf("7 // -2"), "-4");
  EXPECT_EQ(valueOf("-7 % 3"), "2");
  EXPECT_EQ(valueOf("7 % -3"), "-2");
  EXPECT_EQ(valueOf("-7.5 // 2"), "-4.0");
  EXPECT_EQ(valueOf("-0.5 % 2"), "1.5");
  EXPECT_EQ(valueOf("2 ** 10"), "1024");
  EXPECT_EQ(valueOf("2 ** -1"), "0.5");
  EXPECT_EQ(valueOf("2 ** 0.5 * 2 ** 0.5 > 1.9"), "true");
  EXPECT_EQ(valueOf("(-1) ** 9223372036854775807"), "-1");
  EXPECT_EQ(valueOf("9223372036854775807 - 1"), "9223372036854775806");
  EXPECT_EQ(valueOf("1 + 0.5"), "1.5");
  EXPECT_EQ(valueOf("+-3"), "-3");
  EXPECT_EQ(valueOf("(0 - 9223372036854775807 - 1) % -1"), "0");
}

TEST(Settings, ComparisonsAndLogic) {
  EXPECT_EQ(valueOf("1 < 2 and not 2 < 1"), "true");
  EXPECT_EQ(valueOf("1 == 1.0"), "true");
  EXPECT_EQ(valueOf("\"a\" == \"a\" or false"), "true");
  EXPECT_EQ(valueOf("[1, 2] != [1, 3]"), "true");
  EXPECT_EQ(valueOf("9223372036854775807 > 9223372036854775806"), "true");
  EXPECT_EQ(valueOf("2 >= 3"), "false");
  EXPECT_EQ(valueOf("2 <= 2"), "true");
  EXPECT_EQ(valueOf("if 1 > 2 { yield 3 } else if true { yield 4 } "
                    "else { yield 5 }"),
            "4");
}

TEST(Settings, ListsAndFunctions) {
  EXPECT_EQ(valueOf("len([1, 2, [3]])"), "3");
  EXPECT_EQ(valueOf("min(3, 1.5, 2)"), "1.5");
  EXPECT_EQ(valueOf("max([3, 1])"), "3");
  EXPECT_EQ(valueOf("sqrt(16)"), "4.0");
  EXPECT_EQ(valueOf("log2(8)"), "3.0");
  EXPECT_EQ(valueOf("range(3)"), "[0, 1, 2]");
  EXPECT_EQ(valueOf("[5, 6, 7][-1]"), "7");
  EXPECT_EQ(valueOf("none"), "none");
  EXPECT_EQ(valueOf("\"a\\\"b\""), "\"a\\\"b\"");
}

TEST(Settings, ArithmeticErrors) {
  expectError("1 // 0", ErrorCode::divisionByZero, "division by zero");
  expectError("1 / 0.0", ErrorCode::divisionByZero, "division by zero");
  expectError("1 % 0", ErrorCode::divisionByZero, "division by zero");
  expectError("9223372036854775807 + 1", ErrorCode::resultOutOfRange,
              "the result of '+' is out of range");
  expectError("2 ** 64", ErrorCode::resultOutOfRange,
              "the result of '**' is out of range");
  expectError("-9223372036854775807 - 2", ErrorCode::resultOutOfRange,
              "the result of '-' is out of range");
  expectError("4611686018427387904 * 2", ErrorCode::resultOutOfRange,
              "the result of '*' is out of range");
  expectError("(0 - 9223372036854775807 - 1) // -1",
              ErrorCode::resultOutOfRange,
              "the result of '//' is out of range");
  expectError("-(0 - 9223372036854775807 - 1)", ErrorCode::resultOutOfRange,
              "the result of '-' is out of range");
  expectError("1e308 * 10", ErrorCode::resultOutOfRange,
              "the result of '*' is out of range");
  expectError("(-2.0) ** 0.5", ErrorCode::resultOutOfRange,
              "the result of '**' is out of range");
  expectError("1 + \"a\"", ErrorCode::operandKinds,
              "'+' needs numbers, got the int 1 and the string \"a\"");
  expectError("[1] @ [2]", ErrorCode::operandKinds,
              "'@' needs tensors, got a list and a list");
  expectError("-true", ErrorCode::operandKind, "'-' needs a number, got true");
  expectError("not 1", ErrorCode::operandKind,
              "'not' needs a bool, got the int 1");
  expectError("[1, 2][2]", ErrorCode::indexOutOfRange,
              "index 2 is outside a list of 2");
  expectError("min([])", ErrorCode::emptyList, "'min' of an empty list");
  expectError("sqrt(-1)", ErrorCode::settingOutOfRange,
              "'x' must be at least 0, got -1.0");
  expectError("range(2000000)", ErrorCode::listTooLong,
              "a list holds at most 1000000 values");
  expectError("training", ErrorCode::notASetting,
              "'training' is not known when the file is read; a setting is a "
              "constant");
  expectError("a[0](1)", ErrorCode::notASetting,
              "a call of this is not known when the file is read; a setting "
              "is a constant");
}

TEST(Settings, NamedValuesFillDefaults) {
  Outcome outcome = evaluate("adam(1e-2, beta2 = 0.99)", OptimizerKind);
  ASSERT_TRUE(outcome.value);
  const SettingValue &adam = *outcome.value;
  EXPECT_TRUE(adam.isCall("adam"));
  EXPECT_EQ(adam.argument("learning_rate").number, 1e-2);
  EXPECT_EQ(adam.argument("beta1").number, 0.9);
  EXPECT_EQ(adam.argument("beta2").number, 0.99);
  EXPECT_FALSE(adam.argument("amsgrad").boolean);
  EXPECT_EQ(print(adam), "adam(learning_rate = 0.01, beta2 = 0.99)");
  EXPECT_EQ(valueOf("adam", OptimizerKind), "adam");
  EXPECT_EQ(valueOf("sgd(cosine(1, epochs = 5), momentum = 0)", OptimizerKind),
            "sgd(learning_rate = cosine(value = 1.0, epochs = 5))");
  EXPECT_EQ(valueOf("mse(reduction = \"sum\")", LossKind),
            "mse(reduction = \"sum\")");
  EXPECT_EQ(valueOf("[accuracy, top_k(2)]", ListKind, MetricKind),
            "[accuracy, top_k(k = 2)]");
  EXPECT_EQ(valueOf("constant(1)", InitializerKind), "constant(value = 1.0)");
  EXPECT_EQ(valueOf("3", FloatKind), "3.0");
}

TEST(Settings, PrintedValuesEvaluateToThemselves) {
  for (const char *text :
       {"adam(learning_rate = warmup(cosine(1e-3, 5), 100))", "nadam",
        "sgd(0.1, nesterov = true)", "rmsprop(centered = true)"}) {
    Outcome first = evaluate(text, OptimizerKind);
    ASSERT_TRUE(first.value) << text;
    Outcome second = evaluate(print(*first.value), OptimizerKind);
    ASSERT_TRUE(second.value) << print(*first.value);
    EXPECT_TRUE(*first.value == *second.value) << print(*second.value);
  }
}

TEST(Settings, NamedValueErrors) {
  expectError("adem", ErrorCode::unknownName,
              "unknown optimizer 'adem'; did you mean 'adam'?", OptimizerKind);
  expectError("adam(learnin_rate = 1)", ErrorCode::unknownArgument,
              "adam has no argument 'learnin_rate'; did you mean "
              "'learning_rate'?",
              OptimizerKind);
  expectError("cosine(1e-3)", ErrorCode::missingArgument,
              "cosine needs the argument 'epochs', an int", ScheduleKind);
  expectError("exponential(1, 2, 3)", ErrorCode::tooManyArguments,
              "exponential takes at most 2 positional arguments", ScheduleKind);
  expectError("constant(1, value = 2)", ErrorCode::argumentTwice,
              "argument 'value' is given twice", ScheduleKind);
  expectError("adam(\"fast\")", ErrorCode::wrongKind,
              "'learning_rate' expects a float or a schedule, got the string "
              "\"fast\"",
              OptimizerKind);
  expectError("adam(beta1 = 1.5)", ErrorCode::settingOutOfRange,
              "'beta1' must be at least 0 and less than 1, got 1.5",
              OptimizerKind);
  expectError("mse(reduction = \"men\")", ErrorCode::wrongKind,
              "'reduction' expects \"mean\", \"sum\" or \"none\", got the "
              "string \"men\"; did you mean 'mean'?",
              LossKind);
  expectError("mse(reduction = sum)", ErrorCode::unknownName,
              "unknown name 'sum'; did you mean \"sum\"?", LossKind);
  expectError("lion", ErrorCode::unsupported,
              "optimizer 'lion' is not supported yet", OptimizerKind);
  expectError("relu", ErrorCode::wrongKind,
              "'s' expects an optimizer, got the function relu", OptimizerKind);
  expectError("3", ErrorCode::wrongKind,
              "'s' expects an optimizer, got the "
              "int 3",
              OptimizerKind);
  expectError("0.5", ErrorCode::wrongKind,
              "'s' expects an int, got the float "
              "0.5",
              IntKind);
  expectError("text(\"a\", \"word\", 5)", ErrorCode::unsupported,
              "data source 'text' is not supported yet", DataSourceKind);
}

TEST(Settings, KeywordOnlyArguments) {
  const Builtin &dropout = *findBuiltin(BuiltinKind::Layer, "dropout");
  Expected<ParsedExpr> parsed = parseExpression("dropout(x, 0.5)");
  ASSERT_TRUE(parsed);
  const auto &call = ast::as<ast::CallExpr>(*parsed->expr);
  Diagnostics diagnostics;
  EXPECT_FALSE(resolveArguments("dropout", dropout.parameters, call.arguments,
                                call.range, ArgumentMode::All, diagnostics));
  ASSERT_TRUE(diagnostics.hasErrors());
  EXPECT_EQ(diagnostics.errors().front().code, ErrorCode::argumentByName);
  EXPECT_EQ(diagnostics.errors().front().message,
            "dropout takes 'rate' or 'keep' by name only");
}

TEST(Settings, TensorsArePassedOverWhereOnlySettingsStand) {
  const Builtin &dense = *findBuiltin(BuiltinKind::Layer, "dense");
  Expected<ParsedExpr> parsed = parseExpression("dense(128)");
  ASSERT_TRUE(parsed);
  const auto &call = ast::as<ast::CallExpr>(*parsed->expr);
  Diagnostics diagnostics;
  auto resolved =
      resolveArguments("dense", dense.parameters, call.arguments, call.range,
                       ArgumentMode::SettingsOnly, diagnostics);
  ASSERT_TRUE(resolved);
  EXPECT_EQ(resolved->byParameter[0], nullptr);
  EXPECT_EQ(resolved->byParameter[1], &call.arguments[0]);
}

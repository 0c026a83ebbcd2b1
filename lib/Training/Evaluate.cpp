//===- Evaluate.cpp - Values of expressions in signatures -----------------===//

#include "Evaluate.h"
#include "nnc/Language/Parser.h"

using namespace nnc;

Expected<SettingValue> nnc::evaluateText(const std::string &text,
                                         const std::string &setting,
                                         KindSet kinds,
                                         const std::string &place) {
  Expected<ParsedExpr> parsed = parseExpression(text, place);
  if (!parsed)
    return fail(std::move(parsed.error()));
  Diagnostics diagnostics;
  SettingScope noNames;
  SettingEvaluator evaluator(noNames, diagnostics);
  ValueType type;
  type.kinds = kinds;
  std::optional<SettingValue> value =
      evaluator.evaluate(*parsed->expr, setting, type);
  if (!value)
    return fail(diagnostics.errors().front());
  return std::move(*value);
}

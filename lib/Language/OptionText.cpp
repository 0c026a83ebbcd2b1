//===- OptionText.cpp - Short forms of the command line -------------------===//

#include "OptionText.h"
#include "Lexer.h"
#include "nnc/Language/Printer.h"

using namespace nnc;

namespace {

constexpr KindSet callKinds = InitializerKind | RegularizerKind |
                              ConstraintKind | OptimizerKind | ScheduleKind |
                              LossKind | EarlyStoppingKind | AverageKind;
constexpr KindSet dataKinds = DataSourceKind | DataTransformKind;

/// The place of the first comma outside brackets and strings, or npos.
size_t findComma(const std::string &text, size_t begin = 0) {
  int depth = 0;
  for (size_t i = begin; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"') {
      i = text.find('"', i + 1);
      if (i == std::string::npos)
        return i;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == ')' || c == ']' || c == '}') {
      --depth;
    } else if (c == ',' && depth == 0) {
      return i;
    }
  }
  return std::string::npos;
}

bool startsWith(const std::string &text, char sign) {
  size_t begin = text.find_first_not_of(" \t");
  return begin != std::string::npos && text[begin] == sign;
}

/// `name(` begins the text.
bool startsWithCall(const std::string &text) {
  size_t end = text.find('(');
  return end != std::string::npos && isPlainName(text.substr(0, end));
}

bool isNumber(const std::string &text) {
  Expected<ParsedExpr> parsed = parseExpression(text);
  return parsed && parsed->expr->kind == ast::ExprKind::Number;
}

/// `a,b` as `["a", "b"]`.
std::string listOfStrings(const std::string &text) {
  std::string list = "[";
  size_t begin = 0;
  while (true) {
    size_t comma = text.find(',', begin);
    list += printString(text.substr(begin, comma - begin));
    if (comma == std::string::npos)
      return list + "]";
    list += ", ";
    begin = comma + 1;
  }
}

std::string expand(const std::string &text, const ValueType &type) {
  bool isExpression = startsWith(text, '[') || startsWith(text, '"');
  if (isExpression || text == "none")
    return text;
  if (type.accepts(dataKinds))
    return startsWithCall(text) || (type.accepts(FloatKind) && isNumber(text))
               ? text
               : printString(text);
  if (type.accepts(ListKind))
    return type.elementKinds & StringKind ? listOfStrings(text)
                                          : "[" + text + "]";
  if (type.accepts(StringKind))
    return printString(text);
  size_t comma = findComma(text);
  if (comma == std::string::npos || !type.accepts(callKinds))
    return text;
  return text.substr(0, comma) + "(" + text.substr(comma + 1) + ")";
}

} // namespace

Expected<ParsedExpr> nnc::parseOption(const std::string &text,
                                      const std::string &option,
                                      const ValueType &type) {
  return parseExpression(expand(text, type), option);
}

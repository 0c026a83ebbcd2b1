//===- Json.cpp - JSON from files nobody vouches for ----------------------===//

#include "nnc/Formats/Json.h"

using namespace nnc;

/// The deepest nesting of brackets outside of texts.
static int depthOf(std::string_view text) {
  int depth = 0, deepest = 0;
  bool inString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (inString) {
      i += c == '\\';
      inString = c != '"';
      continue;
    }
    inString = c == '"';
    depth += (c == '{' || c == '[') - (c == '}' || c == ']');
    deepest = std::max(deepest, depth);
  }
  return deepest;
}

Expected<nlohmann::ordered_json> nnc::parseJson(std::string_view text,
                                                const std::string &name) {
  if (depthOf(text) > maximalJsonDepth)
    return fail(
        ErrorCode::malformedFile, name, "JSON",
        fmt::format("it is nested deeper than {} levels", maximalJsonDepth));
  nlohmann::ordered_json value =
      nlohmann::ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded())
    return fail(ErrorCode::malformedFile, name, "JSON", "it cannot be parsed");
  return value;
}

std::string nnc::toText(const nlohmann::ordered_json &value, int indent) {
  return value.dump(indent, ' ', false,
                    nlohmann::ordered_json::error_handler_t::replace);
}

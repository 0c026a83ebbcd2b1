//===- Json.h - JSON from files nobody vouches for --------------*- C++ -*-===//
//
// nlohmann's parser with a limit on depth and our errors.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_FORMATS_JSON_H
#define NNC_FORMATS_JSON_H

#include "nnc/Support/Error.h"
#include <nlohmann/json.hpp>
#include <string_view>

namespace nnc {

/// Objects and lists may be nested this deep.
inline constexpr int maximalJsonDepth = 64;

/// The JSON value \p text; \p name stands for it in errors. The order of keys
/// is kept. Errors: malformedFile (not JSON, nested too deeply, no UTF-8).
Expected<nlohmann::ordered_json> parseJson(std::string_view text,
                                           const std::string &name);

/// \p value as text; bytes that are not UTF-8 are replaced.
std::string toText(const nlohmann::ordered_json &value, int indent = -1);

} // namespace nnc

#endif // NNC_FORMATS_JSON_H

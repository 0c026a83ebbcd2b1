//===- Markup.h - Text for XML and HTML -------------------------*- C++ -*-===//

#ifndef NNC_TOOLS_NNC_MARKUP_H
#define NNC_TOOLS_NNC_MARKUP_H

#include <string>

namespace nnc::tool {

/// \p text where XML and HTML want no markup.
std::string escapeMarkup(const std::string &text);

} // namespace nnc::tool

#endif // NNC_TOOLS_NNC_MARKUP_H

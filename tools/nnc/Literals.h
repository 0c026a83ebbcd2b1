//===- Literals.h - Arrays on the command line ------------------*- C++ -*-===//

#ifndef NNC_TOOLS_NNC_LITERALS_H
#define NNC_TOOLS_NNC_LITERALS_H

#include "nnc/Formats/Array.h"
#include "nnc/Support/Error.h"
#include <string>

namespace nnc::tool {

/// The array that `2x3xf32=1,2,3,4,5,6` (or `f32=1`, a scalar) writes. Error:
/// badOptionValue.
Expected<Array> parseLiteral(const std::string &text);

/// \p array as a literal.
std::string printLiteral(const Array &array);

/// \p array as text in rows, its type and shape first.
std::string printArray(const std::string &name, const Array &array);

} // namespace nnc::tool

#endif // NNC_TOOLS_NNC_LITERALS_H

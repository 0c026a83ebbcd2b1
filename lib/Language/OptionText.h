//===- OptionText.h - Short forms of the command line -----------*- C++ -*-===//
//
// Turns the short forms that options may have (`adam,learning_rate=1e-3`,
// `accuracy,f1`, `d.csv`) into expressions of the language.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_LANGUAGE_OPTIONTEXT_H
#define NNC_LIB_LANGUAGE_OPTIONTEXT_H

#include "nnc/Language/Builtins.h"
#include "nnc/Language/Parser.h"
#include <string>

namespace nnc {

/// The expression that \p text, the value of the option \p option, stands for
/// where \p type is wanted.
Expected<ParsedExpr> parseOption(const std::string &text,
                                 const std::string &option,
                                 const ValueType &type);

} // namespace nnc

#endif // NNC_LIB_LANGUAGE_OPTIONTEXT_H

//===- Options.h - The command line -----------------------------*- C++ -*-===//

#ifndef NNC_TOOLS_NNC_OPTIONS_H
#define NNC_TOOLS_NNC_OPTIONS_H

#include "nnc/Support/Error.h"
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nnc::tool {

/// A parsed command line.
struct Invocation {
  std::string verb;
  std::vector<std::string> operands;
  /// The values of the options given, by name without dashes; a flag's is
  /// "true".
  std::map<std::string, std::vector<std::string>> options;

  bool has(const std::string &name) const { return options.count(name) != 0; }
  /// The last value of \p name.
  std::optional<std::string> value(const std::string &name) const;
  /// All values of \p name, in order.
  std::vector<std::string> values(const std::string &name) const;
  /// The value of \p name as a whole number of at least \p least, or
  /// \p otherwise if it is not given. Error: badOptionValue.
  Expected<int64_t> number(const std::string &name, int64_t otherwise,
                           int64_t least = 0) const;
  /// The value of \p name as a number.
  Expected<double> real(const std::string &name, double otherwise) const;
};

/// Parses the words behind the program's name. Errors: unknownVerb,
/// unknownOption, optionValue, operandCount, badOptionValue; unsupported for
/// options that are not built.
Expected<Invocation> parseCommandLine(const std::vector<std::string> &words);

/// The option as a user writes it, e.g. "--batch-size" or "-o".
std::string spellingOf(const std::string &option);

/// The list of verbs, or the options of \p verb. Error: unknownVerb.
std::string helpText();
Expected<std::string> helpText(const std::string &verb);

} // namespace nnc::tool

#endif // NNC_TOOLS_NNC_OPTIONS_H

//===- Arguments.h - Which argument goes to which parameter -----*- C++ -*-===//
//
// Matches the arguments of a call with the parameters of what it calls, for
// built-ins and for the layers of a file alike.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LANGUAGE_ARGUMENTS_H
#define NNC_LANGUAGE_ARGUMENTS_H

#include "nnc/Language/Builtins.h"
#include "nnc/Language/Diagnostics.h"
#include <optional>
#include <string>
#include <vector>

namespace nnc {

/// What a call's arguments may be.
enum class ArgumentMode {
  /// Tensors and settings, as in `dense(x, 128)`.
  All,
  /// Settings only, as in `net e = dense(128)` or `loss = huber(delta = 2)`:
  /// tensor parameters are passed over.
  SettingsOnly,
};

/// The arguments of one call in the order of the parameters.
struct ResolvedArguments {
  /// One a parameter: the argument, or null where the default holds (or, of a
  /// tensor in mode SettingsOnly, where nothing is given).
  std::vector<const ast::Argument *> byParameter;
  /// The arguments of a variadic last parameter.
  std::vector<const ast::Argument *> variadic;
};

/// Matches \p arguments with \p parameters. \p callee names what is called
/// and \p range is the call's, for messages. Reports and returns nothing on:
/// unknownArgument, missingArgument, tooManyArguments, argumentTwice,
/// argumentByName.
std::optional<ResolvedArguments>
resolveArguments(const std::string &callee,
                 const std::vector<Parameter> &parameters,
                 const std::vector<ast::Argument> &arguments, SourceRange range,
                 ArgumentMode mode, Diagnostics &diagnostics);

/// "; did you mean 'NAME'?" for the candidate nearest to \p name; if none is
/// near, all of them where they are few; or "".
std::string suggestion(const std::string &name,
                       const std::vector<std::string> &candidates);

} // namespace nnc

#endif // NNC_LANGUAGE_ARGUMENTS_H

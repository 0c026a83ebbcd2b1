//===- Arguments.cpp - Which argument goes to which parameter -------------===//

#include "nnc/Language/Arguments.h"

using namespace nnc;
using namespace nnc::ast;

/// Longer lists of names are not told.
static constexpr size_t mostNames = 24;

std::string nnc::suggestion(const std::string &name,
                            const std::vector<std::string> &candidates) {
  std::string nearest = nearestName(name, candidates);
  if (!nearest.empty())
    return fmt::format("; did you mean '{}'?", nearest);
  if (candidates.empty() || candidates.size() > mostNames)
    return "";
  return fmt::format("; known: {}", fmt::join(candidates, ", "));
}

namespace {

class Resolver {
public:
  Resolver(const std::string &callee, const std::vector<Parameter> &parameters,
           ArgumentMode mode, Diagnostics &diagnostics)
      : callee(callee), parameters(parameters), mode(mode),
        diagnostics(diagnostics) {
    result.byParameter.resize(parameters.size());
  }

  bool takesPart(const Parameter &parameter) const {
    return mode == ArgumentMode::All || !parameter.isTensor();
  }

  bool positional(const Argument &argument) {
    while (next < parameters.size() && !takesPart(parameters[next]))
      ++next;
    if (next < parameters.size() && parameters[next].variadic) {
      result.variadic.push_back(&argument);
      return true;
    }
    if (next < parameters.size() && !parameters[next].keywordOnly) {
      result.byParameter[next++] = &argument;
      return true;
    }
    if (next < parameters.size() && next == firstByName()) {
      diagnostics.error(argument.range, ErrorCode::argumentByName, callee,
                        keywordNames());
      return false;
    }
    size_t count = 0;
    for (const Parameter &parameter : parameters)
      count += takesPart(parameter) && !parameter.keywordOnly;
    diagnostics.error(argument.range, ErrorCode::tooManyArguments, callee,
                      count, count == 1 ? "" : "s");
    return false;
  }

  bool named(const Argument &argument) {
    std::vector<std::string> names;
    for (size_t i = 0; i < parameters.size(); ++i) {
      const Parameter &parameter = parameters[i];
      if (parameter.variadic || !takesPart(parameter))
        continue;
      names.push_back(parameter.name);
      if (parameter.name != argument.name.text)
        continue;
      if (result.byParameter[i]) {
        diagnostics.error(argument.name.range, ErrorCode::argumentTwice,
                          parameter.name);
        diagnostics.note(result.byParameter[i]->range, "given here before");
        return false;
      }
      result.byParameter[i] = &argument;
      return true;
    }
    diagnostics.error(argument.name.range, ErrorCode::unknownArgument, callee,
                      argument.name.text,
                      suggestion(argument.name.text, names));
    return false;
  }

  bool complete(SourceRange range) {
    for (size_t i = 0; i < parameters.size(); ++i) {
      const Parameter &parameter = parameters[i];
      bool given = result.byParameter[i] || parameter.defaultValue ||
                   (parameter.variadic && !result.variadic.empty());
      if (given || !takesPart(parameter))
        continue;
      diagnostics.error(range, ErrorCode::missingArgument, callee,
                        parameter.name, parameter.type.describe());
      return false;
    }
    return true;
  }

  ResolvedArguments result;

private:
  size_t firstByName() const {
    for (size_t i = 0; i < parameters.size(); ++i)
      if (parameters[i].keywordOnly)
        return i;
    return parameters.size();
  }
  std::string keywordNames() const {
    std::string names;
    for (const Parameter &parameter : parameters)
      if (parameter.keywordOnly)
        names +=
            fmt::format("{}'{}'", names.empty() ? "" : " or ", parameter.name);
    return names;
  }

  const std::string &callee;
  const std::vector<Parameter> &parameters;
  ArgumentMode mode;
  Diagnostics &diagnostics;
  size_t next = 0;
};

} // namespace

std::optional<ResolvedArguments>
nnc::resolveArguments(const std::string &callee,
                      const std::vector<Parameter> &parameters,
                      const std::vector<Argument> &arguments, SourceRange range,
                      ArgumentMode mode, Diagnostics &diagnostics) {
  Resolver resolver(callee, parameters, mode, diagnostics);
  for (const Argument &argument : arguments)
    if (argument.isNamed() ? !resolver.named(argument)
                           : !resolver.positional(argument))
      return std::nullopt;
  if (!resolver.complete(range))
    return std::nullopt;
  return std::move(resolver.result);
}

//===- Diagnostics.h - The errors of one run over a file --------*- C++ -*-===//
//
// Collects several errors of a file, so that a person sees them all at once,
// and stops collecting when there are too many to be of use.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LANGUAGE_DIAGNOSTICS_H
#define NNC_LANGUAGE_DIAGNOSTICS_H

#include "nnc/Language/SourceFile.h"
#include "nnc/Support/Error.h"
#include <utility>
#include <vector>

namespace nnc {

/// Errors and warnings in the order they were found.
class Diagnostics {
public:
  /// Errors kept; later ones are counted as "full" and dropped.
  static constexpr size_t maxErrors = 20;

  void report(Error error) {
    if (!full())
      all.push_back(std::move(error));
  }
  /// Reports the error \p code at \p range with the arguments of its text.
  template <typename... Args>
  void error(SourceRange range, ErrorCode code, Args &&...args) {
    if (!full())
      all.push_back(
          makeError(code, std::forward<Args>(args)...).at(range.position()));
  }
  /// Adds a note to the error reported last.
  void note(SourceRange range, std::string text) {
    if (!all.empty())
      all.back().notes.push_back({range.position(), std::move(text)});
  }
  /// Keeps a warning; warnings never make a run fail.
  void warn(SourceRange range, std::string text) {
    if (warnings.size() < maxErrors)
      warnings.push_back({range.position(), std::move(text)});
  }

  /// Puts the errors from the \p first on, which are of one file, in the order
  /// of their places.
  void sortFrom(size_t first);

  bool hasErrors() const { return !all.empty(); }
  bool full() const { return all.size() >= maxErrors; }
  const std::vector<Error> &errors() const { return all; }
  const std::vector<ErrorNote> &warningList() const { return warnings; }

private:
  std::vector<Error> all;
  std::vector<ErrorNote> warnings;
};

} // namespace nnc

#endif // NNC_LANGUAGE_DIAGNOSTICS_H

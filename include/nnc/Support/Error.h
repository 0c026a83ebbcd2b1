//===- Error.h - Errors a user can meet -------------------------*- C++ -*-===//
//
// One error type for the whole running half and the API. Each error has a code
// of the table Errors.def, which gives its text and the process exit status.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_SUPPORT_ERROR_H
#define NNC_SUPPORT_ERROR_H

#include <cstdint>
#include <fmt/format.h>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace nnc {

/// The exit statuses of the command line.
enum class ExitStatus : int {
  success = 0,
  wrongInput = 1,
  usage = 2,
  checkFailed = 3,
  unsupported = 4,
  fileProblem = 5,
  diverged = 6,
  internal = 70,
  interrupted = 130,
};

/// One code a row of Errors.def.
enum class ErrorCode : uint16_t {
#define NNC_ERROR(NAME, EXIT, TEXT) NAME,
#include "nnc/Support/Errors.def"
};

/// The exit status a code leads to.
ExitStatus exitStatusOf(ErrorCode code);

/// The code's name as in Errors.def, e.g. "fileNotFound".
const char *nameOf(ErrorCode code);

/// The code's text with {} for its arguments.
const char *textOf(ErrorCode code);

/// A place in a text file. Line and column count from 1; 0 is "not known".
struct SourcePosition {
  std::string file;
  unsigned line = 0;
  unsigned column = 0;
  /// The text of the line, without its newline; empty if not known.
  std::string lineText;
};

/// A second place that explains an error.
struct ErrorNote {
  SourcePosition position;
  std::string text;
};

/// An error with its code, its finished message and, where known, its place.
class [[nodiscard]] Error {
public:
  Error(ErrorCode code, std::string message)
      : code(code), message(std::move(message)) {}

  Error &&at(SourcePosition place) && {
    position = std::move(place);
    return std::move(*this);
  }
  Error &&note(SourcePosition place, std::string text) && {
    notes.push_back({std::move(place), std::move(text)});
    return std::move(*this);
  }

  ErrorCode code;
  std::string message;
  SourcePosition position;
  std::vector<ErrorNote> notes;
  /// Errors found together with this one, which came first.
  std::vector<Error> others;
};

/// Builds the error \p code with the arguments of its text.
template <typename... Args> Error makeError(ErrorCode code, Args &&...args) {
  return Error(code, fmt::format(fmt::runtime(textOf(code)),
                                 std::forward<Args>(args)...));
}

/// Either a value or the error that prevented it.
template <typename T> using Expected = tl::expected<T, Error>;

/// Like makeError, as the unexpected side of any Expected.
template <typename... Args>
tl::unexpected<Error> fail(ErrorCode code, Args &&...args) {
  return tl::unexpected<Error>(makeError(code, std::forward<Args>(args)...));
}
inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

/// The error in the one printed form: `FILE:LINE:COLUMN: error: TEXT`, the
/// line with a caret, its notes, and the errors found with it. \p color adds
/// terminal colours.
std::string render(const Error &error, bool color = false);

/// The nearest of \p candidates to \p word by edit distance (at most a third
/// of its length, at least one edit), or an empty string.
std::string nearestName(const std::string &word,
                        const std::vector<std::string> &candidates);

} // namespace nnc

#endif // NNC_SUPPORT_ERROR_H

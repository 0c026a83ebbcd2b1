//===- SourceFile.h - The text of a .nn file and places in it ---*- C++ -*-===//
//
// A file's text with its line table, and ranges of bytes in it, which every
// node of the syntax tree carries.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LANGUAGE_SOURCEFILE_H
#define NNC_LANGUAGE_SOURCEFILE_H

#include "nnc/Support/Error.h"
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nnc {

/// The text of one file. Immutable; syntax trees point into it.
class SourceFile {
public:
  /// \p name is what diagnostics print: a path, or "<command line>".
  SourceFile(std::string name, std::string text);

  const std::string &name() const { return fileName; }
  std::string_view text() const { return contents; }

  /// Line and column (in characters, from 1) of the byte \p offset, with the
  /// line's text unless it is longer than a terminal could show.
  SourcePosition position(uint32_t offset) const;

  /// The number, from 1, of the line that holds the byte \p offset.
  unsigned lineOf(uint32_t offset) const;

private:
  std::string fileName;
  std::string contents;
  std::vector<uint32_t> lineStarts;
};

/// A range of bytes of a file; `file` is null for nodes that no file holds.
struct SourceRange {
  const SourceFile *file = nullptr;
  uint32_t begin = 0;
  uint32_t end = 0;

  /// Where the range begins.
  SourcePosition position() const {
    return file ? file->position(begin) : SourcePosition();
  }
  /// The text of the range, empty without a file.
  std::string_view text() const {
    return file ? file->text().substr(begin, end - begin) : std::string_view();
  }
};

/// The range from the begin of \p first to the end of \p last.
inline SourceRange join(SourceRange first, SourceRange last) {
  return {first.file, first.begin, last.end};
}

} // namespace nnc

#endif // NNC_LANGUAGE_SOURCEFILE_H

//===- CsvTable.h - Lines and cells of a csv file ---------------*- C++ -*-===//
//
// RFC 4180: cells between separators, quoted where they hold separators,
// quotes or line ends.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_DATA_CSVTABLE_H
#define NNC_LIB_DATA_CSVTABLE_H

#include "nnc/Support/Error.h"
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nnc {

/// One cell and where it begins.
struct CsvCell {
  std::string_view text;
  uint32_t line = 0;
  uint32_t column = 0;
  bool quoted = false;

  /// Whether the cell stands for no value: empty, ?, NA or NaN, not quoted.
  bool isMissing() const;
};

/// A csv file cut into cells, every line with as many as the first.
class CsvTable {
public:
  /// Errors: columnCount, unclosedQuote, textAfterQuote at their places,
  /// emptyData (no line), notThisFormat (a byte 0).
  static Expected<CsvTable> parse(std::string text, const std::string &path,
                                  char separator);

  size_t columns() const { return width; }
  size_t rows() const { return cells.size() / width; }
  const CsvCell &at(size_t row, size_t column) const {
    return cells[row * width + column];
  }
  const std::string &path() const { return file; }

  /// The place of \p cell for an error.
  SourcePosition placeOf(const CsvCell &cell) const;

private:
  CsvTable() = default;
  SourcePosition placeOf(uint32_t line, uint32_t column) const;
  Expected<void> parseCells(char separator);

  std::string file;
  /// Behind a pointer so that views into short texts survive a move.
  std::unique_ptr<std::string> text;
  /// Cells with doubled quotes made single.
  std::deque<std::string> unquoted;
  std::vector<CsvCell> cells;
  size_t width = 0;
};

/// The number that \p text spells, spaces around it left off; nothing if it is
/// none. "inf", "nan" and what overflows come back as such.
std::optional<double> parseCsvNumber(std::string_view text);

} // namespace nnc

#endif // NNC_LIB_DATA_CSVTABLE_H

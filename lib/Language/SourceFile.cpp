//===- SourceFile.cpp - The text of a .nn file and places in it -----------===//

#include "nnc/Language/SourceFile.h"
#include <algorithm>

using namespace nnc;

/// Longer lines are not shown in diagnostics.
static constexpr size_t maxShownLine = 1000;

SourceFile::SourceFile(std::string name, std::string text)
    : fileName(std::move(name)), contents(std::move(text)), lineStarts{0} {
  for (size_t i = 0; i < contents.size(); ++i)
    if (contents[i] == '\n')
      lineStarts.push_back(static_cast<uint32_t>(i + 1));
}

unsigned SourceFile::lineOf(uint32_t offset) const {
  auto next = std::upper_bound(lineStarts.begin(), lineStarts.end(), offset);
  return static_cast<unsigned>(next - lineStarts.begin());
}

SourcePosition SourceFile::position(uint32_t offset) const {
  offset = std::min<uint32_t>(offset, static_cast<uint32_t>(contents.size()));
  unsigned line = lineOf(offset);
  uint32_t start = lineStarts[line - 1];
  size_t end =
      line < lineStarts.size() ? lineStarts[line] - 1 : contents.size();
  if (end > start && contents[end - 1] == '\r')
    --end;
  SourcePosition place;
  place.file = fileName;
  place.line = line;
  place.column = 1;
  for (uint32_t i = start; i < offset; ++i)
    if ((static_cast<unsigned char>(contents[i]) & 0xC0) != 0x80)
      ++place.column;
  if (end - start <= maxShownLine)
    place.lineText = contents.substr(start, end - start);
  return place;
}

//===- CsvTable.cpp - Lines and cells of a csv file -----------------------===//

#include "CsvTable.h"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

using namespace nnc;

/// Longer lines are not shown under an error.
static constexpr size_t longestShownLine = 160;

static std::string_view trimmed(std::string_view text) {
  size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool CsvCell::isMissing() const {
  return !quoted && (text.empty() || text == "?" || text == "NA" ||
                     text == "NaN" || text == "nan");
}

std::optional<double> nnc::parseCsvNumber(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+') && !text.starts_with("+-"))
    text.remove_prefix(1);
  double value;
  const char *end = text.data() + text.size();
  std::from_chars_result result = std::from_chars(text.data(), end, value);
  if (result.ptr != end || text.empty() ||
      result.ec == std::errc::invalid_argument)
    return std::nullopt;
  if (result.ec == std::errc::result_out_of_range) {
    // Too large, or so small that it is zero.
    size_t exponent = text.find_first_of("eE");
    bool small = exponent != std::string_view::npos &&
                 text.substr(exponent + 1).starts_with('-');
    return small ? 0.0 : std::numeric_limits<double>::infinity();
  }
  return value;
}

SourcePosition CsvTable::placeOf(uint32_t line, uint32_t column) const {
  std::string_view rest = *text;
  for (uint32_t i = 1; i < line; ++i)
    rest.remove_prefix(std::min(rest.find('\n') + 1, rest.size()));
  rest = rest.substr(0, rest.find('\n'));
  return {file, line, column,
          std::string(rest.size() > longestShownLine ? "" : rest)};
}

SourcePosition CsvTable::placeOf(const CsvCell &cell) const {
  return placeOf(cell.line, cell.column);
}

/// Makes every end of a line, "\r\n" and a "\r" alone, the one character that
/// the rest looks for.
static void useLineFeeds(std::string &text) {
  if (text.find('\r') == std::string::npos)
    return;
  size_t kept = 0;
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\r')
      text[kept++] = text[i];
    else if (i + 1 == text.size() || text[i + 1] != '\n')
      text[kept++] = '\n';
  text.resize(kept);
}

Expected<CsvTable> CsvTable::parse(std::string text, const std::string &path,
                                   char separator) {
  CsvTable table;
  table.file = path;
  if (text.starts_with("\xef\xbb\xbf"))
    text.erase(0, 3);
  useLineFeeds(text);
  if (size_t zero = text.find('\0'); zero != std::string::npos)
    return fail(ErrorCode::notThisFormat, path, "a table",
                text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")
                    ? "it is UTF-16, expected UTF-8"
                    : fmt::format("byte {} is 0", zero));
  table.text = std::make_unique<std::string>(std::move(text));
  if (Expected<void> parsed = table.parseCells(separator); !parsed)
    return fail(std::move(parsed.error()));
  if (table.cells.empty())
    return fail(ErrorCode::emptyData, path);
  return table;
}

Expected<void> CsvTable::parseCells(char separator) {
  std::string_view all = *text;
  size_t at = 0, lineStart = 0;
  uint32_t line = 1;
  auto column = [&] { return static_cast<uint32_t>(at - lineStart + 1); };
  auto atLineEnd = [&] { return at == all.size() || all[at] == '\n'; };
  auto skipLineEnd = [&] {
    at = std::min(all.find('\n', at), all.size() - 1) + 1;
    lineStart = at;
    ++line;
  };
  while (at < all.size()) {
    if (atLineEnd()) { // A blank line is no line of data.
      skipLineEnd();
      continue;
    }
    size_t first = cells.size();
    for (bool more = true; more;) {
      CsvCell cell{{}, line, column(), false};
      if (at < all.size() && all[at] == '"') {
        cell.quoted = true;
        std::string value;
        size_t end = ++at;
        while ((end = all.find('"', at)) != std::string_view::npos) {
          value += all.substr(at, end - at);
          at = end + 1;
          if (at == all.size() || all[at] != '"')
            break;
          value += '"';
          ++at;
        }
        if (end == std::string_view::npos)
          return fail(makeError(ErrorCode::unclosedQuote).at(placeOf(cell)));
        size_t breaks = std::count(value.begin(), value.end(), '\n');
        if (breaks) {
          line += breaks;
          lineStart = all.rfind('\n', end) + 1;
        }
        unquoted.push_back(std::move(value));
        cell.text = unquoted.back();
        if (!atLineEnd() && all[at] != separator)
          return fail(
              makeError(ErrorCode::textAfterQuote).at(placeOf(line, column())));
      } else {
        size_t start = at;
        while (!atLineEnd() && all[at] != separator)
          ++at;
        cell.text = trimmed(all.substr(start, at - start));
      }
      cells.push_back(cell);
      more = !atLineEnd();
      at += more;
    }
    size_t count = cells.size() - first;
    if (width == 0)
      width = count;
    if (count != width)
      return fail(makeError(ErrorCode::columnCount, width, count)
                      .at(count > width ? placeOf(cells[first + width])
                                        : placeOf(line, column())));
    skipLineEnd();
  }
  return {};
}

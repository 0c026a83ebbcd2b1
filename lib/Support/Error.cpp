//===- Error.cpp - Errors a user can meet ---------------------------------===//

#include "nnc/Support/Error.h"
#include "nnc/Support/UTF8.h"
#include <algorithm>

using namespace nnc;

namespace {
struct Row {
  const char *name;
  ExitStatus exit;
  const char *text;
};
constexpr Row rows[] = {
#define NNC_ERROR(NAME, EXIT, TEXT) {#NAME, ExitStatus::EXIT, TEXT},
#include "nnc/Support/Errors.def"
};
} // namespace

ExitStatus nnc::exitStatusOf(ErrorCode code) {
  return rows[static_cast<size_t>(code)].exit;
}
const char *nnc::nameOf(ErrorCode code) {
  return rows[static_cast<size_t>(code)].name;
}
const char *nnc::textOf(ErrorCode code) {
  return rows[static_cast<size_t>(code)].text;
}

/// Longer messages are cut where they are shown: they quote what a file holds.
static constexpr size_t maximalMessage = 1000;

/// \p text as a terminal may show it: a question mark in place of each byte
/// that is no UTF-8 and of each control character but tabs and, in messages,
/// ends of lines.
static std::string shown(std::string_view text, bool isMessage) {
  std::string result;
  while (!text.empty()) {
    unsigned length = utf8Length(text.substr(0, 4));
    auto first = static_cast<unsigned char>(text[0]);
    bool isControl = first < 0x20 || first == 0x7f;
    if (first == '\t' || (isMessage && first == '\n'))
      isControl = false;
    if (length && !isControl)
      result += text.substr(0, length);
    else
      result += '?';
    text.remove_prefix(std::max(1u, length));
    if (isMessage && result.size() > maximalMessage)
      return result + "...";
  }
  return result;
}

/// What stands below \p line to put a caret under its \p column th character.
static std::string blanksBefore(std::string_view line, unsigned column) {
  std::string blanks;
  for (unsigned i = 1; i < column; ++i) {
    blanks += line.starts_with('\t') ? '\t' : ' ';
    line.remove_prefix(std::min<size_t>(
        line.size(), std::max(1u, utf8Length(line.substr(0, 4)))));
  }
  return blanks;
}

static std::string renderAt(const SourcePosition &place, const char *kind,
                            const char *tint, const std::string &text,
                            bool color) {
  std::string out;
  if (!place.file.empty())
    out += place.line
               ? fmt::format("{}:{}:{}: ", place.file, place.line, place.column)
               : fmt::format("{}: ", place.file);
  std::string message = shown(text, /*isMessage=*/true);
  out += color ? fmt::format("\033[1;{}m{}:\033[0m {}\n", tint, kind, message)
               : fmt::format("{}: {}\n", kind, message);
  if (place.lineText.empty() || place.column == 0)
    return out;
  std::string line = shown(place.lineText, /*isMessage=*/false);
  out += "  " + line + "\n  " + blanksBefore(line, place.column);
  return out + (color ? "\033[1;32m^\033[0m\n" : "^\n");
}

std::string nnc::render(const Error &error, bool color) {
  std::string out =
      renderAt(error.position, "error", "31", error.message, color);
  for (const ErrorNote &note : error.notes)
    out += renderAt(note.position, "note", "36", note.text, color);
  for (const Error &other : error.others)
    out += render(other, color);
  return out;
}

/// The edits (insert, remove, replace, swap neighbours) from one word to the
/// other: the optimal string alignment distance, with three rows of memory.
static size_t editDistance(const std::string &a, const std::string &b) {
  std::vector<size_t> before, last, row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    before = std::move(last);
    last = row;
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min(
          {last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      bool swapped =
          i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped)
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string nnc::nearestName(const std::string &word,
                             const std::vector<std::string> &candidates) {
  // A single letter is like any other.
  size_t best = word.size() < 2 ? 1 : std::max<size_t>(1, word.size() / 3) + 1;
  std::string nearest;
  for (const std::string &candidate : candidates) {
    size_t distance = editDistance(word, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

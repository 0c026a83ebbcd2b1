//===- Error.cpp - Errors a user can meet ---------------------------------===//

#include "nnc/Support/Error.h"
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

static std::string renderAt(const SourcePosition &place, const char *kind,
                            const char *tint, const std::string &text,
                            bool color) {
  std::string out;
  if (!place.file.empty())
    out += place.line
               ? fmt::format("{}:{}:{}: ", place.file, place.line, place.column)
               : fmt::format("{}: ", place.file);
  out += color ? fmt::format("\033[1;{}m{}:\033[0m {}\n", tint, kind, text)
               : fmt::format("{}: {}\n", kind, text);
  if (place.lineText.empty() || place.column == 0)
    return out;
  out += "  " + place.lineText + "\n  ";
  for (unsigned i = 0; i + 1 < place.column; ++i)
    out += i < place.lineText.size() && place.lineText[i] == '\t' ? '\t' : ' ';
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

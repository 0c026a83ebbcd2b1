//===- TextSource.cpp - Text as windows of tokens -------------------------===//

#include "nnc/Data/DataRequest.h"
#include "nnc/Formats/AtomicFile.h"
#include <algorithm>
#include <unordered_map>

using namespace nnc;

/// Bytes of the UTF-8 character at the front of \p text; 0 if it is none.
static size_t characterBytes(std::string_view text) {
  auto byteAt = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint8_t lead = byteAt(0);
  size_t bytes = lead < 0x80                   ? 1
                 : lead >= 0xc2 && lead < 0xe0 ? 2
                 : lead >= 0xe0 && lead < 0xf0 ? 3
                 : lead >= 0xf0 && lead < 0xf5 ? 4
                                               : 0;
  if (bytes == 0 || bytes > text.size())
    return 0;
  for (size_t i = 1; i < bytes; ++i)
    if ((byteAt(i) & 0xc0) != 0x80)
      return 0;
  return bytes;
}

/// Cuts \p text into characters.
static Expected<std::vector<std::string_view>>
charactersOf(std::string_view text, const std::string &path) {
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    size_t bytes = characterBytes(text);
    if (bytes == 0)
      return fail(ErrorCode::malformedFile, path, "UTF-8",
                  fmt::format("character {} begins with byte 0x{:02x}",
                              pieces.size() + 1,
                              static_cast<uint8_t>(text[0])));
    pieces.push_back(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  return pieces;
}

/// Cuts \p text at white space.
static std::vector<std::string_view> wordsOf(std::string_view text) {
  constexpr std::string_view space = " \t\n\r\f\v";
  std::vector<std::string_view> pieces;
  size_t at = text.find_first_not_of(space);
  while (at != std::string_view::npos) {
    size_t end = std::min(text.find_first_of(space, at), text.size());
    pieces.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(space, end);
  }
  return pieces;
}

/// The entries of a vocabulary file, one a line; what follows a tab is left
/// off.
static Expected<std::vector<std::string>>
readVocabulary(const std::string &path) {
  Expected<std::string> text = readFile(path);
  if (!text)
    return fail(std::move(text.error()));
  std::vector<std::string> entries;
  std::string_view rest = *text;
  while (!rest.empty()) {
    size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    entries.emplace_back(line.substr(0, line.find_first_of("\t\r")));
  }
  if (entries.empty())
    return fail(ErrorCode::emptyData, path);
  return entries;
}

/// Windows of \p length numbers side by side, from \p offset on.
static Field windowField(const std::string &name,
                         const std::vector<int32_t> &numbers, int64_t length,
                         int64_t offset, std::vector<std::string> vocabulary) {
  int64_t samples = (static_cast<int64_t>(numbers.size()) - 1) / length;
  Array values(ElementType::i32, {samples, length});
  std::copy_n(numbers.begin() + offset, samples * length,
              values.span<int32_t>().begin());
  Field field = Field::make(name, std::move(values));
  field.classes = static_cast<int64_t>(vocabulary.size());
  field.classNames = std::move(vocabulary);
  return field;
}

Expected<DataSource> nnc::loadText(const DataRequest &request) {
  Expected<std::string> text = readFile(request.path);
  if (!text)
    return fail(std::move(text.error()));
  std::vector<std::string_view> pieces;
  if (request.unit == DataRequest::TextUnit::character) {
    Expected<std::vector<std::string_view>> characters =
        charactersOf(*text, request.path);
    if (!characters)
      return fail(std::move(characters.error()));
    pieces = std::move(*characters);
  } else {
    pieces = wordsOf(*text);
  }
  std::vector<std::string> vocabulary;
  if (request.vocabulary) {
    Expected<std::vector<std::string>> entries =
        readVocabulary(*request.vocabulary);
    if (!entries)
      return fail(std::move(entries.error()));
    vocabulary = std::move(*entries);
  } else {
    vocabulary.assign(pieces.begin(), pieces.end());
    std::sort(vocabulary.begin(), vocabulary.end());
    vocabulary.erase(std::unique(vocabulary.begin(), vocabulary.end()),
                     vocabulary.end());
  }
  std::unordered_map<std::string_view, int32_t> numberOf;
  for (size_t i = 0; i < vocabulary.size(); ++i)
    numberOf.emplace(vocabulary[i], static_cast<int32_t>(i));
  std::vector<int32_t> numbers;
  for (std::string_view piece : pieces) {
    auto found = numberOf.find(piece);
    if (found == numberOf.end())
      return fail(ErrorCode::unknownToken, piece, *request.vocabulary);
    numbers.push_back(found->second);
  }
  int64_t length = request.length;
  if (length < 1 || length >= static_cast<int64_t>(numbers.size()))
    return fail(ErrorCode::tooFewSamples, numbers.size(),
                fmt::format("windows of {} and the following one", length));
  DataSource source;
  Dataset &dataset = source.train;
  dataset.name = request.path;
  dataset.featuresField = "tokens";
  dataset.targetField = "following";
  dataset.fields = {windowField("tokens", numbers, length, 0, vocabulary),
                    windowField("following", numbers, length, 1, vocabulary)};
  dataset.samples = dataset.fields.front().samples();
  return source;
}

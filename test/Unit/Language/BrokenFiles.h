//===- BrokenFiles.h - Files that say which errors they give ----*- C++ -*-===//
//
// A broken model file names its errors in comments, one a line, in order:
//   # expect: LINE:COLUMN: TEXT
//   # expect: FILE:LINE:COLUMN: TEXT      (FILE relative to the file's folder)
//   # expect: TEXT                        (an error without a place)
// This reads them and compares them with the errors reported.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_TEST_UNIT_LANGUAGE_BROKENFILES_H
#define NNC_TEST_UNIT_LANGUAGE_BROKENFILES_H

#include "TestFiles.h"
#include "nnc/Support/Error.h"
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <vector>

namespace nnc::test {

/// The errors that \p text expects, as written.
inline std::vector<std::string> expectedErrors(const std::string &text) {
  const std::string mark = "# expect: ";
  std::vector<std::string> expected;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (size_t at = line.find(mark); at != std::string::npos)
      expected.push_back(line.substr(at + mark.size()));
  return expected;
}

/// \p error as an expectation of the file \p path writes it.
inline std::string asExpectation(const Error &error, const std::string &path) {
  const SourcePosition &place = error.position;
  std::string folder = path.substr(0, path.rfind('/') + 1);
  std::string text = error.message;
  for (size_t at; (at = text.find(folder)) != std::string::npos;)
    text.erase(at, folder.size());
  if (place.line == 0)
    return text;
  text = fmt::format("{}:{}: {}", place.line, place.column, text);
  if (place.file == path)
    return text;
  std::string file = place.file;
  if (file.rfind(folder, 0) == 0)
    file.erase(0, folder.size());
  return file + ":" + text;
}

/// Fails the running test unless \p errors are those that the file \p path
/// expects, all of them and in order.
inline void checkErrors(const std::string &path,
                        const std::vector<Error> &errors) {
  std::string expected, actual;
  for (const std::string &line : expectedErrors(readFile(path)))
    expected += "# expect: " + line + "\n";
  for (const Error &error : errors)
    actual += "# expect: " + asExpectation(error, path) + "\n";
  EXPECT_FALSE(expected.empty()) << path << " expects no error";
  EXPECT_EQ(expected, actual) << path;
}

} // namespace nnc::test

#endif // NNC_TEST_UNIT_LANGUAGE_BROKENFILES_H

//===- TestFiles.h - Files that the language tests read ---------*- C++ -*-===//
//
// Lists and reads files of the source tree.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_TEST_UNIT_LANGUAGE_TESTFILES_H
#define NNC_TEST_UNIT_LANGUAGE_TESTFILES_H

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <vector>

namespace nnc::test {

/// \p path relative to the root of the source tree, made absolute.
inline std::string sourcePath(const std::string &path) {
  const char *root = std::getenv("NNC_SOURCE_DIR");
  return (root ? std::string(root) : std::string(".")) + "/" + path;
}

inline std::string readFile(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The .nn files of \p folder (relative to the root), sorted; also those of
/// folders in it if \p deep.
inline std::vector<std::string> listFiles(const std::string &folder,
                                          bool deep = false) {
  std::vector<std::string> paths;
  std::error_code ignored;
  std::filesystem::recursive_directory_iterator entries(sourcePath(folder),
                                                        ignored);
  for (const auto &entry : entries)
    if (entry.path().extension() == ".nn" &&
        (deep || entry.path().parent_path() == sourcePath(folder)))
      paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// A test's name from the name of its file.
inline std::string
fileParamName(const ::testing::TestParamInfo<std::string> &info) {
  std::string name = std::filesystem::path(info.param).stem().string();
  for (char &c : name)
    if (!isalnum(static_cast<unsigned char>(c)))
      c = '_';
  return name;
}

} // namespace nnc::test

#endif // NNC_TEST_UNIT_LANGUAGE_TESTFILES_H

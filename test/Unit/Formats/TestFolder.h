//===- TestFolder.h - A folder of a test's own ------------------*- C++ -*-===//
//
// Made when a test begins and taken away when it ends.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_TEST_UNIT_FORMATS_TESTFOLDER_H
#define NNC_TEST_UNIT_FORMATS_TESTFOLDER_H

#include "nnc/Support/Error.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <sys/wait.h>

namespace nnc::test {

class TestFolder {
public:
  TestFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "nnc-test-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(root, ignored);
  }

  std::string path(const std::string &name) const {
    return (root / name).string();
  }
  /// Writes a file, with the folders it needs, and returns its path.
  std::string write(const std::string &name, std::string_view bytes) const {
    std::filesystem::create_directories((root / name).parent_path());
    std::ofstream(root / name, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path(name);
  }
  std::string read(const std::string &name) const {
    std::stringstream text;
    text << std::ifstream(root / name, std::ios::binary).rdbuf();
    return std::move(text).str();
  }
  /// The number of files directly in the folder.
  size_t count() const {
    size_t files = 0;
    for ([[maybe_unused]] auto &entry :
         std::filesystem::directory_iterator(root))
      ++files;
    return files;
  }

private:
  std::filesystem::path root;
};

/// Expects that \p value is the error \p code.
template <typename T>
void expectError(const Expected<T> &value, ErrorCode code) {
  ASSERT_FALSE(value) << "expected " << nameOf(code);
  EXPECT_STREQ(nameOf(value.error().code), nameOf(code))
      << value.error().message;
}

/// Expects a value and returns it.
template <typename T> T expectValue(Expected<T> value) {
  if (!value) {
    ADD_FAILURE() << render(value.error());
    return T();
  }
  return std::move(*value);
}

/// Runs the Python program \p text in \p folder and gives its exit status, or
/// 77 if there is no python3 that has \p modules (separated by commas).
inline int runPython(const TestFolder &folder, const std::string &modules,
                     const std::string &text) {
  folder.write("program.py", "try:\n  import " + modules +
                                 "\nexcept ImportError:\n  exit(77)\n" + text);
  int status = std::system(
      ("cd '" + folder.path("") + "' && python3 program.py").c_str());
  status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return status == 127 ? 77 : status;
}

/// The folder \p set of the shared data sets, or empty if it is not there.
inline std::string sharedData(const std::string &set) {
  const char *home = std::getenv("NNC_DATA_DIR");
  if (!home || !*home)
    return "";
  std::filesystem::path path = std::filesystem::path(home) / set;
  return std::filesystem::exists(path) ? path.string() : "";
}

} // namespace nnc::test

/// Runs a Python program as runPython does and expects that it succeeds; skips
/// the test, with the reason, where its modules are not there.
#define NNC_RUN_PYTHON(FOLDER, MODULES, TEXT)                                  \
  if (int status = nnc::test::runPython(FOLDER, MODULES, TEXT); status == 77)  \
    GTEST_SKIP() << "there is no python3 that has " MODULES;                   \
  else                                                                         \
    ASSERT_EQ(status, 0)

/// Skips the test, with the reason, where a shared data set is not there.
#define NNC_REQUIRE_SHARED_DATA(VARIABLE, SET)                                 \
  std::string VARIABLE = nnc::test::sharedData(SET);                           \
  if (VARIABLE.empty())                                                        \
  GTEST_SKIP() << "NNC_DATA_DIR has no " SET

#endif // NNC_TEST_UNIT_FORMATS_TESTFOLDER_H

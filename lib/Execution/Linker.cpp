//===- Linker.cpp - Linking objects in memory -----------------------------===//

#include "nnc/Execution/Linker.h"
#include "lld/Common/Driver.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <mutex>

LLD_HAS_DRIVER(elf)

using namespace nnc;

namespace {

/// A new directory for the linker's files, removed at the end.
class WorkDirectory {
public:
  WorkDirectory() {
    failure = llvm::sys::fs::createUniqueDirectory("nnc-link", path);
  }
  ~WorkDirectory() {
    if (!failure)
      llvm::sys::fs::remove_directories(path);
  }
  std::string file(const std::string &name) const {
    return (path + "/" + name).str();
  }
  std::error_code failure;

private:
  llvm::SmallString<128> path;
};

} // namespace

static Expected<void> writeFile(const std::string &path,
                                const std::string &bytes) {
  std::error_code failure;
  llvm::raw_fd_ostream stream(path, failure);
  if (!failure) {
    stream << bytes;
    stream.close();
    failure = stream.error();
  }
  if (failure)
    return fail(ErrorCode::fileWrite, path, failure.message());
  return {};
}

/// Runs lld on \p objects written to files, then \p files.
static Expected<std::string> link(const std::vector<ObjectBytes> &objects,
                                  const std::vector<std::string> &files,
                                  std::vector<std::string> arguments) {
  WorkDirectory directory;
  if (directory.failure)
    return fail(ErrorCode::linking, "no directory for temporary files: " +
                                        directory.failure.message());
  arguments.insert(arguments.begin(), "ld.lld");
  std::string output = directory.file("output");
  arguments.insert(arguments.end(), {"--threads=1", "-o", output});
  for (size_t number = 0; number < objects.size(); ++number) {
    arguments.push_back(directory.file(std::to_string(number) + ".o"));
    if (auto written = writeFile(arguments.back(), objects[number]); !written)
      return fail(written.error());
  }
  arguments.insert(arguments.end(), files.begin(), files.end());

  std::vector<const char *> pointers;
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());
  std::string text;
  llvm::raw_string_ostream stream(text);
  // The linker keeps its state in globals.
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  lld::Result result =
      lld::lldMain(pointers, stream, stream, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode != 0)
    return fail(ErrorCode::linking, llvm::StringRef(text).trim().str());
  auto bytes = llvm::MemoryBuffer::getFile(output);
  if (!bytes)
    return fail(ErrorCode::linking, bytes.getError().message());
  return (*bytes)->getBuffer().str();
}

Expected<std::string> nnc::linkShared(const std::vector<ObjectBytes> &objects) {
  return link(objects, {},
              {"-shared", "-z", "defs", "-z", "noexecstack", "--build-id=none",
               "--hash-style=gnu"});
}

Expected<ObjectBytes>
nnc::linkRelocatable(const std::vector<ObjectBytes> &objects) {
  return link(objects, {}, {"-r"});
}

Expected<std::string>
nnc::linkExecutable(const std::vector<ObjectBytes> &objects,
                    const std::vector<std::string> &files) {
  return link(objects, files,
              {"-static", "-s", "-z", "noexecstack", "-z", "nostart-stop-gc",
               "--gc-sections", "--eh-frame-hdr", "--build-id=none"});
}

//===- AtomicFile.cpp - Files that appear whole or not at all -------------===//

#include "nnc/Formats/AtomicFile.h"
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

using namespace nnc;

namespace {
/// Closes a file descriptor at the end of a scope.
struct ScopedDescriptor {
  int number;
  ~ScopedDescriptor() {
    if (number >= 0)
      ::close(number);
  }
};
} // namespace

static std::string textOfErrno(int number) { return std::strerror(number); }

/// Opens \p path for reading and looks at what it is.
static Expected<int> openForReading(const std::string &path,
                                    struct stat &status) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return fail(ErrorCode::fileNotFound, path, textOfErrno(errno));
  int number = ::fstat(descriptor, &status) != 0 ? errno
               : S_ISDIR(status.st_mode)         ? EISDIR
                                                 : 0;
  if (number == 0)
    return descriptor;
  ::close(descriptor);
  return fail(ErrorCode::fileRead, path, textOfErrno(number));
}

Expected<std::string> nnc::readFile(const std::string &path, uint64_t limit) {
  struct stat status;
  Expected<int> opened = openForReading(path, status);
  if (!opened)
    return fail(std::move(opened.error()));
  ScopedDescriptor file{*opened};
  std::string text;
  uint64_t announced =
      S_ISREG(status.st_mode) ? static_cast<uint64_t>(status.st_size) : 0;
  // One byte more than announced, to see the end without another read.
  uint64_t step = announced ? announced + 1 : 1 << 16;
  while (text.size() <= limit) {
    size_t size = text.size();
    text.resize(size + std::min(step, limit + 1 - size));
    ssize_t got = ::read(file.number, text.data() + size, text.size() - size);
    if (got < 0 && errno != EINTR)
      return fail(ErrorCode::fileRead, path, textOfErrno(errno));
    text.resize(size + std::max<ssize_t>(got, 0));
    if (got == 0)
      return text;
    step = std::max<uint64_t>(1 << 16, text.size() / 2);
  }
  return fail(ErrorCode::fileTooLarge, path,
              fmt::format("expected at most {} bytes", limit));
}

Expected<MappedFile> MappedFile::open(const std::string &path) {
  struct stat status;
  Expected<int> opened = openForReading(path, status);
  if (!opened)
    return fail(std::move(opened.error()));
  ScopedDescriptor file{*opened};
  if (!S_ISREG(status.st_mode))
    return fail(ErrorCode::fileRead, path, "not a regular file");
  size_t length = status.st_size;
  if (length == 0)
    return MappedFile(nullptr, 0);
  void *start = ::mmap(nullptr, length, PROT_READ, MAP_PRIVATE, file.number, 0);
  if (start == MAP_FAILED)
    return fail(ErrorCode::fileRead, path, textOfErrno(errno));
  return MappedFile(static_cast<const std::byte *>(start), length);
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : start(std::exchange(other.start, nullptr)),
      length(std::exchange(other.length, 0)) {}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  std::swap(start, other.start);
  std::swap(length, other.length);
  return *this;
}

MappedFile::~MappedFile() {
  if (start)
    ::munmap(const_cast<std::byte *>(start), length);
}

tl::unexpected<Error> AtomicFile::writeError(int number) const {
  return fail(ErrorCode::fileWrite, target, textOfErrno(number));
}

static std::string folderOf(const std::string &path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Expected<AtomicFile> AtomicFile::create(const std::string &path) {
  static std::atomic<unsigned> counter = 0;
  auto failed = [&](int number) {
    return fail(ErrorCode::fileWrite, path, textOfErrno(number));
  };
  std::string target = path;
  if (char *resolved = ::realpath(path.c_str(), nullptr)) {
    target = resolved;
    std::free(resolved);
  } else if (errno != ENOENT) {
    return failed(errno);
  }
  struct stat status;
  bool exists = ::stat(target.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode))
    return failed(EISDIR);
  if (exists && !S_ISREG(status.st_mode)) {
    int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
      return failed(errno);
    return AtomicFile(path, "", descriptor);
  }
  if (exists && ::access(target.c_str(), W_OK) != 0)
    return failed(errno);
  std::string folder = folderOf(target);
  size_t slash = target.rfind('/');
  std::string name =
      slash == std::string::npos ? target : target.substr(slash + 1);
  if (name.empty())
    return failed(EISDIR);
  // Room for the suffix within the longest name of common file systems.
  name.resize(std::min<size_t>(name.size(), NAME_MAX - 40));
  std::string temporary =
      fmt::format("{}/.{}.{}.{}.tmp", folder, name, ::getpid(), counter++);
  int descriptor =
      ::open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0)
    return failed(errno);
  AtomicFile file(target, temporary, descriptor);
  if (exists && ::fchmod(descriptor, status.st_mode & 07777) != 0)
    return failed(errno);
  return file;
}

AtomicFile::AtomicFile(AtomicFile &&other) noexcept
    : target(std::move(other.target)),
      temporary(std::exchange(other.temporary, "")),
      descriptor(std::exchange(other.descriptor, -1)), written(other.written) {}

AtomicFile::~AtomicFile() {
  if (descriptor >= 0)
    ::close(descriptor);
  if (!temporary.empty())
    ::unlink(temporary.c_str());
}

Expected<void> AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t done = ::write(descriptor, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return writeError(errno);
    bytes = bytes.subspan(done);
    written += done;
  }
  return {};
}

Expected<void> AtomicFile::rewrite(uint64_t offset,
                                   std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t done = ::pwrite(descriptor, bytes.data(), bytes.size(),
                            static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return writeError(errno);
    bytes = bytes.subspan(done);
    offset += done;
  }
  return {};
}

Expected<void> AtomicFile::commit() {
  if (temporary.empty()) {
    int result = ::close(std::exchange(descriptor, -1));
    return result == 0 ? Expected<void>() : writeError(errno);
  }
  if (::fsync(descriptor) != 0)
    return writeError(errno);
  if (::close(std::exchange(descriptor, -1)) != 0)
    return writeError(errno);
  if (::rename(temporary.c_str(), target.c_str()) != 0)
    return writeError(errno);
  temporary.clear();
  // The rename itself is durable once the folder is. Not every file system
  // can sync a folder; the file is whole either way.
  ScopedDescriptor folder{
      ::open(folderOf(target).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder.number >= 0)
    ::fsync(folder.number);
  return {};
}

Expected<void> nnc::writeFile(const std::string &path, std::string_view text) {
  Expected<AtomicFile> file = AtomicFile::create(path);
  if (!file)
    return fail(std::move(file.error()));
  if (Expected<void> done = file->write(text); !done)
    return done;
  return file->commit();
}

Expected<void> nnc::checkWritable(const std::string &path) {
  Expected<AtomicFile> file = AtomicFile::create(path);
  if (!file)
    return fail(std::move(file.error()));
  return {};
}

//===- ProgramCache.cpp - Compiled programs on disk -----------------------===//

#include "nnc/Runtime/ProgramCache.h"
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace nnc;
namespace fs = std::filesystem;

static constexpr std::string_view suffix = ".program";
static constexpr char magic[8] = {'n', 'n', 'c', 'p', 'r', 'o', 'g', '1'};
/// Signatures longer than this are not ours.
static constexpr uint64_t longestSignature = 64 << 20;
/// Seconds after which an unfinished file belongs to nobody.
static constexpr int64_t abandonedAfter = 3600;

namespace {
/// The end of an entry.
struct Record {
  uint64_t objectBytes;
  uint64_t signatureBytes;
  /// Of all that stands before the record.
  uint64_t checksumLow, checksumHigh;
  char mark[8];
};

/// A whole file in memory, read-only.
class Mapping {
public:
  explicit Mapping(const std::string &path) {
    int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0)
      return;
    struct stat status;
    if (::fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
        status.st_size > 0) {
      size = status.st_size;
      start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    }
    ::close(file);
  }
  Mapping(const Mapping &) = delete;
  Mapping &operator=(const Mapping &) = delete;
  ~Mapping() {
    if (isValid())
      ::munmap(start, size);
  }
  bool isValid() const { return start != MAP_FAILED; }
  std::string_view bytes() const {
    return {static_cast<const char *>(start), size};
  }

private:
  void *start = MAP_FAILED;
  size_t size = 0;
};
} // namespace

static Record makeRecord(uint64_t objectBytes, uint64_t signatureBytes,
                         std::string_view content) {
  XXH128_hash_t hash = XXH3_128bits(content.data(), content.size());
  Record record = {objectBytes, signatureBytes, hash.low64, hash.high64, {}};
  std::memcpy(record.mark, magic, sizeof(magic));
  return record;
}

/// The signature's text in an entry, or nothing if the entry is damaged.
static std::optional<std::string_view> checkEntry(std::string_view entry) {
  Record record;
  if (entry.size() < sizeof(record))
    return std::nullopt;
  std::string_view content = entry.substr(0, entry.size() - sizeof(record));
  std::memcpy(&record, entry.data() + content.size(), sizeof(record));
  if (std::memcmp(record.mark, magic, sizeof(magic)) != 0 ||
      record.signatureBytes > longestSignature ||
      record.signatureBytes > content.size() ||
      record.objectBytes != content.size() - record.signatureBytes)
    return std::nullopt;
  Record expected =
      makeRecord(record.objectBytes, record.signatureBytes, content);
  if (std::memcmp(&expected, &record, sizeof(record)) != 0)
    return std::nullopt;
  return content.substr(record.objectBytes);
}

//===----------------------------------------------------------------------===//
// The folder
//===----------------------------------------------------------------------===//

Expected<ProgramCache> ProgramCache::open(const std::string &folder,
                                          int64_t limit) {
  std::error_code error;
  fs::path path = fs::absolute(folder, error);
  if (!error && path.has_parent_path() && !fs::exists(path))
    fs::create_directories(path.parent_path(), error);
  if (error)
    return fail(ErrorCode::cacheUnusable, folder, error.message());
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(ErrorCode::cacheUnusable, folder, std::strerror(errno));
  struct stat status;
  if (::stat(path.c_str(), &status) != 0)
    return fail(ErrorCode::cacheUnusable, folder, std::strerror(errno));
  if (!S_ISDIR(status.st_mode))
    return fail(ErrorCode::cacheUnusable, folder, "not a folder");
  if (status.st_uid != ::geteuid())
    return fail(ErrorCode::cacheUnusable, folder, "it belongs to another user");
  if (status.st_mode & (S_IWGRP | S_IWOTH))
    return fail(ErrorCode::cacheUnusable, folder,
                "others may write to it; chmod 700 makes it private");
  if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0)
    return fail(ErrorCode::cacheUnusable, folder, std::strerror(errno));
  return ProgramCache(path.string(), limit);
}

std::string ProgramCache::defaultFolder() {
  // The specification ignores relative paths.
  const char *home = std::getenv("XDG_CACHE_HOME");
  if (home && *home == '/')
    return std::string(home) + "/nnc";
  home = std::getenv("HOME");
  return home && *home ? std::string(home) + "/.cache/nnc" : std::string();
}

std::string ProgramCache::pathOf(const std::string &key) const {
  return directory + "/" + key + std::string(suffix);
}

//===----------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------===//

std::optional<Program> ProgramCache::load(const std::string &key) const {
  std::string path = pathOf(key);
  Program program;
  {
    Mapping mapping(path);
    if (!mapping.isValid())
      return std::nullopt;
    std::optional<std::string_view> text = checkEntry(mapping.bytes());
    Expected<Signature> signature = fail(ErrorCode::badSignature, "no record");
    if (text)
      signature = Signature::fromJson(*text);
    if (!signature) {
      ::unlink(path.c_str());
      return std::nullopt;
    }
    program.signature = std::move(*signature);
  }
  void *library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    ::unlink(path.c_str());
    return std::nullopt;
  }
  program.code =
      std::shared_ptr<void>(library, [](void *code) { ::dlclose(code); });
  program.entry = reinterpret_cast<nnc_rt_entry>(
      ::dlsym(library, program.signature.entry.c_str()));
  if (!program.entry) {
    ::unlink(path.c_str());
    return std::nullopt;
  }
  ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
  return program;
}

/// Writes \p parts one after another to a new file at \p path.
static bool writeNew(const std::string &path,
                     std::initializer_list<std::string_view> parts) {
  int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                    S_IRUSR | S_IWUSR);
  if (file < 0)
    return false;
  bool good = true;
  for (std::string_view part : parts)
    while (good && !part.empty()) {
      ssize_t done = ::write(file, part.data(), part.size());
      if (done < 0 && errno == EINTR)
        continue;
      good = done > 0;
      part.remove_prefix(good ? done : 0);
    }
  return (::close(file) == 0) && good;
}

void ProgramCache::store(const std::string &key, const Program &program) const {
  if (program.sharedObject.empty())
    return;
  std::string content = program.sharedObject + program.signature.toJson();
  Record record =
      makeRecord(program.sharedObject.size(),
                 content.size() - program.sharedObject.size(), content);
  static std::atomic<unsigned> counter = 0;
  std::string temporary =
      fmt::format("{}/.{}.{}.{}.tmp", directory, key, ::getpid(), counter++);
  ::unlink(temporary.c_str());
  std::string_view end(reinterpret_cast<const char *>(&record), sizeof(record));
  if (!writeNew(temporary, {content, end}) ||
      ::rename(temporary.c_str(), pathOf(key).c_str()) != 0)
    ::unlink(temporary.c_str());
  evict();
}

std::vector<ProgramCache::Entry> ProgramCache::entries() const {
  std::vector<Entry> list;
  std::error_code error;
  for (const fs::directory_entry &file :
       fs::directory_iterator(directory, error)) {
    std::string name = file.path().filename().string();
    struct stat status;
    if (!name.ends_with(suffix) || name.starts_with(".") ||
        ::lstat(file.path().c_str(), &status) != 0)
      continue;
    Entry entry;
    entry.key = name.substr(0, name.size() - suffix.size());
    entry.bytes = status.st_size;
    entry.lastUsed = status.st_mtim.tv_sec;
    Mapping mapping(file.path().string());
    if (mapping.isValid())
      if (auto text = checkEntry(mapping.bytes()))
        if (Expected<Signature> signature = Signature::fromJson(*text))
          entry.model = signature->model;
    list.push_back(std::move(entry));
  }
  std::sort(list.begin(), list.end(), [](const Entry &a, const Entry &b) {
    return a.lastUsed != b.lastUsed ? a.lastUsed > b.lastUsed : a.key < b.key;
  });
  return list;
}

int64_t ProgramCache::clear() const {
  int64_t removed = 0;
  for (const Entry &entry : entries())
    removed += ::unlink(pathOf(entry.key).c_str()) == 0;
  return removed;
}

void ProgramCache::evict() const {
  struct File {
    std::string path;
    int64_t bytes;
    timespec used;
  };
  std::vector<File> files;
  int64_t total = 0;
  int64_t now = std::time(nullptr);
  std::error_code error;
  for (const fs::directory_entry &item :
       fs::directory_iterator(directory, error)) {
    std::string path = item.path().string();
    struct stat status;
    if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
      continue;
    if (path.ends_with(".tmp") &&
        now - status.st_mtim.tv_sec > abandonedAfter) {
      ::unlink(path.c_str());
    } else if (path.ends_with(suffix)) {
      files.push_back({path, status.st_size, status.st_mtim});
      total += status.st_size;
    }
  }
  std::sort(files.begin(), files.end(), [](const File &a, const File &b) {
    return a.used.tv_sec != b.used.tv_sec ? a.used.tv_sec < b.used.tv_sec
                                          : a.used.tv_nsec < b.used.tv_nsec;
  });
  for (const File &file : files) {
    if (total <= limit)
      return;
    ::unlink(file.path.c_str());
    total -= file.bytes;
  }
}

//===- AtomicFile.h - Files that appear whole or not at all -----*- C++ -*-===//
//
// Reading whole files, mapping them, and writing them so that a crash leaves
// the old file.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_FORMATS_ATOMICFILE_H
#define NNC_FORMATS_ATOMICFILE_H

#include "nnc/Support/Error.h"
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace nnc {

/// The most bytes that a reader takes into memory at once.
inline constexpr uint64_t maximalFileBytes = uint64_t{16} << 30;

/// The bytes of the file at \p path; pipes work too. Errors: fileNotFound,
/// fileRead, fileTooLarge (over \p limit bytes).
Expected<std::string> readFile(const std::string &path,
                               uint64_t limit = maximalFileBytes);

/// A file mapped for reading. The mapping stays valid if the file is replaced
/// by rename, not if it is cut off in place.
class MappedFile {
public:
  /// Errors: fileNotFound, fileRead (also for what is not a regular file).
  static Expected<MappedFile> open(const std::string &path);
  MappedFile(MappedFile &&other) noexcept;
  MappedFile &operator=(MappedFile &&other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {start, length}; }

private:
  MappedFile(const std::byte *start, size_t length)
      : start(start), length(length) {}
  const std::byte *start;
  size_t length;
};

/// A file under construction: written under another name in the same folder,
/// synced, and renamed by commit. Without commit the old file stays as it was.
/// What is not a regular file (/dev/stdout) is written directly; a symbolic
/// link is followed.
class AtomicFile {
public:
  /// Errors: fileWrite.
  static Expected<AtomicFile> create(const std::string &path);
  AtomicFile(AtomicFile &&other) noexcept;
  AtomicFile &operator=(AtomicFile &&other) = delete;
  /// Takes the unfinished file away.
  ~AtomicFile();

  Expected<void> write(std::span<const std::byte> bytes);
  Expected<void> write(std::string_view text) {
    return write(std::as_bytes(std::span(text.data(), text.size())));
  }
  /// Bytes written so far.
  uint64_t position() const { return written; }
  /// Overwrites bytes already written; the position stays.
  Expected<void> rewrite(uint64_t offset, std::span<const std::byte> bytes);

  /// Makes the file durable under its name.
  Expected<void> commit();

private:
  AtomicFile(std::string target, std::string temporary, int descriptor)
      : target(std::move(target)), temporary(std::move(temporary)),
        descriptor(descriptor) {}
  tl::unexpected<Error> writeError(int number) const;

  std::string target;
  std::string temporary; ///< Empty if the target is written directly.
  int descriptor;
  uint64_t written = 0;
};

/// Writes \p text to \p path as a whole or not at all.
Expected<void> writeFile(const std::string &path, std::string_view text);

/// Whether a file can be created at \p path; leaves nothing behind.
Expected<void> checkWritable(const std::string &path);

} // namespace nnc

#endif // NNC_FORMATS_ATOMICFILE_H

//===- Zip.h - Zip archives -------------------------------------*- C++ -*-===//
//
// Reads stored and deflated members and writes stored ones, through minizip;
// bounded against hostile archives.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_FORMATS_ZIP_H
#define NNC_FORMATS_ZIP_H

#include "nnc/Formats/AtomicFile.h"
#include "nnc/Support/Error.h"
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace nnc {

/// An archive mapped for reading.
class ZipReader {
public:
  struct Member {
    std::string name;
    uint64_t size = 0; ///< Bytes, uncompressed.
    uint64_t storedSize = 0;
    uint64_t offset = 0; ///< Of the member's bytes in the file.
    uint32_t crc = 0;
    bool compressed = false;
  };

  /// Errors: those of MappedFile; notThisFormat; malformedFile (members that
  /// lie outside the file, overlap, share a name, are encrypted, or claim more
  /// bytes than deflate can give); unsupported (other compression methods).
  static Expected<ZipReader> open(const std::string &path);

  const std::vector<Member> &members() const { return list; }
  /// The member called \p name, or null.
  const Member *find(std::string_view name) const;

  /// The bytes of a member, checked against its checksum. Errors: malformed-
  /// File, damagedFile.
  Expected<std::string> read(const Member &member) const;
  /// The bytes of a stored member in the mapping, checked against its
  /// checksum; they live as long as the reader. Errors: malformedFile (it is
  /// compressed), damagedFile.
  Expected<std::span<const std::byte>> view(const Member &member) const;

  const std::string &path() const { return file; }

private:
  ZipReader(std::string file, MappedFile mapping)
      : file(std::move(file)), mapping(std::move(mapping)) {}

  std::string file;
  MappedFile mapping;
  std::vector<Member> list;
};

/// An archive of stored members under construction.
class ZipWriter {
public:
  /// Errors: fileWrite.
  static Expected<ZipWriter> create(const std::string &path);
  ZipWriter(ZipWriter &&) noexcept;
  ~ZipWriter();

  /// Begins a member of exactly \p size bytes whose first byte lies at a
  /// multiple of \p alignment in the file.
  Expected<void> begin(const std::string &name, uint64_t size,
                       uint64_t alignment = 1);
  /// Appends to the member begun last.
  Expected<void> write(std::span<const std::byte> bytes);
  Expected<void> write(std::string_view text) {
    return write(std::as_bytes(std::span(text.data(), text.size())));
  }
  /// Begins a member and writes all of it.
  Expected<void> add(const std::string &name, std::string_view text);

  /// Ends the archive and makes it durable under its name.
  Expected<void> commit();

private:
  struct State;
  explicit ZipWriter(std::unique_ptr<State> state);
  Expected<void> endMember();
  std::unique_ptr<State> state;
};

} // namespace nnc

#endif // NNC_FORMATS_ZIP_H

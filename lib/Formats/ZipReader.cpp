//===- ZipReader.cpp - Reading zip archives -------------------------------===//
//
// minizip reads the directory from the mapping; the members' bytes are then
// taken from the mapping itself.
//
//===----------------------------------------------------------------------===//

#include "nnc/Formats/Zip.h"
#include <algorithm>
#include <climits>
#include <cstring>
#include <minizip/unzip.h>
#include <set>
#include <zlib.h>

using namespace nnc;

/// The most members an archive may have.
static constexpr size_t maximalMembers = 1 << 16;
/// Deflate gives at most 1032 bytes for one, plus a few for a short stream.
static constexpr uint64_t deflateRatio = 1032;

//===----------------------------------------------------------------------===//
// minizip's file functions over bytes in memory
//===----------------------------------------------------------------------===//

namespace {
struct Cursor {
  std::span<const std::byte> bytes;
  uint64_t position = 0;
};
} // namespace

static Cursor *cursorOf(voidpf stream) { return static_cast<Cursor *>(stream); }

static voidpf openMemory(voidpf opaque, const void *, int) { return opaque; }

static uLong readMemory(voidpf, voidpf stream, void *buffer, uLong size) {
  Cursor *cursor = cursorOf(stream);
  uint64_t left = cursor->bytes.size() - cursor->position;
  uint64_t count = std::min<uint64_t>(size, left);
  if (count)
    std::memcpy(buffer, cursor->bytes.data() + cursor->position, count);
  cursor->position += count;
  return count;
}

static uLong writeMemory(voidpf, voidpf, const void *, uLong) { return 0; }

static ZPOS64_T tellMemory(voidpf, voidpf stream) {
  return cursorOf(stream)->position;
}

static long seekMemory(voidpf, voidpf stream, ZPOS64_T offset, int origin) {
  Cursor *cursor = cursorOf(stream);
  uint64_t base = origin == ZLIB_FILEFUNC_SEEK_CUR   ? cursor->position
                  : origin == ZLIB_FILEFUNC_SEEK_END ? cursor->bytes.size()
                                                     : 0;
  uint64_t target;
  if (__builtin_add_overflow(base, offset, &target) ||
      target > cursor->bytes.size())
    return -1;
  cursor->position = target;
  return 0;
}

static int closeMemory(voidpf, voidpf) { return 0; }
static int errorMemory(voidpf, voidpf) { return 0; }

//===----------------------------------------------------------------------===//
// ZipReader
//===----------------------------------------------------------------------===//

static tl::unexpected<Error> malformed(const std::string &path,
                                       const std::string &why) {
  return fail(ErrorCode::malformedFile, path, "zip", why);
}

/// The member at which \p archive stands.
static Expected<ZipReader::Member>
readMember(unzFile archive, const std::string &path, uint64_t fileSize) {
  unz_file_info64 info;
  std::string name(1 << 16, '\0');
  if (unzGetCurrentFileInfo64(archive, &info, name.data(), name.size(), nullptr,
                              0, nullptr, 0) != UNZ_OK)
    return malformed(path, "its directory cannot be read");
  name.resize(std::min<size_t>(info.size_filename, name.size()));
  if (info.flag & 1)
    return fail(ErrorCode::unsupported,
                fmt::format("the encrypted member '{}' of '{}'", name, path));
  if (info.compression_method != 0 && info.compression_method != Z_DEFLATED)
    return fail(ErrorCode::unsupported,
                fmt::format("compression method {} of member '{}' of '{}'",
                            info.compression_method, name, path));
  ZipReader::Member member;
  member.name = std::move(name);
  member.size = info.uncompressed_size;
  member.storedSize = info.compressed_size;
  member.crc = static_cast<uint32_t>(info.crc);
  member.compressed = info.compression_method == Z_DEFLATED;
  // Opening compares the member's own header with the directory.
  if (unzOpenCurrentFile(archive) != UNZ_OK)
    return malformed(path, fmt::format("the header of member '{}' differs from "
                                       "the directory",
                                       member.name));
  member.offset = unzGetCurrentFileZStreamPos64(archive);
  unzCloseCurrentFile(archive);
  if (member.offset > fileSize || member.storedSize > fileSize - member.offset)
    return fail(ErrorCode::truncatedFile, path,
                fmt::format("member '{}' lies outside the file", member.name));
  bool possible = member.compressed
                      ? member.size / deflateRatio <= member.storedSize
                      : member.size == member.storedSize;
  if (!possible)
    return malformed(path, fmt::format("member '{}' cannot have {} bytes",
                                       member.name, member.size));
  return member;
}

/// Members must have names of their own and must not share bytes.
static Expected<void> checkMembers(const std::string &path,
                                   const std::vector<ZipReader::Member> &list) {
  std::set<std::string_view> names;
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  for (const ZipReader::Member &member : list) {
    if (!names.insert(member.name).second)
      return malformed(path,
                       fmt::format("two members are called '{}'", member.name));
    ranges.emplace_back(member.offset, member.offset + member.storedSize);
  }
  std::sort(ranges.begin(), ranges.end());
  for (size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i].first < ranges[i - 1].second)
      return malformed(path, "its members overlap");
  return {};
}

Expected<ZipReader> ZipReader::open(const std::string &path) {
  Expected<MappedFile> mapping = MappedFile::open(path);
  if (!mapping)
    return fail(std::move(mapping.error()));
  Cursor cursor{mapping->bytes()};
  zlib_filefunc64_def functions{openMemory,  readMemory, writeMemory,
                                tellMemory,  seekMemory, closeMemory,
                                errorMemory, &cursor};
  std::unique_ptr<void, int (*)(unzFile)> archive(
      unzOpen2_64(path.c_str(), &functions), unzClose);
  if (!archive)
    return fail(ErrorCode::notThisFormat, path, "a zip archive",
                "it has no directory of members at its end");
  ZipReader reader(path, std::move(*mapping));
  unz_global_info64 global{};
  unzGetGlobalInfo64(archive.get(), &global);
  if (global.number_entry > maximalMembers)
    return fail(ErrorCode::fileTooLarge, path,
                fmt::format("expected at most {} members", maximalMembers));
  if (global.number_entry == 0)
    return reader;
  int state = unzGoToFirstFile(archive.get());
  while (state == UNZ_OK && reader.list.size() < global.number_entry) {
    Expected<Member> member =
        readMember(archive.get(), path, reader.mapping.bytes().size());
    if (!member)
      return fail(std::move(member.error()));
    reader.list.push_back(std::move(*member));
    state = unzGoToNextFile(archive.get());
  }
  if (reader.list.size() != global.number_entry)
    return malformed(path,
                     fmt::format("its directory has {} members, expected {}",
                                 reader.list.size(), global.number_entry));
  if (Expected<void> checked = checkMembers(path, reader.list); !checked)
    return fail(std::move(checked.error()));
  return reader;
}

const ZipReader::Member *ZipReader::find(std::string_view name) const {
  for (const Member &member : list)
    if (member.name == name)
      return &member;
  return nullptr;
}

static uint32_t crcOf(std::span<const std::byte> bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef *>(bytes.data()), bytes.size()));
}

/// Inflates \p in to exactly fill \p out; false if it does not.
static bool inflateAll(std::span<const std::byte> in, std::string &out) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return false;
  stream.next_in =
      reinterpret_cast<Bytef *>(const_cast<std::byte *>(in.data()));
  stream.next_out = reinterpret_cast<Bytef *>(out.data());
  size_t inLeft = in.size(), outLeft = out.size();
  int state = Z_OK;
  while (state == Z_OK) {
    // zlib counts in 32 bits.
    uInt inPart = static_cast<uInt>(std::min<size_t>(inLeft, UINT_MAX));
    uInt outPart = static_cast<uInt>(std::min<size_t>(outLeft, UINT_MAX));
    stream.avail_in = inPart;
    stream.avail_out = outPart;
    state = inflate(&stream, Z_NO_FLUSH);
    inLeft -= inPart - stream.avail_in;
    outLeft -= outPart - stream.avail_out;
  }
  inflateEnd(&stream);
  return state == Z_STREAM_END && outLeft == 0 && inLeft == 0;
}

Expected<std::string> ZipReader::read(const Member &member) const {
  std::span<const std::byte> stored =
      mapping.bytes().subspan(member.offset, member.storedSize);
  if (member.size > maximalFileBytes)
    return fail(
        ErrorCode::fileTooLarge, file,
        fmt::format("member '{}' has {} bytes", member.name, member.size));
  std::string bytes(member.size, '\0');
  if (!member.compressed) {
    if (!stored.empty())
      std::memcpy(bytes.data(), stored.data(), stored.size());
  } else if (!inflateAll(stored, bytes)) {
    return malformed(file, fmt::format("member '{}' does not inflate to {} "
                                       "bytes",
                                       member.name, member.size));
  }
  if (crcOf(std::as_bytes(std::span(bytes))) != member.crc)
    return fail(ErrorCode::damagedFile, file, member.name);
  return bytes;
}

Expected<std::span<const std::byte>>
ZipReader::view(const Member &member) const {
  if (member.compressed)
    return malformed(file, fmt::format("member '{}' is compressed, expected "
                                       "stored",
                                       member.name));
  std::span<const std::byte> bytes =
      mapping.bytes().subspan(member.offset, member.size);
  if (crcOf(bytes) != member.crc)
    return fail(ErrorCode::damagedFile, file, member.name);
  return bytes;
}

//===- Idx.cpp - The IDX files of MNIST -----------------------------------===//

#include "nnc/Formats/Idx.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <sys/stat.h>
#include <zlib.h>

using namespace nnc;

static constexpr int64_t maximalRank = 8;
/// Deflate gives at most 1032 bytes for one.
static constexpr int64_t deflateRatio = 1032;

namespace {
/// A file that zlib reads, plain or compressed.
class GzipInput {
public:
  explicit GzipInput(const std::string &path)
      : path(path), file(gzopen(path.c_str(), "rb"), gzclose) {}

  bool isOpen() const { return file != nullptr; }

  /// Fills \p out; \p what stands in the error if the file ends before.
  Expected<void> read(std::span<std::byte> out, const std::string &what) {
    while (!out.empty()) {
      unsigned part =
          static_cast<unsigned>(std::min<size_t>(out.size(), size_t{1} << 30));
      int got = gzread(file.get(), out.data(), part);
      if (got < 0)
        return damaged();
      if (got == 0)
        return fail(ErrorCode::truncatedFile, path, what);
      out = out.subspan(got);
    }
    return {};
  }

  /// The file must end here; this also checks the checksum at its end.
  Expected<void> finish() {
    char byte;
    int got = gzread(file.get(), &byte, 1);
    if (got < 0)
      return damaged();
    if (got > 0)
      return fail(ErrorCode::malformedFile, path, "IDX",
                  "bytes follow the array");
    // At the end of a cut-off stream zlib gives 0 bytes and this state.
    int state;
    gzerror(file.get(), &state);
    if (state == Z_BUF_ERROR)
      return fail(ErrorCode::truncatedFile, path, "its gzip stream ends early");
    return {};
  }

private:
  tl::unexpected<Error> damaged() {
    int state;
    std::string text = gzerror(file.get(), &state);
    if (state == Z_ERRNO)
      return fail(ErrorCode::fileRead, path, std::strerror(errno));
    if (state == Z_BUF_ERROR)
      return fail(ErrorCode::truncatedFile, path, "its gzip stream ends early");
    return fail(ErrorCode::malformedFile, path, "gzip", text);
  }

  std::string path;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file;
};
} // namespace

static std::optional<ElementType> typeOfCode(unsigned code) {
  switch (code) {
  case 0x08:
    return ElementType::u8;
  case 0x09:
    return ElementType::i8;
  case 0x0b:
    return ElementType::i16;
  case 0x0c:
    return ElementType::i32;
  case 0x0d:
    return ElementType::f32;
  case 0x0e:
    return ElementType::f64;
  default:
    return std::nullopt;
  }
}

static void fromBigEndian(std::span<std::byte> bytes, unsigned width) {
  for (size_t i = 0; width > 1 && i < bytes.size(); i += width)
    std::reverse(bytes.begin() + i, bytes.begin() + i + width);
}

Expected<Array> nnc::readIdx(const std::string &path) {
  struct stat status;
  errno = 0;
  if (::stat(path.c_str(), &status) != 0)
    return fail(ErrorCode::fileNotFound, path, std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    return fail(ErrorCode::fileRead, path, "not a regular file");
  GzipInput input(path);
  if (!input.isOpen())
    return fail(ErrorCode::fileNotFound, path, std::strerror(errno));

  std::byte head[4];
  if (Expected<void> done = input.read(head, "it ends in its magic number");
      !done)
    return fail(std::move(done.error()));
  auto byteAt = [&](int i) { return std::to_integer<unsigned>(head[i]); };
  std::optional<ElementType> type = typeOfCode(byteAt(2));
  int64_t rank = byteAt(3);
  if (byteAt(0) || byteAt(1) || !type || rank == 0 || rank > maximalRank)
    return fail(ErrorCode::notThisFormat, path, "an IDX file",
                fmt::format("its magic number is 0x{:02x}{:02x}{:02x}{:02x}",
                            byteAt(0), byteAt(1), byteAt(2), byteAt(3)));
  std::vector<int64_t> shape(rank);
  for (int64_t &dim : shape) {
    std::byte size[4];
    if (Expected<void> done = input.read(size, "it ends in its sizes"); !done)
      return fail(std::move(done.error()));
    for (std::byte part : size)
      dim = dim << 8 | std::to_integer<int64_t>(part);
  }
  // No file gives more than this, so hostile sizes allocate nothing.
  std::optional<int64_t> bytes = byteCountOf(shape, *type);
  if (!bytes)
    return fail(ErrorCode::malformedFile, path, "IDX",
                fmt::format("its shape {} is not possible", toString(shape)));
  if (*bytes / deflateRatio > status.st_size)
    return fail(
        ErrorCode::truncatedFile, path,
        fmt::format("shape {} needs {} bytes", toString(shape), *bytes));
  Array array(*type, shape);
  std::span<std::byte> elements(array.data(), array.byteSize());
  if (Expected<void> done =
          input.read(elements, fmt::format("shape {} needs {} bytes",
                                           toString(shape), *bytes));
      !done)
    return fail(std::move(done.error()));
  if (Expected<void> done = input.finish(); !done)
    return fail(std::move(done.error()));
  fromBigEndian(elements, sizeOf(*type));
  return array;
}

//===- ZipWriter.cpp - Writing zip archives -------------------------------===//

#include "nnc/Formats/Zip.h"
#include <algorithm>
#include <cstring>
#include <minizip/zip.h>
#include <optional>

using namespace nnc;

/// The first of January 1980, the least date a zip member can have: archives
/// of the same content are the same bytes.
static constexpr uLong fixedDate = (1 << 21) | (1 << 16);
/// The extra field that Android's zipalign pads with: identifier, size, the
/// alignment in two bytes, zeros.
static constexpr uint16_t alignmentField = 0xd935;

struct ZipWriter::State {
  explicit State(AtomicFile file) : file(std::move(file)) {}
  ~State() {
    if (archive)
      zipClose(archive, nullptr);
  }

  AtomicFile file;
  /// Where minizip reads or writes next; it goes back to fill in headers.
  uint64_t position = 0;
  /// The first error that a file function met.
  std::optional<Error> error;
  zipFile archive = nullptr;
  bool inMember = false;
  uint64_t announced = 0, given = 0;

  Expected<void> check(int status) {
    if (error)
      return fail(*error);
    if (status != ZIP_OK)
      return fail(ErrorCode::internal,
                  fmt::format("minizip answered {}", status));
    return {};
  }
};

//===----------------------------------------------------------------------===//
// minizip's file functions over an AtomicFile
//===----------------------------------------------------------------------===//

template <typename State> static State *stateOf(voidpf stream) {
  return static_cast<State *>(stream);
}

static voidpf openOutput(voidpf opaque, const void *, int) { return opaque; }
static uLong readOutput(voidpf, voidpf, void *, uLong) { return 0; }
static int closeOutput(voidpf, voidpf) { return 0; }
static int errorOutput(voidpf, voidpf) { return 0; }

ZipWriter::ZipWriter(std::unique_ptr<State> state) : state(std::move(state)) {}
ZipWriter::ZipWriter(ZipWriter &&) noexcept = default;
ZipWriter::~ZipWriter() = default;

Expected<ZipWriter> ZipWriter::create(const std::string &path) {
  Expected<AtomicFile> file = AtomicFile::create(path);
  if (!file)
    return fail(std::move(file.error()));
  auto state = std::make_unique<State>(std::move(*file));
  zlib_filefunc64_def functions{};
  functions.zopen64_file = openOutput;
  functions.zread_file = readOutput;
  functions.zclose_file = closeOutput;
  functions.zerror_file = errorOutput;
  functions.opaque = state.get();
  functions.zwrite_file = [](voidpf, voidpf stream, const void *data,
                             uLong size) -> uLong {
    State *state = stateOf<State>(stream);
    std::span bytes(static_cast<const std::byte *>(data), size);
    uint64_t end = state->file.position();
    size_t old = std::min<uint64_t>(size, end - state->position);
    Expected<void> done =
        state->file.rewrite(state->position, bytes.first(old));
    if (done)
      done = state->file.write(bytes.subspan(old));
    if (!done) {
      state->error = std::move(done.error());
      return 0;
    }
    state->position += size;
    return size;
  };
  functions.ztell64_file = [](voidpf, voidpf stream) -> ZPOS64_T {
    return stateOf<State>(stream)->position;
  };
  functions.zseek64_file = [](voidpf, voidpf stream, ZPOS64_T offset,
                              int origin) -> long {
    State *state = stateOf<State>(stream);
    uint64_t end = state->file.position();
    uint64_t target = origin == ZLIB_FILEFUNC_SEEK_SET ? offset
                      : origin == ZLIB_FILEFUNC_SEEK_CUR
                          ? state->position + offset
                          : end + offset;
    if (target > end)
      return -1;
    state->position = target;
    return 0;
  };
  state->archive =
      zipOpen2_64(path.c_str(), APPEND_STATUS_CREATE, nullptr, &functions);
  if (!state->archive)
    return fail(ErrorCode::internal, "minizip gives no archive");
  return ZipWriter(std::move(state));
}

Expected<void> ZipWriter::endMember() {
  if (!state->inMember)
    return {};
  state->inMember = false;
  if (state->given != state->announced)
    return fail(ErrorCode::internal,
                fmt::format("a zip member got {} bytes, expected {}",
                            state->given, state->announced));
  return state->check(zipCloseFileInZip(state->archive));
}

Expected<void> ZipWriter::begin(const std::string &name, uint64_t size,
                                uint64_t alignment) {
  if (Expected<void> ended = endMember(); !ended)
    return ended;
  bool large = size >= UINT32_MAX;
  // The member's header: 30 bytes, its name, our extra field, and of large
  // members minizip's own of 20 bytes.
  uint64_t before =
      state->file.position() + 30 + name.size() + (large ? 20 : 0);
  std::string extra;
  if (before % alignment != 0) {
    uint64_t end = (before + 6 + alignment - 1) / alignment * alignment;
    extra.resize(end - before);
    uint16_t words[3] = {alignmentField,
                         static_cast<uint16_t>(extra.size() - 4),
                         static_cast<uint16_t>(alignment)};
    std::memcpy(extra.data(), words, sizeof(words));
  }
  zip_fileinfo info{};
  info.dosDate = fixedDate;
  state->announced = size;
  state->given = 0;
  state->inMember = true;
  return state->check(zipOpenNewFileInZip64(
      state->archive, name.c_str(), &info, extra.data(),
      static_cast<uInt>(extra.size()), nullptr, 0, nullptr, 0, 0, large));
}

Expected<void> ZipWriter::write(std::span<const std::byte> bytes) {
  state->given += bytes.size();
  while (!bytes.empty()) {
    // minizip counts in 32 bits.
    std::span<const std::byte> part =
        bytes.first(std::min<size_t>(bytes.size(), 1 << 30));
    Expected<void> done = state->check(zipWriteInFileInZip(
        state->archive, part.data(), static_cast<unsigned>(part.size())));
    if (!done)
      return done;
    bytes = bytes.subspan(part.size());
  }
  return {};
}

Expected<void> ZipWriter::add(const std::string &name, std::string_view text) {
  if (Expected<void> begun = begin(name, text.size()); !begun)
    return begun;
  return write(text);
}

Expected<void> ZipWriter::commit() {
  if (Expected<void> ended = endMember(); !ended)
    return ended;
  zipFile archive = std::exchange(state->archive, nullptr);
  if (Expected<void> closed = state->check(zipClose(archive, nullptr)); !closed)
    return closed;
  return state->file.commit();
}

//===- Npy.cpp - NumPy's .npy and .npz files ------------------------------===//

#include "nnc/Formats/Npy.h"
#include "nnc/Formats/AtomicFile.h"
#include "nnc/Formats/Zip.h"
#include <algorithm>
#include <charconv>
#include <cstring>
#include <fmt/ranges.h>
#include <limits>

using namespace nnc;

static constexpr std::string_view magic = "\x93NUMPY";
/// Headers of numeric arrays have around 100 bytes.
static constexpr size_t maximalHeader = 1 << 16;
static constexpr size_t maximalRank = 64;

static tl::unexpected<Error> malformed(const std::string &name,
                                       const std::string &why) {
  return fail(ErrorCode::malformedFile, name, "npy", why);
}

//===----------------------------------------------------------------------===//
// The header: a Python dictionary literal
//===----------------------------------------------------------------------===//

namespace {
struct Header {
  std::string descr;
  bool fortranOrder = false;
  std::vector<int64_t> shape;
};

/// Reads the three keys of the dictionary, in any order, each once.
class HeaderParser {
public:
  explicit HeaderParser(std::string_view text) : rest(text) {}

  bool parse(Header &header) {
    bool seen[3] = {};
    if (!take('{'))
      return false;
    while (!take('}')) {
      std::string key;
      if (!string(key) || !take(':') || !value(key, header, seen))
        return false;
      if (!take(','))
        return take('}') && finish(seen);
    }
    return finish(seen);
  }

private:
  void skipSpace() {
    size_t start = rest.find_first_not_of(" \t\n\r");
    rest.remove_prefix(std::min(start, rest.size()));
  }
  bool take(char c) {
    skipSpace();
    if (rest.empty() || rest[0] != c)
      return false;
    rest.remove_prefix(1);
    return true;
  }
  bool takeWord(std::string_view word) {
    skipSpace();
    if (rest.substr(0, word.size()) != word)
      return false;
    rest.remove_prefix(word.size());
    return true;
  }
  bool finish(const bool (&seen)[3]) {
    skipSpace();
    return rest.empty() && seen[0] && seen[1] && seen[2];
  }
  bool string(std::string &out) {
    skipSpace();
    if (rest.empty() || (rest[0] != '\'' && rest[0] != '"'))
      return false;
    size_t end = rest.find(rest[0], 1);
    if (end == std::string_view::npos)
      return false;
    out = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    return true;
  }
  /// A list describes records; it is kept as text to be named.
  bool descr(std::string &out) {
    skipSpace();
    if (rest.empty() || rest[0] != '[')
      return string(out);
    size_t depth = 0, i = 0;
    for (; i < rest.size(); ++i) {
      depth += rest[i] == '[';
      depth -= rest[i] == ']';
      if (depth == 0)
        break;
    }
    if (i == rest.size())
      return false;
    out = rest.substr(0, i + 1);
    rest.remove_prefix(i + 1);
    return true;
  }
  bool tuple(std::vector<int64_t> &out) {
    if (!take('('))
      return false;
    while (!take(')')) {
      skipSpace();
      int64_t dim;
      std::from_chars_result result =
          std::from_chars(rest.data(), rest.data() + rest.size(), dim);
      if (result.ec != std::errc() || out.size() == maximalRank)
        return false;
      out.push_back(dim);
      rest.remove_prefix(result.ptr - rest.data());
      takeWord("L"); // Python 2 wrote long integers so.
      // One dimension needs its comma: (3,).
      if (!take(','))
        return out.size() > 1 && take(')');
    }
    return true;
  }
  bool value(const std::string &key, Header &header, bool (&seen)[3]) {
    int index = key == "descr"           ? 0
                : key == "fortran_order" ? 1
                : key == "shape"         ? 2
                                         : -1;
    if (index < 0 || seen[index])
      return false;
    seen[index] = true;
    if (index == 0)
      return descr(header.descr);
    if (index == 2)
      return tuple(header.shape);
    header.fortranOrder = takeWord("True");
    return header.fortranOrder || takeWord("False");
  }

  std::string_view rest;
};
} // namespace

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

namespace {
/// How an element is stored in the file.
struct StoredType {
  char kind;      ///< NumPy's letter: f, i, u, b.
  unsigned bytes; ///< Of an element.
  bool swapped;   ///< The file's byte order is not this machine's.
};
} // namespace

static Expected<StoredType> parseDescr(const std::string &descr,
                                       const std::string &name) {
  auto unknown = [&] {
    return fail(ErrorCode::unsupported,
                fmt::format("the element type {} of '{}'", descr, name));
  };
  if (descr.size() != 3 || !std::strchr("<>|=", descr[0]))
    return unknown();
  StoredType stored{descr[1], static_cast<unsigned>(descr[2] - '0'), false};
  stored.swapped = descr[0] == '>' && stored.bytes > 1;
  constexpr std::string_view known[] = {"f2", "f4", "f8", "i1", "i2", "i4",
                                        "i8", "u1", "u2", "u4", "u8", "b1"};
  if (std::find(std::begin(known), std::end(known), descr.substr(1)) ==
      std::end(known))
    return unknown();
  return stored;
}

/// The element type that holds all values of \p stored (but large u64).
static ElementType elementTypeOf(const StoredType &stored) {
  if (stored.kind == 'b')
    return ElementType::boolean;
  if (stored.kind == 'f')
    return stored.bytes == 2   ? ElementType::f16
           : stored.bytes == 4 ? ElementType::f32
                               : ElementType::f64;
  if (stored.kind == 'u')
    return stored.bytes == 1   ? ElementType::u8
           : stored.bytes == 2 ? ElementType::i32
                               : ElementType::i64;
  return stored.bytes == 1   ? ElementType::i8
         : stored.bytes == 2 ? ElementType::i16
         : stored.bytes == 4 ? ElementType::i32
                             : ElementType::i64;
}

static void swapBytes(std::string &bytes, unsigned width) {
  for (size_t i = 0; i + width <= bytes.size(); i += width)
    std::reverse(bytes.begin() + i, bytes.begin() + i + width);
}

template <typename From, typename To>
static void widen(std::string_view bytes, std::span<To> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    From value;
    std::memcpy(&value, bytes.data() + i * sizeof(From), sizeof(From));
    out[i] = static_cast<To>(value);
  }
}

/// Fills \p array, C order, from elements in the file's type and this
/// machine's byte order.
static Expected<void> fillElements(Array &array, const StoredType &stored,
                                   std::string_view bytes,
                                   const std::string &name) {
  if (stored.kind == 'u' && stored.bytes == 2) {
    widen<uint16_t>(bytes, array.span<int32_t>());
  } else if (stored.kind == 'u' && stored.bytes == 4) {
    widen<uint32_t>(bytes, array.span<int64_t>());
  } else if (!bytes.empty()) {
    std::memcpy(array.data(), bytes.data(), bytes.size());
  }
  if (stored.kind == 'u' && stored.bytes == 8)
    for (int64_t value : array.span<int64_t>())
      if (value < 0)
        return malformed(name, fmt::format("{} is out of range for i64",
                                           static_cast<uint64_t>(value)));
  if (stored.kind == 'b')
    for (uint8_t value : array.span<uint8_t>())
      if (value > 1)
        return malformed(name, fmt::format("{} is no truth value", value));
  return {};
}

/// Elements stored with the first dimension running fastest, in C order.
static Array fromFortranOrder(const Array &stored) {
  const std::vector<int64_t> &shape = stored.shape();
  Array result(stored.type(), shape);
  size_t width = sizeOf(stored.type());
  std::vector<int64_t> index(shape.size()), strides(shape.size(), 1);
  for (size_t i = 1; i < shape.size(); ++i)
    strides[i] = strides[i - 1] * shape[i - 1];
  int64_t source = 0;
  for (int64_t i = 0; i < stored.size(); ++i) {
    std::memcpy(result.data() + i * width, stored.data() + source * width,
                width);
    for (size_t axis = shape.size(); axis-- > 0;) {
      source += strides[axis];
      if (++index[axis] < shape[axis])
        break;
      source -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

//===----------------------------------------------------------------------===//
// .npy
//===----------------------------------------------------------------------===//

/// Takes the preamble and the header off the front of \p bytes.
static Expected<Header> takeHeader(std::string_view &bytes,
                                   const std::string &name) {
  if (bytes.substr(0, magic.size()) != magic.substr(0, bytes.size()) ||
      bytes.empty())
    return fail(ErrorCode::notThisFormat, name, "an npy file",
                "it does not begin with \\x93NUMPY");
  size_t preamble = magic.size() + 4;
  if (bytes.size() < preamble + 2)
    return fail(ErrorCode::truncatedFile, name, "it ends in its preamble");
  unsigned version = static_cast<uint8_t>(bytes[magic.size()]);
  if (version < 1 || version > 3)
    return fail(ErrorCode::formatVersion, name, version, "1 to 3");
  auto byteAt = [&](size_t i) {
    return static_cast<size_t>(static_cast<uint8_t>(bytes[i]));
  };
  size_t length = byteAt(8) | byteAt(9) << 8;
  if (version > 1) {
    preamble += 2;
    length |= byteAt(10) << 16 | byteAt(11) << 24;
  }
  if (length > maximalHeader)
    return malformed(name, fmt::format("its header has {} bytes, expected at "
                                       "most {}",
                                       length, maximalHeader));
  if (bytes.size() - preamble < length)
    return fail(ErrorCode::truncatedFile, name, "it ends in its header");
  Header header;
  if (!HeaderParser(bytes.substr(preamble, length)).parse(header))
    return malformed(name, "its header is not {'descr': …, 'fortran_order': "
                           "…, 'shape': …}");
  bytes.remove_prefix(preamble + length);
  return header;
}

Expected<Array> nnc::parseNpy(std::string_view bytes, const std::string &name) {
  Expected<Header> header = takeHeader(bytes, name);
  if (!header)
    return fail(std::move(header.error()));
  Expected<StoredType> stored = parseDescr(header->descr, name);
  if (!stored)
    return fail(std::move(stored.error()));
  ElementType type = elementTypeOf(*stored);
  std::optional<int64_t> count = elementCountOf(header->shape);
  // Checked against what is there before anything is allocated.
  if (!count || !byteCountOf(header->shape, ElementType::f64))
    return malformed(name, fmt::format("its shape {} is not possible",
                                       toString(header->shape)));
  uint64_t expected = static_cast<uint64_t>(*count) * stored->bytes;
  if (bytes.size() < expected)
    return fail(ErrorCode::truncatedFile, name,
                fmt::format("shape {} needs {} bytes, {} are there",
                            toString(header->shape), expected, bytes.size()));
  if (bytes.size() > expected)
    return malformed(name, fmt::format("{} bytes follow the array",
                                       bytes.size() - expected));
  std::string swapped;
  if (stored->swapped) {
    swapped = bytes;
    swapBytes(swapped, stored->bytes);
    bytes = swapped;
  }
  Array array(type, header->shape);
  if (Expected<void> filled = fillElements(array, *stored, bytes, name);
      !filled)
    return fail(std::move(filled.error()));
  if (header->fortranOrder && array.rank() > 1)
    return fromFortranOrder(array);
  return array;
}

Expected<Array> nnc::readNpy(const std::string &path) {
  Expected<std::string> bytes = readFile(path);
  if (!bytes)
    return fail(std::move(bytes.error()));
  return parseNpy(*bytes, path);
}

Expected<std::string> nnc::formatNpy(const Array &array) {
  constexpr std::string_view descrs[] = {"<f4", "<f8", "<f2", "",    "<i8",
                                         "<i4", "<i2", "|i1", "|u1", "|b1"};
  std::string_view descr = descrs[static_cast<size_t>(array.type())];
  if (descr.empty())
    return fail(ErrorCode::unsupported, "bf16 in an npy file");
  std::string header = fmt::format(
      "{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", descr,
      fmt::join(array.shape(), ", "), array.rank() == 1 ? "," : "");
  // Spaces and a newline up to a multiple of 64 bytes, as NumPy does.
  size_t preamble = magic.size() + 4;
  size_t end = (preamble + header.size() + 1 + 63) / 64 * 64;
  header.resize(end - preamble - 1, ' ');
  header += '\n';
  std::string file(magic);
  file += '\x01';
  file += '\x00';
  file += static_cast<char>(header.size() & 0xff);
  file += static_cast<char>(header.size() >> 8);
  file += header;
  file.append(reinterpret_cast<const char *>(array.data()), array.byteSize());
  return file;
}

Expected<void> nnc::writeNpy(const std::string &path, const Array &array) {
  Expected<std::string> file = formatNpy(array);
  if (!file)
    return fail(std::move(file.error()));
  return writeFile(path, *file);
}

//===----------------------------------------------------------------------===//
// .npz
//===----------------------------------------------------------------------===//

Expected<std::vector<NamedArray>> nnc::readNpz(const std::string &path) {
  Expected<ZipReader> archive = ZipReader::open(path);
  if (!archive)
    return fail(std::move(archive.error()));
  std::vector<NamedArray> arrays;
  for (const ZipReader::Member &member : archive->members()) {
    constexpr std::string_view suffix = ".npy";
    if (!member.name.ends_with(suffix))
      return fail(ErrorCode::malformedFile, path, "npz",
                  fmt::format("member '{}' is no .npy file", member.name));
    Expected<std::string> bytes = archive->read(member);
    if (!bytes)
      return fail(std::move(bytes.error()));
    Expected<Array> array = parseNpy(*bytes, path + "/" + member.name);
    if (!array)
      return fail(std::move(array.error()));
    arrays.push_back({member.name.substr(0, member.name.size() - suffix.size()),
                      std::move(*array)});
  }
  return arrays;
}

Expected<void> nnc::writeNpz(const std::string &path,
                             std::span<const NamedArray> arrays) {
  Expected<ZipWriter> archive = ZipWriter::create(path);
  if (!archive)
    return fail(std::move(archive.error()));
  for (const NamedArray &named : arrays) {
    Expected<std::string> file = formatNpy(named.array);
    if (!file)
      return fail(std::move(file.error()));
    if (Expected<void> added = archive->add(named.name + ".npy", *file); !added)
      return added;
  }
  return archive->commit();
}

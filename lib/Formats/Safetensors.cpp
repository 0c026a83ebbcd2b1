//===- Safetensors.cpp - Weight files -------------------------------------===//

#include "nnc/Formats/Safetensors.h"
#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <set>

using namespace nnc;

static constexpr size_t lengthBytes = 8;
/// The limit of the format's own reader.
static constexpr uint64_t maximalHeader = 100'000'000;
static constexpr size_t maximalRank = 64;
static constexpr std::string_view metadataKey = "__metadata__";

/// The format's names of the element types, in the order of the enum.
static constexpr std::string_view typeNames[] = {
    "F32", "F64", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL"};

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {
struct HeaderEntry {
  std::string name;
  std::string dtype;
  std::optional<std::vector<int64_t>> shape;
  std::optional<std::vector<int64_t>> offsets;
};

/// Takes the header event by event, so that a hostile one costs no recursion
/// and no more memory than its length. Level 1 is the header, level 2 an
/// entry, level 3 a list in it.
class HeaderHandler final : public nlohmann::json_sax<nlohmann::json> {
public:
  std::vector<HeaderEntry> entries;
  std::map<std::string, std::string> metadata;
  /// What is wrong, once an event has returned false.
  std::string problem;

  bool start_object(size_t) override {
    return ++level <= 2 || wrong("an object stands where none may");
  }
  bool end_object() override {
    --level;
    return true;
  }
  bool key(string_t &name) override {
    keyName = name;
    if (level != 1)
      return true;
    inMetadata = name == metadataKey;
    if (!names.insert(name).second)
      return wrong(fmt::format("two entries are called '{}'", name));
    if (!inMetadata)
      entries.emplace_back().name = name;
    return true;
  }
  bool string(string_t &text) override {
    if (level == 2 && inMetadata) {
      metadata[keyName] = text;
      return true;
    }
    if (level != 2 || keyName != "dtype" || !entries.back().dtype.empty())
      return wrong("a text stands where none may");
    entries.back().dtype = text;
    return true;
  }
  bool start_array(size_t) override {
    list = nullptr;
    if (level == 2 && !inMetadata && keyName == "shape")
      list = &entries.back().shape;
    if (level == 2 && !inMetadata && keyName == "data_offsets")
      list = &entries.back().offsets;
    if (!list || list->has_value())
      return wrong("a list stands where none may");
    list->emplace();
    ++level;
    return true;
  }
  bool end_array() override {
    --level;
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (level != 3)
      return wrong("a number stands where none may");
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
      return wrong(fmt::format("{} is out of range", value));
    if ((*list)->size() == maximalRank)
      return wrong(fmt::format("a list has more than {} numbers", maximalRank));
    (*list)->push_back(static_cast<int64_t>(value));
    return true;
  }
  bool number_integer(number_integer_t value) override {
    return wrong(fmt::format("{} is negative", value));
  }
  bool number_float(number_float_t, const string_t &text) override {
    return wrong(fmt::format("{} is not a whole number", text));
  }
  bool null() override { return wrong("a null stands where none may"); }
  bool boolean(bool) override {
    return wrong("a truth value stands where none may");
  }
  bool binary(binary_t &) override { return wrong("it holds binary values"); }
  bool parse_error(size_t byte, const std::string &,
                   const nlohmann::detail::exception &) override {
    return wrong(fmt::format("it is not JSON at byte {}", byte));
  }

private:
  bool wrong(std::string why) {
    if (problem.empty())
      problem = std::move(why);
    return false;
  }

  int level = 0;
  bool inMetadata = false;
  std::string keyName;
  std::set<std::string> names;
  std::optional<std::vector<int64_t>> *list = nullptr;
};
} // namespace

static tl::unexpected<Error> malformed(const std::string &name,
                                       const std::string &why) {
  return fail(ErrorCode::malformedFile, name, "safetensors", why);
}

/// The tensor of \p entry in \p data, the bytes behind the header.
static Expected<TensorView> viewOf(const HeaderEntry &entry,
                                   std::span<const std::byte> data,
                                   const std::string &file) {
  auto wrong = [&](const std::string &why) {
    return malformed(file, fmt::format("tensor '{}' {}", entry.name, why));
  };
  if (entry.dtype.empty() || !entry.shape || !entry.offsets)
    return wrong("lacks one of dtype, shape, data_offsets");
  const std::string_view *type =
      std::find(std::begin(typeNames), std::end(typeNames), entry.dtype);
  if (type == std::end(typeNames))
    return fail(ErrorCode::unsupported,
                fmt::format("the element type {} of '{}' in '{}'", entry.dtype,
                            entry.name, file));
  TensorView view;
  view.name = entry.name;
  view.type = static_cast<ElementType>(type - std::begin(typeNames));
  view.shape = *entry.shape;
  if (entry.offsets->size() != 2)
    return wrong(
        fmt::format("has {} offsets, expected 2", entry.offsets->size()));
  int64_t begin = (*entry.offsets)[0], end = (*entry.offsets)[1];
  if (begin > end || static_cast<uint64_t>(end) > data.size())
    return wrong(
        fmt::format("lies at bytes {} to {} of {}", begin, end, data.size()));
  std::optional<int64_t> bytes = byteCountOf(view.shape, view.type);
  if (bytes != end - begin)
    return wrong(fmt::format("has {} bytes, but {}{} needs {}", end - begin,
                             nameOf(view.type), toString(view.shape),
                             bytes ? fmt::to_string(*bytes) : "too many"));
  view.bytes = data.subspan(begin, end - begin);
  return view;
}

/// The tensors must cover \p data from end to end, each byte once.
static Expected<void> checkCover(const std::vector<TensorView> &tensors,
                                 std::span<const std::byte> data,
                                 const std::string &file) {
  std::vector<const TensorView *> sorted;
  for (const TensorView &tensor : tensors)
    if (!tensor.bytes.empty())
      sorted.push_back(&tensor);
  std::sort(sorted.begin(), sorted.end(),
            [](const TensorView *a, const TensorView *b) {
              return a->bytes.data() < b->bytes.data();
            });
  const std::byte *expected = data.data();
  for (const TensorView *tensor : sorted) {
    if (tensor->bytes.data() != expected)
      return malformed(file, fmt::format("tensor '{}' {} the one before it",
                                         tensor->name,
                                         tensor->bytes.data() < expected
                                             ? "overlaps"
                                             : "leaves a hole behind"));
    expected = tensor->bytes.data() + tensor->bytes.size();
  }
  if (expected != data.data() + data.size())
    return malformed(file, fmt::format("{} bytes follow the last tensor",
                                       data.data() + data.size() - expected));
  return {};
}

Expected<SafetensorsView>
nnc::parseSafetensors(std::span<const std::byte> bytes,
                      const std::string &name) {
  if (bytes.size() < lengthBytes)
    return fail(ErrorCode::truncatedFile, name, "it ends in its preamble");
  uint64_t length = 0;
  for (size_t i = lengthBytes; i-- > 0;)
    length = length << 8 | std::to_integer<uint64_t>(bytes[i]);
  if (length > maximalHeader)
    return fail(ErrorCode::notThisFormat, name, "a safetensors file",
                fmt::format("its header would have {} bytes", length));
  if (length > bytes.size() - lengthBytes)
    return fail(ErrorCode::truncatedFile, name, "it ends in its header");
  std::string_view header(
      reinterpret_cast<const char *>(bytes.data()) + lengthBytes, length);
  if (header.empty() || header[0] != '{')
    return fail(ErrorCode::notThisFormat, name, "a safetensors file",
                "its header does not begin with '{'");
  HeaderHandler handler;
  if (!nlohmann::json::sax_parse(header.begin(), header.end(), &handler))
    return malformed(name, handler.problem);
  std::span<const std::byte> data = bytes.subspan(lengthBytes + length);
  SafetensorsView result;
  result.metadata = std::move(handler.metadata);
  for (const HeaderEntry &entry : handler.entries) {
    Expected<TensorView> view = viewOf(entry, data, name);
    if (!view)
      return fail(std::move(view.error()));
    result.tensors.push_back(std::move(*view));
  }
  if (Expected<void> covered = checkCover(result.tensors, data, name); !covered)
    return fail(std::move(covered.error()));
  return result;
}

Array TensorView::toArray() const {
  Array array(type, shape);
  if (!bytes.empty())
    std::memcpy(array.data(), bytes.data(), bytes.size());
  return array;
}

const TensorView *SafetensorsView::find(std::string_view name) const {
  for (const TensorView &tensor : tensors)
    if (tensor.name == name)
      return &tensor;
  return nullptr;
}

Expected<std::vector<NamedArray>>
nnc::readSafetensors(const std::string &path) {
  Expected<MappedFile> mapping = MappedFile::open(path);
  if (!mapping)
    return fail(std::move(mapping.error()));
  Expected<SafetensorsView> view = parseSafetensors(mapping->bytes(), path);
  if (!view)
    return fail(std::move(view.error()));
  std::vector<NamedArray> arrays;
  for (const TensorView &tensor : view->tensors)
    arrays.push_back({tensor.name, tensor.toArray()});
  return arrays;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static std::vector<size_t> dataOrder(std::span<const TensorView> tensors) {
  auto rank = [&](size_t i) {
    bool whole = tensors[i].bytes.size() % 64 == 0;
    return std::pair(whole ? 0 : 16 - static_cast<int>(sizeOf(tensors[i].type)),
                     i);
  };
  std::vector<size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return rank(a) < rank(b); });
  return order;
}

Expected<SafetensorsLayout>
nnc::layoutSafetensors(std::span<const TensorView> tensors,
                       const std::map<std::string, std::string> &metadata,
                       const std::string &name) {
  SafetensorsLayout layout;
  layout.order = dataOrder(tensors);
  std::vector<uint64_t> begin(tensors.size());
  uint64_t size = 0;
  for (size_t i : layout.order) {
    begin[i] = size;
    size += tensors[i].bytes.size();
  }
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty())
    header[std::string(metadataKey)] = metadata;
  std::set<std::string_view> names;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const TensorView &tensor = tensors[i];
    if (tensor.name == metadataKey || !names.insert(tensor.name).second)
      return malformed(name,
                       fmt::format("two entries are called '{}'", tensor.name));
    // Filled in place: looking a name up in an ordered object is linear.
    nlohmann::ordered_json entry;
    entry["dtype"] = typeNames[static_cast<size_t>(tensor.type)];
    entry["shape"] = tensor.shape;
    entry["data_offsets"] = {begin[i], begin[i] + tensor.bytes.size()};
    header.get_ref<nlohmann::ordered_json::object_t &>().emplace_back(
        tensor.name, std::move(entry));
  }
  std::string text = header.dump(
      -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  text.resize((lengthBytes + text.size() + 63) / 64 * 64 - lengthBytes, ' ');
  uint64_t length = text.size();
  for (size_t i = 0; i < lengthBytes; ++i)
    layout.header += static_cast<char>(length >> (8 * i) & 0xff);
  layout.header += text;
  layout.size = layout.header.size() + size;
  return layout;
}

Expected<void>
nnc::writeSafetensors(const std::string &path,
                      std::span<const TensorView> tensors,
                      const std::map<std::string, std::string> &metadata) {
  Expected<SafetensorsLayout> layout =
      layoutSafetensors(tensors, metadata, path);
  if (!layout)
    return fail(std::move(layout.error()));
  Expected<AtomicFile> file = AtomicFile::create(path);
  if (!file)
    return fail(std::move(file.error()));
  if (Expected<void> done = file->write(layout->header); !done)
    return done;
  for (size_t i : layout->order)
    if (Expected<void> done = file->write(tensors[i].bytes); !done)
      return done;
  return file->commit();
}

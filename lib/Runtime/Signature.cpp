//===- Signature.cpp - What a compiled program takes and gives ------------===//

#include "nnc/Runtime/Signature.h"
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

using namespace nnc;
using Json = nlohmann::ordered_json;

static constexpr std::string_view roleNames[] = {
    "input", "parameter", "state", "optimizer", "scalar", "output"};

std::string_view nnc::nameOf(Role role) {
  return roleNames[static_cast<size_t>(role)];
}

int64_t Argument::elementCount() const {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

int64_t Signature::memoryBytes() const {
  int64_t bytes = arenaBytes;
  for (const Argument &argument : arguments)
    bytes += argument.byteCount();
  return bytes;
}

int Signature::indexOf(Role role, std::string_view name) const {
  for (size_t i = 0; i < arguments.size(); ++i)
    if (arguments[i].role == role && arguments[i].name == name)
      return static_cast<int>(i);
  return -1;
}

std::vector<int> Signature::indicesOf(Role role) const {
  std::vector<int> indices;
  for (size_t i = 0; i < arguments.size(); ++i)
    if (arguments[i].role == role)
      indices.push_back(static_cast<int>(i));
  return indices;
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

std::string Signature::toJson() const {
  Json list = Json::array();
  for (const Argument &argument : arguments)
    list.push_back({{"name", argument.name},
                    {"role", nameOf(argument.role)},
                    {"type", nameOf(argument.type)},
                    {"shape", argument.shape},
                    {"batched", argument.batched},
                    {"rows_per_sample", argument.rowsPerSample},
                    {"initializer", argument.initializer},
                    {"fan_in", argument.fanIn},
                    {"fan_out", argument.fanOut},
                    {"owner", argument.owner}});
  Json object = {{"model", model},
                 {"entry", entry},
                 {"target", target},
                 {"batch", batch},
                 {"arena_bytes", arenaBytes},
                 {"preferred_threads", preferredThreads},
                 {"flop", flop},
                 {"recomputed_flop", recomputedFlop},
                 {"uses_tiles", usesTiles},
                 {"arguments", std::move(list)}};
  return object.dump();
}

namespace {
/// Reads the keys of one object; remembers the first that is missing, of the
/// wrong kind or unknown.
class ObjectReader {
public:
  explicit ObjectReader(const Json &object) : object(object) {
    if (!object.is_object())
      problem = "not an object";
  }

  void read(const char *key, std::string &value) {
    if (const Json *found = find(key, &Json::is_string))
      value = found->get<std::string>();
  }
  void read(const char *key, int64_t &value) {
    if (const Json *found = find(key, &Json::is_number_integer))
      value = found->get<int64_t>();
  }
  void read(const char *key, bool &value) {
    if (const Json *found = find(key, &Json::is_boolean))
      value = found->get<bool>();
  }
  const Json *find(const char *key, bool (Json::*isKind)() const noexcept) {
    known.insert(key);
    if (!problem.empty())
      return nullptr;
    auto it = object.find(key);
    if (it == object.end() || !((*it).*isKind)()) {
      problem = std::string("'") + key + "' is missing or of the wrong kind";
      return nullptr;
    }
    return &*it;
  }
  /// The problem found so far, or an unknown key.
  std::string finish() {
    if (problem.empty())
      for (const auto &item : object.items())
        if (!known.count(item.key()))
          return "unknown key '" + item.key() + "'";
    return problem;
  }

  std::string problem;

private:
  const Json &object;
  std::set<std::string> known;
};
} // namespace

static std::string readArgument(const Json &object, Argument &argument) {
  ObjectReader reader(object);
  std::string role, type;
  reader.read("name", argument.name);
  reader.read("role", role);
  reader.read("type", type);
  reader.read("batched", argument.batched);
  reader.read("rows_per_sample", argument.rowsPerSample);
  reader.read("initializer", argument.initializer);
  reader.read("fan_in", argument.fanIn);
  reader.read("fan_out", argument.fanOut);
  reader.read("owner", argument.owner);
  if (const Json *shape = reader.find("shape", &Json::is_array)) {
    // Sizes are bounded so that products of them cannot overflow unnoticed.
    constexpr int64_t largest = int64_t(1) << 40;
    int64_t count = 1;
    for (const Json &size : *shape) {
      if (!size.is_number_integer() || size.get<int64_t>() < 0 ||
          size.get<int64_t>() > largest)
        return "a size is out of range";
      argument.shape.push_back(size.get<int64_t>());
      if (argument.shape.back() > 0 && count > largest / argument.shape.back())
        return "a tensor is too large";
      count *= argument.shape.back();
    }
  }
  if (std::string problem = reader.finish(); !problem.empty())
    return problem;
  bool roleFound = false;
  for (size_t i = 0; i < std::size(roleNames); ++i)
    if (roleNames[i] == role) {
      argument.role = static_cast<Role>(i);
      roleFound = true;
    }
  std::optional<ElementType> element = parseElementType(type);
  if (!roleFound || !element)
    return "unknown role '" + role + "' or type '" + type + "'";
  argument.type = *element;
  return {};
}

Expected<Signature> Signature::fromJson(std::string_view text) {
  Json object = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (object.is_discarded())
    return fail(ErrorCode::badSignature, "no JSON");
  Signature signature;
  ObjectReader reader(object);
  reader.read("model", signature.model);
  reader.read("entry", signature.entry);
  reader.read("target", signature.target);
  reader.read("batch", signature.batch);
  reader.read("arena_bytes", signature.arenaBytes);
  reader.read("preferred_threads", signature.preferredThreads);
  reader.read("flop", signature.flop);
  reader.read("recomputed_flop", signature.recomputedFlop);
  reader.read("uses_tiles", signature.usesTiles);
  if (const Json *list = reader.find("arguments", &Json::is_array))
    for (const Json &item : *list) {
      Argument argument;
      std::string problem = readArgument(item, argument);
      if (!problem.empty())
        return fail(ErrorCode::badSignature, "argument: " + problem);
      signature.arguments.push_back(std::move(argument));
    }
  if (std::string problem = reader.finish(); !problem.empty())
    return fail(ErrorCode::badSignature, problem);
  return signature;
}

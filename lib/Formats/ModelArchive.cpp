//===- ModelArchive.cpp - Trained models and checkpoints ------------------===//

#include "nnc/Formats/ModelArchive.h"
#include "nnc/Formats/Json.h"
#include <array>
#include <fstream>
#include <zlib.h>

using namespace nnc;

static constexpr const char *modelMember = "model.nn";
static constexpr const char *weightsMember = "weights.safetensors";
static constexpr const char *stateMember = "state.safetensors";
static constexpr const char *metadataMember = "metadata.json";
static constexpr uint64_t alignment = 64;
/// Text members are read into memory; the language's own limit is lower.
static constexpr uint64_t maximalText = 64 << 20;

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static uint32_t crcOf(std::span<const std::byte> bytes, uint32_t crc = 0) {
  if (bytes.empty())
    return crc;
  return static_cast<uint32_t>(crc32_z(
      crc, reinterpret_cast<const Bytef *>(bytes.data()), bytes.size()));
}

static uint32_t crcOf(std::string_view text) {
  return crcOf(std::as_bytes(std::span(text.data(), text.size())));
}

static nlohmann::ordered_json record(uint64_t size, uint32_t crc) {
  return {{"size", size}, {"crc32", fmt::format("{:08x}", crc)}};
}

/// Writes a safetensors member and notes it in \p members.
static Expected<void> addTensors(ZipWriter &archive, const std::string &path,
                                 const char *name,
                                 std::span<const TensorView> tensors,
                                 nlohmann::ordered_json &members) {
  Expected<SafetensorsLayout> layout = layoutSafetensors(tensors, {}, path);
  if (!layout)
    return fail(std::move(layout.error()));
  if (Expected<void> begun = archive.begin(name, layout->size, alignment);
      !begun)
    return begun;
  uint32_t crc = crcOf(layout->header);
  if (Expected<void> done = archive.write(layout->header); !done)
    return done;
  for (size_t i : layout->order) {
    crc = crcOf(tensors[i].bytes, crc);
    if (Expected<void> done = archive.write(tensors[i].bytes); !done)
      return done;
  }
  members[name] = record(layout->size, crc);
  return {};
}

Expected<void> nnc::writeModelArchive(const std::string &path,
                                      const ModelContent &content) {
  Expected<nlohmann::ordered_json> given =
      parseJson(content.metadata, path + "/" + metadataMember);
  if (!given)
    return fail(std::move(given.error()));
  if (!given->is_object())
    return fail(ErrorCode::malformedFile, path, "nnm",
                "its metadata is no JSON object");
  Expected<ZipWriter> archive = ZipWriter::create(path);
  if (!archive)
    return fail(std::move(archive.error()));
  nlohmann::ordered_json members = nlohmann::ordered_json::object();
  if (Expected<void> done = archive->add(modelMember, content.model); !done)
    return done;
  members[modelMember] = record(content.model.size(), crcOf(content.model));
  if (Expected<void> done =
          addTensors(*archive, path, weightsMember, content.weights, members);
      !done)
    return done;
  if (content.state)
    if (Expected<void> done =
            addTensors(*archive, path, stateMember, *content.state, members);
        !done)
      return done;
  nlohmann::ordered_json metadata = {{"format", modelFormat},
                                     {"members", std::move(members)}};
  for (auto &[key, value] : given->items())
    if (key != "format" && key != "members")
      metadata[key] = value;
  if (Expected<void> done =
          archive->add(metadataMember, toText(metadata, 1) + "\n");
      !done)
    return done;
  return archive->commit();
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static Expected<std::string> readText(const ZipReader &archive,
                                      const char *name) {
  const ZipReader::Member *member = archive.find(name);
  if (!member)
    return fail(ErrorCode::memberNotFound, archive.path(), name, "");
  if (member->size > maximalText)
    return fail(ErrorCode::fileTooLarge, archive.path(),
                fmt::format("member '{}' has {} bytes", name, member->size));
  return archive.read(*member);
}

static Expected<SafetensorsView> viewTensors(const ZipReader &archive,
                                             const char *name) {
  const ZipReader::Member *member = archive.find(name);
  if (!member)
    return fail(ErrorCode::memberNotFound, archive.path(), name, "");
  Expected<std::span<const std::byte>> bytes = archive.view(*member);
  if (!bytes)
    return fail(std::move(bytes.error()));
  return parseSafetensors(*bytes, archive.path() + "/" + name);
}

/// Checks the format number and that the archive holds the members that its
/// metadata records, neither more nor others.
static Expected<void> checkMetadata(const ZipReader &archive,
                                    const std::string &text) {
  Expected<nlohmann::ordered_json> metadata =
      parseJson(text, archive.path() + "/" + metadataMember);
  if (!metadata)
    return fail(std::move(metadata.error()));
  auto wrong = [&](const std::string &why) {
    return fail(ErrorCode::malformedFile, archive.path(), "nnm", why);
  };
  if (!metadata->is_object() || !metadata->contains("format") ||
      !(*metadata)["format"].is_number_integer())
    return wrong("its metadata has no format number");
  int64_t format = (*metadata)["format"].get<int64_t>();
  if (format != modelFormat)
    return fail(ErrorCode::formatVersion, archive.path(), format, modelFormat);
  if (!metadata->contains("members") || !(*metadata)["members"].is_object())
    return wrong("its metadata does not record the members");
  const nlohmann::ordered_json &members = (*metadata)["members"];
  for (const char *name : {modelMember, weightsMember, stateMember}) {
    const ZipReader::Member *member = archive.find(name);
    bool recorded = members.contains(name);
    if (recorded && !member)
      return fail(ErrorCode::memberNotFound, archive.path(), name, "");
    if (!recorded && member)
      return wrong(fmt::format("its metadata does not record '{}'", name));
    if (member && members[name] != record(member->size, member->crc))
      return wrong(
          fmt::format("'{}' is not the one its metadata records", name));
  }
  return {};
}

Expected<ModelArchive> ModelArchive::open(const std::string &path) {
  Expected<ZipReader> zip = ZipReader::open(path);
  if (!zip)
    return fail(std::move(zip.error()));
  ModelArchive result(std::move(*zip));
  const ZipReader &archive = result.archive;
  Expected<std::string> metadata = readText(archive, metadataMember);
  if (!metadata)
    return fail(std::move(metadata.error()));
  if (Expected<void> checked = checkMetadata(archive, *metadata); !checked)
    return fail(std::move(checked.error()));
  result.metadataText = std::move(*metadata);
  Expected<std::string> model = readText(archive, modelMember);
  if (!model)
    return fail(std::move(model.error()));
  result.modelText = std::move(*model);
  Expected<SafetensorsView> weights = viewTensors(archive, weightsMember);
  if (!weights)
    return fail(std::move(weights.error()));
  result.weightTensors = std::move(*weights);
  if (archive.find(stateMember)) {
    Expected<SafetensorsView> state = viewTensors(archive, stateMember);
    if (!state)
      return fail(std::move(state.error()));
    result.stateTensors = std::move(*state);
  }
  return result;
}

bool ModelArchive::looksLikeOne(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 4> head{};
  file.read(head.data(), head.size());
  return file && std::string_view(head.data(), head.size()) == "PK\x03\x04";
}

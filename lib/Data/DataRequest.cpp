//===- DataRequest.cpp - Evaluated data sources ---------------------------===//

#include "nnc/Data/DataRequest.h"
#include "Transforms.h"
#include <cassert>
#include <filesystem>

using namespace nnc;

static constexpr std::string_view kindNames[] = {
    "digits", "xor", "csv", "idx", "npz", "npy", "images", "text"};
static constexpr std::string_view transformNames[] = {
    "flip",  "rotate",  "shift",     "zoom",
    "noise", "one_hot", "multi_hot", "binarize"};

std::optional<DataKind> nnc::parseDataKind(std::string_view name) {
  for (size_t i = 0; i < std::size(kindNames); ++i)
    if (kindNames[i] == name)
      return static_cast<DataKind>(i);
  return std::nullopt;
}

std::string_view nnc::nameOf(DataKind kind) {
  return kindNames[static_cast<size_t>(kind)];
}

std::optional<DataTransform::Kind>
nnc::parseTransformKind(std::string_view name) {
  for (size_t i = 0; i < std::size(transformNames); ++i)
    if (transformNames[i] == name)
      return static_cast<DataTransform::Kind>(i);
  return std::nullopt;
}

std::string_view nnc::nameOf(DataTransform::Kind kind) {
  return transformNames[static_cast<size_t>(kind)];
}

static Expected<DataSource> loadUntransformed(const DataRequest &request) {
  switch (request.kind) {
  case DataKind::digits:
    return loadDigits(request.floatType);
  case DataKind::exclusiveOr:
    return loadXor(request.floatType);
  case DataKind::csv:
    return loadCsv(request);
  case DataKind::idx:
    return loadIdx(request);
  case DataKind::npz:
    return loadNpz(request);
  case DataKind::npy:
    return loadNpy(request);
  case DataKind::text:
    return loadText(request);
  case DataKind::images:
    break;
  }
  return fail(ErrorCode::unsupported,
              fmt::format("the data source {}", nameOf(request.kind)));
}

Expected<DataSource> nnc::load(const DataRequest &request) {
  assert((request.floatType == ElementType::f32 ||
          request.floatType == ElementType::f64) &&
         "data are f32 or f64");
  Expected<DataSource> source = loadUntransformed(request);
  if (!source)
    return source;
  if (Expected<void> done = applyTransforms(request, *source); !done)
    return fail(std::move(done.error()));
  return source;
}

/// The kind of the folder at \p path, if it is of one.
static std::optional<DataKind> kindOfFolder(const std::string &path) {
  std::error_code error;
  bool hasFolder = false;
  for (std::filesystem::directory_iterator at(path, error), end;
       !error && at != end; at.increment(error)) {
    std::string name = at->path().filename().string();
    if (name.find("-idx3-ubyte") != std::string::npos)
      return DataKind::idx;
    hasFolder |= at->is_directory(error);
  }
  if (hasFolder)
    return DataKind::images;
  return std::nullopt;
}

Expected<DataRequest> nnc::requestForPath(const std::string &path) {
  DataRequest request;
  request.path = path;
  if (path == "digits" || path == "xor") {
    request.kind = *parseDataKind(path);
    return request;
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    std::optional<DataKind> kind = kindOfFolder(path);
    if (!kind)
      return fail(ErrorCode::unknownDataSource, path,
                  "the folder holds neither IDX files nor class folders");
    request.kind = *kind;
    return request;
  }
  std::string suffix = std::filesystem::path(path).extension().string();
  if (suffix == ".csv" || suffix == ".npz" || suffix == ".npy") {
    request.kind = *parseDataKind(suffix.substr(1));
    return request;
  }
  if (suffix == ".tsv") {
    request.kind = DataKind::csv;
    request.separator = '\t';
    return request;
  }
  std::string nearest = nearestName(path, {"digits", "xor"});
  return fail(ErrorCode::unknownDataSource, path,
              nearest.empty()
                  ? "expected digits, xor, a .csv, .tsv, .npz or .npy file, or "
                    "a folder"
                  : fmt::format("did you mean '{}'?", nearest));
}

//===- DataRequest.cpp - Evaluated data sources ---------------------------===//

#include "nnc/Data/DataRequest.h"

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

Expected<DataSource> nnc::load(const DataRequest &request) {
  switch (request.kind) {
  case DataKind::digits:
    return loadDigits(request.floatType);
  case DataKind::exclusiveOr:
    return loadXor(request.floatType);
  case DataKind::csv:
  case DataKind::idx:
  case DataKind::npz:
  case DataKind::npy:
  case DataKind::images:
  case DataKind::text:
    break;
  }
  return fail(ErrorCode::unsupported,
              fmt::format("the data source {}", nameOf(request.kind)));
}

Expected<DataRequest> nnc::requestForPath(const std::string &path) {
  DataRequest request;
  request.path = path;
  if (path == "digits" || path == "xor") {
    request.kind = *parseDataKind(path);
    return request;
  }
  size_t dot = path.rfind('.');
  std::string suffix = dot == std::string::npos ? "" : path.substr(dot + 1);
  if (suffix == "csv" || suffix == "npz" || suffix == "npy") {
    request.kind = *parseDataKind(suffix);
    return request;
  }
  return fail(ErrorCode::unknownDataSource, path,
              "expected digits, xor, *.csv, *.npz or *.npy");
}

//===- Metadata.cpp - What a trained model says of itself -----------------===//

#include "nnc/Formats/Json.h"
#include "nnc/Training/ModelFile.h"

using namespace nnc;
using Json = nlohmann::ordered_json;

std::string nnc::toJson(const ModelMetadata &metadata) {
  Json settings = Json::object();
  for (const auto &[name, value] : metadata.settings)
    settings[name] = value;
  Json object = {{"nnc", NNC_VERSION},
                 {"model", metadata.model},
                 {"loss", metadata.loss},
                 {"metrics", metadata.metrics},
                 {"precision", metadata.precision},
                 {"target", metadata.target},
                 {"parameters", metadata.parameters},
                 {"settings", std::move(settings)},
                 {"history", metadata.history}};
  if (metadata.schema)
    object["data"] = Json::parse(toJson(*metadata.schema), nullptr, false);
  return toText(object);
}

namespace {
/// Reads keys of an object that may be absent; remembers the first that is of
/// the wrong kind.
class Reader {
public:
  explicit Reader(const Json &object) : object(object) {}

  void read(const char *key, std::string &value) {
    if (const Json *found = find(key, &Json::is_string))
      value = found->get<std::string>();
  }
  void read(const char *key, int64_t &value) {
    if (const Json *found = find(key, &Json::is_number_integer))
      value = found->get<int64_t>();
  }
  const Json *find(const char *key, bool (Json::*isKind)() const noexcept) {
    auto it = object.find(key);
    if (it == object.end())
      return nullptr;
    if (((*it).*isKind)())
      return &*it;
    if (problem.empty())
      problem = fmt::format("'{}' is of the wrong kind", key);
    return nullptr;
  }
  std::string problem;

private:
  const Json &object;
};
} // namespace

Expected<ModelMetadata> nnc::metadataFromJson(std::string_view text,
                                              const std::string &name) {
  Expected<Json> object = parseJson(text, name);
  if (!object)
    return fail(std::move(object.error()));
  if (!object->is_object())
    return fail(ErrorCode::malformedFile, name, "metadata", "no object");
  ModelMetadata metadata;
  Reader reader(*object);
  reader.read("model", metadata.model);
  reader.read("loss", metadata.loss);
  reader.read("precision", metadata.precision);
  reader.read("target", metadata.target);
  reader.read("parameters", metadata.parameters);
  if (const Json *metrics = reader.find("metrics", &Json::is_array))
    for (const Json &metric : *metrics) {
      if (metric.is_string())
        metadata.metrics.push_back(metric.get<std::string>());
      else
        reader.problem = "a metric is no text";
    }
  if (const Json *settings = reader.find("settings", &Json::is_object))
    for (const auto &item : settings->items()) {
      if (item.value().is_string())
        metadata.settings.emplace_back(item.key(),
                                       item.value().get<std::string>());
      else
        reader.problem = fmt::format("the setting '{}' is no text", item.key());
    }
  if (const Json *history = reader.find("history", &Json::is_array))
    metadata.history = *history;
  if (const Json *data = reader.find("data", &Json::is_object)) {
    Expected<DataSchema> schema = schemaFromJson(toText(*data), name);
    if (!schema)
      return fail(std::move(schema.error()));
    metadata.schema = std::move(*schema);
  }
  if (!reader.problem.empty())
    return fail(ErrorCode::malformedFile, name, "metadata", reader.problem);
  return metadata;
}

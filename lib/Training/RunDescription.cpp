//===- RunDescription.cpp - What an executable knows of its model ---------===//

#include "nnc/Training/RunDescription.h"
#include "nnc/Formats/Json.h"

using namespace nnc;
using Json = nlohmann::ordered_json;
using Classes = PredictionInfo::Classes;

NLOHMANN_JSON_SERIALIZE_ENUM(Classes, {{Classes::none, "none"},
                                       {Classes::largest, "largest"},
                                       {Classes::threshold, "threshold"}})

std::string nnc::toJson(const RunDescription &description) {
  Json programs = Json::array();
  for (const Signature &program : description.programs)
    programs.push_back(program.toJson());
  const PredictionInfo &prediction = description.prediction;
  Json object = {{"name", description.name},
                 {"schema", toJson(description.schema)},
                 {"double", description.floatType == ElementType::f64},
                 {"classes", prediction.classes},
                 {"threshold", prediction.threshold},
                 {"class_names", prediction.classNames},
                 {"seed", description.seed},
                 {"programs", std::move(programs)},
                 {"weights", description.weights}};
  return toText(object);
}

/// The texts in the list \p key of \p object.
static std::vector<std::string> textsIn(const Json &object, const char *key) {
  std::vector<std::string> texts;
  auto list = object.find(key);
  if (list != object.end())
    for (const Json &element : *list)
      if (element.is_string())
        texts.push_back(element.get<std::string>());
  return texts;
}

Expected<RunDescription> nnc::runDescriptionFromJson(std::string_view text) {
  const std::string place = "the model's description";
  Expected<Json> object = parseJson(text, place);
  if (!object)
    return fail(std::move(object.error()));
  if (!object->is_object())
    return fail(ErrorCode::malformedFile, place, "JSON", "no object");
  for (const char *key : {"name", "schema"})
    if (!object->contains(key) || !(*object)[key].is_string())
      return fail(ErrorCode::malformedFile, place, key, "no text");
  RunDescription description;
  description.name = (*object)["name"].get<std::string>();
  Expected<DataSchema> schema =
      schemaFromJson((*object)["schema"].get<std::string>(), place);
  if (!schema)
    return fail(std::move(schema.error()));
  description.schema = std::move(*schema);
  if (object->value("double", false))
    description.floatType = ElementType::f64;
  description.prediction.classes = object->value("classes", Classes::none);
  description.prediction.threshold = object->value("threshold", 0.5);
  description.prediction.classNames = textsIn(*object, "class_names");
  description.seed = object->value("seed", int64_t(0));
  description.weights = textsIn(*object, "weights");
  for (const std::string &program : textsIn(*object, "programs")) {
    Expected<Signature> signature = Signature::fromJson(program);
    if (!signature)
      return fail(std::move(signature.error()));
    description.programs.push_back(std::move(*signature));
  }
  if (description.programs.empty())
    return fail(ErrorCode::malformedFile, place, "programs", "none");
  return description;
}

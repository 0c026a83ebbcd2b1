//===- Schema.cpp - What a model remembers of its data --------------------===//

#include "nnc/Data/Schema.h"
#include "CsvSource.h"
#include "Transforms.h"
#include "nnc/Formats/Json.h"
#include "nnc/Formats/Npy.h"
#include <functional>
#include <numeric>

using namespace nnc;
using nlohmann::ordered_json;

int64_t FieldSchema::sampleSize() const {
  return std::accumulate(sampleShape.begin(), sampleShape.end(), int64_t{1},
                         std::multiplies<>());
}

const FieldSchema *DataSchema::find(std::string_view name) const {
  for (const FieldSchema &field : fields)
    if (field.name == name)
      return &field;
  return nullptr;
}

DataSchema nnc::schemaOf(const Dataset &dataset) {
  DataSchema schema;
  for (const Field &field : dataset.fields)
    schema.fields.push_back({field.name, field.type, field.sampleShape,
                             field.classNames, field.classes, field.scaling});
  schema.featuresField = dataset.featuresField;
  schema.targetField = dataset.targetField;
  schema.targetColumn = dataset.targetColumn;
  schema.columns = dataset.columns;
  schema.threshold = dataset.threshold;
  return schema;
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static ordered_json scalingJson(const ColumnScaling &scaling) {
  ordered_json json = {{"offset", scaling.offset}, {"factor", scaling.factor}};
  if (scaling.fill)
    json["fill"] = *scaling.fill;
  return json;
}

std::string nnc::toJson(const DataSchema &schema) {
  ordered_json json = {{"features", schema.featuresField},
                       {"target", schema.targetField},
                       {"target_column", schema.targetColumn},
                       {"fields", ordered_json::array()},
                       {"columns", ordered_json::array()}};
  if (schema.threshold)
    json["threshold"] = *schema.threshold;
  for (const FieldSchema &field : schema.fields) {
    ordered_json scaling = ordered_json::array();
    for (const ColumnScaling &column : field.scaling)
      scaling.push_back(scalingJson(column));
    json["fields"].push_back({{"name", field.name},
                              {"type", nameOf(field.type)},
                              {"shape", field.sampleShape},
                              {"classes", field.classes},
                              {"class_names", field.classNames},
                              {"scaling", std::move(scaling)}});
  }
  for (const Column &column : schema.columns)
    json["columns"].push_back(
        {{"name", column.name}, {"categories", column.categories}});
  return toText(json);
}

namespace {
/// Takes values out of JSON; the first that is missing or of another kind is
/// remembered.
class SchemaReader {
public:
  std::string problem;

  bool get(const ordered_json &json, const char *key, std::string &out) {
    const ordered_json *value = find(json, key);
    if (!value || !value->is_string())
      return wrong(key);
    out = value->get<std::string>();
    return true;
  }
  bool get(const ordered_json &json, const char *key, double &out) {
    const ordered_json *value = find(json, key);
    if (!value || !value->is_number())
      return wrong(key);
    out = value->get<double>();
    return true;
  }
  bool get(const ordered_json &json, const char *key, int64_t &out) {
    const ordered_json *value = find(json, key);
    if (!value || !value->is_number_integer())
      return wrong(key);
    out = value->get<int64_t>();
    return out >= 0 || wrong(key);
  }
  bool get(const ordered_json &json, const char *key,
           std::optional<double> &out) {
    if (!json.is_object() || !json.contains(key))
      return true;
    return get(json, key, out.emplace());
  }
  bool get(const ordered_json &json, const char *key,
           std::vector<std::string> &out) {
    return forEach(json, key, [&](const ordered_json &value) {
      if (!value.is_string())
        return wrong(key);
      out.push_back(value.get<std::string>());
      return true;
    });
  }
  bool get(const ordered_json &json, const char *key,
           std::vector<int64_t> &out) {
    return forEach(json, key, [&](const ordered_json &value) {
      if (!value.is_number_integer())
        return wrong(key);
      out.push_back(value.get<int64_t>());
      return true;
    });
  }
  template <typename Visit>
  bool forEach(const ordered_json &json, const char *key, Visit visit) {
    const ordered_json *list = find(json, key);
    if (!list || !list->is_array())
      return wrong(key);
    for (const ordered_json &value : *list)
      if (!visit(value))
        return false;
    return true;
  }
  bool wrong(const char *key) {
    if (problem.empty())
      problem = fmt::format("'{}' is missing or of another kind", key);
    return false;
  }

private:
  const ordered_json *find(const ordered_json &json, const char *key) {
    return json.is_object() && json.contains(key) ? &json[key] : nullptr;
  }
};
} // namespace

static bool readScaling(SchemaReader &reader, const ordered_json &json,
                        ColumnScaling &scaling) {
  return reader.get(json, "offset", scaling.offset) &&
         reader.get(json, "factor", scaling.factor) &&
         reader.get(json, "fill", scaling.fill);
}

static bool readField(SchemaReader &reader, const ordered_json &json,
                      FieldSchema &field) {
  std::string type;
  bool read = reader.get(json, "name", field.name) &&
              reader.get(json, "type", type) &&
              reader.get(json, "shape", field.sampleShape) &&
              reader.get(json, "classes", field.classes) &&
              reader.get(json, "class_names", field.classNames) &&
              reader.forEach(json, "scaling", [&](const ordered_json &value) {
                return readScaling(reader, value, field.scaling.emplace_back());
              });
  if (!read)
    return false;
  std::optional<ElementType> parsed = parseElementType(type);
  if (!parsed)
    return reader.wrong("type");
  field.type = *parsed;
  // Sizes are multiplied later on.
  std::optional<int64_t> count = elementCountOf(field.sampleShape);
  if (!count)
    return reader.wrong("shape");
  size_t entries = field.scaling.size();
  return entries <= 1 || static_cast<int64_t>(entries) == *count ||
         reader.wrong("scaling");
}

static bool readSchema(SchemaReader &reader, const ordered_json &json,
                       DataSchema &schema) {
  bool read = reader.get(json, "features", schema.featuresField) &&
              reader.get(json, "target", schema.targetField) &&
              reader.get(json, "target_column", schema.targetColumn) &&
              reader.get(json, "threshold", schema.threshold) &&
              reader.forEach(json, "fields",
                             [&](const ordered_json &value) {
                               return readField(reader, value,
                                                schema.fields.emplace_back());
                             }) &&
              reader.forEach(json, "columns", [&](const ordered_json &value) {
                Column &column = schema.columns.emplace_back();
                return reader.get(value, "name", column.name) &&
                       reader.get(value, "categories", column.categories);
              });
  if (!read)
    return false;
  const FieldSchema *features = schema.features();
  if (!schema.featuresField.empty() && !features)
    return reader.wrong("features");
  if (!schema.targetField.empty() && !schema.target())
    return reader.wrong("target");
  int64_t width = 0;
  for (const Column &column : schema.columns)
    width += column.width();
  return schema.columns.empty() ||
         (features && features->sampleSize() == width) ||
         reader.wrong("columns");
}

Expected<DataSchema> nnc::schemaFromJson(std::string_view text,
                                         const std::string &name) {
  Expected<ordered_json> json = parseJson(text, name);
  if (!json)
    return fail(std::move(json.error()));
  SchemaReader reader;
  DataSchema schema;
  if (!readSchema(reader, *json, schema))
    return fail(ErrorCode::malformedFile, name, "data description",
                reader.problem);
  return schema;
}

//===----------------------------------------------------------------------===//
// Loading for a trained model
//===----------------------------------------------------------------------===//

/// Gives the raw field \p field the shape and scaling of \p schema.
static Expected<void> conform(Field &field, const FieldSchema &schema,
                              const std::string &path) {
  if (field.sampleSize() != schema.sampleSize())
    return fail(ErrorCode::malformedFile, path, "input",
                fmt::format("its samples have {} elements, the model's '{}' "
                            "has {}",
                            field.sampleSize(), schema.name,
                            schema.sampleSize()));
  std::vector<int64_t> shape = schema.sampleShape;
  shape.insert(shape.begin(), field.samples());
  field.values.reshape(std::move(shape));
  field.sampleShape = schema.sampleShape;
  applyScaling(field, schema.scaling);
  field.name = schema.name;
  return {};
}

/// Reads the target of \p dataset as \p schema says: class numbers, shares, or
/// numbers as they are.
static Expected<void> conformTarget(Field &target, const FieldSchema &schema) {
  Expected<Field> field = target;
  if (schema.type == ElementType::i32 && schema.classes > 0)
    field = classNumbers(target, schema.classes);
  else if (schema.classes > 1 && schema.sampleSize() == schema.classes)
    field = oneHotRows(target, schema.classes);
  if (!field)
    return fail(std::move(field.error()));
  target = std::move(*field);
  target.name = schema.name;
  target.classNames = schema.classNames;
  return {};
}

static Expected<DataSource> loadNpyAs(const DataRequest &request,
                                      const DataSchema &schema) {
  Expected<Array> array = readNpy(request.path);
  if (!array)
    return fail(std::move(array.error()));
  if (array->rank() == 0 || array->size() == 0)
    return fail(ErrorCode::emptyData, request.path);
  DataSource source;
  source.train.name = request.path;
  source.train.samples = array->rows();
  source.train.featuresField = "features";
  source.train.fields.push_back(
      Field::make("features", array->to(request.floatType)));
  if (!request.target)
    return source;
  Expected<Array> values = readNpy(*request.target);
  if (!values)
    return fail(std::move(values.error()));
  if (values->rank() == 0 || values->rows() != array->rows())
    return fail(ErrorCode::sampleCount, request.path, array->rows(),
                *request.target, values->rows());
  source.train.targetField = "target";
  source.train.fields.push_back(Field::make("target", std::move(*values)));
  return source;
}

Expected<DataSource> nnc::loadAs(const DataRequest &request,
                                 const DataSchema &schema) {
  const FieldSchema *features = schema.features();
  bool raw = request.kind == DataKind::csv || request.kind == DataKind::npy;
  if (!raw || !features ||
      (features->type != ElementType::f32 &&
       features->type != ElementType::f64))
    return load(request);
  Expected<DataSource> source = request.kind == DataKind::csv
                                    ? loadCsvAs(request, schema)
                                    : loadNpyAs(request, schema);
  if (!source)
    return source;
  Dataset &dataset = source->train;
  for (Field &field : dataset.fields) {
    Expected<void> done;
    if (field.name == dataset.targetField && schema.target())
      done = conformTarget(field, *schema.target());
    else if (field.name == dataset.featuresField)
      done = conform(field, *features, request.path);
    else if (const FieldSchema *known = schema.find(field.name);
             known && !known->scaling.empty())
      done = conform(field, *known, request.path);
    if (!done)
      return fail(std::move(done.error()));
  }
  dataset.featuresField = schema.featuresField;
  if (!dataset.targetField.empty())
    dataset.targetField = schema.targetField;
  if (schema.threshold)
    if (Expected<void> done = binarize(dataset, *schema.threshold); !done)
      return fail(std::move(done.error()));
  return source;
}

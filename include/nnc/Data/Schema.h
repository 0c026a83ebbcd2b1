//===- Schema.h - What a model remembers of its data ------------*- C++ -*-===//
//
// The fields, classes and scaling of the data a model was trained on, kept
// with it so that new data are read the same way.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_DATA_SCHEMA_H
#define NNC_DATA_SCHEMA_H

#include "nnc/Data/DataRequest.h"
#include "nnc/Data/Dataset.h"
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nnc {

/// A Field without its values.
struct FieldSchema {
  std::string name;
  ElementType type = ElementType::f32;
  std::vector<int64_t> sampleShape;
  std::vector<std::string> classNames;
  int64_t classes = 0;
  std::vector<ColumnScaling> scaling;

  int64_t sampleSize() const;
  bool operator==(const FieldSchema &) const = default;
};

/// A Dataset without its samples.
struct DataSchema {
  std::vector<FieldSchema> fields;
  std::string featuresField;
  std::string targetField;
  /// The target's column of a csv file; empty for other sources.
  std::string targetColumn;
  std::vector<Column> columns;
  std::optional<double> threshold;

  const FieldSchema *find(std::string_view name) const;
  const FieldSchema *features() const { return find(featuresField); }
  const FieldSchema *target() const { return find(targetField); }
  bool operator==(const DataSchema &) const = default;
};

/// The schema of a training set, after fitScaling.
DataSchema schemaOf(const Dataset &dataset);

/// One JSON object, and back. \p name stands for the text in errors:
/// malformedFile.
std::string toJson(const DataSchema &schema);
Expected<DataSchema> schemaFromJson(std::string_view text,
                                    const std::string &name);

/// Loads data for a trained model: raw values of csv and npy files are read
/// with the columns, classes and scaling of \p schema instead of their own.
///
/// A csv file whose schema has columns: they are found by name, or by position
/// without a header; the target's may be absent. Else its columns are the
/// elements of one sample, with one more for the target if there is one more.
/// An npy file holds samples of the features. Other sources are as load gives
/// them. Errors: those of load; unknownClass for a class not seen in training.
Expected<DataSource> loadAs(const DataRequest &request,
                            const DataSchema &schema);

} // namespace nnc

#endif // NNC_DATA_SCHEMA_H

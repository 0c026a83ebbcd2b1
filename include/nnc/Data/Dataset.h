//===- Dataset.h - Samples in memory ----------------------------*- C++ -*-===//
//
// A data set is a list of fields, each one array with a sample a row.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_DATA_DATASET_H
#define NNC_DATA_DATASET_H

#include "nnc/Formats/Array.h"
#include "nnc/Support/Error.h"
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nnc {

/// How a raw value becomes what the model sees: (raw - offset) * factor.
struct ColumnScaling {
  double offset = 0;
  double factor = 1;
  /// What stands in for a missing (NaN) raw value, if anything does.
  std::optional<double> fill;

  bool operator==(const ColumnScaling &) const = default;
};

/// One named array of a data set: sample i is row i of `values`.
struct Field {
  std::string name;
  /// The element type of `values`.
  ElementType type = ElementType::f32;
  /// The shape of one sample; empty for a number a sample.
  std::vector<int64_t> sampleShape;
  /// [samples, sampleShape...]; of a ragged field all samples' elements one
  /// after another.
  Array values;
  /// i64 [samples + 1], only of a ragged field: sample i is elements
  /// offsets[i] to offsets[i + 1] of `values`.
  std::optional<Array> offsets;
  /// The names of the classes 0, 1, …, where `values` are class numbers (or
  /// one-hot rows) and names are known.
  std::vector<std::string> classNames;
  /// Class numbers without names: how many classes; 0 for other fields.
  int64_t classes = 0;
  /// The scaling already applied to `values`: empty (none), one entry (for
  /// all elements), or one an element of the sample.
  std::vector<ColumnScaling> scaling;

  /// A field of \p values, [samples, sampleShape...].
  static Field make(std::string name, Array values);

  bool isRagged() const { return offsets.has_value(); }
  /// Elements of one sample (not of a ragged field).
  int64_t sampleSize() const;
  int64_t samples() const;
};

/// How the numeric columns of a csv file are scaled.
enum class ScaleKind : uint8_t {
  none,
  standard, ///< Mean 0, standard deviation (over n) 1; constant columns: 0.
  unit,     ///< Least value 0, largest 1; constant columns: 0.
};

/// A column of `Dataset::featuresField` and what it was made from.
struct Column {
  std::string name;
  /// The classes of a category column, in order of first appearance; empty for
  /// a number. A category takes as many elements of the features.
  std::vector<std::string> categories;

  int64_t width() const {
    return categories.empty() ? 1 : static_cast<int64_t>(categories.size());
  }
  bool operator==(const Column &) const = default;
};

/// A set of samples. All fields hold `samples` samples.
struct Dataset {
  std::string name;
  std::vector<Field> fields;
  int64_t samples = 0;
  /// The field that a model with one input takes if none has its name; empty
  /// if there is none.
  std::string featuresField;
  /// The field a loss compares with; empty if there is none.
  std::string targetField;
  /// The column of a csv file that the target was made from; else empty.
  std::string targetColumn;
  /// The columns of the features of a csv file; empty for other sources.
  std::vector<Column> columns;
  /// Set if the features were made 1 above this (after scaling), else 0.
  std::optional<double> threshold;
  /// Scaling still to be fitted on the training part; see fitScaling.
  ScaleKind scale = ScaleKind::none;
  /// Missing values (NaN) still to be replaced by the mean of the training
  /// part; see fitScaling.
  bool fillMissing = false;

  /// The field called \p name, or null.
  const Field *find(std::string_view name) const;
  Field *find(std::string_view name);
  const Field *features() const { return find(featuresField); }
  const Field *target() const { return find(targetField); }
};

/// What a data source gives. `test` is the source's own test part, which
/// training never reads.
struct DataSource {
  Dataset train;
  std::optional<Dataset> test;
};

/// The samples \p indices of \p dataset, in that order.
Dataset select(const Dataset &dataset, std::span<const int64_t> indices);

/// Copies the samples \p indices of \p field one after another to \p out,
/// which has room for indices.size() * sampleSize() elements of the field's
/// type. The field must not be ragged and the indices must lie in it.
void gather(const Field &field, std::span<const int64_t> indices,
            std::byte *out);

/// Fits the pending scaling and filling of \p train on its own values and
/// applies it to \p train and to \p others (its validation and test parts).
/// Does nothing if nothing is pending.
void fitScaling(Dataset &train, std::span<Dataset *const> others);

/// Applies \p scaling (one entry for all elements or one an element of the
/// sample) to a field of f32 or f64 and notes it there.
void applyScaling(Field &field, const std::vector<ColumnScaling> &scaling);

/// \p field as class numbers, i32 [samples]: an integer field with one element
/// a sample, a float field whose values are whole, or one-hot rows. Numbers
/// outside 0 .. \p classes - 1 are errors that name the sample.
Expected<Field> classNumbers(const Field &field, int64_t classes);

/// \p field with its elements as \p type: between floats (rounded), between
/// integers, bool included, whose values all fit, and from integers to floats
/// that hold them exactly. Errors: inexactConversion, which names the first
/// sample that does not fit; floats never become integers.
Expected<Field> fieldAs(const Field &field, ElementType type);

/// \p field as class shares, f32 [samples, classes]: class numbers (or one-hot
/// rows, returned as they are) as rows of zeros with a one.
Expected<Field> oneHotRows(const Field &field, int64_t classes);

} // namespace nnc

#endif // NNC_DATA_DATASET_H

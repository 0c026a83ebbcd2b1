//===- DataRequest.h - Evaluated data sources -------------------*- C++ -*-===//
//
// A source expression of the language (docs/Language.md, data sources) after
// its settings were evaluated, and the functions that load it.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_DATA_DATAREQUEST_H
#define NNC_DATA_DATAREQUEST_H

#include "nnc/Data/Dataset.h"
#include "nnc/Support/Error.h"
#include <optional>
#include <string>
#include <vector>

namespace nnc {

/// The kinds of sources; the names are those of the language.
enum class DataKind : uint8_t {
  digits,
  exclusiveOr, ///< "xor"
  csv,
  idx,
  npz,
  npy,
  images,
  text,
};

/// The kind called \p name in the language ("digits", "xor", "csv", …).
std::optional<DataKind> parseDataKind(std::string_view name);
std::string_view nameOf(DataKind kind);

/// One transform of the list behind a source; see DataRequest::transforms.
struct DataTransform {
  enum class Kind : uint8_t {
    flip,     ///< Mirrors left and right with probability `amount`.
    rotate,   ///< By up to `amount` degrees either way.
    shift,    ///< By up to `amount` of height and width either way.
    zoom,     ///< By a factor of 1 - `amount` to 1 + `amount`.
    noise,    ///< Adds normal noise of standard deviation `amount`.
    oneHot,   ///< The target's class numbers as rows of zeros with a one.
    multiHot, ///< Ragged tokens as rows of `amount` zeros and ones.
    binarize, ///< 1 where a feature is above `amount`, else 0.
  };
  Kind kind;
  double amount = 0;

  /// Applied to training batches only, afresh each epoch.
  bool isAugmentation() const { return kind <= Kind::noise; }
  bool operator==(const DataTransform &) const = default;
};

std::optional<DataTransform::Kind> parseTransformKind(std::string_view name);
std::string_view nameOf(DataTransform::Kind kind);

/// A data source and its settings, named and defaulted as in the language.
struct DataRequest {
  DataKind kind = DataKind::digits;
  /// A file or, for idx and images, a directory. Relative paths are relative
  /// to the working directory: the caller puts the model's folder in front.
  std::string path;

  enum class Header : uint8_t { automatic, present, absent };
  enum class Missing : uint8_t { error, drop, mean };
  /// csv: a column's name; npz: an array's name; npy: the target's path.
  std::optional<std::string> target;
  /// csv: the names of the input columns; npz: of the input arrays.
  std::optional<std::vector<std::string>> inputs;
  Header header = Header::automatic;
  char separator = ',';
  Missing missing = Missing::error;
  ScaleKind scale = ScaleKind::none;

  /// idx: how many of the first training samples are taken; none: all.
  std::optional<int64_t> limit;

  /// images: height, width.
  std::optional<std::pair<int64_t, int64_t>> size;
  int64_t channels = 3;

  /// text: characters or words, tokens a sample, and the vocabulary's file.
  enum class TextUnit : uint8_t { character, word };
  TextUnit unit = TextUnit::character;
  int64_t length = 0;
  std::optional<std::string> vocabulary;

  /// In order. oneHot, multiHot and binarize are applied by load; the others
  /// are the training loop's (augment).
  std::vector<DataTransform> transforms;

  /// What float fields are stored as: f32, or f64 for precision "f64".
  ElementType floatType = ElementType::f32;
};

/// The source that a bare path or name on the command line means: "digits",
/// "xor", *.csv, *.tsv (a csv with tabs), *.npz, *.npy, a directory with IDX
/// files, a directory of class folders. Error: unknownDataSource.
Expected<DataRequest> requestForPath(const std::string &path);

/// Loads any source and applies its fixed transforms. Scaling and filling that
/// must be fitted on a training part stay pending in the result (fitScaling).
Expected<DataSource> load(const DataRequest &request);

/// The UCI optdigits test set: fields `image` f32 [64] (counts / 16) and
/// `label`; 1,437 training and 360 test samples, drawn by class with seed 0.
Expected<DataSource> loadDigits(ElementType floatType = ElementType::f32);

/// The four rows of exclusive or: fields `features` [2] and `target` [1].
Expected<DataSource> loadXor(ElementType floatType = ElementType::f32);

/// The loaders that load dispatches to; each reads the settings of its kind.
Expected<DataSource> loadCsv(const DataRequest &request);
Expected<DataSource> loadIdx(const DataRequest &request);
Expected<DataSource> loadNpz(const DataRequest &request);
Expected<DataSource> loadNpy(const DataRequest &request);
Expected<DataSource> loadText(const DataRequest &request);

} // namespace nnc

#endif // NNC_DATA_DATAREQUEST_H

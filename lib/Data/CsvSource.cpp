//===- CsvSource.cpp - Columns of csv files -------------------------------===//

#include "CsvSource.h"
#include "nnc/Formats/AtomicFile.h"
#include "nnc/Support/UTF8.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <unordered_map>

using namespace nnc;

/// One-hot columns can ask for far more than the file holds.
static constexpr int64_t maximalFeatureBytes = int64_t{4} << 30;

//===----------------------------------------------------------------------===//
// The file and its header
//===----------------------------------------------------------------------===//

/// A first line without any number is a header.
static bool looksLikeHeader(const CsvTable &table) {
  for (size_t i = 0; i < table.columns(); ++i)
    if (parseCsvNumber(table.at(0, i).text))
      return false;
  return true;
}

Expected<CsvFile> nnc::openCsv(const DataRequest &request) {
  Expected<std::string> text = readFile(request.path);
  if (!text)
    return fail(std::move(text.error()));
  Expected<CsvTable> table =
      CsvTable::parse(std::move(*text), request.path, request.separator);
  if (!table)
    return fail(std::move(table.error()));
  CsvFile file{std::move(*table), {}, false, 0};
  file.hasHeader = request.header == DataRequest::Header::present ||
                   (request.header == DataRequest::Header::automatic &&
                    looksLikeHeader(file.table));
  file.firstRow = file.hasHeader;
  if (file.samples() == 0)
    return fail(ErrorCode::emptyData, request.path);
  std::set<std::string_view> seen;
  for (size_t i = 0; i < file.table.columns(); ++i) {
    const CsvCell &cell = file.table.at(0, i);
    std::string name(file.hasHeader ? cell.text : "");
    if (name.empty())
      name = fmt::format("column_{}", i);
    if (std::find(file.names.begin(), file.names.end(), name) !=
        file.names.end())
      return fail(
          makeError(ErrorCode::columnTwice, name).at(file.table.placeOf(cell)));
    file.names.push_back(std::move(name));
  }
  return file;
}

Expected<size_t> CsvFile::columnOf(const std::string &name) const {
  auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end())
    return found - names.begin();
  std::string nearest = nearestName(name, names);
  return fail(makeError(ErrorCode::unknownColumn, name,
                        nearest.empty()
                            ? ""
                            : fmt::format("; did you mean '{}'?", nearest))
                  .at({table.path(), 1, 1, ""}));
}

//===----------------------------------------------------------------------===//
// Columns
//===----------------------------------------------------------------------===//

namespace {
/// Reads one column cell by cell.
class ColumnReader {
public:
  ColumnReader(const CsvFile &file, const CellPolicy &policy, bool known,
               CsvColumn &column)
      : file(file), policy(policy), decided(known), known(known),
        column(column) {
    for (size_t i = 0; i < column.categories.size(); ++i)
      classes.emplace(column.categories[i], i);
  }

  Expected<void> run() {
    column.values.reserve(file.samples());
    for (size_t row = file.firstRow; row < file.table.rows(); ++row) {
      if (policy.dropped && (*policy.dropped)[row - file.firstRow])
        continue;
      if (Expected<void> done = read(file.table.at(row, column.index)); !done)
        return done;
    }
    if (!decided && firstMissing)
      return error(*firstMissing, ErrorCode::noMean, column.name,
                   "a column without values");
    return {};
  }

private:
  template <typename... Args>
  Expected<void> error(const CsvCell &cell, ErrorCode code, Args &&...args) {
    return fail(makeError(code, std::forward<Args>(args)...)
                    .at(file.table.placeOf(cell)));
  }

  Expected<void> read(const CsvCell &cell) {
    if (cell.isMissing())
      return readMissing(cell);
    std::optional<double> number = parseCsvNumber(cell.text);
    if (!decided) {
      column.isCategory = !number;
      decided = true;
    }
    if (column.isCategory)
      return readClass(cell);
    if (!number)
      return error(cell, ErrorCode::notANumber, cell.text, column.name);
    if (!(std::abs(*number) <= policy.largest))
      return error(cell, ErrorCode::notFinite, cell.text,
                   fmt::format("column '{}'", column.name),
                   policy.largest > std::numeric_limits<float>::max() ? "f64"
                                                                      : "f32");
    column.values.push_back(*number);
    return {};
  }

  Expected<void> readMissing(const CsvCell &cell) {
    if (!policy.fill)
      return error(cell, ErrorCode::missingValue, column.name);
    if (decided && column.isCategory)
      return error(cell, ErrorCode::noMean, column.name, "a category");
    column.values.push_back(std::numeric_limits<double>::quiet_NaN());
    firstMissing = firstMissing ? firstMissing : &cell;
    return {};
  }

  Expected<void> readClass(const CsvCell &cell) {
    if (firstMissing)
      return error(*firstMissing, ErrorCode::noMean, column.name, "a category");
    auto found = classes.find(std::string(cell.text));
    if (found == classes.end()) {
      if (known) {
        std::string nearest =
            nearestName(std::string(cell.text), column.categories);
        return error(cell, ErrorCode::unknownClass, cell.text, column.name,
                     nearest.empty()
                         ? ""
                         : fmt::format("; did you mean '{}'?", nearest));
      }
      for (std::string_view rest = cell.text; !rest.empty();) {
        unsigned length = utf8Length(rest);
        if (length == 0)
          return error(cell, ErrorCode::invalidUtf8,
                       static_cast<unsigned char>(rest[0]));
        rest.remove_prefix(length);
      }
      found = classes.emplace(cell.text, column.categories.size()).first;
      column.categories.emplace_back(cell.text);
    }
    column.values.push_back(static_cast<double>(found->second));
    return {};
  }

  const CsvFile &file;
  const CellPolicy &policy;
  bool decided, known;
  CsvColumn &column;
  std::unordered_map<std::string, size_t> classes;
  const CsvCell *firstMissing = nullptr;
};
} // namespace

CellPolicy nnc::cellPolicy(ElementType floatType) {
  CellPolicy policy;
  policy.largest = floatType == ElementType::f32
                       ? std::numeric_limits<float>::max()
                       : std::numeric_limits<double>::max();
  return policy;
}

Expected<void> nnc::readColumn(const CsvFile &file, const CellPolicy &policy,
                               bool known, CsvColumn &column) {
  return ColumnReader(file, policy, known, column).run();
}

//===----------------------------------------------------------------------===//
// Fields
//===----------------------------------------------------------------------===//

/// A column as a field of its own: class numbers, or numbers.
static Field columnField(const CsvColumn &column, const std::string &name,
                         ElementType floatType) {
  Array values = Array::of<double>({static_cast<int64_t>(column.values.size())},
                                   column.values);
  Field field = Field::make(
      name, values.to(column.isCategory ? ElementType::i32 : floatType));
  field.classNames = column.categories;
  field.classes = static_cast<int64_t>(column.categories.size());
  return field;
}

/// All input columns side by side, categories as one-hot parts.
static Field featuresField(const std::vector<CsvColumn> &inputs, int64_t rows,
                           int64_t width, ElementType floatType) {
  Array values(floatType, {rows, width});
  auto fill = [&](auto out) {
    int64_t first = 0;
    for (const CsvColumn &column : inputs) {
      for (int64_t row = 0; row < rows; ++row) {
        double value = column.values[row];
        if (column.isCategory)
          out[row * width + first + static_cast<int64_t>(value)] = 1;
        else
          out[row * width + first] =
              static_cast<typename decltype(out)::element_type>(value);
      }
      first += column.isCategory
                   ? static_cast<int64_t>(column.categories.size())
                   : 1;
    }
  };
  if (floatType == ElementType::f64)
    fill(values.span<double>());
  else
    fill(values.span<float>());
  return Field::make("features", std::move(values));
}

Expected<Dataset> nnc::makeCsvDataset(const CsvFile &file,
                                      const std::vector<CsvColumn> &inputs,
                                      const CsvColumn *target,
                                      ElementType floatType) {
  Dataset dataset;
  dataset.name = file.table.path();
  dataset.samples = static_cast<int64_t>(inputs.front().values.size());
  if (dataset.samples == 0)
    return fail(ErrorCode::emptyData, file.table.path());
  int64_t width = 0;
  for (const CsvColumn &column : inputs) {
    dataset.columns.push_back({column.name, column.categories});
    width += dataset.columns.back().width();
  }
  std::optional<int64_t> bytes =
      byteCountOf({{dataset.samples, width}}, floatType);
  if (!bytes || *bytes > maximalFeatureBytes)
    return fail(ErrorCode::fileTooLarge, file.table.path(),
                fmt::format("its input columns make {} features, as categories "
                            "take one for each class",
                            width));
  dataset.featuresField = "features";
  dataset.fields.push_back(
      featuresField(inputs, dataset.samples, width, floatType));
  if (target) {
    dataset.targetField = "target";
    dataset.targetColumn = target->name;
    dataset.fields.push_back(columnField(*target, "target", floatType));
  }
  auto addColumn = [&](const CsvColumn &column) {
    if (!dataset.find(column.name))
      dataset.fields.push_back(columnField(column, column.name, floatType));
  };
  for (const CsvColumn &column : inputs)
    addColumn(column);
  if (target)
    addColumn(*target);
  return dataset;
}

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

/// The numbers of the columns of \p request: inputs, then the target.
static Expected<std::vector<size_t>> chosenColumns(const CsvFile &file,
                                                   const DataRequest &request) {
  size_t target = file.names.size() - 1;
  if (request.target) {
    Expected<size_t> found = file.columnOf(*request.target);
    if (!found)
      return fail(std::move(found.error()));
    target = *found;
  }
  std::vector<size_t> chosen;
  if (request.inputs) {
    for (const std::string &name : *request.inputs) {
      Expected<size_t> found = file.columnOf(name);
      if (!found)
        return fail(std::move(found.error()));
      if (std::find(chosen.begin(), chosen.end(), *found) != chosen.end())
        return fail(ErrorCode::columnTwice, name);
      chosen.push_back(*found);
    }
  } else {
    for (size_t i = 0; i < file.names.size(); ++i)
      if (i != target)
        chosen.push_back(i);
  }
  if (chosen.empty())
    return fail(makeError(ErrorCode::noInputColumn, file.names[target])
                    .at({file.table.path(), 1, 1, ""}));
  chosen.push_back(target);
  return chosen;
}

/// The rows in which one of \p columns has no value.
static std::vector<bool> rowsWithoutValue(const CsvFile &file,
                                          const std::vector<size_t> &columns) {
  std::vector<bool> rows(file.samples());
  for (size_t row = 0; row < rows.size(); ++row)
    for (size_t column : columns)
      if (file.table.at(file.firstRow + row, column).isMissing())
        rows[row] = true;
  return rows;
}

Expected<DataSource> nnc::loadCsv(const DataRequest &request) {
  Expected<CsvFile> file = openCsv(request);
  if (!file)
    return fail(std::move(file.error()));
  Expected<std::vector<size_t>> chosen = chosenColumns(*file, request);
  if (!chosen)
    return fail(std::move(chosen.error()));
  std::vector<bool> dropped;
  CellPolicy policy = cellPolicy(request.floatType);
  policy.fill = request.missing == DataRequest::Missing::mean;
  if (request.missing == DataRequest::Missing::drop) {
    dropped = rowsWithoutValue(*file, *chosen);
    policy.dropped = &dropped;
  }
  std::vector<CsvColumn> columns;
  for (size_t i = 0; i < chosen->size(); ++i) {
    CsvColumn &column = columns.emplace_back();
    column.index = (*chosen)[i];
    column.name = file->names[column.index];
    CellPolicy own = policy;
    // What a loss compares with is never made up.
    own.fill &= i + 1 < chosen->size();
    if (Expected<void> read = readColumn(*file, own, false, column); !read)
      return fail(std::move(read.error()));
  }
  CsvColumn target = std::move(columns.back());
  columns.pop_back();
  Expected<Dataset> dataset =
      makeCsvDataset(*file, columns, &target, request.floatType);
  if (!dataset)
    return fail(std::move(dataset.error()));
  dataset->scale = request.scale;
  dataset->fillMissing = policy.fill;
  return DataSource{std::move(*dataset), std::nullopt};
}

/// The columns of \p schema in \p file; a target that is not there is left
/// out.
static Expected<std::vector<CsvColumn>>
columnsOfSchema(const CsvFile &file, const DataSchema &schema,
                bool &hasTarget) {
  size_t width = file.names.size();
  std::vector<CsvColumn> columns;
  for (const Column &known : schema.columns) {
    CsvColumn column;
    column.name = known.name;
    column.categories = known.categories;
    column.isCategory = !known.categories.empty();
    columns.push_back(std::move(column));
  }
  const FieldSchema *target = schema.target();
  if (target && !schema.targetColumn.empty()) {
    CsvColumn column;
    column.name = schema.targetColumn;
    column.categories = target->classNames;
    column.isCategory = !target->classNames.empty();
    columns.push_back(std::move(column));
  }
  size_t inputs = schema.columns.size();
  hasTarget = columns.size() > inputs;
  if (!file.hasHeader && width != columns.size() && width != inputs)
    return fail(makeError(ErrorCode::columnCount, inputs, width)
                    .at({file.table.path(), 1, 1, ""}));
  for (size_t i = 0; i < columns.size(); ++i) {
    columns[i].index = i;
    bool isTarget = i == inputs;
    if (!file.hasHeader) {
      hasTarget &= width == columns.size();
      continue;
    }
    Expected<size_t> found = file.columnOf(columns[i].name);
    if (found)
      columns[i].index = *found;
    else if (isTarget)
      hasTarget = false;
    else
      return fail(std::move(found.error()));
  }
  return columns;
}

/// The columns of a file that holds the elements of one sample a line.
static Expected<std::vector<CsvColumn>>
columnsOfElements(const CsvFile &file, const DataSchema &schema,
                  bool &hasTarget) {
  const FieldSchema *features = schema.features();
  size_t width = file.names.size();
  size_t elements = features ? static_cast<size_t>(features->sampleSize()) : 0;
  hasTarget = width == elements + 1 && schema.target();
  if (elements == 0 || (width != elements && !hasTarget))
    return fail(makeError(ErrorCode::columnCount, elements, width)
                    .at({file.table.path(), 1, 1, ""}));
  std::vector<CsvColumn> columns(width);
  for (size_t i = 0; i < width; ++i) {
    columns[i].name = file.names[i];
    columns[i].index = i;
  }
  if (hasTarget && !schema.target()->classNames.empty()) {
    columns.back().categories = schema.target()->classNames;
    columns.back().isCategory = true;
  }
  return columns;
}

Expected<DataSource> nnc::loadCsvAs(const DataRequest &request,
                                    const DataSchema &schema) {
  Expected<CsvFile> file = openCsv(request);
  if (!file)
    return fail(std::move(file.error()));
  bool hasTarget = false;
  Expected<std::vector<CsvColumn>> columns =
      schema.columns.empty() ? columnsOfElements(*file, schema, hasTarget)
                             : columnsOfSchema(*file, schema, hasTarget);
  if (!columns)
    return fail(std::move(columns.error()));
  size_t inputs = schema.columns.empty() ? columns->size() - hasTarget
                                         : schema.columns.size();
  const FieldSchema *features = schema.features();
  bool fills = std::any_of(
      features->scaling.begin(), features->scaling.end(),
      [](const ColumnScaling &scaling) { return scaling.fill.has_value(); });
  std::vector<bool> dropped;
  CellPolicy policy = cellPolicy(request.floatType);
  if (request.missing == DataRequest::Missing::drop) {
    std::vector<size_t> used;
    for (size_t i = 0; i < inputs + hasTarget; ++i)
      used.push_back((*columns)[i].index);
    dropped = rowsWithoutValue(*file, used);
    policy.dropped = &dropped;
  }
  columns->resize(inputs + hasTarget);
  for (size_t i = 0; i < columns->size(); ++i) {
    policy.fill = fills && i < inputs;
    if (Expected<void> read = readColumn(*file, policy, true, (*columns)[i]);
        !read)
      return fail(std::move(read.error()));
  }
  CsvColumn target;
  if (hasTarget) {
    target = std::move(columns->back());
    columns->pop_back();
  }
  Expected<Dataset> dataset = makeCsvDataset(
      *file, *columns, hasTarget ? &target : nullptr, request.floatType);
  if (!dataset)
    return fail(std::move(dataset.error()));
  return DataSource{std::move(*dataset), std::nullopt};
}

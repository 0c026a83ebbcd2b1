//===- CsvSource.h - Columns of csv files -----------------------*- C++ -*-===//
//
// What loading a csv file afresh and loading it for a trained model share.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_DATA_CSVSOURCE_H
#define NNC_LIB_DATA_CSVSOURCE_H

#include "CsvTable.h"
#include "nnc/Data/DataRequest.h"
#include "nnc/Data/Schema.h"

namespace nnc {

/// A csv file with its header taken apart.
struct CsvFile {
  CsvTable table;
  std::vector<std::string> names;
  bool hasHeader = false;
  /// The first row of data.
  size_t firstRow = 0;

  size_t samples() const { return table.rows() - firstRow; }
  /// The number of the column called \p name. Error: unknownColumn.
  Expected<size_t> columnOf(const std::string &name) const;
};

/// Reads the file of \p request. Errors: those of readFile and CsvTable,
/// columnTwice, emptyData.
Expected<CsvFile> openCsv(const DataRequest &request);

/// One column as it is read, before scaling.
struct CsvColumn {
  std::string name;
  size_t index = 0;
  bool isCategory = false;
  std::vector<std::string> categories;
  /// NaN where a value is missing; class numbers of a category.
  std::vector<double> values;
};

/// What cells may hold.
struct CellPolicy {
  /// Numbers beyond this are not finite in the element type of the data.
  double largest = 0;
  /// Leave NaN behind where there is no value, instead of an error.
  bool fill = false;
  /// Rows (counted from the first of data) that are left out.
  const std::vector<bool> *dropped = nullptr;
};

/// The policy for data of \p floatType.
CellPolicy cellPolicy(ElementType floatType);

/// Reads the cells of \p column. With \p known its kind and categories are
/// given, else they are found. Errors at their places: notANumber, notFinite,
/// missingValue, noMean, unknownClass.
Expected<void> readColumn(const CsvFile &file, const CellPolicy &policy,
                          bool known, CsvColumn &column);

/// The data set of \p inputs and, if there is one, \p target.
Expected<Dataset> makeCsvDataset(const CsvFile &file,
                                 const std::vector<CsvColumn> &inputs,
                                 const CsvColumn *target,
                                 ElementType floatType);

/// loadAs of a csv file.
Expected<DataSource> loadCsvAs(const DataRequest &request,
                               const DataSchema &schema);

} // namespace nnc

#endif // NNC_LIB_DATA_CSVSOURCE_H

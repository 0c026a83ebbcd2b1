//===- Binding.h - Data for the inputs of a program -------------*- C++ -*-===//
//
// Which field of a data set fills which input, and as what.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_TRAINING_BINDING_H
#define NNC_TRAINING_BINDING_H

#include "nnc/Data/DataRequest.h"
#include "nnc/Language/TrainSettings.h"
#include "nnc/Training/ModelFile.h"
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace nnc {

/// The request that a setting makes of the data library. \p floatType is what
/// float fields are read as. Errors: unknownDataSource, unsupported.
Expected<DataRequest> toDataRequest(const DataSetting &setting,
                                    ElementType floatType = ElementType::f32);

/// The inputs of a function, filled from fields of a data set.
struct DataBinding {
  struct Slot {
    std::string input;
    std::string field;
    ElementType type;
    std::vector<int64_t> sampleShape;
    /// Read as class numbers, checked against the classes of the output.
    bool isClass = false;
    bool operator==(const Slot &) const = default;
  };
  std::vector<Slot> slots;
  /// Named sizes besides the batch that the data decide.
  std::map<std::string, int64_t> sizes;
  bool operator==(const DataBinding &) const = default;
};

/// Binds \p inputs to the fields of \p data: by name, else a model's only
/// input takes the features. \p floatType stands in for f32. Errors:
/// missingField, fieldShape, unsupported (ragged fields, inputs without a
/// batch dimension).
Expected<DataBinding> bindInputs(const std::vector<ModelInput> &inputs,
                                 const Dataset &data, ElementType floatType);

/// Adds the slot "target" for the built-in \p loss: class numbers or one-hot
/// rows for class losses, floats for others. \p result is the shape of the
/// model's first result, -1 where open. \p name is the setting `target`, or
/// empty for the data set's own. Errors: missingTarget, missingField,
/// fieldShape.
Expected<void> bindTarget(DataBinding &binding, const std::string &loss,
                          const std::vector<int64_t> &result,
                          const std::string &name, const Dataset &data,
                          ElementType floatType);

/// The fields of one data set as a binding wants them.
class BoundData {
public:
  /// \p classes bounds class numbers; 0: not known. \p data must outlive the
  /// result. Errors: those of fieldAs and classNumbers.
  static Expected<BoundData> make(const DataBinding &binding,
                                  const Dataset &data, int64_t classes);

  int64_t samples() const { return count; }

  /// What fills the input \p name, or null.
  const Field *find(std::string_view name) const;

  /// Copies the samples \p indices into the inputs of \p program.
  void gather(std::span<const int64_t> indices, BoundProgram &program) const;

private:
  std::vector<std::pair<std::string, std::shared_ptr<const Field>>> fields;
  int64_t count = 0;
};

} // namespace nnc

#endif // NNC_TRAINING_BINDING_H

//===- RunDescription.h - What an executable knows of its model -*- C++ -*-===//

#ifndef NNC_TRAINING_RUNDESCRIPTION_H
#define NNC_TRAINING_RUNDESCRIPTION_H

#include "nnc/Data/Schema.h"
#include "nnc/Runtime/Compiler.h"
#include <string>
#include <vector>

namespace nnc {

/// The model of an executable, kept in it as JSON.
struct RunDescription {
  std::string name;
  /// How samples are read, with floats as `floatType`.
  DataSchema schema;
  ElementType floatType = ElementType::f32;
  PredictionInfo prediction;
  /// The value of the scalar "seed".
  int64_t seed = 0;
  /// One a batch size, by rising size; all take the same arguments.
  std::vector<Signature> programs;
  /// The names of the parameters and states in the executable.
  std::vector<std::string> weights;
};

std::string toJson(const RunDescription &description);
/// Errors: malformedFile.
Expected<RunDescription> runDescriptionFromJson(std::string_view text);

} // namespace nnc

#endif // NNC_TRAINING_RUNDESCRIPTION_H

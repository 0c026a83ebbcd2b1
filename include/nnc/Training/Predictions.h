//===- Predictions.h - Results of a model, to be written --------*- C++ -*-===//
//
// What nnc predict and executables share: reading samples, writing results.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_TRAINING_PREDICTIONS_H
#define NNC_TRAINING_PREDICTIONS_H

#include "nnc/Data/Schema.h"
#include "nnc/Formats/Array.h"
#include "nnc/Runtime/Compiler.h"
#include "nnc/Training/Metrics.h"
#include <string>

namespace nnc {

/// The first result of a model for some samples.
struct Predictions {
  /// [samples, ...].
  Array output;
  /// How classes are read off it.
  PredictionInfo info;

  /// The class of \p sample as text; of a model that tells classes.
  std::string classOf(int64_t sample) const;

  /// One line a sample: output_0, output_1, …, and class where classes are
  /// known. Floats have as many digits as tell them apart (9 of f32, 17 of
  /// f64).
  std::string toCsv() const;

  /// Replaces scores by probabilities, as \p link says.
  void toProbabilities(OutputMeaning::Link link);
};

/// The samples of \p request, csv and npy files read as \p schema says, with
/// floats as \p floatType. Errors: those of loadAs.
Expected<Dataset> loadSamples(DataRequest request, const DataSchema &schema,
                              ElementType floatType);

} // namespace nnc

#endif // NNC_TRAINING_PREDICTIONS_H

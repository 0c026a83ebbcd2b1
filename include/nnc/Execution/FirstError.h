//===- FirstError.h - Diagnostics of MLIR as errors -------------*- C++ -*-===//

#ifndef NNC_EXECUTION_FIRSTERROR_H
#define NNC_EXECUTION_FIRSTERROR_H

#include "mlir/IR/Diagnostics.h"
#include "nnc/Support/Error.h"
#include <optional>

namespace nnc {

/// The place in a file that \p location leads to; none is an empty file name.
SourcePosition positionOf(mlir::Location location);

/// While it lives, keeps the first error that MLIR reports in a context, with
/// its notes, and silences the others.
class FirstError {
public:
  explicit FirstError(mlir::MLIRContext *context);

  /// The error, with the code `invalidModel`, or `internal` with the text
  /// \p otherwise if none was reported.
  tl::unexpected<Error> take(const char *otherwise);

private:
  std::optional<Error> error;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace nnc

#endif // NNC_EXECUTION_FIRSTERROR_H

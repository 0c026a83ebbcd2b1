//===- FirstError.cpp - Diagnostics of MLIR as errors ---------------------===//

#include "nnc/Execution/FirstError.h"
#include "mlir/IR/Location.h"

using namespace mlir;
using namespace nnc;

SourcePosition nnc::positionOf(Location location) {
  LocationAttr found = location->findInstanceOf<FileLineColLoc>();
  auto file = dyn_cast_or_null<FileLineColLoc>(found);
  if (!file)
    return {};
  return {file.getFilename().str(), file.getLine(), file.getColumn(), ""};
}

FirstError::FirstError(MLIRContext *context)
    : handler(context, [this](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == DiagnosticSeverity::Error && !error) {
          error = makeError(ErrorCode::invalidModel, diagnostic.str())
                      .at(positionOf(diagnostic.getLocation()));
          for (Diagnostic &note : diagnostic.getNotes())
            error->notes.push_back(
                {positionOf(note.getLocation()), note.str()});
        }
        return success();
      }) {}

tl::unexpected<Error> FirstError::take(const char *otherwise) {
  if (error)
    return fail(std::move(*error));
  return fail(ErrorCode::internal, otherwise);
}

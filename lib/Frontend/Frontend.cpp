//===- Frontend.cpp - From nnc files to graphs ----------------------------===//

#include "nnc/Frontend/Frontend.h"
#include "ProgramBuilder.h"
#include "mlir/Parser/Parser.h"
#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Graph/MLIRGraph.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::frontend;

/// A module in the nn dialect, as text.
static Expected<OwningOpRef<ModuleOp>>
parseModule(MLIRContext &context, const ModelSource &source,
            const CompileOptions &options) {
  if (options.kind != ProgramKind::predict)
    return fail(ErrorCode::unsupported, "training a module in MLIR");
  context.loadDialect<func::FuncDialect, nn::NNDialect>();
  Error failure(ErrorCode::malformedFile, "");
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (failure.message.empty()) {
      failure = makeError(ErrorCode::malformedFile, source.path,
                          "MLIR in the nn dialect", diagnostic.str());
      if (auto place = dyn_cast<FileLineColLoc>(diagnostic.getLocation()))
        failure.position = {source.path, place.getLine(), place.getColumn(),
                            ""};
    }
    return success();
  });
  auto module = parseSourceString<ModuleOp>(source.text, ParserConfig(&context),
                                            source.path);
  if (!module)
    return fail(std::move(failure));
  return module;
}

Expected<OwningOpRef<ModuleOp>>
nnc::buildProgram(MLIRContext &context, const ModelSource &source,
                  const CompileOptions &options, std::vector<Error> &warnings) {
  if (source.kind == ModelSource::Kind::mlir)
    return parseModule(context, source, options);
  ProgramBuilder builder(context, source, options);
  std::optional<Graph> graph;
  if (builder.load())
    graph = builder.build();
  appendWarnings(builder.diagnostics, warnings);
  if (!graph)
    return fail(joinErrors(builder.diagnostics));
  return finish(std::move(*graph));
}

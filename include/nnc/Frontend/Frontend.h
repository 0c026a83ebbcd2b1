//===- Frontend.h - From nnc files to graphs --------------------*- C++ -*-===//
//
// Checks the models of a file and builds their programs: one function of nn
// ops each, with named sizes open.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_FRONTEND_FRONTEND_H
#define NNC_FRONTEND_FRONTEND_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "nnc/Runtime/Compiler.h"
#include <vector>

namespace nnc {

/// Builds the program that \p options asks for from \p source: a module with
/// one function.
///
/// Arguments carry nn.name and nn.role, parameters and states nn.initializer,
/// optimiser states nn.owner. Results carry nn.name and, where they replace an
/// argument, nn.updates.
/// - predict: inputs, parameters and states to the model's outputs, named as
///   in its signature ("output" where that gives no name).
/// - evaluate: also the input "target", for a loss of the language; the
///   outputs, then "loss": f64, the sum over the samples.
/// - trainStep: the outputs as seen in training, "loss" (f64, the mean over
///   the batch, without penalties), and the new parameters, states and
///   optimiser states. Scalars: "learning_rate" (of the model's float type),
///   "step" and, where random numbers are drawn, "seed" (i64).
/// - gradients: "loss" and "gradient.NAME" for each trained parameter.
/// - objective: "loss", with penalties, in the model's element type; of the fn
///   that the source names or, without a loss, of the default one the sum of
///   its first result.
///
/// A loss that is a fn of the model has that fn's inputs and no outputs but
/// "loss". A module in the nn dialect (kind mlir) is taken as it is and gives
/// predict programs only.
///
/// Errors: what is wrong with the file, the first with the others in
/// Error::others. Warnings are appended to \p warnings.
Expected<mlir::OwningOpRef<mlir::ModuleOp>>
buildProgram(mlir::MLIRContext &context, const ModelSource &source,
             const CompileOptions &options, std::vector<Error> &warnings);

/// Describes the model of \p source: its layers with their outputs,
/// parameters and FLOP of one sample (2 a multiply-add of a product). Sizes
/// that \p options does not give are -1.
Expected<ModelInfo> describeModel(mlir::MLIRContext &context,
                                  const ModelSource &source,
                                  const CompileOptions &options,
                                  std::vector<Error> &warnings);

namespace frontend {
/// Whether the path \p name matches \p glob: `*` stands for one part, `**` for
/// any number of parts; a glob that is a net's path matches all inside.
bool matchesGlob(const std::string &glob, const std::string &name);
} // namespace frontend

} // namespace nnc

#endif // NNC_FRONTEND_FRONTEND_H

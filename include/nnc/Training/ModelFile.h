//===- ModelFile.h - The MODEL of a command line ----------------*- C++ -*-===//
//
// Opens a model in any of its forms, and writes trained models.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_TRAINING_MODELFILE_H
#define NNC_TRAINING_MODELFILE_H

#include "nnc/Data/Schema.h"
#include "nnc/Formats/ModelArchive.h"
#include "nnc/Language/Program.h"
#include "nnc/Runtime/Compiler.h"
#include "nnc/Training/Session.h"
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace nnc {

/// What a trained model says of itself besides its text and weights.
struct ModelMetadata {
  std::string model;
  /// The loss and the metrics, as expressions; "" for a model without.
  std::string loss;
  std::vector<std::string> metrics;
  std::string precision = "f32";
  std::string target;
  /// What the data looked like, if it was trained on data.
  std::optional<DataSchema> schema;
  /// Every setting of the training, printed.
  std::vector<std::pair<std::string, std::string>> settings;
  /// One object an epoch.
  nlohmann::ordered_json history = nlohmann::ordered_json::array();
  int64_t parameters = 0;
};

std::string toJson(const ModelMetadata &metadata);
/// \p name stands for the file in errors: malformedFile.
Expected<ModelMetadata> metadataFromJson(std::string_view text,
                                         const std::string &name);

/// One input of a model as its text declares it.
struct ModelInput {
  std::string name;
  ElementType type = ElementType::f32;
  /// Dimensions that are known without data; -1 for others.
  std::vector<int64_t> shape;
  /// The text of each dimension; a name stands alone for an open size.
  std::vector<std::string> dims;
};

/// A model opened for use.
struct ModelFile {
  std::string path;
  /// For the compiler.
  ModelSource source;
  /// The text of the model and its imports without comments and train blocks:
  /// what programs depend on. Empty for .mlir.
  std::string identity;
  /// Null for .mlir.
  std::unique_ptr<SourceProgram> program;
  const ast::ModelDecl *declaration = nullptr;
  /// Of .nnm.
  std::optional<ModelArchive> archive;
  std::optional<ModelMetadata> metadata;

  /// The signature of the function that the other verbs use: the model's own,
  /// or that of the fn called \p fn. Without a name: the only fn, or the first
  /// that is not \p loss. Errors: unknownFunction.
  Expected<const ast::Function *> function(const std::string &fn,
                                           const std::string &loss = "") const;

  /// The inputs of \p function. Errors: none of ours; a dimension that is no
  /// constant is open.
  std::vector<ModelInput> inputs(const ast::Function &function) const;
  /// The sizes of the first result of \p function, -1 where open.
  std::vector<int64_t> resultShape(const ast::Function &function) const;
};

/// Opens \p path ("-": standard input): .nnm and .mlir are told from .nn by
/// their content. \p model names one of several. Errors go to \p diagnostics:
/// those of loadProgram, selectModel and ModelArchive::open; unsupported for
/// .onnx. Nothing is returned if there is one.
std::optional<ModelFile> openModel(const std::string &path,
                                   const std::optional<std::string> &model,
                                   Diagnostics &diagnostics);

/// The model's text with its imports, as one file that parses alone. Errors:
/// unsupported (two files of an import declare one name).
Expected<std::string> selfContainedText(const SourceProgram &program);

/// Weights from \p path: .nnm, .safetensors or .npz, told by content. Errors:
/// those of the formats; notThisFormat; unsupported (HDF5).
Expected<std::vector<NamedArray>> readWeights(const std::string &path);

} // namespace nnc

#endif // NNC_TRAINING_MODELFILE_H

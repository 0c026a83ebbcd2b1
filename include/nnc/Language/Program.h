//===- Program.h - A file with its imports and constants --------*- C++ -*-===//
//
// Loads a .nn file and what it imports, finds names across the files and
// evaluates every constant.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LANGUAGE_PROGRAM_H
#define NNC_LANGUAGE_PROGRAM_H

#include "nnc/Language/AST.h"
#include "nnc/Language/Diagnostics.h"
#include "nnc/Language/Settings.h"
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nnc {

/// One file of a program. A file sees its own declarations and those of the
/// files it imports itself.
class LoadedFile : public SettingScope {
public:
  /// The path as given or, of an import, joined to the importing file's
  /// folder; "-" for standard input.
  std::string path;
  /// The folder that relative paths in the file start from, "" for the
  /// working directory; ends with a slash otherwise.
  std::string folder;
  std::unique_ptr<ast::File> tree;
  /// In the order of the import declarations.
  std::vector<const LoadedFile *> imports;

  /// The constant, layer or model \p name that the file sees, or null; \p in,
  /// if given, becomes the file that declares it.
  const ast::Decl *find(const std::string &name,
                        const LoadedFile **in = nullptr) const;
  const ast::LayerDecl *findLayer(const std::string &name) const;
  const ast::ModelDecl *findModel(const std::string &name) const;
  /// The train block for the model \p name in this file, or null.
  const ast::TrainDecl *findTrain(const std::string &name) const;
  /// The names of this file's own declarations of \p kind, in file order.
  std::vector<std::string> declared(ast::DeclKind kind) const;

  // SettingScope: the constants the file sees.
  const SettingValue *constant(const std::string &name) const override;
  const ast::Expr *namedConstant(const std::string &name) const override;
  std::vector<std::string> names(KindSet kinds) const override;

  /// Own constants that are plain values.
  std::map<std::string, SettingValue> values;
  /// Own declarations of constants, layers and models.
  std::map<std::string, const ast::Decl *> own;
};

/// A file and all it imports, directly or not.
struct SourceProgram {
  /// The file asked for comes first. Each file once.
  std::vector<std::unique_ptr<LoadedFile>> files;

  const LoadedFile &main() const { return *files.front(); }
};

/// Loads the file \p path ("-": standard input) and its imports. Reports what
/// is wrong with any of them: syntax, fileNotFound, fileRead, importNotSource,
/// importCycle, declaredTwice, constantCycle, and errors in constants. Null
/// if an error was reported.
std::unique_ptr<SourceProgram> loadProgram(const std::string &path,
                                           Diagnostics &diagnostics);

/// The same for a \p text that is in memory already; imports are relative to
/// \p path.
std::unique_ptr<SourceProgram> loadProgram(const std::string &path,
                                           std::string text,
                                           Diagnostics &diagnostics);

/// The model to work on: \p name if given, else the only one, else the only
/// one with a train block. Errors: noModel, unknownModel, severalModels.
Expected<const ast::ModelDecl *>
selectModel(const SourceProgram &program,
            const std::optional<std::string> &name);

} // namespace nnc

#endif // NNC_LANGUAGE_PROGRAM_H

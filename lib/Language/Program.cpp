//===- Program.cpp - A file with its imports and constants ----------------===//

#include "nnc/Language/Program.h"
#include "ConstantGraph.h"
#include "nnc/Language/Parser.h"
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <sys/stat.h>

using namespace nnc;
using namespace nnc::ast;

//===----------------------------------------------------------------------===//
// Names of a file
//===----------------------------------------------------------------------===//

const Decl *LoadedFile::find(const std::string &name,
                             const LoadedFile **in) const {
  auto found = own.find(name);
  if (found != own.end()) {
    if (in)
      *in = this;
    return found->second;
  }
  for (const LoadedFile *import : imports) {
    auto imported = import->own.find(name);
    if (imported == import->own.end())
      continue;
    if (in)
      *in = import;
    return imported->second;
  }
  return nullptr;
}

const LayerDecl *LoadedFile::findLayer(const std::string &name) const {
  return dynAs<LayerDecl>(find(name));
}
const ModelDecl *LoadedFile::findModel(const std::string &name) const {
  return dynAs<ModelDecl>(find(name));
}

const TrainDecl *LoadedFile::findTrain(const std::string &name) const {
  for (const DeclPtr &decl : tree->decls)
    if (const auto *train = dynAs<TrainDecl>(decl))
      if (train->model.text == name)
        return train;
  return nullptr;
}

static const Name *nameOf(const Decl &decl) {
  switch (decl.kind) {
  case DeclKind::Const:
    return &as<ConstDecl>(decl).name;
  case DeclKind::Layer:
    return &as<LayerDecl>(decl).function.name;
  case DeclKind::Model:
    return &as<ModelDecl>(decl).name;
  case DeclKind::Import:
  case DeclKind::Train:
    return nullptr;
  }
  return nullptr;
}

std::vector<std::string> LoadedFile::declared(DeclKind kind) const {
  std::vector<std::string> result;
  for (const DeclPtr &decl : tree->decls)
    if (decl->kind == kind)
      if (const Name *name = ::nameOf(*decl))
        result.push_back(name->text);
  return result;
}

const SettingValue *LoadedFile::constant(const std::string &name) const {
  const LoadedFile *in = nullptr;
  if (!find(name, &in))
    return nullptr;
  auto found = in->values.find(name);
  return found == in->values.end() ? nullptr : &found->second;
}

const Expr *LoadedFile::namedConstant(const std::string &name) const {
  const LoadedFile *in = nullptr;
  const auto *decl = dynAs<ConstDecl>(find(name, &in));
  return decl && !in->values.count(name) ? decl->value.get() : nullptr;
}

std::vector<std::string> LoadedFile::names(KindSet) const {
  std::vector<std::string> result = declared(DeclKind::Const);
  for (const LoadedFile *import : imports)
    for (std::string &name : import->declared(DeclKind::Const))
      result.push_back(std::move(name));
  return result;
}

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

namespace {

/// That \p file sees no model \p name.
Error unknownModel(const LoadedFile &file, const std::string &name) {
  std::vector<std::string> candidates = file.declared(DeclKind::Model);
  for (const LoadedFile *import : file.imports)
    for (std::string &other : import->declared(DeclKind::Model))
      candidates.push_back(std::move(other));
  return makeError(ErrorCode::unknownModel, name, file.tree->source->name(),
                   suggestion(name, candidates));
}

/// The text of the file \p path, at most a byte more than may be parsed.
Expected<std::string> readText(const std::string &path) {
  bool isInput = path == "-";
  struct stat status;
  if (!isInput && stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
    return fail(ErrorCode::fileRead, path, std::strerror(EISDIR));
  std::FILE *stream = isInput ? stdin : std::fopen(path.c_str(), "rb");
  if (!stream)
    return fail(ErrorCode::fileNotFound, path, std::strerror(errno));
  std::string text;
  char buffer[1 << 16];
  size_t count = 0;
  while (text.size() <= maxSourceBytes &&
         (count = std::fread(buffer, 1, sizeof buffer, stream)) > 0)
    text.append(buffer, count);
  bool failed = std::ferror(stream);
  int cause = errno;
  if (!isInput)
    std::fclose(stream);
  if (failed)
    return fail(ErrorCode::fileRead, path, std::strerror(cause));
  return text;
}

class Loader {
public:
  Loader(SourceProgram &program, Diagnostics &diagnostics)
      : program(program), diagnostics(diagnostics) {}

  /// Parses the file and, one after the other, all it leads to. Imports are
  /// followed without recursion, so that no chain of them is too long.
  void load(const std::string &path, std::string text) {
    add(path, std::move(text), {});
    for (size_t next = 0; next < program.files.size(); ++next)
      for (const DeclPtr &decl : program.files[next]->tree->decls)
        if (const auto *import = dynAs<ImportDecl>(decl))
          follow(next, *import);
    reportCycles();
    for (const auto &file : program.files)
      declare(*file);
    // A declaration that does not parse would be missed by its users.
    if (diagnostics.hasErrors())
      return;
    for (const auto &file : program.files)
      checkNames(*file);
    if (!diagnostics.hasErrors())
      evaluateConstants(program, diagnostics);
  }

private:
  static std::string identityOf(const std::string &path) {
    std::error_code ignored;
    std::filesystem::path full =
        std::filesystem::weakly_canonical(path, ignored);
    return ignored ? path : full.string();
  }

  LoadedFile &add(const std::string &path, std::string text,
                  const std::string &identity) {
    auto file = std::make_unique<LoadedFile>();
    file->path = path;
    size_t slash = path.rfind('/');
    if (slash != std::string::npos)
      file->folder = path.substr(0, slash + 1);
    std::string shown = path == "-" ? "<stdin>" : path;
    // What is no text would be one error a byte.
    if (size_t zero = text.find('\0'); zero != std::string::npos) {
      diagnostics.report(makeError(ErrorCode::notThisFormat, shown,
                                   "a text in the nnc language",
                                   fmt::format("byte {} is 0", zero)));
      text.clear();
    }
    file->tree =
        parse(std::make_shared<SourceFile>(std::move(shown), std::move(text)),
              diagnostics);
    indexOf[identity.empty() ? identityOf(path) : identity] =
        program.files.size();
    edges.emplace_back();
    program.files.push_back(std::move(file));
    return *program.files.back();
  }

  void follow(size_t from, const ImportDecl &import) {
    if (!import.path.ends_with(".nn")) {
      diagnostics.error(import.pathRange, ErrorCode::importNotSource,
                        import.path);
      return;
    }
    const std::string &folder = program.files[from]->folder;
    bool absolute = import.path.starts_with('/');
    std::string path = absolute ? import.path : folder + import.path;
    std::string identity = identityOf(path);
    auto known = indexOf.find(identity);
    size_t to = program.files.size();
    if (known != indexOf.end()) {
      to = known->second;
    } else {
      Expected<std::string> text = readText(path);
      if (!text) {
        diagnostics.report(
            std::move(text.error()).at(import.pathRange.position()));
        return;
      }
      add(path, std::move(*text), identity);
    }
    auto &imports = program.files[from]->imports;
    const LoadedFile *target = program.files[to].get();
    if (std::find(imports.begin(), imports.end(), target) == imports.end()) {
      imports.push_back(target);
      edges[from].push_back({to, &import});
    }
  }

  struct Edge {
    size_t to;
    const ImportDecl *import;
  };

  /// Depth-first over the imports; an edge to a file on the path closes a
  /// cycle.
  void reportCycles() {
    enum class State : uint8_t { Unseen, OnPath, Done };
    std::vector<State> states(program.files.size(), State::Unseen);
    struct Visit {
      size_t file;
      size_t edge;
    };
    std::vector<Visit> path{{0, 0}};
    states[0] = State::OnPath;
    while (!path.empty()) {
      Visit &visit = path.back();
      if (visit.edge == edges[visit.file].size()) {
        states[visit.file] = State::Done;
        path.pop_back();
        continue;
      }
      const Edge &edge = edges[visit.file][visit.edge++];
      if (states[edge.to] == State::Unseen) {
        states[edge.to] = State::OnPath;
        path.push_back({edge.to, 0});
      } else if (states[edge.to] == State::OnPath) {
        diagnostics.error(edge.import->pathRange, ErrorCode::importCycle,
                          program.files[edge.to]->path);
        auto start =
            std::find_if(path.begin(), path.end(), [&](const Visit &step) {
              return step.file == edge.to;
            });
        for (; start + 1 < path.end(); ++start)
          diagnostics.note(
              edges[start->file][start->edge - 1].import->pathRange,
              "imported from here");
      }
    }
  }

  void declare(LoadedFile &file) {
    std::map<std::string, const TrainDecl *> trained;
    for (const DeclPtr &decl : file.tree->decls) {
      if (const auto *train = dynAs<TrainDecl>(decl)) {
        auto [place, fresh] = trained.emplace(train->model.text, train);
        if (!fresh) {
          diagnostics.error(train->model.range, ErrorCode::trainedTwice,
                            train->model.text);
          diagnostics.note(place->second->model.range, "the first one");
        }
      }
      const Name *name = ::nameOf(*decl);
      if (!name)
        continue;
      auto [place, fresh] = file.own.emplace(name->text, decl.get());
      if (!fresh)
        reportTwice(*name, *place->second);
    }
  }

  void reportTwice(const Name &name, const Decl &first) {
    diagnostics.error(name.range, ErrorCode::declaredTwice, name.text);
    diagnostics.note(::nameOf(first)->range, "first declared here");
  }

  /// A name that an import brings must not be declared here or by another;
  /// a train block is for a model that the file sees.
  void checkNames(const LoadedFile &file) {
    for (const DeclPtr &decl : file.tree->decls) {
      const auto *train = dynAs<TrainDecl>(decl);
      if (train && !file.findModel(train->model.text))
        diagnostics.report(unknownModel(file, train->model.text)
                               .at(train->model.range.position()));
    }
    for (const LoadedFile *import : file.imports)
      for (const auto &[name, decl] : import->own) {
        const Decl *seen = file.find(name);
        if (seen != decl)
          reportTwice(*::nameOf(*seen), *decl);
      }
  }

  SourceProgram &program;
  Diagnostics &diagnostics;
  std::map<std::string, size_t> indexOf;
  /// By file: the imports that its tree names.
  std::vector<std::vector<Edge>> edges;
};

} // namespace

std::unique_ptr<SourceProgram> nnc::loadProgram(const std::string &path,
                                                std::string text,
                                                Diagnostics &diagnostics) {
  auto program = std::make_unique<SourceProgram>();
  Loader(*program, diagnostics).load(path, std::move(text));
  return diagnostics.hasErrors() ? nullptr : std::move(program);
}

std::unique_ptr<SourceProgram> nnc::loadProgram(const std::string &path,
                                                Diagnostics &diagnostics) {
  Expected<std::string> text = readText(path);
  if (!text) {
    diagnostics.report(std::move(text.error()));
    return nullptr;
  }
  return loadProgram(path, std::move(*text), diagnostics);
}

Expected<const ModelDecl *>
nnc::selectModel(const SourceProgram &program,
                 const std::optional<std::string> &name) {
  const LoadedFile &main = program.main();
  std::vector<std::string> models = main.declared(DeclKind::Model);
  std::vector<const TrainDecl *> trains;
  for (const DeclPtr &decl : main.tree->decls)
    if (const auto *train = dynAs<TrainDecl>(decl))
      trains.push_back(train);
  auto find = [&](const std::string &wanted) -> Expected<const ModelDecl *> {
    if (const ModelDecl *model = main.findModel(wanted))
      return model;
    return fail(unknownModel(main, wanted));
  };
  if (name)
    return find(*name);
  if (models.size() == 1)
    return find(models.front());
  if (trains.size() == 1)
    return find(trains.front()->model.text);
  if (models.empty())
    return fail(ErrorCode::noModel, main.tree->source->name());
  std::string list;
  for (const std::string &model : models)
    list += (list.empty() ? "" : ", ") + model;
  return fail(ErrorCode::severalModels, main.tree->source->name(), list);
}

//===- ModelFile.cpp - The MODEL of a command line ------------------------===//

#include "nnc/Training/ModelFile.h"
#include "nnc/Formats/AtomicFile.h"
#include "nnc/Formats/Npy.h"
#include "nnc/Language/Arguments.h"
#include "nnc/Language/Parser.h"
#include "nnc/Language/Printer.h"
#include <cerrno>
#include <cstring>
#include <set>
#include <sys/mman.h>
#include <unistd.h>

using namespace nnc;

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

/// Appends the declarations of \p file that \p isKept keeps, printed without
/// comments.
template <typename Predicate>
static void appendPrinted(const LoadedFile &file, Predicate isKept,
                          std::string &text) {
  // The printer takes whole files: the declarations visit one and come back.
  ast::File view;
  view.source = file.tree->source;
  std::vector<size_t> places;
  for (size_t i = 0; i < file.tree->decls.size(); ++i)
    if (isKept(*file.tree->decls[i])) {
      places.push_back(i);
      view.decls.push_back(std::move(file.tree->decls[i]));
    }
  text += print(view);
  for (size_t i = 0; i < places.size(); ++i)
    file.tree->decls[places[i]] = std::move(view.decls[i]);
}

static std::string identityOf(const SourceProgram &program) {
  std::string text;
  for (const auto &file : program.files) {
    text += "# file\n";
    appendPrinted(
        *file,
        [](const ast::Decl &decl) { return decl.kind != ast::DeclKind::Train; },
        text);
  }
  return text;
}

Expected<std::string> nnc::selfContainedText(const SourceProgram &program) {
  if (program.files.size() == 1)
    return print(*program.main().tree);
  std::set<std::string> names;
  std::string text;
  for (size_t i = program.files.size(); i-- > 0;) {
    const LoadedFile &file = *program.files[i];
    for (const auto &[name, decl] : file.own)
      if (!names.insert(name).second)
        return fail(ErrorCode::unsupported,
                    fmt::format("a trained model whose files declare '{}' "
                                "twice",
                                name));
    appendPrinted(
        file,
        [&](const ast::Decl &decl) {
          return decl.kind != ast::DeclKind::Import &&
                 (i == 0 || decl.kind != ast::DeclKind::Train);
        },
        text);
  }
  return text;
}

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

namespace {
enum class Content { Language, Archive, Mlir, Onnx };
}

static Content contentOf(const std::string &path) {
  if (ModelArchive::looksLikeOne(path))
    return Content::Archive;
  if (path.ends_with(".mlir") || path.ends_with(".mlirbc"))
    return Content::Mlir;
  Expected<MappedFile> file = MappedFile::open(path);
  if (!file)
    return Content::Language;
  if (file->bytes().empty())
    return path.ends_with(".nnm") ? Content::Archive : Content::Language;
  std::string_view text(reinterpret_cast<const char *>(file->bytes().data()),
                        std::min<size_t>(file->bytes().size(), 4096));
  // An ONNX model begins with its field 1, ir_version, a small number.
  if (text[0] == '\x08' || path.ends_with(".onnx"))
    return Content::Onnx;
  if (text.starts_with("ML\xefR"))
    return Content::Mlir;
  // A damaged model is no text.
  if (path.ends_with(".nnm") && text.find('\0') != std::string_view::npos)
    return Content::Archive;
  size_t begin = text.find_first_not_of(" \t\r\n");
  text.remove_prefix(std::min(begin, text.size()));
  for (std::string_view word :
       {"module {", "module @", "module attributes", "func.func", "\"builtin."})
    if (text.starts_with(word))
      return Content::Mlir;
  return Content::Language;
}

/// All of standard input, to be opened as a file of the path it returns, which
/// lives as long as the process: models are told apart by their content, and
/// trained ones are mapped.
static Expected<std::string> spoolInput() {
  int file = ::memfd_create("standard input", MFD_CLOEXEC);
  auto failed = [] {
    return fail(ErrorCode::fileRead, "standard input", std::strerror(errno));
  };
  if (file < 0)
    return failed();
  std::string buffer(1 << 16, '\0');
  while (true) {
    ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return failed();
    if (got == 0)
      return fmt::format("/proc/self/fd/{}", file);
    for (ssize_t done = 0; done < got;) {
      ssize_t put = ::write(file, buffer.data() + done, got - done);
      if (put < 0)
        return failed();
      done += put;
    }
  }
}

static std::optional<ModelFile> openMlir(const std::string &path,
                                         const std::string &name,
                                         Diagnostics &diagnostics) {
  Expected<std::string> text = readFile(path);
  if (!text) {
    diagnostics.report(std::move(text.error()));
    return std::nullopt;
  }
  ModelFile model;
  model.path = name;
  model.source.kind = ModelSource::Kind::mlir;
  model.source.path = name;
  model.source.text = std::move(*text);
  return model;
}

std::optional<ModelFile> nnc::openModel(const std::string &path,
                                        const std::optional<std::string> &name,
                                        Diagnostics &diagnostics) {
  ModelFile model;
  model.path = path;
  auto report = [&](Error error) {
    diagnostics.report(std::move(error));
    return std::nullopt;
  };
  std::string file = path;
  if (path == "-") {
    Expected<std::string> spooled = spoolInput();
    if (!spooled)
      return report(std::move(spooled.error()));
    file = std::move(*spooled);
  }
  switch (contentOf(file)) {
  case Content::Onnx:
    return report(makeError(ErrorCode::unsupported, "an ONNX model"));
  case Content::Mlir:
    return openMlir(file, path, diagnostics);
  case Content::Archive: {
    Expected<ModelArchive> archive = ModelArchive::open(file);
    if (!archive)
      return report(std::move(archive.error()));
    model.archive = std::move(*archive);
    Expected<ModelMetadata> metadata =
        metadataFromJson(model.archive->metadata(), path);
    if (!metadata)
      return report(std::move(metadata.error()));
    model.metadata = std::move(*metadata);
    model.program = loadProgram(path, model.archive->model(), diagnostics);
    break;
  }
  case Content::Language:
    if (path == "-") {
      Expected<std::string> text = readFile(file);
      if (!text)
        return report(std::move(text.error()));
      model.program = loadProgram(path, std::move(*text), diagnostics);
    } else {
      model.program = loadProgram(file, diagnostics);
    }
    break;
  }
  if (!model.program)
    return std::nullopt;
  std::optional<std::string> chosen = name;
  if (!chosen && model.metadata)
    chosen = model.metadata->model;
  Expected<const ast::ModelDecl *> declaration =
      selectModel(*model.program, chosen);
  if (!declaration)
    return report(std::move(declaration.error()));
  model.declaration = *declaration;
  model.source.path = path;
  model.source.text = std::string(model.program->main().tree->source->text());
  model.source.model = model.declaration->name.text;
  model.identity = identityOf(*model.program);
  return model;
}

//===----------------------------------------------------------------------===//
// Signatures
//===----------------------------------------------------------------------===//

Expected<const ast::Function *>
ModelFile::function(const std::string &fn, const std::string &loss) const {
  if (!declaration)
    return fail(ErrorCode::unsupported, "this of an .mlir file");
  const std::string &name = declaration->name.text;
  std::vector<std::string> names;
  for (const ast::Function &function : declaration->functions)
    names.push_back(function.name.text);
  if (!fn.empty()) {
    for (const ast::Function &function : declaration->functions)
      if (function.name.text == fn)
        return &function;
    return fail(ErrorCode::unknownFunction, name, fn, suggestion(fn, names));
  }
  if (declaration->function)
    return &*declaration->function;
  for (const ast::Function &function : declaration->functions)
    if (declaration->functions.size() == 1 || function.name.text != loss)
      return &function;
  return fail(ErrorCode::unknownFunction, name, "", "; it has none");
}

/// The value of \p dim if it is a constant of \p file.
static int64_t sizeOfDim(const ast::Expr &dim, const LoadedFile &file) {
  Diagnostics scratch;
  SettingEvaluator evaluator(file, scratch);
  std::optional<SettingValue> value = evaluator.evaluatePlain(dim);
  return value && value->isInt() && value->integer >= 0 ? value->integer : -1;
}

std::vector<ModelInput> ModelFile::inputs(const ast::Function &function) const {
  const LoadedFile *file = &program->main();
  file->find(declaration->name.text, &file);
  std::vector<ModelInput> list;
  for (const ast::Formal &formal : function.signature.formals) {
    if (!formal.isTensor())
      continue;
    ModelInput input;
    input.name = formal.name.text;
    // The language's element types are a subset under the same names.
    input.type = *parseElementType(ast::nameOf(formal.type->element));
    for (const ast::ExprPtr &dim : formal.type->dims) {
      input.shape.push_back(sizeOfDim(*dim, *file));
      input.dims.push_back(print(*dim));
    }
    list.push_back(std::move(input));
  }
  return list;
}

std::vector<int64_t>
ModelFile::resultShape(const ast::Function &function) const {
  const LoadedFile *file = &program->main();
  file->find(declaration->name.text, &file);
  std::vector<int64_t> shape;
  for (const ast::ExprPtr &dim : function.signature.results.front().type.dims)
    shape.push_back(sizeOfDim(*dim, *file));
  return shape;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

Expected<std::vector<NamedArray>> nnc::readWeights(const std::string &path) {
  Expected<MappedFile> file = MappedFile::open(path);
  if (!file)
    return fail(std::move(file.error()));
  std::string_view start(reinterpret_cast<const char *>(file->bytes().data()),
                         std::min<size_t>(file->bytes().size(), 8));
  if (start.starts_with("\x89HDF"))
    return fail(ErrorCode::unsupported, "reading weights from HDF5");
  if (!ModelArchive::looksLikeOne(path))
    return readSafetensors(path);
  Expected<ZipReader> zip = ZipReader::open(path);
  if (!zip)
    return fail(std::move(zip.error()));
  if (!zip->find("model.nn"))
    return readNpz(path);
  Expected<ModelArchive> archive = ModelArchive::open(path);
  if (!archive)
    return fail(std::move(archive.error()));
  std::vector<NamedArray> arrays;
  for (const TensorView &tensor : archive->weights().tensors)
    arrays.push_back({tensor.name, tensor.toArray()});
  return arrays;
}

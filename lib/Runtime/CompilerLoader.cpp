//===- CompilerLoader.cpp - Opens the compiling half ----------------------===//

#include "CompilerLoader.h"
#include "nnc/Runtime/Compiler.h"
#include "nnc/Support/ModuleFolder.h"
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>

using namespace nnc;

static constexpr const char *libraryName = "libnnc-compiler.so";

/// Where the library may lie: named by the environment, beside the program or
/// library that asks, in the lib folder next to its folder, or on the loader's
/// path.
static std::vector<std::string> candidates() {
  if (const char *named = std::getenv("NNC_COMPILER_LIBRARY"))
    return {named};
  std::vector<std::string> paths;
  std::filesystem::path folder = moduleFolder();
  if (!folder.empty()) {
    paths.push_back((folder / libraryName).string());
    paths.push_back((folder.parent_path() / "lib" / libraryName).string());
  }
  paths.push_back(libraryName);
  return paths;
}

std::string nnc::findCompilerLibrary() {
  for (const std::string &path : candidates())
    if (std::filesystem::exists(path))
      return path;
  return "";
}

Expected<Compiler *> nnc::openCompiler() {
  static Compiler *compiler = nullptr;
  if (compiler)
    return compiler;
  std::string reason;
  for (const std::string &path : candidates()) {
    if (path.find('/') != std::string::npos && !std::filesystem::exists(path))
      continue;
    void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
      reason = dlerror();
      continue;
    }
    using Create = Compiler *(int);
    auto *create =
        reinterpret_cast<Create *>(dlsym(library, "nnc_create_compiler"));
    if (create)
      compiler = create(NNC_RT_ABI_VERSION);
    if (compiler)
      return compiler;
    return fail(ErrorCode::compilerNotFound,
                path + " belongs to another version of nnc");
  }
  return fail(ErrorCode::compilerNotFound,
              reason.empty() ? std::string("no ") + libraryName +
                                   " beside the program or in ../lib"
                             : reason);
}

//===- ModuleFolder.cpp - Where this program or library lies --------------===//

#include "nnc/Support/ModuleFolder.h"
#include <dlfcn.h>

std::filesystem::path nnc::moduleFolder() {
  Dl_info info;
  std::error_code error;
  if (dladdr(reinterpret_cast<void *>(&moduleFolder), &info) &&
      info.dli_fname && std::filesystem::path(info.dli_fname).is_absolute())
    return std::filesystem::canonical(info.dli_fname, error).parent_path();
  // A program's own name may be relative to a folder that it was started in.
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

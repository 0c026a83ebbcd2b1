//===- BuiltLibrary.h - The compiler library of this build ------*- C++ -*-===//

#ifndef NNC_TEST_UNIT_COMPILERLIBRARY_BUILTLIBRARY_H
#define NNC_TEST_UNIT_COMPILERLIBRARY_BUILTLIBRARY_H

#include "nnc/Runtime/Compiler.h"
#include <cstdlib>
#include <string>

namespace nnc::test {

/// The compiler of the library in the folder of this build.
inline Expected<Compiler *> openBuiltCompiler() {
  const char *folder = std::getenv("NNC_BINARY_DIR");
  std::string path =
      std::string(folder ? folder : ".") + "/lib/libnnc-compiler.so";
  setenv("NNC_COMPILER_LIBRARY", path.c_str(), 1);
  return openCompiler();
}

} // namespace nnc::test

#endif // NNC_TEST_UNIT_COMPILERLIBRARY_BUILTLIBRARY_H

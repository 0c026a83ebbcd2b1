//===- CompilerLoader.h - Where the compiling half lies ---------*- C++ -*-===//

#ifndef NNC_LIB_RUNTIME_COMPILERLOADER_H
#define NNC_LIB_RUNTIME_COMPILERLOADER_H

#include <string>

namespace nnc {

/// The path of libnnc-compiler.so that openCompiler would open: the first
/// candidate that exists, or an empty string.
std::string findCompilerLibrary();

} // namespace nnc

#endif // NNC_LIB_RUNTIME_COMPILERLOADER_H

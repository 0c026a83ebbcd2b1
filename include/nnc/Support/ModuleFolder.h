//===- ModuleFolder.h - Where this program or library lies ------*- C++ -*-===//

#ifndef NNC_SUPPORT_MODULEFOLDER_H
#define NNC_SUPPORT_MODULEFOLDER_H

#include <filesystem>

namespace nnc {

/// The folder of the program or shared library that holds this function; empty
/// if it is not known.
std::filesystem::path moduleFolder();

} // namespace nnc

#endif // NNC_SUPPORT_MODULEFOLDER_H

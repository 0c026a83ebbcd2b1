//===- Linker.h - Linking objects in memory ---------------------*- C++ -*-===//

#ifndef NNC_EXECUTION_LINKER_H
#define NNC_EXECUTION_LINKER_H

#include "nnc/Execution/ObjectEmitter.h"

namespace nnc {

/// Links \p objects into a shared object and returns its bytes. It depends on
/// no other library. Fails with `linking`.
Expected<std::string> linkShared(const std::vector<ObjectBytes> &objects);

/// Links \p objects into one relocatable object. Fails with `linking`.
Expected<ObjectBytes> linkRelocatable(const std::vector<ObjectBytes> &objects);

/// Links \p objects with \p files (start-up objects, archives, in the order
/// given) into a static executable and returns its bytes. Fails with `linking`.
Expected<std::string> linkExecutable(const std::vector<ObjectBytes> &objects,
                                     const std::vector<std::string> &files);

} // namespace nnc

#endif // NNC_EXECUTION_LINKER_H

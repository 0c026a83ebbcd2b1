//===- SystemMemory.h - How much memory there is to take --------*- C++ -*-===//

#ifndef NNC_RUNTIME_SYSTEMMEMORY_H
#define NNC_RUNTIME_SYSTEMMEMORY_H

#include "nnc/Support/Error.h"
#include <optional>
#include <string>

namespace nnc {

/// Bytes that this process may still take before the system ends it: what
/// /proc/meminfo calls available, with swap, and what the control groups that
/// it is in leave. Nothing where the system does not tell. \p root stands
/// before all paths that are read.
std::optional<int64_t> availableMemory(const std::string &root = "");

/// Fails with `memoryMissing` if \p bytes for \p purpose, such as "the
/// program's arena", are more than there is.
Expected<void> checkMemory(int64_t bytes, const std::string &purpose);

} // namespace nnc

#endif // NNC_RUNTIME_SYSTEMMEMORY_H

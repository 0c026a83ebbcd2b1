//===- Executable.cpp - A program that can be called ----------------------===//

#include "nnc/Runtime/Executable.h"
#include "nnc/Runtime/Team.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

using namespace nnc;

//===----------------------------------------------------------------------===//
// AlignedBuffer
//===----------------------------------------------------------------------===//

void AlignedBuffer::Free::operator()(void *memory) const { std::free(memory); }

AlignedBuffer::AlignedBuffer(int64_t bytes) : bytes(bytes) {
  constexpr int64_t hugePage = 2 << 20;
  int64_t alignment = bytes >= hugePage ? hugePage : 64;
  int64_t rounded =
      std::max<int64_t>(1, (bytes + alignment - 1) / alignment) * alignment;
  memory.reset(std::aligned_alloc(alignment, rounded));
  if (!memory)
    return;
  if (alignment == hugePage)
    madvise(memory.get(), rounded, MADV_HUGEPAGE);
  std::memset(memory.get(), 0, rounded);
}

//===----------------------------------------------------------------------===//
// Executable
//===----------------------------------------------------------------------===//

Executable::Executable(Program program)
    : program(std::move(program)), arena(this->program.signature.arenaBytes) {}

Expected<void> Executable::run(const std::vector<ArgumentView> &arguments,
                               int64_t samples, unsigned threads,
                               bool sameParameters) {
  const Signature &signature = program.signature;
  if (arguments.size() != signature.arguments.size())
    return fail(ErrorCode::badArguments,
                fmt::format("{} arguments given, {} expected", arguments.size(),
                            signature.arguments.size()));
  if (samples < 0 || samples > signature.batch)
    return fail(ErrorCode::badArguments,
                fmt::format("{} samples given, at most {} expected", samples,
                            signature.batch));
  if (!arena.data())
    return fail(ErrorCode::outOfMemory, signature.arenaBytes);
  std::vector<void *> pointers;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Argument &argument = signature.arguments[i];
    if (arguments[i].bytes < argument.byteCount())
      return fail(ErrorCode::badArguments,
                  fmt::format("'{}' has {} bytes, {} expected", argument.name,
                              arguments[i].bytes, argument.byteCount()));
    if (reinterpret_cast<uintptr_t>(arguments[i].data) % 64)
      return fail(
          ErrorCode::badArguments,
          fmt::format("'{}' is not aligned to 64 bytes", argument.name));
    pointers.push_back(arguments[i].data);
  }
  if (threads == 0)
    threads = static_cast<unsigned>(std::min<int64_t>(
        availableThreads(), std::max<int64_t>(1, signature.preferredThreads)));
  std::lock_guard<std::mutex> lock(mutex);
  const int64_t extents[] = {samples, sameParameters && isPrepared};
  runOnTeam(program.entry, pointers.data(), arena.data(), extents, threads);
  isPrepared = true;
  return {};
}

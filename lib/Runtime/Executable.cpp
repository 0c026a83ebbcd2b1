//===- Executable.cpp - A program that can be called ----------------------===//

#include "nnc/Runtime/Executable.h"
#include "nnc/Runtime/Team.h"
#include "nnc/Support/TileRegisters.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

using namespace nnc;

//===----------------------------------------------------------------------===//
// AlignedBuffer
//===----------------------------------------------------------------------===//

static constexpr int64_t hugePage = 2 << 20;

/// Pages of the system's, which are zero and taken when first touched; null
/// without memory.
static void *mapPages(int64_t bytes) {
  // Cut out of more, so that huge pages fit.
  void *found = ::mmap(nullptr, bytes + hugePage, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (found == MAP_FAILED)
    return nullptr;
  auto start = reinterpret_cast<uintptr_t>(found);
  uintptr_t aligned = (start + hugePage - 1) / hugePage * hugePage;
  if (aligned != start)
    ::munmap(found, aligned - start);
  auto *memory = reinterpret_cast<std::byte *>(aligned);
  if (uintptr_t behind = start + hugePage - aligned)
    ::munmap(memory + bytes, behind);
  ::madvise(memory, bytes, MADV_HUGEPAGE);
  return memory;
}

void AlignedBuffer::Free::operator()(void *memory) const {
  if (mapped > 0)
    ::munmap(memory, mapped);
  else
    std::free(memory);
}

AlignedBuffer::AlignedBuffer(int64_t bytes) : bytes(bytes) {
  int64_t unit = bytes >= hugePage ? hugePage : 64;
  int64_t rounded = std::max<int64_t>(1, (bytes + unit - 1) / unit) * unit;
  if (unit == hugePage) {
    memory = {mapPages(rounded), Free{rounded}};
    return;
  }
  memory = {std::aligned_alloc(unit, rounded), Free{}};
  if (memory)
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
  if (signature.usesTiles && !requestTileRegisters())
    return fail(ErrorCode::unsupported,
                fmt::format("a program with the matrix registers of '{}' on "
                            "this processor or system",
                            signature.target));
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

//===- Executable.h - A program that can be called --------------*- C++ -*-===//

#ifndef NNC_RUNTIME_EXECUTABLE_H
#define NNC_RUNTIME_EXECUTABLE_H

#include "nnc/Runtime/Compiler.h"
#include <memory>
#include <mutex>

namespace nnc {

/// Memory for programs: 64-byte aligned, zeroed, in huge pages where the system
/// offers them for large sizes, which take memory only where they are touched.
class AlignedBuffer {
public:
  AlignedBuffer() = default;
  /// \p bytes may be 0; the buffer is then one cache line all the same.
  explicit AlignedBuffer(int64_t bytes);

  void *data() const { return memory.get(); }
  int64_t size() const { return bytes; }

private:
  struct Free {
    Free() : mapped(0) {}
    explicit Free(int64_t mapped) : mapped(mapped) {}
    void operator()(void *memory) const;
    /// Bytes of pages of the system's; 0 for memory of the heap.
    int64_t mapped;
  };
  std::unique_ptr<void, Free> memory;
  int64_t bytes = 0;
};

/// Memory that a caller gives for one argument.
struct ArgumentView {
  void *data = nullptr;
  int64_t bytes = 0;
};

/// A program with its arena. `run` may be called from any thread; calls of one
/// executable wait for each other.
class Executable {
public:
  explicit Executable(Program program);

  const Signature &signature() const { return program.signature; }
  const Program &content() const { return program; }

  /// Runs the program on \p samples samples with at most \p threads threads (0:
  /// as many as the machine allows and the program's work is worth).
  /// \p arguments has one entry for each of the signature. Fails with
  /// `badArguments` if the number of arguments, a size or an alignment is
  /// wrong, or if there are more samples than the program was compiled for.
  /// \p sameParameters states that parameters and states have the values that
  /// they had when this executable ran last: what was prepared from them (as
  /// transformed weights) is used again.
  Expected<void> run(const std::vector<ArgumentView> &arguments,
                     int64_t samples, unsigned threads = 0,
                     bool sameParameters = false);

private:
  Program program;
  AlignedBuffer arena;
  bool isPrepared = false;
  std::mutex mutex;
};

} // namespace nnc

#endif // NNC_RUNTIME_EXECUTABLE_H

//===- FlushToZero.h - Subnormal numbers as zero ----------------*- C++ -*-===//

#ifndef NNC_RUNTIME_FLUSHTOZERO_H
#define NNC_RUNTIME_FLUSHTOZERO_H

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace nnc {

/// Flushes subnormal operands and results of this thread to zero while it
/// lives.
class FlushToZero {
public:
#if defined(__x86_64__)
  FlushToZero() : saved(_mm_getcsr()) { _mm_setcsr(saved | 0x8040); }
  ~FlushToZero() { _mm_setcsr(saved); }

private:
  unsigned saved;
#elif defined(__aarch64__)
  FlushToZero() {
    asm volatile("mrs %0, fpcr" : "=r"(saved));
    asm volatile("msr fpcr, %0" : : "r"(saved | (1ull << 24)));
  }
  ~FlushToZero() { asm volatile("msr fpcr, %0" : : "r"(saved)); }

private:
  unsigned long long saved;
#endif
};

} // namespace nnc

#endif // NNC_RUNTIME_FLUSHTOZERO_H

//===- TargetDescription.h - The machine code is made for -------*- C++ -*-===//
//
// What the kernel templates and the code generator know of a processor.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_KERNELS_TARGETDESCRIPTION_H
#define NNC_KERNELS_TARGETDESCRIPTION_H

#include "nnc/Support/Error.h"
#include <cstdint>
#include <string>
#include <vector>

namespace nnc {

/// A processor as the kernels see it. Two equal descriptions give the same
/// code and so the same bits; the name stands in versions and cache keys.
struct TargetDescription {
  /// What users write and see, e.g. "skylake-avx512".
  std::string name;
  /// LLVM's triple, processor name and feature string ("+avx2,-sse4a").
  std::string triple, cpu, features;
  /// Bytes of a vector register, and how many the kernels may keep live.
  int64_t vectorBytes = 32;
  int64_t vectorRegisters = 16;
  /// Loads and stores under a mask are as fast as plain ones, for elements of
  /// 4 and 8 bytes, and of 1 and 2 bytes.
  bool maskedWords = false, maskedBytes = false;
  /// There are instructions that round to bf16, and that add the product of
  /// two pairs of bf16 to each lane of f32.
  bool bf16 = false;
  /// There are instructions that multiply tiles of 16 rows of 64 bytes of bf16
  /// (AMX), and the system lets this process use them.
  bool amx = false;
  /// Cache bytes of one core.
  int64_t l1Bytes = 32 * 1024, l2Bytes = 512 * 1024;

  /// Elements of \p elementBytes bytes in one vector register.
  int64_t lanes(int64_t elementBytes) const {
    return vectorBytes / elementBytes;
  }

  /// Columns of f32 matrices that register tiles of products take side by side.
  int64_t panelColumns() const { return 2 * lanes(4); }

  /// This machine. Fails with `unsupported` below AVX2 with FMA (x86-64) and
  /// on other architectures than x86-64 and AArch64.
  static Expected<TargetDescription> host();

  /// A processor of names(), e.g. "x86-64-v3", "skylake-avx512", "znver4",
  /// "sapphirerapids", "neoverse-v1"; "host" or "" is host(). Fails with
  /// `unknownTarget`. With a \p triple that system of the processor; without a
  /// name then the triple's usual one. Fails with `unknownTarget` for others
  /// than Linux on x86-64 and AArch64, or if it is not the processor's.
  static Expected<TargetDescription> named(const std::string &name,
                                           const std::string &triple = "");

  /// The names that named() knows, "host" left out.
  static std::vector<std::string> names();
};

} // namespace nnc

#endif // NNC_KERNELS_TARGETDESCRIPTION_H

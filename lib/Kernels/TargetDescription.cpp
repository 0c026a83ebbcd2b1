//===- TargetDescription.cpp - Known processors ---------------------------===//

#include "nnc/Kernels/TargetDescription.h"
#include "nnc/Support/TileRegisters.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include <unistd.h>

using namespace nnc;

namespace {

/// The vector unit of a processor.
enum class VectorUnit : uint8_t { avx2, avx512, neon };

struct KnownTarget {
  const char *name;
  VectorUnit unit;
  int64_t l1Bytes, l2Bytes;
  const char *features;
  bool bf16 = false, amx = false;
};

} // namespace

/// Divisions are few, and not worth a second one of 32 bits beside each.
static constexpr const char *narrow = "-idivq-to-divl";
/// AVX-512 vectors stay whole: LLVM prefers halves on some of these.
static constexpr const char *wide = "-idivq-to-divl,-prefer-256-bit";

static constexpr KnownTarget knownTargets[] = {
    {"x86-64-v3", VectorUnit::avx2, 32 << 10, 256 << 10, narrow},
    {"haswell", VectorUnit::avx2, 32 << 10, 256 << 10, narrow},
    {"znver2", VectorUnit::avx2, 32 << 10, 512 << 10, narrow},
    {"znver3", VectorUnit::avx2, 32 << 10, 512 << 10, narrow},
    {"alderlake", VectorUnit::avx2, 48 << 10, 1280 << 10, narrow},
    {"x86-64-v4", VectorUnit::avx512, 32 << 10, 1 << 20, wide},
    {"skylake-avx512", VectorUnit::avx512, 32 << 10, 1 << 20, wide},
    {"icelake-server", VectorUnit::avx512, 48 << 10, 1280 << 10, wide},
    {"sapphirerapids", VectorUnit::avx512, 48 << 10, 2 << 20, wide, true, true},
    {"znver4", VectorUnit::avx512, 32 << 10, 1 << 20, wide, true},
    {"znver5", VectorUnit::avx512, 48 << 10, 1 << 20, wide, true},
    {"neoverse-n1", VectorUnit::neon, 64 << 10, 1 << 20, ""},
    {"neoverse-v1", VectorUnit::neon, 64 << 10, 1 << 20, "", true},
    {"apple-m1", VectorUnit::neon, 128 << 10, 3 << 20, ""},
};

static void describe(TargetDescription &target, VectorUnit unit) {
  switch (unit) {
  case VectorUnit::avx2:
    target.vectorBytes = 32;
    target.vectorRegisters = 16;
    target.maskedWords = true;
    break;
  case VectorUnit::avx512:
    target.vectorBytes = 64;
    target.vectorRegisters = 32;
    target.maskedWords = target.maskedBytes = true;
    break;
  case VectorUnit::neon:
    target.vectorBytes = 16;
    // Of 32; scalars are loaded in pairs, into two more than are in use.
    target.vectorRegisters = 30;
    break;
  }
}

static int64_t cacheBytes(int name, int64_t otherwise) {
  long bytes = sysconf(name);
  return bytes > 0 ? bytes : otherwise;
}

Expected<TargetDescription> TargetDescription::host() {
  TargetDescription target;
  target.cpu = llvm::sys::getHostCPUName().str();
  target.triple = llvm::sys::getDefaultTargetTriple();
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  llvm::Triple triple(target.triple);

  // The features as the system allows them, in a fixed order: equal hosts have
  // equal descriptions.
  std::vector<std::string> flags;
  for (const auto &entry : features)
    flags.push_back((entry.second ? "+" : "-") + entry.first().str());
  llvm::sort(flags);
  flags.push_back(wide);

  if (triple.isX86()) {
    if (!features.lookup("avx2") || !features.lookup("fma"))
      return fail(ErrorCode::unsupported,
                  "a processor without AVX2 and FMA (" + target.cpu + ")");
    bool avx512 = features.lookup("avx512f") && features.lookup("avx512bw") &&
                  features.lookup("avx512dq") && features.lookup("avx512vl");
    describe(target, avx512 ? VectorUnit::avx512 : VectorUnit::avx2);
    target.bf16 = avx512 && features.lookup("avx512bf16");
    target.amx = target.bf16 && features.lookup("amx-tile") &&
                 features.lookup("amx-bf16") && requestTileRegisters();
  } else if (triple.isAArch64()) {
    describe(target, VectorUnit::neon);
    target.bf16 = features.lookup("bf16");
    flags.pop_back();
  } else {
    return fail(ErrorCode::unsupported,
                "the architecture " + triple.getArchName().str());
  }
  target.features = llvm::join(flags, ",");
  target.name = target.cpu;
  target.l1Bytes = cacheBytes(_SC_LEVEL1_DCACHE_SIZE, target.l1Bytes);
  target.l2Bytes = cacheBytes(_SC_LEVEL2_CACHE_SIZE, target.l2Bytes);
  return target;
}

static Error unknownTriple(const std::string &triple,
                           const std::string &expected) {
  return Error(
      ErrorCode::unknownTarget,
      fmt::format("unknown target '{}': expected {}", triple, expected));
}

Expected<TargetDescription>
TargetDescription::named(const std::string &name, const std::string &triple) {
  if (triple.empty() && (name.empty() || name == "host"))
    return host();
  llvm::Triple wanted(llvm::Triple::normalize(triple));
  if (!triple.empty() && (!wanted.isOSLinux() || !wanted.isOSBinFormatELF() ||
                          (wanted.getArch() != llvm::Triple::x86_64 &&
                           wanted.getArch() != llvm::Triple::aarch64)))
    return fail(unknownTriple(triple, "x86_64-linux-gnu or aarch64-linux-gnu"));
  std::string cpu = name;
  if (cpu.empty())
    cpu = wanted.isAArch64() ? "neoverse-n1" : "x86-64-v3";
  if (cpu == "host") {
    Expected<TargetDescription> target = host();
    if (target && llvm::Triple(target->triple).getArch() != wanted.getArch())
      return fail(
          unknownTriple(triple, "the host's architecture with --cpu host"));
    if (target)
      target->triple = wanted.str();
    return target;
  }
  for (const KnownTarget &known : knownTargets) {
    if (cpu != known.name)
      continue;
    TargetDescription target;
    target.name = target.cpu = known.name;
    target.features = known.features;
    bool isNeon = known.unit == VectorUnit::neon;
    target.triple =
        isNeon ? "aarch64-unknown-linux-gnu" : "x86_64-unknown-linux-gnu";
    if (!triple.empty()) {
      if (wanted.isAArch64() != isNeon)
        return fail(unknownTriple(triple, "the architecture of " + cpu));
      target.triple = wanted.str();
    }
    target.l1Bytes = known.l1Bytes;
    target.l2Bytes = known.l2Bytes;
    describe(target, known.unit);
    target.bf16 = known.bf16;
    target.amx = known.amx;
    return target;
  }
  return fail(ErrorCode::unknownTarget, name, llvm::join(names(), ", "));
}

std::vector<std::string> TargetDescription::names() {
  std::vector<std::string> names;
  for (const KnownTarget &known : knownTargets)
    names.push_back(known.name);
  return names;
}

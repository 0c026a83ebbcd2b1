//===- TileRegisters.cpp - Permission to use matrix registers -------------===//

#include "nnc/Support/TileRegisters.h"

#if defined(__x86_64__) && defined(__linux__)

#include <sys/syscall.h>
#include <unistd.h>

/// ARCH_REQ_XCOMP_PERM, and the number of the tiles' data among what xsave
/// saves (Linux, Documentation/arch/x86/xstate.rst).
static constexpr long requestPermission = 0x1023, tileData = 18;

bool nnc::requestTileRegisters() {
  static const bool granted =
      syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
  return granted;
}

#else

bool nnc::requestTileRegisters() { return false; }

#endif

//===- TileRegisters.h - Permission to use matrix registers -----*- C++ -*-===//

#ifndef NNC_SUPPORT_TILEREGISTERS_H
#define NNC_SUPPORT_TILEREGISTERS_H

namespace nnc {

/// Asks the system to let this process use the tile registers of x86-64 (AMX),
/// which it saves for no process that has not asked; threads started before and
/// after may use them too. Whether they may be used now: not on other
/// processors and systems, nor if the system refuses. Any thread may ask, any
/// number of times.
bool requestTileRegisters();

} // namespace nnc

#endif // NNC_SUPPORT_TILEREGISTERS_H

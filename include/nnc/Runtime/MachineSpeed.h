//===- MachineSpeed.h - What this machine could do at most ------*- C++ -*-===//

#ifndef NNC_RUNTIME_MACHINESPEED_H
#define NNC_RUNTIME_MACHINESPEED_H

#include <cstdint>

namespace nnc {

/// Operations a second of \p threads threads that multiply and add vectors of
/// f32 in registers: the roof of a roofline (Williams, Waterman, Patterson
/// 2009). Takes some 50 ms, as the other functions do.
double measureFlopRate(unsigned threads);

/// Bytes a second that \p threads threads read over and over, each its share of
/// \p bytes: the roofline's slope for programs with that much data.
double measureReadRate(unsigned threads, int64_t bytes);

/// Ticks a second of the clock that profiled programs read.
double measureTickRate();

} // namespace nnc

#endif // NNC_RUNTIME_MACHINESPEED_H

//===- StubModel.h - What a model gives the run stub ------------*- C++ -*-===//
//
// The symbols that an executable's model object defines for the run stub it is
// linked with.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_RUNTIME_STUBMODEL_H
#define NNC_RUNTIME_STUBMODEL_H

#include "nnc/Runtime/ABI.h"

extern "C" {

/// A RunDescription as JSON, closed by a zero byte.
extern const char nnc_model_description[];

/// The programs in the order of RunDescription::programs.
extern const nnc_rt_entry nnc_model_entries[];

/// The values of the weights, 64-byte aligned, in the order of
/// RunDescription::weights.
extern void *const nnc_model_weights[];

} // extern "C"

#endif // NNC_RUNTIME_STUBMODEL_H

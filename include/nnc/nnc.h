//===- nnc.h - The C++ API of nnc -------------------------------*- C++ -*-===//
//
// One header for programs that build, train and run networks with nnc.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_NNC_H
#define NNC_NNC_H

#include "nnc/Graph/Dim.h"
#include "nnc/Graph/Graph.h"
#include "nnc/Graph/Images.h"
#include "nnc/Graph/Layers.h"
#include "nnc/Graph/Loops.h"
#include "nnc/Graph/Losses.h"
#include "nnc/Graph/Ops.h"
#include "nnc/Model.h"
#include "nnc/Support/Error.h"

namespace nnc {

/// The version of the library, e.g. "0.1.0".
const char *version();

} // namespace nnc

#endif // NNC_NNC_H

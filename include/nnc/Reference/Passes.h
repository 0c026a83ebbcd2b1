//===- Passes.h - Passes that use the reference -----------------*- C++ -*-===//

#ifndef NNC_REFERENCE_PASSES_H
#define NNC_REFERENCE_PASSES_H

#include "mlir/Pass/Pass.h"
#include "nnc/Dialect/NN/IR/NN.h"

namespace nnc::reference {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "nnc/Reference/Passes.h.inc"

} // namespace nnc::reference

#endif // NNC_REFERENCE_PASSES_H

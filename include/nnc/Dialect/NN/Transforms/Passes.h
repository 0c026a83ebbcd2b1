//===- Passes.h - Passes on graphs of nn ops --------------------*- C++ -*-===//

#ifndef NNC_DIALECT_NN_TRANSFORMS_PASSES_H
#define NNC_DIALECT_NN_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"
#include "nnc/Dialect/NN/IR/NN.h"

namespace nnc::nn {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "nnc/Dialect/NN/Transforms/Passes.h.inc"

} // namespace nnc::nn

#endif // NNC_DIALECT_NN_TRANSFORMS_PASSES_H

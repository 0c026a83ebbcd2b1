//===- ApproximateMath.cpp - Mathematical functions as arithmetic ---------===//

#include "PatternWalk.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "nnc/Kernels/VectorMath.h"
#include "nnc/Transforms/Passes.h"

namespace nnc {
#define GEN_PASS_DEF_APPROXIMATEMATHPASS
#include "nnc/Transforms/Passes.h.inc"
} // namespace nnc

using namespace mlir;

namespace {

struct ApproximateMath
    : nnc::PatternWalk<nnc::impl::ApproximateMathPassBase<ApproximateMath>,
                       nnc::populateVectorMathPatterns> {};

} // namespace

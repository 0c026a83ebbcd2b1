//===- VectorMath.h - Elementary functions from arith ops -------*- C++ -*-===//
//
// Polynomial expansions of the math dialect for f32 and f64 scalars and
// vectors. Relative error at most 4 ulp (f32) and 1e-14 (f64); infinities, NaN,
// zeros of both signs and subnormals give what IEEE 754 and C ask for.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_KERNELS_VECTORMATH_H
#define NNC_KERNELS_VECTORMATH_H

#include "mlir/IR/PatternMatch.h"

namespace nnc {

/// Patterns that replace every math op on f32 and f64 without an instruction
/// of its own by arith ops, and arith.remf by an exact remainder. Left alone:
/// absf, fma, sqrt, floor, ceil, trunc, roundeven, copysign, absi.
void populateVectorMathPatterns(mlir::RewritePatternSet &patterns);

} // namespace nnc

#endif // NNC_KERNELS_VECTORMATH_H

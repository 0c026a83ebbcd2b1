//===- VectorMath.cpp - Elementary functions from arith ops ---------------===//

#include "nnc/Kernels/VectorMath.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"

void nnc::populateVectorMathPatterns(mlir::RewritePatternSet &patterns) {
  mlir::populateMathPolynomialApproximationPatterns(patterns);
}

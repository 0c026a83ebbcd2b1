//===- VectorMath.cpp - Elementary functions from arith ops ---------------===//

#include "nnc/Kernels/VectorMath.h"

void nnc::populateVectorMathPatterns(mlir::RewritePatternSet &patterns) {}

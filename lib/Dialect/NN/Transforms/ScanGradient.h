//===- ScanGradient.h - The gradient of a scan ------------------*- C++ -*-===//

#ifndef NNC_LIB_DIALECT_NN_TRANSFORMS_SCANGRADIENT_H
#define NNC_LIB_DIALECT_NN_TRANSFORMS_SCANGRADIENT_H

#include "nnc/Dialect/NN/IR/Loops.h"

namespace nnc::nn {

/// As DifferentiableOpInterface::buildGradient, for a scan: it fails, with a
/// diagnostic, where its body holds an op without a gradient.
mlir::LogicalResult
buildScanGradient(mlir::OpBuilder &builder, ScanOp op,
                  mlir::ValueRange resultGradients,
                  llvm::SmallVectorImpl<mlir::Value> &operandGradients);

} // namespace nnc::nn

#endif // NNC_LIB_DIALECT_NN_TRANSFORMS_SCANGRADIENT_H

//===- NN.h - The nn dialect ------------------------------------*- C++ -*-===//
//
// The dialect, its attributes, interfaces and ops.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_DIALECT_NN_IR_NN_H
#define NNC_DIALECT_NN_IR_NN_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "nnc/Dialect/NN/IR/ScalarExpr.h"
#include "nnc/Dialect/NN/IR/TensorExpr.h"
#include <mutex>

namespace nnc::reference {
class Sizes;
class Tensor;
} // namespace nnc::reference

namespace nnc::nn {

/// How the fusion pass may treat an op.
enum class FusionClass {
  elementwise, ///< Has a scalar body.
  broadcast,   ///< Repeats elements: free inside a group.
  view,        ///< The same elements in another shape: no code at all.
  movement,    ///< Each result element is one operand element or a constant.
  random,      ///< Elements made from an index.
  reduction,   ///< Combines elements along axes.
  contraction, ///< A product summed over an axis.
  composite,   ///< Decomposed before fusion.
  opaque,      ///< None of these.
};

/// Whether \p type is a ranked tensor whose shape is static or carries
/// `#nn.dims`, and that has no other encoding.
bool areSizesGiven(mlir::Type type);

/// Trait of ops whose gradient is zero on purpose.
template <typename ConcreteType>
class NonDifferentiable
    : public mlir::OpTrait::TraitBase<ConcreteType, NonDifferentiable> {};

} // namespace nnc::nn

#include "nnc/Dialect/NN/IR/NNDialect.h.inc"
#include "nnc/Dialect/NN/IR/NNEnums.h.inc"
#include "nnc/Dialect/NN/IR/NNInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "nnc/Dialect/NN/IR/NNAttributes.h.inc"

#define GET_OP_CLASSES
#include "nnc/Dialect/NN/IR/NNOps.h.inc"

namespace nnc::nn {

/// The sizes of \p type, one affine expression a dimension: constants, or
/// expressions of the named sizes of its `#nn.dims`.
llvm::SmallVector<mlir::AffineExpr> sizesOf(mlir::RankedTensorType type);
llvm::SmallVector<mlir::AffineExpr> sizesOf(mlir::Value value);

/// The tensor type with these sizes and capacities: `#nn.dims` is attached
/// only if a size is not constant. \p capacities gives the static sizes of
/// named dimensions (kDynamic where unknown); empty: all unknown.
mlir::RankedTensorType tensorType(mlir::Type element,
                                  llvm::ArrayRef<mlir::AffineExpr> sizes,
                                  llvm::ArrayRef<int64_t> capacities = {});

/// \p type with another element type, sizes unchanged.
mlir::RankedTensorType withElementType(mlir::RankedTensorType type,
                                       mlir::Type element);

/// A type with the dimensions of \p type that \p keep lists, in its order.
mlir::RankedTensorType selectDimensions(mlir::RankedTensorType type,
                                        llvm::ArrayRef<int64_t> keep);

/// Prints sizes as in messages: "[batch, 64]".
std::string printSizes(mlir::RankedTensorType type);

/// A scalar constant.
mlir::Value createScalar(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Type element, double value);

/// A tensor of \p type filled with \p value: a scalar, broadcast.
mlir::Value createFull(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::RankedTensorType type, double value);

/// Whether all elements of \p value are the number \p expected, with its sign:
/// a constant, or a scalar constant broadcast.
bool isFilledWith(mlir::Value value, double expected);

} // namespace nnc::nn

#endif // NNC_DIALECT_NN_IR_NN_H

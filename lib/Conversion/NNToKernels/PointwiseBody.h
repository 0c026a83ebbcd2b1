//===- PointwiseBody.h - Bodies of kernels from nn ops ----------*- C++ -*-===//
//
// Builds the element-wise part of a group on vectors: which values it loads and
// how, and the arithmetic between them.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_CONVERSION_NNTOKERNELS_POINTWISEBODY_H
#define NNC_CONVERSION_NNTOKERNELS_POINTWISEBODY_H

#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Kernels/Kernel.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"

namespace nnc {

/// A located `unsupported` error at \p op.
Error unsupportedAt(mlir::Operation *op, const std::string &what);

/// The extents of \p type's dimensions as loop bounds. Fails with
/// `unsupported` for a size that is no multiple of `batch`.
Expected<std::vector<kernels::Extent>> extentsOf(mlir::RankedTensorType type,
                                                 mlir::Operation *op);

/// Row-major strides at capacity, in elements.
llvm::SmallVector<int64_t> stridesOf(mlir::RankedTensorType type);

/// The values of one group that its loops load from memory. Each has an access
/// over the template's domain, whose dimension i stands for dimension
/// domainOrder[i] of the group's tensors.
class GroupLoads {
public:
  /// \p bufferOf gives the number of the buffer that holds a block argument.
  GroupLoads(llvm::SmallVector<int64_t> domainOrder,
             std::function<unsigned(mlir::Value)> bufferOf)
      : domainOrder(std::move(domainOrder)), bufferOf(std::move(bufferOf)) {}

  /// Finds what must be loaded to compute \p value; values in \p known are
  /// there already.
  Expected<void> require(mlir::Value value,
                         const llvm::DenseSet<mlir::Value> &known);

  /// The access that reads \p value of the domain's shape as it stands.
  kernels::Access identity(mlir::RankedTensorType type, unsigned buffer) const;

  std::vector<kernels::Access> accesses;
  /// What each access stands for: a block argument, the result of an access op
  /// (broadcast, transpose, …) on one, or a one_hot, whose indices are loaded.
  llvm::SmallVector<mlir::Value> values;

  const llvm::SmallVector<int64_t> &order() const { return domainOrder; }

private:
  Expected<void> load(mlir::Value key, mlir::Value value);

  llvm::SmallVector<int64_t> domainOrder;
  std::function<unsigned(mlir::Value)> bufferOf;
  llvm::DenseSet<mlir::Value> visited;
};

/// Computes values of a group inside one kernel body.
class PointwiseBody {
public:
  PointwiseBody(kernels::BodyContext &context,
                llvm::ArrayRef<int64_t> domainOrder)
      : context(context), domainOrder(domainOrder) {}

  /// Says what \p value is; loads and row values.
  void define(mlir::Value value, mlir::Value vector) {
    vectors[value] = vector;
  }
  /// Defines the values of \p loads from the context's inputs, which start with
  /// them after \p skip others.
  void defineLoads(const GroupLoads &loads, unsigned skip = 0);

  /// The vector of \p value, computed now if need be.
  mlir::Value get(mlir::Value value);

private:
  mlir::Value build(mlir::Operation *op);
  mlir::Value indexAlong(int64_t dimension);
  mlir::Value linearIndex(mlir::RankedTensorType type);
  mlir::Value immediate(mlir::Operation *op);

  kernels::BodyContext &context;
  llvm::ArrayRef<int64_t> domainOrder;
  llvm::DenseMap<mlir::Value, mlir::Value> vectors;
  llvm::DenseMap<mlir::Value, mlir::Value> indices;
};

/// Emits Philox4x32-10 on vectors: the four words of each lane's block.
std::array<mlir::Value, 4> emitPhilox(mlir::OpBuilder &builder,
                                      mlir::Location loc,
                                      std::array<mlir::Value, 4> counter,
                                      std::array<mlir::Value, 2> key);

} // namespace nnc

#endif // NNC_CONVERSION_NNTOKERNELS_POINTWISEBODY_H

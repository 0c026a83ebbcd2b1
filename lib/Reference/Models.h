//===- Models.h - What the families of reference models share ---*- C++ -*-===//
//
// Attaching a function as an op's reference model, and walking indices.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_REFERENCE_MODELS_H
#define NNC_LIB_REFERENCE_MODELS_H

#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Reference/Tensor.h"

namespace nnc::reference {

using Operands = llvm::ArrayRef<const Tensor *>;
using Results = llvm::MutableArrayRef<Tensor>;

// One function a family, in the file of its name.
void attachConvolutionModels(mlir::MLIRContext &context);
void attachWinogradModels(mlir::MLIRContext &context);
void attachElementwiseModels(mlir::MLIRContext &context);
void attachReductionModels(mlir::MLIRContext &context);
void attachLinearModels(mlir::MLIRContext &context);
void attachShapeModels(mlir::MLIRContext &context);
void attachRandomModels(mlir::MLIRContext &context);
void attachLossModels(mlir::MLIRContext &context);
void attachOptimizerModels(mlir::MLIRContext &context);
void attachFusionModels(mlir::MLIRContext &context);
void attachLoopModels(mlir::MLIRContext &context);

/// The reference model of Op: \p function(op, operands, results, sizes).
template <typename Op, auto function>
struct Model
    : nn::ReferenceOpInterface::ExternalModel<Model<Op, function>, Op> {
  llvm::LogicalResult evaluate(mlir::Operation *op, Operands operands,
                               Results results, const Sizes &sizes) const {
    return function(llvm::cast<Op>(op), operands, results, sizes);
  }
};

/// Makes \p function, which cannot fail and needs no sizes, Op's model.
template <typename Op, auto function> void attach(mlir::MLIRContext &context) {
  constexpr auto plain = [](Op op, Operands operands, Results results,
                            const Sizes &) {
    function(op, operands, results);
    return llvm::LogicalResult::success();
  };
  Op::template attachInterface<Model<Op, plain>>(context);
}

/// Makes \p function, with the signature of Model, Op's model.
template <typename Op, auto function>
void attachFallible(mlir::MLIRContext &context) {
  Op::template attachInterface<Model<Op, function>>(context);
}

/// The element type of a tensor value.
inline mlir::Type elementTypeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

/// Calls \p function with each index of \p shape, in row-major order.
template <typename Function>
void forEachIndex(llvm::ArrayRef<int64_t> shape, Function function) {
  for (int64_t extent : shape)
    if (extent == 0)
      return;
  llvm::SmallVector<int64_t, 6> index(shape.size(), 0);
  while (true) {
    function(llvm::ArrayRef<int64_t>(index));
    int64_t dimension = shape.size() - 1;
    for (; dimension >= 0; --dimension) {
      if (++index[dimension] < shape[dimension])
        break;
      index[dimension] = 0;
    }
    if (dimension < 0)
      return;
  }
}

/// The row-major place of \p index in \p shape.
inline int64_t placeOf(llvm::ArrayRef<int64_t> index,
                       llvm::ArrayRef<int64_t> shape) {
  int64_t place = 0;
  for (size_t i = 0; i < shape.size(); ++i)
    place = place * shape[i] + index[i];
  return place;
}

/// A tensor seen as [outer, extent, inner] around one axis.
struct AxisView {
  AxisView(llvm::ArrayRef<int64_t> shape, int64_t axis) : extent(shape[axis]) {
    for (int64_t i = 0; i < axis; ++i)
      outer *= shape[i];
    for (size_t i = axis + 1; i < shape.size(); ++i)
      inner *= shape[i];
  }
  int64_t place(int64_t o, int64_t k, int64_t i) const {
    return (o * extent + k) * inner + i;
  }

  int64_t outer = 1, extent, inner = 1;
};

} // namespace nnc::reference

#endif // NNC_LIB_REFERENCE_MODELS_H

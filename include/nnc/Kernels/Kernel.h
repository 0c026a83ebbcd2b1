//===- Kernel.h - What all kernel templates share ---------------*- C++ -*-===//
//
// A kernel is a function
//
//   func.func @NAME(%buffer0: !llvm.ptr, …, [%scratch: !llvm.ptr,]
//                   %extents: !llvm.ptr, %index: i64, %count: i64)
//
// over dense row-major buffers that computes the share of thread `index` of
// `count`. The bits it computes do not depend on `count`, which may be any
// number from 1. A kernel holds no barrier; a template that needs two phases
// emits two kernels that take the same arguments, with a barrier between them.
// Buffers may be the same memory where a template says so.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_KERNELS_KERNEL_H
#define NNC_KERNELS_KERNEL_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "nnc/Kernels/TargetDescription.h"
#include "nnc/Support/Error.h"
#include <functional>
#include <optional>

namespace nnc::kernels {

/// A loop bound. With `perBatch` the bound at run time is
/// extents[0] * *perBatch / run, rounded up, never more than `capacity`.
struct Extent {
  Extent(int64_t capacity, std::optional<int64_t> perBatch = std::nullopt,
         int64_t run = 1)
      : capacity(capacity), perBatch(perBatch), run(run) {}
  int64_t capacity;
  std::optional<int64_t> perBatch;
  int64_t run;
  bool isStatic() const { return !perBatch; }
  /// How many runs of \p length there are, the last of which may be short.
  Extent runsOf(int64_t length) const {
    return {(capacity + length - 1) / length, perBatch, run * length};
  }
};

/// One buffer argument of a kernel: f32, f64, bf16, i8, i16, i32, i64 or i1
/// (stored as bytes 0 and 1), and its size in elements (at capacity).
struct Buffer {
  mlir::Type element;
  int64_t elements;
};

/// How an iteration domain reads or writes a buffer: element
/// offset + sum(strides[d] * index[d]), one stride a dimension, in elements.
/// A stride of 0 repeats an element along the dimension.
struct Access {
  unsigned buffer;
  llvm::SmallVector<int64_t> strides;
  int64_t offset = 0;
};

/// What a body sees while it is built. All vectors have one dimension of
/// `width` elements, which may be 1.
class BodyContext {
public:
  BodyContext(mlir::OpBuilder &builder, mlir::Location loc, int64_t width,
              mlir::ValueRange inputs,
              llvm::function_ref<mlir::Value(unsigned)> indexOf,
              llvm::function_ref<mlir::Value()> batchOf)
      : builder(builder), loc(loc), width(width), inputs(inputs),
        indexOf(indexOf), batchOf(batchOf) {}

  mlir::OpBuilder &builder;
  mlir::Location loc;
  int64_t width;
  /// The operands as vectors, in the order the template states.
  mlir::ValueRange inputs;

  /// The indices along domain dimension \p dimension as vector<width x i64>.
  mlir::Value index(unsigned dimension) { return indexOf(dimension); }
  /// extents[0] as i64: the number of samples in this call.
  mlir::Value batch() { return batchOf(); }
  /// A vector type of this width.
  mlir::VectorType vectorOf(mlir::Type element) const {
    return mlir::VectorType::get({width}, element);
  }

private:
  llvm::function_ref<mlir::Value(unsigned)> indexOf;
  llvm::function_ref<mlir::Value()> batchOf;
};

/// Builds the element-wise part of a kernel from arith, math and vector ops
/// that work lane by lane, and returns the result vectors. It may be called
/// more than once, with different widths, and must build the same operations
/// each time. Lanes past the edge hold zeros: integer divisions guard against
/// a zero divisor.
using Body =
    std::function<llvm::SmallVector<mlir::Value>(BodyContext &context)>;

/// How values are combined along reduced dimensions.
enum class ReduceKind : uint8_t {
  sum,
  product,
  maximum, ///< NaN if any is.
  minimum, ///< NaN if any is.
  argmax,  ///< i64 position of the first maximum; a NaN counts as largest.
  argmin,  ///< i64 position of the first minimum; a NaN counts as smallest.
};

/// One reduction: its kind and the type of the values that it takes. A sum or
/// product of i1 is not defined; cast first.
struct Reduction {
  ReduceKind kind;
  mlir::Type element;
  /// The type of the result: i64 for argmax and argmin.
  mlir::Type resultType() const;
};

/// What a template emitted.
struct Kernels {
  /// One function, or several to be called in this order with a barrier
  /// between each two.
  llvm::SmallVector<mlir::func::FuncOp, 2> phases;
  /// Bytes of the scratch argument (64-byte aligned, shared by the team, its
  /// content need not live past the last phase); 0: there is no such argument.
  int64_t scratchBytes = 0;
};

} // namespace nnc::kernels

#endif // NNC_KERNELS_KERNEL_H

//===- KernelBuilder.h - Emits loops, loads and shares ----------*- C++ -*-===//
//
// The small language the templates are written in: i64 arithmetic that folds
// constants, loops, vector memory access with strides and masks, and the share
// of a range that belongs to a thread.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_KERNELS_KERNELBUILDER_H
#define NNC_LIB_KERNELS_KERNELBUILDER_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "nnc/Kernels/Kernel.h"
#include "llvm/ADT/DenseMap.h"
#include <utility>

namespace nnc::kernels {

/// The lanes of a vector that count. Without a mask all do.
struct Lanes {
  int64_t width;
  mlir::Value mask = nullptr;
};

/// How a buffer stores elements of a type: i1 as i8, bf16 as i16.
mlir::Type storageType(mlir::Type element);
/// Bytes of a stored element.
int64_t storageBytes(mlir::Type element);

/// Bytes of a cache line.
inline constexpr int64_t lineBytes = 64;

/// What memory is asked for ahead: to be used soon, or to wait in the
/// second-level cache.
enum class Prefetch : uint8_t { soon, later };

/// As many rows of a matrix as a vector has lanes, to be written as columns:
/// lane r of the vector at to + c * toStride becomes the element at
/// from + r * fromStride + c. Matrices may not overlap.
struct Turn {
  mlir::Value from, fromStride, to, toStride;
  /// How many vectors are written.
  mlir::Value columns;
  /// Lanes from here on repeat the row before (0 or less: a row before the
  /// first); none if null.
  mlir::Value rows = nullptr;
  /// Lanes from here on are left alone; none if null.
  mlir::Value written = nullptr;
};

/// A part of a grid: [first, second) of the rows, and of the columns.
struct GridShare {
  std::pair<mlir::Value, mlir::Value> rows, columns;
};

/// Builds one kernel function.
class KernelBuilder {
public:
  /// Opens the function \p name with \p buffers, an optional scratch argument
  /// of f32, f64 or bytes, and the trailing arguments every kernel has.
  KernelBuilder(mlir::ModuleOp module, const TargetDescription &target,
                llvm::StringRef name, llvm::ArrayRef<Buffer> buffers,
                bool hasScratch);
  /// Opens a helper that kernels call(): \p name (%0: !llvm.ptr, …, %n: i64,
  /// …).
  KernelBuilder(mlir::ModuleOp module, const TargetDescription &target,
                llvm::StringRef name, unsigned pointers, unsigned numbers);

  mlir::OpBuilder builder;
  mlir::Location loc;
  const TargetDescription &target;
  mlir::func::FuncOp function;
  std::vector<Buffer> buffers;
  /// Null in a helper.
  mlir::Value scratch, extents, index, count;

  /// Ends the function. Fails with `internal` if a body gave values of a wrong
  /// number or type.
  Expected<void> finish();
  /// Checks that \p body gave \p expected values.
  void expectResults(size_t found, size_t expected);

  //===--------------------------------------------------------------------===//
  // Numbers
  //===--------------------------------------------------------------------===//

  mlir::Value constant(int64_t value);
  std::optional<int64_t> constantOf(mlir::Value value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value add(mlir::Value a, int64_t b) { return add(a, constant(b)); }
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, int64_t b) { return mul(a, constant(b)); }
  /// Unsigned quotient, remainder and rounded-up quotient.
  mlir::Value div(mlir::Value a, mlir::Value b);
  mlir::Value rem(mlir::Value a, mlir::Value b);
  mlir::Value ceilDiv(mlir::Value a, mlir::Value b);
  mlir::Value min(mlir::Value a, mlir::Value b);
  mlir::Value less(mlir::Value a, mlir::Value b);
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);

  /// extents[0].
  mlir::Value batch();
  /// The bound at run time.
  mlir::Value bound(const Extent &extent);

  //===--------------------------------------------------------------------===//
  // Control
  //===--------------------------------------------------------------------===//

  void loop(mlir::Value low, mlir::Value high, int64_t step,
            llvm::function_ref<void(mlir::Value)> body);
  /// A loop that carries values; \p body returns their next ones.
  llvm::SmallVector<mlir::Value>
  loop(mlir::Value low, mlir::Value high, int64_t step,
       mlir::ValueRange carried,
       llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value,
                                                         mlir::ValueRange)>
           body);
  void ifThen(mlir::Value condition, llvm::function_ref<void()> body);
  void ifElse(mlir::Value condition, llvm::function_ref<void()> body,
              llvm::function_ref<void()> otherwise);

  void call(mlir::func::FuncOp helper, mlir::ValueRange operands);

  /// Splits \p linear, an index into \p domain in row-major order.
  llvm::SmallVector<mlir::Value> delinearize(mlir::Value linear,
                                             llvm::ArrayRef<Extent> domain);
  /// The product of the bounds of \p domain at run time.
  mlir::Value volume(llvm::ArrayRef<Extent> domain);

  /// This thread's part [first, second) of [0, total): whole granules but for
  /// the last, no thread with fewer than about \p atLeast (of \p capacity).
  std::pair<mlir::Value, mlir::Value> share(mlir::Value total, int64_t capacity,
                                            int64_t granule, int64_t atLeast);

  /// This thread's part of the grid of at most \p most threads whose largest
  /// part of \p rows times \p columns is least; of several, the grid with most
  /// parts of the columns, or of the rows if \p moreRows.
  GridShare shareGrid(mlir::Value rows, mlir::Value columns, int64_t most,
                      bool moreRows);

  //===--------------------------------------------------------------------===//
  // Vectors and memory
  //===--------------------------------------------------------------------===//

  mlir::VectorType vectorType(int64_t width, mlir::Type element) {
    return mlir::VectorType::get({width}, element);
  }
  mlir::Value splatConstant(mlir::Type element, int64_t width, double value);
  mlir::Value splat(mlir::Value scalar, int64_t width);
  mlir::Value extract(mlir::Value vector, int64_t lane);
  mlir::Value shuffle(mlir::Value a, mlir::Value b,
                      llvm::ArrayRef<int64_t> lanes);
  /// Carries out \p turn for vectors of \p lanes elements of 4 or 8 bytes.
  /// If it \p widens, elements of bf16 are written as f32.
  void turn(mlir::Type element, int64_t lanes, const Turn &turn,
            bool widens = false);
  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value c);
  /// \p c plus, in each lane of f32, the product of the pair of bf16 that the
  /// lane of \p a holds with that of \p b. Only where the target has bf16.
  mlir::Value dotPairs(mlir::Value a, mlir::Value b, mlir::Value c);
  /// Pairs of bf16, one a lane of f32: the lane of \p first, and that of
  /// \p second behind it.
  mlir::Value pairUp(mlir::Value first, mlir::Value second);
  /// \p value as f32 if it is of bf16, else as it is.
  mlir::Value widen(mlir::Value value);
  /// 0, 1, 2, … plus \p base, as i64.
  mlir::Value iota(mlir::Value base, int64_t width);
  /// The first \p live of \p width lanes; constant if \p live is.
  Lanes firstLanes(mlir::Value live, int64_t width);

  /// Memory for \p count elements on the stack, in the entry block.
  mlir::Value stack(mlir::Type element, int64_t count);

  mlir::Value pointer(mlir::Value base, mlir::Type element, mlir::Value at);
  /// \p at counts elements from \p base. Masked lanes read as zero.
  mlir::Value load(mlir::Value base, mlir::Type element, mlir::Value at,
                   const Lanes &lanes, int64_t stride = 1);
  mlir::Value loadScalar(mlir::Value base, mlir::Type element, mlir::Value at);
  /// Asks for \p count elements, \p ahead elements behind \p base, to be
  /// brought near; they need not exist.
  void prefetch(mlir::Value base, mlir::Type element, int64_t ahead,
                int64_t count, Prefetch use = Prefetch::soon);
  void store(mlir::Value vector, mlir::Value base, mlir::Value at,
             const Lanes &lanes, int64_t stride = 1);
  /// Stores \p vector where it is read much later and lines around it are not
  /// written soon: past the caches, if it is a whole cache line. Its address is
  /// a multiple of its size.
  void storeFar(mlir::Value vector, mlir::Value base, mlir::Value at);
  /// Entry \p at of a list of addresses.
  void storeAddress(mlir::Value address, mlir::Value list, mlir::Value at);
  mlir::Value loadAddress(mlir::Value list, mlir::Value at);

  /// offset + sum(strides * indices) over the leading dimensions given.
  mlir::Value element(const Access &access, mlir::ValueRange indices);
  mlir::Value load(const Access &access, mlir::Value at, const Lanes &lanes) {
    return load(pointerOf(access), elementOf(access), at, lanes,
                access.strides.empty() ? 1 : access.strides.back());
  }
  void store(mlir::Value vector, const Access &access, mlir::Value at,
             const Lanes &lanes);
  mlir::Value pointerOf(const Access &access) {
    return function.getArgument(access.buffer);
  }
  mlir::Type elementOf(const Access &access) const {
    return buffers[access.buffer].element;
  }

private:
  mlir::Value constant(mlir::TypedAttr attribute);
  /// Elements 0, 2, 4, … from \p at on, of which those of \p live count.
  mlir::Value loadEverySecond(mlir::Value base, mlir::Type storage,
                              mlir::Value at, int64_t width,
                              mlir::DenseElementsAttr live);
  void open(mlir::ModuleOp module, llvm::StringRef name,
            llvm::ArrayRef<mlir::Type> types);
  mlir::Value batchValue;
  /// Whether a line was stored past the caches.
  bool streams = false;
  std::string failure;
  llvm::DenseMap<mlir::Attribute, mlir::Value> constants;
};

/// The accesses of one sweep at a row: where they start, and the elements that
/// the whole row shares.
struct RowAccesses {
  RowAccesses(KernelBuilder &kernel, llvm::ArrayRef<Access> accesses,
              mlir::ValueRange indices, bool hoist);
  /// The vector of access \p number at \p column.
  mlir::Value load(KernelBuilder &kernel, unsigned number, mlir::Value column,
                   const Lanes &lanes) const;
  void store(KernelBuilder &kernel, unsigned number, mlir::Value value,
             mlir::Value column, const Lanes &lanes) const;

private:
  mlir::Value at(KernelBuilder &kernel, unsigned number,
                 mlir::Value column) const;
  llvm::ArrayRef<Access> accesses;
  llvm::SmallVector<mlir::Value> bases, scalars;
};

/// The vector width for kernels over \p buffers: lanes of the widest
/// floating-point element, or of 4 bytes.
int64_t vectorWidth(const TargetDescription &target,
                    llvm::ArrayRef<Buffer> buffers);

/// Whether edges may be handled with masks: every access along the vectorised
/// (last) dimension has a fast masked form on \p target.
bool canMask(const TargetDescription &target, llvm::ArrayRef<Buffer> buffers,
             llvm::ArrayRef<Access> loads, llvm::ArrayRef<Access> stores);

/// Checks that \p accesses over \p domain stay inside their buffers and that
/// element types are supported. \p kernel names the culprit.
Expected<void> checkAccesses(llvm::StringRef kernel,
                             llvm::ArrayRef<Extent> domain,
                             llvm::ArrayRef<Buffer> buffers,
                             llvm::ArrayRef<Access> accesses);

/// Calls \p emit for [low, high) in steps of \p width, then for the rest: once
/// under a mask if \p masked, else lane by lane. \p rest says whether a rest
/// is possible at all, \p full whether a full vector is.
void vectorLoop(KernelBuilder &kernel, mlir::Value low, mlir::Value high,
                int64_t width, bool masked, bool full, bool rest,
                llvm::function_ref<void(mlir::Value, const Lanes &)> emit);

} // namespace nnc::kernels

#endif // NNC_LIB_KERNELS_KERNELBUILDER_H

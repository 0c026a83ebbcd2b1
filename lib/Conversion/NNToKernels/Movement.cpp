//===- Movement.cpp - Kernels that only move elements ---------------------===//

#include "GroupKernels.h"
#include "PointwiseBody.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "nnc/Kernels/Contraction.h"
#include "nnc/Kernels/Map.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// A map over \p domain that writes \p output from \p inputs by \p body.
static Expected<kernels::Kernels>
emitSimpleMap(LoweringContext &context, StringRef stem, Operation *op,
              RankedTensorType domain, std::vector<kernels::Buffer> buffers,
              std::vector<kernels::Access> inputs, kernels::Access output,
              kernels::Body body) {
  auto extents = extentsOf(domain, op);
  if (!extents)
    return fail(std::move(extents).error());
  kernels::MapSpec spec;
  spec.name = context.kernelName(stem);
  spec.domain = *extents;
  spec.buffers = std::move(buffers);
  spec.inputs = std::move(inputs);
  spec.outputs = {std::move(output)};
  spec.body = std::move(body);
  return kernels::emitMap(context.module, context.target, spec);
}

static SmallVector<Value> passOn(kernels::BodyContext &body) {
  return {body.inputs[0]};
}

Expected<LoweredOp> nnc::lowerCopy(LoweringContext &context, Operation *anchor,
                                   Value from, Value to) {
  RankedTensorType type = typeOf(from);
  SmallVector<int64_t> strides = stridesOf(type);
  auto kernels = emitSimpleMap(context, "copy", anchor, type,
                               {bufferFor(type), bufferFor(type)},
                               {{0, strides, 0}}, {1, strides, 0}, passOn);
  if (!kernels)
    return fail(std::move(kernels).error());
  return LoweredOp{*kernels, {from, to}};
}

Expected<LoweredOp> nnc::lowerImmediate(LoweringContext &context,
                                        Operation *op) {
  RankedTensorType type = typeOf(op->getResult(0));
  Value result = op->getResult(0);
  auto kernels =
      emitSimpleMap(context, "fill", op, type, {bufferFor(type)}, {},
                    {0, stridesOf(type), 0}, [=](kernels::BodyContext &body) {
                      PointwiseBody pointwise(body, {});
                      return SmallVector<Value>{pointwise.get(result)};
                    });
  if (!kernels)
    return fail(std::move(kernels).error());
  return LoweredOp{*kernels, {result}};
}

//===----------------------------------------------------------------------===//
// Concat and pad
//===----------------------------------------------------------------------===//

/// Users of \p value that join it with others.
static int64_t countJoins(Value value) {
  return llvm::count_if(value.getUsers(),
                        [](Operation *user) { return isa<ConcatOp>(user); });
}

/// Joined values that a group may write one result to, or one of its parts.
static constexpr int64_t mostJoins = 3;

/// Whether a group gives \p value that can write it anywhere. Fixed values are
/// left where they are: they are computed once for many joined ones.
static bool isWrittenByGroup(const LoweringContext &context, Value value) {
  if (context.fixed.contains(value))
    return false;
  auto group = value.getDefiningOp<FusionOp>();
  if (!group || countJoins(value) > mostJoins)
    return false;
  switch (group.getKind()) {
  case GroupKind::map:
  case GroupKind::column_reduce:
    return true;
  case GroupKind::contraction:
    return !group.getBody().front().getOps<MatmulOp>().empty() ||
           !group.getBody().front().getOps<PanelMatmulOp>().empty();
  case GroupKind::row_sweep:
    return false;
  }
  llvm_unreachable("all kinds are above");
}

/// Whether \p part of a joined value is written by the groups that compute it:
/// it is a result of one, or such results joined.
static bool isPlaced(const LoweringContext &context, Value part) {
  if (isWrittenByGroup(context, part))
    return true;
  auto concat = part.getDefiningOp<ConcatOp>();
  return concat && countJoins(part) <= mostJoins &&
         llvm::all_of(concat.getParts(), [&](Value inner) {
           return isWrittenByGroup(context, inner);
         });
}

/// Whether anything reads the memory of \p value but as a part of others.
static bool isRead(const LoweringContext &context, Value value) {
  return !isPlaced(context, value) || countJoins(value) == 0 ||
         !llvm::all_of(value.getUsers(),
                       [](Operation *user) { return isa<ConcatOp>(user); });
}

void nnc::placeParts(LoweringContext &context, func::FuncOp function) {
  auto place = [&](auto &self, ConcatOp concat, const ValuePlace &at) -> void {
    ValuePlace inner = at;
    for (Value part : concat.getParts()) {
      if (isWrittenByGroup(context, part)) {
        context.places[part].push_back(inner);
        if (!isRead(context, part))
          context.onlyInPlaces.insert(part);
      } else if (isPlaced(context, part)) {
        self(self, part.getDefiningOp<ConcatOp>(), inner);
      }
      inner.offset += typeOf(part).getDimSize(concat.getAxis()) *
                      at.strides[concat.getAxis()];
    }
  };
  for (auto concat : function.getBody().front().getOps<ConcatOp>())
    if (isRead(context, concat.getY()))
      place(place, concat, {concat.getY(), 0, stridesOf(concat.getType())});
}

static Expected<SmallVector<LoweredOp>> lowerConcat(LoweringContext &context,
                                                    ConcatOp op) {
  SmallVector<LoweredOp> lowered;
  SmallVector<int64_t> strides = stridesOf(op.getType());
  for (Value part : op.getParts())
    if (!isa<AffineConstantExpr>(sizesOf(typeOf(part))[op.getAxis()]))
      return fail(unsupportedAt(op, "joining along a dimension of open size"));
  if (!isRead(context, op.getY()))
    return lowered;
  int64_t start = 0;
  for (Value part : op.getParts()) {
    RankedTensorType type = typeOf(part);
    if (isPlaced(context, part)) {
      start += type.getDimSize(op.getAxis());
      continue;
    }
    auto kernels = emitSimpleMap(
        context, "concat", op, type, {bufferFor(type), bufferFor(op.getType())},
        {{0, stridesOf(type), 0}}, {1, strides, 0}, passOn);
    if (!kernels)
      return fail(std::move(kernels).error());
    int64_t bytes = std::max(1u, op.getType().getElementTypeBitWidth() / 8) *
                    start * strides[op.getAxis()];
    lowered.push_back({*kernels, {part, op.getY()}, {0, bytes}});
    start += type.getDimSize(op.getAxis());
  }
  return lowered;
}

static Expected<SmallVector<LoweredOp>> lowerPad(LoweringContext &context,
                                                 PadOp op) {
  SmallVector<LoweredOp> lowered;
  RankedTensorType type = op.getType(), source = typeOf(op.getX());
  SmallVector<int64_t> strides = stridesOf(type);
  double value = op.getValue().convertToDouble();
  auto filled = emitSimpleMap(
      context, "fill", op, type, {bufferFor(type)}, {}, {0, strides, 0},
      [=](kernels::BodyContext &body) {
        VectorType vector = body.vectorOf(type.getElementType());
        Attribute number =
            isa<FloatType>(type.getElementType())
                ? Attribute(FloatAttr::get(type.getElementType(), value))
                : Attribute(
                      IntegerAttr::get(type.getElementType(), (int64_t)value));
        return SmallVector<Value>{arith::ConstantOp::create(
            body.builder, body.loc, DenseElementsAttr::get(vector, number))};
      });
  if (!filled)
    return fail(std::move(filled).error());
  lowered.push_back({*filled, {op.getY()}});
  kernels::Access inner{1, {}, 0};
  for (auto [i, stride] : llvm::enumerate(strides)) {
    inner.strides.push_back(stride * (op.getInterior()[i] + 1));
    inner.offset += stride * op.getLow()[i];
  }
  auto copy = emitSimpleMap(context, "pad", op, source,
                            {bufferFor(source), bufferFor(type)},
                            {{0, stridesOf(source), 0}}, inner, passOn);
  if (!copy)
    return fail(std::move(copy).error());
  lowered.push_back({*copy, {op.getX(), op.getY()}});
  return lowered;
}

//===----------------------------------------------------------------------===//
// Gather and scatter_add
//===----------------------------------------------------------------------===//

namespace {
/// Emits a kernel of plain loops over pointers.
class LoopKernel {
public:
  LoopKernel(LoweringContext &context, StringRef stem, Location loc,
             unsigned buffers)
      : builder(context.module.getContext()), loc(loc) {
    builder.setInsertionPointToEnd(context.module.getBody());
    SmallVector<Type> types(buffers + 1,
                            LLVM::LLVMPointerType::get(builder.getContext()));
    types.append(2, builder.getI64Type());
    function = func::FuncOp::create(builder, loc, context.kernelName(stem),
                                    builder.getFunctionType(types, {}));
    builder.setInsertionPointToStart(function.addEntryBlock());
    extents = function.getArgument(buffers);
    index = function.getArgument(buffers + 1);
    count = function.getArgument(buffers + 2);
  }

  Value number(int64_t value) {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getI64IntegerAttr(value));
  }
  /// The bound of \p extent at run time.
  Value bound(const kernels::Extent &extent) {
    if (extent.isStatic())
      return number(extent.capacity);
    Value batch =
        LLVM::LoadOp::create(builder, loc, builder.getI64Type(), extents);
    return arith::MulIOp::create(builder, loc, batch, number(*extent.perBatch));
  }
  /// This thread's part [first, last) of [0, total).
  std::pair<Value, Value> share(Value total) {
    auto cut = [&](Value part) -> Value {
      return arith::DivSIOp::create(
          builder, loc, arith::MulIOp::create(builder, loc, total, part),
          count);
    };
    Value next = arith::AddIOp::create(builder, loc, index, number(1));
    return {cut(index), cut(next)};
  }
  void loop(Value first, Value last, function_ref<void(Value)> body) {
    scf::ForOp::create(builder, loc, first, last, number(1), ValueRange{},
                       [&](OpBuilder &inner, Location, Value i, ValueRange) {
                         OpBuilder saved = builder;
                         builder = inner;
                         body(i);
                         scf::YieldOp::create(builder, loc);
                         builder = saved;
                       });
  }
  Value at(unsigned buffer, Type element, Value offset) {
    auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
    return LLVM::GEPOp::create(builder, loc, pointer, element,
                               function.getArgument(buffer),
                               ArrayRef<LLVM::GEPArg>{offset});
  }
  Value load(unsigned buffer, Type element, Value offset) {
    return LLVM::LoadOp::create(builder, loc, element,
                                at(buffer, element, offset));
  }
  void store(Value value, unsigned buffer, Value offset) {
    LLVM::StoreOp::create(builder, loc, value,
                          at(buffer, value.getType(), offset));
  }
  Value add(Value a, Value b) {
    return arith::AddIOp::create(builder, loc, a, b);
  }
  Value multiply(Value a, int64_t b) {
    return arith::MulIOp::create(builder, loc, a, number(b));
  }
  /// The row that an index names, clamped to [0, rows).
  Value row(unsigned buffer, Type element, Value offset, int64_t rows) {
    Value value = load(buffer, element, offset);
    if (!element.isInteger(64))
      value = arith::ExtSIOp::create(builder, loc, builder.getI64Type(), value);
    value = arith::MaxSIOp::create(builder, loc, value, number(0));
    return arith::MinSIOp::create(builder, loc, value, number(rows - 1));
  }
  kernels::Kernels finish() {
    func::ReturnOp::create(builder, loc);
    return {{function}, 0};
  }

  OpBuilder builder;
  Location loc;
  func::FuncOp function;
  Value extents, index, count;
};
} // namespace

/// Elements of memory of one value; booleans are bytes.
static Type storageOf(RankedTensorType type) {
  Type element = type.getElementType();
  return element.isInteger(1) ? IntegerType::get(element.getContext(), 8)
                              : element;
}

/// The extent of all dimensions of \p type together.
static Expected<kernels::Extent> totalExtent(RankedTensorType type,
                                             Operation *op) {
  auto extents = extentsOf(type, op);
  if (!extents)
    return fail(std::move(extents).error());
  kernels::Extent total(1);
  for (const kernels::Extent &extent : *extents) {
    total.capacity *= extent.capacity;
    if (!total.isStatic() || !extent.isStatic())
      total.perBatch =
          total.perBatch.value_or(total.capacity / extent.capacity) *
          extent.perBatch.value_or(extent.capacity);
  }
  return total;
}

static Expected<SmallVector<LoweredOp>> lowerGather(LoweringContext &context,
                                                    GatherOp op) {
  auto indices = typeOf(op.getIndices());
  auto total = totalExtent(indices, op);
  if (!total)
    return fail(std::move(total).error());
  RankedTensorType source = typeOf(op.getX());
  int64_t rows = source.getDimSize(0);
  int64_t rowSize = rows ? source.getNumElements() / rows : 0;
  Type element = storageOf(source);
  LoopKernel kernel(context, "gather", op.getLoc(), 3);
  auto [first, last] = kernel.share(kernel.bound(*total));
  kernel.loop(first, last, [&](Value i) {
    Value row = kernel.row(1, indices.getElementType(), i, rows);
    Value from = kernel.multiply(row, rowSize),
          to = kernel.multiply(i, rowSize);
    kernel.loop(kernel.number(0), kernel.number(rowSize), [&](Value j) {
      kernel.store(kernel.load(0, element, kernel.add(from, j)), 2,
                   kernel.add(to, j));
    });
  });
  return SmallVector<LoweredOp>{
      {kernel.finish(), {op.getX(), op.getIndices(), op.getY()}}};
}

static Expected<SmallVector<LoweredOp>>
lowerScatterAdd(LoweringContext &context, ScatterAddOp op) {
  auto indices = typeOf(op.getIndices());
  auto total = totalExtent(indices, op);
  if (!total)
    return fail(std::move(total).error());
  auto copy = lowerCopy(context, op, op.getX(), op.getY());
  if (!copy)
    return fail(std::move(copy).error());
  RankedTensorType type = op.getType();
  int64_t rows = type.getDimSize(0);
  int64_t rowSize = rows ? type.getNumElements() / rows : 0;
  Type element = type.getElementType();
  // Threads share the columns, so that each sum has one order.
  LoopKernel kernel(context, "scatter", op.getLoc(), 3);
  auto [first, last] = kernel.share(kernel.number(rowSize));
  kernel.loop(kernel.number(0), kernel.bound(*total), [&](Value i) {
    Value row = kernel.row(0, indices.getElementType(), i, rows);
    Value to = kernel.multiply(row, rowSize),
          from = kernel.multiply(i, rowSize);
    kernel.loop(first, last, [&](Value j) {
      Value target = kernel.add(to, j);
      ScalarExpr old(kernel.builder, op.getLoc(),
                     kernel.load(2, element, target));
      ScalarExpr update(kernel.builder, op.getLoc(),
                        kernel.load(1, element, kernel.add(from, j)));
      kernel.store(old + update, 2, target);
    });
  });
  return SmallVector<LoweredOp>{
      *copy, {kernel.finish(), {op.getIndices(), op.getUpdates(), op.getY()}}};
}

static Expected<SmallVector<LoweredOp>>
lowerColumnPanels(LoweringContext &context, ColumnPanelsOp op) {
  RankedTensorType w = op.getW().getType();
  bool turned = op.getTransposed();
  auto kernels = kernels::emitColumnPanels(
      context.module, context.target,
      {context.kernelName("column_panels"), w.getElementType(),
       w.getDimSize(turned ? 1 : 0), w.getDimSize(turned ? 0 : 1), turned,
       int64_t(op.getPanel()), int64_t(op.getGates())});
  if (!kernels)
    return fail(std::move(kernels).error());
  return SmallVector<LoweredOp>{{*kernels, {op.getW(), op.getP()}}};
}

Expected<SmallVector<LoweredOp>> nnc::lowerMovement(LoweringContext &context,
                                                    Operation *op) {
  if (auto concat = dyn_cast<ConcatOp>(op))
    return lowerConcat(context, concat);
  if (auto pad = dyn_cast<PadOp>(op))
    return lowerPad(context, pad);
  if (auto gather = dyn_cast<GatherOp>(op))
    return lowerGather(context, gather);
  if (auto scatter = dyn_cast<ScatterAddOp>(op))
    return lowerScatterAdd(context, scatter);
  if (auto panels = dyn_cast<ColumnPanelsOp>(op))
    return lowerColumnPanels(context, panels);
  if (auto unpool = dyn_cast<MaxUnpool2dOp>(op);
      unpool && isUnpooledByReaders(context, unpool))
    return SmallVector<LoweredOp>{};
  if (auto image = lowerImageOp(context, op)) {
    if (!*image)
      return fail(std::move(*image).error());
    return SmallVector<LoweredOp>{std::move(**image)};
  }
  return fail(unsupportedAt(op, "generating code for this op"));
}

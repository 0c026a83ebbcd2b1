//===- Shape.cpp - Reference evaluation of ops that move elements ---------===//

#include "Models.h"
#include <algorithm>

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;
using namespace nnc::reference;

/// Sets each element of \p y to the element of \p x at the place that
/// \p source gives for y's index; a negative one leaves it.
template <typename Source>
static void moveElements(const Tensor &x, Tensor &y, Source source) {
  x.visit([&](const auto &from) {
    using Values = std::decay_t<decltype(from)>;
    SmallVector<int64_t> shape(y.shape());
    y.visit([&](auto &to) {
      if constexpr (std::is_same_v<Values, std::decay_t<decltype(to)>>) {
        int64_t place = 0;
        forEachIndex(shape, [&](ArrayRef<int64_t> index) {
          if (int64_t origin = source(index); origin >= 0)
            to[place] = from[origin];
          ++place;
        });
      }
    });
  });
}

//===----------------------------------------------------------------------===//
// ConstantOp and DimSizeOp
//===----------------------------------------------------------------------===//

static LogicalResult evaluateConstant(ConstantOp op, Operands, Results results,
                                      const Sizes &) {
  std::optional<Tensor> value = Tensor::fromAttribute(op.getValue());
  if (!value)
    return op.emitOpError("holds no list of elements");
  results[0] = std::move(*value);
  return success();
}

static LogicalResult evaluateDimSize(DimSizeOp op, Operands, Results results,
                                     const Sizes &sizes) {
  std::optional<int64_t> size = sizes.evaluate(op.getSize().getSizes()[0]);
  if (!size)
    return op.emitOpError("size is not known");
  results[0].fill(*size);
  return success();
}

//===----------------------------------------------------------------------===//
// BroadcastOp, ReshapeOp, TransposeOp
//===----------------------------------------------------------------------===//

static void evaluateBroadcast(BroadcastOp op, Operands operands,
                              Results results) {
  ArrayRef<int64_t> dimensions = op.getDimensions();
  ArrayRef<int64_t> shape = operands[0]->shape();
  moveElements(*operands[0], results[0], [&](ArrayRef<int64_t> index) {
    int64_t place = 0;
    for (size_t i = 0; i < shape.size(); ++i)
      place = place * shape[i] + index[dimensions[i]];
    return place;
  });
}

static LogicalResult evaluateReshape(ReshapeOp op, Operands operands,
                                     Results results, const Sizes &) {
  if (operands[0]->size() != results[0].size())
    return op.emitOpError("has an operand of ")
           << operands[0]->size() << " elements and a result of "
           << results[0].size();
  int64_t place = 0;
  moveElements(*operands[0], results[0],
               [&](ArrayRef<int64_t>) { return place++; });
  return success();
}

static void evaluateTranspose(TransposeOp op, Operands operands,
                              Results results) {
  ArrayRef<int64_t> permutation = op.getPermutation();
  SmallVector<int64_t> source(permutation.size());
  moveElements(*operands[0], results[0], [&](ArrayRef<int64_t> index) {
    for (size_t i = 0; i < index.size(); ++i)
      source[permutation[i]] = index[i];
    return placeOf(source, operands[0]->shape());
  });
}

//===----------------------------------------------------------------------===//
// ConcatOp, SliceOp, PadOp, ReverseOp
//===----------------------------------------------------------------------===//

static void evaluateConcat(ConcatOp op, Operands operands, Results results) {
  int64_t axis = op.getAxis(), start = 0;
  for (const Tensor *part : operands) {
    int64_t extent = part->shape()[axis];
    moveElements(*part, results[0], [&](ArrayRef<int64_t> index) -> int64_t {
      SmallVector<int64_t> source(index);
      source[axis] -= start;
      if (source[axis] < 0 || source[axis] >= extent)
        return -1;
      return placeOf(source, part->shape());
    });
    start += extent;
  }
}

static void evaluateSlice(SliceOp op, Operands operands, Results results) {
  moveElements(*operands[0], results[0], [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> source(index);
    for (size_t i = 0; i < source.size(); ++i)
      source[i] = op.getStarts()[i] + source[i] * op.getSteps()[i];
    return placeOf(source, operands[0]->shape());
  });
}

static void evaluatePad(PadOp op, Operands operands, Results results) {
  results[0].fill(op.getValue().convertToDouble());
  ArrayRef<int64_t> shape = operands[0]->shape();
  moveElements(*operands[0], results[0],
               [&](ArrayRef<int64_t> index) -> int64_t {
                 SmallVector<int64_t> source(index);
                 for (size_t i = 0; i < source.size(); ++i) {
                   int64_t gap = op.getInterior()[i] + 1;
                   int64_t offset = source[i] - op.getLow()[i];
                   if (offset < 0 || offset % gap || offset / gap >= shape[i])
                     return -1;
                   source[i] = offset / gap;
                 }
                 return placeOf(source, shape);
               });
}

static void evaluateReverse(ReverseOp op, Operands operands, Results results) {
  ArrayRef<int64_t> shape = operands[0]->shape();
  moveElements(*operands[0], results[0], [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> source(index);
    for (int64_t axis : op.getAxes())
      source[axis] = shape[axis] - 1 - source[axis];
    return placeOf(source, shape);
  });
}

//===----------------------------------------------------------------------===//
// IotaOp and OneHotOp
//===----------------------------------------------------------------------===//

static void evaluateIota(IotaOp op, Operands, Results results) {
  SmallVector<int64_t> shape(results[0].shape());
  results[0].visit([&](auto &y) {
    int64_t place = 0;
    forEachIndex(shape, [&](ArrayRef<int64_t> index) {
      y[place++] = index[op.getAxis()];
    });
  });
}

static void evaluateOneHot(OneHotOp, Operands operands, Results results) {
  ArrayRef<int64_t> indices = operands[0]->integers();
  int64_t classes = results[0].shape().back();
  results[0].visit([&](auto &y) {
    for (size_t i = 0; i < indices.size(); ++i)
      if (indices[i] >= 0 && indices[i] < classes)
        y[i * classes + indices[i]] = 1;
  });
}

//===----------------------------------------------------------------------===//
// GatherOp and ScatterAddOp
//===----------------------------------------------------------------------===//

/// The number of elements of one row of \p x.
static int64_t rowSize(const Tensor &x) {
  int64_t size = 1;
  for (int64_t extent : x.shape().drop_front())
    size *= extent;
  return size;
}

static LogicalResult evaluateGather(GatherOp op, Operands operands,
                                    Results results, const Sizes &) {
  const Tensor &x = *operands[0];
  ArrayRef<int64_t> indices = operands[1]->integers();
  int64_t rows = x.shape()[0], width = rowSize(x);
  if (rows == 0 && results[0].size() != 0)
    return op.emitOpError("chooses from no rows");
  int64_t place = 0;
  moveElements(x, results[0], [&](ArrayRef<int64_t>) {
    int64_t row = indices[place / width], column = place % width;
    ++place;
    return std::clamp<int64_t>(row, 0, rows - 1) * width + column;
  });
  return success();
}

static LogicalResult evaluateScatterAdd(ScatterAddOp op, Operands operands,
                                        Results results, const Sizes &) {
  ArrayRef<int64_t> indices = operands[1]->integers();
  int64_t rows = operands[0]->shape()[0], width = rowSize(*operands[0]);
  if (rows == 0 && operands[2]->size() != 0)
    return op.emitOpError("updates no rows");
  results[0] = *operands[0];
  Type type = elementTypeOf(op.getY());
  for (int64_t i = 0; i < operands[2]->size(); ++i) {
    int64_t row = std::clamp<int64_t>(indices[i / width], 0, rows - 1);
    int64_t to = row * width + i % width;
    if (results[0].kind() == ElementKind::floating)
      results[0].floats()[to] += operands[2]->floats()[i];
    else
      results[0].integers()[to] =
          wrapTo(uint64_t(results[0].integers()[to]) +
                     uint64_t(operands[2]->integers()[i]),
                 type);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// All of the family
//===----------------------------------------------------------------------===//

void reference::attachShapeModels(MLIRContext &context) {
  attachFallible<ConstantOp, evaluateConstant>(context);
  attachFallible<DimSizeOp, evaluateDimSize>(context);
  attach<BroadcastOp, evaluateBroadcast>(context);
  attachFallible<ReshapeOp, evaluateReshape>(context);
  attach<TransposeOp, evaluateTranspose>(context);
  attach<ConcatOp, evaluateConcat>(context);
  attach<SliceOp, evaluateSlice>(context);
  attach<PadOp, evaluatePad>(context);
  attach<ReverseOp, evaluateReverse>(context);
  attach<IotaOp, evaluateIota>(context);
  attach<OneHotOp, evaluateOneHot>(context);
  attachFallible<GatherOp, evaluateGather>(context);
  attachFallible<ScatterAddOp, evaluateScatterAdd>(context);
}

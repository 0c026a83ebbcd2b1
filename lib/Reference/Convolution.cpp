//===- Convolution.cpp - Reference evaluation of windows ------------------===//

#include "Models.h"
#include "nnc/Dialect/NN/IR/Window.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;
using namespace nnc::reference;

//===----------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------===//

namespace {
/// One product of a convolution: row-major places in x, w and y.
struct Term {
  int64_t image, x, w, y;
};
} // namespace

/// Calls \p visit with each product of the convolution \p op of images of
/// shape \p x with filters of shape \p w to \p y.
template <typename Op, typename Visit>
static void forEachTerm(Op op, ArrayRef<int64_t> x, ArrayRef<int64_t> w,
                        ArrayRef<int64_t> y, Visit visit) {
  Windows windows = makeWindows(w.drop_front(2), op.getStrides(),
                                op.getPadding(), op.getDilations());
  int64_t filtersPerGroup = y[1] / int64_t(op.getGroups());
  forEachIndex(y, [&](ArrayRef<int64_t> at) {
    int64_t group = at[1] / filtersPerGroup;
    for (int64_t c = 0; c < w[1]; ++c)
      for (int64_t p = 0; p < w[2]; ++p)
        for (int64_t q = 0; q < w[3]; ++q) {
          int64_t row = windows[0].element(at[2], p);
          int64_t column = windows[1].element(at[3], q);
          if (row < 0 || row >= x[2] || column < 0 || column >= x[3])
            continue;
          visit(Term{at[0], placeOf({at[0], group * w[1] + c, row, column}, x),
                     placeOf({at[1], c, p, q}, w), placeOf(at, y)});
        }
  });
}

static void evaluateConv2d(Conv2dOp op, Operands operands, Results results) {
  ArrayRef<double> x = operands[0]->floats(), w = operands[1]->floats();
  MutableArrayRef<double> y = results[0].floats();
  forEachTerm(op, operands[0]->shape(), operands[1]->shape(),
              results[0].shape(),
              [&](const Term &term) { y[term.y] += x[term.x] * w[term.w]; });
}

static void evaluateDataGradient(Conv2dDataGradientOp op, Operands operands,
                                 Results results) {
  ArrayRef<double> dy = operands[0]->floats(), w = operands[1]->floats();
  MutableArrayRef<double> dx = results[0].floats();
  forEachTerm(op, results[0].shape(), operands[1]->shape(),
              operands[0]->shape(),
              [&](const Term &term) { dx[term.x] += dy[term.y] * w[term.w]; });
}

static void evaluateWeightGradient(Conv2dWeightGradientOp op, Operands operands,
                                   Results results) {
  ArrayRef<double> x = operands[0]->floats(), dy = operands[1]->floats();
  MutableArrayRef<double> dw = results[0].floats();
  forEachTerm(op, operands[0]->shape(), results[0].shape(),
              operands[1]->shape(),
              [&](const Term &term) { dw[term.w] += x[term.x] * dy[term.y]; });
}

static void evaluateWeightParts(Conv2dWeightPartsOp op, Operands operands,
                                Results results) {
  ArrayRef<double> x = operands[0]->floats(), dy = operands[1]->floats();
  MutableArrayRef<double> y = results[0].floats();
  ArrayRef<int64_t> w = results[0].shape().drop_front();
  int64_t parts = op.getParts(), images = operands[0]->shape()[0];
  int64_t elements = results[0].size() / parts, run = op.getRun().value_or(1);
  int64_t runs = (images + run - 1) / run;
  forEachTerm(op, operands[0]->shape(), w, operands[1]->shape(),
              [&](const Term &term) {
                // The last part that begins at or before the image.
                int64_t part = parts - 1;
                while (part * runs / parts * run > term.image)
                  --part;
                y[part * elements + term.w] += x[term.x] * dy[term.y];
              });
}

//===----------------------------------------------------------------------===//
// Pooling
//===----------------------------------------------------------------------===//

/// Calls \p visit with the place in x of each element of the window \p at that
/// lies inside of x, and with its index within the image.
template <typename Visit>
static void forEachInWindow(const Windows &windows, ArrayRef<int64_t> x,
                            ArrayRef<int64_t> at, Visit visit) {
  for (int64_t p = 0; p < windows[0].taps; ++p)
    for (int64_t q = 0; q < windows[1].taps; ++q) {
      int64_t row = windows[0].element(at[2], p);
      int64_t column = windows[1].element(at[3], q);
      if (row >= 0 && row < x[2] && column >= 0 && column < x[3])
        visit(placeOf({at[0], at[1], row, column}, x), row * x[3] + column);
    }
}

static void evaluateMaxPool2d(MaxPool2dOp op, Operands operands,
                              Results results) {
  Windows windows =
      makeWindows(op.getKernel(), op.getStrides(), op.getPadding());
  ArrayRef<double> x = operands[0]->floats();
  ArrayRef<int64_t> shape = results[0].shape();
  forEachIndex(shape, [&](ArrayRef<int64_t> at) {
    double largest = 0;
    int64_t index = -1;
    forEachInWindow(
        windows, operands[0]->shape(), at, [&](int64_t place, int64_t inImage) {
          bool wins = index < 0 || x[place] > largest ||
                      (std::isnan(x[place]) && !std::isnan(largest));
          if (!wins)
            return;
          largest = x[place];
          index = inImage;
        });
    results[0].floats()[placeOf(at, shape)] = largest;
    results[1].integers()[placeOf(at, shape)] = index;
  });
}

/// Calls \p visit with each place of \p index's shape and the place that it
/// names in images of shape \p whole.
template <typename Visit>
static void forEachPooled(const Tensor &index, ArrayRef<int64_t> whole,
                          Visit visit) {
  int64_t image = whole[2] * whole[3];
  int64_t pooled = index.shape()[2] * index.shape()[3];
  for (int64_t place = 0; place < index.size(); ++place)
    visit(place,
          place / pooled * image +
              std::clamp<int64_t>(index.integers()[place], 0, image - 1));
}

static void evaluateMaxUnpool2d(MaxUnpool2dOp, Operands operands,
                                Results results) {
  ArrayRef<double> x = operands[0]->floats();
  MutableArrayRef<double> y = results[0].floats();
  forEachPooled(*operands[1], results[0].shape(),
                [&](int64_t from, int64_t to) { y[to] += x[from]; });
}

static void evaluateGatherPooled2d(GatherPooled2dOp, Operands operands,
                                   Results results) {
  ArrayRef<double> x = operands[0]->floats();
  MutableArrayRef<double> y = results[0].floats();
  forEachPooled(*operands[1], operands[0]->shape(),
                [&](int64_t to, int64_t from) { y[to] = x[from]; });
}

/// Calls \p visit with a place of the images, the place of a window that holds
/// it, and what that window's sum is divided by.
template <typename Op, typename Visit>
static void forEachAveraged(Op op, ArrayRef<int64_t> whole,
                            ArrayRef<int64_t> pooled, Visit visit) {
  Windows windows =
      makeWindows(op.getKernel(), op.getStrides(), op.getPadding());
  forEachIndex(pooled, [&](ArrayRef<int64_t> at) {
    int64_t count = windows[0].taps * windows[1].taps;
    if (!op.getCountPadding()) {
      count = 0;
      forEachInWindow(windows, whole, at, [&](int64_t, int64_t) { ++count; });
    }
    forEachInWindow(windows, whole, at, [&](int64_t place, int64_t) {
      visit(place, placeOf(at, pooled), double(count));
    });
  });
}

static void evaluateAvgPool2d(AvgPool2dOp op, Operands operands,
                              Results results) {
  ArrayRef<double> x = operands[0]->floats();
  MutableArrayRef<double> y = results[0].floats();
  forEachAveraged(op, operands[0]->shape(), results[0].shape(),
                  [&](int64_t from, int64_t to, double count) {
                    y[to] += x[from] / count;
                  });
}

static void evaluateAvgUnpool2d(AvgUnpool2dOp op, Operands operands,
                                Results results) {
  ArrayRef<double> x = operands[0]->floats();
  MutableArrayRef<double> y = results[0].floats();
  forEachAveraged(op, results[0].shape(), operands[0]->shape(),
                  [&](int64_t to, int64_t from, double count) {
                    y[to] += x[from] / count;
                  });
}

void reference::attachConvolutionModels(MLIRContext &context) {
  attach<Conv2dOp, evaluateConv2d>(context);
  attach<Conv2dDataGradientOp, evaluateDataGradient>(context);
  attach<Conv2dWeightGradientOp, evaluateWeightGradient>(context);
  attach<Conv2dWeightPartsOp, evaluateWeightParts>(context);
  attach<MaxPool2dOp, evaluateMaxPool2d>(context);
  attach<MaxUnpool2dOp, evaluateMaxUnpool2d>(context);
  attach<GatherPooled2dOp, evaluateGatherPooled2d>(context);
  attach<AvgPool2dOp, evaluateAvgPool2d>(context);
  attach<AvgUnpool2dOp, evaluateAvgUnpool2d>(context);
}

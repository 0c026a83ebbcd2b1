//===- WinogradTransforms.cpp - Transforms of tiles -----------------------===//
//
// The matrices of A. Lavin and S. Gray, "Fast algorithms for convolutional
// neural networks", CVPR 2016, sections 4.1 and 4.3, with common terms taken
// together.
//
//===----------------------------------------------------------------------===//

#include "WinogradTransforms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

namespace {
/// Arithmetic on vectors of one type.
class Terms {
public:
  explicit Terms(KernelBuilder &kernel, ValueRange values)
      : kernel(kernel), type(cast<VectorType>(values[0].getType())) {}

  Value add(Value a, Value b) {
    return arith::AddFOp::create(kernel.builder, kernel.loc, a, b);
  }
  Value sub(Value a, Value b) {
    return arith::SubFOp::create(kernel.builder, kernel.loc, a, b);
  }
  Value scale(double factor, Value a) {
    return arith::MulFOp::create(kernel.builder, kernel.loc, number(factor), a);
  }
  /// factor * a + b.
  Value fma(double factor, Value a, Value b) {
    return kernel.fma(number(factor), a, b);
  }

private:
  Value number(double value) {
    return kernel.splatConstant(type.getElementType(), type.getNumElements(),
                                value);
  }
  KernelBuilder &kernel;
  VectorType type;
};
} // namespace

static SmallVector<Value> transformElements(Terms t, int64_t m, ValueRange d) {
  if (m == 2)
    return {t.sub(d[0], d[2]), t.add(d[1], d[2]), t.sub(d[2], d[1]),
            t.sub(d[1], d[3])};
  Value even = t.fma(-4, d[2], d[4]), odd = t.fma(-4, d[1], d[3]);
  Value evenHalf = t.sub(d[4], d[2]), oddHalf = t.sub(d[3], d[1]);
  return {t.fma(4, d[0], t.fma(-5, d[2], d[4])),
          t.add(even, odd),
          t.sub(even, odd),
          t.fma(2, oddHalf, evenHalf),
          t.fma(-2, oddHalf, evenHalf),
          t.fma(4, d[1], t.fma(-5, d[3], d[5]))};
}

static SmallVector<Value> transformWeights(Terms t, int64_t m, ValueRange g) {
  if (m == 2) {
    Value outer = t.scale(0.5, t.add(g[0], g[2]));
    return {g[0], t.fma(0.5, g[1], outer), t.fma(-0.5, g[1], outer), g[2]};
  }
  Value outer = t.scale(-1.0 / 6, t.add(g[0], g[2]));
  Value wide = t.fma(1.0 / 24, g[0], t.scale(1.0 / 6, g[2]));
  return {t.scale(0.25, g[0]),          t.fma(-1.0 / 6, g[1], outer),
          t.fma(1.0 / 6, g[1], outer),  t.fma(1.0 / 12, g[1], wide),
          t.fma(-1.0 / 12, g[1], wide), g[2]};
}

static SmallVector<Value> transformProducts(Terms t, int64_t m, ValueRange p) {
  Value sum = t.add(p[1], p[2]), difference = t.sub(p[1], p[2]);
  if (m == 2)
    return {t.add(p[0], sum), t.sub(difference, p[3])};
  Value wideSum = t.add(p[3], p[4]), wideDifference = t.sub(p[3], p[4]);
  return {t.add(t.add(p[0], sum), wideSum),
          t.fma(2, wideDifference, difference), t.fma(4, wideSum, sum),
          t.add(t.fma(8, wideDifference, difference), p[5])};
}

static SmallVector<Value> transformResultGradients(Terms t, int64_t m,
                                                   ValueRange y) {
  if (m == 2)
    return {y[0], t.add(y[0], y[1]), t.sub(y[0], y[1]), t.scale(-1, y[1])};
  Value even = t.add(y[0], y[2]), odd = t.add(y[1], y[3]);
  Value wideEven = t.fma(4, y[2], y[0]);
  Value wideOdd = t.scale(2, t.fma(4, y[3], y[1]));
  return {y[0],
          t.add(even, odd),
          t.sub(even, odd),
          t.add(wideEven, wideOdd),
          t.sub(wideEven, wideOdd),
          y[3]};
}

static SmallVector<Value> transformWeightGradients(Terms t, int64_t m,
                                                   ValueRange u) {
  Value sum = t.add(u[1], u[2]), difference = t.sub(u[1], u[2]);
  if (m == 2)
    return {t.fma(0.5, sum, u[0]), t.scale(0.5, difference),
            t.fma(0.5, sum, u[3])};
  Value wideSum = t.add(u[3], u[4]), wideDifference = t.sub(u[3], u[4]);
  Value outer = t.scale(-1.0 / 6, sum);
  return {t.fma(0.25, u[0], t.fma(1.0 / 24, wideSum, outer)),
          t.fma(1.0 / 12, wideDifference, t.scale(-1.0 / 6, difference)),
          t.add(t.fma(1.0 / 6, wideSum, outer), u[5])};
}

void kernels::emitTransform(KernelBuilder &kernel, Type element, int64_t lanes,
                            WinogradTransform transform, int64_t m,
                            const WinogradSquare &square) {
  int64_t from = m + 2, to = m + 2;
  if (transform == WinogradTransform::weights)
    from = 3;
  if (transform == WinogradTransform::resultGradients)
    from = m;
  if (transform == WinogradTransform::products)
    to = m;
  if (transform == WinogradTransform::weightGradients)
    to = 3;
  auto apply = [&](ValueRange values) {
    Terms terms(kernel, values);
    switch (transform) {
    case WinogradTransform::elements:
      return transformElements(terms, m, values);
    case WinogradTransform::weights:
      return transformWeights(terms, m, values);
    case WinogradTransform::products:
      return transformProducts(terms, m, values);
    case WinogradTransform::resultGradients:
      return transformResultGradients(terms, m, values);
    case WinogradTransform::weightGradients:
      return transformWeightGradients(terms, m, values);
    }
    llvm_unreachable("all transforms are above");
  };
  Value zero = kernel.constant(0);
  kernel.loop(zero, kernel.constant(from), 1, [&](Value column) {
    SmallVector<Value> values;
    for (int64_t row = 0; row < from; ++row)
      values.push_back(square.load(row, column));
    Value place = kernel.mul(column, lanes);
    for (auto [row, value] : llvm::enumerate(apply(values)))
      kernel.store(value, square.work,
                   kernel.add(place, int64_t(row) * from * lanes),
                   Lanes{lanes});
  });
  kernel.loop(zero, kernel.constant(to), 1, [&](Value row) {
    Value place = kernel.mul(row, from * lanes);
    SmallVector<Value> values;
    for (int64_t column = 0; column < from; ++column)
      values.push_back(kernel.load(square.work, element,
                                   kernel.add(place, column * lanes),
                                   Lanes{lanes}));
    for (auto [column, value] : llvm::enumerate(apply(values)))
      square.store(row, column, value);
  });
}

//===- Winograd.cpp - Reference evaluation of minimal filtering -----------===//

#include "Models.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;
using namespace nnc::reference;

namespace {
using Matrix = std::vector<std::vector<double>>;

/// The matrices of F(m, 3): y = A^T [(G g) * (B^T d)].
struct Transforms {
  Matrix g, bTransposed, aTransposed;
};
} // namespace

static Transforms transformsOf(int64_t m) {
  if (m == 2)
    return {{{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}},
            {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}},
            {{1, 1, 1, 0}, {0, 1, -1, -1}}};
  return {{{1.0 / 4, 0, 0},
           {-1.0 / 6, -1.0 / 6, -1.0 / 6},
           {-1.0 / 6, 1.0 / 6, -1.0 / 6},
           {1.0 / 24, 1.0 / 12, 1.0 / 6},
           {1.0 / 24, -1.0 / 12, 1.0 / 6},
           {0, 0, 1}},
          {{4, 0, -5, 0, 1, 0},
           {0, -4, -4, 1, 1, 0},
           {0, 4, -4, -1, 1, 0},
           {0, -2, -1, 2, 1, 0},
           {0, 2, -1, -2, 1, 0},
           {0, 4, 0, -5, 0, 1}},
          {{1, 1, 1, 1, 1, 0},
           {0, 1, -1, 2, -2, 0},
           {0, 1, 1, 4, 4, 0},
           {0, 1, -1, 8, -8, 1}}};
}

/// t square t^T.
static Matrix transform(const Matrix &t, const Matrix &square) {
  size_t side = t.size(), inner = square.size();
  Matrix result(side, std::vector<double>(side, 0));
  for (size_t a = 0; a < side; ++a)
    for (size_t b = 0; b < side; ++b)
      for (size_t i = 0; i < inner; ++i)
        for (size_t j = 0; j < inner; ++j)
          result[a][b] += t[a][i] * square[i][j] * t[b][j];
  return result;
}

static void evaluateWeights(WinogradWeightsOp op, Operands operands,
                            Results results) {
  Matrix g = transformsOf(op.getTile()).g;
  ArrayRef<int64_t> shape = results[0].shape();
  int64_t outputs = operands[0]->shape()[op.getAdjoint() ? 1 : 0];
  for (int64_t c = 0; c < shape[2]; ++c)
    for (int64_t o = 0; o < outputs; ++o) {
      Matrix window(3, std::vector<double>(3));
      for (int64_t p = 0; p < 3; ++p)
        for (int64_t q = 0; q < 3; ++q)
          window[p][q] =
              operands[0]
                  ->floats()[op.getAdjoint()
                                 ? placeOf({c, o, 2 - p, 2 - q},
                                           operands[0]->shape())
                                 : placeOf({o, c, p, q}, operands[0]->shape())];
      Matrix u = transform(g, window);
      for (size_t a = 0; a < u.size(); ++a)
        for (size_t b = 0; b < u.size(); ++b)
          results[0].floats()[placeOf(
              {int64_t(a * u.size() + b), o / shape[3], c, o % shape[3]},
              shape)] = u[a][b];
    }
}

static void evaluateConv2d(WinogradConv2dOp op, Operands operands,
                           Results results) {
  int64_t m = op.getTile(), side = m + 2;
  Transforms transforms = transformsOf(m);
  ArrayRef<int64_t> x = operands[0]->shape(), y = results[0].shape();
  ArrayRef<int64_t> u = operands[1]->shape();
  int64_t down = (y[2] + m - 1) / m, across = (y[3] + m - 1) / m;
  forEachIndex({y[0], down, across}, [&](ArrayRef<int64_t> at) {
    int64_t top = at[1] * m, left = at[2] * m;
    std::vector<Matrix> products(y[1],
                                 Matrix(side, std::vector<double>(side, 0)));
    for (int64_t c = 0; c < x[1]; ++c) {
      Matrix d(side, std::vector<double>(side, 0));
      for (int64_t i = 0; i < side; ++i)
        for (int64_t j = 0; j < side; ++j) {
          int64_t row = top + i - op.getPadding()[0];
          int64_t column = left + j - op.getPadding()[2];
          if (row >= 0 && row < x[2] && column >= 0 && column < x[3])
            d[i][j] =
                operands[0]->floats()[placeOf({at[0], c, row, column}, x)];
        }
      Matrix v = transform(transforms.bTransposed, d);
      for (int64_t o = 0; o < y[1]; ++o)
        for (int64_t a = 0; a < side; ++a)
          for (int64_t b = 0; b < side; ++b)
            products[o][a][b] +=
                v[a][b] * operands[1]->floats()[placeOf(
                              {a * side + b, o / u[3], c, o % u[3]}, u)];
    }
    for (int64_t o = 0; o < y[1]; ++o) {
      Matrix tile = transform(transforms.aTransposed, products[o]);
      for (int64_t i = 0; i < std::min(m, y[2] - top); ++i)
        for (int64_t j = 0; j < std::min(m, y[3] - left); ++j)
          results[0].floats()[placeOf({at[0], o, top + i, left + j}, y)] =
              tile[i][j];
    }
  });
}

void reference::attachWinogradModels(MLIRContext &context) {
  attach<WinogradWeightsOp, evaluateWeights>(context);
  attach<WinogradConv2dOp, evaluateConv2d>(context);
}

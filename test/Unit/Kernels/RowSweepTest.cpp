//===- RowSweepTest.cpp - Kernels that sweep a row several times ----------===//

#include "nnc/Kernels/RowSweep.h"
#include "KernelHarness.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;
using namespace nnc::test;

namespace {

class RowSweep : public ForEachVariant {};

} // namespace

/// x - mean(x), the largest element and its place, the row's variance.
static RowSweepSpec statistics(Harness &harness, Extent rows, int64_t columns,
                               const std::string &name) {
  RowSweepSpec spec;
  spec.name = name;
  spec.rows = {rows};
  spec.columns = columns;
  int64_t capacity = rows.capacity, size = capacity * columns;
  Type f32 = harness.f32(), i64 = harness.integer(64);
  spec.buffers = {{f32, size},
                  {f32, size},
                  {f32, capacity},
                  {i64, capacity},
                  {f32, capacity}};
  Sweep first;
  first.inputs = {{0, {columns, 1}}};
  first.reductions = {{ReduceKind::sum, f32},
                      {ReduceKind::maximum, f32},
                      {ReduceKind::argmax, f32}};
  first.body = [](BodyContext &c) -> SmallVector<Value> {
    return {c.inputs[0], c.inputs[0], c.inputs[0]};
  };
  first.finish = [columns](BodyContext &c) -> SmallVector<Value> {
    Value scale = arith::ConstantOp::create(
        c.builder, c.loc,
        DenseElementsAttr::get(c.vectorOf(c.builder.getF32Type()),
                               1.0f / columns));
    return {arith::MulFOp::create(c.builder, c.loc, c.inputs[0], scale)};
  };
  first.finishTypes = {f32};
  Sweep second;
  second.inputs = {{0, {columns, 1}}};
  second.outputs = {{1, {columns, 1}}};
  second.reductions = {{ReduceKind::sum, f32}};
  second.body = [](BodyContext &c) -> SmallVector<Value> {
    Value centred =
        arith::SubFOp::create(c.builder, c.loc, c.inputs[0], c.inputs[4]);
    return {arith::MulFOp::create(c.builder, c.loc, centred, centred), centred};
  };
  spec.sweeps = {first, second};
  spec.rowOutputs = {{2, {1}}, {3, {1}}, {4, {1}}};
  spec.rowValues = {1, 2, 4};
  return spec;
}

TEST_P(RowSweep, StatisticsOfEveryWidth) {
  Harness harness(GetParam());
  std::vector<int64_t> widths;
  for (int64_t n = 1; n <= 40; ++n)
    widths.push_back(n);
  widths.insert(widths.end(), {64, 500, 1000});
  std::vector<unsigned> programs;
  for (int64_t n : widths)
    programs.push_back(harness.add(emitRowSweep(
        *harness.module, harness.target,
        statistics(harness, Extent(9, 3), n, "sweep" + std::to_string(n)))));
  harness.compile();
  for (auto [n, program] : llvm::zip(widths, programs)) {
    Array<float> x = randomArray<float>(9 * n, 7);
    for (int64_t batch : {0, 1, 3}) {
      Array<float> centred(9 * n, -9), largest(9, -9), variance(9, -9);
      Array<int64_t> place(9, -9);
      harness.run(program,
                  {x.data(), centred.data(), largest.data(), place.data(),
                   variance.data()},
                  1, batch);
      for (int64_t i = 0; i < 9; ++i) {
        const float *row = x.data() + i * n;
        if (i >= batch * 3) {
          EXPECT_EQ(centred[i * n], -9);
          EXPECT_EQ(place[i], -9);
          continue;
        }
        const float *best = std::max_element(row, row + n);
        EXPECT_EQ(largest[i], *best);
        EXPECT_EQ(place[i], best - row);
        double mean = 0, squares = 0;
        for (int64_t j = 0; j < n; ++j)
          mean += row[j] / double(n);
        for (int64_t j = 0; j < n; ++j) {
          squares += (row[j] - mean) * (row[j] - mean);
          ASSERT_NEAR(centred[i * n + j], row[j] - mean, 1e-6) << n;
        }
        EXPECT_NEAR(variance[i], squares, 1e-6 * (n + 1)) << n;
      }
      for (int64_t count : {2, 3, 4}) {
        Array<float> again(9 * n, -9), largest2(9, -9), variance2(9, -9);
        Array<int64_t> place2(9, -9);
        harness.run(program,
                    {x.data(), again.data(), largest2.data(), place2.data(),
                     variance2.data()},
                    count, batch);
        ASSERT_TRUE(again.sameBits(centred));
        ASSERT_TRUE(variance2.sameBits(variance));
        ASSERT_TRUE(place2.sameBits(place));
      }
    }
  }
}

/// Strided columns, ties, NaN: the first of equals and the first NaN win.
TEST_P(RowSweep, PositionsOfTiesAndNaN) {
  Harness harness(GetParam());
  int64_t rows = 4, columns = 37;
  RowSweepSpec spec;
  spec.name = "places";
  spec.rows = {rows};
  spec.columns = columns;
  Type f32 = harness.f32(), i64 = harness.integer(64);
  spec.buffers = {{f32, rows * columns}, {i64, rows}, {i64, rows}};
  Sweep sweep;
  sweep.inputs = {{0, {1, rows}}};
  sweep.reductions = {{ReduceKind::argmax, f32}, {ReduceKind::argmin, f32}};
  sweep.body = [](BodyContext &c) -> SmallVector<Value> {
    return {c.inputs[0], c.inputs[0]};
  };
  spec.sweeps = {sweep};
  spec.rowOutputs = {{1, {1}}, {2, {1}}};
  spec.rowValues = {0, 1};
  unsigned program =
      harness.add(emitRowSweep(*harness.module, harness.target, spec));
  harness.compile();
  float infinity = std::numeric_limits<float>::infinity();
  Array<float> x(rows * columns, 0);
  auto at = [&](int64_t row, int64_t column) -> float & {
    return x[column * rows + row];
  };
  at(0, 5) = at(0, 21) = at(0, 36) = 1;
  at(0, 8) = at(0, 30) = -1;
  at(1, 33) = at(1, 20) = std::nanf("");
  at(1, 1) = infinity;
  for (int64_t j = 0; j < columns; ++j) {
    at(2, j) = -infinity;
    at(3, j) = infinity;
  }
  Array<int64_t> largest(rows), smallest(rows);
  harness.run(program, {x.data(), largest.data(), smallest.data()}, 2);
  EXPECT_EQ(largest[0], 5);
  EXPECT_EQ(smallest[0], 8);
  EXPECT_EQ(largest[1], 20);
  EXPECT_EQ(smallest[1], 20);
  for (int64_t row : {2, 3}) {
    EXPECT_EQ(largest[row], 0);
    EXPECT_EQ(smallest[row], 0);
  }
}

/// softmax(x) and cross-entropy with the class in `labels`: largest element,
/// sum of exponentials (which are kept in the output), scaling in place.
static RowSweepSpec softmax(Harness &harness, int64_t rows, int64_t columns,
                            const std::string &name) {
  RowSweepSpec spec;
  spec.name = name;
  spec.rows = {rows};
  spec.columns = columns;
  Type f32 = harness.f32();
  spec.buffers = {{f32, rows * columns},
                  {harness.integer(64), rows},
                  {f32, rows * columns},
                  {f32, rows}};
  Access in{0, {columns, 1}}, labels{1, {1, 0}}, out{2, {columns, 1}};
  Sweep largest;
  largest.inputs = {in};
  largest.reductions = {{ReduceKind::maximum, f32}};
  largest.body = [](BodyContext &c) -> SmallVector<Value> {
    return {c.inputs[0]};
  };
  Sweep exponentials;
  exponentials.inputs = {in, labels};
  exponentials.outputs = {out};
  exponentials.reductions = {{ReduceKind::sum, f32}, {ReduceKind::sum, f32}};
  exponentials.body = [](BodyContext &c) -> SmallVector<Value> {
    Value shifted =
        arith::SubFOp::create(c.builder, c.loc, c.inputs[0], c.inputs[2]);
    Value e = math::ExpOp::create(c.builder, c.loc, shifted);
    Value isLabel = arith::CmpIOp::create(
        c.builder, c.loc, arith::CmpIPredicate::eq, c.index(1), c.inputs[1]);
    Value zero = arith::ConstantOp::create(c.builder, c.loc,
                                           c.builder.getZeroAttr(e.getType()));
    Value picked =
        arith::SelectOp::create(c.builder, c.loc, isLabel, shifted, zero);
    return {e, picked, e};
  };
  exponentials.finish = [](BodyContext &c) -> SmallVector<Value> {
    Value sum = c.inputs[1], picked = c.inputs[2];
    Value one = arith::ConstantOp::create(
        c.builder, c.loc,
        DenseElementsAttr::get(c.vectorOf(c.builder.getF32Type()), 1.0f));
    Value log = math::LogOp::create(c.builder, c.loc, sum);
    return {arith::DivFOp::create(c.builder, c.loc, one, sum),
            arith::SubFOp::create(c.builder, c.loc, log, picked)};
  };
  exponentials.finishTypes = {f32, f32};
  Sweep scale;
  scale.inputs = scale.outputs = {out};
  scale.body = [](BodyContext &c) -> SmallVector<Value> {
    return {arith::MulFOp::create(c.builder, c.loc, c.inputs[0], c.inputs[4])};
  };
  spec.sweeps = {largest, exponentials, scale};
  spec.rowOutputs = {{3, {1}}};
  spec.rowValues = {4};
  return spec;
}

TEST_P(RowSweep, SoftmaxCrossEntropy) {
  Harness harness(GetParam());
  int64_t rows = 7;
  std::vector<int64_t> widths{1, 2, 10, 16, 17, 33, 200};
  std::vector<unsigned> programs;
  for (int64_t n : widths)
    programs.push_back(harness.add(emitRowSweep(
        *harness.module, harness.target,
        softmax(harness, rows, n, "softmax" + std::to_string(n)))));
  harness.compile();
  for (auto [n, program] : llvm::zip(widths, programs)) {
    Array<float> x = randomArray<float>(rows * n, 7), out(rows * n), loss(rows);
    Array<int64_t> labels(rows);
    for (float &value : x)
      value *= 50;
    for (int64_t i = 0; i < rows; ++i)
      labels[i] = i * 3 % n;
    harness.run(program, {x.data(), labels.data(), out.data(), loss.data()}, 2);
    for (int64_t i = 0; i < rows; ++i) {
      const float *row = x.data() + i * n;
      double largest = *std::max_element(row, row + n), sum = 0;
      for (int64_t j = 0; j < n; ++j)
        sum += std::exp(row[j] - largest);
      for (int64_t j = 0; j < n; ++j)
        EXPECT_NEAR(out[i * n + j], std::exp(row[j] - largest) / sum, 1e-6);
      EXPECT_NEAR(loss[i], std::log(sum) - (row[labels[i]] - largest),
                  1e-6 * 100);
    }
  }
}

TEST_P(RowSweep, RejectsAnUnknownRowValue) {
  Harness harness(GetParam());
  RowSweepSpec spec = statistics(harness, 2, 3, "sweep");
  spec.rowValues[0] = 5;
  auto emitted = emitRowSweep(*harness.module, harness.target, spec);
  ASSERT_FALSE(emitted.has_value());
  EXPECT_EQ(emitted.error().code, ErrorCode::internal);
}

TEST_P(RowSweep, RejectsABodyOfAnotherType) {
  Harness harness(GetParam());
  RowSweepSpec spec = statistics(harness, 2, 3, "sweep");
  spec.buffers[3].element = harness.integer(32);
  auto emitted = emitRowSweep(*harness.module, harness.target, spec);
  ASSERT_FALSE(emitted.has_value());
  EXPECT_EQ(emitted.error().code, ErrorCode::internal);
}

NNC_FOR_EACH_VARIANT(RowSweep);

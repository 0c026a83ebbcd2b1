//===- ReduceTest.cpp - Reductions along any dimensions -------------------===//

#include "nnc/Kernels/Reduce.h"
#include "KernelHarness.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;
using namespace nnc::test;

namespace {

class Reduce : public ForEachVariant {};

} // namespace

static SmallVector<Value> same(BodyContext &c) {
  return SmallVector<Value>(c.inputs);
}

namespace {

/// Sums over `reduced` of a row-major [outer, reduced, inner].
struct Case {
  int64_t outer, reduced, inner;
  unsigned program = 0;
};

} // namespace

template <typename T>
static void checkSums(Variant variant, std::vector<Case> cases) {
  Harness harness(variant);
  Type element = std::is_same_v<T, float> ? harness.f32() : harness.f64();
  for (auto [number, c] : llvm::enumerate(cases)) {
    ReduceSpec spec;
    spec.name = "sum" + std::to_string(number);
    spec.kept = {c.outer, c.inner};
    spec.reduced = {c.reduced};
    int64_t row = c.reduced * c.inner;
    spec.buffers = {{element, c.outer * row}, {element, c.outer * c.inner}};
    spec.inputs = {{0, {row, 1, c.inner}}};
    spec.reductions = {{ReduceKind::sum, element}};
    spec.outputs = {{1, {c.inner, 1}}};
    spec.body = same;
    c.program = harness.add(emitReduce(*harness.module, harness.target, spec));
  }
  harness.compile();
  for (const Case &c : cases) {
    Array<T> x = randomArray<T>(c.outer * c.reduced * c.inner, 3);
    Array<T> once(c.outer * c.inner, -9);
    harness.run(c.program, {x.data(), once.data()});
    for (int64_t i = 0; i < c.outer; ++i)
      for (int64_t j = 0; j < c.inner; ++j) {
        double sum = 0;
        for (int64_t p = 0; p < c.reduced; ++p)
          sum += x[(i * c.reduced + p) * c.inner + j];
        // One rounding an element of a sum that stays of the order of the
        // root of their number.
        ASSERT_NEAR(once[i * c.inner + j], sum,
                    std::numeric_limits<T>::epsilon() * 4 * (c.reduced + 1))
            << c.outer << ", " << c.reduced << ", " << c.inner;
      }
    for (int64_t count : {2, 3, 4, 7}) {
      Array<T> out(c.outer * c.inner, -9);
      harness.run(c.program, {x.data(), out.data()}, count);
      ASSERT_TRUE(out.sameBits(once))
          << c.outer << ", " << c.reduced << ", " << c.inner;
    }
  }
}

/// Every number of columns and of rows up to 40.
static std::vector<Case> columnCases() {
  std::vector<Case> cases;
  for (int64_t size = 1; size <= 40; ++size) {
    cases.push_back({1, 5, size});
    cases.push_back({1, size, 19});
  }
  cases.insert(cases.end(), {{1, 128, 500}, {2, 17, 133}, {3, 7, 33}, {40, 3, 2}});
  return cases;
}

/// Rows of every length up to 40.
static std::vector<Case> rowCases() {
  std::vector<Case> cases;
  for (int64_t size = 1; size <= 40; ++size)
    cases.push_back({3, size, 1});
  cases.insert(cases.end(), {{1, 1, 1}, {3, 17, 5}, {1, 1000, 9}});
  return cases;
}

TEST_P(Reduce, ColumnSums) { checkSums<float>(GetParam(), columnCases()); }

TEST_P(Reduce, ColumnSumsInDoublePrecision) {
  checkSums<double>(GetParam(), columnCases());
}

TEST_P(Reduce, TrailingSums) { checkSums<float>(GetParam(), rowCases()); }

TEST_P(Reduce, TrailingSumsInDoublePrecision) {
  checkSums<double>(GetParam(), rowCases());
}

/// Few results of many elements go through scratch.
TEST_P(Reduce, LongSumsInBlocks) {
  Harness harness(GetParam());
  ReduceSpec spec;
  spec.name = "long";
  spec.reduced = {100003};
  spec.buffers = {{harness.f32(), 100003}, {harness.f32(), 1}};
  spec.inputs = {{0, {1}}};
  spec.reductions = {{ReduceKind::sum, harness.f32()}};
  spec.outputs = {{1, {}}};
  spec.body = same;
  auto emitted = emitReduce(*harness.module, harness.target, spec);
  ASSERT_TRUE(emitted.has_value());
  EXPECT_EQ(emitted->phases.size(), 2u);
  EXPECT_GT(emitted->scratchBytes, 0);
  checkSums<float>(
      GetParam(),
      {{1, 100003, 1}, {2, 60000, 1}, {1, 20011, 7}, {1, 1000, 100}});
}

/// Batch statistics: kept channels between two reduced dimensions, rows known
/// at run time, a finish with inputs of its own, largest value and its place.
TEST_P(Reduce, ChannelsWithFinish) {
  Harness harness(GetParam());
  int64_t images = 40, channels = 5, pixels = 263;
  Type f32 = harness.f32(), i64 = harness.integer(64);
  int64_t size = images * channels * pixels;
  ReduceSpec spec;
  spec.name = "channels";
  spec.kept = {channels};
  spec.reduced = {Extent(images, 1), pixels};
  spec.buffers = {{f32, size},
                  {f32, channels},
                  {f32, channels},
                  {f32, channels},
                  {i64, channels}};
  spec.inputs = {{0, {pixels, channels * pixels, 1}}};
  spec.reductions = {{ReduceKind::sum, f32},
                     {ReduceKind::maximum, f32},
                     {ReduceKind::argmax, f32}};
  spec.body = [](BodyContext &c) -> SmallVector<Value> {
    Value square =
        arith::MulFOp::create(c.builder, c.loc, c.inputs[0], c.inputs[0]);
    return {square, c.inputs[0], c.inputs[0]};
  };
  spec.finishInputs = {{1, {1}}};
  spec.outputs = {{2, {1}}, {3, {1}}, {4, {1}}};
  spec.finish = [](BodyContext &c) -> SmallVector<Value> {
    Value number = arith::SIToFPOp::create(c.builder, c.loc,
                                           c.builder.getF32Type(), c.batch());
    Value all = vector::BroadcastOp::create(
        c.builder, c.loc, c.vectorOf(c.builder.getF32Type()), number);
    Value sum =
        arith::AddFOp::create(c.builder, c.loc, c.inputs[0], c.inputs[3]);
    return {arith::AddFOp::create(c.builder, c.loc, sum, all), c.inputs[1],
            c.inputs[2]};
  };
  auto emitted = emitReduce(*harness.module, harness.target, spec);
  ASSERT_TRUE(emitted.has_value());
  EXPECT_EQ(emitted->phases.size(), 2u);
  unsigned program = harness.add(emitted);
  harness.compile();
  Array<float> x = randomArray<float>(size, 5),
               offset = randomArray<float>(channels, 6);
  for (int64_t batch : {1, 2, 3, 17, 39, 40})
    for (int64_t count : {1, 2, 5}) {
      Array<float> sums(channels, -9), largest(channels, -9);
      Array<int64_t> places(channels, -9);
      harness.run(
          program,
          {x.data(), offset.data(), sums.data(), largest.data(), places.data()},
          count, batch);
      for (int64_t c = 0; c < channels; ++c) {
        double sum = offset[c] + double(batch);
        float best = -2;
        int64_t place = -1;
        for (int64_t n = 0; n < batch; ++n)
          for (int64_t p = 0; p < pixels; ++p) {
            float value = x[(n * channels + c) * pixels + p];
            sum += double(value) * value;
            if (value > best) {
              best = value;
              place = n * pixels + p;
            }
          }
        EXPECT_NEAR(sums[c], sum, 1e-6 * sum);
        EXPECT_EQ(largest[c], best);
        EXPECT_EQ(places[c], place);
      }
    }
}

TEST_P(Reduce, IntegersProductsAndMinima) {
  Harness harness(GetParam());
  int64_t rows = 6, columns = 21;
  Type i32 = harness.integer(32), f64 = harness.f64();
  ReduceSpec spec;
  spec.name = "mixed";
  spec.kept = {columns};
  spec.reduced = {rows};
  spec.buffers = {{i32, rows * columns},
                  {f64, rows * columns},
                  {i32, columns},
                  {f64, columns},
                  {i32, columns}};
  spec.inputs = {{0, {1, columns}}, {1, {1, columns}}};
  spec.reductions = {{ReduceKind::sum, i32},
                     {ReduceKind::product, f64},
                     {ReduceKind::minimum, i32}};
  spec.outputs = {{2, {1}}, {3, {1}}, {4, {1}}};
  spec.body = [](BodyContext &c) -> SmallVector<Value> {
    return {c.inputs[0], c.inputs[1], c.inputs[0]};
  };
  unsigned program =
      harness.add(emitReduce(*harness.module, harness.target, spec));
  harness.compile();
  Array<int32_t> x(rows * columns);
  for (int64_t i = 0; i < rows * columns; ++i)
    x[i] = i * 7919 % 1009 - 500;
  Array<double> y = randomArray<double>(rows * columns, 3);
  Array<int32_t> sums(columns), least(columns);
  Array<double> products(columns);
  harness.run(program,
              {x.data(), y.data(), sums.data(), products.data(), least.data()},
              2);
  for (int64_t j = 0; j < columns; ++j) {
    int32_t sum = 0, small = INT32_MAX;
    double product = 1;
    for (int64_t i = 0; i < rows; ++i) {
      sum += x[i * columns + j];
      small = std::min(small, x[i * columns + j]);
      product *= y[i * columns + j];
    }
    EXPECT_EQ(sums[j], sum);
    EXPECT_EQ(least[j], small);
    EXPECT_EQ(products[j], product);
  }
}

NNC_FOR_EACH_VARIANT(Reduce);

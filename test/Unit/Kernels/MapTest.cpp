//===- MapTest.cpp - Element-wise kernels ---------------------------------===//

#include "nnc/Kernels/Map.h"
#include "KernelHarness.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;
using namespace nnc::test;

namespace {

class Map : public ForEachVariant {};

} // namespace

/// a * b + a.
static SmallVector<Value> multiplyAdd(BodyContext &c) {
  Value product =
      arith::MulFOp::create(c.builder, c.loc, c.inputs[0], c.inputs[1]);
  return {arith::AddFOp::create(c.builder, c.loc, product, c.inputs[0])};
}

/// All sizes up to 40, so every remainder of every vector's width, and some of
/// many blocks; all of the same bits whatever the team.
template <typename T> static void checkSizes(Variant variant) {
  Harness harness(variant);
  Type element = std::is_same_v<T, float> ? harness.f32() : harness.f64();
  std::vector<int64_t> sizes;
  for (int64_t n = 1; n <= 40; ++n)
    sizes.push_back(n);
  sizes.insert(sizes.end(), {2048, 4099, 10007});
  std::vector<unsigned> programs;
  for (int64_t n : sizes)
    programs.push_back(harness.add(
        emitMap(*harness.module, harness.target,
                {.name = "map" + std::to_string(n),
                 .domain = {n},
                 .buffers = {{element, n}, {element, n}, {element, n}},
                 .inputs = {{0, {1}}, {1, {1}}},
                 .outputs = {{2, {1}}},
                 .body = multiplyAdd})));
  harness.compile();
  for (auto [n, program] : llvm::zip(sizes, programs)) {
    Array<T> a = randomArray<T>(n, 1), b = randomArray<T>(n, 2);
    for (int64_t count : {1, 2, 3, 4, 7}) {
      Array<T> out(n, -9);
      harness.run(program, {a.data(), b.data(), out.data()}, count);
      for (int64_t i = 0; i < n; ++i)
        ASSERT_EQ(out[i], a[i] * b[i] + a[i]) << n << " at " << i;
    }
  }
}

TEST_P(Map, EverySizeAndTeam) { checkSizes<float>(GetParam()); }

TEST_P(Map, EverySizeAndTeamInDoublePrecision) {
  checkSizes<double>(GetParam());
}

/// Bias along columns, a scalar, a transposed input, and a part of the output.
TEST_P(Map, StridesBroadcastsAndParts) {
  Harness harness(GetParam());
  struct Case {
    int64_t rows, columns;
    unsigned program;
  };
  std::vector<Case> cases;
  for (int64_t rows : {1, 3, 16, 40})
    for (int64_t columns : {1, 5, 15, 16, 17, 33, 500}) {
      MapSpec spec;
      spec.name = fmt::format("map{}x{}", rows, columns);
      spec.domain = {rows, columns};
      spec.buffers = {{harness.f32(), rows * columns},
                      {harness.f32(), columns},
                      {harness.f32(), 1},
                      {harness.f32(), columns * rows},
                      {harness.f32(), rows * (columns + 3)}};
      spec.inputs = {
          {0, {columns, 1}}, {1, {0, 1}}, {2, {0, 0}}, {3, {1, rows}}};
      spec.outputs = {{4, {columns + 3, 1}, 2}};
      spec.body = [](BodyContext &c) -> SmallVector<Value> {
        Value sum =
            arith::AddFOp::create(c.builder, c.loc, c.inputs[0], c.inputs[1]);
        sum = arith::MulFOp::create(c.builder, c.loc, sum, c.inputs[2]);
        return {arith::SubFOp::create(c.builder, c.loc, sum, c.inputs[3])};
      };
      cases.push_back(
          {rows, columns,
           harness.add(emitMap(*harness.module, harness.target, spec))});
    }
  harness.compile();
  for (const Case &c : cases) {
    int64_t size = c.rows * c.columns;
    Array<float> x = randomArray<float>(size, 1),
                 bias = randomArray<float>(c.columns, 2),
                 scale = randomArray<float>(1, 3),
                 turned = randomArray<float>(size, 4);
    for (int64_t count : {1, 3}) {
      Array<float> out(c.rows * (c.columns + 3), -9);
      harness.run(
          c.program,
          {x.data(), bias.data(), scale.data(), turned.data(), out.data()},
          count);
      for (int64_t i = 0; i < c.rows; ++i)
        for (int64_t j = 0; j < c.columns + 3; ++j) {
          float expected = -9;
          if (int64_t k = j - 2; k >= 0 && k < c.columns)
            expected = (x[i * c.columns + k] + bias[k]) * scale[0] -
                       turned[k * c.rows + i];
          ASSERT_EQ(out[i * (c.columns + 3) + j], expected)
              << c.rows << "x" << c.columns << " at " << i << ", " << j;
        }
    }
  }
}

/// Permuted dimensions around a tile's edges, with a broadcast beside them.
template <typename T> static void checkTransposes(Variant variant) {
  Harness harness(variant);
  Type element = std::is_same_v<T, double>    ? harness.f64()
                 : std::is_same_v<T, int32_t> ? harness.integer(32)
                                              : harness.f32();
  struct Case {
    int64_t rows, columns;
    unsigned program;
  };
  std::vector<Case> cases;
  for (int64_t rows : {4, 15, 16, 33})
    for (int64_t columns : {5, 16, 48, 67}) {
      // out[b, i, j] = x[j, b, i] * y[j], b of 3.
      MapSpec spec;
      spec.name = fmt::format("turn{}", cases.size());
      spec.domain = {3, rows, columns};
      spec.buffers = {{element, 3 * rows * columns},
                      {element, columns},
                      {element, 3 * rows * columns}};
      spec.inputs = {{0, {rows, 1, 3 * rows}}, {1, {0, 0, 1}}};
      spec.outputs = {{2, {rows * columns, columns, 1}}};
      spec.body = [](BodyContext &c) -> SmallVector<Value> {
        if (std::is_same_v<T, int32_t>)
          return {arith::MulIOp::create(c.builder, c.loc, c.inputs[0],
                                        c.inputs[1])};
        return {
            arith::MulFOp::create(c.builder, c.loc, c.inputs[0], c.inputs[1])};
      };
      cases.push_back(
          {rows, columns,
           harness.add(emitMap(*harness.module, harness.target, spec))});
    }
  harness.compile();
  for (const Case &c : cases) {
    int64_t size = 3 * c.rows * c.columns;
    Array<T> x(size), y(c.columns);
    for (int64_t i = 0; i < size; ++i)
      x[i] = T(i % 1009);
    for (int64_t j = 0; j < c.columns; ++j)
      y[j] = T(j + 1);
    for (int64_t count : {1, 3}) {
      Array<T> out(size, T(-9));
      harness.run(c.program, {x.data(), y.data(), out.data()}, count);
      for (int64_t b = 0; b < 3; ++b)
        for (int64_t i = 0; i < c.rows; ++i)
          for (int64_t j = 0; j < c.columns; ++j)
            ASSERT_EQ(out[(b * c.rows + i) * c.columns + j],
                      x[(j * 3 + b) * c.rows + i] * y[j])
                << c.rows << "x" << c.columns << " at " << i << ", " << j;
    }
  }
}

TEST_P(Map, Transposes) {
  checkTransposes<float>(GetParam());
  checkTransposes<double>(GetParam());
  checkTransposes<int32_t>(GetParam());
}

TEST_P(Map, RowsAtRunTimeAndInPlace) {
  Harness harness(GetParam());
  int64_t capacity = 12, columns = 37;
  unsigned program =
      harness.add(emitMap(*harness.module, harness.target,
                          {.name = "map",
                           .domain = {Extent(capacity, 2), columns},
                           .buffers = {{harness.f64(), capacity * columns},
                                       {harness.f64(), columns}},
                           .inputs = {{0, {columns, 1}}, {1, {0, 1}}},
                           .outputs = {{0, {columns, 1}}},
                           .body = multiplyAdd}));
  harness.compile();
  Array<double> x = randomArray<double>(capacity * columns, 1),
                y = randomArray<double>(columns, 2);
  for (int64_t batch = 0; batch <= capacity / 2; ++batch)
    for (int64_t count : {1, 2, 5}) {
      Array<double> out(x);
      harness.run(program, {out.data(), y.data()}, count, batch);
      for (int64_t i = 0; i < capacity * columns; ++i)
        ASSERT_EQ(out[i], i < batch * 2 * columns ? x[i] * y[i % columns] + x[i]
                                                  : x[i]);
    }
}

TEST_P(Map, IndicesAndOtherTypes) {
  Harness harness(GetParam());
  int64_t rows = 5, columns = 19, size = rows * columns;
  MapSpec spec;
  spec.name = "map";
  spec.domain = {rows, columns};
  spec.buffers = {{harness.integer(1), size},
                  {harness.integer(32), size},
                  {harness.integer(64), size},
                  {harness.integer(1), size}};
  spec.inputs = {{0, {columns, 1}}, {1, {columns, 1}}};
  spec.outputs = {{2, {columns, 1}}, {3, {columns, 1}}};
  spec.usesIndices = true;
  spec.body = [](BodyContext &c) -> SmallVector<Value> {
    Type i64 = c.vectorOf(c.builder.getI64Type());
    Value wide = arith::ExtSIOp::create(c.builder, c.loc, i64, c.inputs[1]);
    Value place =
        arith::MulIOp::create(c.builder, c.loc, c.index(0), c.index(1));
    place = arith::AddIOp::create(c.builder, c.loc, place, wide);
    Value zero =
        arith::ConstantOp::create(c.builder, c.loc, c.builder.getZeroAttr(i64));
    Value picked =
        arith::SelectOp::create(c.builder, c.loc, c.inputs[0], place, zero);
    Value positive = arith::CmpIOp::create(
        c.builder, c.loc, arith::CmpIPredicate::sgt, picked, zero);
    return {picked, positive};
  };
  unsigned program =
      harness.add(emitMap(*harness.module, harness.target, spec));
  harness.compile();
  Array<uint8_t> condition(size), positive(size, 7);
  Array<int32_t> values(size);
  Array<int64_t> out(size, -1);
  for (int64_t i = 0; i < size; ++i) {
    condition[i] = i % 3 == 0;
    values[i] = i * 7919 % 101 - 50;
  }
  harness.run(program,
              {condition.data(), values.data(), out.data(), positive.data()},
              2);
  for (int64_t i = 0; i < size; ++i) {
    int64_t expected =
        condition[i] ? (i / columns) * (i % columns) + values[i] : 0;
    EXPECT_EQ(out[i], expected);
    EXPECT_EQ(positive[i], expected > 0);
  }
}

TEST_P(Map, RejectsAccessOutsideItsBuffer) {
  Harness harness(GetParam());
  MapSpec spec{.name = "map",
               .domain = {4},
               .buffers = {{harness.f32(), 4}},
               .inputs = {{0, {1}, 1}},
               .outputs = {{0, {1}}}};
  auto emitted = emitMap(*harness.module, harness.target, spec);
  ASSERT_FALSE(emitted.has_value());
  EXPECT_EQ(emitted.error().code, ErrorCode::internal);
}

NNC_FOR_EACH_VARIANT(Map);

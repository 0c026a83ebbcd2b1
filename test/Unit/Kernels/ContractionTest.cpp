//===- ContractionTest.cpp - Matrix products ------------------------------===//

#include "nnc/Kernels/Contraction.h"
#include "KernelHarness.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;
using namespace nnc::test;

namespace {

class Contraction : public ForEachVariant {};

struct Shape {
  int64_t m, n, k;
  bool transposeA, transposeB;
};

} // namespace

static ContractionSpec product(Harness &harness, Type element, const Shape &s,
                               const std::string &name,
                               Type operand = nullptr) {
  if (!operand)
    operand = element;
  ContractionSpec spec;
  spec.name = name;
  spec.element = element;
  spec.m = s.m;
  spec.n = s.n;
  spec.k = s.k;
  spec.buffers = {
      {operand, s.m * s.k}, {operand, s.k * s.n}, {element, s.m * s.n}};
  spec.lhs = {.buffer = 0,
              .rowStride = s.transposeA ? s.m : s.k,
              .transposed = s.transposeA};
  spec.rhs = {.buffer = 1,
              .rowStride = s.transposeB ? s.k : s.n,
              .transposed = s.transposeB};
  spec.outputs = {{2, {s.n, 1}}};
  return spec;
}

/// The sum of products in order, with fused multiply-adds or (dot) in any.
template <typename T>
static double reference(const Array<T> &a, const Array<T> &b, const Shape &s,
                        int64_t i, int64_t j, int64_t k) {
  double sum = 0;
  for (int64_t p = 0; p < k; ++p)
    sum += double(s.transposeA ? a[p * s.m + i] : a[i * s.k + p]) *
           double(s.transposeB ? b[j * s.k + p] : b[p * s.n + j]);
  return sum;
}

/// Rounding of a sum of k products of numbers below 1.
template <typename T> static double tolerance(int64_t k) {
  return std::numeric_limits<T>::epsilon() * (1 + k);
}

template <typename T, typename Operand>
static void checkProduct(Harness &harness, unsigned program, const Shape &s) {
  Array<Operand> a = randomArray<Operand>(s.m * s.k, 1),
                 b = randomArray<Operand>(s.k * s.n, 2);
  Array<T> once(s.m * s.n, -9);
  harness.run(program, {a.data(), b.data(), once.data()}, 1);
  for (int64_t i = 0; i < s.m; ++i)
    for (int64_t j = 0; j < s.n; ++j)
      ASSERT_NEAR(once[i * s.n + j], reference(a, b, s, i, j, s.k),
                  tolerance<T>(s.k))
          << s.m << "x" << s.k << "x" << s.n << (s.transposeA ? " A^T" : "")
          << (s.transposeB ? " B^T" : "") << " at " << i << ", " << j;
  for (int64_t count : {2, 3, 4, 7}) {
    Array<T> out(s.m * s.n, -9);
    harness.run(program, {a.data(), b.data(), out.data()}, count);
    ASSERT_TRUE(out.sameBits(once))
        << s.m << "x" << s.k << "x" << s.n << " on " << count;
  }
}

/// Products whose sums are written where they belong, and those that pass
/// through an epilogue.
template <typename T, typename Operand = T>
static void checkShapes(Variant variant, const std::vector<Shape> &shapes) {
  for (bool hasEpilogue : {false, true}) {
    Harness harness(variant);
    std::vector<unsigned> programs;
    for (const Shape &s : shapes) {
      ContractionSpec spec =
          product(harness, harness.typeOf<T>(), s,
                  "product" + std::to_string(programs.size()),
                  harness.typeOf<Operand>());
      if (hasEpilogue)
        spec.epilogue = [](BodyContext &c) {
          return SmallVector<Value>{c.inputs[0]};
        };
      programs.push_back(
          harness.add(emitContraction(*harness.module, harness.target, spec)));
    }
    EXPECT_EQ(usesTiles(*harness.module), variant == Variant::tiles);
    harness.compile();
    for (auto [s, program] : llvm::zip(shapes, programs))
      ASSERT_NO_FATAL_FAILURE((checkProduct<T, Operand>(harness, program, s)));
  }
}

/// Sizes from 1 to 40, or only those around the tiles' edges.
static std::vector<int64_t> edgeSizes(bool all) {
  std::vector<int64_t> sizes{1, 2, 7, 8, 9, 13, 15, 16, 17, 31, 32, 33};
  if (all)
    for (int64_t size = 3; size <= 40; ++size)
      sizes.push_back(size);
  return sizes;
}

/// Rows, columns and steps around every edge of the tiles.
static std::vector<Shape> edgeShapes(Variant variant) {
  std::vector<Shape> shapes;
  for (int64_t size : edgeSizes(variant == Variant::host)) {
    shapes.push_back({size, 37, 5, false, false});
    shapes.push_back({19, size, 7, false, false});
    shapes.push_back({17, 33, size, false, false});
  }
  return shapes;
}

TEST_P(Contraction, EveryEdge) {
  checkShapes<float>(GetParam(), edgeShapes(GetParam()));
}

TEST_P(Contraction, EveryEdgeInDoublePrecision) {
  checkShapes<double>(GetParam(), edgeShapes(GetParam()));
}

TEST_P(Contraction, Transposed) {
  std::vector<Shape> shapes;
  for (auto [a, b] : {std::pair(true, false), {false, true}, {true, true}})
    for (int64_t size : {1, 7, 16, 17, 33})
      shapes.insert(
          shapes.end(),
          {{size, 37, 5, a, b}, {19, size, 7, a, b}, {17, 33, size, a, b}});
  checkShapes<float>(GetParam(), shapes);
}

TEST_P(Contraction, FewRows) {
  std::vector<Shape> shapes;
  for (bool transposeB : {false, true})
    for (int64_t m : {1, 2, 4, 14})
      for (int64_t n : {1, 8, 17, 70, 130})
        for (int64_t k : {16, 33})
          shapes.push_back({m, n, k, false, transposeB});
  checkShapes<float>(GetParam(), shapes);
}

/// Outer products and their like, also with panels of several.
TEST_P(Contraction, FewSteps) {
  std::vector<Shape> shapes;
  for (int64_t k : {1, 3, 4})
    for (bool a : {false, true})
      for (bool b : {false, true})
        shapes.insert(shapes.end(),
                      {{1, 1, k, a, b}, {5, 17, k, a, b}, {33, 2100, k, a, b}});
  checkShapes<float>(GetParam(), shapes);
}

TEST_P(Contraction, DoublePrecision) {
  std::vector<Shape> shapes;
  for (bool a : {false, true})
    for (bool b : {false, true})
      for (int64_t size : {3, 8, 23})
        shapes.insert(
            shapes.end(),
            {{size, 21, 9, a, b}, {15, size, 10, a, b}, {3, 18, size, a, b}});
  checkShapes<double>(GetParam(), shapes);
}

TEST_P(Contraction, LongSumsInChunks) {
  checkShapes<float>(GetParam(), {{300, 40, 5000, false, false},
                                  {30, 17, 4999, false, true},
                                  {33, 31, 3001, true, false}});
}

/// Several tiles by several panels, with edges on both sides.
TEST_P(Contraction, ManyTilesAndPanels) {
  std::vector<Shape> shapes;
  for (bool a : {false, true})
    for (bool b : {false, true})
      shapes.insert(shapes.end(), {{97, 161, 50, a, b}, {128, 100, 65, a, b}});
  checkShapes<float>(GetParam(), shapes);
  checkShapes<double>(GetParam(), shapes);
}

/// Products of a left operand whose steps share sets of the cache, which a
/// first kernel lays out in tiles: two matrices of it by two others.
template <typename T>
static void checkLeftInTiles(Variant variant,
                             const std::vector<Shape> &shapes) {
  constexpr int64_t stride = 256, offset = 3;
  Harness harness(variant);
  std::vector<unsigned> programs;
  for (const Shape &s : shapes) {
    ContractionSpec spec = product(harness, harness.typeOf<T>(), s,
                                   "tiles" + std::to_string(programs.size()));
    spec.batch = {2, 2};
    spec.k = Extent(s.k, 1);
    spec.lhs.rowStride = stride;
    spec.lhs.offset = offset;
    spec.lhs.batchStrides = {s.k * stride, 0};
    spec.rhs.batchStrides = {0, s.k * s.n};
    spec.buffers[0].elements = 2 * s.k * stride;
    spec.buffers[1].elements *= 2;
    spec.buffers[2].elements *= 4;
    spec.outputs = {{2, {2 * s.m * s.n, s.m * s.n, s.n, 1}}};
    auto emitted = emitContraction(*harness.module, harness.target, spec);
    ASSERT_TRUE(emitted.has_value());
    // Up to 16 rows may be one tile, up to 4 steps have none.
    if (s.m > 16 && s.k > 4) {
      EXPECT_EQ(emitted->phases.size(), 2u);
    }
    programs.push_back(harness.add(std::move(emitted)));
  }
  harness.compile();
  for (auto [s, program] : llvm::zip(shapes, programs)) {
    Array<T> a = randomArray<T>(2 * s.k * stride, 1),
             b = randomArray<T>(2 * s.k * s.n, 2);
    for (int64_t steps : {s.k, s.k / 2}) {
      Array<T> once(4 * s.m * s.n, -9);
      harness.run(program, {a.data(), b.data(), once.data()}, 1, steps);
      for (int64_t left : {0, 1})
        for (int64_t right : {0, 1})
          for (int64_t i = 0; i < s.m; ++i)
            for (int64_t j = 0; j < s.n; ++j) {
              double sum = 0;
              for (int64_t p = 0; p < steps; ++p)
                sum += double(a[(left * s.k + p) * stride + offset + i]) *
                       double(b[right * s.k * s.n +
                                (s.transposeB ? j * s.k + p : p * s.n + j)]);
              ASSERT_NEAR(once[((2 * left + right) * s.m + i) * s.n + j], sum,
                          tolerance<T>(s.k))
                  << s.m << "x" << s.k << "x" << s.n << " of " << steps
                  << " steps at " << i << ", " << j;
            }
      for (int64_t count : {2, 3, 7}) {
        Array<T> out(4 * s.m * s.n, -9);
        harness.run(program, {a.data(), b.data(), out.data()}, count, steps);
        ASSERT_TRUE(out.sameBits(once)) << s.m << "x" << s.k << " on " << count;
      }
    }
  }
}

TEST_P(Contraction, LeftOperandInTiles) {
  std::vector<Shape> shapes{{47, 270, 5000, true, false}};
  for (int64_t size : edgeSizes(GetParam() == Variant::host))
    shapes.insert(shapes.end(), {{size, 270, 9, true, size % 2 == 0},
                                 {47, 270, size, true, size % 2 != 0}});
  checkLeftInTiles<float>(GetParam(), shapes);
  checkLeftInTiles<double>(GetParam(), {{17, 270, 8, true, false},
                                        {33, 150, 21, true, true},
                                        {34, 150, 16, true, false}});
}

/// Several blocks of sums, each with several chunks of packed panels.
TEST_P(Contraction, ManyRowsOfLongSums) {
  checkShapes<float>(GetParam(), {{1000, 70, 4200, false, false}});
}

/// Products of numbers of bf16 are exact in f32: what is rounded are the sums,
/// with the tolerance of f32. All four ways to read the operands, even and odd
/// numbers of steps.
TEST_P(Contraction, OperandsInBF16) {
  std::vector<Shape> shapes;
  for (int64_t size : edgeSizes(GetParam() == Variant::host)) {
    for (bool a : {false, true})
      for (bool b : {false, true})
        shapes.push_back({17, 33, size, a, b});
    for (bool turned : {false, true})
      shapes.insert(shapes.end(), {{size, 37, 10, turned, !turned},
                                   {19, size, 11, turned, false}});
  }
  checkShapes<float, BFloat16>(GetParam(), shapes);
}

TEST_P(Contraction, FewRowsInBF16) {
  std::vector<Shape> shapes;
  for (bool transposeB : {false, true})
    for (int64_t m : {1, 2, 4, 14})
      for (int64_t n : {1, 8, 17, 130})
        for (int64_t k : {2, 32, 33, 70})
          shapes.push_back({m, n, k, false, transposeB});
  checkShapes<float, BFloat16>(GetParam(), shapes);
}

TEST_P(Contraction, ManyTilesAndChunksInBF16) {
  std::vector<Shape> shapes{{300, 40, 9000, false, false},
                            {30, 17, 8999, false, true},
                            {33, 31, 6002, true, false},
                            {33, 70, 6001, true, false}};
  for (bool a : {false, true})
    for (bool b : {false, true})
      shapes.insert(shapes.end(), {{97, 161, 50, a, b}, {128, 100, 65, a, b}});
  checkShapes<float, BFloat16>(GetParam(), shapes);
}

/// Steps and rows at run time, of bf16.
static void checkRowsAtRunTime(Variant variant, const Shape &s,
                               const Shape &gradient) {
  Harness harness(variant);
  ContractionSpec spec =
      product(harness, harness.f32(), s, "rows", harness.bf16());
  spec.m = Extent(60, 1);
  unsigned rows =
      harness.add(emitContraction(*harness.module, harness.target, spec));
  spec = product(harness, harness.f32(), gradient, "gradient", harness.bf16());
  spec.k = Extent(60, 1);
  unsigned steps =
      harness.add(emitContraction(*harness.module, harness.target, spec));
  harness.compile();
  auto a = randomArray<BFloat16>(60 * 37, 1),
       b = randomArray<BFloat16>(60 * 37, 2);
  for (int64_t batch = 0; batch <= 60; ++batch)
    for (int64_t count : {1, 3}) {
      Array<float> out(60 * 37, -9), sums(gradient.m * 37, -9);
      harness.run(rows, {a.data(), b.data(), out.data()}, count, batch);
      harness.run(steps, {a.data(), b.data(), sums.data()}, count, batch);
      for (int64_t i = 0; i < 60; ++i)
        for (int64_t j = 0; j < 37; ++j) {
          double expected = i < batch ? reference(a, b, s, i, j, s.k) : -9;
          ASSERT_NEAR(out[i * 37 + j], expected, tolerance<float>(s.k));
          if (i < gradient.m)
            ASSERT_NEAR(sums[i * 37 + j],
                        reference(a, b, gradient, i, j, batch),
                        tolerance<float>(60))
                << batch << " steps at " << i << ", " << j;
        }
    }
}

TEST_P(Contraction, RowsAtRunTimeInBF16) {
  checkRowsAtRunTime(GetParam(), {60, 37, 22, false, false},
                     {21, 37, 60, true, false});
}

/// Shapes with whole and partial tiles in all three directions, with each
/// operand as it lies and turned, and those too small for tiles.
TEST(ContractionByTiles, EveryEdge) {
  std::vector<Shape> shapes;
  for (bool a : {false, true})
    for (bool b : {false, true})
      for (int64_t size : {31, 32, 33, 47, 48, 49, 63, 64, 65, 100})
        shapes.insert(shapes.end(), {{size, 37, 64, a, b},
                                     {size, 32, 34, a, b},
                                     {40, size, 32, a, b},
                                     {33, size, 96, a, b},
                                     {34, 36, size, a, b},
                                     {64, 16, size, a, b},
                                     {32, 64, 2 * size, a, b}});
  checkShapes<float, BFloat16>(Variant::tiles, shapes);
}

TEST(ContractionByTiles, ManyTilesAndChunks) {
  std::vector<Shape> shapes{{300, 40, 9000, false, false},
                            {70, 33, 8998, false, true},
                            {33, 31, 6002, true, false},
                            {33, 70, 6001, true, false}};
  for (bool a : {false, true})
    for (bool b : {false, true})
      shapes.insert(shapes.end(), {{97, 161, 50, a, b}, {128, 100, 65, a, b}});
  checkShapes<float, BFloat16>(Variant::tiles, shapes);
}

TEST(ContractionByTiles, RowsAtRunTime) {
  checkRowsAtRunTime(Variant::tiles, {60, 37, 24, false, false},
                     {37, 37, 60, true, false});
}

TEST_P(Contraction, RefusesOperandsOfDifferentTypes) {
  Harness harness(GetParam());
  ContractionSpec spec =
      product(harness, harness.f32(), {4, 4, 4, false, false}, "product");
  spec.buffers[1].element = harness.bf16();
  auto emitted = emitContraction(*harness.module, harness.target, spec);
  ASSERT_FALSE(emitted.has_value());
  EXPECT_EQ(emitted.error().code, ErrorCode::internal);
}

TEST_P(Contraction, RowsAtRunTime) {
  Harness harness(GetParam());
  Shape s{60, 37, 21, false, false};
  Shape gradient{21, 37, 60, true, false};
  std::vector<unsigned> programs;
  ContractionSpec spec = product(harness, harness.f32(), s, "rows");
  spec.m = Extent(60, 1);
  programs.push_back(
      harness.add(emitContraction(*harness.module, harness.target, spec)));
  spec = product(harness, harness.f32(), gradient, "gradient");
  spec.k = Extent(60, 1);
  programs.push_back(
      harness.add(emitContraction(*harness.module, harness.target, spec)));
  Shape turned{19, 37, 60, false, true};
  spec = product(harness, harness.f32(), turned, "turned");
  spec.k = Extent(60, 1);
  programs.push_back(
      harness.add(emitContraction(*harness.module, harness.target, spec)));
  Shape outer{21, 37, 3, true, false};
  spec = product(harness, harness.f32(), outer, "outer");
  spec.k = Extent(3, 1);
  programs.push_back(
      harness.add(emitContraction(*harness.module, harness.target, spec)));
  Shape single{1, 37, 21, false, false};
  spec = product(harness, harness.f32(), single, "single");
  spec.m = Extent(1, 1);
  programs.push_back(
      harness.add(emitContraction(*harness.module, harness.target, spec)));
  harness.compile();
  Array<float> a = randomArray<float>(60 * 37, 1),
               b = randomArray<float>(60 * 37, 2);
  Array<float> row(37, -9);
  harness.run(programs.back(), {a.data(), b.data(), row.data()}, 2, 1);
  for (int64_t j = 0; j < 37; ++j)
    ASSERT_NEAR(row[j], reference(a, b, single, 0, j, single.k),
                tolerance<float>(single.k));
  for (int64_t batch = 0; batch <= 60; ++batch)
    for (int64_t count : {1, 3}) {
      Array<float> out(60 * 37, -9);
      harness.run(programs[0], {a.data(), b.data(), out.data()}, count, batch);
      for (int64_t i = 0; i < 60; ++i)
        for (int64_t j = 0; j < 37; ++j)
          if (i < batch)
            ASSERT_NEAR(out[i * 37 + j], reference(a, b, s, i, j, s.k),
                        tolerance<float>(s.k))
                << batch << " rows at " << i << ", " << j;
          else
            ASSERT_EQ(out[i * 37 + j], -9);
      for (auto [number, shape] : {std::pair(1, gradient), std::pair(2, turned),
                                   std::pair(3, outer)}) {
        if (batch > shape.k)
          continue;
        Array<float> sums(shape.m * 37, -9);
        harness.run(programs[number], {a.data(), b.data(), sums.data()}, count,
                    batch);
        for (int64_t i = 0; i < shape.m; ++i)
          for (int64_t j = 0; j < 37; ++j)
            ASSERT_NEAR(sums[i * 37 + j], reference(a, b, shape, i, j, batch),
                        tolerance<float>(60));
      }
    }
}

/// Bias, residual, a row scale and the indices; the second output in place.
TEST_P(Contraction, Epilogue) {
  Harness harness(GetParam());
  struct Case {
    Shape shape;
    unsigned program;
  };
  std::vector<Case> cases;
  for (int64_t m : {1, 3, 31})
    for (int64_t n : {1, 10, 33})
      for (bool b : {false, true}) {
        Shape s{m, n, 18, false, b};
        ContractionSpec spec = product(harness, harness.f32(), s,
                                       fmt::format("e{}", cases.size()));
        spec.buffers.push_back({harness.f32(), n});
        spec.buffers.push_back({harness.f32(), m * n});
        spec.buffers.push_back({harness.f32(), m});
        spec.inputs = {{3, {0, 1}}, {4, {n, 1}}, {5, {1, 0}}};
        spec.outputs = {{2, {n, 1}}, {4, {n, 1}}};
        spec.epilogue = [](BodyContext &c) -> SmallVector<Value> {
          auto add = [&](Value x, Value y) -> Value {
            return arith::AddFOp::create(c.builder, c.loc, x, y);
          };
          Value first = arith::MulFOp::create(
              c.builder, c.loc, add(c.inputs[0], c.inputs[1]), c.inputs[3]);
          Value place =
              arith::AddIOp::create(c.builder, c.loc, c.index(0), c.index(1));
          Value number = arith::SIToFPOp::create(
              c.builder, c.loc, c.vectorOf(c.builder.getF32Type()), place);
          return {first, add(c.inputs[2], number)};
        };
        cases.push_back({s, harness.add(emitContraction(
                                *harness.module, harness.target, spec))});
      }
  harness.compile();
  for (const Case &c : cases) {
    const Shape &s = c.shape;
    Array<float> a = randomArray<float>(s.m * s.k, 1),
                 b = randomArray<float>(s.k * s.n, 2),
                 bias = randomArray<float>(s.n, 3),
                 residual = randomArray<float>(s.m * s.n, 4),
                 scale = randomArray<float>(s.m, 5);
    for (int64_t count : {1, 3}) {
      Array<float> out(s.m * s.n, -9), inPlace(residual);
      harness.run(c.program,
                  {a.data(), b.data(), out.data(), bias.data(), inPlace.data(),
                   scale.data()},
                  count);
      for (int64_t i = 0; i < s.m; ++i)
        for (int64_t j = 0; j < s.n; ++j) {
          ASSERT_NEAR(out[i * s.n + j],
                      (reference(a, b, s, i, j, s.k) + bias[j]) * scale[i],
                      tolerance<float>(s.k));
          ASSERT_EQ(inPlace[i * s.n + j], residual[i * s.n + j] + (i + j));
        }
    }
  }
}

/// Columns in blocks, of which the epilogue sees all at once.
template <typename Operand>
static void checkGates(Variant variant, const std::vector<int64_t> &rows,
                       const std::vector<int64_t> &columns,
                       const std::vector<int64_t> &steps) {
  Harness harness(variant);
  struct Case {
    Shape shape;
    int64_t gates;
    unsigned program;
  };
  std::vector<Case> cases;
  for (int64_t gates : {2, 3, 4})
    for (int64_t m : rows)
      for (int64_t n : columns)
        for (int64_t k : steps) {
          Shape s{m, gates * n, k, false, false};
          ContractionSpec spec = product(harness, harness.f32(), s,
                                         fmt::format("g{}", cases.size()),
                                         harness.typeOf<Operand>());
          spec.n = n;
          spec.gates = gates;
          spec.buffers.push_back({harness.f32(), n});
          spec.inputs = {{3, {0, 1}}};
          spec.outputs = {{2, {n, 1}}};
          spec.epilogue = [gates](BodyContext &c) -> SmallVector<Value> {
            Value sum = c.inputs[gates];
            for (int64_t gate = 0; gate < gates; ++gate) {
              Value factor = arith::ConstantOp::create(
                  c.builder, c.loc,
                  DenseElementsAttr::get(c.vectorOf(c.builder.getF32Type()),
                                         float(gate + 1)));
              sum = arith::AddFOp::create(
                  c.builder, c.loc, sum,
                  arith::MulFOp::create(c.builder, c.loc, factor,
                                        c.inputs[gate]));
            }
            return {sum};
          };
          cases.push_back({s, gates,
                           harness.add(emitContraction(*harness.module,
                                                       harness.target, spec))});
        }
  harness.compile();
  for (const Case &c : cases) {
    const Shape &s = c.shape;
    int64_t n = s.n / c.gates;
    Array<Operand> a = randomArray<Operand>(s.m * s.k, 1),
                   b = randomArray<Operand>(s.k * s.n, 2);
    Array<float> bias = randomArray<float>(n, 3), once(s.m * n, -9);
    harness.run(c.program, {a.data(), b.data(), once.data(), bias.data()}, 1);
    for (int64_t count : {2, 3, 5}) {
      Array<float> out(s.m * n, -9);
      harness.run(c.program, {a.data(), b.data(), out.data(), bias.data()},
                  count);
      ASSERT_TRUE(out.sameBits(once)) << "on " << count;
    }
    for (int64_t i = 0; i < s.m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        double sum = bias[j];
        for (int64_t gate = 0; gate < c.gates; ++gate)
          sum += (gate + 1) * reference(a, b, s, i, gate * n + j, s.k);
        // Factors of up to 10 in all times the rounding of each sum.
        ASSERT_NEAR(once[i * n + j], sum, 10 * tolerance<float>(s.k))
            << c.gates << " gates of " << n << ", " << s.m << " rows, " << s.k
            << " steps at " << i << ", " << j;
      }
  }
}

TEST_P(Contraction, Gates) {
  checkGates<float>(GetParam(), {1, 2, 7, 33}, {1, 8, 15, 17, 33, 70}, {3, 18});
}

TEST(ContractionByTiles, Gates) {
  checkGates<BFloat16>(Variant::tiles, {32, 33, 70}, {16, 17, 33, 70},
                       {32, 47});
}

TEST_P(Contraction, RefusesGatesOfATransposedMatrix) {
  Harness harness(GetParam());
  ContractionSpec spec =
      product(harness, harness.f32(), {4, 4, 4, false, true}, "product");
  spec.n = 2;
  spec.gates = 2;
  auto emitted = emitContraction(*harness.module, harness.target, spec);
  ASSERT_FALSE(emitted.has_value());
  EXPECT_EQ(emitted.error().code, ErrorCode::internal);
}

/// Heads side by side in a row, one matrix shared by all entries.
template <typename Operand>
static void checkBatches(Variant variant, int64_t rows, int64_t depth,
                         int64_t columns) {
  Harness harness(variant);
  int64_t samples = 3, heads = 2;
  int64_t width = heads * depth;
  ContractionSpec spec;
  spec.name = "batches";
  spec.element = harness.f32();
  spec.batch = {Extent(samples, 1), heads};
  spec.m = rows;
  spec.n = columns;
  spec.k = depth;
  spec.buffers = {{harness.typeOf<Operand>(), samples * rows * width},
                  {harness.typeOf<Operand>(), heads * depth * columns},
                  {harness.f32(), samples * heads * rows * columns}};
  spec.lhs = {
      .buffer = 0, .rowStride = width, .batchStrides = {rows * width, depth}};
  spec.rhs = {
      .buffer = 1, .rowStride = columns, .batchStrides = {0, depth * columns}};
  spec.outputs = {{2, {heads * rows * columns, rows * columns, columns, 1}}};
  unsigned program =
      harness.add(emitContraction(*harness.module, harness.target, spec));
  harness.compile();
  Array<Operand> a = randomArray<Operand>(samples * rows * width, 1),
                 b = randomArray<Operand>(heads * depth * columns, 2);
  for (int64_t batch = 0; batch <= samples; ++batch)
    for (int64_t count : {1, 2, 5}) {
      Array<float> out(samples * heads * rows * columns, -9);
      harness.run(program, {a.data(), b.data(), out.data()}, count, batch);
      float *at = out.data();
      for (int64_t s = 0; s < samples; ++s)
        for (int64_t h = 0; h < heads; ++h)
          for (int64_t i = 0; i < rows; ++i)
            for (int64_t j = 0; j < columns; ++j, ++at) {
              double sum = 0;
              for (int64_t p = 0; p < depth; ++p)
                sum += double(a[(s * rows + i) * width + h * depth + p]) *
                       b[(h * depth + p) * columns + j];
              ASSERT_NEAR(*at, s < batch ? sum : -9, tolerance<float>(depth));
            }
    }
}

TEST_P(Contraction, Batches) { checkBatches<float>(GetParam(), 9, 17, 19); }

TEST(ContractionByTiles, Batches) {
  checkBatches<BFloat16>(Variant::tiles, 33, 32, 40);
  checkBatches<BFloat16>(Variant::tiles, 33, 31, 40);
}

/// A right operand in panels, which no one else touches: every width, batches,
/// rows at run time.
TEST_P(Contraction, RightOperandInPanels) {
  Harness harness(GetParam());
  int64_t lanes = harness.target.lanes(4), batch = 2;
  struct Case {
    Shape shape;
    int64_t width;
    unsigned program;
  };
  std::vector<Case> cases;
  auto add = [&](Shape s, int64_t width, bool rowsAtRunTime) {
    ContractionSpec spec =
        product(harness, harness.f32(), s, fmt::format("p{}", cases.size()));
    if (width == 0)
      width = panelColumns(spec, harness.target);
    int64_t matrix = (s.n + width - 1) / width * width * s.k;
    spec.batch = {batch};
    if (rowsAtRunTime)
      spec.m = Extent(s.m, 1);
    spec.buffers = {{harness.f32(), batch * s.m * s.k},
                    {harness.f32(), batch * matrix},
                    {harness.f32(), batch * s.m * s.n}};
    spec.lhs.batchStrides = {s.m * s.k};
    spec.rhs.panelColumns = width;
    spec.rhs.batchStrides = {matrix};
    spec.outputs = {{2, {s.m * s.n, s.n, 1}}};
    cases.push_back(
        {s, width,
         harness.add(emitContraction(*harness.module, harness.target, spec))});
  };
  for (bool rowsAtRunTime : {false, true}) {
    for (int64_t width : {1, 2, 3, 4})
      for (int64_t n : {1, 33, 100})
        add({29, n, 11, false, false}, width * lanes, rowsAtRunTime);
    for (int64_t m : {1, 3, 14, 70})
      for (int64_t k : {1, 4, 40})
        add({m, 72, k, false, false}, 0, rowsAtRunTime);
  }
  add({40, 20, 5000, false, false}, 0, false);
  harness.compile();
  for (const auto &[s, width, program] : cases) {
    int64_t panels = (s.n + width - 1) / width;
    Array<float> a = randomArray<float>(batch * s.m * s.k, 1),
                 b = randomArray<float>(batch * s.k * s.n, 2);
    Array<float> inPanels(batch * panels * s.k * width, 7);
    for (int64_t e = 0; e < batch; ++e)
      for (int64_t p = 0; p < s.k; ++p)
        for (int64_t j = 0; j < s.n; ++j)
          inPanels[((e * panels + j / width) * s.k + p) * width + j % width] =
              b[(e * s.k + p) * s.n + j];
    for (int64_t count : {1, 3}) {
      Array<float> out(batch * s.m * s.n, -9);
      harness.run(program, {a.data(), inPanels.data(), out.data()}, count, s.m);
      for (int64_t e = 0; e < batch; ++e)
        for (int64_t i = 0; i < s.m; ++i)
          for (int64_t j = 0; j < s.n; ++j) {
            double sum = 0;
            for (int64_t p = 0; p < s.k; ++p)
              sum += double(a[(e * s.m + i) * s.k + p]) *
                     b[(e * s.k + p) * s.n + j];
            ASSERT_NEAR(out[(e * s.m + i) * s.n + j], sum,
                        tolerance<float>(s.k))
                << s.m << "x" << s.k << "x" << s.n << " in panels of " << width;
          }
    }
  }
}

TEST_P(Contraction, RefusesPanelsOfOddWidth) {
  Harness harness(GetParam());
  ContractionSpec spec =
      product(harness, harness.f32(), {4, 4, 40, false, false}, "product");
  spec.rhs.panelColumns = 5 * harness.target.lanes(4);
  auto emitted = emitContraction(*harness.module, harness.target, spec);
  ASSERT_FALSE(emitted.has_value());
  EXPECT_EQ(emitted.error().code, ErrorCode::internal);
}

TEST_P(Contraction, RefusesColumnsAtRunTime) {
  Harness harness(GetParam());
  ContractionSpec spec =
      product(harness, harness.f32(), {4, 4, 4, false, false}, "product");
  spec.n = Extent(4, 1);
  auto emitted = emitContraction(*harness.module, harness.target, spec);
  ASSERT_FALSE(emitted.has_value());
  EXPECT_EQ(emitted.error().code, ErrorCode::unsupported);
}

NNC_FOR_EACH_VARIANT(Contraction);

//===- InitializersTest.cpp - Distributions of initial weights ------------===//

#include "nnc/Training/Initializers.h"
#include "../Formats/TestFolder.h"
#include "nnc/Formats/Array.h"
#include <cmath>
#include <numeric>

using namespace nnc;
using namespace nnc::test;

static Argument makeArgument(const std::string &initializer,
                             std::vector<int64_t> shape,
                             const std::string &name = "w") {
  Argument argument;
  argument.name = name;
  argument.role = Role::parameter;
  argument.type = ElementType::f64;
  argument.shape = std::move(shape);
  argument.initializer = initializer;
  return argument;
}

static std::vector<double> draw(const std::string &initializer,
                                std::vector<int64_t> shape, uint64_t seed = 0,
                                const std::string &name = "w") {
  Argument argument = makeArgument(initializer, std::move(shape), name);
  std::vector<double> values(argument.elementCount());
  Expected<void> done = initialize(argument, seed, values.data());
  EXPECT_TRUE(done) << done.error().message;
  return values;
}

static double mean(const std::vector<double> &values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / values.size();
}

static double variance(const std::vector<double> &values) {
  double center = mean(values), sum = 0;
  for (double value : values)
    sum += (value - center) * (value - center);
  return sum / values.size();
}

static std::pair<double, double> range(const std::vector<double> &values) {
  auto [low, high] = std::minmax_element(values.begin(), values.end());
  return {*low, *high};
}

// A million samples: the mean is off by more than 4 sigma / 1000 once in 16,000
// seeds; the variance of a million squares is good to 0.15 %, so 1 % is safe.
constexpr int64_t million = 1000000;

TEST(Initializers, NormalHasItsMeanAndVariance) {
  std::vector<double> values = draw("normal(stddev = 0.1)", {million});
  EXPECT_NEAR(mean(values), 0, 4 * 0.1 / 1000);
  EXPECT_NEAR(variance(values), 0.01, 0.0001);
  values = draw("normal(stddev = 2.0, mean = 3.0)", {million});
  EXPECT_NEAR(mean(values), 3, 4 * 2.0 / 1000);
  EXPECT_NEAR(variance(values), 4, 0.04);
}

TEST(Initializers, UniformFillsItsRange) {
  std::vector<double> values =
      draw("uniform(low = -1.0, high = 3.0)", {million});
  EXPECT_NEAR(mean(values), 1, 4 * std::sqrt(16.0 / 12) / 1000);
  EXPECT_NEAR(variance(values), 16.0 / 12, 0.01 * 16 / 12);
  EXPECT_GE(range(values).first, -1.0);
  EXPECT_LT(range(values).second, 3.0);
}

TEST(Initializers, TruncatedNormalStaysWithinTwoDeviations) {
  std::vector<double> values =
      draw("truncated_normal(stddev = 0.1)", {million});
  EXPECT_LE(range(values).second, 0.2);
  EXPECT_GE(range(values).first, -0.2);
  // The standard deviation of a normal cut at 2 sigma is 0.87962566 sigma.
  EXPECT_NEAR(std::sqrt(variance(values)), 0.087962566, 0.00087962566);
}

TEST(Initializers, ConstantsAreExact) {
  EXPECT_EQ(range(draw("zeros", {7})), std::pair(0.0, 0.0));
  EXPECT_EQ(range(draw("", {7})), std::pair(0.0, 0.0));
  EXPECT_EQ(range(draw("ones", {7})), std::pair(1.0, 1.0));
  EXPECT_EQ(range(draw("constant(-1.5)", {7})), std::pair(-1.5, -1.5));
  EXPECT_EQ(draw("values([[1, 2], [3, 4.5]])", {2, 2}),
            (std::vector<double>{1, 2, 3, 4.5}));
  EXPECT_EQ(draw("identity(gain = 2.0)", {2, 3}),
            (std::vector<double>{2, 0, 0, 0, 2, 0}));
}

TEST(Initializers, GlorotNormalHasTheVarianceOfTheLectures) {
  // Fans and variances of 784-500-500-10; the smallest has 5,000 samples, so
  // that ten seeds are pooled.
  struct Case {
    int64_t in, out;
    double variance;
  };
  for (Case c : {Case{784, 500, 0.00155763}, Case{500, 500, 0.002},
                 Case{500, 10, 0.00392157}}) {
    double sum = 0;
    for (uint64_t seed = 0; seed < 10; ++seed)
      sum += variance(draw("glorot_normal", {c.in, c.out}, seed));
    EXPECT_NEAR(sum / 10, c.variance, 0.01 * c.variance * (c.out == 10 ? 2 : 1))
        << c.in << " " << c.out;
  }
}

TEST(Initializers, GlorotUniformHasTheLimitsOfTheLectures) {
  struct Case {
    int64_t in, out;
    double limit;
  };
  for (Case c : {Case{784, 500, 0.068359}, Case{500, 500, 0.077460},
                 Case{500, 10, 0.108465}}) {
    auto [low, high] = range(draw("glorot_uniform", {c.in, c.out}));
    EXPECT_LE(high, c.limit + 1e-6);
    EXPECT_GE(low, -c.limit - 1e-6);
    // Of 5,000 samples the largest is within 0.2 % of the limit.
    EXPECT_GT(high, 0.998 * c.limit);
    EXPECT_LT(low, -0.998 * c.limit);
  }
}

TEST(Initializers, HeAndLecunScaleByTheFanIn) {
  EXPECT_NEAR(variance(draw("he_normal", {500, 2000})), 2.0 / 500, 4e-5);
  EXPECT_NEAR(variance(draw("he_uniform", {500, 2000})), 2.0 / 500, 4e-5);
  EXPECT_NEAR(variance(draw("lecun_normal", {500, 2000})), 1.0 / 500, 2e-5);
  EXPECT_NEAR(variance(draw("lecun_uniform", {500, 2000})), 1.0 / 500, 2e-5);
}

TEST(Initializers, FansOfTheArgumentComeFirst) {
  Argument argument = makeArgument("he_uniform", {100, 3, 5, 5});
  argument.fanIn = 75;
  std::vector<double> values(argument.elementCount());
  ASSERT_TRUE(initialize(argument, 0, values.data()));
  EXPECT_LE(range(values).second, std::sqrt(6.0 / 75));
  EXPECT_GT(range(values).second, 0.99 * std::sqrt(6.0 / 75));
}

TEST(Initializers, OrthogonalRowsOrColumns) {
  auto expectOrthonormal = [](const std::vector<double> &m, int64_t rows,
                              int64_t columns, double square) {
    bool wide = rows <= columns;
    int64_t count = wide ? rows : columns, width = wide ? columns : rows;
    for (int64_t i = 0; i < count; ++i)
      for (int64_t j = 0; j <= i; ++j) {
        double product = 0;
        for (int64_t k = 0; k < width; ++k)
          product += (wide ? m[i * columns + k] : m[k * columns + i]) *
                     (wide ? m[j * columns + k] : m[k * columns + j]);
        // Gram and Schmidt twice loses a few units in the last place.
        EXPECT_NEAR(product, i == j ? square : 0, 1e-13);
      }
  };
  expectOrthonormal(draw("orthogonal", {8, 32}), 8, 32, 1);
  expectOrthonormal(draw("orthogonal", {33, 7}), 33, 7, 1);
  expectOrthonormal(draw("orthogonal(gain = 2.0)", {16, 16}), 16, 16, 4);
  expectOrthonormal(draw("orthogonal", {5, 3, 4}), 5, 12, 1);
}

TEST(Initializers, DependOnSeedAndNameAlone) {
  EXPECT_EQ(draw("glorot_uniform", {5, 5}), draw("glorot_uniform", {5, 5}));
  EXPECT_NE(draw("glorot_uniform", {5, 5}), draw("glorot_uniform", {5, 5}, 1));
  EXPECT_NE(draw("glorot_uniform", {5, 5}),
            draw("glorot_uniform", {5, 5}, 0, "v"));
}

TEST(Initializers, AllElementTypes) {
  Argument argument = makeArgument("constant(2.0)", {2});
  for (ElementType type :
       {ElementType::f32, ElementType::f64, ElementType::f16, ElementType::bf16,
        ElementType::i64, ElementType::i32, ElementType::i16, ElementType::i8,
        ElementType::u8}) {
    argument.type = type;
    Array array(type, {2});
    ASSERT_TRUE(initialize(argument, 0, array.data()));
    EXPECT_EQ(array.at(1), 2.0) << nameOf(type);
  }
}

TEST(Initializers, ShapesThatDoNotFitAreErrors) {
  double value[4];
  expectError(initialize(makeArgument("orthogonal", {4}), 0, value),
              ErrorCode::initializerShape);
  expectError(initialize(makeArgument("identity", {2, 2, 1}), 0, value),
              ErrorCode::initializerShape);
  expectError(initialize(makeArgument("values([1, 2, 3])", {4}), 0, value),
              ErrorCode::initializerShape);
  expectError(initialize(makeArgument("values([true])", {1}), 0, value),
              ErrorCode::initializerShape);
  expectError(initialize(makeArgument("no_such", {1}), 0, value),
              ErrorCode::unknownName);
}

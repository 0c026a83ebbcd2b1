//===- VectorMathTest.cpp - Elementary functions against libm -------------===//
//
// Every expansion, on points that cover its domain densely and on special
// values, against the C library in long double.
//
//===----------------------------------------------------------------------===//

#include "nnc/Kernels/VectorMath.h"
#include "KernelHarness.h"
#include "nnc/Kernels/Map.h"
#include <cmath>
#include <numbers>

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;
using namespace nnc::test;

namespace {

class VectorMath : public ForEachVariant {};

using Real = long double;

/// A function, what it should be, and where it is tried.
struct Function {
  const char *name;
  Real (*expected)(Real);
  Value (*build)(BodyContext &);
  double low, high;
  /// Most ulp in f32.
  double ulp = 4;
  /// From here on the function is NaN; 0: nowhere.
  double tooFar = 0;
};

} // namespace

template <typename OpTy> static Value build(BodyContext &c) {
  return OpTy::create(c.builder, c.loc, c.inputs[0]);
}

static Real rsqrt(Real x) { return 1 / std::sqrt(x); }

/// 1 + e^-x, and 1 over it.
static Value buildOnePlusExp(BodyContext &c) {
  Value e = math::ExpOp::create(
      c.builder, c.loc,
      arith::NegFOp::create(c.builder, c.loc, c.inputs[0]).getResult());
  TypedAttr one = c.builder.getFloatAttr(getElementTypeOrSelf(e.getType()), 1);
  if (auto vector = dyn_cast<VectorType>(e.getType()))
    one = DenseElementsAttr::get(vector, Attribute(one));
  Value ones = arith::ConstantOp::create(c.builder, c.loc, one);
  return arith::AddFOp::create(c.builder, c.loc, ones, e);
}
static Value buildLogistic(BodyContext &c) {
  Value sum = buildOnePlusExp(c);
  Value one = sum.getDefiningOp<arith::AddFOp>().getLhs();
  return arith::DivFOp::create(c.builder, c.loc, one, sum);
}
static Real onePlusExp(Real x) { return 1 + std::exp(-x); }
static Real logistic(Real x) { return 1 / onePlusExp(x); }

static const Function functions[] = {
    {"exp", std::exp, build<math::ExpOp>, -750, 720},
    {"exp near 0", std::exp, build<math::ExpOp>, -2, 2},
    {"1 + e^-x", onePlusExp, buildOnePlusExp, -720, 750},
    {"logistic", logistic, buildLogistic, -85, 100},
    {"exp2", std::exp2, build<math::Exp2Op>, -1080, 1030},
    {"expm1", std::expm1, build<math::ExpM1Op>, -50, 720},
    {"expm1 near 0", std::expm1, build<math::ExpM1Op>, -1, 1},
    {"log", std::log, build<math::LogOp>, 0, 1e5},
    {"log near 1", std::log, build<math::LogOp>, 0.5, 2},
    {"log2", std::log2, build<math::Log2Op>, 0, 100},
    {"log10", std::log10, build<math::Log10Op>, 0, 1e5},
    {"log1p", std::log1p, build<math::Log1pOp>, -1, 100},
    {"log1p near 0", std::log1p, build<math::Log1pOp>, -0.01, 0.01},
    {"tanh", std::tanh, build<math::TanhOp>, -25, 25},
    {"tanh near 0", std::tanh, build<math::TanhOp>, -1, 1},
    {"sinh", std::sinh, build<math::SinhOp>, -720, 720},
    {"sinh near 0", std::sinh, build<math::SinhOp>, -2, 2},
    {"cosh", std::cosh, build<math::CoshOp>, -720, 720},
    {"asinh", std::asinh, build<math::AsinhOp>, -100, 100},
    {"acosh", std::acosh, build<math::AcoshOp>, 1, 100},
    {"atanh", std::atanh, build<math::AtanhOp>, -1, 1},
    {"erf", std::erf, build<math::ErfOp>, -7, 7},
    {"erf near 0", std::erf, build<math::ErfOp>, -1.2, 1.2},
    {"erfc", std::erfc, build<math::ErfcOp>, -7, 28},
    {"sin", std::sin, build<math::SinOp>, -100, 100, 4, 0x1p50},
    {"sin far", std::sin, build<math::SinOp>, -1e9, 1e9, 4, 0x1p50},
    {"cos", std::cos, build<math::CosOp>, -100, 100, 4, 0x1p50},
    {"cos far", std::cos, build<math::CosOp>, -1e9, 1e9, 4, 0x1p50},
    {"tan", std::tan, build<math::TanOp>, -100, 100, 4, 0x1p50},
    {"atan", std::atan, build<math::AtanOp>, -50, 50},
    {"asin", std::asin, build<math::AsinOp>, -1, 1},
    {"acos", std::acos, build<math::AcosOp>, -1, 1},
    {"cbrt", std::cbrt, build<math::CbrtOp>, -1e6, 1e6},
    {"rsqrt", rsqrt, build<math::RsqrtOp>, 0, 1e3},
    {"round", std::round, build<math::RoundOp>, -9, 9, 0},
};

template <typename T> static std::vector<T> specialValues() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values{0,
                        Limits::denorm_min(),
                        Limits::denorm_min() * 12345,
                        Limits::min() / 3,
                        Limits::min(),
                        Limits::epsilon(),
                        T(0.5),
                        T(1),
                        std::nextafter(T(1), T(0)),
                        std::nextafter(T(1), T(2)),
                        T(2),
                        T(2.5),
                        T(3),
                        T(8),
                        T(1e-20),
                        T(1e10),
                        T(8388607.5),
                        T(1e20),
                        Limits::max() / 2,
                        Limits::max(),
                        Limits::infinity(),
                        Limits::quiet_NaN()};
  for (size_t i = 0, n = values.size(); i < n; ++i)
    values.push_back(-values[i]);
  return values;
}

/// Units in the last place of \p expected between it and \p found; 0 for the
/// same special value, infinite for different ones.
template <typename T> static double ulpsApart(T found, Real expected) {
  T nearest = static_cast<T>(expected);
  if (std::isnan(nearest) || std::isnan(found))
    return std::isnan(nearest) && std::isnan(found) ? 0 : INFINITY;
  if (std::isinf(nearest) || std::isinf(found))
    // At the edge of the range, the largest number will do.
    return nearest == found ||
                   std::abs(nearest) == std::numeric_limits<T>::max() ||
                   std::abs(found) == std::numeric_limits<T>::max()
               ? 0
               : INFINITY;
  if (nearest == 0 && found == 0)
    return std::signbit(nearest) == std::signbit(found) ? 0 : INFINITY;
  T magnitude = std::max(std::abs(nearest), std::numeric_limits<T>::min());
  Real ulp = magnitude - std::nextafter(magnitude, T(0));
  return std::abs((Real(found) - expected) / ulp);
}

template <typename T> static void checkFunctions(Variant variant) {
  constexpr bool isDouble = std::is_same_v<T, double>;
  // 1e-14 as a number of units in the last place of f64.
  Harness harness(variant);
  Type element = isDouble ? harness.f64() : harness.f32();
  constexpr int64_t points = 20011;
  std::vector<T> special = specialValues<T>();
  int64_t size = points + special.size();
  std::vector<unsigned> programs;
  for (const auto &[number, function] : llvm::enumerate(functions)) {
    auto buildBody = function.build;
    programs.push_back(harness.add(
        emitMap(*harness.module, harness.target,
                {.name = "f" + std::to_string(number),
                 .domain = {size},
                 .buffers = {{element, size}, {element, size}},
                 .inputs = {{0, {1}}},
                 .outputs = {{1, {1}}},
                 .body = [buildBody](BodyContext &c) -> SmallVector<Value> {
                   return {buildBody(c)};
                 }})));
  }
  harness.compile();
  for (const auto &[function, program] : llvm::zip(functions, programs)) {
    Array<T> x(size), y(size);
    std::mt19937_64 generator(1);
    std::uniform_real_distribution<double> uniform(function.low, function.high);
    for (int64_t i = 0; i < points; ++i)
      x[i] = static_cast<T>(uniform(generator));
    llvm::copy(special, x.begin() + points);
    harness.run(program, {x.data(), y.data()});
    double limit =
        isDouble ? (function.ulp ? 1e-14 / 0x1p-52 : 0) : function.ulp;
    double worst = 0;
    T at = 0;
    for (int64_t i = 0; i < size; ++i) {
      if (function.tooFar && std::abs(x[i]) >= function.tooFar) {
        EXPECT_TRUE(std::isnan(y[i])) << function.name << " of " << x[i];
        continue;
      }
      double apart = ulpsApart(y[i], function.expected(x[i]));
      if (apart > worst) {
        worst = apart;
        at = x[i];
      }
    }
    EXPECT_LE(worst, limit) << function.name << " at " << at;
    if (std::getenv("NNC_TEST_VERBOSE"))
      std::printf("%-14s %s %8.2f ulp at %g\n", function.name,
                  isDouble ? "f64" : "f32", worst, double(at));
  }
}

TEST_P(VectorMath, SinglePrecision) { checkFunctions<float>(GetParam()); }
TEST_P(VectorMath, DoublePrecision) { checkFunctions<double>(GetParam()); }

namespace {

struct Binary {
  const char *name;
  Real (*expected)(Real, Real);
  Value (*build)(BodyContext &);
};

} // namespace

template <typename OpTy> static Value buildBinary(BodyContext &c) {
  return OpTy::create(c.builder, c.loc, c.inputs[0], c.inputs[1]);
}

static const Binary binaries[] = {
    {"pow", std::pow, buildBinary<math::PowFOp>},
    {"atan2", std::atan2, buildBinary<math::Atan2Op>},
    {"remainder", std::fmod, buildBinary<arith::RemFOp>},
};

template <typename T> static void checkBinaries(Variant variant) {
  constexpr bool isDouble = std::is_same_v<T, double>;
  Harness harness(variant);
  Type element = isDouble ? harness.f64() : harness.f32();
  std::vector<std::pair<T, T>> points;
  std::mt19937_64 generator(1);
  std::uniform_real_distribution<double> wide(-30, 30), base(0, 20);
  for (int i = 0; i < 20000; ++i) {
    points.push_back({T(base(generator)), T(wide(generator))});
    points.push_back({T(wide(generator)), T(wide(generator))});
    points.push_back({T(1 + wide(generator) / 3e3), T(wide(generator) * 300)});
  }
  for (T a : specialValues<T>())
    for (T b : specialValues<T>())
      points.push_back({a, b});
  int64_t size = points.size();
  std::vector<unsigned> programs;
  for (const auto &[number, function] : llvm::enumerate(binaries)) {
    auto buildBody = function.build;
    programs.push_back(harness.add(
        emitMap(*harness.module, harness.target,
                {.name = "f" + std::to_string(number),
                 .domain = {size},
                 .buffers = {{element, size}, {element, size}, {element, size}},
                 .inputs = {{0, {1}}, {1, {1}}},
                 .outputs = {{2, {1}}},
                 .body = [buildBody](BodyContext &c) -> SmallVector<Value> {
                   return {buildBody(c)};
                 }})));
  }
  harness.compile();
  Array<T> x(size), y(size), z(size);
  for (int64_t i = 0; i < size; ++i) {
    x[i] = points[i].first;
    y[i] = points[i].second;
  }
  for (const auto &[function, program] : llvm::zip(binaries, programs)) {
    harness.run(program, {x.data(), y.data(), z.data()});
    double limit = isDouble ? 1e-14 / 0x1p-52 : 4, worst = 0;
    int64_t at = 0;
    for (int64_t i = 0; i < size; ++i) {
      // Remainders are exact while the quotient is below 2^300.
      if (function.build == buildBinary<arith::RemFOp> && isDouble &&
          std::abs(x[i] / y[i]) > 0x1p300)
        continue;
      double apart = ulpsApart(z[i], function.expected(x[i], y[i]));
      if (apart > worst) {
        worst = apart;
        at = i;
      }
    }
    EXPECT_LE(worst, limit)
        << function.name << " of " << x[at] << ", " << y[at] << ": " << z[at];
    if (std::getenv("NNC_TEST_VERBOSE"))
      std::printf("%-14s %s %8.2f ulp at %g, %g\n", function.name,
                  isDouble ? "f64" : "f32", worst, double(x[at]),
                  double(y[at]));
  }
}

TEST_P(VectorMath, TwoOperandsSingle) { checkBinaries<float>(GetParam()); }
TEST_P(VectorMath, TwoOperandsDouble) { checkBinaries<double>(GetParam()); }

NNC_FOR_EACH_VARIANT(VectorMath);

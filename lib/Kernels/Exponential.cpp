//===- Exponential.cpp - exp and the functions made of it -----------------===//
//
// x = k ln 2 + r with |r| <= ln 2 / 2, e^x = 2^k e^r. The polynomials are
// minimax fits (Remez exchange) of (e^r - 1 - r) / r^2; their error in e^r is
// 3e-9 (f32) and 6e-20 (f64).
//
//===----------------------------------------------------------------------===//

#include "MathExpr.h"
#include <limits>
#include <numbers>

using namespace nnc::vectormath;

static constexpr double single[] = {
    0.5000000095789484961, 0.1666651883704313799, 0.04166620410522455898,
    0.008368889730488958867, 0.001395059053672339526};

static constexpr double precise[] = {
    0.4999999999999999997,     0.1666666666666668384,   0.04166666666666672355,
    0.008333333333316738635,   0.001388888888885882208, 0.000198412698970590738,
    0.00002480158737309441724, 2.755723423648178562e-6, 2.755723385245652276e-7,
    2.511224000707844136e-8,   2.09268046831526979e-9};

/// ln 2 as a number with trailing zeros, and the rest.
static constexpr double singleLn2High = 0x1.62e4p-1;
static constexpr double singleLn2Low = 0x1.7f7d1cf79abcap-20;
static constexpr double preciseLn2High = 0x1.62e42fefa38p-1;
static constexpr double preciseLn2Low = 0x1.ef35793c7673p-45;

namespace {

/// x as k ln 2 + r.
struct Reduced {
  Rounded k;
  Expr r;
};

} // namespace

static Reduced reduce(Expr x) {
  Rounded k = roundProduct(x, std::numbers::log2e);
  bool isDouble = x.isDouble();
  Expr minus = -k.number;
  Expr r = fma(minus, isDouble ? preciseLn2High : singleLn2High, x);
  r = fma(minus, isDouble ? preciseLn2Low : singleLn2Low, r);
  return {k, r};
}

/// e^r - 1 for small r.
static Expr expm1Core(Expr r) {
  Expr p = r.isDouble() ? polynomial(r, precise) : polynomial(r, single);
  return fma(r * r, p, r);
}

static mlir::Value minus(Expr like, mlir::Value a, mlir::Value b) {
  return mlir::arith::SubIOp::create(*like.builder, like.loc, a, b);
}

/// value * 2^k, through numbers below infinity and above the subnormals.
static Expr scale(Expr value, const Rounded &k) {
  // Few processors shift vectors of 64-bit numbers and keep the sign.
  mlir::Value half =
      value.isDouble()
          ? roundNear(k.number * 0.5).integer
          : mlir::arith::ShRSIOp::create(*value.builder, value.loc, k.integer,
                                         integerConstant(value, 1));
  return value * powerOfTwo(value, half) *
         powerOfTwo(value, minus(value, k.integer, half));
}

Expr nnc::vectormath::exp(Expr x) {
  bool isDouble = x.isDouble();
  Expr inRange =
      atLeast(atMost(x, isDouble ? 710 : 89), isDouble ? -746 : -104);
  Reduced reduced = reduce(inRange);
  return scale(expm1Core(reduced.r) + 1.0, reduced.k);
}

Expr nnc::vectormath::expBesideOne(Expr x) {
  bool isDouble = x.isDouble();
  // 1 + e^x is 1 to rounding below the bound.
  Expr inRange = atLeast(atMost(x, isDouble ? 710 : 89), isDouble ? -40 : -20);
  Reduced reduced = reduce(inRange);
  // 2^k may be infinite where the result is not.
  mlir::Value exponent = minus(x, reduced.k.integer, integerConstant(x, 1));
  return (expm1Core(reduced.r) + 1.0) * powerOfTwo(x, exponent) * 2.0;
}

Expr nnc::vectormath::exp2(Expr x) {
  bool isDouble = x.isDouble();
  Expr inRange =
      atLeast(atMost(x, isDouble ? 1025 : 129), isDouble ? -1076 : -151);
  Rounded k = roundNear(inRange);
  Expr r = (inRange - k.number) * std::numbers::ln2;
  return scale(expm1Core(r) + 1.0, k);
}

Expr nnc::vectormath::expm1(Expr x) {
  bool isDouble = x.isDouble();
  // e^x - 1 = 2 (2^(k-1) (e^r - 1) + 2^(k-1) - 1/2): 2^k may be infinite.
  Expr inRange = atLeast(atMost(x, isDouble ? 710 : 89), isDouble ? -40 : -20);
  Reduced reduced = reduce(inRange);
  mlir::Value exponent = minus(x, reduced.k.integer, integerConstant(x, 1));
  Expr half = powerOfTwo(x, exponent);
  Expr result = fma(half, expm1Core(reduced.r), half - 0.5) * 2.0;
  return select(x == 0.0, x, result);
}

Expr nnc::vectormath::tanh(Expr x) {
  // (e^2|x| - 1) / (e^2|x| + 1); 1 to rounding from the bound on.
  Reduced reduced = reduce(atMost(abs(x), x.isDouble() ? 20 : 10) * 2.0);
  Expr power = powerOfTwo(x, reduced.k.integer);
  Expr e = fma(power, expm1Core(reduced.r), power - 1.0);
  return copySign(e / (e + 2.0), x);
}

/// e^|x| / 2 without overflow where that is finite, as two factors.
static std::pair<Expr, Expr> halfExp(Expr x) {
  Expr root = exp(abs(x) * 0.5);
  return {root * 0.5, root};
}

Expr nnc::vectormath::sinh(Expr x) {
  Expr e = expm1(atMost(abs(x), 22));
  Expr small = (e + e / (e + 1.0)) * 0.5;
  auto [a, b] = halfExp(x);
  return copySign(select(abs(x) > 22.0, a * b, small), x);
}

Expr nnc::vectormath::cosh(Expr x) {
  auto [a, b] = halfExp(x);
  return a * b + 0.5 / (b * b);
}

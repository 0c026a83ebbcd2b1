//===- Logarithm.cpp - log, powers and inverse hyperbolic functions -------===//
//
// x = 2^e m with m in [sqrt(1/2), sqrt(2)), f = m - 1. In f64, with
// s = f / (2 + f), log m = 2 atanh s = 2 s + s^3 T(s^2); in f32,
// log m = f - f^2/2 + f^3 Q(f). T and Q are minimax fits (Remez exchange) with
// errors of 2e-20 and 6e-9.
//
//===----------------------------------------------------------------------===//

#include "MathExpr.h"
#include <limits>
#include <numbers>

using namespace nnc::vectormath;
namespace arith = mlir::arith;

static constexpr double infinity = std::numeric_limits<double>::infinity();
static constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();

static constexpr double single[] = {
    0.3333331703553061095,  -0.2499998858234816123, 0.2000188129027799987,
    -0.1666897184351006793, 0.1422430825978078275,  -0.1239142460867630526,
    0.1184289063373011182,  -0.117419182054555357,  0.06921640372524641721};

static constexpr double precise[] = {
    0.6666666666666666447, 0.4000000000000387916, 0.2857142856967486185,
    0.2222222257411725517, 0.1818178059974182018, 0.153869031222163593,
    0.1325386630239676682, 0.1322070021999898412};

static constexpr double singleLn2High = 0x1.62e4p-1;
static constexpr double singleLn2Low = 0x1.7f7d1cf79abcap-20;
static constexpr double preciseLn2High = 0x1.62e42fefa38p-1;
static constexpr double preciseLn2Low = 0x1.ef35793c7673p-45;

namespace {

/// x = 2^exponent (1 + f).
struct Parts {
  Expr exponent, f;
};

} // namespace

/// Takes a positive finite \p x apart.
static Parts takeApart(Expr x) {
  mlir::OpBuilder &b = *x.builder;
  mlir::Location loc = x.loc;
  bool isDouble = x.isDouble();
  int64_t mantissaBits = isDouble ? 52 : 23;
  int64_t bias = isDouble ? 1023 : 127;
  // Subnormals become normal first.
  Condition isSmall = x < (isDouble ? 0x1p-1022 : 0x1p-126);
  Expr normal = select(isSmall, x * (isDouble ? 0x1p54 : 0x1p24), x);
  // Bits counted from sqrt(1/2), biased so that the exponent is positive.
  int64_t root = isDouble ? 0x3fe6a09e667f3bcd : 0x3f3504f3;
  mlir::Value shifted =
      arith::AddIOp::create(b, loc, toBits(normal),
                            integerConstant(x, (bias << mantissaBits) - root));
  mlir::Value biased =
      arith::ShRUIOp::create(b, loc, shifted, integerConstant(x, mantissaBits));
  mlir::Value mantissa = arith::AddIOp::create(
      b, loc,
      arith::AndIOp::create(
          b, loc, shifted,
          integerConstant(x, (int64_t(1) << mantissaBits) - 1)),
      integerConstant(x, root));
  // The biased exponent in the low bits of a large number, less that number.
  double large = isDouble ? 0x1p52 : 0x1p23;
  mlir::Value bits =
      arith::OrIOp::create(b, loc, biased, toBits(x.constant(large)));
  Expr exponent = fromBits(x, bits) - (large + bias);
  exponent = select(isSmall, exponent - (isDouble ? 54 : 24), exponent);
  return {exponent, fromBits(x, mantissa) - 1.0};
}

/// log(1 + f) without its leading f.
static Expr logTail(Expr f) {
  if (!f.isDouble()) {
    Expr square = f * f;
    return fma(square * f, polynomial(f, single), square * -0.5);
  }
  Expr s = f / (f + 2.0), z = s * s;
  return -(s * (f - z * polynomial(z, precise)));
}

/// \p result for positive finite x, else what a logarithm of x is.
static Expr withEdges(Expr x, Expr result) {
  result = select(x < infinity, result, x);
  result = select(x < 0.0, notANumber, result);
  return select(x == 0.0, -infinity, result);
}

Expr nnc::vectormath::log(Expr x) {
  Parts parts = takeApart(x);
  bool isDouble = x.isDouble();
  Expr tail = fma(parts.exponent, isDouble ? preciseLn2Low : singleLn2Low,
                  logTail(parts.f));
  Expr result = fma(parts.exponent, isDouble ? preciseLn2High : singleLn2High,
                    parts.f + tail);
  return withEdges(x, result);
}

Expr nnc::vectormath::log2(Expr x) {
  Parts parts = takeApart(x);
  Expr mantissa = parts.f + logTail(parts.f);
  return withEdges(x, fma(mantissa, std::numbers::log2e, parts.exponent));
}

Expr nnc::vectormath::log10(Expr x) {
  static constexpr double high = 0x1.34413509f78p-2;
  static constexpr double low = 0x1.fef311f12b358p-46;
  Parts parts = takeApart(x);
  Expr mantissa = parts.f + logTail(parts.f);
  Expr rest = fma(parts.exponent, low, mantissa * std::numbers::log10e);
  return withEdges(x, fma(parts.exponent, high, rest));
}

Expr nnc::vectormath::log1p(Expr x) {
  // log u + (1 + x - u) / u for the rounded sum u, whose error is exact.
  Expr u = x + 1.0, back = u - 1.0;
  Expr error = (1.0 - (u - back)) + (x - back);
  Condition corrects = (error < 0.0) | (error > 0.0);
  Expr correction = select(corrects, error / u, x.constant(0));
  return select(x == 0.0, x, log(u) + correction);
}

Expr nnc::vectormath::asinh(Expr x) {
  Expr a = abs(x), square = a * a;
  Expr small = log1p(a + square / (sqrt(square + 1.0) + 1.0));
  Expr large = log(a) + std::numbers::ln2;
  return copySign(select(a > 0x1p28, large, small), x);
}

Expr nnc::vectormath::acosh(Expr x) {
  Expr t = x - 1.0;
  Expr small = log1p(t + sqrt(t * 2.0 + t * t));
  Expr result = select(x > 0x1p28, log(x) + std::numbers::ln2, small);
  return select(x < 1.0, notANumber, result);
}

Expr nnc::vectormath::atanh(Expr x) {
  Expr a = abs(x);
  return copySign(log1p(a * 2.0 / (1.0 - a)) * 0.5, x);
}

//===----------------------------------------------------------------------===//
// Powers
//===----------------------------------------------------------------------===//

namespace {

/// A number as the sum of two that do not overlap.
struct Sum {
  Expr high, low;
};

} // namespace

/// a + b for |a| >= |b|, with its error.
static Sum fastSum(Expr a, Expr b) {
  Expr sum = a + b;
  return {sum, b - (sum - a)};
}

/// log x of a positive finite f64, to about 2^-65 of it.
static Sum logSum(Expr x) {
  Parts parts = takeApart(x);
  Expr f = parts.f, denominator = f + 2.0;
  // s = f / (2 + f) and its error; 2 + f itself is rounded.
  Expr denominatorError = f - (denominator - 2.0);
  Expr s = f / denominator;
  Expr remainder = fma(-s, denominator, f);
  Expr sLow = fma(-s, denominatorError, remainder) / denominator;
  Expr z = s * s;
  Expr tail = fma(s * z, polynomial(z, precise), sLow * 2.0);
  Sum mantissa = fastSum(s * 2.0, tail);
  Expr high = parts.exponent * preciseLn2High;
  // The exponent's part is 0 or the larger one.
  Sum sum = fastSum(high, mantissa.high);
  Expr low = sum.low + fma(parts.exponent, preciseLn2Low, mantissa.low);
  return fastSum(sum.high, low);
}

Expr nnc::vectormath::powDouble(Expr x, Expr y) {
  Expr a = abs(x);
  Sum logarithm = logSum(a);
  // y log|x| as a sum, e to it.
  Expr high = y * logarithm.high;
  Expr low = fma(y, logarithm.high, -high) + y * logarithm.low;
  Expr bounded = atLeast(atMost(high, 1000), -1000);
  Expr correction = atLeast(atMost(low, 0x1p-30), -0x1p-30);
  Expr e = exp(bounded);
  Expr result = select(e < infinity, fma(e, correction, e), e);

  // |x| of 0, 1 and infinity, where the logarithm is no number or the product
  // with an infinite y is none.
  Expr zero = x.constant(0), one = x.constant(1);
  Expr powerOfZero = select(y > 0.0, zero, zero.constant(infinity));
  Expr powerOfInfinity = select(y > 0.0, infinity, zero);
  result = select(a == 0.0, powerOfZero, result);
  result = select(a == infinity, powerOfInfinity, result);
  Expr yInfinite =
      select((a > 1.0) & (y > 0.0) | (a < 1.0) & (y < 0.0), infinity, zero);
  result = select(abs(y) == infinity, yInfinite, result);
  result = select(a == 1.0, one, result);

  // The sign: odd integers keep it, other numbers have no power of negatives.
  Expr whole = trunc(y), halves = y * 0.5;
  Condition isInteger = whole == y;
  Condition isOdd =
      isInteger & ((halves > trunc(halves)) | (halves < trunc(halves)));
  Expr negative = select(isOdd, -result, result);
  negative = select(isInteger, negative, negative.constant(notANumber));
  negative = select((a == infinity) | (a == 0.0) | (abs(y) == infinity),
                    select(isOdd, -result, result), negative);
  Condition hasSign = copySign(one, x) < 0.0;
  result = select(hasSign, negative, result);

  result = select(isNaN(x) | isNaN(y), notANumber, result);
  return select((x == 1.0) | (y == 0.0), one, result);
}

Expr nnc::vectormath::cbrtDouble(Expr x) {
  // A first guess by logarithm, one step of Newton's method, at a size where
  // its cube keeps all bits.
  Condition isSmall = abs(x) < 0x1p-900;
  Expr a = select(isSmall, abs(x) * 0x1p300, abs(x));
  Expr guess = exp(log(a) / 3.0);
  Expr square = guess * guess;
  Expr residual = fma(square, guess, -a);
  Expr root = guess - residual / (square * 3.0);
  root = select(isSmall, root * 0x1p-100, root);
  Condition isEdge = (a == 0.0) | (a == infinity);
  return copySign(select(isEdge, a, root), x);
}

//===- Trigonometric.cpp - Circular functions and remainders, f64 ---------===//
//
// Arguments are reduced by multiples of pi/2 in three parts, exact up to
// 2^50; beyond, the circular functions are NaN. The polynomials are minimax
// fits (Remez exchange) with errors below 3e-20.
//
//===----------------------------------------------------------------------===//

#include "MathExpr.h"
#include <limits>
#include <numbers>

using namespace nnc::vectormath;
namespace arith = mlir::arith;

static constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();
static constexpr double infinity = std::numeric_limits<double>::infinity();

static constexpr double sine[] = {
    -0.1666666666666666665,    0.008333333333333325986,
    -0.0001984126984125792552, 2.7557319215410995e-6,
    -2.505210518250264004e-8,  1.605839675540946697e-10,
    -7.580024921646569251e-13};

static constexpr double cosine[] = {
    0.04166666666666666666,    -0.001388888888888888473,
    0.00002480158730158002172, -2.755731921873696718e-7,
    2.087675506419650336e-9,   -1.147036669024269275e-11,
    4.741194661632844803e-14};

static constexpr double arctangent[] = {
    -0.3333333333333333329,  0.1999999999999994972,   -0.142857142857031091,
    0.1111111111003464019,   -0.09090909033312998978, 0.07692305769394343267,
    -0.06666623960127300308, 0.05881698654531337076,  -0.05256115960652452841,
    0.04708458621274895211,  -0.040646743367791604,   0.02979889058669212,
    -0.01314288922073599273};

namespace {

/// The sine and cosine of x reduced to [-pi/4, pi/4], and the quadrant.
struct Quadrant {
  Expr sine, cosine;
  mlir::Value number;
};

} // namespace

static Quadrant reduce(Expr x) {
  static constexpr double high = 0x1.921fb54442d18p0;
  static constexpr double middle = 0x1.1a62633145c07p-54;
  static constexpr double low = -0x1.f1976b7ed8fbcp-110;
  Expr bounded = select(abs(x) < 0x1p50, x, x.constant(notANumber));
  Rounded k = roundProduct(bounded, 2 / std::numbers::pi);
  Expr minus = -k.number;
  Expr r = fma(minus, high, bounded);
  Expr reduced = fma(minus, middle, r);
  // What the last step dropped, with the third part.
  Expr dropped = fma(minus, middle, r - reduced) + minus * low;
  Expr z = reduced * reduced;
  Expr s = reduced + fma(reduced * z, polynomial(z, sine), dropped);
  Expr c =
      1.0 - (z * 0.5 - fma(z * z, polynomial(z, cosine), -(reduced * dropped)));
  return {s, c, k.integer};
}

/// Whether bit \p bit of \p number is set.
static Condition hasBit(Expr like, mlir::Value number, int64_t bit) {
  mlir::OpBuilder &b = *like.builder;
  mlir::Value zero = integerConstant(like, 0);
  mlir::Value masked =
      arith::AndIOp::create(b, like.loc, number, integerConstant(like, bit));
  return {&b, like.loc,
          arith::CmpIOp::create(b, like.loc, arith::CmpIPredicate::ne, masked,
                                zero)};
}

static mlir::Value plusOne(Expr like, mlir::Value number) {
  return arith::AddIOp::create(*like.builder, like.loc, number,
                               integerConstant(like, 1));
}

Expr nnc::vectormath::sinDouble(Expr x) {
  Quadrant q = reduce(x);
  Expr value = select(hasBit(x, q.number, 1), q.cosine, q.sine);
  value = select(hasBit(x, q.number, 2), -value, value);
  return select(x == 0.0, x, value);
}

Expr nnc::vectormath::cosDouble(Expr x) {
  Quadrant q = reduce(x);
  Expr value = select(hasBit(x, q.number, 1), q.sine, q.cosine);
  return select(hasBit(x, plusOne(x, q.number), 2), -value, value);
}

Expr nnc::vectormath::tanDouble(Expr x) {
  Quadrant q = reduce(x);
  Condition swapped = hasBit(x, q.number, 1);
  Expr value =
      select(swapped, -q.cosine, q.sine) / select(swapped, q.sine, q.cosine);
  return select(x == 0.0, x, value);
}

//===----------------------------------------------------------------------===//
// Inverse functions
//===----------------------------------------------------------------------===//

/// atan(a / b) for a, b >= 0, not both 0 or infinite.
static Expr atanQuotient(Expr a, Expr b) {
  // Up to tan(pi/8) directly, up to 1 / that turned by pi/4, beyond by pi/2.
  static constexpr double bound = 0.41421356237309503;
  Expr scaled = b * bound;
  Condition isSmall = a < scaled;
  Condition isLarge = a * bound > b;
  Expr numerator = select(isSmall, a, select(isLarge, -b, a - b));
  Expr denominator = select(isSmall, b, select(isLarge, a, a + b));
  Expr t = numerator / denominator, z = t * t;
  Expr part = fma(t * z, polynomial(z, arctangent), t);
  Expr zero = a.constant(0);
  Expr turn = select(isSmall, zero,
                     select(isLarge, std::numbers::pi / 2,
                            zero.constant(std::numbers::pi / 4)));
  Expr turnLow = select(isSmall, zero,
                        select(isLarge, 0x1.1a62633145c07p-54,
                               zero.constant(0x1.1a62633145c07p-55)));
  return turn + (part + turnLow);
}

Expr nnc::vectormath::atanDouble(Expr x) {
  Expr a = abs(x);
  return copySign(atanQuotient(a, x.constant(1)), x);
}

Expr nnc::vectormath::atan2Double(Expr y, Expr x) {
  Expr a = abs(y), b = abs(x);
  // Scaled so that neither overflows nor, being tiny, loses bits.
  Condition isLarge = (a > 0x1p1000) | (b > 0x1p1000);
  Condition isSmall = (a < 0x1p-900) & (b < 0x1p-900);
  Expr factor =
      select(isLarge, 0x1p-100, select(isSmall, 0x1p160, a.constant(1)));
  Expr angle = atanQuotient(a * factor, b * factor);
  angle =
      select((a == infinity) & (b == infinity), std::numbers::pi / 4, angle);
  angle = select((a == 0.0) & (b == 0.0), 0.0, angle);
  Condition isLeft = copySign(x.constant(1), x) < 0.0;
  angle =
      select(isLeft, (std::numbers::pi - angle) + 0x1.1a62633145c07p-53, angle);
  angle = copySign(angle, y);
  return select(isNaN(x) | isNaN(y), notANumber, angle);
}

Expr nnc::vectormath::asinDouble(Expr x) {
  Expr a = abs(x);
  Expr angle = atanQuotient(a, sqrt((1.0 - a) * (a + 1.0)));
  return copySign(angle, x);
}

Expr nnc::vectormath::acosDouble(Expr x) {
  Expr half = atanQuotient(sqrt(1.0 - x), sqrt(x + 1.0));
  return half * 2.0;
}

//===----------------------------------------------------------------------===//
// Remainder
//===----------------------------------------------------------------------===//

Expr nnc::vectormath::remainderDouble(Expr x, Expr y) {
  // Each step takes off the quotient's leading 53 bits, exactly; six cover all
  // of f32. A quotient rounded up leaves a remainder of the other sign.
  Expr divisor = abs(y), rest = abs(x);
  for (int step = 0; step < 6; ++step) {
    Expr quotient = trunc(rest / divisor);
    rest = fma(-quotient, divisor, rest);
  }
  rest = select(rest < 0.0, rest + divisor, rest);
  rest = select((divisor > rest), rest, rest - divisor);
  Expr result = select(divisor == infinity, x, copySign(rest, x));
  Condition isNone = (abs(x) == infinity) | (y == 0.0) | isNaN(x) | isNaN(y);
  return select(isNone, notANumber, result);
}

//===- Elementwise.cpp - Reference evaluation of element-wise ops ---------===//

#include "Models.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;
using namespace nnc::reference;

//===----------------------------------------------------------------------===//
// Unary
//===----------------------------------------------------------------------===//

/// Makes \p function of one double the model of Op.
template <typename Op, auto function>
static void attachUnary(MLIRContext &context) {
  attach<Op, [](Op, Operands operands, Results results) {
    ArrayRef<double> x = operands[0]->floats();
    MutableArrayRef<double> y = results[0].floats();
    for (size_t i = 0; i < x.size(); ++i)
      y[i] = function(x[i]);
  }>(context);
}

static double logistic(double x) { return 1.0 / (1.0 + std::exp(-x)); }

static double softplus(double x) {
  // ln(1 + e^x) overflows for large x, where it is x + ln(1 + e^-x).
  return x > 0.0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

static double signOf(double x) {
  return std::isnan(x) ? x : static_cast<double>((x > 0.0) - (x < 0.0));
}

static void evaluateStopGradient(StopGradientOp, Operands operands,
                                 Results results) {
  results[0] = *operands[0];
}

static void evaluateNot(NotOp, Operands operands, Results results) {
  for (auto [x, y] : llvm::zip(operands[0]->booleans(), results[0].booleans()))
    y = !x;
}

/// Makes \p function of one double to bool the model of Op.
template <typename Op, auto function>
static void attachClassify(MLIRContext &context) {
  attach<Op, [](Op, Operands operands, Results results) {
    for (auto [x, y] : llvm::zip(operands[0]->floats(), results[0].booleans()))
      y = function(x);
  }>(context);
}

//===----------------------------------------------------------------------===//
// Binary
//===----------------------------------------------------------------------===//

/// Makes \p onFloats of two doubles and, for integer tensors, \p onIntegers of
/// two int64_t and the element type the model of Op.
template <typename Op, auto onFloats, auto onIntegers>
static void attachBinary(MLIRContext &context) {
  attach<Op, [](Op op, Operands operands, Results results) {
    if (results[0].kind() == ElementKind::floating) {
      ArrayRef<double> a = operands[0]->floats(), b = operands[1]->floats();
      MutableArrayRef<double> y = results[0].floats();
      for (size_t i = 0; i < y.size(); ++i)
        y[i] = onFloats(a[i], b[i]);
      return;
    }
    ArrayRef<int64_t> a = operands[0]->integers(), b = operands[1]->integers();
    MutableArrayRef<int64_t> y = results[0].integers();
    for (size_t i = 0; i < y.size(); ++i)
      y[i] = wrapTo(onIntegers(a[i], b[i]), elementTypeOf(op.getY()));
  }>(context);
}

/// Makes \p function of two doubles the model of Op.
template <typename Op, auto function>
static void attachFloatBinary(MLIRContext &context) {
  attach<Op, [](Op, Operands operands, Results results) {
    for (auto [y, a, b] : llvm::zip(results[0].floats(), operands[0]->floats(),
                                    operands[1]->floats()))
      y = function(a, b);
  }>(context);
}

/// Makes \p function of two booleans the model of Op.
template <typename Op, auto function>
static void attachLogical(MLIRContext &context) {
  attach<Op, [](Op, Operands operands, Results results) {
    ArrayRef<uint8_t> a = operands[0]->booleans(), b = operands[1]->booleans();
    MutableArrayRef<uint8_t> y = results[0].booleans();
    for (size_t i = 0; i < y.size(); ++i)
      y[i] = function(a[i], b[i]);
  }>(context);
}

static double maximum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return std::numeric_limits<double>::quiet_NaN();
  if (a == b)
    return std::signbit(a) ? b : a; // +0 is above -0.
  return a > b ? a : b;
}

static double minimum(double a, double b) { return -maximum(-a, -b); }

/// The quotient rounded down; 0 for a division by zero. The one overflow, of
/// the smallest integer by -1, wraps.
static uint64_t floorDivide(int64_t a, int64_t b) {
  if (b == 0)
    return 0;
  if (b == -1)
    return -static_cast<uint64_t>(a);
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static uint64_t floorRemainder(int64_t a, int64_t b) {
  if (b == 0)
    return a;
  if (b == -1)
    return 0;
  int64_t remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b
                                                      : remainder;
}

//===----------------------------------------------------------------------===//
// CompareOp, SelectOp, CastOp
//===----------------------------------------------------------------------===//

template <typename T>
static bool compare(ComparePredicate predicate, T a, T b) {
  switch (predicate) {
  case ComparePredicate::eq:
    return a == b;
  case ComparePredicate::ne:
    return a != b;
  case ComparePredicate::lt:
    return a < b;
  case ComparePredicate::le:
    return a <= b;
  case ComparePredicate::gt:
    return a > b;
  case ComparePredicate::ge:
    return a >= b;
  }
  llvm_unreachable("all predicates are covered");
}

static void evaluateCompare(CompareOp op, Operands operands, Results results) {
  auto compareAll = [&](auto a, auto b) {
    for (auto [y, x, z] : llvm::zip(results[0].booleans(), a, b))
      y = compare(op.getPredicate(), x, z);
  };
  switch (operands[0]->kind()) {
  case ElementKind::floating:
    return compareAll(operands[0]->floats(), operands[1]->floats());
  case ElementKind::integer:
    return compareAll(operands[0]->integers(), operands[1]->integers());
  case ElementKind::boolean:
    return compareAll(operands[0]->booleans(), operands[1]->booleans());
  }
}

static void evaluateSelect(SelectOp, Operands operands, Results results) {
  ArrayRef<uint8_t> condition = operands[0]->booleans();
  auto selectAll = [&](auto y, auto a, auto b) {
    for (size_t i = 0; i < condition.size(); ++i)
      y[i] = condition[i] ? a[i] : b[i];
  };
  switch (results[0].kind()) {
  case ElementKind::floating:
    return selectAll(results[0].floats(), operands[1]->floats(),
                     operands[2]->floats());
  case ElementKind::integer:
    return selectAll(results[0].integers(), operands[1]->integers(),
                     operands[2]->integers());
  case ElementKind::boolean:
    return selectAll(results[0].booleans(), operands[1]->booleans(),
                     operands[2]->booleans());
  }
}

/// Towards zero, to the nearest bound where out of range, NaN to 0.
static int64_t truncate(double x, Type elementType) {
  double limit = elementType.isInteger(32) ? 0x1p31 : 0x1p63;
  if (std::isnan(x))
    return 0;
  if (x >= limit)
    return elementType.isInteger(32) ? INT32_MAX : INT64_MAX;
  if (x < -limit)
    return elementType.isInteger(32) ? INT32_MIN : INT64_MIN;
  return static_cast<int64_t>(x);
}

/// An integer rounded once to a floating-point type.
static double roundInteger(int64_t x, Type elementType) {
  llvm::APFloat number(cast<FloatType>(elementType).getFloatSemantics());
  number.convertFromAPInt(llvm::APInt(64, x, /*isSigned=*/true),
                          /*IsSigned=*/true,
                          llvm::APFloat::rmNearestTiesToEven);
  return number.convertToDouble();
}

static void evaluateCast(CastOp op, Operands operands, Results results) {
  Type type = elementTypeOf(op.getY());
  operands[0]->visit([&](const auto &x) {
    using Element = typename std::decay_t<decltype(x)>::value_type;
    constexpr bool isFloating = std::is_same_v<Element, double>;
    for (size_t i = 0; i < x.size(); ++i) {
      switch (results[0].kind()) {
      case ElementKind::floating:
        if constexpr (isFloating)
          results[0].floats()[i] = roundTo(x[i], type);
        else
          results[0].floats()[i] = roundInteger(x[i], type);
        break;
      case ElementKind::integer:
        if constexpr (isFloating)
          results[0].integers()[i] = truncate(x[i], type);
        else
          results[0].integers()[i] = wrapTo(x[i], type);
        break;
      case ElementKind::boolean:
        results[0].booleans()[i] = x[i] != 0;
        break;
      }
    }
  });
}

//===----------------------------------------------------------------------===//
// All of the family
//===----------------------------------------------------------------------===//

void reference::attachElementwiseModels(MLIRContext &context) {
  attachUnary<NegOp, [](double x) { return -x; }>(context);
  attachUnary<AbsOp, [](double x) { return std::fabs(x); }>(context);
  attachUnary<ExpOp, [](double x) { return std::exp(x); }>(context);
  attachUnary<Expm1Op, [](double x) { return std::expm1(x); }>(context);
  attachUnary<LogOp, [](double x) { return std::log(x); }>(context);
  attachUnary<Log1pOp, [](double x) { return std::log1p(x); }>(context);
  attachUnary<SqrtOp, [](double x) { return std::sqrt(x); }>(context);
  attachUnary<RsqrtOp, [](double x) { return 1.0 / std::sqrt(x); }>(context);
  attachUnary<SinOp, [](double x) { return std::sin(x); }>(context);
  attachUnary<CosOp, [](double x) { return std::cos(x); }>(context);
  attachUnary<ArctanOp, [](double x) { return std::atan(x); }>(context);
  attachUnary<ErfOp, [](double x) { return std::erf(x); }>(context);
  attachUnary<TanhOp, [](double x) { return std::tanh(x); }>(context);
  attachUnary<SigmoidOp, logistic>(context);
  attachUnary<SoftplusOp, softplus>(context);
  attachUnary<ReluOp, [](double x) { return x < 0.0 ? 0.0 : x; }>(context);
  attachUnary<SignOp, signOf>(context);
  attachUnary<FloorOp, [](double x) { return std::floor(x); }>(context);
  attachUnary<CeilOp, [](double x) { return std::ceil(x); }>(context);
  attachUnary<RoundOp, [](double x) { return std::nearbyint(x); }>(context);
  attach<StopGradientOp, evaluateStopGradient>(context);
  attach<NotOp, evaluateNot>(context);
  attachClassify<IsNanOp, [](double x) { return std::isnan(x); }>(context);
  attachClassify<IsInfOp, [](double x) { return std::isinf(x); }>(context);

  attachBinary<AddOp, [](double a, double b) { return a + b; },
               [](uint64_t a, uint64_t b) { return a + b; }>(context);
  attachBinary<SubOp, [](double a, double b) { return a - b; },
               [](uint64_t a, uint64_t b) { return a - b; }>(context);
  attachBinary<MulOp, [](double a, double b) { return a * b; },
               [](uint64_t a, uint64_t b) { return a * b; }>(context);
  attachFloatBinary<DivOp, [](double a, double b) { return a / b; }>(context);
  attachBinary<MaximumOp, maximum, [](int64_t a, int64_t b) -> uint64_t {
    return a > b ? a : b;
  }>(context);
  attachBinary<MinimumOp, minimum, [](int64_t a, int64_t b) -> uint64_t {
    return a < b ? a : b;
  }>(context);
  attachFloatBinary<PowOp, [](double a, double b) { return std::pow(a, b); }>(
      context);
  attachBinary<FloorDivOp, [](double a, double b) { return std::floor(a / b); },
               floorDivide>(context);
  attachBinary<ModOp,
               [](double a, double b) { return a - std::floor(a / b) * b; },
               floorRemainder>(context);
  attachLogical<AndOp, [](bool a, bool b) { return a && b; }>(context);
  attachLogical<OrOp, [](bool a, bool b) { return a || b; }>(context);

  attach<CompareOp, evaluateCompare>(context);
  attach<SelectOp, evaluateSelect>(context);
  attach<CastOp, evaluateCast>(context);
}

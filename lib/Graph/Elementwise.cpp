//===- Elementwise.cpp - Element-wise functions and activations -----------===//

#include "GraphImpl.h"
#include <cmath>
#include <numbers>

using namespace mlir;
using namespace nnc;

/// y = f(x) of floats.
template <typename OpTy>
static Tensor unary(const char *name, const Operand &x) {
  Operands in(name, {&x});
  if (!in.requireFloat(0))
    return in.poison();
  GraphImpl &graph = *in.graph();
  return graph.tensor(
      OpTy::create(graph.builder, graph.location(), in.type(0), in[0]));
}

/// Two operands of one element type, broadcast to one shape.
static bool prepareBinary(Operands &in) {
  return in.convertNumbers() && in.requireSameElement(0, 1) &&
         in.broadcastTogether({0, 1});
}

template <typename OpTy> static Tensor createBinary(Operands &in) {
  GraphImpl &graph = *in.graph();
  return graph.tensor(
      OpTy::create(graph.builder, graph.location(), in.type(0), in[0], in[1]));
}

/// y = f(a, b) of numbers.
template <typename OpTy>
static Tensor binary(const char *name, const Operand &a, const Operand &b) {
  Operands in(name, {&a, &b});
  if (!in.convertNumbers() || !in.requireNumber(0) || !in.requireNumber(1) ||
      !prepareBinary(in))
    return in.poison();
  return createBinary<OpTy>(in);
}

static Tensor compare(const char *name, nn::ComparePredicate predicate,
                      const Operand &a, const Operand &b) {
  Operands in(name, {&a, &b});
  if (!prepareBinary(in))
    return in.poison();
  bool isOrder = predicate != nn::ComparePredicate::eq &&
                 predicate != nn::ComparePredicate::ne;
  if (isOrder && !in.requireNumber(0))
    return in.poison();
  GraphImpl &graph = *in.graph();
  return graph.tensor(nn::CompareOp::create(graph.builder, graph.location(),
                                            predicate, in[0], in[1]));
}

template <typename OpTy>
static Tensor logical(const char *name, const Operand &a, const Operand &b) {
  Operands in(name, {&a, &b});
  if (!in.convertNumbers() || !in.requireBool(0) || !in.requireBool(1) ||
      !prepareBinary(in))
    return in.poison();
  return createBinary<OpTy>(in);
}

template <typename OpTy>
static Tensor classify(const char *name, const Operand &x) {
  Operands in(name, {&x});
  if (!in.requireFloat(0))
    return in.poison();
  GraphImpl &graph = *in.graph();
  return graph.tensor(OpTy::create(graph.builder, graph.location(), in[0]));
}

namespace nnc {

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

Tensor operator+(const Operand &a, const Operand &b) {
  return binary<nn::AddOp>("'+'", a, b);
}
Tensor operator-(const Operand &a, const Operand &b) {
  return binary<nn::SubOp>("'-'", a, b);
}
Tensor operator*(const Operand &a, const Operand &b) {
  return binary<nn::MulOp>("'*'", a, b);
}

Tensor operator/(const Operand &a, const Operand &b) {
  Operands in("'/'", {&a, &b});
  if (!in.convertNumbers() || !in.requireNumber(0) || !in.requireNumber(1) ||
      !in.requireSameElement(0, 1))
    return in.poison();
  if (!isa<FloatType>(in.element(0)))
    for (Value &value : in.values)
      value = valueOf(cast(in.graph()->tensor(value), ElementType::f32));
  if (!in.broadcastTogether({0, 1}))
    return in.poison();
  return createBinary<nn::DivOp>(in);
}

Tensor operator-(const Operand &x) {
  Operands in("'-'", {&x});
  if (!in.ok() || !in.requireNumber(0))
    return in.poison();
  if (isa<FloatType>(in.element(0)))
    return unary<nn::NegOp>("'-'", x);
  return 0 - x;
}

Tensor operator<(const Operand &a, const Operand &b) {
  return compare("'<'", nn::ComparePredicate::lt, a, b);
}
Tensor operator<=(const Operand &a, const Operand &b) {
  return compare("'<='", nn::ComparePredicate::le, a, b);
}
Tensor operator>(const Operand &a, const Operand &b) {
  return compare("'>'", nn::ComparePredicate::gt, a, b);
}
Tensor operator>=(const Operand &a, const Operand &b) {
  return compare("'>='", nn::ComparePredicate::ge, a, b);
}
Tensor equal(const Operand &a, const Operand &b) {
  return compare("'=='", nn::ComparePredicate::eq, a, b);
}
Tensor notEqual(const Operand &a, const Operand &b) {
  return compare("'!='", nn::ComparePredicate::ne, a, b);
}

Tensor logicalAnd(const Operand &a, const Operand &b) {
  return logical<nn::AndOp>("'and'", a, b);
}
Tensor logicalOr(const Operand &a, const Operand &b) {
  return logical<nn::OrOp>("'or'", a, b);
}
Tensor logicalNot(const Operand &x) {
  Operands in("'not'", {&x});
  if (!in.requireBool(0))
    return in.poison();
  GraphImpl &graph = *in.graph();
  return graph.tensor(
      nn::NotOp::create(graph.builder, graph.location(), in.type(0), in[0]));
}

Tensor floorDivide(const Operand &a, const Operand &b) {
  return binary<nn::FloorDivOp>("'//'", a, b);
}
Tensor modulo(const Operand &a, const Operand &b) {
  return binary<nn::ModOp>("'%'", a, b);
}

Tensor pow(const Operand &a, const Operand &b) {
  Operands in("'**'", {&a, &b});
  if (!in.ok())
    return in.poison();
  // Small exponents become products and roots: exact, and cheap to derive.
  if (b.isNumber && in.requireNumber(0)) {
    if (b.number == 1)
      return in.tensor(0);
    if (b.number == 2 || b.number == 3) {
      Tensor x = in.tensor(0), square = x * x;
      return b.number == 2 ? square : square * x;
    }
    if (isa<FloatType>(in.element(0))) {
      if (b.number == 0.5)
        return sqrt(a);
      if (b.number == -1)
        return reciprocal(a);
    }
  }
  if (!in.convertNumbers() || !in.requireFloat(0) || !in.requireFloat(1) ||
      !prepareBinary(in))
    return in.poison();
  return createBinary<nn::PowOp>(in);
}

//===----------------------------------------------------------------------===//
// Element-wise functions
//===----------------------------------------------------------------------===//

Tensor exp(const Operand &x) { return unary<nn::ExpOp>("exp", x); }
Tensor log(const Operand &x) { return unary<nn::LogOp>("log", x); }
Tensor log1p(const Operand &x) { return unary<nn::Log1pOp>("log1p", x); }
Tensor expm1(const Operand &x) { return unary<nn::Expm1Op>("expm1", x); }
Tensor sqrt(const Operand &x) { return unary<nn::SqrtOp>("sqrt", x); }
Tensor rsqrt(const Operand &x) { return unary<nn::RsqrtOp>("rsqrt", x); }
Tensor sin(const Operand &x) { return unary<nn::SinOp>("sin", x); }
Tensor cos(const Operand &x) { return unary<nn::CosOp>("cos", x); }
Tensor arctan(const Operand &x) { return unary<nn::ArctanOp>("arctan", x); }
Tensor erf(const Operand &x) { return unary<nn::ErfOp>("erf", x); }
Tensor floor(const Operand &x) { return unary<nn::FloorOp>("floor", x); }
Tensor ceil(const Operand &x) { return unary<nn::CeilOp>("ceil", x); }
Tensor round(const Operand &x) { return unary<nn::RoundOp>("round", x); }
Tensor sign(const Operand &x) { return unary<nn::SignOp>("sign", x); }

Tensor abs(const Operand &x) {
  Operands in("abs", {&x});
  if (!in.requireNumber(0))
    return in.poison();
  if (isa<FloatType>(in.element(0)))
    return unary<nn::AbsOp>("abs", x);
  return maximum(x, -x);
}

Tensor square(const Operand &x) {
  Operands in("square", {&x});
  return in.requireNumber(0) ? x * x : in.poison();
}

Tensor reciprocal(const Operand &x) {
  Operands in("reciprocal", {&x});
  return in.requireFloat(0) ? 1 / x : in.poison();
}

Tensor maximum(const Operand &a, const Operand &b) {
  return binary<nn::MaximumOp>("maximum", a, b);
}
Tensor minimum(const Operand &a, const Operand &b) {
  return binary<nn::MinimumOp>("minimum", a, b);
}

Tensor clip(const Operand &x, const Operand &low, const Operand &high) {
  // Choices rather than maxima: at a bound the gradient passes whole.
  return where(x < low, low, where(x > high, high, x));
}

Tensor where(const Operand &condition, const Operand &a, const Operand &b) {
  Operands in("where", {&condition, &a, &b});
  if (!in.requireBool(0))
    return in.poison();
  if (a.isNumber && b.isNumber)
    return in.fail(ErrorCode::tensorExpected, "where", "a tensor to choose",
                   "two numbers");
  // Numbers take the other choice's element type, not the condition's.
  Operands choices("where", {&a, &b});
  if (!choices.convertNumbers() || !choices.requireSameElement(0, 1))
    return in.poison();
  in.values[1] = choices[0];
  in.values[2] = choices[1];
  if (!in.broadcastTogether({0, 1, 2}))
    return in.poison();
  GraphImpl &graph = *in.graph();
  return graph.tensor(nn::SelectOp::create(graph.builder, graph.location(),
                                           in.type(1), in[0], in[1], in[2]));
}

Tensor isNan(const Operand &x) { return classify<nn::IsNanOp>("is_nan", x); }
Tensor isInf(const Operand &x) { return classify<nn::IsInfOp>("is_inf", x); }

Tensor cast(const Operand &x, ElementType type) {
  Operands in("cast", {&x});
  if (!in.ok())
    return in.poison();
  GraphImpl &graph = *in.graph();
  Type element = graph.type(type);
  if (!element)
    return in.fail(ErrorCode::tensorExpected, "cast",
                   "an element type of the language", nameOf(type));
  if (element == in.element(0))
    return in.tensor(0);
  return graph.tensor(
      nn::CastOp::create(graph.builder, graph.location(),
                         nn::withElementType(in.type(0), element), in[0]));
}

Tensor stopGradient(const Operand &x) {
  Operands in("stop_gradient", {&x});
  if (!in.ok())
    return in.poison();
  GraphImpl &graph = *in.graph();
  return graph.tensor(
      nn::StopGradientOp::create(graph.builder, graph.location(), in[0]));
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

Tensor identity(const Operand &x) {
  Operands in("identity", {&x});
  return in.ok() ? in.tensor(0) : in.poison();
}
Tensor sigmoid(const Operand &x) { return unary<nn::SigmoidOp>("sigmoid", x); }
Tensor tanh(const Operand &x) { return unary<nn::TanhOp>("tanh", x); }
Tensor relu(const Operand &x) { return unary<nn::ReluOp>("relu", x); }
Tensor softplus(const Operand &x) {
  return unary<nn::SoftplusOp>("softplus", x);
}

/// \p x where it is above 0, else \p below.
static Tensor whereAbove(const Operand &x, const Tensor &below) {
  return where(x > 0, x, below);
}

Tensor LeakyRelu::operator()(const Operand &x, double slope) const {
  Operands in("leaky_relu", {&x});
  return in.requireFloat(0) ? whereAbove(x, x * slope) : in.poison();
}

Tensor Elu::operator()(const Operand &x, double alpha) const {
  Operands in("elu", {&x});
  if (!in.requireFloat(0))
    return in.poison();
  // The exponential of large x would overflow and make the gradient NaN.
  return whereAbove(x, alpha * expm1(where(x > 0, 0, x)));
}

Tensor selu(const Operand &x) {
  Operands in("selu", {&x});
  if (!in.requireFloat(0))
    return in.poison();
  // The constants of Klambauer et al., Self-Normalizing Neural Networks
  // (2017), for mean 0 and variance 1.
  constexpr double scale = 1.0507009873554805;
  constexpr double alpha = 1.6732632423543772;
  return elu(x, alpha) * scale;
}

Tensor Gelu::operator()(const Operand &x, bool approximate) const {
  Operands in("gelu", {&x});
  if (!in.requireFloat(0))
    return in.poison();
  if (!approximate)
    return x * (erf(x * (1 / std::numbers::sqrt2)) + 1) * 0.5;
  double factor = std::sqrt(2 / std::numbers::pi);
  return x * (tanh((x + x * x * x * 0.044715) * factor) + 1) * 0.5;
}

Tensor silu(const Operand &x) {
  Operands in("silu", {&x});
  return in.requireFloat(0) ? x * sigmoid(x) : in.poison();
}

Tensor softsign(const Operand &x) {
  Operands in("softsign", {&x});
  return in.requireFloat(0) ? x / (abs(x) + 1) : in.poison();
}

Tensor hardSigmoid(const Operand &x) {
  Operands in("hard_sigmoid", {&x});
  return in.requireFloat(0) ? clip(x * (1.0 / 6) + 0.5, 0, 1) : in.poison();
}

Tensor mish(const Operand &x) {
  Operands in("mish", {&x});
  return in.requireFloat(0) ? x * tanh(softplus(x)) : in.poison();
}

Tensor Heaviside::operator()(const Operand &x, double atZero) const {
  Operands in("heaviside", {&x});
  if (!in.requireFloat(0))
    return in.poison();
  GraphImpl &graph = *in.graph();
  auto filled = [&](double value) {
    return graph.tensor(graph.full(in.type(0), value));
  };
  return where(x > 0, filled(1), where(equal(x, 0), filled(atZero), filled(0)));
}

/// \p f along \p axis, which becomes the last one meanwhile.
template <typename OpTy>
static Tensor alongAxis(const char *name, const Operand &x, int64_t axis) {
  Operands in(name, {&x});
  if (!in.requireFloat(0) ||
      !in.requireRank(0, 1, "a tensor of at least one dimension"))
    return in.poison();
  std::optional<int64_t> place = in.axis(0, axis);
  if (!place)
    return in.poison();
  int64_t last = in.rank(0) - 1;
  std::vector<int64_t> swap;
  for (int64_t i = 0; i <= last; ++i)
    swap.push_back(i == *place ? last : i == last ? *place : i);
  Tensor moved = *place == last ? in.tensor(0) : transpose(x, swap);
  GraphImpl &graph = *in.graph();
  Value value = valueOf(moved);
  Tensor result = graph.tensor(
      OpTy::create(graph.builder, graph.location(), value.getType(), value));
  return *place == last ? result : transpose(result, swap);
}

Tensor Softmax::operator()(const Operand &x, int64_t axis) const {
  return alongAxis<nn::SoftmaxOp>("softmax", x, axis);
}
Tensor LogSoftmax::operator()(const Operand &x, int64_t axis) const {
  return alongAxis<nn::LogSoftmaxOp>("log_softmax", x, axis);
}

} // namespace nnc

//===- ErrorFunction.cpp - erf and erfc -----------------------------------===//
//
// Minimax fits (Remez exchange): erf x / x as a polynomial in x^2 up to 1;
// above, in f32 -log(erfc x) as a polynomial in x up to 4, in f64
// erfc x e^(x^2) (1 + 2x) as a polynomial in (x - 4) / (x + 4) up to 28. Their
// errors are below 2e-9 (f32) and 3e-18 (f64) of the result.
//
//===----------------------------------------------------------------------===//

#include "MathExpr.h"
#include <limits>

using namespace nnc::vectormath;

static constexpr double singleNear[] = {
    1.12837916591389935,      -0.3761262713552862619,
    0.1128360016912614044,    -0.02685444423717100272,
    0.005189534593387716282,  -0.0008020834298678888936,
    0.00007889095510477580882};

static constexpr double singleFar[] = {
    0.000246587427887738246,  1.127753454339329257,     0.6364083512445099987,
    0.1054175406873962951,    -0.02356582411322704347,  0.003681782087816860129,
    -0.000351630868975558521, 0.00001527396641405864564};

static constexpr double preciseNear[] = {
    1.128379167095512574,     -0.3761263890318374818,
    0.1128379167095488447,    -0.02686617064507787515,
    0.00522397762482843067,   -0.0008548326981425542087,
    0.0001205533113295581959, -0.00001492559577218090534,
    1.646100847780270132e-6,  -1.635039622286461626e-7,
    1.466032872274225954e-8,  -1.13749557360701496e-9,
    5.960685338520971033e-11};

static constexpr double preciseFar[] = {
    1.232995118625552508,       -0.1396211168405625147,
    0.01537965210262066316,     0.06809705425469289884,
    -0.1010390660363770758,     0.09373283499834398189,
    -0.06633036580994901727,    0.03716751553730339465,
    -0.01619773409431834055,    0.005031969986817863449,
    -0.0007577729462099225017,  -0.0001992568349491670959,
    0.0001506197013099923024,   -0.0000243980653375132717,
    -0.00001121494201693647252, 5.704348089829027628e-6,
    2.784727002148908148e-7,    -8.108068943154517832e-7,
    9.255017160591509037e-8,    8.843661097720535464e-8,
    -2.55319329119876105e-8};

/// erfc of an f64 x in [1, 28].
static Expr erfcFar(Expr x) {
  Expr polynomialPart = polynomial((x - 4.0) / (x + 4.0), preciseFar);
  Expr square = x * x;
  Expr squareError = fma(x, x, -square);
  Expr e = exp(-square);
  e = fma(e, -squareError, e);
  return e * polynomialPart / fma(x, 2.0, x.constant(1));
}

Expr nnc::vectormath::erf(Expr x) {
  Expr a = abs(x), square = x * x;
  if (!x.isDouble()) {
    Expr near = x * polynomial(square, singleNear);
    Expr far = 1.0 - exp(-polynomial(atMost(a, 4), singleFar));
    return select(a < 1.0, near, copySign(far, x));
  }
  Expr near = x * polynomial(square, preciseNear);
  Expr far = 1.0 - erfcFar(atLeast(atMost(a, 6), 1));
  return select(a < 1.0, near, copySign(far, x));
}

Expr nnc::vectormath::erfcDouble(Expr x) {
  Expr a = abs(x);
  Expr near = 1.0 - x * polynomial(x * x, preciseNear);
  Expr far = erfcFar(atLeast(atMost(a, 28), 1));
  far = select(x < 0.0, 2.0 - far, far);
  return select(a < 1.0, near, far);
}

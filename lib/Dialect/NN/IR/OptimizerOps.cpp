//===- OptimizerOps.cpp - One update step of one parameter ----------------===//

#include "nnc/Dialect/NN/IR/NN.h"

using namespace mlir;
using namespace nnc::nn;

//===----------------------------------------------------------------------===//
// What the optimisers share
//===----------------------------------------------------------------------===//

/// C1 to C3: \p stateCount states, of which the last \p scalarCount are
/// scalars; the results have the types of what they replace.
template <typename Adaptor>
static LogicalResult inferUpdate(std::optional<Location> location,
                                 Adaptor adaptor, size_t stateCount,
                                 SmallVectorImpl<Type> &inferred,
                                 size_t scalarCount = 0) {
  Type type = adaptor.getParameter().getType();
  if (adaptor.getGradient().getType() != type)
    return emitOptionalError(location, "parameter has the type ", type,
                             ", gradient ", adaptor.getGradient().getType());
  size_t count = adaptor.getStates().size();
  if (count != stateCount)
    return emitOptionalError(location, "expected ", stateCount, " states, got ",
                             count);
  inferred.push_back(type);
  Type scalar = RankedTensorType::get({}, getElementTypeOrSelf(type));
  for (auto [i, state] : llvm::enumerate(adaptor.getStates())) {
    Type expected = i + scalarCount < count ? type : scalar;
    if (state.getType() != expected)
      return emitOptionalError(location, "state ", i, " has the type ",
                               state.getType(), ", expected ", expected);
    inferred.push_back(expected);
  }
  return success();
}

static double number(const llvm::APFloat &value) {
  return value.convertToDouble();
}

namespace {
/// The values that every formula starts from. Scalars that follow from the
/// learning rate and the step are f64; `spread` rounds them.
template <typename Op> struct Update {
  Update(Op op, OpBuilder &builder)
      : op(op), builder(builder), type(op.getParameter().getType()),
        parameter(wrap(op.getParameter())), rate(asF64(op.getLearningRate())),
        step(asF64(op.getStep())) {}

  TensorExpr wrap(Value value) { return {builder, op.getLoc(), value}; }

  TensorExpr state(unsigned i) { return wrap(op.getStates()[i]); }

  /// The gradient to follow downwards, with the coupled weight decay.
  TensorExpr gradient(bool decoupled = false) {
    TensorExpr g = wrap(op.getGradient());
    if (op.getMaximize())
      g = -g;
    double decay = number(op.getWeightDecay());
    return decay != 0.0 && !decoupled ? g + parameter * decay : g;
  }

  /// parameter * (1 - learning rate * weight decay).
  TensorExpr decayed() {
    double decay = number(op.getWeightDecay());
    return decay == 0.0 ? parameter : parameter * spread(1.0 - rate * decay);
  }

  /// A scalar of f64 as a tensor like the parameter.
  TensorExpr spread(TensorExpr scalar) {
    return broadcast(rounded(scalar), type, {});
  }

  /// A scalar of f64 in the parameter's element type.
  TensorExpr rounded(TensorExpr scalar) {
    return cast(scalar, type.getElementType());
  }

  /// 1 - base^step.
  TensorExpr biasCorrection(double base) {
    return 1.0 - pow(step.like(base), step);
  }

  /// Whether this is the first step, for each element of the parameter.
  TensorExpr isFirst(RankedTensorType shape) {
    TensorExpr first = step == 1.0;
    auto boolean = withElementType(shape, builder.getI1Type());
    return shape.getRank() ? broadcast(first, boolean, {}) : first;
  }

  TensorExpr asF64(Value scalar) {
    return cast(wrap(scalar), builder.getF64Type());
  }

  TensorExpr cast(TensorExpr x, Type element) {
    auto xType = llvm::cast<RankedTensorType>(x.value.getType());
    if (xType.getElementType() == element)
      return x;
    return wrap(CastOp::create(builder, op.getLoc(),
                               withElementType(xType, element), x.value));
  }

  Op op;
  OpBuilder &builder;
  RankedTensorType type;
  TensorExpr parameter, rate, step;
};
} // namespace

/// decay * average + (1 - decay) * x: an exponential moving average.
static TensorExpr average(TensorExpr previous, TensorExpr x, double decay) {
  return previous * decay + x * (1.0 - decay);
}

//===----------------------------------------------------------------------===//
// SgdOp
//===----------------------------------------------------------------------===//

LogicalResult SgdOp::inferReturnTypes(MLIRContext *,
                                      std::optional<Location> location,
                                      SgdOp::Adaptor adaptor,
                                      SmallVectorImpl<Type> &inferred) {
  bool hasMomentum = number(adaptor.getMomentum()) != 0.0;
  if (adaptor.getNesterov() &&
      (!hasMomentum || number(adaptor.getDampening()) != 0.0))
    return emitOptionalError(location,
                             "nesterov needs a momentum and no dampening");
  return inferUpdate(location, adaptor, hasMomentum ? 1 : 0, inferred);
}

void SgdOp::decompose(OpBuilder &builder, SmallVectorImpl<Value> &results) {
  Update<SgdOp> update(*this, builder);
  double momentum = number(getMomentum()), dampening = number(getDampening());
  TensorExpr direction = update.gradient(), velocity = direction;
  if (momentum != 0.0) {
    velocity = update.state(0) * momentum;
    if (dampening == 0.0)
      velocity = velocity + direction; // At step 1 the state is 0.
    else
      velocity = select(update.isFirst(update.type), direction,
                        velocity + direction * (1.0 - dampening));
    direction = getNesterov() ? direction + velocity * momentum : velocity;
  }
  results.push_back(update.parameter - update.spread(update.rate) * direction);
  if (momentum != 0.0)
    results.push_back(velocity);
}

//===----------------------------------------------------------------------===//
// AdamOp
//===----------------------------------------------------------------------===//

LogicalResult AdamOp::inferReturnTypes(MLIRContext *,
                                       std::optional<Location> location,
                                       AdamOp::Adaptor adaptor,
                                       SmallVectorImpl<Type> &inferred) {
  return inferUpdate(location, adaptor, adaptor.getAmsgrad() ? 3 : 2, inferred);
}

void AdamOp::decompose(OpBuilder &builder, SmallVectorImpl<Value> &results) {
  Update<AdamOp> update(*this, builder);
  double beta1 = number(getBeta1()), beta2 = number(getBeta2());
  TensorExpr g = update.gradient(getDecoupled());
  TensorExpr m = average(update.state(0), g, beta1);
  TensorExpr v = average(update.state(1), g * g, beta2);
  TensorExpr u = getAmsgrad() ? max(update.state(2), v) : v;
  // m / (1 - beta1^step) / (sqrt(u / (1 - beta2^step)) + epsilon), with both
  // corrections in scalars: a division less an element.
  TensorExpr root = sqrt(update.biasCorrection(beta2));
  TensorExpr stepSize = update.rate * root / update.biasCorrection(beta1);
  TensorExpr scale = sqrt(u) + update.spread(root * number(getEpsilon()));
  TensorExpr start = getDecoupled() ? update.decayed() : update.parameter;
  results.push_back(start - update.spread(stepSize) * m / scale);
  results.push_back(m);
  results.push_back(v);
  if (getAmsgrad())
    results.push_back(u);
}

//===----------------------------------------------------------------------===//
// NadamOp
//===----------------------------------------------------------------------===//

LogicalResult NadamOp::inferReturnTypes(MLIRContext *,
                                        std::optional<Location> location,
                                        NadamOp::Adaptor adaptor,
                                        SmallVectorImpl<Type> &inferred) {
  return inferUpdate(location, adaptor, 3, inferred, /*scalarCount=*/1);
}

void NadamOp::decompose(OpBuilder &builder, SmallVectorImpl<Value> &results) {
  Update<NadamOp> update(*this, builder);
  double beta1 = number(getBeta1()), beta2 = number(getBeta2());
  TensorExpr step = update.step;
  auto momentumAt = [&](TensorExpr t) {
    TensorExpr decay = pow(t.like(0.96), t * number(getMomentumDecay())) * 0.5;
    return (1.0 - decay) * beta1;
  };
  TensorExpr mu = momentumAt(step), next = momentumAt(step + 1.0);
  TensorExpr previous = select(step == 1.0, 1.0, update.asF64(getStates()[2]));
  TensorExpr product = previous * mu;

  TensorExpr g = update.gradient(getDecoupled());
  TensorExpr m = average(update.state(0), g, beta1);
  TensorExpr v = average(update.state(1), g * g, beta2);
  // The correction of v in scalars, as for Adam.
  TensorExpr root = sqrt(update.biasCorrection(beta2));
  TensorExpr scale = sqrt(v) + update.spread(root * number(getEpsilon()));
  TensorExpr rate = update.rate * root;
  TensorExpr gradientRate = rate * (1.0 - mu) / (1.0 - product);
  TensorExpr momentumRate = rate * next / (1.0 - product * next);
  TensorExpr start = getDecoupled() ? update.decayed() : update.parameter;
  TensorExpr moved = start - update.spread(gradientRate) * g / scale;
  results.push_back(moved - update.spread(momentumRate) * m / scale);
  results.push_back(m);
  results.push_back(v);
  results.push_back(update.rounded(product));
}

//===----------------------------------------------------------------------===//
// AdaboundOp
//===----------------------------------------------------------------------===//

LogicalResult AdaboundOp::inferReturnTypes(MLIRContext *,
                                           std::optional<Location> location,
                                           AdaboundOp::Adaptor adaptor,
                                           SmallVectorImpl<Type> &inferred) {
  return inferUpdate(location, adaptor, 2, inferred);
}

void AdaboundOp::decompose(OpBuilder &builder,
                           SmallVectorImpl<Value> &results) {
  Update<AdaboundOp> update(*this, builder);
  double beta1 = number(getBeta1()), beta2 = number(getBeta2());
  TensorExpr g = update.gradient();
  TensorExpr m = average(update.state(0), g, beta1);
  TensorExpr v = average(update.state(1), g * g, beta2);
  TensorExpr stepSize = update.rate * sqrt(update.biasCorrection(beta2)) /
                        update.biasCorrection(beta1);
  TensorExpr last = update.rate * (number(getFinalLearningRate()) /
                                   number(getBaseLearningRate()));
  TensorExpr scaledStep = update.step * number(getGamma());
  TensorExpr one = scaledStep.like(1.0);
  TensorExpr low = last * (one - one / (scaledStep + one));
  TensorExpr high = last * (one + one / scaledStep);
  TensorExpr rates = update.spread(stepSize) / (sqrt(v) + number(getEpsilon()));
  rates = min(max(rates, update.spread(low)), update.spread(high));
  results.push_back(update.parameter - rates * m);
  results.push_back(m);
  results.push_back(v);
}

//===----------------------------------------------------------------------===//
// AdagradOp
//===----------------------------------------------------------------------===//

LogicalResult AdagradOp::inferReturnTypes(MLIRContext *,
                                          std::optional<Location> location,
                                          AdagradOp::Adaptor adaptor,
                                          SmallVectorImpl<Type> &inferred) {
  return inferUpdate(location, adaptor, 1, inferred);
}

void AdagradOp::decompose(OpBuilder &builder, SmallVectorImpl<Value> &results) {
  Update<AdagradOp> update(*this, builder);
  TensorExpr g = update.gradient(), previous = update.state(0);
  double start = number(getInitialAccumulator());
  double decay = number(getLearningRateDecay());
  if (start != 0.0)
    previous = select(update.isFirst(update.type), start, previous);
  TensorExpr total = previous + g * g;
  TensorExpr rate = update.rate;
  if (decay != 0.0)
    rate = rate / ((update.step - 1.0) * decay + 1.0);
  results.push_back(update.parameter -
                    update.spread(rate) * g /
                        (sqrt(total) + number(getEpsilon())));
  results.push_back(total);
}

//===----------------------------------------------------------------------===//
// AdadeltaOp
//===----------------------------------------------------------------------===//

LogicalResult AdadeltaOp::inferReturnTypes(MLIRContext *,
                                           std::optional<Location> location,
                                           AdadeltaOp::Adaptor adaptor,
                                           SmallVectorImpl<Type> &inferred) {
  return inferUpdate(location, adaptor, 2, inferred);
}

void AdadeltaOp::decompose(OpBuilder &builder,
                           SmallVectorImpl<Value> &results) {
  Update<AdadeltaOp> update(*this, builder);
  double rho = number(getRho()), epsilon = number(getEpsilon());
  TensorExpr g = update.gradient();
  TensorExpr squares = average(update.state(0), g * g, rho);
  TensorExpr move =
      sqrt(update.state(1) + epsilon) / sqrt(squares + epsilon) * g;
  results.push_back(update.parameter - update.spread(update.rate) * move);
  results.push_back(squares);
  results.push_back(average(update.state(1), move * move, rho));
}

//===----------------------------------------------------------------------===//
// RmspropOp
//===----------------------------------------------------------------------===//

LogicalResult RmspropOp::inferReturnTypes(MLIRContext *,
                                          std::optional<Location> location,
                                          RmspropOp::Adaptor adaptor,
                                          SmallVectorImpl<Type> &inferred) {
  size_t count = 1 + (number(adaptor.getMomentum()) != 0.0) +
                 (adaptor.getCentered() ? 1 : 0);
  return inferUpdate(location, adaptor, count, inferred);
}

void RmspropOp::decompose(OpBuilder &builder, SmallVectorImpl<Value> &results) {
  Update<RmspropOp> update(*this, builder);
  double alpha = number(getAlpha()), momentum = number(getMomentum());
  TensorExpr g = update.gradient();
  TensorExpr squares = average(update.state(0), g * g, alpha);
  TensorExpr mean = squares, variance = squares;
  if (getCentered()) {
    mean = average(update.state(getStates().size() - 1), g, alpha);
    variance = squares - mean * mean;
  }
  TensorExpr direction = g / (sqrt(variance) + number(getEpsilon()));
  if (momentum != 0.0)
    direction = update.state(1) * momentum + direction;
  results.push_back(update.parameter - update.spread(update.rate) * direction);
  results.push_back(squares);
  if (momentum != 0.0)
    results.push_back(direction);
  if (getCentered())
    results.push_back(mean);
}

//===- Optimizer.cpp - Reference evaluation of update steps ---------------===//
//
// The published formulas, one element at a time.
//
//===----------------------------------------------------------------------===//

#include "Models.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;
using namespace nnc::reference;

/// The operands and results of an update and what all formulas start from.
/// Operands: parameter, gradient, states, learning rate, step.
namespace {
template <typename Op> struct Update {
  Update(Op op, Operands operands, Results results)
      : operands(operands), results(results),
        rate(operands[operands.size() - 2]->floats()[0]),
        step(operands.back()->integers()[0]),
        weightDecay(op.getWeightDecay().convertToDouble()),
        sign(op.getMaximize() ? -1.0 : 1.0) {}

  int64_t size() const { return operands[0]->size(); }
  double parameter(int64_t i) const { return operands[0]->floats()[i]; }

  /// The gradient to follow downwards, without the weight decay.
  double plainGradient(int64_t i) const {
    return sign * operands[1]->floats()[i];
  }
  double gradient(int64_t i) const {
    return plainGradient(i) + weightDecay * parameter(i);
  }
  /// The parameter after a decoupled weight decay.
  double shrunk(int64_t i) const {
    return parameter(i) * (1.0 - rate * weightDecay);
  }

  double state(int k, int64_t i) const { return operands[2 + k]->floats()[i]; }
  double &newParameter(int64_t i) { return results[0].floats()[i]; }
  double &newState(int k, int64_t i) { return results[1 + k].floats()[i]; }

  Operands operands;
  Results results;
  double rate;
  int64_t step;
  double weightDecay;
  double sign; ///< -1 to maximise.
};
} // namespace

static double number(const APFloat &value) { return value.convertToDouble(); }

//===----------------------------------------------------------------------===//
// SgdOp
//===----------------------------------------------------------------------===//

static void evaluateSgd(SgdOp op, Operands operands, Results results) {
  Update<SgdOp> update(op, operands, results);
  double momentum = number(op.getMomentum());
  double dampening = number(op.getDampening());
  for (int64_t i = 0; i < update.size(); ++i) {
    double g = update.gradient(i), direction = g;
    if (momentum != 0.0) {
      double v = update.step == 1
                     ? g
                     : momentum * update.state(0, i) + (1.0 - dampening) * g;
      update.newState(0, i) = v;
      direction = op.getNesterov() ? g + momentum * v : v;
    }
    update.newParameter(i) = update.parameter(i) - update.rate * direction;
  }
}

//===----------------------------------------------------------------------===//
// AdamOp
//===----------------------------------------------------------------------===//

static void evaluateAdam(AdamOp op, Operands operands, Results results) {
  Update<AdamOp> update(op, operands, results);
  double beta1 = number(op.getBeta1()), beta2 = number(op.getBeta2());
  double correction1 = 1.0 - std::pow(beta1, update.step);
  double correction2 = 1.0 - std::pow(beta2, update.step);
  for (int64_t i = 0; i < update.size(); ++i) {
    bool decoupled = op.getDecoupled();
    double g = decoupled ? update.plainGradient(i) : update.gradient(i);
    double start = decoupled ? update.shrunk(i) : update.parameter(i);
    double m = beta1 * update.state(0, i) + (1.0 - beta1) * g;
    double v = beta2 * update.state(1, i) + (1.0 - beta2) * g * g;
    double u = v;
    if (op.getAmsgrad())
      update.newState(2, i) = u = std::fmax(update.state(2, i), v);
    update.newState(0, i) = m;
    update.newState(1, i) = v;
    update.newParameter(i) =
        start - update.rate * (m / correction1) /
                    (std::sqrt(u / correction2) + number(op.getEpsilon()));
  }
}

//===----------------------------------------------------------------------===//
// NadamOp
//===----------------------------------------------------------------------===//

static void evaluateNadam(NadamOp op, Operands operands, Results results) {
  Update<NadamOp> update(op, operands, results);
  double beta1 = number(op.getBeta1()), beta2 = number(op.getBeta2());
  auto momentumAt = [&](double t) {
    return beta1 *
           (1.0 - 0.5 * std::pow(0.96, t * number(op.getMomentumDecay())));
  };
  double now = momentumAt(update.step), next = momentumAt(update.step + 1.0);
  double product = (update.step == 1 ? 1.0 : update.state(2, 0)) * now;
  update.newState(2, 0) = product;
  double correction2 = 1.0 - std::pow(beta2, update.step);
  for (int64_t i = 0; i < update.size(); ++i) {
    bool decoupled = op.getDecoupled();
    double g = decoupled ? update.plainGradient(i) : update.gradient(i);
    double start = decoupled ? update.shrunk(i) : update.parameter(i);
    double m = beta1 * update.state(0, i) + (1.0 - beta1) * g;
    double v = beta2 * update.state(1, i) + (1.0 - beta2) * g * g;
    double ahead =
        next * m / (1.0 - product * next) + (1.0 - now) * g / (1.0 - product);
    update.newState(0, i) = m;
    update.newState(1, i) = v;
    update.newParameter(i) =
        start - update.rate * ahead /
                    (std::sqrt(v / correction2) + number(op.getEpsilon()));
  }
}

//===----------------------------------------------------------------------===//
// AdaboundOp
//===----------------------------------------------------------------------===//

static void evaluateAdabound(AdaboundOp op, Operands operands,
                             Results results) {
  Update<AdaboundOp> update(op, operands, results);
  double beta1 = number(op.getBeta1()), beta2 = number(op.getBeta2());
  double gamma = number(op.getGamma()), t = update.step;
  double finalRate = number(op.getFinalLearningRate()) * update.rate /
                     number(op.getBaseLearningRate());
  double low = finalRate * (1.0 - 1.0 / (gamma * t + 1.0));
  double high = finalRate * (1.0 + 1.0 / (gamma * t));
  double correction =
      std::sqrt(1.0 - std::pow(beta2, t)) / (1.0 - std::pow(beta1, t));
  for (int64_t i = 0; i < update.size(); ++i) {
    double g = update.gradient(i);
    double m = beta1 * update.state(0, i) + (1.0 - beta1) * g;
    double v = beta2 * update.state(1, i) + (1.0 - beta2) * g * g;
    double rate =
        update.rate * correction / (std::sqrt(v) + number(op.getEpsilon()));
    update.newState(0, i) = m;
    update.newState(1, i) = v;
    update.newParameter(i) =
        update.parameter(i) - std::min(std::max(rate, low), high) * m;
  }
}

//===----------------------------------------------------------------------===//
// AdagradOp
//===----------------------------------------------------------------------===//

static void evaluateAdagrad(AdagradOp op, Operands operands, Results results) {
  Update<AdagradOp> update(op, operands, results);
  double rate = update.rate /
                (1.0 + (update.step - 1.0) * number(op.getLearningRateDecay()));
  for (int64_t i = 0; i < update.size(); ++i) {
    double g = update.gradient(i);
    double s = update.step == 1 ? number(op.getInitialAccumulator())
                                : update.state(0, i);
    s += g * g;
    update.newState(0, i) = s;
    update.newParameter(i) =
        update.parameter(i) -
        rate * g / (std::sqrt(s) + number(op.getEpsilon()));
  }
}

//===----------------------------------------------------------------------===//
// AdadeltaOp
//===----------------------------------------------------------------------===//

static void evaluateAdadelta(AdadeltaOp op, Operands operands,
                             Results results) {
  Update<AdadeltaOp> update(op, operands, results);
  double rho = number(op.getRho()), epsilon = number(op.getEpsilon());
  for (int64_t i = 0; i < update.size(); ++i) {
    double g = update.gradient(i);
    double s = rho * update.state(0, i) + (1.0 - rho) * g * g;
    double d = std::sqrt((update.state(1, i) + epsilon) / (s + epsilon)) * g;
    update.newState(0, i) = s;
    update.newState(1, i) = rho * update.state(1, i) + (1.0 - rho) * d * d;
    update.newParameter(i) = update.parameter(i) - update.rate * d;
  }
}

//===----------------------------------------------------------------------===//
// RmspropOp
//===----------------------------------------------------------------------===//

static void evaluateRmsprop(RmspropOp op, Operands operands, Results results) {
  Update<RmspropOp> update(op, operands, results);
  double alpha = number(op.getAlpha()), momentum = number(op.getMomentum());
  int meanPlace = momentum != 0.0 ? 2 : 1;
  for (int64_t i = 0; i < update.size(); ++i) {
    double g = update.gradient(i);
    double s = alpha * update.state(0, i) + (1.0 - alpha) * g * g;
    double variance = s;
    if (op.getCentered()) {
      double mean = alpha * update.state(meanPlace, i) + (1.0 - alpha) * g;
      update.newState(meanPlace, i) = mean;
      variance -= mean * mean;
    }
    double direction = g / (std::sqrt(variance) + number(op.getEpsilon()));
    if (momentum != 0.0) {
      direction += momentum * update.state(1, i);
      update.newState(1, i) = direction;
    }
    update.newState(0, i) = s;
    update.newParameter(i) = update.parameter(i) - update.rate * direction;
  }
}

//===----------------------------------------------------------------------===//
// All of the family
//===----------------------------------------------------------------------===//

void reference::attachOptimizerModels(MLIRContext &context) {
  attach<SgdOp, evaluateSgd>(context);
  attach<AdamOp, evaluateAdam>(context);
  attach<NadamOp, evaluateNadam>(context);
  attach<AdaboundOp, evaluateAdabound>(context);
  attach<AdagradOp, evaluateAdagrad>(context);
  attach<AdadeltaOp, evaluateAdadelta>(context);
  attach<RmspropOp, evaluateRmsprop>(context);
}

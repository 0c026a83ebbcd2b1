//===- NNOptimizerOps.td - One update step of one parameter ---------------===//
//
// Composite ops: a parameter, its gradient and the optimiser's state go in, the
// new parameter and the new state come out.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_DIALECT_NN_IR_NNOPTIMIZEROPS_TD
#define NNC_DIALECT_NN_IR_NNOPTIMIZEROPS_TD

include "nnc/Dialect/NN/IR/NNBase.td"

def NN_FloatScalar
    : RankedTensorOf<[NN_Float], [HasAnyRankOfPred<[0]>], "scalar tensor">;

class NN_NumberAttr<string condition, string text>
    : ConfinedAttr<F64Attr, [AttrConstraint<
          CPred<"[](double number) { return " # condition #
                "; }(::llvm::cast<::mlir::FloatAttr>($_self)"
                ".getValueAsDouble())">,
          text>]>;
def NN_NonNegativeAttr
    : NN_NumberAttr<"number >= 0.0 && number <= 1e300", "at least 0">;
def NN_PositiveAttr
    : NN_NumberAttr<"number > 0.0 && number <= 1e300", "above 0">;
def NN_DecayAttr : NN_NumberAttr<"number >= 0.0 && number < 1.0", "in [0, 1)">;

class NN_OptimizerOp<string mnemonic>
    : NN_ClassedOp<mnemonic, "composite",
        [InferTypeOpAdaptor, NonDifferentiable,
         DeclareOpInterfaceMethods<CompositeOpInterface>]> {
  dag common = (ins NN_FloatTensor:$parameter, NN_FloatTensor:$gradient,
                    Variadic<NN_FloatTensor>:$states,
                    NN_FloatScalar:$learning_rate, NN_I64Scalar:$step);
  dag regularization =
      (ins DefaultValuedAttr<NN_NonNegativeAttr, "0.0">:$weight_decay,
           UnitAttr:$maximize);
  let results = (outs NN_FloatTensor:$new_parameter,
                      Variadic<NN_FloatTensor>:$new_states);

  string operandFormat = [{
    $parameter `,` $gradient (`states` `(` $states^ `)`)?
    `learning_rate` `(` $learning_rate `)` `step` `(` $step `)`
  }];
  string lastFormat = [{
    (`weight_decay` `=` $weight_decay^)? (`maximize` $maximize^)? attr-dict `:`
    functional-type(operands, results)
  }];

  /// What the descriptions share.
  string commonText = [{
    `parameter, gradient : [...]`, of one type; `learning_rate` is a scalar of
    any floating-point type and `step` counts from 1. Both are operands, so that
    they change without a new compilation; what follows from them alone (bias
    corrections) is computed in f64 and rounded once. All states start as
    zeros. With `maximize`, g = -gradient, else g = gradient; then, unless
    the weight decay is decoupled, g = g + weight_decay * parameter.

    An update has no gradient: training is not differentiated through its steps.

    C1: parameter and gradient have the same type. C2: the number of states is
    the one stated. C3: states have the parameter's type, or are scalars of its
    element type where that is stated.
  }];
}

def NN_SgdOp : NN_OptimizerOp<"sgd"> {
  let summary = "stochastic gradient descent, with momentum";
  let description = [{
    `v' = momentum * v + (1 - dampening) * g` (at step 1: `v' = g`), then
    `parameter' = parameter - learning_rate * d` with d = v', or
    `g + momentum * v'` for `nesterov`. Without momentum d = g and there is no
    state. The velocity comes first and does not contain the learning rate; the
    form `v' = momentum * v + learning_rate * g` differs from this one where the
    rate changes.

    States: v if momentum is not 0. Defaults: momentum 0, dampening 0, weight
    decay 0.
  }] # commonText # [{
    C4: nesterov needs a momentum and no dampening.

    Example:
    `%w1, %v1 = nn.sgd %w, %g states(%v) learning_rate(%lr) step(%t) momentum = 0.9 : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>)`

    Source: torch.optim.SGD, PyTorch 2; Sutskever et al., On the importance of
    initialization and momentum in deep learning (2013).
  }];
  let arguments = !con(common, (ins
      DefaultValuedAttr<NN_NonNegativeAttr, "0.0">:$momentum,
      DefaultValuedAttr<F64Attr, "0.0">:$dampening, UnitAttr:$nesterov),
      regularization);
  let assemblyFormat = operandFormat # [{
    (`momentum` `=` $momentum^)? (`dampening` `=` $dampening^)?
    (`nesterov` $nesterov^)?
  }] # lastFormat;
}

def NN_AdamOp : NN_OptimizerOp<"adam"> {
  let summary = "Adam, AMSGrad and AdamW";
  let description = [{
    `m' = beta1 * m + (1 - beta1) * g`, `v' = beta2 * v + (1 - beta2) * g^2`,
    `parameter' = parameter - learning_rate / (1 - beta1^step) * m' /
    (sqrt(u) / sqrt(1 - beta2^step) + epsilon)` with u = v', or for `amsgrad`
    u = u' = max(u, v'). `decoupled` is AdamW: the weight decay is no part of g;
    the parameter is first multiplied by `1 - learning_rate * weight_decay`.

    States: m, v, and u for amsgrad. Defaults: beta1 0.9, beta2 0.999, epsilon
    1e-8, weight decay 0.
  }] # commonText # [{
    Example:
    `%w1, %m1, %v1 = nn.adam %w, %g states(%m, %v) learning_rate(%lr) step(%t) : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)`

    Source: torch.optim.Adam and AdamW, PyTorch 2; Kingma and Ba, Adam (2015),
    algorithm 1; Reddi et al., On the Convergence of Adam and Beyond (2018),
    algorithm 2; Loshchilov and Hutter, Decoupled Weight Decay Regularization
    (2019), algorithm 2.
  }];
  let arguments = !con(common, (ins
      DefaultValuedAttr<NN_DecayAttr, "0.9">:$beta1,
      DefaultValuedAttr<NN_DecayAttr, "0.999">:$beta2,
      DefaultValuedAttr<NN_NonNegativeAttr, "1e-8">:$epsilon,
      UnitAttr:$amsgrad, UnitAttr:$decoupled), regularization);
  let assemblyFormat = operandFormat # [{
    (`beta1` `=` $beta1^)? (`beta2` `=` $beta2^)? (`epsilon` `=` $epsilon^)?
    (`amsgrad` $amsgrad^)? (`decoupled` $decoupled^)?
  }] # lastFormat;
}

def NN_NadamOp : NN_OptimizerOp<"nadam"> {
  let summary = "Adam with Nesterov momentum";
  let description = [{
    With `mu(t) = beta1 * (1 - 0.96^(t * momentum_decay) / 2)`, t = step and
    `p' = p * mu(t)` (p = 1 at step 1): m' and v' as in `nn.adam`,
    `s = sqrt(v' / (1 - beta2^t)) + epsilon`, `parameter' = parameter -
    learning_rate * (1 - mu(t)) / (1 - p') * g / s -
    learning_rate * mu(t + 1) / (1 - p' * mu(t + 1)) * m' / s`. With `decoupled`
    the weight decay is no part of g; the parameter is first multiplied by
    `1 - learning_rate * weight_decay`.

    States: m, v, and the scalar p. Defaults: beta1 0.9, beta2 0.999, epsilon
    1e-8, momentum_decay 0.004, weight decay 0.
  }] # commonText # [{
    Example:
    `%w1, %m1, %v1, %p1 = nn.nadam %w, %g states(%m, %v, %p) learning_rate(%lr) step(%t) : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>)`

    Source: torch.optim.NAdam, PyTorch 2; Dozat, Incorporating Nesterov Momentum
    into Adam (2016).
  }];
  let arguments = !con(common, (ins
      DefaultValuedAttr<NN_DecayAttr, "0.9">:$beta1,
      DefaultValuedAttr<NN_DecayAttr, "0.999">:$beta2,
      DefaultValuedAttr<NN_NonNegativeAttr, "1e-8">:$epsilon,
      DefaultValuedAttr<NN_NonNegativeAttr, "0.004">:$momentum_decay,
      UnitAttr:$decoupled), regularization);
  let assemblyFormat = operandFormat # [{
    (`beta1` `=` $beta1^)? (`beta2` `=` $beta2^)? (`epsilon` `=` $epsilon^)?
    (`momentum_decay` `=` $momentum_decay^)? (`decoupled` $decoupled^)?
  }] # lastFormat;
}

def NN_AdaboundOp : NN_OptimizerOp<"adabound"> {
  let summary = "Adam between bounds that close in on SGD";
  let description = [{
    m' and v' as in `nn.adam`, t = step,
    `f = final_learning_rate * learning_rate / base_learning_rate`,
    `r = learning_rate * sqrt(1 - beta2^t) / (1 - beta1^t) / (sqrt(v') + epsilon)`
    clipped to `[f * (1 - 1 / (gamma * t + 1)), f * (1 + 1 / (gamma * t))]`,
    `parameter' = parameter - r * m'`. `base_learning_rate` is what the
    learning rate was at the start of training.

    States: m, v. Defaults: base_learning_rate 1e-3, beta1 0.9, beta2 0.999,
    epsilon 1e-8, final_learning_rate 0.1, gamma 1e-3, weight decay 0.
  }] # commonText # [{
    Example:
    `%w1, %m1, %v1 = nn.adabound %w, %g states(%m, %v) learning_rate(%lr) step(%t) : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)`

    Source: Luo et al., Adaptive Gradient Methods with Dynamic Bound of Learning
    Rate (2019), algorithm 2, with the bias correction and the scaling of the
    final rate of the authors' program.
  }];
  let arguments = !con(common, (ins
      DefaultValuedAttr<NN_PositiveAttr, "1e-3">:$base_learning_rate,
      DefaultValuedAttr<NN_DecayAttr, "0.9">:$beta1,
      DefaultValuedAttr<NN_DecayAttr, "0.999">:$beta2,
      DefaultValuedAttr<NN_NonNegativeAttr, "1e-8">:$epsilon,
      DefaultValuedAttr<NN_NonNegativeAttr, "0.1">:$final_learning_rate,
      DefaultValuedAttr<NN_PositiveAttr, "1e-3">:$gamma), regularization);
  let assemblyFormat = operandFormat # [{
    (`base_learning_rate` `=` $base_learning_rate^)? (`beta1` `=` $beta1^)?
    (`beta2` `=` $beta2^)? (`epsilon` `=` $epsilon^)?
    (`final_learning_rate` `=` $final_learning_rate^)? (`gamma` `=` $gamma^)?
  }] # lastFormat;
}

def NN_AdagradOp : NN_OptimizerOp<"adagrad"> {
  let summary = "steps divided by the root of all squared gradients so far";
  let description = [{
    `s' = s + g^2` (s = initial_accumulator at step 1), `parameter' = parameter -
    learning_rate / (1 + (step - 1) * learning_rate_decay) * g / (sqrt(s') +
    epsilon)`.

    States: s. Defaults: learning_rate_decay 0, epsilon 1e-10,
    initial_accumulator 0, weight decay 0.
  }] # commonText # [{
    Example:
    `%w1, %s1 = nn.adagrad %w, %g states(%s) learning_rate(%lr) step(%t) : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>)`

    Source: torch.optim.Adagrad, PyTorch 2; Duchi et al., Adaptive Subgradient
    Methods (2011).
  }];
  let arguments = !con(common, (ins
      DefaultValuedAttr<NN_NonNegativeAttr, "0.0">:$learning_rate_decay,
      DefaultValuedAttr<NN_NonNegativeAttr, "1e-10">:$epsilon,
      DefaultValuedAttr<NN_NonNegativeAttr, "0.0">:$initial_accumulator),
      regularization);
  let assemblyFormat = operandFormat # [{
    (`learning_rate_decay` `=` $learning_rate_decay^)?
    (`epsilon` `=` $epsilon^)?
    (`initial_accumulator` `=` $initial_accumulator^)?
  }] # lastFormat;
}

def NN_AdadeltaOp : NN_OptimizerOp<"adadelta"> {
  let summary = "steps in the ratio of two running root mean squares";
  let description = [{
    `s' = rho * s + (1 - rho) * g^2`,
    `d = sqrt(u + epsilon) / sqrt(s' + epsilon) * g`,
    `u' = rho * u + (1 - rho) * d^2`, `parameter' = parameter -
    learning_rate * d`.

    States: s, u. Defaults: rho 0.9, epsilon 1e-6, weight decay 0.
  }] # commonText # [{
    Example:
    `%w1, %s1, %u1 = nn.adadelta %w, %g states(%s, %u) learning_rate(%lr) step(%t) rho = 0.95 : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)`

    Source: torch.optim.Adadelta, PyTorch 2; Zeiler, ADADELTA (2012),
    algorithm 1.
  }];
  let arguments = !con(common, (ins
      DefaultValuedAttr<NN_DecayAttr, "0.9">:$rho,
      DefaultValuedAttr<NN_NonNegativeAttr, "1e-6">:$epsilon), regularization);
  let assemblyFormat = operandFormat # [{
    (`rho` `=` $rho^)? (`epsilon` `=` $epsilon^)?
  }] # lastFormat;
}

def NN_RmspropOp : NN_OptimizerOp<"rmsprop"> {
  let summary = "steps divided by a running root mean square";
  let description = [{
    `s' = alpha * s + (1 - alpha) * g^2`, `r = sqrt(s') + epsilon`; for
    `centered`, `a' = alpha * a + (1 - alpha) * g` and
    `r = sqrt(s' - a'^2) + epsilon`. Without momentum `parameter' = parameter -
    learning_rate * g / r`, with it `v' = momentum * v + g / r`,
    `parameter' = parameter - learning_rate * v'`.

    States: s, then v if momentum is not 0, then a for centered. Defaults: alpha
    0.99, epsilon 1e-8, momentum 0, weight decay 0.
  }] # commonText # [{
    Example:
    `%w1, %s1 = nn.rmsprop %w, %g states(%s) learning_rate(%lr) step(%t) alpha = 0.9 : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>, tensor<i64>) -> (tensor<4xf32>, tensor<4xf32>)`

    Source: torch.optim.RMSprop, PyTorch 2; Graves, Generating Sequences With
    Recurrent Neural Networks (2013), equations 38 to 45, for the centred form.
  }];
  let arguments = !con(common, (ins
      DefaultValuedAttr<NN_DecayAttr, "0.99">:$alpha,
      DefaultValuedAttr<NN_NonNegativeAttr, "1e-8">:$epsilon,
      DefaultValuedAttr<NN_NonNegativeAttr, "0.0">:$momentum,
      UnitAttr:$centered), regularization);
  let assemblyFormat = operandFormat # [{
    (`alpha` `=` $alpha^)? (`epsilon` `=` $epsilon^)?
    (`momentum` `=` $momentum^)? (`centered` $centered^)?
  }] # lastFormat;
}

#endif // NNC_DIALECT_NN_IR_NNOPTIMIZEROPS_TD

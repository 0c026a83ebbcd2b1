//===- BuiltinLayers.cpp - The layers of the language ---------------------===//

#include "Elaborator.h"
#include "nnc/Graph/Images.h"
#include "nnc/Graph/Loops.h"
#include <map>

using namespace nnc;
using namespace nnc::frontend;

static Value buildDense(BuiltinCall &call) {
  return call.result(dense(call.operand("x"), call.integer("units"),
                           {.activation = call.activation("activation"),
                            .bias = call.boolean("bias"),
                            .weights = call.weights(),
                            .name = call.name()}));
}

static Value buildDropout(BuiltinCall &call) {
  if (call.value("rate").isNamed())
    return call.elaborator.error(call.range, ErrorCode::unsupported,
                                 "a schedule as the rate of dropout");
  DropoutOptions options;
  if (call.isGiven("rate"))
    options.rate = call.number("rate");
  if (call.isGiven("keep"))
    options.keep = call.number("keep");
  options.name = call.name();
  return call.result(dropout(call.operand("x"), options));
}

static Value buildGaussianNoise(BuiltinCall &call) {
  return call.result(
      gaussianNoise(call.operand("x"),
                    {.stddev = call.number("stddev"), .name = call.name()}));
}

static Value buildEmbedding(BuiltinCall &call) {
  WeightOptions weights = call.weights(/*hasBias=*/false);
  return call.result(embedding(call.operand("ids"), call.integer("vocabulary"),
                               call.integer("units"),
                               {.weightInitializer = weights.weightInitializer,
                                .weightRegularizer = weights.weightRegularizer,
                                .weightConstraint = weights.weightConstraint,
                                .type = call.elaborator.floatType,
                                .name = call.name()}));
}

static Value buildBatchNorm(BuiltinCall &call) {
  return call.result(
      batchNorm(call.operand("x"), {.axis = call.integer("axis"),
                                    .momentum = call.number("momentum"),
                                    .epsilon = call.number("epsilon"),
                                    .affine = call.boolean("affine"),
                                    .name = call.name()}));
}

static Value buildLayerNorm(BuiltinCall &call) {
  return call.result(
      layerNorm(call.operand("x"), {.axes = call.integers("axes"),
                                    .epsilon = call.number("epsilon"),
                                    .affine = call.boolean("affine"),
                                    .name = call.name()}));
}

static GroupNormOptions groupOptions(BuiltinCall &call) {
  return {.epsilon = call.number("epsilon"),
          .affine = call.boolean("affine"),
          .name = call.name()};
}

static Value buildGroupNorm(BuiltinCall &call) {
  return call.result(
      groupNorm(call.operand("x"), call.integer("groups"), groupOptions(call)));
}

static Value buildInstanceNorm(BuiltinCall &call) {
  return call.result(instanceNorm(call.operand("x"), groupOptions(call)));
}

static Value buildPrelu(BuiltinCall &call) {
  return call.result(
      prelu(call.operand("x"), {.perChannel = call.text("per") == "channel",
                                .name = call.name()}));
}

static Value buildMaxout(BuiltinCall &call) {
  return call.result(maxout(call.operand("x"), call.integer("units"),
                            call.integer("pieces"),
                            {.weights = call.weights(), .name = call.name()}));
}

static Value buildDropconnect(BuiltinCall &call) {
  return call.result(dropconnect(call.operand("x"), call.integer("units"),
                                 {.rate = call.number("rate"),
                                  .weights = call.weights(),
                                  .name = call.name()}));
}

static Value buildMultiHeadAttention(BuiltinCall &call) {
  MultiHeadAttentionOptions options;
  if (call.isGiven("units"))
    options.units = call.integer("units");
  options.bias = call.boolean("bias");
  options.causal = call.boolean("causal");
  if (call.isGiven("mask"))
    options.mask = call.tensor("mask");
  options.dropoutRate = call.number("dropout_rate");
  options.weights = call.weights();
  options.name = call.name();
  return call.result(multiHeadAttention(call.operand("q"), call.operand("k"),
                                        call.operand("v"),
                                        call.integer("heads"), options));
}

/// What the recurrent layers share.
static std::optional<RecurrentOptions> recurrentOptions(BuiltinCall &call) {
  RecurrentOptions options;
  options.activation = call.activation("activation");
  const std::string &output = call.text("output");
  options.output = output == "last"     ? RecurrentOutput::last
                   : output == "states" ? RecurrentOutput::states
                                        : RecurrentOutput::sequence;
  const std::string &direction = call.text("direction");
  options.direction = direction == "both"       ? RecurrentDirection::both
                      : direction == "backward" ? RecurrentDirection::backward
                                                : RecurrentDirection::forward;
  if (call.isGiven("mask"))
    options.mask = call.tensor("mask");
  if (call.isGiven("initial")) {
    std::optional<std::vector<Tensor>> initial = call.tensors("initial");
    if (!initial)
      return std::nullopt;
    options.initial = std::move(*initial);
  }
  options.bias = call.boolean("bias");
  options.recurrentBias = call.boolean("recurrent_bias");
  options.recurrentInitializer = call.initializer("recurrent_initializer");
  options.weights = call.weights();
  options.name = call.name();
  return options;
}

static Value results(const std::vector<Tensor> &tensors) {
  std::vector<Value> values;
  for (const Tensor &tensor : tensors)
    values.push_back(Value::ofTensor(tensor));
  return Value::ofResults(std::move(values));
}

static Value buildRnn(BuiltinCall &call) {
  std::optional<RecurrentOptions> options = recurrentOptions(call);
  if (!options)
    return {};
  return results(rnn(call.operand("x"), call.integer("units"), *options));
}

static Value buildLstm(BuiltinCall &call) {
  std::optional<RecurrentOptions> options = recurrentOptions(call);
  if (!options)
    return {};
  options->recurrentActivation = call.activation("recurrent_activation");
  options->peepholes = call.boolean("peepholes");
  options->forgetBias = call.number("forget_bias");
  return results(lstm(call.operand("x"), call.integer("units"), *options));
}

static Value buildGru(BuiltinCall &call) {
  std::optional<RecurrentOptions> options = recurrentOptions(call);
  if (!options)
    return {};
  options->recurrentActivation = call.activation("recurrent_activation");
  options->resetAfter = call.boolean("reset_after");
  return results(gru(call.operand("x"), call.integer("units"), *options));
}

//===----------------------------------------------------------------------===//
// Images
//===----------------------------------------------------------------------===//

static Padding paddingOf(BuiltinCall &call) {
  if (!call.value("padding").isString())
    return call.integers("padding");
  return call.text("padding") == "same" ? Padding::Kind::same
                                        : Padding::Kind::valid;
}

template <auto layer> static Value buildConvolution(BuiltinCall &call) {
  return call.result(layer(call.operand("x"), call.integer("filters"),
                           call.integers("kernel"),
                           {.stride = call.integers("stride"),
                            .padding = paddingOf(call),
                            .dilation = call.integers("dilation"),
                            .groups = call.integer("groups"),
                            .activation = call.activation("activation"),
                            .bias = call.boolean("bias"),
                            .weights = call.weights(),
                            .name = call.name()}));
}

template <auto layer> static Value buildConvTranspose(BuiltinCall &call) {
  return call.result(layer(call.operand("x"), call.integer("filters"),
                           call.integers("kernel"),
                           {.stride = call.integers("stride"),
                            .padding = call.integers("padding"),
                            .outputPadding = call.integers("output_padding"),
                            .groups = call.integer("groups"),
                            .activation = call.activation("activation"),
                            .bias = call.boolean("bias"),
                            .weights = call.weights(),
                            .name = call.name()}));
}

template <auto layer> static Value buildPool(BuiltinCall &call) {
  bool isMean = call.builtin.indexOf("count_padding") >= 0;
  return call.result(
      layer(call.operand("x"), call.integers("size"),
            {.stride = call.integers("stride"),
             .padding = call.integers("padding"),
             .countPadding = isMean && call.boolean("count_padding"),
             .name = call.name()}));
}

template <auto layer> static Value buildGlobalPool(BuiltinCall &call) {
  return call.result(layer(call.operand("x")));
}

BuiltinHandler frontend::findLayerHandler(const std::string &name) {
  static const std::map<std::string, BuiltinHandler> handlers = {
      {"avg_pool1d", buildPool<avgPool1d>},
      {"avg_pool2d", buildPool<avgPool2d>},
      {"batch_norm", buildBatchNorm},
      {"conv1d", buildConvolution<conv1d>},
      {"conv2d", buildConvolution<conv2d>},
      {"conv_transpose1d", buildConvTranspose<convTranspose1d>},
      {"conv_transpose2d", buildConvTranspose<convTranspose2d>},
      {"dense", buildDense},
      {"dropconnect", buildDropconnect},
      {"dropout", buildDropout},
      {"embedding", buildEmbedding},
      {"gaussian_noise", buildGaussianNoise},
      {"global_avg_pool", buildGlobalPool<globalAvgPool>},
      {"global_max_pool", buildGlobalPool<globalMaxPool>},
      {"group_norm", buildGroupNorm},
      {"gru", buildGru},
      {"instance_norm", buildInstanceNorm},
      {"layer_norm", buildLayerNorm},
      {"lstm", buildLstm},
      {"max_pool1d", buildPool<maxPool1d>},
      {"max_pool2d", buildPool<maxPool2d>},
      {"maxout", buildMaxout},
      {"multi_head_attention", buildMultiHeadAttention},
      {"prelu", buildPrelu},
      {"rnn", buildRnn},
  };
  auto found = handlers.find(name);
  return found == handlers.end() ? nullptr : found->second;
}

BuiltinHandler frontend::findHandler(const Builtin &builtin) {
  switch (builtin.kind) {
  case BuiltinKind::Layer:
    return findLayerHandler(builtin.name);
  case BuiltinKind::Function:
    return findFunctionHandler(builtin.name);
  case BuiltinKind::Loss:
    return findLossHandler(builtin.name);
  default:
    return nullptr;
  }
}

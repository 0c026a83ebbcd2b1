//===- BuiltinLosses.cpp - The losses of the language ---------------------===//

#include "Elaborator.h"
#include "nnc/Graph/Losses.h"
#include <map>

using namespace nnc;
using namespace nnc::frontend;

static Reduction reductionOf(const BuiltinCall &call) {
  const std::string &name = call.text("reduction");
  return name == "mean"  ? Reduction::mean
         : name == "sum" ? Reduction::sum
                         : Reduction::none;
}

/// A loss of its first two arguments and the reduction alone.
template <Tensor (*Function)(const Operand &, const Operand &,
                             const LossOptions &)>
static Value plain(BuiltinCall &call) {
  return call.result(
      Function(call.operand(call.builtin.parameters[0].name.c_str()),
               call.operand(call.builtin.parameters[1].name.c_str()),
               {reductionOf(call)}));
}

static Value buildSoftmaxCrossEntropy(BuiltinCall &call) {
  return call.result(
      softmaxCrossEntropy(call.operand("logits"), call.operand("target"),
                          {.labelSmoothing = call.number("label_smoothing"),
                           .reduction = reductionOf(call)}));
}
static Value buildHuber(BuiltinCall &call) {
  return call.result(
      huber(call.operand("y"), call.operand("target"),
            {.delta = call.number("delta"), .reduction = reductionOf(call)}));
}
static Value buildFocal(BuiltinCall &call) {
  return call.result(
      focal(call.operand("logits"), call.operand("target"),
            {.gamma = call.number("gamma"), .reduction = reductionOf(call)}));
}
static Value buildTriplet(BuiltinCall &call) {
  return call.result(triplet(
      call.operand("anchor"), call.operand("positive"),
      call.operand("negative"),
      {.margin = call.number("margin"), .reduction = reductionOf(call)}));
}
static Value buildContrastive(BuiltinCall &call) {
  return call.result(contrastive(
      call.operand("distance"), call.operand("same"),
      {.margin = call.number("margin"), .reduction = reductionOf(call)}));
}

BuiltinHandler frontend::findLossHandler(const std::string &name) {
  static const std::map<std::string, BuiltinHandler> handlers = {
      {"softmax_cross_entropy", buildSoftmaxCrossEntropy},
      {"categorical_cross_entropy", plain<categoricalCrossEntropy>},
      {"sigmoid_cross_entropy", plain<sigmoidCrossEntropy>},
      {"binary_cross_entropy", plain<binaryCrossEntropy>},
      {"mse", plain<mse>},
      {"squared_error", plain<squaredError>},
      {"half_squared_error", plain<halfSquaredError>},
      {"mae", plain<mae>},
      {"absolute_error", plain<absoluteError>},
      {"huber", buildHuber},
      {"hinge", plain<hinge>},
      {"kl_divergence", plain<klDivergence>},
      {"cosine_loss", plain<cosineLoss>},
      {"nll", plain<nll>},
      {"focal", buildFocal},
      {"triplet", buildTriplet},
      {"contrastive", buildContrastive},
  };
  auto found = handlers.find(name);
  return found == handlers.end() ? nullptr : found->second;
}

Value Elaborator::applyLoss(const SettingValue &loss, const Tensor &result,
                            const Tensor &target, const char *reduction) {
  const Builtin &builtin = *loss.builtin;
  BuiltinHandler handler = findHandler(builtin);
  if (!builtin.isSupported || !handler)
    return error(loss.range, ErrorCode::unsupported,
                 fmt::format("the loss '{}'", builtin.name));
  std::vector<Value> values;
  size_t tensors = 0;
  for (size_t i = 0; i < builtin.parameters.size(); ++i) {
    const Parameter &parameter = builtin.parameters[i];
    bool isNeeded = parameter.isTensor() && !parameter.defaultValue;
    if (isNeeded)
      values.push_back(Value::ofTensor(tensors++ == 0 ? result : target));
    else if (parameter.name == "reduction")
      values.push_back(Value::ofString(reduction));
    else
      values.push_back(fromSetting(loss.elements[i]));
  }
  if (tensors != 2)
    return error(loss.range, ErrorCode::lossTensors, builtin.name, tensors);
  PlaceScope place(graph, loss.range.position());
  BuiltinCall call(*this, builtin, std::move(values), "", loss.range);
  Value value = handler(call);
  reportGraphError();
  return value;
}

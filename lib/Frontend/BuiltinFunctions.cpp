//===- BuiltinFunctions.cpp - The functions of the language ---------------===//

#include "Elaborator.h"
#include <map>

using namespace nnc;
using namespace nnc::frontend;

//===----------------------------------------------------------------------===//
// Functions of tensors alone
//===----------------------------------------------------------------------===//

template <Tensor (*Function)(const Operand &)>
static Value unary(BuiltinCall &call) {
  return call.result(Function(call.operand("x")));
}

template <Tensor (*Function)(const Operand &, const Operand &)>
static Value binary(BuiltinCall &call) {
  return call.result(Function(call.operand("a"), call.operand("b")));
}

template <Tensor (*Function)(const Operand &, const Axes &, bool)>
static Value reduction(BuiltinCall &call) {
  return call.result(Function(call.operand("x"), call.axes("axis"),
                              call.boolean("keep_dims")));
}

template <Tensor (*Function)(const Operand &, int64_t)>
static Value alongAxis(BuiltinCall &call) {
  return call.result(Function(call.operand("x"), call.integer("axis")));
}

//===----------------------------------------------------------------------===//
// Activations and element-wise functions with settings
//===----------------------------------------------------------------------===//

static Value buildLeakyRelu(BuiltinCall &call) {
  return call.result(leakyRelu(call.operand("x"), call.number("slope")));
}
static Value buildElu(BuiltinCall &call) {
  return call.result(elu(call.operand("x"), call.number("alpha")));
}
static Value buildGelu(BuiltinCall &call) {
  return call.result(gelu(call.operand("x"), call.boolean("approximate")));
}
static Value buildHeaviside(BuiltinCall &call) {
  return call.result(heaviside(call.operand("x"), call.number("at_zero")));
}
static Value buildSoftmax(BuiltinCall &call) {
  return call.result(softmax(call.operand("x"), call.integer("axis")));
}
static Value buildLogSoftmax(BuiltinCall &call) {
  return call.result(logSoftmax(call.operand("x"), call.integer("axis")));
}
static Value buildClip(BuiltinCall &call) {
  return call.result(
      clip(call.operand("x"), call.number("low"), call.number("high")));
}
static Value buildWhere(BuiltinCall &call) {
  // The choices alone say what a number becomes.
  const Value &a = call.value("a"), &b = call.value("b");
  ElementType type = a.isTensor()   ? a.tensor.elementType()
                     : b.isTensor() ? b.tensor.elementType()
                                    : call.elaborator.floatType;
  Operand chosen = call.elaborator.toOperand(a, type);
  Operand other = call.elaborator.toOperand(b, type);
  if (chosen.isNumber && other.isNumber)
    chosen = full(call.graph, {}, chosen.number, type);
  return call.result(where(call.tensor("c"), chosen, other));
}
static Value buildCast(BuiltinCall &call) {
  ElementType type = call.value("type").type;
  return call.result(cast(call.operand("x"), type == ElementType::f32
                                                 ? call.elaborator.floatType
                                                 : type));
}

//===----------------------------------------------------------------------===//
// Reductions and products with settings
//===----------------------------------------------------------------------===//

static Value buildVariance(BuiltinCall &call) {
  return call.result(variance(call.operand("x"), call.axes("axis"),
                              call.boolean("keep_dims"),
                              call.boolean("unbiased")));
}
static Value buildNorm(BuiltinCall &call) {
  return call.result(norm(call.operand("x"), call.axes("axis"),
                          call.boolean("keep_dims"), call.number("ord")));
}
static Value buildMatmul(BuiltinCall &call) {
  return call.result(matmul(call.operand("a"), call.operand("b"),
                            {.transposeA = call.boolean("transpose_a"),
                             .transposeB = call.boolean("transpose_b")}));
}
static Value buildEinsum(BuiltinCall &call) {
  return call.result(
      einsum(call.text("equation"), call.operand("a"), call.operand("b")));
}
static Value buildCosineSimilarity(BuiltinCall &call) {
  return call.result(cosineSimilarity(call.operand("a"), call.operand("b"),
                                      call.integer("axis")));
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

static Value buildReshape(BuiltinCall &call) {
  std::optional<std::vector<Dim>> shape = call.shape("shape");
  return shape ? call.result(reshape(call.operand("x"), *shape)) : Value();
}
static Value buildBroadcast(BuiltinCall &call) {
  std::optional<std::vector<Dim>> shape = call.shape("shape");
  return shape ? call.result(broadcast(call.operand("x"), *shape)) : Value();
}
static Value buildFlatten(BuiltinCall &call) {
  return call.result(flatten(call.operand("x"), call.integer("from")));
}
static Value buildTranspose(BuiltinCall &call) {
  if (!call.isGiven("axes"))
    return call.result(transpose(call.operand("x")));
  return call.result(transpose(call.operand("x"), call.integers("axes")));
}
static Value buildConcat(BuiltinCall &call) {
  std::optional<std::vector<Tensor>> parts = call.tensors("parts");
  return parts ? call.result(concat(*parts, call.integer("axis"))) : Value();
}
static Value buildStack(BuiltinCall &call) {
  std::optional<std::vector<Tensor>> parts = call.tensors("parts");
  return parts ? call.result(stack(*parts, call.integer("axis"))) : Value();
}
static Value buildSplit(BuiltinCall &call) {
  const Value &parts = call.value("parts");
  std::vector<Tensor> pieces =
      parts.isInt()
          ? split(call.operand("x"), parts.dim.constant(), call.integer("axis"))
          : split(call.operand("x"), call.integers("parts"),
                  call.integer("axis"));
  std::vector<Value> values;
  for (const Tensor &piece : pieces) {
    if (!piece.isValid())
      return {};
    values.push_back(Value::ofTensor(piece));
  }
  return values.empty()
             ? call.elaborator.error(call.range, ErrorCode::emptyList, "split")
             : Value::ofResults(std::move(values));
}
static Value buildPad(BuiltinCall &call) {
  std::vector<std::pair<int64_t, int64_t>> widths;
  for (const Value &entry : call.value("widths").elements) {
    bool fits = entry.isList() && entry.elements.size() == 2;
    for (const Value &width : entry.elements)
      fits &= width.isInt() && width.dim.isConstant();
    if (!fits)
      return call.elaborator.error(call.range, ErrorCode::wrongKind, "widths",
                                   "a list of [before, after]",
                                   "a list with " + describe(entry));
    widths.emplace_back(entry.elements[0].dim.constant(),
                        entry.elements[1].dim.constant());
  }
  return call.result(pad(call.operand("x"), widths, call.number("value")));
}
static Value buildTile(BuiltinCall &call) {
  return call.result(tile(call.operand("x"), call.integers("counts")));
}
static Value buildUpsample(BuiltinCall &call) {
  return call.result(upsample(call.operand("x"), call.integers("factor"),
                              call.text("mode") == "linear"
                                  ? UpsampleMode::linear
                                  : UpsampleMode::nearest));
}
static Value buildOneHot(BuiltinCall &call) {
  return call.result(oneHot(call.operand("i"), call.integer("classes"),
                            call.elaborator.floatType));
}
static Value buildGather(BuiltinCall &call) {
  return call.result(
      gather(call.operand("x"), call.operand("indices"), call.integer("axis")));
}
static Value buildScatterAdd(BuiltinCall &call) {
  return call.result(scatterAdd(call.operand("x"), call.operand("indices"),
                                call.operand("updates"), call.integer("axis")));
}
static Value buildTakeLast(BuiltinCall &call) {
  return call.result(takeLast(call.operand("x"), call.operand("lengths")));
}

//===----------------------------------------------------------------------===//
// Making tensors
//===----------------------------------------------------------------------===//

template <Tensor (*Function)(Graph &, const std::vector<Dim> &, ElementType,
                             std::source_location)>
static Value make(BuiltinCall &call) {
  std::optional<std::vector<Dim>> shape = call.shape("shape");
  if (!shape)
    return {};
  return call.result(Function(call.graph, *shape, call.elaborator.floatType,
                              std::source_location::current()));
}

/// The same for random numbers, whose path tells them apart.
template <Tensor (*Function)(Graph &, const std::vector<Dim> &, ElementType,
                             std::source_location)>
static Value makeRandom(BuiltinCall &call) {
  LayerScope scope(&call.graph.implementation(), call.builtin.name,
                   call.segment);
  return make<Function>(call);
}

static Value buildFull(BuiltinCall &call) {
  std::optional<std::vector<Dim>> shape = call.shape("shape");
  return shape ? call.result(full(call.graph, *shape, call.number("value"),
                                  call.elaborator.floatType))
               : Value();
}
static Value buildEye(BuiltinCall &call) {
  return call.result(
      eye(call.graph, call.integer("n"), call.elaborator.floatType));
}
static Value buildIota(BuiltinCall &call) {
  return call.result(iota(call.graph, call.value("n").dim));
}
static Value buildRandomBernoulli(BuiltinCall &call) {
  LayerScope scope(&call.graph.implementation(), call.builtin.name,
                   call.segment);
  std::optional<std::vector<Dim>> shape = call.shape("shape");
  return shape
             ? call.result(randomBernoulli(call.graph, *shape, call.number("p"),
                                           call.elaborator.floatType))
             : Value();
}

//===----------------------------------------------------------------------===//
// Attention and gradients
//===----------------------------------------------------------------------===//

static Value buildAttention(BuiltinCall &call) {
  AttentionOptions options;
  if (call.isGiven("scale"))
    options.scale = call.number("scale");
  options.causal = call.boolean("causal");
  if (call.isGiven("mask"))
    options.mask = call.tensor("mask");
  return call.result(attention(call.operand("q"), call.operand("k"),
                               call.operand("v"), options));
}

static Value buildGradient(BuiltinCall &call) {
  std::optional<std::vector<Tensor>> wrt = call.tensors("x");
  if (!wrt)
    return {};
  std::vector<Tensor> gradients = gradient(call.operand("y"), *wrt);
  if (!call.value("x").isList())
    return call.result(gradients.front());
  std::vector<Value> values;
  for (const Tensor &tensor : gradients) {
    if (!tensor.isValid())
      return {};
    values.push_back(Value::ofTensor(tensor));
  }
  return Value::ofList(std::move(values));
}

BuiltinHandler frontend::findFunctionHandler(const std::string &name) {
  static const std::map<std::string, BuiltinHandler> handlers = {
      // Activations.
      {"identity", unary<identity>},
      {"sigmoid", unary<sigmoid>},
      {"tanh", unary<nnc::tanh>},
      {"relu", unary<relu>},
      {"leaky_relu", buildLeakyRelu},
      {"elu", buildElu},
      {"selu", unary<selu>},
      {"gelu", buildGelu},
      {"silu", unary<silu>},
      {"softplus", unary<softplus>},
      {"softsign", unary<softsign>},
      {"hard_sigmoid", unary<hardSigmoid>},
      {"mish", unary<mish>},
      {"heaviside", buildHeaviside},
      {"sign", unary<sign>},
      {"softmax", buildSoftmax},
      {"log_softmax", buildLogSoftmax},
      // Element-wise.
      {"exp", unary<nnc::exp>},
      {"log", unary<nnc::log>},
      {"log1p", unary<nnc::log1p>},
      {"expm1", unary<nnc::expm1>},
      {"sqrt", unary<nnc::sqrt>},
      {"rsqrt", unary<rsqrt>},
      {"sin", unary<nnc::sin>},
      {"cos", unary<nnc::cos>},
      {"arctan", unary<arctan>},
      {"erf", unary<nnc::erf>},
      {"abs", unary<nnc::abs>},
      {"square", unary<square>},
      {"floor", unary<nnc::floor>},
      {"ceil", unary<nnc::ceil>},
      {"round", unary<nnc::round>},
      {"reciprocal", unary<reciprocal>},
      {"maximum", binary<maximum>},
      {"minimum", binary<minimum>},
      {"clip", buildClip},
      {"where", buildWhere},
      {"is_nan", unary<isNan>},
      {"is_inf", unary<isInf>},
      {"cast", buildCast},
      // Reductions.
      {"sum", reduction<sum>},
      {"mean", reduction<mean>},
      {"max", reduction<nnc::max>},
      {"min", reduction<nnc::min>},
      {"prod", reduction<prod>},
      {"all", reduction<all>},
      {"any", reduction<any>},
      {"logsumexp", reduction<logsumexp>},
      {"variance", buildVariance},
      {"norm", buildNorm},
      {"argmax", alongAxis<argmax>},
      {"argmin", alongAxis<argmin>},
      {"cumsum", alongAxis<cumsum>},
      // Linear algebra.
      {"matmul", buildMatmul},
      {"einsum", buildEinsum},
      {"outer", binary<outer>},
      {"l2_distance", binary<l2Distance>},
      {"cosine_similarity", buildCosineSimilarity},
      // Shapes.
      {"reshape", buildReshape},
      {"flatten", buildFlatten},
      {"transpose", buildTranspose},
      {"concat", buildConcat},
      {"stack", buildStack},
      {"split", buildSplit},
      {"squeeze", alongAxis<squeeze>},
      {"expand", alongAxis<expand>},
      {"broadcast", buildBroadcast},
      {"pad", buildPad},
      {"flip", alongAxis<flip>},
      {"tile", buildTile},
      {"upsample", buildUpsample},
      {"one_hot", buildOneHot},
      {"gather", buildGather},
      {"scatter_add", buildScatterAdd},
      {"take_last", buildTakeLast},
      // Making tensors.
      {"zeros", make<zeros>},
      {"ones", make<ones>},
      {"full", buildFull},
      {"eye", buildEye},
      {"iota", buildIota},
      {"random_normal", makeRandom<randomNormal>},
      {"random_uniform", makeRandom<randomUniform>},
      {"random_bernoulli", buildRandomBernoulli},
      // Attention and gradients.
      {"attention", buildAttention},
      {"gradient", buildGradient},
      {"stop_gradient", unary<stopGradient>},
  };
  auto found = handlers.find(name);
  return found == handlers.end() ? nullptr : found->second;
}

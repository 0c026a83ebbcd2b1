//===- ExpressionText.cpp - Ops as expressions ----------------------------===//

#include "ExpressionText.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace mlir;
using namespace nnc;
using namespace nnc::nn;
using Text = ExpressionText;

//===----------------------------------------------------------------------===//
// Types and numbers
//===----------------------------------------------------------------------===//

static std::string sizeText(AffineExpr size, NNDialect &dialect, bool nested) {
  if (auto constant = dyn_cast<AffineConstantExpr>(size))
    return std::to_string(constant.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(size))
    return dialect.dimensionName(symbol.getPosition());
  auto binary = cast<AffineBinaryOpExpr>(size);
  std::string a = sizeText(binary.getLHS(), dialect, true);
  std::string b = sizeText(binary.getRHS(), dialect, true);
  std::string text;
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    text = a + " + " + b;
    break;
  case AffineExprKind::Mul:
    text = a + " * " + b;
    break;
  case AffineExprKind::FloorDiv:
    text = a + " // " + b;
    break;
  case AffineExprKind::CeilDiv:
    text = fmt::format("({} + {} - 1) // {}", a, b, b);
    break;
  default:
    text = a + " % " + b;
  }
  return nested ? "(" + text + ")" : text;
}

static std::string sizeText(AffineExpr size) {
  return sizeText(size, *size.getContext()->getLoadedDialect<NNDialect>(),
                  false);
}

std::string nnc::sizesText(RankedTensorType type) {
  std::vector<std::string> sizes;
  for (AffineExpr size : sizesOf(type))
    sizes.push_back(sizeText(size));
  return fmt::format("[{}]", fmt::join(sizes, ", "));
}

static std::string elementText(Type type) {
  if (type.isInteger(1))
    return "bool";
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

std::string nnc::typeText(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return elementText(tensor.getElementType()) + sizesText(tensor);
}

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// A number in as few digits as give it back; with a point where it is a float.
template <typename Number> static std::string numberText(Number value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos)
    text += ".0";
  return text;
}

static Text number(const std::string &text) {
  return {text, text[0] == '-' ? Text::sign : Text::atom, true};
}

/// The number that all elements of \p op's result are.
static std::optional<Text> splatText(ConstantOp op) {
  auto elements = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!elements || !elements.isSplat())
    return std::nullopt;
  if (elements.getElementType().isF32())
    return number(numberText(elements.getSplatValue<float>()));
  if (isa<FloatType>(elements.getElementType()))
    return number(
        numberText(elements.getSplatValue<APFloat>().convertToDouble()));
  APInt value = elements.getSplatValue<APInt>();
  if (elements.getElementType().isInteger(1))
    return number(value.isZero() ? "0" : "1");
  return number(std::to_string(value.getSExtValue()));
}

//===----------------------------------------------------------------------===//
// Forms
//===----------------------------------------------------------------------===//

static Text call(StringRef name, ArrayRef<Text> operands,
                 ArrayRef<std::string> settings = {}) {
  std::vector<std::string> parts;
  for (const Text &operand : operands)
    parts.push_back(operand.text);
  parts.insert(parts.end(), settings.begin(), settings.end());
  return {fmt::format("{}({})", name.str(), fmt::join(parts, ", "))};
}

static Text infix(const Text &a, const char *symbol, const Text &b,
                  Text::Binding binding) {
  // Of operators that bind alike the left one goes first; powers are bracketed
  // on either side, comparisons too.
  bool closed = binding == Text::power || binding == Text::comparison;
  auto tighter = static_cast<Text::Binding>(binding + 1);
  return {fmt::format("{} {} {}", a.within(closed ? tighter : binding), symbol,
                      b.within(tighter)),
          binding};
}

static bool isNumber(const Text &text, const char *value) {
  return text.isNumber &&
         (text.text == value || text.text == std::string(value) + ".0");
}

/// Arithmetic, for people without what changes nothing.
static std::optional<Text> arithmetic(Operation *op, ArrayRef<Text> x,
                                      bool simplify) {
  bool differ = !simplify;
  if (isa<AddOp>(op)) {
    if (!differ && isNumber(x[0], "0"))
      return x[1];
    if (!differ && isNumber(x[1], "0"))
      return x[0];
    return infix(x[0], "+", x[1], Text::sum);
  }
  if (isa<SubOp>(op)) {
    if (!differ && isNumber(x[1], "0"))
      return x[0];
    return infix(x[0], "-", x[1], Text::sum);
  }
  if (isa<MulOp>(op)) {
    if (!differ && isNumber(x[0], "1"))
      return x[1];
    if (!differ && isNumber(x[1], "1"))
      return x[0];
    return infix(x[0], "*", x[1], Text::product);
  }
  if (isa<DivOp>(op)) {
    if (!differ && isNumber(x[1], "1"))
      return x[0];
    return infix(x[0], "/", x[1], Text::product);
  }
  if (isa<NegOp>(op)) {
    if (!differ && x[0].binding == Text::sign && x[0].text[0] == '-')
      return Text{x[0].text.substr(1)};
    return Text{"-" + x[0].within(Text::power), Text::sign};
  }
  if (isa<PowOp>(op))
    return infix(x[0], "**", x[1], Text::power);
  if (isa<FloorDivOp>(op))
    return infix(x[0], "//", x[1], Text::product);
  if (isa<ModOp>(op))
    return infix(x[0], "%", x[1], Text::product);
  if (isa<AndOp>(op))
    return infix(x[0], "and", x[1], Text::conjunction);
  if (isa<OrOp>(op))
    return infix(x[0], "or", x[1], Text::disjunction);
  if (isa<NotOp>(op))
    return Text{"not " + x[0].within(Text::atom), Text::conjunction};
  if (auto compare = dyn_cast<CompareOp>(op)) {
    static constexpr const char *symbols[] = {"==", "!=", "<", "<=", ">", ">="};
    return infix(x[0], symbols[static_cast<int>(compare.getPredicate())], x[1],
                 Text::comparison);
  }
  return std::nullopt;
}

static std::string listText(ArrayRef<int64_t> numbers) {
  return fmt::format("[{}]", fmt::join(numbers.begin(), numbers.end(), ", "));
}

/// `sum(x, axis = [0])` and its like.
static Text reduction(Operation *op, ArrayRef<Text> x, StringRef name) {
  auto axes = op->getAttrOfType<DenseI64ArrayAttr>("axes").asArrayRef();
  if (static_cast<int64_t>(axes.size()) == typeOf(op->getOperand(0)).getRank())
    return call(name, x);
  std::string list =
      axes.size() == 1 ? std::to_string(axes[0]) : listText(axes);
  return call(name, x, {"axis = " + list});
}

static std::optional<Text> product(MatmulOp op, ArrayRef<Text> x,
                                   ExpressionStyle style) {
  if (style == ExpressionStyle::formula) {
    Text a = x[0], b = x[1];
    auto turn = [](Text &text) { text = {text.within(Text::atom) + "^T"}; };
    if (op.getTransposeA())
      turn(a);
    if (op.getTransposeB())
      turn(b);
    return infix(a, "@", b, Text::product);
  }
  if (!op.getTransposeA() && !op.getTransposeB())
    return infix(x[0], "@", x[1], Text::product);
  std::vector<std::string> settings;
  if (op.getTransposeA())
    settings.push_back("transpose_a = true");
  if (op.getTransposeB())
    settings.push_back("transpose_b = true");
  return call("matmul", x, settings);
}

/// A repetition, by way of a shape that has 1 where the result is new.
static std::optional<Text> broadcast(BroadcastOp op, const Text &x) {
  ArrayRef<int64_t> dimensions = op.getDimensions();
  RankedTensorType result = op.getType();
  if (x.isNumber) {
    Text filled = call("full", {}, {sizesText(result), x.text});
    if (result.getElementType().isF32())
      return filled;
    return call("cast", filled, elementText(result.getElementType()));
  }
  int64_t skipped = result.getRank() - dimensions.size();
  bool trailing = true;
  for (auto [i, dimension] : llvm::enumerate(dimensions))
    trailing &= dimension == skipped + static_cast<int64_t>(i);
  Text operand = x;
  if (!trailing) {
    std::vector<std::string> sizes(result.getRank(), "1");
    for (auto [size, dimension] : llvm::zip(sizesOf(op.getX()), dimensions))
      sizes[dimension] = sizeText(size);
    operand = call("reshape", x, fmt::format("[{}]", fmt::join(sizes, ", ")));
  }
  return call("broadcast", operand, sizesText(result));
}

/// Slices, borders and mirror images.
static std::optional<Text> movement(Operation *op, ArrayRef<Text> x) {
  if (auto slice = dyn_cast<SliceOp>(op)) {
    std::vector<std::string> parts;
    for (auto [start, step, size] : llvm::zip(
             slice.getStarts(), slice.getSteps(), sizesOf(slice.getType()))) {
      auto extent = dyn_cast<AffineConstantExpr>(size);
      if (step == 1 && extent)
        parts.push_back(fmt::format("{}:{}", start, start + extent.getValue()));
      else if (step == 1 && start == 0)
        parts.push_back(":");
      else
        return std::nullopt;
    }
    return Text{
        fmt::format("{}[{}]", x[0].within(Text::atom), fmt::join(parts, ", "))};
  }
  if (auto pad = dyn_cast<PadOp>(op)) {
    std::vector<std::string> widths;
    for (auto [low, high, interior] :
         llvm::zip(pad.getLow(), pad.getHigh(), pad.getInterior())) {
      if (interior != 0)
        return std::nullopt;
      widths.push_back(fmt::format("[{}, {}]", low, high));
    }
    return call("pad", x,
                {fmt::format("[{}]", fmt::join(widths, ", ")),
                 "value = " + numberText(pad.getValue().convertToDouble())});
  }
  if (auto reverse = dyn_cast<ReverseOp>(op)) {
    Text text = x[0];
    for (int64_t axis : reverse.getAxes())
      text = call("flip", text, std::to_string(axis));
    return text;
  }
  return std::nullopt;
}

/// The language's word for an op that is called like a function of its
/// operands, or an empty text.
static StringRef functionName(Operation *op) {
  return llvm::TypeSwitch<Operation *, StringRef>(op)
      .Case<AbsOp, ExpOp, Expm1Op, LogOp, Log1pOp, SqrtOp, RsqrtOp, SinOp,
            CosOp, ArctanOp, ErfOp, TanhOp, SigmoidOp, SoftplusOp, ReluOp,
            SignOp, FloorOp, CeilOp, RoundOp, StopGradientOp, MaximumOp,
            MinimumOp, IsNanOp, IsInfOp, SoftmaxOp, LogSoftmaxOp, GatherOp,
            ScatterAddOp>(
          [](Operation *op) { return op->getName().stripDialect(); })
      .Case<SelectOp>([](auto) { return "where"; })
      .Default([](auto) { return ""; });
}

static StringRef reductionName(Operation *op) {
  return llvm::TypeSwitch<Operation *, StringRef>(op)
      .Case<ReduceSumOp>([](auto) { return "sum"; })
      .Case<ReduceMaxOp>([](auto) { return "max"; })
      .Case<ReduceMinOp>([](auto) { return "min"; })
      .Case<ReduceProdOp>([](auto) { return "prod"; })
      .Case<ReduceAllOp>([](auto) { return "all"; })
      .Case<ReduceAnyOp>([](auto) { return "any"; })
      .Default([](auto) { return ""; });
}

static std::optional<Text> shaped(Operation *op, ArrayRef<Text> x) {
  RankedTensorType type = typeOf(op->getResult(0));
  return llvm::TypeSwitch<Operation *, std::optional<Text>>(op)
      .Case<ReshapeOp>(
          [&](auto) { return call("reshape", x, sizesText(type)); })
      .Case<TransposeOp>([&](TransposeOp transpose) {
        return call("transpose", x, listText(transpose.getPermutation()));
      })
      .Case<ConcatOp>([&](ConcatOp concat) {
        std::vector<std::string> parts;
        for (const Text &part : x)
          parts.push_back(part.text);
        return call("concat", {},
                    {fmt::format("[{}]", fmt::join(parts, ", ")),
                     fmt::format("axis = {}", concat.getAxis())});
      })
      .Case<OneHotOp>([&](OneHotOp oneHot) {
        Text text = call("one_hot", x, sizeText(sizesOf(type).back()));
        return type.getElementType().isF32()
                   ? text
                   : call("cast", text, elementText(type.getElementType()));
      })
      .Case<RandomUniformOp>(
          [&](auto) { return call("random_uniform", {}, sizesText(type)); })
      .Case<RandomNormalOp>(
          [&](auto) { return call("random_normal", {}, sizesText(type)); })
      .Default([](auto) { return std::nullopt; });
}

static std::optional<Text> languageForm(Operation *op, ArrayRef<Text> x) {
  RankedTensorType type = typeOf(op->getResult(0));
  return llvm::TypeSwitch<Operation *, std::optional<Text>>(op)
      .Case<BroadcastOp>(
          [&](BroadcastOp repeat) { return broadcast(repeat, x[0]); })
      .Case<CastOp>([&](auto) {
        return call("cast", x, elementText(type.getElementType()));
      })
      .Case<SoftmaxCrossEntropyOp, SigmoidCrossEntropyOp>([&](Operation *) {
        return call(op->getName().stripDialect(), x, {"reduction = \"none\""});
      })
      .Case<IotaOp>([&](IotaOp iota) -> std::optional<Text> {
        if (type.getRank() != 1 || !type.getElementType().isInteger(32))
          return std::nullopt;
        return call("iota", {}, sizeText(sizesOf(type)[0]));
      })
      .Case<CumsumOp>([&](CumsumOp sum) -> std::optional<Text> {
        if (sum.getReverse())
          return std::nullopt;
        return call("cumsum", x, fmt::format("axis = {}", sum.getAxis()));
      })
      .Default([](auto) { return std::nullopt; });
}

/// Any op as a call with its attributes as settings.
static Text generalForm(Operation *op, ArrayRef<Text> x) {
  std::vector<std::string> settings;
  for (NamedAttribute attribute : op->getAttrs()) {
    std::string name = attribute.getName().str();
    // How operands are told apart says nothing to people.
    if (name == "operandSegmentSizes")
      continue;
    if (isa<UnitAttr>(attribute.getValue())) {
      settings.push_back(name + " = true");
      continue;
    }
    std::string value;
    if (auto list = dyn_cast<DenseI64ArrayAttr>(attribute.getValue())) {
      value = listText(list.asArrayRef());
    } else {
      llvm::raw_string_ostream os(value);
      attribute.getValue().print(os, /*elideType=*/true);
    }
    settings.push_back(name + " = " + value);
  }
  return call(op->getName().stripDialect(), x, settings);
}

std::optional<Text> nnc::expressionOf(Operation *op, ArrayRef<Text> x,
                                      ExpressionStyle style) {
  bool isFormula = style == ExpressionStyle::formula;
  if (auto constant = dyn_cast<ConstantOp>(op)) {
    if (std::optional<Text> text = splatText(constant))
      return text;
    return isFormula ? std::optional(Text{"constant"}) : std::nullopt;
  }
  if (auto size = dyn_cast<DimSizeOp>(op)) {
    AffineExpr expression = size.getSize().getSizes().front();
    return Text{sizeText(expression),
                isa<AffineBinaryOpExpr>(expression) ? Text::disjunction
                                                    : Text::atom,
                true};
  }
  if (isFormula && isa<BroadcastOp, CastOp>(op))
    return x[0];
  if (std::optional<Text> text = arithmetic(op, x, isFormula))
    return text;
  if (auto matmul = dyn_cast<MatmulOp>(op))
    return product(matmul, x, style);
  if (StringRef name = functionName(op); !name.empty())
    return call(name, x);
  if (StringRef name = reductionName(op); !name.empty())
    return reduction(op, x, name);
  if (isa<ArgmaxOp, ArgminOp>(op))
    return call(op->getName().stripDialect(), x,
                fmt::format("axis = {}",
                            op->getAttrOfType<IntegerAttr>("axis").getInt()));
  if (std::optional<Text> text = shaped(op, x))
    return text;
  if (std::optional<Text> text = movement(op, x))
    return text;
  if (!isFormula)
    return languageForm(op, x);
  if (isa<SoftmaxCrossEntropyOp, SigmoidCrossEntropyOp>(op))
    return call(op->getName().stripDialect(), x);
  return generalForm(op, x);
}

//===- NNDialect.cpp - The nn dialect and its named sizes -----------------===//

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/DialectImplementation.h"
#include "nnc/Dialect/NN/IR/Loops.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace nnc::nn;

#include "nnc/Dialect/NN/IR/NNDialect.cpp.inc"
#include "nnc/Dialect/NN/IR/NNEnums.cpp.inc"
#include "nnc/Dialect/NN/IR/NNInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "nnc/Dialect/NN/IR/NNAttributes.cpp.inc"

void NNDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "nnc/Dialect/NN/IR/NNAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "nnc/Dialect/NN/IR/NNOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "nnc/Dialect/NN/IR/NNLoopOps.cpp.inc"
      >();
}

Operation *NNDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                          Type type, Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, elements);
}

AffineExpr NNDialect::dimensionSymbol(StringRef name) {
  std::lock_guard<std::mutex> lock(dimensionMutex);
  auto it = llvm::find(dimensionNames, name);
  if (it == dimensionNames.end())
    it = dimensionNames.insert(dimensionNames.end(), name.str());
  return getAffineSymbolExpr(it - dimensionNames.begin(), getContext());
}

std::string NNDialect::dimensionName(unsigned position) {
  std::lock_guard<std::mutex> lock(dimensionMutex);
  return position < dimensionNames.size() ? dimensionNames[position] : "?";
}

//===----------------------------------------------------------------------===//
// Arguments and results of model functions
//===----------------------------------------------------------------------===//

static LogicalResult verifyStringAttribute(Operation *op,
                                           NamedAttribute attribute,
                                           ArrayRef<StringRef> known) {
  StringRef name = attribute.getName().strref();
  if (!llvm::is_contained(known, name))
    return op->emitError() << "unknown attribute '" << name << "'";
  if (!isa<StringAttr>(attribute.getValue()))
    return op->emitError() << "attribute '" << name << "' must be a string";
  return success();
}

LogicalResult NNDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                  unsigned,
                                                  NamedAttribute attribute) {
  if (failed(verifyStringAttribute(
          op, attribute,
          {"nn.name", "nn.role", "nn.initializer", "nn.owner", "nn.layer"})))
    return failure();
  StringRef value = cast<StringAttr>(attribute.getValue()).getValue();
  if (attribute.getName() == "nn.role" &&
      !llvm::is_contained(
          {"input", "parameter", "state", "optimizer", "scalar"}, value))
    return op->emitError() << "unknown role '" << value << "'";
  return success();
}

LogicalResult NNDialect::verifyRegionResultAttribute(Operation *op, unsigned,
                                                     unsigned,
                                                     NamedAttribute attribute) {
  return verifyStringAttribute(op, attribute, {"nn.name", "nn.updates"});
}

//===----------------------------------------------------------------------===//
// DimsAttr
//===----------------------------------------------------------------------===//

static void printSize(llvm::raw_ostream &os, AffineExpr expr,
                      NNDialect &dialect, bool nested) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    os << constant.getValue();
    return;
  }
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    os << dialect.dimensionName(symbol.getPosition());
    return;
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  const char *op = "";
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    op = " + ";
    break;
  case AffineExprKind::Mul:
    op = " * ";
    break;
  case AffineExprKind::FloorDiv:
    op = " floordiv ";
    break;
  case AffineExprKind::CeilDiv:
    op = " ceildiv ";
    break;
  default:
    op = " mod ";
  }
  if (nested)
    os << "(";
  printSize(os, binary.getLHS(), dialect, true);
  os << op;
  printSize(os, binary.getRHS(), dialect, true);
  if (nested)
    os << ")";
}

void DimsAttr::print(AsmPrinter &printer) const {
  auto &dialect = cast<NNDialect>(getDialect());
  printer << "<";
  llvm::interleaveComma(getSizes(), printer.getStream(), [&](AffineExpr size) {
    printSize(printer.getStream(), size, dialect, false);
  });
  printer << ">";
}

static FailureOr<AffineExpr> parseSize(AsmParser &parser, NNDialect &dialect,
                                       unsigned depth);

static FailureOr<AffineExpr>
parseSizePrimary(AsmParser &parser, NNDialect &dialect, unsigned depth) {
  int64_t value;
  OptionalParseResult integer = parser.parseOptionalInteger(value);
  if (integer.has_value()) {
    if (failed(*integer))
      return failure();
    return getAffineConstantExpr(value, parser.getContext());
  }
  if (succeeded(parser.parseOptionalLParen())) {
    if (depth > 64)
      return parser.emitError(parser.getCurrentLocation(), "nested too deeply");
    FailureOr<AffineExpr> inner = parseSize(parser, dialect, depth + 1);
    if (failed(inner) || failed(parser.parseRParen()))
      return failure();
    return inner;
  }
  StringRef name;
  if (failed(parser.parseKeyword(&name)))
    return failure();
  return dialect.dimensionSymbol(name);
}

/// Operators of equal rank, from the left; the printer sets brackets.
static FailureOr<AffineExpr> parseSize(AsmParser &parser, NNDialect &dialect,
                                       unsigned depth) {
  FailureOr<AffineExpr> size = parseSizePrimary(parser, dialect, depth);
  while (succeeded(size)) {
    AffineExprKind kind;
    if (succeeded(parser.parseOptionalPlus()))
      kind = AffineExprKind::Add;
    else if (succeeded(parser.parseOptionalStar()))
      kind = AffineExprKind::Mul;
    else if (succeeded(parser.parseOptionalKeyword("floordiv")))
      kind = AffineExprKind::FloorDiv;
    else if (succeeded(parser.parseOptionalKeyword("ceildiv")))
      kind = AffineExprKind::CeilDiv;
    else if (succeeded(parser.parseOptionalKeyword("mod")))
      kind = AffineExprKind::Mod;
    else
      return size;
    FailureOr<AffineExpr> rhs = parseSizePrimary(parser, dialect, depth);
    if (failed(rhs))
      return failure();
    size = getAffineBinaryOpExpr(kind, *size, *rhs);
  }
  return failure();
}

Attribute DimsAttr::parse(AsmParser &parser, Type) {
  auto &dialect = *parser.getContext()->getOrLoadDialect<NNDialect>();
  SmallVector<AffineExpr> sizes;
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater, [&] {
        FailureOr<AffineExpr> size = parseSize(parser, dialect, 0);
        if (failed(size))
          return failure();
        sizes.push_back(*size);
        return LogicalResult(success());
      }))
    return {};
  return DimsAttr::get(parser.getContext(), sizes);
}

LogicalResult
DimsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                         function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() != getSizes().size())
    return emitError() << "nn.dims has " << getSizes().size()
                       << " sizes, the tensor " << shape.size();
  for (auto [extent, size] : llvm::zip(shape, getSizes())) {
    auto constant = dyn_cast<AffineConstantExpr>(size);
    if (constant && constant.getValue() != extent)
      return emitError() << "nn.dims gives the size " << constant.getValue()
                         << " to a dimension of " << extent;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Types with named sizes
//===----------------------------------------------------------------------===//

bool nnc::nn::areSizesGiven(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return false;
  if (!tensor.getEncoding())
    return tensor.hasStaticShape();
  return isa<DimsAttr>(tensor.getEncoding());
}

SmallVector<AffineExpr> nnc::nn::sizesOf(RankedTensorType type) {
  if (auto dims = dyn_cast_or_null<DimsAttr>(type.getEncoding()))
    return SmallVector<AffineExpr>(dims.getSizes());
  return llvm::map_to_vector(type.getShape(), [&](int64_t extent) {
    return getAffineConstantExpr(extent, type.getContext());
  });
}

SmallVector<AffineExpr> nnc::nn::sizesOf(Value value) {
  return sizesOf(cast<RankedTensorType>(value.getType()));
}

RankedTensorType nnc::nn::tensorType(Type element, ArrayRef<AffineExpr> sizes,
                                     ArrayRef<int64_t> capacities) {
  SmallVector<int64_t> shape;
  bool named = false;
  for (auto [i, size] : llvm::enumerate(sizes)) {
    if (auto constant = dyn_cast<AffineConstantExpr>(size)) {
      shape.push_back(constant.getValue());
      continue;
    }
    named = true;
    shape.push_back(capacities.empty() ? ShapedType::kDynamic : capacities[i]);
  }
  Attribute encoding;
  if (named)
    encoding = DimsAttr::get(element.getContext(), sizes);
  return RankedTensorType::get(shape, element, encoding);
}

RankedTensorType nnc::nn::withElementType(RankedTensorType type, Type element) {
  return RankedTensorType::get(type.getShape(), element, type.getEncoding());
}

RankedTensorType nnc::nn::selectDimensions(RankedTensorType type,
                                           ArrayRef<int64_t> keep) {
  SmallVector<AffineExpr> all = sizesOf(type), sizes;
  SmallVector<int64_t> capacities;
  for (int64_t dimension : keep) {
    sizes.push_back(all[dimension]);
    capacities.push_back(type.getDimSize(dimension));
  }
  return tensorType(type.getElementType(), sizes, capacities);
}

std::string nnc::nn::printSizes(RankedTensorType type) {
  auto *dialect = type.getContext()->getLoadedDialect<NNDialect>();
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "[";
  llvm::interleaveComma(sizesOf(type), os, [&](AffineExpr size) {
    printSize(os, size, *dialect, false);
  });
  os << "]";
  return text;
}

Value nnc::nn::createScalar(OpBuilder &builder, Location loc, Type element,
                            double value) {
  auto type = RankedTensorType::get({}, element);
  Attribute attribute =
      isa<FloatType>(element)
          ? Attribute(builder.getFloatAttr(element, value))
          : Attribute(builder.getIntegerAttr(element, (int64_t)value));
  return ConstantOp::create(builder, loc,
                            DenseElementsAttr::get(type, attribute));
}

Value nnc::nn::createFull(OpBuilder &builder, Location loc,
                          RankedTensorType type, double value) {
  Value scalar = createScalar(builder, loc, type.getElementType(), value);
  if (type.getRank() == 0)
    return scalar;
  return BroadcastOp::create(builder, loc, type, scalar, ArrayRef<int64_t>{});
}

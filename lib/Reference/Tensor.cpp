//===- Tensor.cpp - Values of the reference evaluation --------------------===//

#include "nnc/Reference/Tensor.h"
#include "nnc/Dialect/NN/IR/NN.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/DenseMap.h"
#include <cmath>

using namespace mlir;
using namespace nnc;
using namespace nnc::reference;

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

ElementKind reference::kindOf(Type elementType) {
  if (isa<FloatType>(elementType))
    return ElementKind::floating;
  return elementType.isInteger(1) ? ElementKind::boolean : ElementKind::integer;
}

double reference::roundTo(double value, Type elementType) {
  llvm::APFloat number(value);
  bool losesInformation;
  number.convert(cast<FloatType>(elementType).getFloatSemantics(),
                 llvm::APFloat::rmNearestTiesToEven, &losesInformation);
  return number.convertToDouble();
}

int64_t reference::wrapTo(uint64_t value, Type elementType) {
  if (elementType.isInteger(32))
    return static_cast<int32_t>(value);
  return static_cast<int64_t>(value);
}

//===----------------------------------------------------------------------===//
// Tensor
//===----------------------------------------------------------------------===//

static int64_t countElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

Tensor::Tensor(ElementKind kind, ArrayRef<int64_t> shape) : extents(shape) {
  size_t count = countElements(shape);
  switch (kind) {
  case ElementKind::floating:
    elements = std::vector<double>(count);
    break;
  case ElementKind::integer:
    elements = std::vector<int64_t>(count);
    break;
  case ElementKind::boolean:
    elements = std::vector<uint8_t>(count);
    break;
  }
}

Tensor::Tensor(ArrayRef<int64_t> shape, std::vector<double> values)
    : extents(shape), elements(std::move(values)) {
  assert(size() == countElements(shape) && "as many values as elements");
}

Tensor::Tensor(ArrayRef<int64_t> shape, std::vector<int64_t> values)
    : extents(shape), elements(std::move(values)) {
  assert(size() == countElements(shape) && "as many values as elements");
}

Tensor::Tensor(ArrayRef<int64_t> shape, std::vector<uint8_t> values)
    : extents(shape), elements(std::move(values)) {
  assert(size() == countElements(shape) && "as many values as elements");
}

int64_t Tensor::size() const {
  return visit([](const auto &values) { return int64_t(values.size()); });
}

double Tensor::number(int64_t index) const {
  return visit(
      [&](const auto &values) { return static_cast<double>(values[index]); });
}

void Tensor::fill(double value) {
  if (kind() == ElementKind::boolean)
    value = value != 0.0;
  visit([&](auto &values) {
    using Element = typename std::decay_t<decltype(values)>::value_type;
    std::fill(values.begin(), values.end(), static_cast<Element>(value));
  });
}

bool reference::operator==(const Tensor &a, const Tensor &b) {
  if (a.kind() != b.kind() || a.shape() != b.shape())
    return false;
  if (a.kind() != ElementKind::floating)
    return a.visit([&](const auto &values) {
      using Values = std::decay_t<decltype(values)>;
      return b.visit([&](const auto &others) {
        if constexpr (std::is_same_v<Values, std::decay_t<decltype(others)>>)
          return values == others;
        else
          return false;
      });
    });
  for (auto [x, y] : llvm::zip(a.floats(), b.floats()))
    if (!(x == y || (std::isnan(x) && std::isnan(y))))
      return false;
  return true;
}

std::optional<Tensor> Tensor::fromAttribute(ElementsAttr attribute) {
  auto dense = dyn_cast<DenseElementsAttr>(attribute);
  if (!dense || !isa<DenseIntOrFPElementsAttr>(dense))
    return std::nullopt;
  ShapedType type = dense.getType();
  ElementKind kind = kindOf(type.getElementType());
  Tensor tensor(kind, type.getShape());
  int64_t i = 0;
  if (kind == ElementKind::floating) {
    for (APFloat value : dense.getValues<APFloat>()) {
      bool losesInformation;
      value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                    &losesInformation);
      tensor.floats()[i++] = value.convertToDouble();
    }
    return tensor;
  }
  for (const APInt &value : dense.getValues<APInt>()) {
    if (kind == ElementKind::boolean)
      tensor.booleans()[i++] = value.getBoolValue();
    else
      tensor.integers()[i++] = value.getSExtValue();
  }
  return tensor;
}

Attribute Tensor::elementAttribute(int64_t index, Type elementType) const {
  if (kind() == ElementKind::floating) {
    APFloat value(floats()[index]);
    bool losesInformation;
    value.convert(cast<FloatType>(elementType).getFloatSemantics(),
                  APFloat::rmNearestTiesToEven, &losesInformation);
    return FloatAttr::get(elementType, value);
  }
  if (kind() == ElementKind::boolean)
    return BoolAttr::get(elementType.getContext(), booleans()[index]);
  return IntegerAttr::get(elementType, integers()[index]);
}

DenseElementsAttr Tensor::toAttribute(RankedTensorType type) const {
  SmallVector<Attribute> attributes;
  bool isSplat = size() > 0;
  for (int64_t i = 0; i < size(); ++i) {
    attributes.push_back(elementAttribute(i, type.getElementType()));
    isSplat &= attributes.back() == attributes.front();
  }
  if (isSplat)
    attributes.resize(1);
  return DenseElementsAttr::get(type, attributes);
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

LogicalResult Sizes::bind(RankedTensorType type, ArrayRef<int64_t> shape,
                          function_ref<InFlightDiagnostic()> emitError) {
  if (type.getRank() != static_cast<int64_t>(shape.size()))
    return emitError() << "has rank " << shape.size() << ", expected "
                       << type.getRank();
  auto &dialect = *type.getContext()->getOrLoadDialect<nn::NNDialect>();
  for (auto [expression, extent] : llvm::zip(nn::sizesOf(type), shape)) {
    auto symbol = dyn_cast<AffineSymbolExpr>(expression);
    if (!symbol)
      continue;
    std::string name = dialect.dimensionName(symbol.getPosition());
    auto [it, isNew] = values.try_emplace(name, extent);
    if (it->second != extent)
      return emitError() << "has the size " << extent << " for '" << name
                         << "', which is " << it->second;
  }
  return success();
}

std::optional<int64_t> Sizes::evaluate(AffineExpr expression) const {
  MLIRContext *context = expression.getContext();
  auto &dialect = *context->getOrLoadDialect<nn::NNDialect>();
  llvm::DenseMap<AffineExpr, AffineExpr> numbers;
  expression.walk([&](AffineExpr part) {
    auto symbol = dyn_cast<AffineSymbolExpr>(part);
    if (!symbol)
      return;
    auto it = values.find(dialect.dimensionName(symbol.getPosition()));
    if (it != values.end())
      numbers[part] = getAffineConstantExpr(it->second, context);
  });
  if (!numbers.empty())
    expression = expression.replace(numbers);
  auto constant = dyn_cast<AffineConstantExpr>(expression);
  return constant ? std::optional(constant.getValue()) : std::nullopt;
}

FailureOr<SmallVector<int64_t>>
Sizes::shapeOf(RankedTensorType type,
               function_ref<InFlightDiagnostic()> emitError) const {
  SmallVector<int64_t> shape;
  int64_t count = 1;
  for (auto [expression, capacity] :
       llvm::zip(nn::sizesOf(type), type.getShape())) {
    std::optional<int64_t> extent = evaluate(expression);
    if (!extent || *extent < 0)
      return emitError() << "the sizes of " << type << " are not all known";
    if (!ShapedType::isDynamic(capacity) && *extent > capacity)
      return emitError() << "extent " << *extent << " exceeds the capacity "
                         << capacity << " of " << type;
    shape.push_back(*extent);
    if (llvm::MulOverflow(count, *extent, count) || count > maximumElements)
      return emitError() << type << " has more than " << maximumElements
                         << " elements";
  }
  return shape;
}

//===- ConvolutionOps.cpp - Convolution and pooling -----------------------===//

#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Dialect/NN/IR/Window.h"

using namespace mlir;
using namespace nnc::nn;

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

/// Sizes, strides and the like stay below this, so that no place overflows.
static constexpr int64_t largest = int64_t(1) << 31;

static LogicalResult checkNumbers(std::optional<Location> location,
                                  StringRef name, ArrayRef<int64_t> numbers,
                                  size_t count, int64_t least) {
  if (numbers.size() != count)
    return emitOptionalError(location, name, " must have ", count,
                             " numbers, got ", numbers.size());
  for (int64_t number : numbers)
    if (number < least || number >= largest)
      return emitOptionalError(location, name, " must be at least ", least,
                               " and below 2^31, got ", number);
  return success();
}

/// Requires rank 4 and, from dimension \p first, sizes that are numbers.
static LogicalResult checkImages(std::optional<Location> location,
                                 StringRef name, RankedTensorType type,
                                 unsigned first = 1) {
  if (type.getRank() != 4)
    return emitOptionalError(location, name, " must have rank 4, got ",
                             printSizes(type));
  auto sizes = sizesOf(type);
  for (AffineExpr size : ArrayRef(sizes).drop_front(first)) {
    auto number = dyn_cast<AffineConstantExpr>(size);
    if (!number || number.getValue() < 0 || number.getValue() >= largest)
      return emitOptionalError(
          location, "sizes of ", name, first ? " but the first" : "",
          " must be numbers below 2^31, got ", printSizes(type));
  }
  return success();
}

/// Whether a size of \p type is no number.
static bool isOpen(RankedTensorType type) {
  return llvm::any_of(sizesOf(type), [](AffineExpr size) {
    return !isa<AffineConstantExpr>(size);
  });
}

static LogicalResult checkElements(std::optional<Location> location,
                                   RankedTensorType a, RankedTensorType b) {
  if (a.getElementType() == b.getElementType())
    return success();
  return emitOptionalError(location,
                           "element types differ: ", a.getElementType(),
                           " and ", b.getElementType());
}

/// Images of \p like's element type and number, [n, channels, height, width].
static RankedTensorType imagesLike(RankedTensorType like, int64_t channels,
                                   int64_t height, int64_t width) {
  SmallVector<AffineExpr> sizes{sizesOf(like)[0]};
  SmallVector<int64_t> capacities{like.getDimSize(0), channels, height, width};
  for (int64_t size : ArrayRef(capacities).drop_front())
    sizes.push_back(getAffineConstantExpr(size, like.getContext()));
  return tensorType(like.getElementType(), sizes, capacities);
}

namespace {
/// What the convolution ops have in common, of any of them.
struct Convolution {
  ArrayRef<int64_t> strides, padding, dilations;
  int64_t groups;

  template <typename OpOrAdaptor>
  explicit Convolution(OpOrAdaptor op)
      : strides(op.getStrides()), padding(op.getPadding()),
        dilations(op.getDilations()), groups(op.getGroups()) {}

  LogicalResult check(std::optional<Location> location) const {
    if (failed(checkNumbers(location, "strides", strides, 2, 1)) ||
        failed(checkNumbers(location, "padding", padding, 4, -largest)) ||
        failed(checkNumbers(location, "dilations", dilations, 2, 1)) ||
        failed(checkNumbers(location, "groups", groups, 1, 1)))
      return failure();
    if (padding[0] < 0 || padding[2] < 0)
      return emitOptionalError(location,
                               "padding above and left must be at least 0, ",
                               "got ", std::min(padding[0], padding[2]));
    return success();
  }

  /// The result's type for images of \p x and filters of \p w.
  FailureOr<RankedTensorType> infer(std::optional<Location> location,
                                    RankedTensorType x,
                                    RankedTensorType w) const {
    if (failed(check(location)) || failed(checkImages(location, "x", x)) ||
        failed(checkImages(location, "w", w, 0)) ||
        failed(checkElements(location, x, w)))
      return failure();
    int64_t channels = x.getDimSize(1), filters = w.getDimSize(0);
    if (channels % groups != 0 || filters % groups != 0)
      return emitOptionalError(location, "groups = ", groups,
                               " must divide channels and filters, got ",
                               printSizes(x), " and ", printSizes(w));
    if (w.getDimSize(1) != channels / groups)
      return emitOptionalError(location, "w must have ", channels / groups,
                               " channels, got ", printSizes(w), " for x ",
                               printSizes(x));
    Windows windows =
        makeWindows(w.getShape().drop_front(2), strides, padding, dilations);
    int64_t positions[2];
    for (unsigned i = 0; i < 2; ++i) {
      positions[i] =
          windows[i].taps < 1 ? 0 : windows[i].positions(x.getDimSize(2 + i));
      if (positions[i] < 1)
        return emitOptionalError(location,
                                 "the window does not fit into the image: x ",
                                 printSizes(x), ", w ", printSizes(w));
    }
    return imagesLike(x, filters, positions[0], positions[1]);
  }

  /// Requires that \p dy is what a convolution of \p x and \p w gives.
  LogicalResult checkAdjoint(std::optional<Location> location,
                             RankedTensorType x, RankedTensorType w,
                             RankedTensorType dy) const {
    FailureOr<RankedTensorType> y = infer(location, x, w);
    if (failed(y) || failed(checkElements(location, x, dy)))
      return failure();
    if (sizesOf(*y) != sizesOf(dy))
      return emitOptionalError(location, "dy must have the sizes ",
                               printSizes(*y), ", got ", printSizes(dy));
    return success();
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Conv2dOp
//===----------------------------------------------------------------------===//

LogicalResult Conv2dOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> location,
                                         Conv2dOp::Adaptor adaptor,
                                         SmallVectorImpl<Type> &inferred) {
  FailureOr<RankedTensorType> y = Convolution(adaptor).infer(
      location, cast<RankedTensorType>(adaptor.getX().getType()),
      cast<RankedTensorType>(adaptor.getW().getType()));
  if (failed(y))
    return failure();
  inferred.push_back(*y);
  return success();
}

static Value convolve(OpBuilder &builder, Location loc, Value x, Value w,
                      const Convolution &of) {
  return Conv2dOp::create(builder, loc, x, w, of.strides, of.padding,
                          of.dilations, of.groups);
}

static Value dataGradient(OpBuilder &builder, Location loc, Value dy, Value w,
                          ArrayRef<int64_t> size, const Convolution &of) {
  return Conv2dDataGradientOp::create(builder, loc, dy, w, size, of.strides,
                                      of.padding, of.dilations, of.groups);
}

static Value weightGradient(OpBuilder &builder, Location loc, Value x, Value dy,
                            ArrayRef<int64_t> kernel, const Convolution &of) {
  return Conv2dWeightGradientOp::create(builder, loc, x, dy, kernel, of.strides,
                                        of.padding, of.dilations, of.groups);
}

/// The last two sizes of \p type, which are numbers.
static ArrayRef<int64_t> lastTwo(RankedTensorType type) {
  return type.getShape().drop_front(2);
}

void Conv2dOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                             SmallVectorImpl<Value> &operandGradients) {
  Convolution of(*this);
  Value dy = resultGradients[0];
  operandGradients.push_back(dataGradient(builder, getLoc(), dy, getW(),
                                          lastTwo(getX().getType()), of));
  operandGradients.push_back(weightGradient(builder, getLoc(), getX(), dy,
                                            lastTwo(getW().getType()), of));
}

//===----------------------------------------------------------------------===//
// Conv2dDataGradientOp
//===----------------------------------------------------------------------===//

LogicalResult Conv2dDataGradientOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> location,
    Conv2dDataGradientOp::Adaptor adaptor, SmallVectorImpl<Type> &inferred) {
  Convolution of(adaptor);
  auto dy = cast<RankedTensorType>(adaptor.getDy().getType());
  auto w = cast<RankedTensorType>(adaptor.getW().getType());
  if (failed(of.check(location)) ||
      failed(checkNumbers(location, "size", adaptor.getSize(), 2, 1)) ||
      failed(checkImages(location, "dy", dy)) ||
      failed(checkImages(location, "w", w, 0)))
    return failure();
  RankedTensorType dx = imagesLike(dy, w.getDimSize(1) * of.groups,
                                   adaptor.getSize()[0], adaptor.getSize()[1]);
  if (failed(of.checkAdjoint(location, dx, w, dy)))
    return failure();
  inferred.push_back(dx);
  return success();
}

void Conv2dDataGradientOp::buildGradient(
    OpBuilder &builder, ValueRange resultGradients,
    SmallVectorImpl<Value> &operandGradients) {
  Convolution of(*this);
  Value g = resultGradients[0];
  operandGradients.push_back(convolve(builder, getLoc(), g, getW(), of));
  operandGradients.push_back(weightGradient(builder, getLoc(), g, getDy(),
                                            lastTwo(getW().getType()), of));
}

//===----------------------------------------------------------------------===//
// Conv2dWeightGradientOp and Conv2dWeightPartsOp
//===----------------------------------------------------------------------===//

/// The sizes of the weights of a weight gradient.
template <typename Adaptor>
static FailureOr<RankedTensorType>
inferWeights(std::optional<Location> location, Adaptor adaptor) {
  Convolution of(adaptor);
  auto x = cast<RankedTensorType>(adaptor.getX().getType());
  auto dy = cast<RankedTensorType>(adaptor.getDy().getType());
  if (failed(of.check(location)) ||
      failed(checkNumbers(location, "kernel", adaptor.getKernel(), 2, 1)) ||
      failed(checkImages(location, "x", x)) ||
      failed(checkImages(location, "dy", dy)))
    return failure();
  auto w =
      RankedTensorType::get({dy.getDimSize(1), x.getDimSize(1) / of.groups,
                             adaptor.getKernel()[0], adaptor.getKernel()[1]},
                            x.getElementType());
  if (failed(of.checkAdjoint(location, x, w, dy)))
    return failure();
  return w;
}

LogicalResult Conv2dWeightGradientOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> location,
    Conv2dWeightGradientOp::Adaptor adaptor, SmallVectorImpl<Type> &inferred) {
  FailureOr<RankedTensorType> w = inferWeights(location, adaptor);
  if (failed(w))
    return failure();
  inferred.push_back(*w);
  return success();
}

void Conv2dWeightGradientOp::buildGradient(
    OpBuilder &builder, ValueRange resultGradients,
    SmallVectorImpl<Value> &operandGradients) {
  Convolution of(*this);
  Value g = resultGradients[0];
  operandGradients.push_back(dataGradient(builder, getLoc(), getDy(), g,
                                          lastTwo(getX().getType()), of));
  operandGradients.push_back(convolve(builder, getLoc(), getX(), g, of));
}

/// Parts of that many images fill vectors, and begin where tiles of images do.
static constexpr int64_t imagesOfRun = 16;

/// Into how many parts a batch of \p images is cut: enough for threads to share
/// a gradient of few elements, one where the elements are many, and none of
/// less than a run.
static int64_t partsFor(RankedTensorType weights, int64_t images) {
  constexpr int64_t most = 8, elements = 1 << 18;
  int64_t parts = std::clamp<int64_t>(
      elements / std::max<int64_t>(1, weights.getNumElements()), 1, most);
  return images < imagesOfRun ? parts : std::min(parts, images / imagesOfRun);
}

void Conv2dWeightGradientOp::decompose(OpBuilder &builder,
                                       SmallVectorImpl<Value> &results) {
  RankedTensorType type = getDw().getType();
  int64_t images = getX().getType().getDimSize(0);
  int64_t parts = partsFor(type, images);
  IntegerAttr run;
  if (images >= imagesOfRun)
    run = builder.getI64IntegerAttr(imagesOfRun);
  Value partial = Conv2dWeightPartsOp::create(
      builder, getLoc(), getX(), getDy(), parts, getKernel(), getStrides(),
      getPadding(), getDilations(), getGroups(), /*tile=*/IntegerAttr(), run);
  if (parts == 1)
    results.push_back(ReshapeOp::create(builder, getLoc(), type, partial));
  else
    results.push_back(sum({builder, getLoc(), partial}, {0}));
}

static LogicalResult checkTile(std::optional<Location> location, int64_t tile) {
  if (tile == 2 || tile == 4)
    return success();
  return emitOptionalError(location, "tile must be 2 or 4, got ", tile);
}

LogicalResult Conv2dWeightPartsOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> location,
    Conv2dWeightPartsOp::Adaptor adaptor, SmallVectorImpl<Type> &inferred) {
  FailureOr<RankedTensorType> w = inferWeights(location, adaptor);
  if (failed(w) ||
      failed(
          checkNumbers(location, "parts", int64_t(adaptor.getParts()), 1, 1)) ||
      failed(checkNumbers(location, "run",
                          int64_t(adaptor.getRun().value_or(1)), 1, 1)))
    return failure();
  if (std::optional<int64_t> tile = adaptor.getTile()) {
    if (failed(checkTile(location, *tile)))
      return failure();
    auto all = [](ArrayRef<int64_t> numbers, int64_t number) {
      return llvm::all_of(numbers, [&](int64_t n) { return n == number; });
    };
    bool small = llvm::all_of(adaptor.getPadding(), [](int64_t zeros) {
      return zeros >= 0 && zeros <= 2;
    });
    if (!small || !all(adaptor.getKernel(), 3) ||
        !all(adaptor.getStrides(), 1) || !all(adaptor.getDilations(), 1) ||
        adaptor.getGroups() != 1)
      return emitOptionalError(
          location, "a tile needs windows of 3 x 3, strides, dilations and "
                    "groups of 1 and paddings of 0 to 2");
  }
  SmallVector<int64_t> shape{int64_t(adaptor.getParts())};
  llvm::append_range(shape, w->getShape());
  inferred.push_back(RankedTensorType::get(shape, w->getElementType()));
  return success();
}

//===----------------------------------------------------------------------===//
// WinogradWeightsOp and WinogradConv2dOp
//===----------------------------------------------------------------------===//

LogicalResult WinogradWeightsOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> location,
    WinogradWeightsOp::Adaptor adaptor, SmallVectorImpl<Type> &inferred) {
  auto w = cast<RankedTensorType>(adaptor.getW().getType());
  int64_t tile = adaptor.getTile();
  if (failed(checkTile(location, tile)) ||
      failed(checkImages(location, "w", w, 0)))
    return failure();
  if (w.getDimSize(2) != 3 || w.getDimSize(3) != 3)
    return emitOptionalError(location, "the windows of w must be 3 x 3, got ",
                             printSizes(w));
  int64_t panel = adaptor.getPanel();
  if (panel < 1 || panel > 1024)
    return emitOptionalError(location, "panel must be 1 to 1024, got ", panel);
  int64_t outputs = w.getDimSize(0), inputs = w.getDimSize(1);
  if (adaptor.getAdjoint())
    std::swap(outputs, inputs);
  inferred.push_back(RankedTensorType::get(
      {(tile + 2) * (tile + 2), (outputs + panel - 1) / panel, inputs, panel},
      w.getElementType()));
  return success();
}

LogicalResult WinogradConv2dOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> location,
    WinogradConv2dOp::Adaptor adaptor, SmallVectorImpl<Type> &inferred) {
  auto x = cast<RankedTensorType>(adaptor.getX().getType());
  auto u = cast<RankedTensorType>(adaptor.getU().getType());
  int64_t tile = adaptor.getTile();
  ArrayRef<int64_t> padding = adaptor.getPadding();
  if (failed(checkTile(location, tile)) ||
      failed(checkNumbers(location, "padding", padding, 4, 0)) ||
      failed(checkImages(location, "x", x)) ||
      failed(checkElements(location, x, u)))
    return failure();
  for (int64_t zeros : padding)
    if (zeros > 2)
      return emitOptionalError(location, "padding must be at most 2, got ",
                               zeros);
  int64_t outputs = adaptor.getOutputs();
  int64_t points = (tile + 2) * (tile + 2);
  bool fits = u.getRank() == 4 && !isOpen(u) && u.getDimSize(0) == points &&
              u.getDimSize(2) == x.getDimSize(1) && outputs >= 1 &&
              u.getDimSize(3) >= 1 &&
              (outputs - 1) / u.getDimSize(3) + 1 == u.getDimSize(1);
  if (!fits)
    return emitOptionalError(location, "u must be ", points,
                             " x panels of the ", outputs, " outputs x ",
                             x.getDimSize(1), " x columns of a panel, got ",
                             printSizes(u));
  int64_t height = x.getDimSize(2) + padding[0] + padding[1] - 2;
  int64_t width = x.getDimSize(3) + padding[2] + padding[3] - 2;
  if (height < 1 || width < 1)
    return emitOptionalError(
        location, "the window does not fit into the image: x ", printSizes(x));
  inferred.push_back(imagesLike(x, outputs, height, width));
  return success();
}

//===----------------------------------------------------------------------===//
// Pooling
//===----------------------------------------------------------------------===//

/// The result of pooling images of \p x by windows of \p op.
template <typename OpOrAdaptor>
static FailureOr<RankedTensorType> inferPooled(std::optional<Location> location,
                                               OpOrAdaptor op,
                                               RankedTensorType x) {
  if (failed(checkImages(location, "x", x)) ||
      failed(checkNumbers(location, "kernel", op.getKernel(), 2, 1)) ||
      failed(checkNumbers(location, "strides", op.getStrides(), 2, 1)) ||
      failed(checkNumbers(location, "padding", op.getPadding(), 4, 0)))
    return failure();
  Windows windows =
      makeWindows(op.getKernel(), op.getStrides(), op.getPadding());
  int64_t positions[2];
  for (unsigned i = 0; i < 2; ++i) {
    const Window &window = windows[i];
    if (std::max(window.low, window.high) >= window.taps)
      return emitOptionalError(
          location, "padding must be less than the ", "kernel, got ",
          std::max(window.low, window.high), " for ", window.taps);
    positions[i] =
        x.getDimSize(2 + i) < 1 ? 0 : window.positions(x.getDimSize(2 + i));
    if (positions[i] < 1)
      return emitOptionalError(
          location, "the window does not fit into the image ", printSizes(x));
  }
  return imagesLike(x, x.getDimSize(1), positions[0], positions[1]);
}

LogicalResult MaxPool2dOp::inferReturnTypes(MLIRContext *context,
                                            std::optional<Location> location,
                                            MaxPool2dOp::Adaptor adaptor,
                                            SmallVectorImpl<Type> &inferred) {
  auto x = cast<RankedTensorType>(adaptor.getX().getType());
  FailureOr<RankedTensorType> y = inferPooled(location, adaptor, x);
  if (failed(y))
    return failure();
  if (x.getDimSize(2) * x.getDimSize(3) >= largest)
    return emitOptionalError(location, "images have 2^31 places or more");
  inferred.push_back(*y);
  inferred.push_back(withElementType(*y, IntegerType::get(context, 32)));
  return success();
}

void MaxPool2dOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                                SmallVectorImpl<Value> &operandGradients) {
  Value dy = resultGradients[0];
  operandGradients.push_back(
      dy ? MaxUnpool2dOp::create(builder, getLoc(), dy, getIndex(),
                                 lastTwo(getX().getType()))
               .getY()
         : Value());
}

/// Requires that \p x and \p index agree in their first \p count sizes.
static LogicalResult checkPooled(std::optional<Location> location,
                                 RankedTensorType x, RankedTensorType index,
                                 unsigned count) {
  if (failed(checkImages(location, "x", x)) ||
      failed(checkImages(location, "index", index)))
    return failure();
  if (ArrayRef(sizesOf(x)).take_front(count) !=
      ArrayRef(sizesOf(index)).take_front(count))
    return emitOptionalError(location,
                             "sizes of x and index differ: ", printSizes(x),
                             " and ", printSizes(index));
  return success();
}

LogicalResult MaxUnpool2dOp::inferReturnTypes(MLIRContext *,
                                              std::optional<Location> location,
                                              MaxUnpool2dOp::Adaptor adaptor,
                                              SmallVectorImpl<Type> &inferred) {
  auto x = cast<RankedTensorType>(adaptor.getX().getType());
  auto index = cast<RankedTensorType>(adaptor.getIndex().getType());
  if (failed(checkPooled(location, x, index, 4)) ||
      failed(checkNumbers(location, "size", adaptor.getSize(), 2, 1)))
    return failure();
  inferred.push_back(imagesLike(x, x.getDimSize(1), adaptor.getSize()[0],
                                adaptor.getSize()[1]));
  return success();
}

void MaxUnpool2dOp::buildGradient(OpBuilder &builder,
                                  ValueRange resultGradients,
                                  SmallVectorImpl<Value> &operandGradients) {
  operandGradients.push_back(GatherPooled2dOp::create(
      builder, getLoc(), resultGradients[0], getIndex()));
  operandGradients.push_back(Value());
}

LogicalResult GatherPooled2dOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> location,
    GatherPooled2dOp::Adaptor adaptor, SmallVectorImpl<Type> &inferred) {
  auto x = cast<RankedTensorType>(adaptor.getX().getType());
  auto index = cast<RankedTensorType>(adaptor.getIndex().getType());
  if (failed(checkPooled(location, x, index, 2)))
    return failure();
  if (x.getDimSize(2) * x.getDimSize(3) < 1)
    return emitOptionalError(location, "images of x are empty");
  inferred.push_back(
      imagesLike(x, x.getDimSize(1), index.getDimSize(2), index.getDimSize(3)));
  return success();
}

void GatherPooled2dOp::buildGradient(OpBuilder &builder,
                                     ValueRange resultGradients,
                                     SmallVectorImpl<Value> &operandGradients) {
  operandGradients.push_back(
      MaxUnpool2dOp::create(builder, getLoc(), resultGradients[0], getIndex(),
                            lastTwo(getX().getType())));
  operandGradients.push_back(Value());
}

LogicalResult AvgPool2dOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            AvgPool2dOp::Adaptor adaptor,
                                            SmallVectorImpl<Type> &inferred) {
  FailureOr<RankedTensorType> y = inferPooled(
      location, adaptor, cast<RankedTensorType>(adaptor.getX().getType()));
  if (failed(y))
    return failure();
  inferred.push_back(*y);
  return success();
}

void AvgPool2dOp::buildGradient(OpBuilder &builder, ValueRange resultGradients,
                                SmallVectorImpl<Value> &operandGradients) {
  operandGradients.push_back(AvgUnpool2dOp::create(
      builder, getLoc(), resultGradients[0], lastTwo(getX().getType()),
      getKernel(), getStrides(), getPadding(), getCountPadding()));
}

LogicalResult AvgUnpool2dOp::inferReturnTypes(MLIRContext *,
                                              std::optional<Location> location,
                                              AvgUnpool2dOp::Adaptor adaptor,
                                              SmallVectorImpl<Type> &inferred) {
  auto x = cast<RankedTensorType>(adaptor.getX().getType());
  if (failed(checkImages(location, "x", x)) ||
      failed(checkNumbers(location, "size", adaptor.getSize(), 2, 1)))
    return failure();
  RankedTensorType y = imagesLike(x, x.getDimSize(1), adaptor.getSize()[0],
                                  adaptor.getSize()[1]);
  FailureOr<RankedTensorType> pooled = inferPooled(location, adaptor, y);
  if (failed(pooled))
    return failure();
  if (sizesOf(*pooled) != sizesOf(x))
    return emitOptionalError(location, "x must have the sizes ",
                             printSizes(*pooled), ", got ", printSizes(x));
  inferred.push_back(y);
  return success();
}

void AvgUnpool2dOp::buildGradient(OpBuilder &builder,
                                  ValueRange resultGradients,
                                  SmallVectorImpl<Value> &operandGradients) {
  operandGradients.push_back(
      AvgPool2dOp::create(builder, getLoc(), resultGradients[0], getKernel(),
                          getStrides(), getPadding(), getCountPadding()));
}

//===- Images.cpp - Convolution and pooling -------------------------------===//

#include "nnc/Graph/Images.h"
#include "GraphImpl.h"
#include "nnc/Dialect/NN/IR/Window.h"

using namespace mlir;
using namespace nnc;

static std::string listText(const std::vector<int64_t> &numbers) {
  return numbers.size() == 1 ? std::to_string(numbers.front())
                             : fmt::format("[{}]", fmt::join(numbers, ", "));
}

namespace {
/// Layers over the last one or two dimensions of [b, c, (h,) w]. With one, x
/// counts as an image of one row.
class ImageLayer {
public:
  ImageLayer(Operands &in, unsigned dimensions)
      : in(in), dimensions(dimensions) {}

  /// Checks x and makes it an image.
  bool takeImage();
  /// Checks that there is one number, or one a dimension, of at least \p least.
  bool check(const char *name, const std::vector<int64_t> &numbers,
             int64_t least);
  /// Sets one field of the windows from one number or one a dimension.
  bool set(const char *name, const std::vector<int64_t> &numbers,
           int64_t nn::Window::*field, int64_t least);
  bool setPadding(const Padding &padding);
  /// Whether the window fits at all.
  bool checkFit();
  /// \p value without the row that a sequence got.
  Tensor give(Value value);

  GraphImpl &graph() { return *in.graph(); }
  int64_t size(unsigned i) const { return typeOf(image).getShape()[2 + i]; }
  /// The windows' fields as attributes.
  SmallVector<int64_t> taps() const { return both(&nn::Window::taps); }
  SmallVector<int64_t> strides() const { return both(&nn::Window::stride); }
  SmallVector<int64_t> dilations() const { return both(&nn::Window::dilation); }
  SmallVector<int64_t> padding() const {
    return {windows[0].low, windows[0].high, windows[1].low, windows[1].high};
  }

  Operands &in;
  unsigned dimensions;
  Value image;
  nn::Windows windows;

private:
  SmallVector<int64_t> both(int64_t nn::Window::*field) const {
    return {windows[0].*field, windows[1].*field};
  }
  /// The window of dimension \p i of those asked for.
  nn::Window &window(unsigned i) { return windows[2 - dimensions + i]; }
};
} // namespace

bool ImageLayer::takeImage() {
  if (!in.requireFloat(0))
    return false;
  const char *expected = dimensions == 1 ? "a tensor [batch, channels, width]"
                                         : "a tensor [batch, channels, height, "
                                           "width]";
  if (in.rank(0) != 2 + dimensions) {
    in.fail(ErrorCode::tensorExpected, in.name(), expected, in.tensor(0).str());
    return false;
  }
  std::vector<Dim> shape = in.shape(0);
  for (size_t axis = 1; axis < shape.size(); ++axis)
    if (!shape[axis].isConstant()) {
      in.fail(ErrorCode::openAxis, in.name(), axis, in.tensor(0).str());
      return false;
    } else if (shape[axis].constant() < 1) {
      in.fail(ErrorCode::tensorExpected, in.name(), expected,
              in.tensor(0).str());
      return false;
    }
  if (dimensions == 1)
    shape.insert(shape.begin() + 2, 1);
  image = reshapeTo(graph(), in[0], shape);
  return true;
}

bool ImageLayer::check(const char *name, const std::vector<int64_t> &numbers,
                       int64_t least) {
  if (numbers.size() != 1 && numbers.size() != dimensions) {
    in.fail(ErrorCode::settingOutOfRange, name,
            fmt::format("one number or {}", dimensions), listText(numbers));
    return false;
  }
  for (int64_t number : numbers)
    if (number < least || number >= int64_t(1) << 31) {
      in.fail(ErrorCode::settingOutOfRange, name,
              fmt::format("at least {} and below 2^31", least), number);
      return false;
    }
  return true;
}

bool ImageLayer::set(const char *name, const std::vector<int64_t> &numbers,
                     int64_t nn::Window::*field, int64_t least) {
  if (!check(name, numbers, least))
    return false;
  for (unsigned i = 0; i < dimensions; ++i)
    window(i).*field = numbers[numbers.size() == 1 ? 0 : i];
  return true;
}

bool ImageLayer::setPadding(const Padding &padding) {
  if (padding.kind == Padding::Kind::valid)
    return true;
  if (padding.kind == Padding::Kind::same) {
    for (unsigned i = 0; i < 2; ++i) {
      nn::Window &window = windows[i];
      int64_t positions = (size(i) - 1) / window.stride + 1;
      int64_t all = std::max<int64_t>(0, (positions - 1) * window.stride +
                                             window.span() - size(i));
      window.low = all / 2;
      window.high = all - window.low;
    }
    return true;
  }
  if (padding.sizes.size() != 2 * dimensions)
    return set("padding", padding.sizes, &nn::Window::low, 0) &&
           set("padding", padding.sizes, &nn::Window::high, 0);
  std::vector<int64_t> low, high;
  for (unsigned i = 0; i < dimensions; ++i) {
    low.push_back(padding.sizes[2 * i]);
    high.push_back(padding.sizes[2 * i + 1]);
  }
  return set("padding", low, &nn::Window::low, 0) &&
         set("padding", high, &nn::Window::high, 0);
}

bool ImageLayer::checkFit() {
  for (unsigned i = 0; i < 2; ++i)
    if (windows[i].positions(size(i)) < 1) {
      in.fail(ErrorCode::settingOutOfRange, "kernel",
              fmt::format("within the {} padded elements of {}",
                          size(i) + windows[i].low + windows[i].high,
                          in.tensor(0).str()),
              windows[i].span());
      return false;
    }
  return true;
}

Tensor ImageLayer::give(Value value) {
  std::vector<Dim> shape = shapeOf(graph(), value);
  if (dimensions == 1)
    shape.erase(shape.begin() + 2);
  return graph().tensor(reshapeTo(graph(), value, shape));
}

//===----------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------===//

/// Weights of \p rows x \p columns windows, as those of images.
static Tensor declareKernel(ImageLayer &layer, int64_t rows, int64_t columns,
                            const WeightOptions &weights) {
  GraphImpl &graph = layer.graph();
  std::vector<Dim> sizes{rows, columns};
  for (unsigned i = 2 - layer.dimensions; i < 2; ++i)
    sizes.push_back(layer.windows[i].taps);
  Tensor weight =
      declareParameter(graph, "weight", "parameter", sizes,
                       {weights.weightInitializer, weights.weightRegularizer,
                        weights.weightConstraint},
                       elementTypeOf(layer.in.element(0)));
  if (!weight.isValid() || layer.dimensions == 2)
    return weight;
  sizes.insert(sizes.begin() + 2, 1);
  return graph.tensor(reshapeTo(graph, valueOf(weight), sizes));
}

/// \p result plus a new number a filter.
static Tensor addBias(ImageLayer &layer, const Tensor &result, int64_t filters,
                      const WeightOptions &weights) {
  Tensor bias = declareParameter(
      layer.graph(), "bias", "parameter", {filters},
      {weights.biasInitializer, weights.biasRegularizer, Constraint()},
      elementTypeOf(layer.in.element(0)));
  if (!bias.isValid())
    return bias;
  std::vector<Dim> placed(1 + layer.dimensions, 1);
  placed[0] = filters;
  return result + reshape(bias, placed);
}

static bool checkFilters(ImageLayer &layer, int64_t filters, int64_t groups) {
  int64_t channels = typeOf(layer.image).getDimSize(1);
  if (filters < 1 || filters >= int64_t(1) << 31) {
    layer.in.fail(ErrorCode::settingOutOfRange, "filters",
                  "at least 1 and below 2^31", filters);
    return false;
  }
  if (groups >= 1 && channels % groups == 0 && filters % groups == 0)
    return true;
  layer.in.fail(
      ErrorCode::settingOutOfRange, "groups",
      fmt::format("a divisor of {} channels and {} filters", channels, filters),
      groups);
  return false;
}

/// The convolution of \p layer's image with new weights.
static Tensor convolve(ImageLayer &layer, int64_t filters,
                       const ConvOptions &options) {
  GraphImpl &graph = layer.graph();
  if (!checkFilters(layer, filters, options.groups))
    return layer.in.poison();
  int64_t channels = typeOf(layer.image).getDimSize(1);
  Tensor kernel =
      declareKernel(layer, filters, channels / options.groups, options.weights);
  if (!kernel.isValid())
    return kernel;
  Tensor result = layer.give(nn::Conv2dOp::create(
      graph.builder, graph.location(), layer.image, valueOf(kernel),
      layer.strides(), layer.padding(), layer.dilations(), options.groups));
  return options.bias ? addBias(layer, result, filters, options.weights)
                      : result;
}

static Tensor convolution(Operands &in, const char *kind, unsigned dimensions,
                          int64_t filters, const std::vector<int64_t> &kernel,
                          const ConvOptions &options) {
  ImageLayer layer(in, dimensions);
  if (!layer.takeImage() ||
      !layer.set("kernel", kernel, &nn::Window::taps, 1) ||
      !layer.set("stride", options.stride, &nn::Window::stride, 1) ||
      !layer.set("dilation", options.dilation, &nn::Window::dilation, 1) ||
      !layer.setPadding(options.padding) || !layer.checkFit())
    return in.poison();
  LayerScope scope(in.graph(), kind, options.name);
  Tensor result = convolve(layer, filters, options);
  return scope.finish(options.activation && result.isValid()
                          ? options.activation(result)
                          : result);
}

//===----------------------------------------------------------------------===//
// Transposed convolution
//===----------------------------------------------------------------------===//

/// The sizes of the result, which a convolution would take back to the image;
/// nothing if one is below 1 or too large.
static std::optional<std::array<int64_t, 2>>
transposedSizes(ImageLayer &layer, const std::vector<int64_t> &more) {
  std::array<int64_t, 2> sizes;
  for (unsigned i = 0; i < 2; ++i) {
    const nn::Window &window = layer.windows[i];
    bool isGiven = i >= 2 - layer.dimensions;
    int64_t extra = !isGiven           ? 0
                    : more.size() == 1 ? more[0]
                                       : more[i + layer.dimensions - 2];
    sizes[i] = (layer.size(i) - 1) * window.stride - window.low - window.high +
               window.span() + extra;
    if (extra >= window.stride) {
      layer.in.fail(ErrorCode::settingOutOfRange, "output_padding",
                    fmt::format("below the stride {}", window.stride), extra);
      return std::nullopt;
    }
    if (sizes[i] < 1 || sizes[i] >= int64_t(1) << 31) {
      layer.in.fail(ErrorCode::settingOutOfRange, "padding",
                    "such that 1 to 2^31 - 1 elements are left", sizes[i]);
      return std::nullopt;
    }
  }
  return sizes;
}

/// The transposed convolution of \p layer's image with new weights.
static Tensor convolveBack(ImageLayer &layer, int64_t filters,
                           const ConvTransposeOptions &options,
                           ArrayRef<int64_t> sizes) {
  GraphImpl &graph = layer.graph();
  if (!checkFilters(layer, filters, options.groups))
    return layer.in.poison();
  int64_t channels = typeOf(layer.image).getDimSize(1);
  Tensor kernel =
      declareKernel(layer, channels, filters / options.groups, options.weights);
  if (!kernel.isValid())
    return kernel;
  Tensor result = layer.give(nn::Conv2dDataGradientOp::create(
      graph.builder, graph.location(), layer.image, valueOf(kernel), sizes,
      layer.strides(), layer.padding(), layer.dilations(), options.groups));
  return options.bias ? addBias(layer, result, filters, options.weights)
                      : result;
}

static Tensor convTranspose(Operands &in, const char *kind, unsigned dimensions,
                            int64_t filters, const std::vector<int64_t> &kernel,
                            const ConvTransposeOptions &options) {
  ImageLayer layer(in, dimensions);
  if (!layer.takeImage() ||
      !layer.set("kernel", kernel, &nn::Window::taps, 1) ||
      !layer.set("stride", options.stride, &nn::Window::stride, 1) ||
      !layer.setPadding(options.padding) ||
      !layer.check("output_padding", options.outputPadding, 0))
    return in.poison();
  auto sizes = transposedSizes(layer, options.outputPadding);
  if (!sizes)
    return in.poison();
  LayerScope scope(in.graph(), kind, options.name);
  Tensor result = convolveBack(layer, filters, options, *sizes);
  return scope.finish(options.activation && result.isValid()
                          ? options.activation(result)
                          : result);
}

//===----------------------------------------------------------------------===//
// Pooling
//===----------------------------------------------------------------------===//

/// Pools x; \p build makes the op of a layer with its windows set.
template <typename Build>
static Tensor pool(Operands &in, const char *kind, unsigned dimensions,
                   const std::vector<int64_t> &size, const PoolOptions &options,
                   Build build) {
  ImageLayer layer(in, dimensions);
  const std::vector<int64_t> &stride =
      options.stride.empty() ? size : options.stride;
  if (!layer.takeImage() || !layer.set("size", size, &nn::Window::taps, 1) ||
      !layer.set("stride", stride, &nn::Window::stride, 1) ||
      !layer.setPadding(options.padding))
    return in.poison();
  for (const nn::Window &window : layer.windows)
    if (std::max(window.low, window.high) >= window.taps)
      return in.fail(ErrorCode::settingOutOfRange, "padding",
                     fmt::format("below the size {}", window.taps),
                     std::max(window.low, window.high));
  if (!layer.checkFit())
    return in.poison();
  LayerScope scope(in.graph(), kind, options.name);
  return scope.finish(layer.give(build(layer)));
}

static Value buildMaxPool(ImageLayer &layer) {
  return nn::MaxPool2dOp::create(layer.graph().builder,
                                 layer.graph().location(), layer.image,
                                 layer.taps(), layer.strides(), layer.padding())
      .getY();
}

namespace nnc {

Tensor conv1d(const Operand &x, int64_t filters, std::vector<int64_t> kernel,
              const ConvOptions &options) {
  Operands in("conv1d", {&x});
  return in.ok() ? convolution(in, "conv1d", 1, filters, kernel, options)
                 : in.poison();
}

Tensor conv2d(const Operand &x, int64_t filters, std::vector<int64_t> kernel,
              const ConvOptions &options) {
  Operands in("conv2d", {&x});
  return in.ok() ? convolution(in, "conv2d", 2, filters, kernel, options)
                 : in.poison();
}

Tensor convTranspose1d(const Operand &x, int64_t filters,
                       std::vector<int64_t> kernel,
                       const ConvTransposeOptions &options) {
  Operands in("conv_transpose1d", {&x});
  return in.ok() ? convTranspose(in, "conv_transpose1d", 1, filters, kernel,
                                 options)
                 : in.poison();
}

Tensor convTranspose2d(const Operand &x, int64_t filters,
                       std::vector<int64_t> kernel,
                       const ConvTransposeOptions &options) {
  Operands in("conv_transpose2d", {&x});
  return in.ok() ? convTranspose(in, "conv_transpose2d", 2, filters, kernel,
                                 options)
                 : in.poison();
}

Tensor maxPool1d(const Operand &x, std::vector<int64_t> size,
                 const PoolOptions &options) {
  Operands in("max_pool1d", {&x});
  return in.ok() ? pool(in, "max_pool1d", 1, size, options, buildMaxPool)
                 : in.poison();
}

Tensor maxPool2d(const Operand &x, std::vector<int64_t> size,
                 const PoolOptions &options) {
  Operands in("max_pool2d", {&x});
  return in.ok() ? pool(in, "max_pool2d", 2, size, options, buildMaxPool)
                 : in.poison();
}

/// The mean of each window, of \p dimensions dimensions.
static Tensor averages(Operands &in, const char *kind, unsigned dimensions,
                       const std::vector<int64_t> &size,
                       const PoolOptions &options) {
  if (!in.ok())
    return in.poison();
  return pool(
      in, kind, dimensions, size, options, [&](ImageLayer &layer) -> Value {
        return nn::AvgPool2dOp::create(layer.graph().builder,
                                       layer.graph().location(), layer.image,
                                       layer.taps(), layer.strides(),
                                       layer.padding(), options.countPadding);
      });
}

Tensor avgPool1d(const Operand &x, std::vector<int64_t> size,
                 const PoolOptions &options) {
  Operands in("avg_pool1d", {&x});
  return averages(in, "avg_pool1d", 1, size, options);
}

Tensor avgPool2d(const Operand &x, std::vector<int64_t> size,
                 const PoolOptions &options) {
  Operands in("avg_pool2d", {&x});
  return averages(in, "avg_pool2d", 2, size, options);
}

/// The axes that a global pool reduces.
static std::vector<int64_t> pooledAxes(const Operands &in) {
  std::vector<int64_t> axes;
  for (int64_t axis = 2; axis < in.rank(0); ++axis)
    axes.push_back(axis);
  return axes;
}

Tensor globalMaxPool(const Operand &x) {
  Operands in("global_max_pool", {&x});
  if (!in.requireFloat(0) ||
      !in.requireRank(0, 3, "a tensor [batch, channels, ...]"))
    return in.poison();
  return max(in.tensor(0), pooledAxes(in));
}

Tensor globalAvgPool(const Operand &x) {
  Operands in("global_avg_pool", {&x});
  if (!in.requireFloat(0) ||
      !in.requireRank(0, 3, "a tensor [batch, channels, ...]"))
    return in.poison();
  return mean(in.tensor(0), pooledAxes(in));
}

} // namespace nnc

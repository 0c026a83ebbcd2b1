//===- Initializers.cpp - How parameters start ----------------------------===//

#include "nnc/Training/Initializers.h"
#include "Evaluate.h"
#include "nnc/Support/HalfFloat.h"
#include "nnc/Support/Philox.h"
#include <cmath>
#include <cstring>
#include <vector>

using namespace nnc;

namespace {

/// Computes the elements of one argument in double precision.
class Filler {
public:
  Filler(const Argument &argument, uint64_t seed)
      : argument(argument), values(argument.elementCount()),
        stream(seed, RandomPurpose::initializer, 0, hashOfName(argument.name)) {
  }

  Expected<void> fill(const SettingValue &initializer);

  const Argument &argument;
  std::vector<double> values;

private:
  void constant(double value) {
    std::fill(values.begin(), values.end(), value);
  }
  void uniform(double low, double high) {
    for (double &value : values)
      value = low + (high - low) * stream.uniform();
  }
  void normal(double mean, double stddev) {
    for (double &value : values)
      value = mean + stddev * stream.normal();
  }
  void truncatedNormal(double stddev) {
    for (double &value : values) {
      double draw;
      do
        draw = stream.normal();
      while (std::fabs(draw) > 2);
      value = stddev * draw;
    }
  }
  void scaled(double variance, bool isNormal) {
    if (isNormal)
      return normal(0, std::sqrt(variance));
    double limit = std::sqrt(3 * variance);
    uniform(-limit, limit);
  }
  Expected<void> orthogonal(double gain);
  Expected<void> identity(double gain);
  Expected<void> list(const SettingValue &numbers);

  double fanIn() const;
  double fanOut() const;

  RandomStream stream;
};

} // namespace

/// The taps of a filter: the sizes of a weight [filters, channels, taps...]
/// after the first two.
static double tapsOf(const std::vector<int64_t> &shape) {
  double taps = 1;
  for (size_t i = 2; i < shape.size(); ++i)
    taps *= shape[i];
  return taps;
}

double Filler::fanIn() const {
  if (argument.fanIn > 0)
    return argument.fanIn;
  if (argument.shape.size() > 2)
    return argument.shape[1] * tapsOf(argument.shape);
  return argument.shape.empty() ? 1 : argument.shape.front();
}

double Filler::fanOut() const {
  if (argument.fanOut > 0)
    return argument.fanOut;
  if (argument.shape.size() > 2)
    return argument.shape[0] * tapsOf(argument.shape);
  return argument.shape.empty() ? 1 : argument.shape.back();
}

/// Makes the \p rows rows of \p matrix, of \p width elements each and at most
/// as many, orthonormal: Gram and Schmidt, modified, twice for precision.
static void orthonormalizeRows(std::vector<double> &matrix, int64_t rows,
                               int64_t width) {
  for (int64_t i = 0; i < rows; ++i) {
    double *row = &matrix[i * width];
    for (int pass = 0; pass < 2; ++pass)
      for (int64_t j = 0; j < i; ++j) {
        const double *other = &matrix[j * width];
        double product = 0;
        for (int64_t k = 0; k < width; ++k)
          product += row[k] * other[k];
        for (int64_t k = 0; k < width; ++k)
          row[k] -= product * other[k];
      }
    double square = 0;
    for (int64_t k = 0; k < width; ++k)
      square += row[k] * row[k];
    double factor = 1 / std::sqrt(square);
    for (int64_t k = 0; k < width; ++k)
      row[k] *= factor;
  }
}

Expected<void> Filler::orthogonal(double gain) {
  if (argument.shape.size() < 2)
    return fail(ErrorCode::initializerShape, "orthogonal", argument.name,
                "two or more dimensions");
  int64_t rows = argument.shape.front();
  int64_t columns = rows ? static_cast<int64_t>(values.size()) / rows : 0;
  bool isWide = rows <= columns;
  int64_t count = isWide ? rows : columns;
  int64_t width = isWide ? columns : rows;
  std::vector<double> matrix(values.size());
  for (double &value : matrix)
    value = stream.normal();
  orthonormalizeRows(matrix, count, width);
  for (int64_t i = 0; i < count; ++i)
    for (int64_t k = 0; k < width; ++k)
      values[isWide ? i * columns + k : k * columns + i] =
          gain * matrix[i * width + k];
  return {};
}

Expected<void> Filler::identity(double gain) {
  if (argument.shape.size() != 2)
    return fail(ErrorCode::initializerShape, "identity", argument.name,
                "two dimensions");
  constant(0);
  for (int64_t i = 0; i < std::min(argument.shape[0], argument.shape[1]); ++i)
    values[i * argument.shape[1] + i] = gain;
  return {};
}

/// Appends the numbers in \p value, lists in lists one after another.
static bool flatten(const SettingValue &value, std::vector<double> &numbers) {
  if (value.isNumber()) {
    numbers.push_back(value.toDouble());
    return true;
  }
  if (!value.isList())
    return false;
  for (const SettingValue &element : value.elements)
    if (!flatten(element, numbers))
      return false;
  return true;
}

Expected<void> Filler::list(const SettingValue &numbers) {
  std::vector<double> flat;
  if (!flatten(numbers, flat) || flat.size() != values.size())
    return fail(ErrorCode::initializerShape, "values", argument.name,
                fmt::format("{} numbers", values.size()));
  values = std::move(flat);
  return {};
}

Expected<void> Filler::fill(const SettingValue &initializer) {
  const std::string &name = initializer.builtin->name;
  auto number = [&](const char *key) {
    return initializer.argument(key).toDouble();
  };
  bool isNormal = name.ends_with("_normal");
  if (name == "zeros")
    constant(0);
  else if (name == "ones")
    constant(1);
  else if (name == "constant")
    constant(number("value"));
  else if (name == "normal")
    normal(number("mean"), number("stddev"));
  else if (name == "uniform")
    uniform(number("low"), number("high"));
  else if (name == "truncated_normal")
    truncatedNormal(number("stddev"));
  else if (name.starts_with("glorot_"))
    scaled(2 / (fanIn() + fanOut()), isNormal);
  else if (name.starts_with("he_"))
    scaled(2 / fanIn(), isNormal);
  else if (name.starts_with("lecun_"))
    scaled(1 / fanIn(), isNormal);
  else if (name == "orthogonal")
    return orthogonal(number("gain"));
  else if (name == "identity")
    return identity(number("gain"));
  else if (name == "values")
    return list(initializer.argument("values"));
  else
    return fail(ErrorCode::unsupported, "the initializer " + name);
  return {};
}

template <typename T>
static void storeAs(const std::vector<double> &values, void *data) {
  T *target = static_cast<T *>(data);
  for (size_t i = 0; i < values.size(); ++i)
    target[i] = static_cast<T>(values[i]);
}

static void store(const std::vector<double> &values, ElementType type,
                  void *data) {
  auto *halves = static_cast<uint16_t *>(data);
  switch (type) {
  case ElementType::f32:
    return storeAs<float>(values, data);
  case ElementType::f64:
    return storeAs<double>(values, data);
  case ElementType::f16:
    for (size_t i = 0; i < values.size(); ++i)
      halves[i] = floatToF16(static_cast<float>(values[i]));
    return;
  case ElementType::bf16:
    for (size_t i = 0; i < values.size(); ++i)
      halves[i] = floatToBf16(static_cast<float>(values[i]));
    return;
  case ElementType::i64:
    return storeAs<int64_t>(values, data);
  case ElementType::i32:
    return storeAs<int32_t>(values, data);
  case ElementType::i16:
    return storeAs<int16_t>(values, data);
  case ElementType::i8:
    return storeAs<int8_t>(values, data);
  case ElementType::u8:
  case ElementType::boolean:
    return storeAs<uint8_t>(values, data);
  }
}

Expected<void> nnc::initialize(const Argument &argument, uint64_t seed,
                               void *data) {
  if (argument.initializer.empty() || argument.initializer == "zeros") {
    std::memset(data, 0, argument.byteCount());
    return {};
  }
  Expected<SettingValue> initializer = evaluateText(
      argument.initializer, "initializer", InitializerKind, argument.name);
  if (!initializer)
    return fail(std::move(initializer.error()));
  Filler filler(argument, seed);
  if (Expected<void> filled = filler.fill(*initializer); !filled)
    return filled;
  store(filler.values, argument.type, data);
  return {};
}

//===- Initializers.cpp - How parameters start ----------------------------===//

#include "nnc/Training/Initializers.h"
#include "nnc/Language/Parser.h"
#include "nnc/Language/Settings.h"
#include "nnc/Support/Philox.h"
#include <cmath>

using namespace nnc;

Fans nnc::fansOf(const std::vector<int64_t> &shape) {
  if (shape.empty())
    return {1, 1};
  if (shape.size() == 1)
    return {shape[0], shape[0]};
  if (shape.size() == 2)
    return {shape[0], shape[1]};
  int64_t window = 1;
  for (size_t i = 2; i < shape.size(); ++i)
    window *= shape[i];
  return {shape[1] * window, shape[0] * window};
}

/// FNV-1a: the stream of a parameter follows from its name.
static uint32_t hashOf(const std::string &name) {
  uint32_t hash = 2166136261u;
  for (unsigned char c : name)
    hash = (hash ^ c) * 16777619u;
  return hash;
}

/// Columns (or rows, if there are fewer rows) made orthonormal by two rounds of
/// the modified Gram-Schmidt process on normal numbers.
static std::vector<double> orthogonal(int64_t rows, int64_t columns,
                                      RandomStream &random) {
  bool transposed = rows < columns;
  int64_t length = transposed ? columns : rows;
  int64_t count = transposed ? rows : columns;
  std::vector<double> vectors(length * count); // One after another.
  for (double &value : vectors)
    value = random.normal();
  for (int64_t i = 0; i < count; ++i) {
    double *current = &vectors[i * length];
    for (int round = 0; round < 2; ++round)
      for (int64_t j = 0; j < i; ++j) {
        const double *other = &vectors[j * length];
        double product = 0;
        for (int64_t k = 0; k < length; ++k)
          product += current[k] * other[k];
        for (int64_t k = 0; k < length; ++k)
          current[k] -= product * other[k];
      }
    double norm = 0;
    for (int64_t k = 0; k < length; ++k)
      norm += current[k] * current[k];
    for (int64_t k = 0; k < length; ++k)
      current[k] /= std::sqrt(norm);
  }
  if (transposed)
    return vectors;
  std::vector<double> matrix(rows * columns);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      matrix[i * columns + j] = vectors[j * length + i];
  return matrix;
}

/// Flattens nested lists of numbers, row-major.
static void flatten(const SettingValue &value, std::vector<double> &numbers) {
  if (value.isNumber())
    numbers.push_back(value.toDouble());
  for (const SettingValue &element : value.elements)
    flatten(element, numbers);
}

static Expected<std::vector<double>> evaluate(const SettingValue &initializer,
                                              const Argument &argument,
                                              uint64_t seed) {
  std::vector<double> values(argument.elementCount(), 0.0);
  RandomStream random(seed, RandomPurpose::initializer, 0,
                      hashOf(argument.name));
  Fans fans = fansOf(argument.shape);
  auto setting = [&](const char *name) {
    return initializer.argument(name).toDouble();
  };
  auto fillUniform = [&](double low, double high) {
    for (double &value : values)
      value = low + (high - low) * random.uniform();
  };
  auto fillNormal = [&](double deviation, double mean) {
    for (double &value : values)
      value = mean + deviation * random.normal();
  };
  auto limited = [&](double variance) {
    fillUniform(-std::sqrt(3 * variance), std::sqrt(3 * variance));
  };
  double average = double(fans.in + fans.out) / 2;
  const std::string &name = initializer.builtin->name;
  if (name == "zeros")
    return values;
  if (name == "ones")
    values.assign(values.size(), 1.0);
  else if (name == "constant")
    values.assign(values.size(), setting("value"));
  else if (name == "normal")
    fillNormal(setting("stddev"), setting("mean"));
  else if (name == "uniform")
    fillUniform(setting("low"), setting("high"));
  else if (name == "truncated_normal") {
    double deviation = setting("stddev");
    for (double &value : values) {
      double draw = random.normal();
      while (std::abs(draw) > 2)
        draw = random.normal();
      value = deviation * draw;
    }
  } else if (name == "glorot_uniform")
    limited(1 / average);
  else if (name == "glorot_normal")
    fillNormal(std::sqrt(1 / average), 0);
  else if (name == "he_uniform")
    limited(2.0 / fans.in);
  else if (name == "he_normal")
    fillNormal(std::sqrt(2.0 / fans.in), 0);
  else if (name == "lecun_uniform")
    limited(1.0 / fans.in);
  else if (name == "lecun_normal")
    fillNormal(std::sqrt(1.0 / fans.in), 0);
  else if (name == "orthogonal" || name == "identity") {
    if (argument.shape.size() < 2)
      return fail(ErrorCode::wrongInitializer, name, argument.name,
                  "a matrix is needed");
    int64_t columns = argument.shape.back();
    int64_t rows = columns ? argument.elementCount() / columns : 0;
    if (name == "orthogonal")
      values = orthogonal(rows, columns, random);
    else
      for (int64_t i = 0; i < std::min(rows, columns); ++i)
        values[i * columns + i] = 1;
    for (double &value : values)
      value *= setting("gain");
  } else if (name == "values") {
    std::vector<double> given;
    flatten(initializer.argument("values"), given);
    if (given.size() != values.size())
      return fail(ErrorCode::wrongInitializer, name, argument.name,
                  fmt::format("{} numbers are given, {} are needed",
                              given.size(), values.size()));
    values = std::move(given);
  } else {
    return fail(ErrorCode::unsupported, "the initializer '" + name + "'");
  }
  return values;
}

Expected<Array> nnc::initialValue(const Argument &argument, uint64_t seed) {
  Array zeros(argument.type, argument.shape);
  if (argument.initializer.empty())
    return zeros;
  auto parsed = parseExpression(argument.initializer, argument.name);
  if (!parsed)
    return fail(std::move(parsed).error());
  SettingScope scope;
  Diagnostics diagnostics;
  SettingEvaluator evaluator(scope, diagnostics);
  ValueType type;
  type.kinds = InitializerKind;
  auto value = evaluator.evaluate(*parsed->expr, "initializer", type);
  if (!value)
    return fail(Error(diagnostics.errors().front()));
  auto numbers = evaluate(*value, argument, seed);
  if (!numbers)
    return fail(std::move(numbers).error());
  return Array::of(argument.shape, *numbers).to(argument.type);
}

//===- NumPySource.cpp - npz and npy files as data ------------------------===//

#include "nnc/Data/DataRequest.h"
#include "nnc/Formats/Npy.h"
#include <algorithm>
#include <map>

using namespace nnc;

static tl::unexpected<Error> malformed(const std::string &path,
                                       const std::string &why) {
  return fail(ErrorCode::malformedFile, path, "data", why);
}

static bool isFloat(ElementType type) {
  return type == ElementType::f32 || type == ElementType::f64 ||
         type == ElementType::f16 || type == ElementType::bf16;
}

/// \p array as the field \p name: floats in \p floatType, u8 with more than
/// one element a sample as images from 0 to 1, other small integers as i32.
static Field fieldOf(const std::string &name, Array array,
                     ElementType floatType) {
  bool image = array.type() == ElementType::u8 && array.rank() > 1;
  if (image || isFloat(array.type()))
    array = array.to(floatType);
  else if (array.type() == ElementType::u8 || array.type() == ElementType::i8 ||
           array.type() == ElementType::i16)
    array = array.to(ElementType::i32);
  Field field = Field::make(name, std::move(array));
  if (image) {
    ColumnScaling scaling;
    scaling.factor = 1.0 / 255;
    applyScaling(field, {scaling});
  }
  return field;
}

//===----------------------------------------------------------------------===//
// Targets
//===----------------------------------------------------------------------===//

/// Reads an integer target with one number a sample as class numbers; any
/// other target stays as it is.
static Expected<void> readClasses(Field &field, int64_t classes) {
  if (isFloat(field.type) || field.isRagged() || field.sampleSize() != 1 ||
      field.type == ElementType::boolean)
    return {};
  if (classes == 0) {
    double largest = 0;
    for (int64_t i = 0; i < field.values.size(); ++i) {
      if (field.values.at(i) < 0)
        return {}; // Counts or the like, not class numbers.
      largest = std::max(largest, field.values.at(i));
    }
    // Numbers this large are no class numbers.
    if (largest >= 1 << 24)
      return {};
    classes = static_cast<int64_t>(largest) + 1;
  }
  Expected<Field> numbers = classNumbers(field, classes);
  if (!numbers)
    return fail(std::move(numbers.error()));
  field = std::move(*numbers);
  return {};
}

//===----------------------------------------------------------------------===//
// npz
//===----------------------------------------------------------------------===//

namespace {
/// The arrays of one part by field name, in the order of the file.
using Arrays = std::vector<NamedArray>;
} // namespace

static bool takeSuffix(std::string &name, std::string_view suffix) {
  if (name.size() <= suffix.size() || !name.ends_with(suffix))
    return false;
  name.resize(name.size() - suffix.size());
  return true;
}

/// The part of an array: 'r' for x_train, 's' for x_test, ' ' for others.
/// `_tokens` and `_offsets` stay with the name.
static char takePart(std::string &name) {
  std::string_view ragged;
  for (std::string_view suffix : {"_tokens", "_offsets"})
    if (takeSuffix(name, suffix))
      ragged = suffix;
  char part = takeSuffix(name, "_train")  ? 'r'
              : takeSuffix(name, "_test") ? 's'
                                          : ' ';
  name += ragged;
  return part;
}

/// Makes a ragged field of X_tokens and X_offsets.
static Expected<Field> raggedField(const std::string &path,
                                   const std::string &name, Array tokens,
                                   const Array &offsets) {
  auto wrong = [&](const std::string &why) {
    return malformed(path, fmt::format("ragged field '{}': {}", name, why));
  };
  if (tokens.rank() != 1 || isFloat(tokens.type()))
    return wrong("its tokens are no list of integers");
  if (offsets.rank() != 1 || isFloat(offsets.type()) || offsets.size() == 0)
    return wrong("its offsets are no list of integers");
  Array ends = offsets.to(ElementType::i64);
  std::span<const int64_t> values = ends.span<int64_t>();
  if (values.front() != 0 || values.back() != tokens.size() ||
      !std::is_sorted(values.begin(), values.end()))
    return wrong(
        fmt::format("its offsets do not rise from 0 to {}", tokens.size()));
  Field field;
  field.name = name;
  field.type = ElementType::i32;
  if (tokens.to(ElementType::i32).to(tokens.type()) != tokens)
    return wrong("a token is out of range for i32");
  field.values = tokens.to(ElementType::i32);
  field.offsets = std::move(ends);
  return field;
}

/// The fields of the arrays of one part.
static Expected<std::vector<Field>>
fieldsOf(const std::string &path, Arrays arrays, ElementType floatType) {
  std::map<std::string, const Array *> offsets;
  for (const NamedArray &named : arrays)
    if (std::string name = named.name; takeSuffix(name, "_offsets"))
      offsets[name] = &named.array;
  std::vector<Field> fields;
  for (NamedArray &named : arrays) {
    std::string base = named.name;
    auto pair =
        takeSuffix(base, "_tokens") ? offsets.find(base) : offsets.end();
    if (pair != offsets.end()) {
      Expected<Field> field =
          raggedField(path, base, named.array, *pair->second);
      if (!field)
        return fail(std::move(field.error()));
      fields.push_back(std::move(*field));
      continue;
    }
    base = named.name;
    if (takeSuffix(base, "_offsets") &&
        std::any_of(arrays.begin(), arrays.end(), [&](const NamedArray &other) {
          return other.name == base + "_tokens";
        }))
      continue;
    if (named.array.rank() == 0)
      return malformed(path, fmt::format("array '{}' is a scalar, expected a "
                                         "row for each sample",
                                         named.name));
    // The offsets' views stay valid: arrays that they name are not moved.
    fields.push_back(fieldOf(named.name, std::move(named.array), floatType));
  }
  return fields;
}

/// Names the inputs and the target among the fields of \p dataset and leaves
/// only those.
static Expected<void> chooseFields(const DataRequest &request,
                                   Dataset &dataset) {
  std::vector<std::string> names;
  for (const Field &field : dataset.fields)
    names.push_back(field.name);
  auto require = [&](const std::string &name) -> Expected<void> {
    if (dataset.find(name))
      return {};
    std::string nearest = nearestName(name, names);
    return fail(ErrorCode::memberNotFound, request.path, name,
                nearest.empty() ? ""
                                : fmt::format("; did you mean '{}'?", nearest));
  };
  if (request.target) {
    if (Expected<void> found = require(*request.target); !found)
      return found;
    dataset.targetField = *request.target;
  } else {
    for (const char *name : {"target", "y"})
      if (dataset.find(name))
        dataset.targetField = name;
  }
  if (request.inputs) {
    std::vector<Field> kept;
    for (const std::string &name : *request.inputs) {
      if (Expected<void> found = require(name); !found)
        return found;
      kept.push_back(*dataset.find(name));
    }
    if (const Field *target = dataset.target();
        target && std::find(request.inputs->begin(), request.inputs->end(),
                            target->name) == request.inputs->end())
      kept.push_back(*target);
    dataset.fields = std::move(kept);
  }
  std::vector<std::string> inputs;
  for (const Field &field : dataset.fields)
    if (field.name != dataset.targetField)
      inputs.push_back(field.name);
  if (inputs.size() == 1)
    dataset.featuresField = inputs.front();
  else if (std::find(inputs.begin(), inputs.end(), "x") != inputs.end())
    dataset.featuresField = "x";
  return {};
}

/// The data set of the arrays of one part. \p like is the training part, for
/// the test part.
static Expected<Dataset> makePart(const DataRequest &request, Arrays arrays,
                                  const Dataset *like) {
  Expected<std::vector<Field>> fields =
      fieldsOf(request.path, std::move(arrays), request.floatType);
  if (!fields)
    return fail(std::move(fields.error()));
  Dataset dataset;
  dataset.name = request.path;
  dataset.fields = std::move(*fields);
  if (Expected<void> chosen = chooseFields(request, dataset); !chosen)
    return fail(std::move(chosen.error()));
  if (dataset.fields.empty())
    return fail(ErrorCode::emptyData, request.path);
  const Field &first = dataset.fields.front();
  dataset.samples = first.samples();
  for (const Field &field : dataset.fields)
    if (field.samples() != dataset.samples)
      return fail(makeError(ErrorCode::sampleCount, first.name, dataset.samples,
                            field.name, field.samples())
                      .at({request.path, 0, 0, ""}));
  if (dataset.samples == 0)
    return fail(ErrorCode::emptyData, request.path);
  int64_t classes = like && like->target() ? like->target()->classes : 0;
  if (Field *target = dataset.find(dataset.targetField))
    if (Expected<void> read = readClasses(*target, classes); !read)
      return fail(std::move(read.error()));
  return dataset;
}

/// The test part must have the fields of the training part.
static Expected<void> compareParts(const std::string &path,
                                   const Dataset &train, const Dataset &test) {
  if (train.fields.size() != test.fields.size())
    return malformed(path,
                     fmt::format("{} arrays for training, {} for testing",
                                 train.fields.size(), test.fields.size()));
  for (const Field &field : train.fields) {
    const Field *same = test.find(field.name);
    if (!same || same->type != field.type ||
        same->sampleShape != field.sampleShape ||
        same->isRagged() != field.isRagged())
      return malformed(path, fmt::format("'{}' for training and for testing "
                                         "differ in kind or shape",
                                         field.name));
  }
  return {};
}

Expected<DataSource> nnc::loadNpz(const DataRequest &request) {
  Expected<Arrays> arrays = readNpz(request.path);
  if (!arrays)
    return fail(std::move(arrays.error()));
  Arrays train, test, rest;
  for (NamedArray &named : *arrays) {
    char part = takePart(named.name);
    (part == 'r'   ? train
     : part == 's' ? test
                   : rest)
        .push_back(std::move(named));
  }
  if (train.empty() && test.empty())
    train = std::move(rest);
  else if (!rest.empty())
    return malformed(request.path,
                     fmt::format("'{}' is of neither part: expected a name "
                                 "that ends in _train or _test",
                                 rest.front().name));
  if (train.empty())
    return fail(ErrorCode::emptyData, request.path);
  DataSource source;
  Expected<Dataset> first = makePart(request, std::move(train), nullptr);
  if (!first)
    return fail(std::move(first.error()));
  source.train = std::move(*first);
  if (test.empty())
    return source;
  Expected<Dataset> second = makePart(request, std::move(test), &source.train);
  if (!second)
    return fail(std::move(second.error()));
  if (Expected<void> same = compareParts(request.path, source.train, *second);
      !same)
    return fail(std::move(same.error()));
  source.test = std::move(*second);
  return source;
}

//===----------------------------------------------------------------------===//
// npy
//===----------------------------------------------------------------------===//

static Expected<Array> readSamples(const std::string &path) {
  Expected<Array> array = readNpy(path);
  if (!array)
    return array;
  if (array->rank() == 0)
    return malformed(path, "it is a scalar, expected a row for each sample");
  if (array->size() == 0)
    return fail(ErrorCode::emptyData, path);
  return array;
}

Expected<DataSource> nnc::loadNpy(const DataRequest &request) {
  Expected<Array> features = readSamples(request.path);
  if (!features)
    return fail(std::move(features.error()));
  DataSource source;
  Dataset &dataset = source.train;
  dataset.name = request.path;
  dataset.samples = features->rows();
  dataset.featuresField = "features";
  dataset.fields.push_back(
      fieldOf("features", std::move(*features), request.floatType));
  if (!request.target)
    return source;
  Expected<Array> values = readSamples(*request.target);
  if (!values)
    return fail(std::move(values.error()));
  if (values->rows() != dataset.samples)
    return fail(ErrorCode::sampleCount, request.path, dataset.samples,
                *request.target, values->rows());
  Field target = fieldOf("target", std::move(*values), request.floatType);
  if (Expected<void> read = readClasses(target, 0); !read)
    return fail(std::move(read.error()));
  dataset.targetField = "target";
  dataset.fields.push_back(std::move(target));
  return source;
}

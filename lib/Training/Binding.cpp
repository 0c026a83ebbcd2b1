//===- Binding.cpp - Data for the inputs of a program ---------------------===//

#include "nnc/Training/Binding.h"
#include "nnc/Language/Printer.h"
#include "nnc/Training/Metrics.h"
#include <algorithm>
#include <cctype>

using namespace nnc;

//===----------------------------------------------------------------------===//
// Requests
//===----------------------------------------------------------------------===//

static std::string joined(const std::string &folder, const std::string &path) {
  return path.starts_with("/") ? path : folder + path;
}

/// A column by name, or by its number in a file without a header.
static std::string columnName(const SettingValue &value) {
  return value.isInt() ? fmt::format("column_{}", value.integer) : value.text;
}

static Expected<void> readCsv(const SettingValue &call, DataRequest &request) {
  const SettingValue &target = call.argument("target");
  if (target.isList())
    return fail(ErrorCode::unsupported, "a csv file with several targets");
  if (!target.isNone())
    request.target = columnName(target);
  if (const SettingValue &inputs = call.argument("inputs"); inputs.isList()) {
    request.inputs.emplace();
    for (const SettingValue &input : inputs.elements)
      request.inputs->push_back(columnName(input));
  }
  if (const SettingValue &header = call.argument("header"); header.isBool())
    request.header = header.boolean ? DataRequest::Header::present
                                    : DataRequest::Header::absent;
  const std::string &separator = call.argument("separator").text;
  if (separator.size() != 1)
    return fail(ErrorCode::malformedSetting, "separator", "one character",
                printString(separator));
  request.separator = separator[0];
  const std::string &missing = call.argument("missing").text;
  request.missing = missing == "drop"   ? DataRequest::Missing::drop
                    : missing == "mean" ? DataRequest::Missing::mean
                                        : DataRequest::Missing::error;
  const std::string &scale = call.argument("scale").text;
  request.scale = scale == "standard" ? ScaleKind::standard
                  : scale == "unit"   ? ScaleKind::unit
                                      : ScaleKind::none;
  return {};
}

/// A string or a list of strings, or nothing.
static std::optional<std::vector<std::string>>
namesIn(const SettingValue &value) {
  if (value.isNone())
    return std::nullopt;
  std::vector<std::string> names;
  if (value.isString())
    names.push_back(value.text);
  for (const SettingValue &element : value.elements)
    names.push_back(element.text);
  return names;
}

static Expected<DataRequest> readCall(const SettingValue &call,
                                      const std::string &folder) {
  DataRequest request;
  const std::string &name = call.builtin->name;
  std::optional<DataKind> kind = parseDataKind(name);
  if (!kind || !call.builtin->isSupported)
    return fail(ErrorCode::unsupported, "the data source " + name);
  request.kind = *kind;
  const char *place = *kind == DataKind::idx ? "directory" : "path";
  request.path = joined(folder, call.argument(place).text);
  if (*kind == DataKind::csv) {
    if (auto read = readCsv(call, request); !read)
      return fail(std::move(read.error()));
  } else if (*kind == DataKind::idx) {
    if (const SettingValue &limit = call.argument("limit"); limit.isInt())
      request.limit = limit.integer;
  } else if (*kind == DataKind::npz) {
    request.inputs = namesIn(call.argument("inputs"));
    if (const SettingValue &target = call.argument("target"); target.isString())
      request.target = target.text;
  } else if (*kind == DataKind::npy) {
    request.target = joined(folder, call.argument("target").text);
  }
  return request;
}

Expected<DataRequest> nnc::toDataRequest(const DataSetting &setting,
                                         ElementType floatType) {
  Expected<DataRequest> request =
      setting.source.isCall() ? readCall(setting.source, setting.folder)
      : setting.source.text == "digits" || setting.source.text == "xor"
          ? requestForPath(setting.source.text)
          : requestForPath(joined(setting.folder, setting.source.text));
  if (!request)
    return request;
  for (const SettingValue &call : setting.transforms) {
    std::optional<DataTransform::Kind> kind =
        parseTransformKind(call.builtin->name);
    if (!kind || !call.builtin->isSupported)
      return fail(ErrorCode::unsupported,
                  "the data transform " + call.builtin->name);
    double amount = call.elements.empty() ? 0 : call.elements[0].toDouble();
    request->transforms.push_back({*kind, amount});
  }
  request->floatType = floatType;
  return request;
}

//===----------------------------------------------------------------------===//
// Binding
//===----------------------------------------------------------------------===//

static int64_t product(std::span<const int64_t> sizes) {
  int64_t count = 1;
  for (int64_t size : sizes)
    count *= size;
  return count;
}

static ElementType withPrecision(ElementType type, ElementType floatType) {
  return type == ElementType::f32 ? floatType : type;
}

static std::string fieldNames(const Dataset &data) {
  std::string names;
  for (const Field &field : data.fields)
    names += (names.empty() ? "" : ", ") + field.name;
  return names;
}

static bool isName(const std::string &text) {
  return !text.empty() && !std::isdigit(static_cast<unsigned char>(text[0])) &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '_';
         });
}

/// The shape of a sample of \p field for \p input; open sizes go to \p sizes.
static Expected<std::vector<int64_t>>
sampleShapeFor(const ModelInput &input, const Field &field,
               std::map<std::string, int64_t> &sizes) {
  auto mismatch = [&] {
    std::string dims;
    for (const std::string &dim : input.dims)
      dims += (dims.empty() ? "" : ", ") + dim;
    return fail(ErrorCode::fieldShape, input.name,
                fmt::format("{}[{}]", nameOf(input.type), dims), field.name,
                toString(field.sampleShape));
  };
  std::vector<int64_t> wanted(input.shape.begin() + 1, input.shape.end());
  if (std::find(wanted.begin(), wanted.end(), -1) == wanted.end()) {
    if (product(wanted) != field.sampleSize())
      return mismatch();
    return wanted;
  }
  if (wanted.size() != field.sampleShape.size())
    return mismatch();
  for (size_t i = 0; i < wanted.size(); ++i) {
    int64_t given = field.sampleShape[i];
    const std::string &dim = input.dims[i + 1];
    if (wanted[i] < 0 && isName(dim)) {
      auto [known, isNew] = sizes.emplace(dim, given);
      if (!isNew && known->second != given)
        return mismatch();
    } else if (wanted[i] >= 0 && wanted[i] != given) {
      return mismatch();
    }
  }
  return field.sampleShape;
}

Expected<DataBinding> nnc::bindInputs(const std::vector<ModelInput> &inputs,
                                      const Dataset &data,
                                      ElementType floatType) {
  DataBinding binding;
  for (const ModelInput &input : inputs) {
    const Field *field = data.find(input.name);
    if (!field && inputs.size() == 1)
      field = data.features();
    if (!field)
      return fail(ErrorCode::missingField, input.name, data.name,
                  fieldNames(data));
    if (input.shape.empty())
      return fail(ErrorCode::unsupported,
                  fmt::format("data for the input '{}', which has no batch "
                              "dimension,",
                              input.name));
    if (field->isRagged())
      return fail(
          ErrorCode::unsupported,
          fmt::format("the ragged field '{}' without multi_hot", field->name));
    Expected<std::vector<int64_t>> shape =
        sampleShapeFor(input, *field, binding.sizes);
    if (!shape)
      return fail(std::move(shape.error()).at({data.name, 0, 0, ""}));
    binding.slots.push_back({input.name, field->name,
                             withPrecision(input.type, floatType),
                             std::move(*shape)});
  }
  return binding;
}

static bool isIntegerType(ElementType type) {
  return type != ElementType::f32 && type != ElementType::f64 &&
         type != ElementType::f16 && type != ElementType::bf16;
}

Expected<void> nnc::bindTarget(DataBinding &binding, const std::string &loss,
                               const std::vector<int64_t> &result,
                               const std::string &name, const Dataset &data,
                               ElementType floatType) {
  const std::string &fieldName = name.empty() ? data.targetField : name;
  if (fieldName.empty())
    return fail(ErrorCode::missingTarget, data.name);
  const Field *field = data.find(fieldName);
  if (!field)
    return fail(ErrorCode::missingField, fieldName, data.name,
                fieldNames(data));
  DataBinding::Slot slot{"target", fieldName, floatType, field->sampleShape};
  if (isClassLoss(loss) &&
      (isIntegerType(field->type) || field->sampleSize() == 1)) {
    slot.type = ElementType::i32;
    slot.isClass = true;
    if (field->sampleSize() == 1)
      slot.sampleShape.clear();
  } else if (!result.empty() &&
             std::find(result.begin() + 1, result.end(), -1) == result.end()) {
    std::vector<int64_t> wanted(result.begin() + 1, result.end());
    if (product(wanted) != field->sampleSize())
      return fail(
          makeError(ErrorCode::targetSample, loss, toString(wanted), fieldName,
                    toString(field->sampleShape),
                    field->classNames.empty() && !field->classes
                        ? ""
                        : "; one_hot behind the data source makes rows of "
                          "class numbers")
              .at({data.name, 0, 0, ""}));
    slot.sampleShape = std::move(wanted);
  }
  binding.slots.push_back(std::move(slot));
  return {};
}

//===----------------------------------------------------------------------===//
// BoundData
//===----------------------------------------------------------------------===//

/// \p field, which holds several class numbers a sample, as i32.
static Expected<Field> manyClassNumbers(const Field &field, int64_t classes) {
  Expected<Field> numbers = fieldAs(field, ElementType::i32);
  if (!numbers)
    return numbers;
  std::span<const int32_t> values = numbers->values.span<int32_t>();
  for (size_t i = 0; i < values.size(); ++i)
    if (values[i] < 0 || (classes && values[i] >= classes))
      return fail(ErrorCode::labelOutOfRange, values[i],
                  i / numbers->sampleSize(), field.name, classes - 1);
  return numbers;
}

static Expected<std::shared_ptr<const Field>>
fieldFor(const DataBinding::Slot &slot, const Field &field, int64_t classes) {
  if (slot.isClass) {
    Expected<Field> numbers =
        field.sampleSize() == 1
            ? classNumbers(field, classes ? classes : int64_t(1) << 31)
            : manyClassNumbers(field, classes);
    if (!numbers)
      return fail(std::move(numbers.error()));
    return std::make_shared<Field>(std::move(*numbers));
  }
  // The data set outlives this: what fits already is shared.
  if (field.type == slot.type)
    return std::shared_ptr<const Field>(std::shared_ptr<void>(), &field);
  Expected<Field> converted = fieldAs(field, slot.type);
  if (!converted)
    return fail(std::move(converted.error()));
  return std::make_shared<Field>(std::move(*converted));
}

Expected<BoundData> BoundData::make(const DataBinding &binding,
                                    const Dataset &data, int64_t classes) {
  BoundData bound;
  bound.count = data.samples;
  for (const DataBinding::Slot &slot : binding.slots) {
    const Field *field = data.find(slot.field);
    if (!field)
      return fail(ErrorCode::missingField, slot.field, data.name,
                  fieldNames(data));
    if (!field->isRagged() && field->sampleSize() != product(slot.sampleShape))
      return fail(ErrorCode::fieldShape, slot.input,
                  fmt::format("{}{} a sample", nameOf(slot.type),
                              toString(slot.sampleShape)),
                  slot.field, toString(field->sampleShape));
    auto fitting = fieldFor(slot, *field, classes);
    if (!fitting)
      return fail(std::move(fitting.error()).at({data.name, 0, 0, ""}));
    bound.fields.emplace_back(slot.input, std::move(*fitting));
  }
  return bound;
}

const Field *BoundData::find(std::string_view name) const {
  for (const auto &[input, field] : fields)
    if (input == name)
      return field.get();
  return nullptr;
}

void BoundData::gather(std::span<const int64_t> indices,
                       BoundProgram &program) const {
  for (const auto &[input, field] : fields)
    if (void *memory = program.find(Role::input, input))
      nnc::gather(*field, indices, static_cast<std::byte *>(memory));
}

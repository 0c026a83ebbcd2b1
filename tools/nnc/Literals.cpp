//===- Literals.cpp - Arrays on the command line --------------------------===//

#include "Literals.h"
#include <charconv>
#include <optional>

using namespace nnc;
using namespace nnc::tool;

/// Literals are typed by hand: this is far more than anyone types.
static constexpr int64_t mostElements = 1 << 24;

static std::optional<int64_t> parseSize(std::string_view text) {
  int64_t size = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size() || size < 0)
    return std::nullopt;
  return size;
}

Expected<Array> nnc::tool::parseLiteral(const std::string &text) {
  auto wrong = [&] {
    return fail(ErrorCode::badOptionValue, "--input",
                "SIZExSIZExTYPE=NUMBER,..., e.g. 2x3xf32=1,2,3,4,5,6", text);
  };
  size_t equals = text.find('=');
  if (equals == std::string::npos)
    return wrong();
  std::string_view head = std::string_view(text).substr(0, equals);
  std::vector<int64_t> shape;
  while (true) {
    size_t cross = head.find('x');
    if (cross == std::string_view::npos)
      break;
    std::optional<int64_t> size = parseSize(head.substr(0, cross));
    if (!size)
      return wrong();
    shape.push_back(*size);
    head.remove_prefix(cross + 1);
  }
  std::optional<ElementType> type = parseElementType(head);
  std::optional<int64_t> count = elementCountOf(shape);
  if (!type || !count || *count > mostElements)
    return wrong();
  std::vector<double> numbers;
  std::vector<int64_t> integers;
  std::string_view rest = std::string_view(text).substr(equals + 1);
  while (!rest.empty()) {
    size_t comma = rest.find(',');
    std::string_view word = rest.substr(0, comma);
    double number = 0;
    auto [end, error] =
        std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size())
      return wrong();
    numbers.push_back(number);
    // Whole numbers keep all their digits.
    int64_t integer = 0;
    auto whole =
        std::from_chars(word.data(), word.data() + word.size(), integer);
    integers.push_back(whole.ptr == end ? integer
                                        : static_cast<int64_t>(number));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size()
                                                       : comma + 1);
  }
  if (static_cast<int64_t>(numbers.size()) != *count)
    return wrong();
  bool isFloat = *type == ElementType::f32 || *type == ElementType::f64 ||
                 *type == ElementType::f16 || *type == ElementType::bf16;
  return isFloat ? Array::of(shape, numbers).to(*type)
                 : Array::of(shape, integers).to(*type);
}

static std::string elementText(const Array &array, int64_t index) {
  switch (array.type()) {
  case ElementType::f32:
    return fmt::format("{}", array.span<float>()[index]);
  case ElementType::f64:
    return fmt::format("{}", array.span<double>()[index]);
  case ElementType::i64:
    return fmt::format("{}", array.span<int64_t>()[index]);
  default:
    return fmt::format("{}", array.at(index));
  }
}

std::string nnc::tool::printLiteral(const Array &array) {
  std::string text;
  for (int64_t size : array.shape())
    text += fmt::format("{}x", size);
  text += fmt::format("{}=", nameOf(array.type()));
  for (int64_t i = 0; i < array.size(); ++i)
    text += (i ? "," : "") + elementText(array, i);
  return text;
}

std::string nnc::tool::printArray(const std::string &name, const Array &array) {
  std::string text = fmt::format("{}: {}{}\n", name, nameOf(array.type()),
                                 toString(array.shape()));
  int64_t width = array.rank() ? array.shape().back() : 1;
  for (int64_t i = 0; i < array.size(); ++i)
    text += elementText(array, i) + ((i + 1) % width ? " " : "\n");
  return text;
}

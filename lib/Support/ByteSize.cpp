//===- ByteSize.cpp - Sizes of memory as people write them ----------------===//

#include "nnc/Support/ByteSize.h"
#include <charconv>
#include <cmath>
#include <fmt/format.h>

using namespace nnc;

/// What a unit stands for, 0 if \p unit is none. Lower case.
static double unitBytes(const std::string &unit) {
  if (unit.empty() || unit == "b")
    return 1;
  constexpr std::string_view prefixes = "kmgt";
  size_t power = prefixes.find(unit[0]);
  if (power == std::string_view::npos)
    return 0;
  std::string rest = unit.substr(1);
  if (rest == "b")
    return std::pow(1000.0, power + 1);
  if (rest.empty() || rest == "ib")
    return std::pow(1024.0, power + 1);
  return 0;
}

std::optional<int64_t> nnc::parseByteSize(std::string_view text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(),
                                      number, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(number))
    return std::nullopt;
  std::string unit;
  for (const char *at = end; at != text.data() + text.size(); ++at)
    unit += *at >= 'A' && *at <= 'Z' ? static_cast<char>(*at - 'A' + 'a') : *at;
  double bytes = std::floor(number * unitBytes(unit));
  if (bytes < 1 || bytes >= 0x1p63)
    return std::nullopt;
  return static_cast<int64_t>(bytes);
}

std::string nnc::byteSizeText(int64_t bytes) {
  if (bytes < 1024)
    return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  const char *units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  int unit = -1;
  do {
    value /= 1024;
    ++unit;
  } while (value >= 999.95 && unit < 5);
  int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", value, digits, units[unit]);
}

//===- UTF8.h - Checking UTF-8 ----------------------------------*- C++ -*-===//

#ifndef NNC_SUPPORT_UTF8_H
#define NNC_SUPPORT_UTF8_H

#include <string_view>

namespace nnc {

/// The bytes of the well-formed UTF-8 sequence at \p text (no surrogates, no
/// overlong forms), or 0.
inline unsigned utf8Length(std::string_view text) {
  auto byte = [&](size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  auto follows = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  unsigned lead = byte(0), second = byte(1);
  if (lead < 0x80)
    return 1;
  if (lead >= 0xC2 && lead <= 0xDF)
    return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!follows(1) || !follows(2) || (lead == 0xE0 && second < 0xA0) ||
        (lead == 0xED && second >= 0xA0))
      return 0;
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!follows(1) || !follows(2) || !follows(3) ||
        (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second >= 0x90))
      return 0;
    return 4;
  }
  return 0;
}

} // namespace nnc

#endif // NNC_SUPPORT_UTF8_H

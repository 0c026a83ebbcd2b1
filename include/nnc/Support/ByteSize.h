//===- ByteSize.h - Sizes of memory as people write them --------*- C++ -*-===//

#ifndef NNC_SUPPORT_BYTESIZE_H
#define NNC_SUPPORT_BYTESIZE_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nnc {

/// The bytes of \p text: a positive number, perhaps with a fraction, and a
/// unit: nothing or B; kB, MB, GB, TB of powers of 1000; KiB, MiB, GiB, TiB, or
/// K, M, G, T, of powers of 1024. The letters' case does not matter. Nothing if
/// \p text is something else, less than one byte or 2^63 bytes and more.
std::optional<int64_t> parseByteSize(std::string_view text);

/// \p bytes in the largest binary unit that leaves at least one, with three
/// digits or more: "784 B", "1.53 MiB".
std::string byteSizeText(int64_t bytes);

} // namespace nnc

#endif // NNC_SUPPORT_BYTESIZE_H

//===- Safetensors.h - Weight files -----------------------------*- C++ -*-===//
//
// The safetensors format: 8 bytes with the header's length, a JSON header,
// the tensors' bytes without holes.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_FORMATS_SAFETENSORS_H
#define NNC_FORMATS_SAFETENSORS_H

#include "nnc/Formats/Array.h"
#include "nnc/Formats/AtomicFile.h"
#include "nnc/Support/Error.h"
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace nnc {

/// A named tensor in somebody else's memory. The bytes need not be aligned.
struct TensorView {
  std::string name;
  ElementType type = ElementType::f32;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;

  static TensorView of(const NamedArray &named) {
    return {named.name, named.array.type(), named.array.shape(),
            named.array.bytes()};
  }
  /// A copy that owns its bytes.
  Array toArray() const;
};

/// The tensors of a file in the order of its header, and its notes.
struct SafetensorsView {
  std::vector<TensorView> tensors;
  std::map<std::string, std::string> metadata;

  /// The tensor called \p name, or null.
  const TensorView *find(std::string_view name) const;
};

/// Reads the header of the file whose bytes are \p bytes; \p name stands for
/// it in errors. Errors: notThisFormat, truncatedFile, malformedFile (names
/// twice, offsets out of range, holes, overlaps, sizes that disagree with
/// shapes), unsupported (element types that nnc has not).
Expected<SafetensorsView> parseSafetensors(std::span<const std::byte> bytes,
                                           const std::string &name);

/// All tensors of the file at \p path, copied.
Expected<std::vector<NamedArray>> readSafetensors(const std::string &path);

/// How tensors are laid out in a file. Tensors whose size is a multiple of 64
/// bytes come first, then the rest by falling element size, so that those are
/// 64-byte aligned and all are aligned to their elements if the file is; the
/// header names them in the order given.
struct SafetensorsLayout {
  /// Length and JSON, padded with spaces to a multiple of 64 bytes.
  std::string header;
  /// The order of the tensors' bytes behind the header.
  std::vector<size_t> order;
  /// Bytes of the whole file.
  uint64_t size = 0;
};

/// Errors: malformedFile (two tensors of one name, a name that is reserved).
Expected<SafetensorsLayout>
layoutSafetensors(std::span<const TensorView> tensors,
                  const std::map<std::string, std::string> &metadata,
                  const std::string &name);

/// Writes \p tensors to \p path as a whole or not at all.
Expected<void>
writeSafetensors(const std::string &path, std::span<const TensorView> tensors,
                 const std::map<std::string, std::string> &metadata = {});

} // namespace nnc

#endif // NNC_FORMATS_SAFETENSORS_H

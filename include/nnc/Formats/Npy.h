//===- Npy.h - NumPy's .npy and .npz files ----------------------*- C++ -*-===//
//
// Format: NEP 1 and numpy.lib.format, versions 1 to 3.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_FORMATS_NPY_H
#define NNC_FORMATS_NPY_H

#include "nnc/Formats/Array.h"
#include "nnc/Support/Error.h"
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nnc {

/// The array of the .npy file whose bytes are \p bytes; \p name stands for it
/// in errors. Either byte order, either storage order. u16 becomes i32, u32
/// and u64 become i64 (a u64 that does not fit is an error). Errors:
/// notThisFormat, truncatedFile, malformedFile, unsupported (complex numbers,
/// text, records, objects).
Expected<Array> parseNpy(std::string_view bytes, const std::string &name);

/// parseNpy on the file at \p path.
Expected<Array> readNpy(const std::string &path);

/// The bytes of \p array as a .npy file, version 1. Errors: unsupported (bf16,
/// which NumPy has not).
Expected<std::string> formatNpy(const Array &array);

/// Writes \p array to \p path as a whole or not at all.
Expected<void> writeNpy(const std::string &path, const Array &array);

/// The arrays of the .npz file at \p path in its order, names without ".npy".
/// Errors: those of ZipReader and parseNpy; malformedFile for members that are
/// no arrays.
Expected<std::vector<NamedArray>> readNpz(const std::string &path);

/// Writes \p arrays to \p path, stored, as a whole or not at all.
Expected<void> writeNpz(const std::string &path,
                        std::span<const NamedArray> arrays);

} // namespace nnc

#endif // NNC_FORMATS_NPY_H

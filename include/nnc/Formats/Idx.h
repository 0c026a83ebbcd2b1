//===- Idx.h - The IDX files of MNIST ---------------------------*- C++ -*-===//
//
// Format: Y. LeCun, C. Cortes, C. Burges, The MNIST database: two zero bytes,
// a type, a rank, big-endian sizes and elements; plain or gzip-compressed.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_FORMATS_IDX_H
#define NNC_FORMATS_IDX_H

#include "nnc/Formats/Array.h"
#include "nnc/Support/Error.h"
#include <string>

namespace nnc {

/// The array of the IDX file at \p path. Errors: fileNotFound, fileRead,
/// notThisFormat (bad magic), truncatedFile, malformedFile (impossible sizes,
/// bytes behind the end, a damaged gzip stream).
Expected<Array> readIdx(const std::string &path);

} // namespace nnc

#endif // NNC_FORMATS_IDX_H

//===- Initializers.h - How parameters start --------------------*- C++ -*-===//

#ifndef NNC_TRAINING_INITIALIZERS_H
#define NNC_TRAINING_INITIALIZERS_H

#include "nnc/Runtime/Signature.h"
#include "nnc/Support/Error.h"
#include <cstdint>
#include <string_view>

namespace nnc {

/// FNV-1a: what tells the random numbers of one parameter or op from another's.
constexpr uint32_t hashOfName(std::string_view name) {
  uint32_t hash = 2166136261u;
  for (char byte : name)
    hash = (hash ^ static_cast<uint8_t>(byte)) * 16777619u;
  return hash;
}

/// Fills \p data, the memory of \p argument, by the argument's initialiser
/// ("zeros" if it has none). Random numbers are a function of \p seed and the
/// argument's name. Variances, with in and out the argument's fans (without
/// them those of a weight [in, out]):
///
///   glorot 2 / (in + out)   (Glorot, Bengio 2010, equations 12 and 16)
///   he 2 / in               (He et al. 2015, equation 10)
///   lecun 1 / in            (LeCun et al. 1998, Efficient BackProp,
///   section 4.6)
///
/// orthogonal: the rows (or columns, if there are more rows) of the matrix of
/// the leading size by the rest are orthonormal, times gain (Saxe et al. 2014).
/// Errors: those of evaluating the text, initializerShape.
Expected<void> initialize(const Argument &argument, uint64_t seed, void *data);

} // namespace nnc

#endif // NNC_TRAINING_INITIALIZERS_H

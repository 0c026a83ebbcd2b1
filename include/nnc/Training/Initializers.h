//===- Initializers.h - How parameters start --------------------*- C++ -*-===//

#ifndef NNC_TRAINING_INITIALIZERS_H
#define NNC_TRAINING_INITIALIZERS_H

#include "nnc/Formats/Array.h"
#include "nnc/Runtime/Signature.h"
#include "nnc/Support/Error.h"

namespace nnc {

/// Inputs and outputs of a weight: [n, m] has n and m; [m, n, k…] has n and m
/// times the elements of k…; a vector its length twice; a scalar 1 and 1.
struct Fans {
  int64_t in = 1, out = 1;
};
Fans fansOf(const std::vector<int64_t> &shape);

/// The starting value of the parameter, state or optimiser state that
/// \p argument describes, by its initialiser (an expression of the language;
/// none: zeros). A function of \p seed and the argument's name alone. Errors:
/// those of the language in the expression; wrongInitializer where it does not
/// suit the shape.
Expected<Array> initialValue(const Argument &argument, uint64_t seed);

} // namespace nnc

#endif // NNC_TRAINING_INITIALIZERS_H

//===- Signature.h - What a compiled program takes and gives ----*- C++ -*-===//
//
// A program is one entry function and this description of its arguments.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_RUNTIME_SIGNATURE_H
#define NNC_RUNTIME_SIGNATURE_H

#include "nnc/Support/ElementType.h"
#include "nnc/Support/Error.h"
#include <string>
#include <vector>

namespace nnc {

/// What an argument of a program is for.
enum class Role : uint8_t {
  input,     ///< Data of this call; read only.
  parameter, ///< Trained; in a training step read and updated in place.
  state,     ///< Not trained but kept with the model (running statistics).
  optimizer, ///< Optimiser state of the parameter named in `owner`.
  scalar,    ///< One element that changes between steps: "learning_rate",
             ///< "step" (i64, from 1), "seed" (i64), or the value of the
             ///< schedule whose text stands in `initializer`.
  output,    ///< Written by the program.
};

std::string_view nameOf(Role role);

/// One argument of a program.
struct Argument {
  std::string name;
  Role role = Role::input;
  ElementType type = ElementType::f32;
  /// Sizes, row-major; the leading one is the capacity where `batched`.
  std::vector<int64_t> shape;
  /// The leading dimension is `samples * rowsPerSample` at run time, where
  /// `samples` is extents[0] of the call.
  bool batched = false;
  int64_t rowsPerSample = 1;
  /// How a parameter or state starts, as nnc-language text, e.g.
  /// "glorot_uniform" or "constant(0.5)"; the schedule of a scalar; of an
  /// optimiser state its initialiser ("zeros" if empty).
  std::string initializer;
  /// fan_in and fan_out for the initialisers that need them.
  int64_t fanIn = 0, fanOut = 0;
  /// The parameter an optimiser state belongs to.
  std::string owner;

  int64_t elementCount() const;
  int64_t byteCount() const { return elementCount() * sizeOf(type); }
};

/// The description of a compiled program.
struct Signature {
  std::string model;  ///< The model's name.
  std::string entry;  ///< The entry function's symbol.
  std::string target; ///< The target description's name.
  int64_t batch = 1;  ///< Samples a call at most.
  int64_t arenaBytes = 0;
  /// Smallest team that pays; 1 for small work.
  int64_t preferredThreads = 1;
  int64_t flop = 0; ///< Multiply-adds of products times 2, a full batch.
  /// Arithmetic that a bound of memory costs: of values that are computed again.
  int64_t recomputedFlop = 0;
  /// It runs only where requestTileRegisters() succeeds.
  bool usesTiles = false;
  std::vector<Argument> arguments;

  /// Bytes of all arguments and of the arena.
  int64_t memoryBytes() const;
  /// The index of the argument called \p name with \p role, or -1.
  int indexOf(Role role, std::string_view name) const;
  std::vector<int> indicesOf(Role role) const;

  /// One JSON object, and back. Unknown or missing keys are errors.
  std::string toJson() const;
  static Expected<Signature> fromJson(std::string_view text);
};

} // namespace nnc

#endif // NNC_RUNTIME_SIGNATURE_H

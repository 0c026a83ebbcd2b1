//===- Session.h - Programs over one set of parameters ----------*- C++ -*-===//

#ifndef NNC_TRAINING_SESSION_H
#define NNC_TRAINING_SESSION_H

#include "nnc/Data/Dataset.h"
#include "nnc/Runtime/Executable.h"
#include <map>
#include <memory>

namespace nnc {

/// Named tensors that programs share and update in place.
class ParameterStore {
public:
  struct Entry {
    Argument argument;
    AlignedBuffer buffer;
    std::span<const std::byte> bytes() const {
      return {static_cast<const std::byte *>(buffer.data()),
              static_cast<size_t>(argument.byteCount())};
    }
  };

  /// Makes an entry for each parameter, state and optimiser state of
  /// \p signature that is not there yet, with its initial value by \p seed.
  /// Names of optimiser states get \p prefix. Errors: those of initialValue;
  /// wrongWeights if an entry of this name has another shape or type.
  Expected<void> declare(const Signature &signature, uint64_t seed,
                         const std::string &prefix = "");

  /// Copies \p array, converted to the entry's element type, into the entry
  /// \p name. Errors: wrongWeights.
  Expected<void> assign(const std::string &name, const Array &array);

  Entry *find(const std::string &name);
  /// In the order they were declared.
  const std::vector<std::unique_ptr<Entry>> &all() const { return entries; }

private:
  std::vector<std::unique_ptr<Entry>> entries;
  std::map<std::string, Entry *> byName;
};

/// A program with buffers for its inputs, scalars and outputs, and the store's
/// for the rest.
class BoundProgram {
public:
  /// All names of \p program's signature must be in \p store.
  BoundProgram(Program program, ParameterStore &store,
               const std::string &prefix = "");

  const Signature &signature() const { return executable->signature(); }

  /// The buffer of the input, scalar or output \p name, or null.
  void *find(Role role, const std::string &name);
  template <typename T> T *find(Role role, const std::string &name) {
    return static_cast<T *>(find(role, name));
  }
  /// Sets the scalar \p name, converted to its element type, if the program
  /// takes one of that name.
  void setScalar(const std::string &name, double value);
  /// The number in the first element of the output \p name; NaN without one.
  double output(const std::string &name);

  Expected<void> run(int64_t samples, unsigned threads) {
    return executable->run(views, samples, threads);
  }

private:
  std::unique_ptr<Executable> executable;
  std::vector<AlignedBuffer> owned;
  std::vector<ArgumentView> views;
};

/// Copies the samples \p indices of the fields of \p data into the inputs of
/// \p program that \p binding names (input to field). Errors: those of the
/// fields' shapes were found when bound.
void gatherInputs(BoundProgram &program,
                  const std::map<std::string, const Field *> &binding,
                  std::span<const int64_t> indices);

} // namespace nnc

#endif // NNC_TRAINING_SESSION_H

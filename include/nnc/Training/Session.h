//===- Session.h - Programs over one set of parameters ----------*- C++ -*-===//
//
// Training, validation and prediction are several programs that share the
// parameters of one model.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_TRAINING_SESSION_H
#define NNC_TRAINING_SESSION_H

#include "nnc/Formats/Safetensors.h"
#include "nnc/Runtime/Executable.h"
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace nnc {

/// Named tensors that programs share and update in place: parameters, states
/// and the state of optimisers.
class ParameterStore {
public:
  struct Entry {
    /// Its name is that in the store.
    Argument argument;
    AlignedBuffer buffer;

    std::span<const std::byte> bytes() const {
      return {static_cast<const std::byte *>(buffer.data()),
              static_cast<size_t>(argument.byteCount())};
    }
    TensorView view() const {
      return {argument.name, argument.type, argument.shape, bytes()};
    }
    bool isWeight() const { return argument.role != Role::optimizer; }
  };

  /// The name in the store of an argument whose program has \p prefix: the
  /// state of an optimiser belongs to one program, the rest is shared.
  static std::string nameOf(const Argument &argument,
                            const std::string &prefix) {
    return argument.role == Role::optimizer ? prefix + argument.name
                                            : argument.name;
  }

  /// Makes an entry for each parameter, state and optimiser state of
  /// \p signature that is not there yet, with its initial value by \p seed.
  /// Errors: those of initialize; weightMismatch if there is an entry of this
  /// name with another shape or type; outOfMemory.
  Expected<void> declare(const Signature &signature, uint64_t seed,
                         const std::string &prefix = "");

  /// Copies \p tensor into the entry of its name; floats are converted.
  /// Errors: unknownWeight, weightMismatch.
  Expected<void> assign(const TensorView &tensor);

  /// Assigns all parameters and states from \p tensors, from the file \p name.
  /// Errors: those of assign; missingWeight.
  Expected<void> assignWeights(std::span<const TensorView> tensors,
                               const std::string &name);

  Entry *find(const std::string &name) const;
  /// In the order they were declared.
  const std::vector<std::unique_ptr<Entry>> &all() const { return entries; }

  /// The parameters and states, in order.
  std::vector<TensorView> weights() const;
  /// The rest.
  std::vector<TensorView> optimizerStates() const;
  /// Elements of all parameters.
  int64_t parameterCount() const;

private:
  std::vector<std::unique_ptr<Entry>> entries;
  std::map<std::string, Entry *> byName;
};

/// A program with buffers of its own for inputs, scalars and outputs, and the
/// store's for the rest.
class BoundProgram {
public:
  /// Everything that \p executable shares must have been declared in \p store
  /// with the same \p prefix. Errors: outOfMemory.
  static Expected<BoundProgram> make(std::unique_ptr<Executable> executable,
                                     const ParameterStore &store,
                                     const std::string &prefix = "");

  const Signature &signature() const { return executable->signature(); }
  int64_t batch() const { return signature().batch; }

  /// The argument \p index of the signature.
  void *data(int index) const { return views[index].data; }
  /// Makes argument \p index lie at \p memory, which is aligned to 64 bytes,
  /// large enough for it and outlives the program.
  void attach(int index, void *memory) { views[index].data = memory; }
  /// The memory of the argument \p name with \p role, or null.
  void *find(Role role, std::string_view name) const;

  /// Sets the scalar \p name, converted to its element type, if the program
  /// takes one of that name.
  void setScalar(std::string_view name, double value);
  void setScalar(std::string_view name, int64_t value);

  /// The number in the first element of the output \p name; NaN without one.
  double output(std::string_view name) const;
  /// The index of the model's first result: the first output that is not the
  /// loss, or the loss if it is alone; -1 without outputs.
  int firstResult() const;

  /// Runs on at most \p threads threads (0: as many as there are), fewer if
  /// the program's work is not worth them. \p sameParameters as of Executable.
  Expected<void> run(int64_t samples, unsigned threads,
                     bool sameParameters = false);

private:
  std::unique_ptr<Executable> executable;
  std::vector<AlignedBuffer> owned;
  std::vector<ArgumentView> views;
};

} // namespace nnc

#endif // NNC_TRAINING_SESSION_H

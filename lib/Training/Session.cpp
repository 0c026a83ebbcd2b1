//===- Session.cpp - Programs over one set of parameters ------------------===//

#include "nnc/Training/Session.h"
#include "nnc/Runtime/SystemMemory.h"
#include "nnc/Training/Initializers.h"
#include <algorithm>
#include <cstring>
#include <limits>

using namespace nnc;

static bool isStored(Role role) {
  return role == Role::parameter || role == Role::state ||
         role == Role::optimizer;
}

static std::string describe(ElementType type, std::span<const int64_t> shape) {
  return std::string(nameOf(type)) + toString(shape);
}

static bool isFloat(ElementType type) {
  return type == ElementType::f32 || type == ElementType::f64 ||
         type == ElementType::f16 || type == ElementType::bf16;
}

//===----------------------------------------------------------------------===//
// ParameterStore
//===----------------------------------------------------------------------===//

ParameterStore::Entry *ParameterStore::find(const std::string &name) const {
  auto found = byName.find(name);
  return found == byName.end() ? nullptr : found->second;
}

Expected<void> ParameterStore::declare(const Signature &signature,
                                       uint64_t seed,
                                       const std::string &prefix) {
  int64_t bytes = 0;
  for (const Argument &argument : signature.arguments)
    if (isStored(argument.role) && !find(nameOf(argument, prefix)))
      bytes += argument.byteCount();
  if (auto fits = checkMemory(bytes, "what the model keeps"); !fits)
    return fits;
  for (const Argument &argument : signature.arguments) {
    if (!isStored(argument.role))
      continue;
    std::string name = nameOf(argument, prefix);
    if (Entry *known = find(name)) {
      if (known->argument.shape != argument.shape ||
          known->argument.type != argument.type)
        return fail(ErrorCode::weightMismatch, name,
                    describe(argument.type, argument.shape),
                    describe(known->argument.type, known->argument.shape));
      continue;
    }
    auto entry = std::make_unique<Entry>();
    entry->argument = argument;
    entry->buffer = AlignedBuffer(argument.byteCount());
    if (!entry->buffer.data())
      return fail(ErrorCode::outOfMemory, argument.byteCount());
    // The numbers go by the parameter's own name, whatever the prefix.
    if (auto done = initialize(argument, seed, entry->buffer.data()); !done)
      return done;
    entry->argument.name = name;
    byName[name] = entry.get();
    entries.push_back(std::move(entry));
  }
  return {};
}

Expected<void> ParameterStore::assign(const TensorView &tensor) {
  Entry *entry = find(tensor.name);
  if (!entry)
    return fail(ErrorCode::unknownWeight, tensor.name);
  const Argument &argument = entry->argument;
  bool convertible = tensor.type == argument.type ||
                     (isFloat(tensor.type) && isFloat(argument.type));
  if (argument.shape != tensor.shape || !convertible)
    return fail(ErrorCode::weightMismatch, tensor.name,
                describe(argument.type, argument.shape),
                describe(tensor.type, tensor.shape));
  if (tensor.type == argument.type) {
    std::memcpy(entry->buffer.data(), tensor.bytes.data(), tensor.bytes.size());
    return {};
  }
  Array converted = tensor.toArray().to(argument.type);
  std::memcpy(entry->buffer.data(), converted.data(), converted.byteSize());
  return {};
}

Expected<void>
ParameterStore::assignWeights(std::span<const TensorView> tensors,
                              const std::string &name) {
  for (const TensorView &tensor : tensors)
    if (auto done = assign(tensor); !done)
      return done;
  for (const auto &entry : entries) {
    bool isGiven = false;
    for (const TensorView &tensor : tensors)
      isGiven |= tensor.name == entry->argument.name;
    if (entry->isWeight() && !isGiven)
      return fail(ErrorCode::missingWeight, name, entry->argument.name);
  }
  return {};
}

std::vector<TensorView> ParameterStore::weights() const {
  std::vector<TensorView> views;
  for (const auto &entry : entries)
    if (entry->isWeight())
      views.push_back(entry->view());
  return views;
}

std::vector<TensorView> ParameterStore::optimizerStates() const {
  std::vector<TensorView> views;
  for (const auto &entry : entries)
    if (!entry->isWeight())
      views.push_back(entry->view());
  return views;
}

int64_t ParameterStore::parameterCount() const {
  int64_t count = 0;
  for (const auto &entry : entries)
    if (entry->argument.role == Role::parameter)
      count += entry->argument.elementCount();
  return count;
}

//===----------------------------------------------------------------------===//
// BoundProgram
//===----------------------------------------------------------------------===//

Expected<BoundProgram>
BoundProgram::make(std::unique_ptr<Executable> executable,
                   const ParameterStore &store, const std::string &prefix) {
  BoundProgram program;
  program.executable = std::move(executable);
  for (const Argument &argument : program.signature().arguments) {
    if (isStored(argument.role)) {
      ParameterStore::Entry *entry =
          store.find(ParameterStore::nameOf(argument, prefix));
      if (!entry)
        return fail(ErrorCode::internal,
                    "the program's '" + argument.name + "' was not declared");
      program.views.push_back({entry->buffer.data(), argument.byteCount()});
      continue;
    }
    program.owned.emplace_back(argument.byteCount());
    if (!program.owned.back().data())
      return fail(ErrorCode::outOfMemory, argument.byteCount());
    program.views.push_back(
        {program.owned.back().data(), argument.byteCount()});
  }
  return program;
}

void *BoundProgram::find(Role role, std::string_view name) const {
  int index = signature().indexOf(role, name);
  return index < 0 ? nullptr : views[index].data;
}

template <typename T>
static void storeScalar(ElementType type, void *memory, T value) {
  switch (type) {
  case ElementType::f32:
    *static_cast<float *>(memory) = static_cast<float>(value);
    return;
  case ElementType::f64:
    *static_cast<double *>(memory) = static_cast<double>(value);
    return;
  case ElementType::i64:
    *static_cast<int64_t *>(memory) = static_cast<int64_t>(value);
    return;
  case ElementType::i32:
    *static_cast<int32_t *>(memory) = static_cast<int32_t>(value);
    return;
  default:
    return;
  }
}

void BoundProgram::setScalar(std::string_view name, double value) {
  if (int index = signature().indexOf(Role::scalar, name); index >= 0)
    storeScalar(signature().arguments[index].type, views[index].data, value);
}

void BoundProgram::setScalar(std::string_view name, int64_t value) {
  if (int index = signature().indexOf(Role::scalar, name); index >= 0)
    storeScalar(signature().arguments[index].type, views[index].data, value);
}

double BoundProgram::output(std::string_view name) const {
  int index = signature().indexOf(Role::output, name);
  if (index < 0)
    return std::numeric_limits<double>::quiet_NaN();
  if (signature().arguments[index].type == ElementType::f32)
    return *static_cast<const float *>(views[index].data);
  if (signature().arguments[index].type == ElementType::f64)
    return *static_cast<const double *>(views[index].data);
  return std::numeric_limits<double>::quiet_NaN();
}

int BoundProgram::firstResult() const {
  for (int index : signature().indicesOf(Role::output))
    if (signature().arguments[index].name != "loss")
      return index;
  return signature().indexOf(Role::output, "loss");
}

Expected<void> BoundProgram::run(int64_t samples, unsigned threads,
                                 bool sameParameters) {
  auto worthwhile = static_cast<unsigned>(
      std::clamp<int64_t>(signature().preferredThreads, 1, 1 << 16));
  return executable->run(views, samples,
                         threads ? std::min(threads, worthwhile) : 0,
                         sameParameters);
}

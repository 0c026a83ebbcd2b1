//===- Divergence.cpp - Why a training diverged ---------------------------===//

#include "Divergence.h"
#include "nnc/Training/Trainer.h"
#include <cmath>
#include <cstring>

using namespace nnc;

static bool isStored(Role role) {
  return role == Role::parameter || role == Role::state ||
         role == Role::optimizer;
}

std::vector<NamedArray> nnc::storedArguments(const BoundProgram &program) {
  std::vector<NamedArray> list;
  const std::vector<Argument> &arguments = program.signature().arguments;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!isStored(arguments[i].role))
      continue;
    Array array(arguments[i].type, arguments[i].shape);
    std::memcpy(array.data(), program.data(static_cast<int>(i)),
                array.byteSize());
    list.push_back({arguments[i].name, std::move(array)});
  }
  return list;
}

/// The first element of \p array that is not finite, or -1.
static int64_t firstNonFinite(const Array &array) {
  for (int64_t i = 0; i < array.size(); ++i)
    if (!std::isfinite(array.at(i)))
      return i;
  return -1;
}

bool nnc::areFinite(const std::vector<NamedArray> &arrays) {
  for (const NamedArray &entry : arrays)
    if (firstNonFinite(entry.array) >= 0)
      return false;
  return true;
}

/// The first sample of \p indices that is not finite in a field of \p data
/// which \p binding binds.
static std::optional<ErrorNote> findInData(const Dataset &data,
                                           const DataBinding &binding,
                                           std::span<const int64_t> indices) {
  for (const DataBinding::Slot &slot : binding.slots) {
    const Field *field = data.find(slot.field);
    if (!field || field->isRagged())
      continue;
    int64_t size = field->sampleSize();
    for (int64_t sample : indices)
      for (int64_t i = sample * size; i < (sample + 1) * size; ++i)
        if (double value = field->values.at(i); !std::isfinite(value))
          return ErrorNote{{data.name, 0, 0, ""},
                           fmt::format("'{}' of sample {} holds {}",
                                       field->name, sample,
                                       std::isnan(value) ? "NaN" : "Inf")};
  }
  return std::nullopt;
}

Error Trainer::divergence(const Step &step, std::span<const int64_t> indices,
                          int64_t samples, double loss,
                          const std::vector<NamedArray> &before) {
  // The sign of a NaN says nothing.
  Error error =
      makeError(ErrorCode::diverged, std::isnan(loss) ? std::abs(loss) : loss,
                state.batch + 1, state.epoch + 1);
  if (auto note = findInData(data.train, step.binding, indices)) {
    error.notes.push_back(std::move(*note));
    return error;
  }
  if (!options.checkNan)
    return error;
  Compiler::ArgumentBytes bytes;
  const std::vector<Argument> &arguments = step.program->signature().arguments;
  for (size_t i = 0; i < arguments.size(); ++i)
    bytes[arguments[i].name] = {
        static_cast<const std::byte *>(step.program->data(static_cast<int>(i))),
        static_cast<size_t>(arguments[i].byteCount())};
  for (const NamedArray &entry : before)
    bytes[entry.name] = TensorView::of(entry).bytes;
  CompileOptions request = step.request;
  if (readsData())
    request.sizes["batch"] = samples;
  Expected<Compiler *> compiler = provider.compiler();
  if (!compiler)
    return std::move(compiler.error());
  auto found = (*compiler)->firstNonFinite(model.source, request, bytes);
  if (!found)
    return std::move(found.error());
  if (*found)
    error.notes.push_back(std::move(**found));
  else
    error.notes.push_back({{},
                           "op by op all values are finite: only in the fused "
                           "program one is not"});
  return error;
}

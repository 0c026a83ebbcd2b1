//===- Session.cpp - Programs over one set of parameters ------------------===//

#include "nnc/Training/Session.h"
#include "nnc/Training/Initializers.h"
#include <cstring>
#include <limits>

using namespace nnc;

static std::string storeName(const Argument &argument,
                             const std::string &prefix) {
  return argument.role == Role::optimizer ? prefix + argument.name
                                          : argument.name;
}

static bool isStored(Role role) {
  return role == Role::parameter || role == Role::state ||
         role == Role::optimizer;
}

//===----------------------------------------------------------------------===//
// ParameterStore
//===----------------------------------------------------------------------===//

ParameterStore::Entry *ParameterStore::find(const std::string &name) {
  auto found = byName.find(name);
  return found == byName.end() ? nullptr : found->second;
}

Expected<void> ParameterStore::declare(const Signature &signature,
                                       uint64_t seed,
                                       const std::string &prefix) {
  for (const Argument &argument : signature.arguments) {
    if (!isStored(argument.role))
      continue;
    std::string name = storeName(argument, prefix);
    if (Entry *known = find(name)) {
      if (known->argument.shape != argument.shape ||
          known->argument.type != argument.type)
        return fail(ErrorCode::wrongWeights, name, toString(argument.shape),
                    toString(known->argument.shape));
      continue;
    }
    auto value = initialValue(argument, seed);
    if (!value)
      return fail(std::move(value).error());
    auto entry = std::make_unique<Entry>();
    entry->argument = argument;
    entry->argument.name = name;
    entry->buffer = AlignedBuffer(argument.byteCount());
    if (!entry->buffer.data())
      return fail(ErrorCode::outOfMemory, argument.byteCount());
    std::memcpy(entry->buffer.data(), value->data(), value->byteSize());
    byName[name] = entry.get();
    entries.push_back(std::move(entry));
  }
  return {};
}

Expected<void> ParameterStore::assign(const std::string &name,
                                      const Array &array) {
  Entry *entry = find(name);
  if (!entry)
    return fail(ErrorCode::unknownWeight, name);
  if (entry->argument.shape != array.shape())
    return fail(ErrorCode::wrongWeights, name, toString(entry->argument.shape),
                toString(array.shape()));
  Array converted = array.to(entry->argument.type);
  std::memcpy(entry->buffer.data(), converted.data(), converted.byteSize());
  return {};
}

//===----------------------------------------------------------------------===//
// BoundProgram
//===----------------------------------------------------------------------===//

BoundProgram::BoundProgram(Program program, ParameterStore &store,
                           const std::string &prefix)
    : executable(std::make_unique<Executable>(std::move(program))) {
  for (const Argument &argument : signature().arguments) {
    if (isStored(argument.role)) {
      ParameterStore::Entry *entry = store.find(storeName(argument, prefix));
      views.push_back({entry->buffer.data(), argument.byteCount()});
      continue;
    }
    owned.emplace_back(argument.byteCount());
    views.push_back({owned.back().data(), argument.byteCount()});
  }
}

void *BoundProgram::find(Role role, const std::string &name) {
  int index = signature().indexOf(role, name);
  return index < 0 ? nullptr : views[index].data;
}

void BoundProgram::setScalar(const std::string &name, double value) {
  int index = signature().indexOf(Role::scalar, name);
  if (index < 0)
    return;
  Array converted = Array::of<double>({}, {value});
  const Argument &argument = signature().arguments[index];
  // Whole numbers keep all 64 bits.
  if (argument.type == ElementType::i64)
    converted = Array::of<int64_t>({}, {static_cast<int64_t>(value)});
  else
    converted = converted.to(argument.type);
  std::memcpy(views[index].data, converted.data(), converted.byteSize());
}

double BoundProgram::output(const std::string &name) {
  int index = signature().indexOf(Role::output, name);
  if (index < 0)
    return std::numeric_limits<double>::quiet_NaN();
  Array value(signature().arguments[index].type, {});
  std::memcpy(value.data(), views[index].data, value.byteSize());
  return value.at(0);
}

void nnc::gatherInputs(BoundProgram &program,
                       const std::map<std::string, const Field *> &binding,
                       std::span<const int64_t> indices) {
  for (const auto &[input, field] : binding) {
    void *buffer = program.find(Role::input, input);
    if (buffer)
      gather(*field, indices, static_cast<std::byte *>(buffer));
  }
}

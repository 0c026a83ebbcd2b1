//===- PreparedValues.cpp - Values computed when compiling ----------------===//

#include "PreparedValues.h"
#include "nnc/Execution/JITSession.h"
#include "nnc/Runtime/Executable.h"
#include "nnc/Runtime/Team.h"
#include <cstring>

using namespace nnc;

Expected<TargetDescription>
nnc::preparingMachine(const TargetDescription &target) {
  Expected<TargetDescription> machine = TargetDescription::host();
  if (machine)
    machine->bf16 &= target.bf16;
  return machine;
}

/// Copies of the weights that \p preparation reads, aligned as programs expect;
/// other arguments are empty.
static Expected<std::vector<AlignedBuffer>>
copyArguments(const Preparation &preparation, const Signature &program,
              const WeightBytes &weights) {
  std::vector<AlignedBuffer> copies(program.arguments.size());
  for (const auto &[number, argument] : llvm::enumerate(program.arguments)) {
    if (!preparation.reads[number])
      continue;
    auto found = weights.find(argument.name);
    if (found == weights.end())
      return fail(ErrorCode::missingWeight, program.entry, argument.name);
    copies[number] = AlignedBuffer(argument.byteCount());
    if (!copies[number].data())
      return fail(ErrorCode::outOfMemory, argument.byteCount());
    std::memcpy(copies[number].data(), found->second, argument.byteCount());
  }
  return copies;
}

Expected<std::vector<std::string>>
nnc::computePrepared(Preparation &preparation, const Signature &program,
                     const WeightBytes &weights,
                     const TargetDescription &machine) {
  auto copies = copyArguments(preparation, program, weights);
  if (!copies)
    return fail(std::move(copies).error());
  AlignedBuffer arena(preparation.arenaBytes);
  if (!arena.data())
    return fail(ErrorCode::outOfMemory, preparation.arenaBytes);

  EmitOptions emit;
  emit.exports = {preparation.entry};
  auto objects = emitObjects(*preparation.module, machine, emit);
  if (!objects)
    return fail(std::move(objects).error());
  auto session = JITSession::create(*objects);
  if (!session)
    return fail(std::move(session).error());
  auto entry = (*session)->lookup(preparation.entry);
  if (!entry)
    return fail(std::move(entry).error());

  std::vector<void *> pointers;
  for (const AlignedBuffer &copy : *copies)
    pointers.push_back(copy.data());
  const int64_t extents[] = {program.batch, 0};
  runOnTeam(reinterpret_cast<nnc_rt_entry>(*entry), pointers.data(),
            arena.data(), extents, /*threads=*/1);

  std::vector<std::string> values;
  for (const Preparation::Value &value : preparation.values)
    values.emplace_back(static_cast<const char *>(arena.data()) + value.offset,
                        value.bytes);
  return values;
}

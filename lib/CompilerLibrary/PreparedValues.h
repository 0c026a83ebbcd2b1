//===- PreparedValues.h - Values computed when compiling --------*- C++ -*-===//

#ifndef NNC_LIB_COMPILERLIBRARY_PREPAREDVALUES_H
#define NNC_LIB_COMPILERLIBRARY_PREPAREDVALUES_H

#include "nnc/Execution/ProgramCompiler.h"
#include "llvm/ADT/StringMap.h"

namespace nnc {

/// The values of weights by their names.
using WeightBytes = llvm::StringMap<const void *>;

/// This machine as it prepares values for \p target: rounding to bf16 as that
/// one does. Fails as TargetDescription::host().
Expected<TargetDescription> preparingMachine(const TargetDescription &target);

/// Compiles \p preparation for \p machine and runs it with \p weights; the
/// bytes of each of its values. \p program describes its arguments. Fails with
/// `missingWeight`, `outOfMemory`, `codeGeneration`.
Expected<std::vector<std::string>>
computePrepared(Preparation &preparation, const Signature &program,
                const WeightBytes &weights, const TargetDescription &machine);

} // namespace nnc

#endif // NNC_LIB_COMPILERLIBRARY_PREPAREDVALUES_H

//===- CHeader.cpp - The C header of an object ----------------------------===//

#include "AheadOfTime.h"

using namespace nnc;

static const char *cTypeOf(ElementType type) {
  switch (type) {
  case ElementType::f32:
    return "float";
  case ElementType::f64:
    return "double";
  case ElementType::f16:
  case ElementType::bf16:
    return "uint16_t";
  case ElementType::i64:
    return "int64_t";
  case ElementType::i32:
    return "int32_t";
  case ElementType::i16:
    return "int16_t";
  case ElementType::i8:
    return "int8_t";
  case ElementType::u8:
  case ElementType::boolean:
    return "uint8_t";
  }
  return "void";
}

namespace {

/// Writes what stands in the header for one function.
class FunctionText {
public:
  FunctionText(const ObjectContents &contents, const ObjectFunction &function);

  /// Comments and constants, and the declarations.
  std::string constants() const;
  std::string declarations() const;

private:
  std::string prefix() const { return contents.name + "_" + function.name; }
  /// "DIGITS_" or "DIGITS_TRAIN_STEP_".
  std::string upperPrefix() const {
    std::string text = contents.name;
    if (function.name != "run")
      text += "_" + function.name;
    return llvm::StringRef(text).upper() + "_";
  }

  const ObjectContents &contents;
  const ObjectFunction &function;
  std::string formals, actuals, documentation, sizes;
};

} // namespace

FunctionText::FunctionText(const ObjectContents &contents,
                           const ObjectFunction &function)
    : contents(contents), function(function) {
  const Signature &signature = function.largest();
  std::vector<std::string> names = cNamesOf(signature);
  for (size_t i = 0; i < names.size(); ++i) {
    const Argument &argument = signature.arguments[i];
    const char *type = cTypeOf(argument.type);
    if (isBound(contents, argument))
      continue;
    actuals += names[i] + ", ";
    if (argument.role == Role::scalar) {
      formals += fmt::format("{} {}, ", type, names[i]);
      documentation += fmt::format("   {}: one {}\n", names[i], type);
      continue;
    }
    bool isChanged = argument.role == Role::output ||
                     (function.name != "run" && argument.role != Role::input);
    formals +=
        fmt::format("{}{} *{}, ", isChanged ? "" : "const ", type, names[i]);
    documentation += fmt::format("   {}: {} [{}], {}\n", names[i], type,
                                 fmt::join(argument.shape, ", "),
                                 argument.role == Role::output ? "written"
                                 : isChanged ? "read and changed"
                                             : "read");
    sizes +=
        fmt::format("#define {}{}_ELEMENTS {}\n", upperPrefix(),
                    llvm::StringRef(names[i]).upper(), argument.elementCount());
  }
}

std::string FunctionText::constants() const {
  return fmt::format("/* {}:\n{}*/\n#define {}BATCH {}\n"
                     "#define {}ARENA_BYTES {}\n{}",
                     prefix(), documentation, upperPrefix(),
                     function.largest().batch, upperPrefix(),
                     function.arenaBytes(), sizes);
}

std::string FunctionText::declarations() const {
  std::string bySize;
  if (function.programs.size() > 1)
    for (const Signature &program : function.programs)
      bySize += fmt::format("/* {0} samples. */\n"
                            "int {1}_{0}({2}void *arena);\n",
                            program.batch, prefix(), formals);
  if (function.name == "run" && function.isBatched())
    bySize += fmt::format("/* Any number of samples, {}BATCH at a time. */\n"
                          "int {}_samples({}int64_t samples, void *arena);\n",
                          upperPrefix(), prefix(), formals);
  return fmt::format(
      R"(/* {upper}BATCH samples on this thread. */
int {prefix}({formals}void *arena);
{bySize}/* The share of thread `index` of `count`; team->barrier returns when all
   threads of the team have called it. At most {upper}BATCH samples. */
int {prefix}_part({formals}int64_t samples, void *arena,
    int64_t index, int64_t count, const struct {name}_team *team);
#ifdef _OPENMP
/* {upper}BATCH samples on a team of OpenMP. */
static inline int {prefix}_parallel({formals}void *arena) {{
  struct {name}_team team = {{{name}_omp_barrier, 0}};
  int status = 0;
#pragma omp parallel reduction(|| : status)
  status = {prefix}_part({actuals}{upper}BATCH, arena, omp_get_thread_num(),
                         omp_get_num_threads(), &team);
  return status;
}}
#endif
)",
      fmt::arg("name", contents.name), fmt::arg("prefix", prefix()),
      fmt::arg("upper", upperPrefix()), fmt::arg("formals", formals),
      fmt::arg("actuals", actuals), fmt::arg("bySize", bySize));
}

/// Declarations of the weights that training changes.
static std::string weightDeclarations(const ObjectContents &contents) {
  std::string text;
  for (const Argument &argument :
       contents.functions.front().largest().arguments)
    if (argument.role == Role::parameter || argument.role == Role::state)
      text += fmt::format("extern {} {}[{}];\n", cTypeOf(argument.type),
                          weightSymbol(contents, argument.name),
                          argument.elementCount());
  return text.empty() ? text : "/* What training changes. */\n" + text;
}

std::string nnc::writeHeader(const ObjectContents &contents) {
  std::string constants, declarations;
  for (const ObjectFunction &function : contents.functions) {
    FunctionText text(contents, function);
    constants += text.constants();
    declarations += text.declarations();
  }
  if (contents.hasTraining() && !contents.weightsApart)
    declarations += weightDeclarations(contents);
  return fmt::format(
      R"(/* {name}.h - a network compiled by nnc for {target}.
   Functions return 0, 1 if the number of samples is wrong, or 2 if the arena is
   absent or not aligned to 64 bytes.{tiles} The arena is scratch memory of the stated
   size for one call at a time. */

#ifndef {upper}_H
#define {upper}_H

#include <stdint.h>

{constants}
#ifdef __cplusplus
extern "C" {{
#endif

struct {name}_team {{
  void (*barrier)(const struct {name}_team *team);
  void *context;
}};

#ifdef _OPENMP
#include <omp.h>
static void {name}_omp_barrier(const struct {name}_team *team) {{
  (void)team;
#pragma omp barrier
}}
#endif

{declarations}
#ifdef __cplusplus
}}
#endif

#endif
)",
      fmt::arg("name", contents.name),
      fmt::arg("tiles",
               contents.usesTiles()
                   ? " They return 3 where the processor has no\n"
                     "   tile registers (AMX) or Linux lets the process use "
                     "none."
                   : ""),
      fmt::arg("upper", llvm::StringRef(contents.name).upper()),
      fmt::arg("target", contents.functions.front().largest().target),
      fmt::arg("constants", constants), fmt::arg("declarations", declarations));
}

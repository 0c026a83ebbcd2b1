//===- AheadOfTime.cpp - Objects that C programs link ---------------------===//

#include "AheadOfTime.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace nnc;

Expected<void> nnc::bindWeights(func::FuncOp function,
                                const std::vector<BoundWeight> &weights) {
  llvm::StringMap<const void *> values;
  for (const BoundWeight &weight : weights)
    values[weight.name] = weight.data;
  OpBuilder builder(function.getBody());
  llvm::BitVector bound(function.getNumArguments());
  for (BlockArgument argument : function.getArguments()) {
    unsigned number = argument.getArgNumber();
    auto text = [&](StringRef name) {
      auto attribute = function.getArgAttrOfType<StringAttr>(number, name);
      return attribute ? attribute.getValue() : StringRef();
    };
    StringRef role = text("nn.role"), name = text("nn.name");
    if (role != "parameter" && role != "state")
      continue;
    auto value = values.find(name);
    if (value == values.end())
      return fail(ErrorCode::missingWeight, name.str());
    auto type = cast<RankedTensorType>(argument.getType());
    size_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
    ArrayRef<char> raw(static_cast<const char *>(value->second), bytes);
    auto constant =
        nn::ConstantOp::create(builder, argument.getLoc(),
                               DenseElementsAttr::getFromRawBuffer(type, raw));
    argument.replaceAllUsesWith(constant);
    bound.set(number);
  }
  if (failed(function.eraseArguments(bound)))
    return fail(ErrorCode::internal, "arguments cannot be erased");
  return {};
}

//===----------------------------------------------------------------------===//
// The C header
//===----------------------------------------------------------------------===//

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

/// \p name with all that C names cannot hold as underscores.
static std::string identifier(const std::string &name) {
  std::string result;
  for (char c : name)
    result += llvm::isAlnum(c) ? c : '_';
  return result.empty() || llvm::isDigit(result[0]) ? "_" + result : result;
}

std::string nnc::writeHeader(const Signature &signature,
                             const std::string &name,
                             const std::string &entry) {
  std::string upper = llvm::StringRef(name).upper();
  std::string formals, actuals, pointers, documentation, sizes;
  for (const Argument &argument : signature.arguments) {
    std::string id = identifier(argument.name);
    const char *type = cTypeOf(argument.type);
    bool output = argument.role == Role::output;
    formals += fmt::format("{}{} *{}, ", output ? "" : "const ", type, id);
    actuals += id + ", ";
    pointers += fmt::format("{}(void *){}", pointers.empty() ? "" : ", ", id);
    documentation += fmt::format("   {}: {} [{}], {}\n", id, type,
                                 fmt::join(argument.shape, ", "),
                                 output ? "written" : "read");
    sizes += fmt::format("#define {}_{}_ELEMENTS {}\n", upper,
                         llvm::StringRef(id).upper(), argument.elementCount());
  }
  return fmt::format(
      R"(/* {name}.h - a network compiled by nnc for {target}.
   All pointers are aligned to 64 bytes; {upper}_ARENA_BYTES of scratch memory
   belong to one call at a time.
{documentation}*/

#ifndef {upper}_H
#define {upper}_H

#include <stdint.h>

#define {upper}_BATCH {batch}
#define {upper}_ARENA_BYTES {arena}
{sizes}
#ifdef __cplusplus
extern "C" {{
#endif

struct {name}_team {{
  void (*barrier)(const struct {name}_team *team);
  void *context;
}};

void {entry}(void *const *args, void *arena, const int64_t *extents,
             int64_t index, int64_t count, const struct {name}_team *team);

/* The share of thread `index` of `count`; team->barrier returns when all
   threads of the team have called it. At most {upper}_BATCH samples. */
static inline int {name}_run_part({formals}int64_t samples, void *arena,
                                  int64_t index, int64_t count,
                                  const struct {name}_team *team) {{
  void *args[] = {{{pointers}}};
  if (samples < 0 || samples > {upper}_BATCH)
    return 1;
  {entry}(args, arena, &samples, index, count, team);
  return 0;
}}

/* A whole batch on this thread. */
static inline int {name}_run({formals}void *arena) {{
  return {name}_run_part({actuals}{upper}_BATCH, arena, 0, 1, 0);
}}

#ifdef _OPENMP
#include <omp.h>
static void {name}_omp_barrier(const struct {name}_team *team) {{
  (void)team;
#pragma omp barrier
}}
/* A whole batch on a team of OpenMP. */
static inline int {name}_run_parallel({formals}void *arena) {{
  struct {name}_team team = {{{name}_omp_barrier, 0}};
#pragma omp parallel
  {name}_run_part({actuals}{upper}_BATCH, arena, omp_get_thread_num(),
                  omp_get_num_threads(), &team);
  return 0;
}}
#endif

#ifdef __cplusplus
}}
#endif

#endif
)",
      fmt::arg("name", name), fmt::arg("upper", upper),
      fmt::arg("target", signature.target),
      fmt::arg("documentation", documentation),
      fmt::arg("batch", signature.batch),
      fmt::arg("arena", std::max<int64_t>(64, signature.arenaBytes)),
      fmt::arg("sizes", sizes), fmt::arg("entry", entry),
      fmt::arg("formals", formals), fmt::arg("actuals", actuals),
      fmt::arg("pointers", pointers));
}

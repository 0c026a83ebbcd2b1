//===- AheadOfTime.cpp - Objects that C programs link ---------------------===//

#include "AheadOfTime.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Object/ObjectFile.h"

using namespace mlir;
using namespace nnc;

//===----------------------------------------------------------------------===//
// Contents and names
//===----------------------------------------------------------------------===//

int64_t ObjectFunction::arenaBytes() const {
  int64_t bytes = 64;
  for (const Signature &program : programs)
    bytes = std::max(bytes, program.arenaBytes);
  return bytes;
}

bool ObjectContents::usesTiles() const {
  for (const ObjectFunction &function : functions)
    for (const Signature &program : function.programs)
      if (program.usesTiles)
        return true;
  return false;
}

static bool isData(const Argument &argument) {
  return argument.role == Role::input || argument.role == Role::output;
}

bool ObjectFunction::isBatched() const {
  for (const Argument &argument : largest().arguments)
    if (isData(argument) && !argument.batched)
      return false;
  return true;
}

bool nnc::isBound(const ObjectContents &contents, const Argument &argument) {
  return !contents.weightsApart && !isData(argument) &&
         argument.role != Role::scalar;
}

/// Whether the data of \p argument stand in the object: programs read them.
static bool isHeld(const ObjectContents &contents, const Argument &argument) {
  return isBound(contents, argument) &&
         (!contents.preparesWeights ||
          contents.readWeights.contains(argument.name));
}

/// \p name with all that C names cannot hold as underscores.
static std::string identifier(const std::string &name) {
  std::string result;
  for (char c : name)
    result += llvm::isAlnum(c) ? c : '_';
  return result.empty() || llvm::isDigit(result[0]) ? "_" + result : result;
}

/// Words of C and the names that our functions use themselves.
static bool isReserved(const std::string &name) {
  static constexpr llvm::StringLiteral words[] = {
      "arena",    "auto",     "break",    "bool",      "case",     "char",
      "class",    "const",    "continue", "count",     "default",  "delete",
      "do",       "double",   "else",     "enum",      "extern",   "false",
      "float",    "for",      "goto",     "if",        "index",    "inline",
      "int",      "int64_t",  "long",     "namespace", "new",      "private",
      "public",   "register", "restrict", "return",    "samples",  "short",
      "signed",   "sizeof",   "static",   "struct",    "switch",   "team",
      "template", "this",     "true",     "typedef",   "typename", "union",
      "unsigned", "using",    "virtual",  "void",      "volatile", "while"};
  return llvm::is_contained(words, name);
}

std::vector<std::string> nnc::cNamesOf(const Signature &signature) {
  std::vector<std::string> names;
  llvm::StringMap<int> uses;
  for (const Argument &argument : signature.arguments) {
    std::string name = identifier(argument.name);
    if (isReserved(name))
      name += '_';
    if (int use = ++uses[name]; use > 1)
      name += "_" + std::to_string(use);
    names.push_back(name);
  }
  return names;
}

std::string nnc::programSymbol(const ObjectContents &contents,
                               const std::string &function, int64_t batch) {
  return fmt::format("{}_{}_{}_program", contents.name, function, batch);
}

std::string nnc::weightSymbol(const ObjectContents &contents,
                              const std::string &weight) {
  return contents.name + "_weight_" + identifier(weight);
}

//===----------------------------------------------------------------------===//
// ObjectBuilder: programs and data
//===----------------------------------------------------------------------===//

ObjectBuilder::ObjectBuilder(MLIRContext *context, ObjectContents &contents,
                             const std::vector<BoundWeight> &values)
    : built(ModuleOp::create(UnknownLoc::get(context))), contents(contents) {
  for (const BoundWeight &weight : values)
    given[weight.name] = weight.data;
}

static bool sameArguments(const Signature &a, const Signature &b) {
  return llvm::equal(a.arguments, b.arguments,
                     [](const Argument &left, const Argument &right) {
                       return left.name == right.name &&
                              left.role == right.role &&
                              left.type == right.type;
                     });
}

/// Adds read-only or variable data called \p symbol to the begin of \p module.
static void addData(ModuleOp module, StringRef symbol, StringAttr bytes,
                    bool isConstant, LLVM::Linkage linkage) {
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  LLVM::GlobalOp::create(
      builder, module.getLoc(),
      LLVM::LLVMArrayType::get(builder.getI8Type(), bytes.size()), isConstant,
      linkage, symbol, bytes, /*alignment=*/64);
}

/// Gives symbols of \p module the names that \p renamed says.
static void
rename(ModuleOp module,
       const llvm::DenseMap<StringAttr, FlatSymbolRefAttr> &renamed) {
  AttrTypeReplacer replacer;
  replacer.addReplacement([&](FlatSymbolRefAttr name) {
    auto found = renamed.find(name.getAttr());
    return found == renamed.end() ? name : found->second;
  });
  replacer.recursivelyReplaceElementsIn(module);
}

Expected<void> ObjectBuilder::addPrepared(LoweredModule &program,
                                          const TargetDescription &machine) {
  Preparation &preparation = *program.preparation;
  auto values = computePrepared(preparation, program.signature, given, machine);
  if (!values)
    return fail(std::move(values).error());
  SymbolTable symbols(*program.kernels);
  llvm::DenseMap<StringAttr, FlatSymbolRefAttr> renamed;
  for (auto [value, bytes] : llvm::zip_equal(preparation.values, *values)) {
    auto content = StringAttr::get(built->getContext(), bytes);
    FlatSymbolRefAttr &symbol = prepared[content];
    if (!symbol) {
      std::string name =
          fmt::format("{}_prepared_{}", contents.name, prepared.size());
      symbol = FlatSymbolRefAttr::get(built->getContext(), name);
      addData(*built, name, content, /*isConstant=*/true,
              LLVM::Linkage::Internal);
    }
    Operation *declared = symbols.lookup(value.symbol);
    renamed[SymbolTable::getSymbolName(declared)] = symbol;
    declared->erase();
  }
  rename(*program.kernels, renamed);
  return {};
}

Expected<void> ObjectBuilder::addProgram(LoweredModule program,
                                         const std::string &function) {
  auto found = llvm::find_if(contents.functions, [&](const auto &known) {
    return known.name == function;
  });
  if (found == contents.functions.end()) {
    contents.functions.push_back({function, {}});
    found = contents.functions.end() - 1;
  }
  if (!found->programs.empty() &&
      !sameArguments(found->programs.front(), program.signature))
    return fail(ErrorCode::internal,
                "programs of two sizes take different arguments");
  std::string entry =
      programSymbol(contents, function, program.signature.batch);
  llvm::DenseMap<StringAttr, FlatSymbolRefAttr> renamed;
  for (Operation &op : *program.kernels->getBody()) {
    StringAttr name = SymbolTable::getSymbolName(&op);
    if (name == program.signature.entry)
      continue;
    auto unique =
        StringAttr::get(op.getContext(), entry + "." + name.getValue().str());
    renamed[name] = FlatSymbolRefAttr::get(unique);
    SymbolTable::setSymbolName(&op, unique);
  }
  rename(*program.kernels, renamed);
  for (auto [argument, isUsed] :
       llvm::zip_equal(program.signature.arguments, program.uses))
    if (isUsed)
      contents.readWeights.insert(argument.name);
  built->getBody()->getOperations().splice(
      built->getBody()->end(), program.kernels->getBody()->getOperations());
  found->programs.push_back(std::move(program.signature));
  return {};
}

/// The value of an optimiser's state before training: zeros or a constant.
static Expected<std::string> initialBytes(const Argument &argument) {
  std::string bytes(argument.byteCount(), '\0');
  llvm::StringRef text = argument.initializer;
  if (text.empty() || text == "zeros")
    return bytes;
  double value = 1;
  bool isConstant =
      text == "ones" || (text.consume_front("constant(") &&
                         text.consume_back(")") && !text.getAsDouble(value));
  if (!isConstant ||
      (argument.type != ElementType::f32 && argument.type != ElementType::f64))
    return fail(ErrorCode::unsupported,
                fmt::format("the initial value {} of '{}' in an object",
                            argument.initializer, argument.name));
  float narrow = static_cast<float>(value);
  size_t size = sizeOf(argument.type);
  for (size_t at = 0; at < bytes.size(); at += size)
    std::memcpy(&bytes[at],
                size == 4 ? static_cast<void *>(&narrow)
                          : static_cast<void *>(&value),
                size);
  return bytes;
}

Expected<void> ObjectBuilder::addWeights() {
  llvm::StringSet<> added, symbols;
  for (const ObjectFunction &function : contents.functions)
    for (const Argument &argument : function.largest().arguments) {
      if (!isHeld(contents, argument) || !added.insert(argument.name).second)
        continue;
      std::string symbol = weightSymbol(contents, argument.name);
      if (!symbols.insert(symbol).second)
        return fail(ErrorCode::unsupported,
                    "an object with two weights called " + symbol);
      std::string bytes;
      auto value = given.find(argument.name);
      if (value != given.end()) {
        bytes.assign(static_cast<const char *>(value->second),
                     argument.byteCount());
      } else if (argument.role == Role::optimizer) {
        Expected<std::string> initial = initialBytes(argument);
        if (!initial)
          return fail(std::move(initial).error());
        bytes = std::move(*initial);
      } else {
        return fail(ErrorCode::missingWeight, contents.name, argument.name);
      }
      bool isVisible =
          contents.hasTraining() && argument.role != Role::optimizer;
      addData(*built, symbol, StringAttr::get(built->getContext(), bytes),
              /*isConstant=*/!contents.hasTraining(),
              isVisible ? LLVM::Linkage::External : LLVM::Linkage::Internal);
      weightNames.push_back(argument.name);
    }
  return {};
}

//===----------------------------------------------------------------------===//
// ObjectBuilder: functions for C programs
//===----------------------------------------------------------------------===//

namespace {

/// Writes the functions around the programs of one ObjectFunction.
class FunctionWriter {
public:
  FunctionWriter(ModuleOp module, const ObjectContents &contents,
                 const ObjectFunction &function, bool isX86)
      : builder(module.getContext()), loc(module.getLoc()), module(module),
        contents(contents), function(function), isX86(isX86),
        pointer(LLVM::LLVMPointerType::get(module.getContext())),
        i32(builder.getI32Type()), i64(builder.getI64Type()) {
    for (const Argument &argument : function.largest().arguments)
      if (!isBound(contents, argument))
        formals.push_back(argument.role == Role::scalar ? typeOf(argument.type)
                                                        : Type(pointer));
  }

  void writePart();
  /// NAME_run, or with a suffix that of one size, of \p samples samples.
  void writeWhole(const std::string &suffix, int64_t samples);
  void writeSamples();

  std::vector<std::string> names;

private:
  func::FuncOp begin(const std::string &suffix, ArrayRef<Type> extra) {
    std::string name = contents.name + "_" + function.name + suffix;
    SmallVector<Type> types(formals);
    types.append(extra.begin(), extra.end());
    builder.setInsertionPointToEnd(module.getBody());
    auto result = func::FuncOp::create(builder, loc, name,
                                       builder.getFunctionType(types, i32));
    builder.setInsertionPointToStart(result.addEntryBlock());
    names.push_back(name);
    return result;
  }

  Type typeOf(ElementType type) {
    switch (type) {
    case ElementType::f32:
      return builder.getF32Type();
    case ElementType::f64:
      return builder.getF64Type();
    default:
      return builder.getIntegerType(8 * sizeOf(type));
    }
  }
  Value constant(int64_t value) {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getI64IntegerAttr(value));
  }
  Value status(int32_t value) {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getI32IntegerAttr(value));
  }
  Value compare(arith::CmpIPredicate predicate, Value a, Value b) {
    return arith::CmpIOp::create(builder, loc, predicate, a, b);
  }
  /// Memory on the stack for \p count values of \p type.
  Value slot(Type type, int64_t count = 1) {
    return LLVM::AllocaOp::create(builder, loc, pointer, type, constant(count),
                                  16);
  }
  Value shifted(Value base, Value bytes) {
    return LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), base,
                               ValueRange{bytes});
  }
  void store(Value value, Value address) {
    LLVM::StoreOp::create(builder, loc, value, address);
  }
  Value callPart(ValueRange data, Value samples, Value arena) {
    SmallVector<Value> operands(data);
    operands.append({samples, arena, constant(0), constant(1),
                     LLVM::ZeroOp::create(builder, loc, pointer)});
    auto callee = contents.name + "_" + function.name + "_part";
    return func::CallOp::create(builder, loc, callee, TypeRange{i32}, operands)
        .getResult(0);
  }

  /// Asks Linux for the tile registers; 0 if the process may use them.
  Value askForTiles();
  /// Sets flush-to-zero; the mode to give to restoreMode.
  Value changeMode();
  void restoreMode(Value saved);
  void callSmallest(size_t number, Value samples, ArrayRef<Value> operands);

  OpBuilder builder;
  Location loc;
  ModuleOp module;
  const ObjectContents &contents;
  const ObjectFunction &function;
  bool isX86;
  Type pointer, i32, i64;
  SmallVector<Type> formals;
};

} // namespace

Value FunctionWriter::askForTiles() {
  // arch_prctl(ARCH_REQ_XCOMP_PERM, tile data) as nnc::requestTileRegisters(),
  // without a library.
  constexpr int64_t archPrctl = 158, requestPermission = 0x1023, tileData = 18;
  auto call = LLVM::InlineAsmOp::create(
      builder, loc, i64,
      ValueRange{constant(archPrctl), constant(requestPermission),
                 constant(tileData)},
      "syscall", "={rax},{rax},{rdi},{rsi},~{rcx},~{r11},~{memory}",
      /*has_side_effects=*/true, /*is_align_stack=*/false,
      LLVM::TailCallKind::None, /*asm_dialect=*/nullptr,
      /*operand_attrs=*/nullptr);
  return call.getRes();
}

Value FunctionWriter::changeMode() {
  auto intrinsic = [&](StringRef name) { return builder.getStringAttr(name); };
  if (isX86) {
    Value saved = slot(i32), changed = slot(i32);
    LLVM::CallIntrinsicOp::create(
        builder, loc, intrinsic("llvm.x86.sse.stmxcsr"), ValueRange{saved});
    Value mode = LLVM::LoadOp::create(builder, loc, i32, saved);
    store(arith::OrIOp::create(builder, loc, mode, status(0x8040)), changed);
    LLVM::CallIntrinsicOp::create(
        builder, loc, intrinsic("llvm.x86.sse.ldmxcsr"), ValueRange{changed});
    return saved;
  }
  Value saved =
      LLVM::CallIntrinsicOp::create(
          builder, loc, i64, intrinsic("llvm.aarch64.get.fpcr"), ValueRange{})
          .getResult(0);
  Value changed =
      arith::OrIOp::create(builder, loc, saved, constant(int64_t(1) << 24));
  LLVM::CallIntrinsicOp::create(
      builder, loc, intrinsic("llvm.aarch64.set.fpcr"), ValueRange{changed});
  return saved;
}

void FunctionWriter::restoreMode(Value saved) {
  LLVM::CallIntrinsicOp::create(
      builder, loc,
      builder.getStringAttr(isX86 ? "llvm.x86.sse.ldmxcsr"
                                  : "llvm.aarch64.set.fpcr"),
      ValueRange{saved});
}

/// Calls the smallest program, from \p number on, that holds \p samples.
void FunctionWriter::callSmallest(size_t number, Value samples,
                                  ArrayRef<Value> operands) {
  const Signature &program = function.programs[number];
  auto call = [&] {
    func::CallOp::create(builder, loc, program.entry, TypeRange{}, operands);
  };
  if (number + 1 == function.programs.size())
    return call();
  Value fits =
      compare(arith::CmpIPredicate::sle, samples, constant(program.batch));
  auto choice = scf::IfOp::create(builder, loc, fits, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.thenBlock());
  call();
  builder.setInsertionPointToStart(choice.elseBlock());
  callSmallest(number + 1, samples, operands);
}

void FunctionWriter::writePart() {
  func::FuncOp part = begin("_part", {i64, pointer, i64, i64, pointer});
  const std::vector<Argument> &arguments = function.largest().arguments;
  size_t next = formals.size();
  Value samples = part.getArgument(next), arena = part.getArgument(next + 1),
        index = part.getArgument(next + 2), count = part.getArgument(next + 3),
        team = part.getArgument(next + 4);
  Value extents = slot(i64, 2), table = slot(pointer, arguments.size());
  store(samples, extents);
  store(constant(0), shifted(extents, constant(sizeof(int64_t))));
  unsigned formal = 0;
  for (const auto &[number, argument] : llvm::enumerate(arguments)) {
    Value address;
    if (isHeld(contents, argument)) {
      address = LLVM::AddressOfOp::create(
          builder, loc, pointer, weightSymbol(contents, argument.name));
    } else if (isBound(contents, argument)) {
      address = LLVM::ZeroOp::create(builder, loc, pointer);
    } else if (argument.role == Role::scalar) {
      Value value = part.getArgument(formal++);
      address = slot(value.getType());
      store(value, address);
    } else {
      address = part.getArgument(formal++);
    }
    store(address, shifted(table, constant(number * sizeof(void *))));
  }

  // 1: no such number of samples; 2: no such arena.
  Value tooFew = compare(arith::CmpIPredicate::slt, samples, constant(0));
  Value tooMany = compare(arith::CmpIPredicate::sgt, samples,
                          constant(function.largest().batch));
  Value wrong = arith::OrIOp::create(builder, loc, tooFew, tooMany);
  Value number = LLVM::PtrToIntOp::create(builder, loc, i64, arena);
  Value rest = arith::AndIOp::create(builder, loc, number, constant(63));
  Value absent = compare(arith::CmpIPredicate::eq, number, constant(0));
  Value crooked = compare(arith::CmpIPredicate::ne, rest, constant(0));
  Value badArena = arith::OrIOp::create(builder, loc, absent, crooked);
  Value result = arith::SelectOp::create(
      builder, loc, wrong, status(1),
      arith::SelectOp::create(builder, loc, badArena, status(2), status(0)));
  if (contents.usesTiles()) {
    Value refused =
        compare(arith::CmpIPredicate::ne, askForTiles(), constant(0));
    Value isRight = compare(arith::CmpIPredicate::eq, result, status(0));
    result = arith::SelectOp::create(
        builder, loc, arith::AndIOp::create(builder, loc, isRight, refused),
        status(3), result);
  }
  auto runs = scf::IfOp::create(
      builder, loc, compare(arith::CmpIPredicate::eq, result, status(0)),
      /*withElseRegion=*/false);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(runs.thenBlock());
    Value saved = changeMode();
    callSmallest(0, samples, {table, arena, extents, index, count, team});
    restoreMode(saved);
  }
  func::ReturnOp::create(builder, loc, result);
}

void FunctionWriter::writeWhole(const std::string &suffix, int64_t samples) {
  func::FuncOp whole = begin(suffix, {pointer});
  ValueRange values = whole.getArguments();
  Value result = callPart(values.drop_back(), constant(samples), values.back());
  func::ReturnOp::create(builder, loc, result);
}

void FunctionWriter::writeSamples() {
  func::FuncOp many = begin("_samples", {i64, pointer});
  ValueRange values = many.getArguments();
  Value samples = values[formals.size()], arena = values.back();
  int64_t batch = function.largest().batch;
  auto loop = scf::ForOp::create(builder, loc, constant(0), samples,
                                 constant(batch), ValueRange{status(0)});
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value done = loop.getInductionVar();
    Value left = arith::SubIOp::create(builder, loc, samples, done);
    Value now = arith::MinSIOp::create(builder, loc, left, constant(batch));
    SmallVector<Value> data;
    for (const Argument &argument : function.largest().arguments) {
      if (isBound(contents, argument))
        continue;
      Value value = values[data.size()];
      if (isData(argument))
        value = shifted(value, arith::MulIOp::create(
                                   builder, loc, done,
                                   constant(argument.byteCount() / batch)));
      data.push_back(value);
    }
    Value result = callPart(data, now, arena);
    result =
        arith::OrIOp::create(builder, loc, result, loop.getRegionIterArg(0));
    scf::YieldOp::create(builder, loc, result);
  }
  func::ReturnOp::create(builder, loc, loop.getResult(0));
}

void ObjectBuilder::addFunctions(bool isX86) {
  for (const ObjectFunction &function : contents.functions) {
    FunctionWriter writer(*built, contents, function, isX86);
    writer.writePart();
    writer.writeWhole("", function.largest().batch);
    if (function.programs.size() > 1)
      for (const Signature &program : function.programs)
        writer.writeWhole("_" + std::to_string(program.batch), program.batch);
    if (function.name == "run" && function.isBatched())
      writer.writeSamples();
    exported.insert(exported.end(), writer.names.begin(), writer.names.end());
  }
}

//===----------------------------------------------------------------------===//
// ObjectBuilder: what the run stub looks for
//===----------------------------------------------------------------------===//

/// Adds \p name, an array of the addresses of \p symbols.
static void addTable(ModuleOp module, StringRef name,
                     const std::vector<std::string> &symbols) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  Location loc = module.getLoc();
  auto pointer = LLVM::LLVMPointerType::get(module.getContext());
  // An empty table has a place for nothing: C has no arrays without elements.
  auto type =
      LLVM::LLVMArrayType::get(pointer, std::max<size_t>(1, symbols.size()));
  auto table = LLVM::GlobalOp::create(builder, loc, type, /*isConstant=*/true,
                                      LLVM::Linkage::External, name,
                                      Attribute(), /*alignment=*/8);
  builder.createBlock(&table.getInitializerRegion());
  Value value = LLVM::ZeroOp::create(builder, loc, type);
  for (const auto &[number, symbol] : llvm::enumerate(symbols)) {
    Value address = LLVM::AddressOfOp::create(builder, loc, pointer, symbol);
    value = LLVM::InsertValueOp::create(builder, loc, value, address,
                                        ArrayRef<int64_t>{int64_t(number)});
  }
  LLVM::ReturnOp::create(builder, loc, value);
}

void ObjectBuilder::addStubModel(const std::string &description) {
  OpBuilder builder = OpBuilder::atBlockBegin(built->getBody());
  std::string text = description + '\0';
  LLVM::GlobalOp::create(
      builder, built->getLoc(),
      LLVM::LLVMArrayType::get(builder.getI8Type(), text.size()),
      /*isConstant=*/true, LLVM::Linkage::External, "nnc_model_description",
      builder.getStringAttr(text), /*alignment=*/8);
  std::vector<std::string> entries, data;
  for (const Signature &program : contents.functions.front().programs)
    entries.push_back(program.entry);
  for (const std::string &weight : weightNames)
    data.push_back(weightSymbol(contents, weight));
  addTable(*built, "nnc_model_entries", entries);
  addTable(*built, "nnc_model_weights", data);
  exported.insert(exported.end(), entries.begin(), entries.end());
}

//===----------------------------------------------------------------------===//
// Freestanding objects
//===----------------------------------------------------------------------===//

Expected<void> nnc::checkFreestanding(const ObjectBytes &object) {
  auto file = llvm::object::ObjectFile::createObjectFile(
      llvm::MemoryBufferRef(object, "object"));
  if (!file)
    return fail(ErrorCode::codeGeneration, llvm::toString(file.takeError()));
  for (const llvm::object::SymbolRef &symbol : (*file)->symbols()) {
    auto flags = symbol.getFlags();
    auto name = symbol.getName();
    if (!flags || !name) {
      llvm::consumeError(flags.takeError());
      llvm::consumeError(name.takeError());
      continue;
    }
    if ((*flags & llvm::object::SymbolRef::SF_Undefined) && !name->empty())
      return fail(ErrorCode::codeGeneration,
                  "the object needs '" + name->str() + "' of a library");
  }
  return {};
}

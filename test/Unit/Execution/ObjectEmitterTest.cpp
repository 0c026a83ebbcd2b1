//===- ObjectEmitterTest.cpp - Machine code from modules of kernels -------===//

#include "nnc/Execution/ObjectEmitter.h"
#include "SampleKernels.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "nnc/Execution/JITSession.h"
#include "nnc/Runtime/ABI.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace nnc;
using namespace nnc::test;

namespace {

/// The symbols of an object, by what they are.
struct Symbols {
  std::vector<std::string> undefined, exported;
};

} // namespace

static Symbols symbolsOf(const ObjectBytes &bytes) {
  Symbols symbols;
  auto object = llvm::object::ObjectFile::createObjectFile(
      llvm::MemoryBufferRef(bytes, "test"));
  if (!object) {
    ADD_FAILURE() << llvm::toString(object.takeError());
    return symbols;
  }
  for (const llvm::object::SymbolRef &symbol : (*object)->symbols()) {
    auto flags = symbol.getFlags();
    auto name = symbol.getName();
    if (!flags || !name) {
      llvm::consumeError(flags.takeError());
      llvm::consumeError(name.takeError());
      continue;
    }
    using llvm::object::SymbolRef;
    if (*flags & SymbolRef::SF_Undefined && !name->empty())
      symbols.undefined.push_back(name->str());
    else if (*flags & SymbolRef::SF_Global && !(*flags & SymbolRef::SF_Hidden))
      symbols.exported.push_back(name->str());
  }
  return symbols;
}

TEST(ObjectEmitter, ObjectsStandAlone) {
  for (const char *name :
       {"host", "x86-64-v3", "skylake-avx512", "neoverse-v1"}) {
    TargetDescription target = TargetDescription::named(name).value();
    SampleKernels sample(target);
    auto objects = emitObjects(*sample.module, target, {1, {"sample"}});
    ASSERT_TRUE(objects.has_value()) << objects.error().message;
    ASSERT_EQ(objects->size(), 1u);
    Symbols symbols = symbolsOf((*objects)[0]);
    EXPECT_EQ(symbols.undefined, std::vector<std::string>()) << name;
    EXPECT_EQ(symbols.exported, std::vector<std::string>{"sample"}) << name;
  }
}

/// The same program from one object and from several.
TEST(ObjectEmitter, SeveralThreadsGiveTheSameProgram) {
  TargetDescription target = TargetDescription::host().value();
  std::vector<float> results[2];
  for (unsigned threads : {1, 4}) {
    SampleKernels sample(target);
    auto objects = emitObjects(*sample.module, target, {threads, {"sample"}});
    ASSERT_TRUE(objects.has_value()) << objects.error().message;
    EXPECT_EQ(objects->size(), threads);
    auto session = JITSession::create();
    ASSERT_TRUE(session.has_value());
    for (const ObjectBytes &object : *objects)
      ASSERT_TRUE((*session)->add(object).has_value());
    auto run =
        (*session)->lookupAs<std::remove_pointer_t<nnc_rt_entry>>("sample");
    ASSERT_TRUE(run.has_value()) << run.error().message;
    alignas(64) static float x[490], w[70 * 33], y[231], s[1];
    for (int i = 0; i < 490; ++i)
      x[i] = i % 7 * 0.1f;
    for (int i = 0; i < 70 * 33; ++i)
      w[i] = i % 11 * 0.1f - 0.4f;
    void *arguments[] = {x, w, y, s};
    int64_t extents[] = {7};
    (*run)(arguments, nullptr, extents, 0, 1, nullptr);
    results[threads > 1].assign(y, y + 231);
    results[threads > 1].push_back(s[0]);
  }
  EXPECT_EQ(std::memcmp(results[0].data(), results[1].data(), 232 * 4), 0);
}

/// The tile of 14 rows and 2 vectors fills the registers and stays in them.
TEST(ObjectEmitter, TilesOfWideTargetsStayInRegisters) {
  for (const char *name :
       {"skylake-avx512", "sapphirerapids", "znver4", "znver5"}) {
    TargetDescription target = TargetDescription::named(name).value();
    mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
    loadKernelDialects(context);
    mlir::OwningOpRef<mlir::ModuleOp> module =
        mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
    mlir::Type f32 = mlir::Float32Type::get(&context);
    kernels::ContractionSpec product;
    product.name = "product";
    product.element = f32;
    product.m = 28;
    product.n = 64;
    product.k = 50;
    product.buffers = {{f32, 28 * 50}, {f32, 50 * 64}, {f32, 28 * 64}};
    product.lhs = {.buffer = 0, .rowStride = 50};
    product.rhs = {.buffer = 1, .rowStride = 64};
    product.outputs = {{2, {64, 1}}};
    ASSERT_TRUE(emitContraction(*module, target, product).has_value());
    auto text = emitAssembly(*module, target);
    ASSERT_TRUE(text.has_value()) << text.error().message;
    llvm::StringRef assembly = *text;
    // The loop that packs and the one that reads what it packed.
    EXPECT_EQ(assembly.count("vfmadd231ps\t"), 56u) << name;
    EXPECT_TRUE(assembly.contains("%zmm28")) << name;
    EXPECT_FALSE(assembly.contains("64-byte Spill")) << name;
  }
}

TEST(ObjectEmitter, WritesLLVMOfNamedTarget) {
  TargetDescription target = TargetDescription::named("neoverse-v1").value();
  SampleKernels sample(target);
  auto text = emitLLVM(*sample.module, target);
  ASSERT_TRUE(text.has_value());
  EXPECT_NE(text->find("\"target-cpu\"=\"neoverse-v1\""), std::string::npos);
  EXPECT_NE(text->find(" void @sample("), std::string::npos);
}

TEST(ObjectEmitter, NamesTheOpItCannotLower) {
  TargetDescription target = TargetDescription::host().value();
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  loadKernelDialects(context);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
  auto builder = mlir::OpBuilder::atBlockEnd(module->getBody());
  mlir::Location loc = builder.getUnknownLoc();
  auto function = mlir::func::FuncOp::create(
      builder, loc, "f",
      builder.getFunctionType(builder.getI32Type(), builder.getI32Type()));
  builder.setInsertionPointToStart(function.addEntryBlock());
  mlir::Value x = function.getArgument(0);
  mlir::Value power = mlir::math::IPowIOp::create(builder, loc, x, x);
  mlir::func::ReturnOp::create(builder, loc, power);
  auto objects = emitObjects(*module, target);
  ASSERT_FALSE(objects.has_value());
  EXPECT_EQ(objects.error().code, ErrorCode::codeGeneration);
  EXPECT_NE(objects.error().message.find("math.ipowi"), std::string::npos);
}

TEST(ObjectEmitter, RefusesAnUnknownArchitecture) {
  TargetDescription target = TargetDescription::host().value();
  SampleKernels sample(target);
  target.triple = "z80-unknown-unknown";
  auto objects = emitObjects(*sample.module, target);
  ASSERT_FALSE(objects.has_value());
  EXPECT_EQ(objects.error().code, ErrorCode::codeGeneration);
}

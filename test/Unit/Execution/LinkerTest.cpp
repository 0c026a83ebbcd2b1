//===- LinkerTest.cpp - Linking objects in memory -------------------------===//

#include "nnc/Execution/Linker.h"
#include "SampleKernels.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include <cstdio>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>

using namespace nnc;
using namespace nnc::test;

/// Objects of a sample, on \p threads threads.
static std::vector<ObjectBytes> sampleObjects(unsigned threads) {
  TargetDescription target = TargetDescription::host().value();
  SampleKernels sample(target);
  auto objects = emitObjects(*sample.module, target, {threads, {"sample"}});
  return objects ? *objects : std::vector<ObjectBytes>();
}

static std::filesystem::path writeTemporary(const std::string &name,
                                            const std::string &bytes) {
  std::filesystem::path path = std::filesystem::path(testing::TempDir()) / name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

TEST(Linker, SharedObjectExportsTheEntryAlone) {
  auto bytes = linkShared(sampleObjects(3));
  ASSERT_TRUE(bytes.has_value()) << bytes.error().message;
  std::filesystem::path path = writeTemporary("nnc-linker-test.so", *bytes);
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  EXPECT_NE(dlsym(library, "sample"), nullptr);
  EXPECT_EQ(dlsym(library, "product"), nullptr);
  dlclose(library);
  std::filesystem::remove(path);
}

TEST(Linker, RelocatableJoinsObjects) {
  auto joined = linkRelocatable(sampleObjects(3));
  ASSERT_TRUE(joined.has_value()) << joined.error().message;
  EXPECT_TRUE(linkShared({*joined}).has_value());
}

/// Without any one of the objects, but for the one with the entry, something
/// is missing.
TEST(Linker, SaysWhatIsMissing) {
  std::vector<ObjectBytes> objects = sampleObjects(3);
  ASSERT_EQ(objects.size(), 3u);
  unsigned failures = 0;
  for (size_t left = 0; left < 3; ++left) {
    std::vector<ObjectBytes> others = objects;
    others.erase(others.begin() + left);
    auto bytes = linkShared(others);
    if (bytes)
      continue;
    ++failures;
    EXPECT_EQ(bytes.error().code, ErrorCode::linking);
    EXPECT_NE(bytes.error().message.find("undefined"), std::string::npos);
  }
  EXPECT_GE(failures, 2u);
}

TEST(Linker, RejectsBytesThatAreNoObject) {
  auto bytes = linkShared({"no object at all"});
  ASSERT_FALSE(bytes.has_value());
  EXPECT_EQ(bytes.error().code, ErrorCode::linking);
}

/// A program whose main returns 42.
TEST(Linker, StaticExecutableRuns) {
  std::vector<std::string> files;
  for (const char *file :
       {"/usr/lib/x86_64-linux-gnu/crt1.o", "/usr/lib/x86_64-linux-gnu/crti.o",
        "/usr/lib/x86_64-linux-gnu/libc.a",
        "/usr/lib/gcc/x86_64-linux-gnu/12/libgcc.a",
        "/usr/lib/gcc/x86_64-linux-gnu/12/libgcc_eh.a",
        "/usr/lib/x86_64-linux-gnu/crtn.o"}) {
    if (!std::filesystem::exists(file))
      GTEST_SKIP() << "no static C library: " << file;
    files.push_back(file);
  }
  TargetDescription target = TargetDescription::host().value();
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  loadKernelDialects(context);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
  auto builder = mlir::OpBuilder::atBlockEnd(module->getBody());
  mlir::Location loc = builder.getUnknownLoc();
  auto function = mlir::func::FuncOp::create(
      builder, loc, "main", builder.getFunctionType({}, builder.getI32Type()));
  builder.setInsertionPointToStart(function.addEntryBlock());
  mlir::Value status = mlir::arith::ConstantOp::create(
      builder, loc, builder.getI32IntegerAttr(42));
  mlir::func::ReturnOp::create(builder, loc, status);
  auto objects = emitObjects(*module, target);
  ASSERT_TRUE(objects.has_value());
  auto bytes = linkExecutable(*objects, files);
  ASSERT_TRUE(bytes.has_value()) << bytes.error().message;
  std::filesystem::path path = writeTemporary("nnc-linker-test", *bytes);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  int result = std::system(path.c_str());
  EXPECT_TRUE(WIFEXITED(result));
  EXPECT_EQ(WEXITSTATUS(result), 42);
  std::filesystem::remove(path);
}

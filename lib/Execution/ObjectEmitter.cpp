//===- ObjectEmitter.cpp - Machine code from modules of kernels -----------===//

#include "nnc/Execution/ObjectEmitter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "nnc/Pipelines/KernelsToLLVM.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"
#include <mutex>
#include <thread>

using namespace nnc;

namespace {

/// One LLVM module in a context of its own, so that several threads can work.
struct Unit {
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
};

} // namespace

/// Turns off passes of LLVM's that take long and gain nothing here: kernels
/// arrive with the addresses of their loops and the order of their work as
/// wanted.
static void skipPasses() {
  auto &known = llvm::cl::getRegisteredOptions();
  for (const char *name : {"disable-lsr", "disable-post-ra"})
    if (auto found = known.find(name); found != known.end())
      static_cast<llvm::cl::opt<bool> *>(found->second)->setValue(true);
}

static void initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    skipPasses();
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeAArch64AsmParser();
  });
}

static Expected<std::unique_ptr<llvm::TargetMachine>>
createMachine(const TargetDescription &target) {
  initializeTargets();
  llvm::Triple triple(target.triple);
  std::string reason;
  const llvm::Target *found =
      llvm::TargetRegistry::lookupTarget(triple, reason);
  if (!found)
    return fail(ErrorCode::codeGeneration, reason);
  llvm::TargetOptions options;
  std::unique_ptr<llvm::TargetMachine> machine(found->createTargetMachine(
      triple, target.cpu, target.features, options, llvm::Reloc::PIC_,
      llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default));
  if (!machine)
    return fail(ErrorCode::codeGeneration,
                "no code generator for " + target.triple);
  return machine;
}

/// Runs what \p build adds on \p module; diagnostics become the error's text.
static Expected<void>
runPasses(mlir::ModuleOp module,
          llvm::function_ref<void(mlir::OpPassManager &)> build) {
  std::string reason;
  std::mutex mutex;
  mlir::ScopedDiagnosticHandler handler(
      module.getContext(), [&](mlir::Diagnostic &diagnostic) {
        std::lock_guard<std::mutex> lock(mutex);
        if (!reason.empty())
          reason += "; ";
        reason += diagnostic.str();
        return mlir::success();
      });
  mlir::PassManager passManager(module.getContext());
  passManager.enableVerifier(false);
  build(passManager);
  if (mlir::failed(passManager.run(module)))
    return fail(ErrorCode::codeGeneration, reason);
  return {};
}

/// Declares what \p part calls and does not hold.
static void declareCallees(mlir::ModuleOp part) {
  mlir::SymbolTable symbols(part);
  auto builder = mlir::OpBuilder::atBlockBegin(part.getBody());
  llvm::MapVector<mlir::StringAttr, mlir::Operation *> missing;
  part.walk([&](mlir::CallOpInterface call) {
    auto callee =
        llvm::dyn_cast<mlir::SymbolRefAttr>(call.getCallableForCallee());
    if (callee && !symbols.lookup(callee.getRootReference()))
      missing[callee.getRootReference()] = call;
  });
  for (auto [name, call] : missing) {
    auto types = llvm::to_vector(
        llvm::cast<mlir::CallOpInterface>(call).getArgOperands().getTypes());
    if (llvm::isa<mlir::LLVM::CallOp>(call))
      mlir::LLVM::LLVMFuncOp::create(
          builder, part.getLoc(), name,
          mlir::LLVM::LLVMFunctionType::get(
              mlir::LLVM::LLVMVoidType::get(part.getContext()), types));
    else
      mlir::func::FuncOp::create(builder, part.getLoc(), name,
                                 builder.getFunctionType(types, {}))
          .setPrivate();
  }
}

/// Deals the functions of \p module out to at most \p parts modules of about
/// equal size, with declarations of what they call elsewhere. They replace what
/// \p module holds.
static llvm::SmallVector<mlir::ModuleOp> split(mlir::ModuleOp module,
                                               unsigned parts) {
  struct Sized {
    mlir::Operation *function;
    size_t size, number;
  };
  std::vector<Sized> functions;
  for (auto function : module.getOps<mlir::FunctionOpInterface>()) {
    size_t size = 0;
    function.walk([&](mlir::Operation *) { ++size; });
    functions.push_back({function, size, functions.size()});
  }
  llvm::sort(functions, [](const Sized &a, const Sized &b) {
    return std::tie(b.size, a.number) < std::tie(a.size, b.number);
  });

  parts = std::max<size_t>(1, std::min<size_t>(parts, functions.size()));
  std::vector<size_t> sizes(parts, 0);
  llvm::SmallVector<mlir::ModuleOp> modules;
  for (unsigned part = 0; part < parts; ++part)
    modules.push_back(mlir::ModuleOp::create(module.getLoc()));

  // Data stays with the first part; functions that name it follow.
  llvm::StringSet<> data;
  for (auto global :
       llvm::make_early_inc_range(module.getOps<mlir::LLVM::GlobalOp>())) {
    data.insert(global.getSymName());
    global->moveBefore(modules[0].getBody(), modules[0].getBody()->end());
  }
  for (const Sized &entry : functions) {
    bool namesData = false;
    entry.function->walk([&](mlir::LLVM::AddressOfOp op) {
      namesData |= data.contains(op.getGlobalName());
    });
    size_t part = namesData ? 0 : llvm::min_element(sizes) - sizes.begin();
    sizes[part] += entry.size;
    mlir::Block *body = modules[part].getBody();
    entry.function->moveBefore(body, body->end());
  }
  for (mlir::ModuleOp part : modules) {
    declareCallees(part);
    module.push_back(part);
  }
  return modules;
}

/// Translates \p module and marks its functions for \p machine.
static Expected<Unit> translate(mlir::ModuleOp module,
                                const TargetDescription &target,
                                const llvm::TargetMachine &machine,
                                const EmitOptions &options, bool alone) {
  Unit unit;
  unit.context = std::make_unique<llvm::LLVMContext>();
  unit.module = mlir::translateModuleToLLVMIR(module, *unit.context, "nnc",
                                              /*disableVerification=*/true);
  if (!unit.module)
    return fail(ErrorCode::codeGeneration, "translation to LLVM IR failed");
  unit.module->setDataLayout(machine.createDataLayout());
  unit.module->setTargetTriple(machine.getTargetTriple());
  for (llvm::Function &function : *unit.module) {
    if (function.isIntrinsic())
      continue;
    function.setDSOLocal(true);
    bool exported =
        options.exports.empty() ||
        llvm::is_contained(options.exports, function.getName().str());
    if (!exported && alone && !function.isDeclaration())
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
    else if (!exported)
      function.setVisibility(llvm::GlobalValue::HiddenVisibility);
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.cpu);
    function.addFnAttr("target-features", target.features);
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
  return unit;
}

/// Splits and lowers \p module, its parts at the same time.
static Expected<llvm::SmallVector<mlir::ModuleOp>>
lower(mlir::ModuleOp module, const TargetDescription &target,
      unsigned threads) {
  mlir::MLIRContext &context = *module.getContext();
  loadKernelDialects(context);
  if (auto shared = runPasses(module, buildShareKernelsPipeline); !shared)
    return fail(shared.error());
  auto parts = split(module, threads);
  bool wasThreaded = context.isMultithreadingEnabled();
  if (parts.size() > 1)
    context.enableMultithreading();
  auto lowered = runPasses(module, [&](mlir::OpPassManager &passes) {
    buildKernelsToLLVMPipeline(passes.nest<mlir::ModuleOp>(), target.bf16);
  });
  context.enableMultithreading(wasThreaded);
  if (!lowered)
    return fail(lowered.error());
  return parts;
}

static Expected<std::string> generate(Unit &unit, llvm::TargetMachine &machine,
                                      llvm::CodeGenFileType type) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passManager;
  if (machine.addPassesToEmitFile(passManager, stream, nullptr, type,
                                  /*DisableVerify=*/true))
    return fail(ErrorCode::codeGeneration,
                "the target writes no files of this kind");
  passManager.run(*unit.module);
  return std::string(bytes.begin(), bytes.end());
}

Expected<std::vector<ObjectBytes>>
nnc::emitObjects(mlir::ModuleOp module, const TargetDescription &target,
                 const EmitOptions &options) {
  auto parts = lower(module, target, options.threads);
  if (!parts)
    return fail(parts.error());
  std::vector<Expected<std::string>> results(parts->size());
  auto work = [&](size_t part) {
    results[part] = [&]() -> Expected<std::string> {
      auto machine = createMachine(target);
      if (!machine)
        return fail(machine.error());
      auto unit = translate((*parts)[part], target, **machine, options,
                            parts->size() == 1);
      if (!unit)
        return fail(unit.error());
      return generate(*unit, **machine, llvm::CodeGenFileType::ObjectFile);
    }();
  };
  // Parts are translated from one context, at the same time.
  mlir::MLIRContext &context = *module.getContext();
  bool wasThreaded = context.isMultithreadingEnabled();
  if (parts->size() > 1)
    context.enableMultithreading();
  std::vector<std::thread> helpers;
  for (size_t part = 1; part < parts->size(); ++part)
    helpers.emplace_back(work, part);
  work(0);
  for (std::thread &helper : helpers)
    helper.join();
  context.enableMultithreading(wasThreaded);
  std::vector<ObjectBytes> objects;
  for (Expected<std::string> &result : results) {
    if (!result)
      return fail(result.error());
    objects.push_back(std::move(*result));
  }
  return objects;
}

/// Lowers and translates \p module as a whole and hands it to \p write.
static Expected<std::string> emitWhole(
    mlir::ModuleOp module, const TargetDescription &target,
    const EmitOptions &options,
    llvm::function_ref<Expected<std::string>(Unit &, llvm::TargetMachine &)>
        write) {
  auto machine = createMachine(target);
  if (!machine)
    return fail(machine.error());
  auto parts = lower(module, target, 1);
  if (!parts)
    return fail(parts.error());
  auto unit = translate(parts->front(), target, **machine, options, true);
  if (!unit)
    return fail(unit.error());
  return write(*unit, **machine);
}

Expected<std::string> nnc::emitAssembly(mlir::ModuleOp module,
                                        const TargetDescription &target,
                                        const EmitOptions &options) {
  return emitWhole(
      module, target, options, [](Unit &unit, llvm::TargetMachine &machine) {
        return generate(unit, machine, llvm::CodeGenFileType::AssemblyFile);
      });
}

Expected<std::string> nnc::emitLLVM(mlir::ModuleOp module,
                                    const TargetDescription &target,
                                    const EmitOptions &options) {
  return emitWhole(
      module, target, options,
      [](Unit &unit, llvm::TargetMachine &) -> Expected<std::string> {
        std::string text;
        llvm::raw_string_ostream stream(text);
        unit.module->print(stream, nullptr);
        return text;
      });
}

//===- CompilerLibrary.cpp - The compiling half as one library ------------===//
//
// Implements nnc::Compiler: what libnnc-compiler.so gives the running half.
//
//===----------------------------------------------------------------------===//

#include "AheadOfTime.h"
#include "GradientCheck.h"
#include "GradientGraph.h"
#include "LanguageText.h"
#include "NonFinite.h"
#include "ReferenceCheck.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Pass/PassManager.h"
#include "nnc/Conversion/NNToKernels.h"
#include "nnc/Dialect/NN/Transforms/Fusion.h"
#include "nnc/Dialect/NN/Transforms/Passes.h"
#include "nnc/Dialect/NN/Transforms/Recompute.h"
#include "nnc/Execution/Linker.h"
#include "nnc/Execution/ProgramCompiler.h"
#include "nnc/Frontend/Frontend.h"
#include "nnc/InitAll.h"
#include "nnc/Pipelines/KernelsToLLVM.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include <dlfcn.h>

using namespace mlir;
using namespace nnc;

namespace {

class CompilerLibrary : public Compiler {
public:
  CompilerLibrary() : context(MLIRContext::Threading::DISABLED) {
    DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    loadKernelDialects(context);
  }

  Expected<Program> compile(const ModelSource &source,
                            const CompileOptions &options) override;
  Expected<ModelInfo> describe(const ModelSource &source,
                               const CompileOptions &options,
                               std::vector<Error> &warnings) override {
    return nnc::describeModel(context, source, options, warnings);
  }
  Expected<std::string> emit(const ModelSource &source,
                             const CompileOptions &options,
                             const EmitRequest &emission) override;
  Expected<GraphInfo> graph(const ModelSource &source,
                            const CompileOptions &options,
                            const std::string &phase) override;
  Expected<FusionInfo> fusion(const ModelSource &source,
                              const CompileOptions &options) override;
  Expected<MemoryInfo> memory(const ModelSource &source,
                              const CompileOptions &options) override;
  Expected<std::string> gradient(const ModelSource &source,
                                 const CompileOptions &options,
                                 const std::vector<std::string> &wrt, int order,
                                 bool explain) override;
  Expected<std::vector<CheckResult>> check(const ModelSource &source,
                                           const CompileOptions &options,
                                           bool gradients, bool reference,
                                           double rtol, uint64_t seed) override;
  Expected<std::optional<ErrorNote>>
  firstNonFinite(const ModelSource &source, const CompileOptions &options,
                 const ArgumentBytes &arguments) override;
  std::string buildId() override;

private:
  /// The program's module in the phase differentiate (or graph).
  Expected<OwningOpRef<ModuleOp>> build(const ModelSource &source,
                                        const CompileOptions &options) {
    std::vector<Error> warnings;
    return buildProgram(context, source, options, warnings);
  }
  Expected<ProgramOptions> programOptions(const CompileOptions &options);
  Expected<void> addPrograms(const ModelSource &source,
                             const CompileOptions &options,
                             const EmitRequest &emission,
                             const ObjectContents &contents,
                             ObjectBuilder &object);
  Expected<std::string> emitLanguage(ModuleOp module,
                                     const CompileOptions &options,
                                     const std::string &phase);
  /// Machine code in the form that \p emission asks for.
  Expected<std::string> emitCode(const ModelSource &source,
                                 const CompileOptions &options,
                                 const EmitRequest &emission);
  Expected<std::vector<CheckResult>>
  checkAgainstReference(const ModelSource &source,
                        const CompileOptions &options, double rtol,
                        uint64_t seed);
  /// \p module run up to and including \p phase, a graph phase.
  Expected<void> runTo(ModuleOp module, const CompileOptions &options,
                       Phase phase);

  MLIRContext context;
};

} // namespace

Expected<ProgramOptions>
CompilerLibrary::programOptions(const CompileOptions &options) {
  auto target = TargetDescription::named(options.target, options.triple);
  if (!target)
    return fail(std::move(target).error());
  ProgramOptions result;
  result.target = *target;
  result.threads = std::max(1, options.threads);
  result.graph.sizes = options.sizes;
  result.graph.optimizationLevel = options.optimizationLevel;
  result.graph.storesBF16 = options.precision == "bf16";
  result.graph.panelColumns = target->panelColumns();
  result.graph.keepsPrepared = options.keepsPrepared;
  result.linkShared = options.linkShared;
  result.profile = options.profile;
  result.memory = options.memory;
  return result;
}

Expected<Program> CompilerLibrary::compile(const ModelSource &source,
                                           const CompileOptions &options) {
  auto programOptions = this->programOptions(options);
  if (!programOptions)
    return fail(std::move(programOptions).error());
  PhaseClock clock;
  auto module = build(source, options);
  if (!module)
    return fail(std::move(module).error());
  // The graph is built with its gradients and updates.
  clock.ended("graph, differentiate");
  auto program = compileProgram(**module, *programOptions);
  if (!program)
    return program;
  program->phases.insert(program->phases.begin(), clock.phases().front());
  program->signature.model =
      (*(*module)->getOps<func::FuncOp>().begin()).getSymName().str();
  return program;
}

//===----------------------------------------------------------------------===//
// Text and code
//===----------------------------------------------------------------------===//

static std::string printModule(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module.print(os);
  os << "\n";
  return text;
}

Expected<void> CompilerLibrary::runTo(ModuleOp module,
                                      const CompileOptions &options,
                                      Phase phase) {
  if (phase < Phase::simplify)
    return {};
  auto programOptions = this->programOptions(options);
  if (!programOptions)
    return fail(std::move(programOptions).error());
  return runGraphPhases(module, programOptions->graph, phase);
}

Expected<std::string> CompilerLibrary::emit(const ModelSource &source,
                                            const CompileOptions &options,
                                            const EmitRequest &emission) {
  if (emission.kind != EmitKind::mlir && emission.kind != EmitKind::nn)
    return emitCode(source, options, emission);
  CompileOptions sized = options;
  if (!emission.batches.empty())
    sized.sizes["batch"] = emission.batches.back();
  if (emission.trainStep)
    sized.kind = ProgramKind::trainStep;
  auto module = build(source, sized);
  if (!module)
    return fail(std::move(module).error());
  auto programOptions = this->programOptions(sized);
  if (!programOptions)
    return fail(std::move(programOptions).error());
  if (emission.kind == EmitKind::nn)
    return emitLanguage(**module, sized, emission.phase);
  std::string name = emission.phase.empty() ? "graph" : emission.phase;
  std::optional<Phase> phase = parsePhase(name);
  if (!phase)
    return fail(ErrorCode::unknownPhase, name);
  bool isBounded = *phase == Phase::fuse && sized.memory > 0;
  if (*phase <= Phase::fuse && !isBounded) {
    if (auto run = runTo(**module, sized, *phase); !run)
      return fail(std::move(run).error());
    return printModule(**module);
  }
  auto lowered = lowerModule(**module, *programOptions);
  if (!lowered)
    return fail(std::move(lowered).error());
  if (isBounded)
    return printModule(**module);
  if (*phase == Phase::llvm) {
    PassManager passManager(&context);
    buildShareKernelsPipeline(passManager);
    buildKernelsToLLVMPipeline(passManager, programOptions->target.bf16);
    if (failed(passManager.run(*lowered->kernels)))
      return fail(ErrorCode::internal, "lowering to LLVM failed");
  }
  return printModule(*lowered->kernels);
}

Expected<std::string>
CompilerLibrary::emitLanguage(ModuleOp module, const CompileOptions &options,
                              const std::string &phase) {
  std::optional<Phase> last = parsePhase(phase.empty() ? "graph" : phase);
  if (!last)
    return fail(ErrorCode::unknownPhase, phase);
  if (*last > Phase::simplify)
    return fail(ErrorCode::unsupported,
                fmt::format("the phase '{}' as nnc text", phase));
  if (auto run = runTo(module, options, *last); !run)
    return fail(std::move(run).error());
  return printLanguage(*module.getOps<func::FuncOp>().begin());
}

/// The bytes of a static library that holds \p object.
static Expected<std::string> writeArchive(const std::string &object,
                                          const std::string &member) {
  std::vector<llvm::NewArchiveMember> members;
  members.emplace_back(llvm::MemoryBufferRef(object, member));
  auto archive = llvm::writeArchiveToBuffer(
      members, llvm::SymtabWritingMode::NormalSymtab,
      llvm::object::Archive::K_GNU, /*Deterministic=*/true, /*Thin=*/false);
  if (!archive)
    return fail(ErrorCode::codeGeneration, llvm::toString(archive.takeError()));
  return (*archive)->getBuffer().str();
}

/// Builds and lowers all programs of an object into \p object.
Expected<void> CompilerLibrary::addPrograms(const ModelSource &source,
                                            const CompileOptions &options,
                                            const EmitRequest &emission,
                                            const ObjectContents &contents,
                                            ObjectBuilder &object) {
  auto add = [&](const CompileOptions &sized,
                 const std::string &function) -> Expected<void> {
    auto module = build(source, sized);
    if (!module)
      return fail(std::move(module).error());
    auto programOptions = this->programOptions(sized);
    if (!programOptions)
      return fail(std::move(programOptions).error());
    programOptions->entry =
        programSymbol(contents, function, sized.sizes.at("batch"));
    if (contents.preparesWeights) {
      auto machine = preparingMachine(programOptions->target);
      if (!machine)
        return fail(std::move(machine).error());
      programOptions->preparesOn = std::move(*machine);
    }
    auto lowered = lowerModule(**module, *programOptions);
    if (!lowered)
      return fail(std::move(lowered).error());
    // A header says nothing of values.
    if (lowered->preparation && emission.kind != EmitKind::header)
      if (auto added =
              object.addPrepared(*lowered, *programOptions->preparesOn);
          !added)
        return added;
    return object.addProgram(std::move(*lowered), function);
  };
  CompileOptions sized = options;
  sized.kind = ProgramKind::predict;
  sized.memory = 0;
  // Callers of objects cannot say what they kept.
  sized.keepsPrepared =
      contents.preparesWeights || emission.kind == EmitKind::executable;
  for (int64_t batch : emission.batches) {
    sized.sizes["batch"] = batch;
    if (auto added = add(sized, "run"); !added)
      return added;
  }
  if (!emission.trainStep)
    return {};
  sized.kind = ProgramKind::trainStep;
  sized.memory = options.memory;
  sized.keepsPrepared = false;
  return add(sized, "train_step");
}

/// The run stub lies beside this library.
static std::string findRunStub() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void *>(&nnc_create_compiler), &info) ||
      !info.dli_fname)
    return "";
  llvm::SmallString<128> path(info.dli_fname);
  llvm::sys::fs::make_absolute(path);
  llvm::sys::path::remove_filename(path);
  llvm::sys::path::append(path, "nnc-run-stub.o");
  return llvm::sys::fs::exists(path) ? path.str().str() : std::string();
}

/// An executable: the run stub and \p objects.
static Expected<std::string>
linkWithStub(const std::vector<ObjectBytes> &objects,
             const TargetDescription &target) {
  llvm::Triple host(llvm::sys::getDefaultTargetTriple());
  llvm::Triple wanted(target.triple);
  if (wanted.getArch() != host.getArch() || wanted.getOS() != host.getOS())
    return fail(ErrorCode::unsupported,
                "an executable for another machine (" + target.triple + ")");
  std::string stub = findRunStub();
  if (stub.empty())
    return fail(ErrorCode::unsupported,
                "an executable without nnc-run-stub.o beside "
                "libnnc-compiler.so");
  return linkExecutable(objects, {stub});
}

Expected<std::string> CompilerLibrary::emitCode(const ModelSource &source,
                                                const CompileOptions &options,
                                                const EmitRequest &emission) {
  auto target = TargetDescription::named(options.target, options.triple);
  if (!target)
    return fail(std::move(target).error());
  ObjectContents contents;
  contents.name = emission.name;
  contents.weightsApart = emission.weightsApart;
  // Executables stay small, and prepare when they start.
  contents.preparesWeights = !emission.weightsApart && !emission.trainStep &&
                             emission.kind != EmitKind::executable;
  ObjectBuilder object(&context, contents, emission.weights);
  if (auto added = addPrograms(source, options, emission, contents, object);
      !added)
    return fail(std::move(added).error());
  if (emission.kind == EmitKind::header)
    return writeHeader(contents);
  if (auto added = object.addWeights(); !added)
    return fail(std::move(added).error());
  if (emission.kind == EmitKind::executable)
    object.addStubModel(emission.describeRun(
        contents.functions.front().programs, object.weights()));
  else
    object.addFunctions(llvm::Triple(target->triple).isX86());

  EmitOptions emit;
  emit.exports = object.exports();
  if (emission.kind == EmitKind::assembly)
    return emitAssembly(object.module(), *target, emit);
  if (emission.kind == EmitKind::llvm)
    return emitLLVM(object.module(), *target, emit);
  auto objects = emitObjects(object.module(), *target, emit);
  if (!objects)
    return fail(std::move(objects).error());
  if (emission.freestanding)
    for (const ObjectBytes &bytes : *objects)
      if (auto checked = checkFreestanding(bytes); !checked)
        return fail(std::move(checked).error());
  if (emission.kind == EmitKind::executable)
    return linkWithStub(*objects, *target);
  if (emission.kind == EmitKind::shared)
    return linkShared(*objects);
  if (emission.kind == EmitKind::object)
    return objects->front();
  return writeArchive(objects->front(), emission.name + ".o");
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

/// A type as the language writes it: "f32[batch, 128]".
static std::string printType(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  std::string text;
  llvm::raw_string_ostream(text) << tensor.getElementType();
  if (text == "i1")
    text = "bool";
  return text + nn::printSizes(tensor);
}

/// The innermost name of \p location, e.g. a layer's path.
static std::string layerOf(Location location) {
  if (auto name =
          dyn_cast_or_null<NameLoc>(location->findInstanceOf<NameLoc>()))
    return name.getName().str();
  return {};
}

Expected<GraphInfo> CompilerLibrary::graph(const ModelSource &source,
                                           const CompileOptions &options,
                                           const std::string &phase) {
  std::optional<Phase> parsed = parsePhase(phase.empty() ? "graph" : phase);
  if (!parsed || *parsed > Phase::fuse)
    return fail(ErrorCode::unknownPhase, phase);
  auto module = build(source, options);
  if (!module)
    return fail(std::move(module).error());
  if (auto run = runTo(**module, options, *parsed); !run)
    return fail(std::move(run).error());
  GraphInfo info;
  for (func::FuncOp function : (*module)->getOps<func::FuncOp>()) {
    DenseMap<Value, int> nodeOf;
    for (BlockArgument argument : function.getArguments()) {
      auto text = [&](StringRef name) {
        auto attribute = function.getArgAttrOfType<StringAttr>(
            argument.getArgNumber(), name);
        return attribute ? attribute.getValue().str() : std::string();
      };
      nodeOf[argument] = info.nodes.size();
      info.nodes.push_back({text("nn.name"), text("nn.role"),
                            printType(argument.getType()), text("nn.layer")});
    }
    for (Operation &op : function.getBody().front().without_terminator()) {
      int node = info.nodes.size();
      std::string kind = op.getName().stripDialect().str();
      if (auto fusion = dyn_cast<nn::FusionOp>(op))
        kind = nn::stringifyGroupKind(fusion.getKind()).str();
      info.nodes.push_back({"", kind, printType(op.getResult(0).getType()),
                            layerOf(op.getLoc())});
      for (Value operand : op.getOperands())
        info.edges.emplace_back(nodeOf[operand], node);
      for (Value result : op.getResults())
        nodeOf[result] = node;
    }
    Operation *terminator = function.getBody().front().getTerminator();
    for (OpOperand &operand : terminator->getOpOperands()) {
      auto name = function.getResultAttrOfType<StringAttr>(
          operand.getOperandNumber(), "nn.name");
      info.edges.emplace_back(nodeOf[operand.get()], info.nodes.size());
      info.nodes.push_back({name ? name.getValue().str() : "", "output",
                            printType(operand.get().getType()), ""});
    }
  }
  return info;
}

Expected<FusionInfo> CompilerLibrary::fusion(const ModelSource &source,
                                             const CompileOptions &options) {
  auto module = build(source, options);
  if (!module)
    return fail(std::move(module).error());
  func::FuncOp function = *(*module)->getOps<func::FuncOp>().begin();
  CompileOptions sized = options;
  chooseSizes(function, sized.sizes);
  if (auto run = runTo(**module, sized, Phase::simplify); !run)
    return fail(std::move(run).error());
  PassManager passManager(&context);
  OpPassManager &functions = passManager.nest<func::FuncOp>();
  functions.addPass(nn::createDecomposePass());
  if (options.optimizationLevel > 1)
    functions.addPass(nn::createChooseConvolutionsPass());
  functions.addPass(nn::createSimplifyPass());
  if (failed(passManager.run(**module)))
    return fail(ErrorCode::internal, "the graph cannot be decomposed");
  SmallVector<nn::FusionRemark> remarks;
  nn::fuseOps(function, &remarks, options.optimizationLevel == 0);
  FusionInfo info;
  for (Operation &op : function.getBody().front().without_terminator()) {
    auto group = dyn_cast<nn::FusionOp>(op);
    if (!group) {
      info.alone.push_back(op.getName().stripDialect().str());
      continue;
    }
    FusionInfo::Group &made = info.groups.emplace_back();
    made.kind = nn::stringifyGroupKind(group.getKind()).str();
    for (Operation &inner : group.getBody().front().without_terminator()) {
      if (nn::isImmediate(&inner))
        continue;
      made.ops.push_back(inner.getName().stripDialect().str());
      std::string layer = layerOf(inner.getLoc());
      if (!layer.empty() && !llvm::is_contained(made.layers, layer))
        made.layers.push_back(layer);
    }
    for (Value output : group.getOutputs())
      made.outputs.push_back(printType(output.getType()));
  }
  for (const nn::FusionRemark &remark : remarks) {
    auto plain = [](StringRef name) {
      name.consume_front("nn.");
      return name.str();
    };
    FusionInfo::Remark made{
        plain(remark.producer), layerOf(remark.producerPlace),
        plain(remark.consumer), layerOf(remark.consumerPlace), remark.reason};
    bool isKnown = llvm::any_of(info.remarks, [&](const auto &other) {
      return std::tie(other.producer, other.producerLayer, other.consumer,
                      other.consumerLayer, other.reason) ==
             std::tie(made.producer, made.producerLayer, made.consumer,
                      made.consumerLayer, made.reason);
    });
    if (!isKnown)
      info.remarks.push_back(std::move(made));
  }
  return info;
}

Expected<MemoryInfo> CompilerLibrary::memory(const ModelSource &source,
                                             const CompileOptions &options) {
  auto module = build(source, options);
  if (!module)
    return fail(std::move(module).error());
  func::FuncOp function = *(*module)->getOps<func::FuncOp>().begin();
  std::string model = function.getSymName().str();
  CompileOptions sized = options;
  chooseSizes(function, sized.sizes);
  auto programOptions = this->programOptions(sized);
  if (!programOptions)
    return fail(std::move(programOptions).error());
  programOptions->describeMemory = true;
  auto lowered = lowerModule(**module, *programOptions);
  if (!lowered)
    return fail(std::move(lowered).error());
  lowered->memory.signature.model = model;
  (*module)->walk([&](Operation *op) {
    if (op->hasAttr(nn::recomputedAttribute))
      lowered->memory.recomputed.emplace_back(describeValue(op->getResult(0)),
                                              nn::countFlop(op));
  });
  return std::move(lowered->memory);
}

Expected<std::string> CompilerLibrary::gradient(
    const ModelSource &source, const CompileOptions &options,
    const std::vector<std::string> &wrt, int order, bool explain) {
  if (explain && order != 1)
    return fail(ErrorCode::unsupported, "a derivation of higher order");
  CompileOptions objective = options;
  objective.kind = source.kind == ModelSource::Kind::mlir
                       ? ProgramKind::predict
                       : ProgramKind::objective;
  auto module = build(source, objective);
  if (!module)
    return fail(std::move(module).error());
  func::FuncOp function = *(*module)->getOps<func::FuncOp>().begin();
  auto arguments = chooseArguments(function, wrt);
  if (!arguments)
    return fail(std::move(arguments).error());
  if (explain)
    return deriveGradients(function, *arguments);
  if (auto added = addGradients(function, *arguments, order); !added)
    return fail(std::move(added).error());
  return printModule(**module);
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

/// The largest relative error between compiled code and the reference that
/// passes: \p rtol if given. A result is a chain of some sums of some hundred
/// terms, each rounded by 6e-8 (f32) or 1e-16 (f64). In bf16 the reference
/// rounds where the code does, but a sum between two numbers may go either way:
/// elements then differ by 8e-3 on their way to a result, some in each layer.
static double toleranceOf(const std::string &precision, double rtol) {
  if (rtol > 0)
    return rtol;
  return precision == "f64" ? 1e-10 : precision == "bf16" ? 4e-2 : 1e-4;
}

Expected<std::vector<Compiler::CheckResult>>
CompilerLibrary::checkAgainstReference(const ModelSource &source,
                                       const CompileOptions &options,
                                       double rtol, uint64_t seed) {
  std::vector<std::pair<ProgramKind, const char *>> kinds = {
      {ProgramKind::predict, "predict"}};
  if (source.kind == ModelSource::Kind::language &&
      !options.train.loss.empty()) {
    kinds.push_back({ProgramKind::evaluate, "evaluate"});
    kinds.push_back({ProgramKind::gradients, "gradients"});
    if (!options.train.optimizer.empty())
      kinds.push_back({ProgramKind::trainStep, "train step"});
  }
  std::vector<CheckResult> results;
  for (auto [kind, name] : kinds) {
    CompileOptions own = options;
    own.kind = kind;
    auto module = build(source, own);
    if (!module)
      return fail(std::move(module).error());
    auto programOptions = this->programOptions(own);
    if (!programOptions)
      return fail(std::move(programOptions).error());
    auto compared = checkReference(**module, *programOptions, name,
                                   toleranceOf(options.precision, rtol), seed);
    if (!compared)
      return fail(std::move(compared).error());
    results.insert(results.end(), compared->begin(), compared->end());
  }
  return results;
}

Expected<std::vector<Compiler::CheckResult>>
CompilerLibrary::check(const ModelSource &source, const CompileOptions &options,
                       bool gradients, bool reference, double rtol,
                       uint64_t seed) {
  std::vector<CheckResult> results;
  if (gradients) {
    CompileOptions exact = options;
    exact.kind = options.train.loss.empty() ? ProgramKind::predict
                                            : ProgramKind::objective;
    exact.precision = "f64";
    auto module = build(source, exact);
    if (!module)
      return fail(std::move(module).error());
    auto programOptions = this->programOptions(exact);
    if (!programOptions)
      return fail(std::move(programOptions).error());
    auto matches = [](const std::vector<std::string> &globs, StringRef name) {
      return llvm::any_of(globs, [&](const std::string &glob) {
        return frontend::matchesGlob(glob, name.str());
      });
    };
    auto compared = checkGradients(
        **module, *programOptions,
        [&](StringRef name, StringRef role) {
          return role == "input" ||
                 (role == "parameter" && matches(options.train.update, name) &&
                  !matches(options.train.freeze, name));
        },
        // Differences are exact to 1e-11 of the loss, and errors relative to
        // 1e-4 of it at least.
        rtol > 0 ? rtol : 1e-6, seed);
    if (!compared)
      return compared;
    results = std::move(*compared);
  }
  if (reference) {
    auto compared = checkAgainstReference(source, options, rtol, seed);
    if (!compared)
      return compared;
    results.insert(results.end(), compared->begin(), compared->end());
  }
  if (gradients || reference)
    return results;
  if (auto module = build(source, options); !module)
    return fail(std::move(module).error());
  return results;
}

Expected<std::optional<ErrorNote>>
CompilerLibrary::firstNonFinite(const ModelSource &source,
                                const CompileOptions &options,
                                const ArgumentBytes &arguments) {
  auto module = build(source, options);
  if (!module)
    return fail(std::move(module).error());
  auto programOptions = this->programOptions(options);
  if (!programOptions)
    return fail(std::move(programOptions).error());
  programOptions->linkShared = false;
  return findNonFinite(**module, *programOptions, arguments);
}

std::string CompilerLibrary::buildId() {
  auto host = TargetDescription::host();
  return std::string("LLVM " LLVM_VERSION_STRING ", target ") +
         (host ? host->name : "unknown");
}

extern "C" Compiler *nnc_create_compiler(int abiVersion) {
  if (abiVersion != NNC_RT_ABI_VERSION)
    return nullptr;
  static CompilerLibrary library;
  return &library;
}

//===- Compiler.h - The door to the compiling half --------------*- C++ -*-===//
//
// What the running half asks of libnnc-compiler.so, which it opens only when
// something must be compiled. No MLIR or LLVM type passes this door.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_RUNTIME_COMPILER_H
#define NNC_RUNTIME_COMPILER_H

#include "nnc/Runtime/ABI.h"
#include "nnc/Runtime/Signature.h"
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nnc {

/// The model to compile.
struct ModelSource {
  enum class Kind { language, mlir } kind = Kind::language;
  /// For messages and for resolving imports.
  std::string path;
  /// The file's text (imports are read relative to `path`).
  std::string text;
  /// Which model or fn of several; empty for the only one.
  std::string model, fn;
};

/// What a program does.
enum class ProgramKind : uint8_t {
  predict,   ///< Inputs and parameters to outputs.
  evaluate,  ///< As predict, and "loss" (f64 sum over samples of the batch).
  trainStep, ///< Forward, loss, backward, update; gives "loss" (f64, mean over
             ///< the batch) and the model's outputs as seen in training.
  gradients, ///< Loss and one output "gradient.NAME" a parameter.
  objective, ///< "loss": what training minimises, with penalties, in the
             ///< model's own element type. Without a loss, or of a chosen fn
             ///< that is none, its first result, a floating-point scalar.
};

/// How a training step is made; every text is an nnc-language expression that
/// has been checked (names exist, kinds fit).
struct TrainStepOptions {
  std::string loss;      ///< A loss function or fn; empty: none.
  std::string optimizer; ///< e.g. "adam(learning_rate = 1e-3)".
  std::vector<std::string> update = {"**"};
  std::vector<std::string> freeze;
  std::vector<std::pair<std::string, double>> learningRateFactors;
  double clipNorm = 0, clipValue = 0; ///< 0: none.
  int64_t accumulate = 1;
};

struct CompileOptions {
  ProgramKind kind = ProgramKind::predict;
  /// Sizes of named dimensions; "batch" is the capacity: the leading size of
  /// the first input, whatever the model calls it.
  std::map<std::string, int64_t> sizes;
  /// Element type and sample shape of each bound data field, by input name;
  /// the target field of a loss is called "target".
  struct FieldType {
    ElementType type;
    std::vector<int64_t> sampleShape;
  };
  std::map<std::string, FieldType> fields;
  TrainStepOptions train;
  int optimizationLevel = 2;
  /// "f32", "f64" or "bf16": what f32 in the file means. With "bf16" what
  /// comes in and goes out is f32.
  std::string precision = "f32";
  std::string target; ///< CPU name; empty: this host.
  /// LLVM's triple; empty: that of the CPU.
  std::string triple;
  /// Bytes that the program's arguments and arena take at most; 0: no bound. A
  /// training step computes values again instead of keeping them if need be;
  /// where that does not do it, compiling fails with `memoryBudget`.
  int64_t memory = 0;
  /// Callers say where parameters have not changed (Executable::run), so that
  /// weights may be laid out once for many calls.
  bool keepsPrepared = false;
  /// Also give Program::kernels, and read the clock between kernels.
  bool profile = false;
  /// Threads the compiler may use itself.
  int threads = 1;
  /// Also give Program::sharedObject, for the program cache.
  bool linkShared = false;
};

/// One kernel of a program: what `nnc profile` says of it.
struct KernelInfo {
  std::string name; ///< The kernel's symbol, e.g. "matmul_3".
  std::string work; ///< Its ops, e.g. "matmul 128x500x784, add, relu".
  /// Paths of the layers that its ops belong to; may be empty.
  std::vector<std::string> layers;
  int64_t flop = 0;  ///< Arithmetic operations, a full batch.
  int64_t bytes = 0; ///< Bytes of the tensors that it reads and writes.
  /// Whether it is a further phase of the work of the kernel before it, with
  /// which it shares `flop` and `bytes`.
  bool continues = false;
};

/// A piece of a program's arena: what `nnc show --memory` says of it.
struct BufferInfo {
  /// What lies there, e.g. "relu of hidden" or "scratch of hidden".
  std::string content;
  std::string type; ///< e.g. "f32[128, 500]"; of scratch empty.
  int64_t bytes = 0;
  int64_t offset = 0; ///< Bytes from the arena's begin.
  /// The first and the last kernel that use it, counted from 0.
  int64_t first = 0, last = 0;
  /// It holds what parameters alone determine, for later calls too: it is
  /// there during all kernels.
  bool stays = false;
};

/// How a program uses memory.
struct MemoryInfo {
  Signature signature;
  /// The least arena that the buffers' lifetimes allow, in bytes: the most that
  /// is alive during one kernel, `peak`.
  int64_t lowerBound = 0;
  int64_t peak = 0;
  /// What each kernel computes, e.g. "matmul 128x500x784, add, relu of hidden",
  /// in the order of their calls.
  std::vector<std::string> kernels;
  /// By the first kernel that uses them.
  std::vector<BufferInfo> buffers;
  /// Ops whose values are computed again instead of kept, e.g. "relu of
  /// hidden", with their arithmetic.
  std::vector<std::pair<std::string, int64_t>> recomputed;
};

/// The name of the output of a profiled program that holds the clock's ticks,
/// as i64: one before each kernel and one after the last.
inline constexpr const char *clockName = "nnc.clock";

/// Milliseconds by what they were spent on.
using PhaseTimes = std::vector<std::pair<std::string, double>>;

/// A program ready to be called.
struct Program {
  Signature signature;
  nnc_rt_entry entry = nullptr;
  /// A linked shared object with the entry, for the cache; may be empty.
  std::string sharedObject;
  /// With CompileOptions::profile: in the order in which they run.
  std::vector<KernelInfo> kernels;
  /// How long each phase of the compiler took, in milliseconds.
  PhaseTimes phases;
  /// Milliseconds from the parsed model to this.
  double compileMilliseconds = 0;
  /// Keeps the code mapped.
  std::shared_ptr<void> code;
};

/// A layer as `nnc show` prints it.
struct LayerInfo {
  std::string name, kind;
  std::vector<std::string> output; ///< Dimensions, e.g. "batch", "128".
  int64_t parameters = 0;
  int64_t flop = 0; ///< Forward, one sample.
};

struct ModelInfo {
  std::string name;
  std::vector<Argument> inputs, parameters, states, outputs;
  std::vector<LayerInfo> layers;
  int64_t flopForward = 0, flopTrainStep = 0; ///< One sample.
};

/// What `compile` can write.
enum class EmitKind : uint8_t {
  object,
  library,
  shared,
  executable,
  header,
  assembly,
  llvm,
  mlir,
  nn,
};

/// One weight that is compiled into an object.
struct BoundWeight {
  std::string name;
  const void *data;
};

/// What an executable does around the graph, so that it writes what `nnc
/// predict` would.
struct PredictionInfo {
  /// How the class is read off the first output: not at all, its largest
  /// element, or whether its only element is above `threshold`.
  enum class Classes : uint8_t { none, largest, threshold };
  Classes classes = Classes::none;
  double threshold = 0.5;
  /// The names of the classes; empty: their numbers.
  std::vector<std::string> classNames;
};

/// What `emit` writes and how.
struct EmitRequest {
  EmitKind kind = EmitKind::object;
  /// Of the kinds mlir and nn: the phase after which the module is printed.
  std::string phase;
  /// The prefix of the functions' names, a C identifier, e.g. "digits".
  std::string name;
  /// Sizes of the batch, an entry each; the largest last.
  std::vector<int64_t> batches = {1};
  /// Compiled in, unless weightsApart.
  std::vector<BoundWeight> weights;
  bool weightsApart = false;
  /// A training step as CompileOptions::train says beside the prediction, for
  /// the largest batch.
  bool trainStep = false;
  /// Fail if the object needs any library.
  bool freestanding = false;
  /// What an executable's run stub is told of the programs and weights in it:
  /// a RunDescription as JSON.
  std::function<std::string(const std::vector<Signature> &programs,
                            const std::vector<std::string> &weights)>
      describeRun;
};

/// A picture's graph: what `nnc graph` draws.
struct GraphInfo {
  struct Node {
    std::string name;  ///< e.g. "hidden.weight"; may be empty.
    std::string kind;  ///< An op's name without "nn.", or a Role's name.
    std::string type;  ///< e.g. "f32[batch, 128]".
    std::string layer; ///< The path of the layer it belongs to; may be empty.
  };
  /// In topological order: edges lead from smaller to larger numbers.
  std::vector<Node> nodes;
  std::vector<std::pair<int, int>> edges;
};

/// What fusion made of a program: `nnc show --fusion`.
struct FusionInfo {
  /// Ops that became one kernel.
  struct Group {
    std::string kind;             ///< "map", "row_sweep", "contraction", ...
    std::vector<std::string> ops; ///< Without "nn.", in order.
    std::vector<std::string> layers;
    std::vector<std::string> outputs; ///< Types, e.g. "f32[batch, 128]".
  };
  /// Two ops that did not become one group, with their layers.
  struct Remark {
    std::string producer, producerLayer, consumer, consumerLayer, reason;
  };
  std::vector<Group> groups;
  /// Ops that are a kernel of their own, or none at all.
  std::vector<std::string> alone;
  std::vector<Remark> remarks;
};

/// The compiling half. Not safe to call from two threads at once.
class Compiler {
public:
  virtual ~Compiler() = default;

  /// Compiles \p source to machine code in memory.
  virtual Expected<Program> compile(const ModelSource &source,
                                    const CompileOptions &options) = 0;

  /// Checks the model and describes it without generating code. Warnings are
  /// appended to \p warnings.
  virtual Expected<ModelInfo> describe(const ModelSource &source,
                                       const CompileOptions &options,
                                       std::vector<Error> &warnings) = 0;

  /// The model as text or code: the content of the file to write. The batch
  /// sizes of \p emission hold, not that of \p options.
  virtual Expected<std::string> emit(const ModelSource &source,
                                     const CompileOptions &options,
                                     const EmitRequest &emission) = 0;

  /// The graph after the phase \p phase, for a picture.
  virtual Expected<GraphInfo> graph(const ModelSource &source,
                                    const CompileOptions &options,
                                    const std::string &phase) = 0;

  /// The groups of the program's ops, and why the rest stayed apart.
  virtual Expected<FusionInfo> fusion(const ModelSource &source,
                                      const CompileOptions &options) = 0;

  /// The arena of the program and what lies in it.
  virtual Expected<MemoryInfo> memory(const ModelSource &source,
                                      const CompileOptions &options) = 0;

  /// The graph of the objective and its gradients by the parameters and inputs
  /// that match \p wrt (none: all parameters, or all inputs of a model without)
  /// as text, or (explain) a derivation. With the order 2 also the gradients of
  /// the sum of all elements of the first ones.
  virtual Expected<std::string> gradient(const ModelSource &source,
                                         const CompileOptions &options,
                                         const std::vector<std::string> &wrt,
                                         int order, bool explain) = 0;

  /// One result of the checks of `nnc check`.
  struct CheckResult {
    /// What was compared, e.g. "gradient" or "predict".
    std::string check;
    /// The parameter, input or output.
    std::string name;
    double worst = 0; ///< Worst relative error.
    bool passed = true;
    /// Of a failure: the two values, and the first op that differs.
    std::string note;
  };
  /// Compares the compiled gradients of trained parameters and inputs with
  /// central differences, in double precision (gradients), and the results of
  /// compiled programs with those of the reference evaluation (reference).
  /// Parameters and inputs are drawn by seed. Errors up to \p rtol pass, or up
  /// to what the precision allows if it is 0.
  virtual Expected<std::vector<CheckResult>>
  check(const ModelSource &source, const CompileOptions &options,
        bool gradients, bool reference, double rtol, uint64_t seed) = 0;

  /// The values of a program's arguments by name.
  using ArgumentBytes = std::map<std::string, std::span<const std::byte>>;
  /// Runs the training step of \p options op by op on \p arguments and tells
  /// the first value that is NaN or Inf: its op, layer, place and whether it
  /// belongs to the forward pass, the backward pass or the update. Nothing if
  /// all are finite, or if the compiler cannot tell.
  virtual Expected<std::optional<ErrorNote>>
  firstNonFinite(const ModelSource &, const CompileOptions &,
                 const ArgumentBytes &) {
    return std::optional<ErrorNote>();
  }

  /// LLVM and target names, for `version` and the cache's key.
  virtual std::string buildId() = 0;
};

/// Opens the compiling half beside this executable (or NNC_COMPILER_LIBRARY).
Expected<Compiler *> openCompiler();

} // namespace nnc

/// The symbol openCompiler looks for in the library.
extern "C" nnc::Compiler *nnc_create_compiler(int abiVersion);

#endif // NNC_RUNTIME_COMPILER_H

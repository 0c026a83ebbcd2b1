//===- Workload.h - A program with data to run it on ------------*- C++ -*-===//

#ifndef NNC_TOOLS_NNC_WORKLOAD_H
#define NNC_TOOLS_NNC_WORKLOAD_H

#include "Context.h"

namespace nnc::tool {

/// What `nnc bench` and `nnc profile` run: a prediction or, with --train, a
/// training step, on drawn or given weights and a pool of batches, so that no
/// step sees the data of the one before.
class Workload {
public:
  Workload(Context &context, const ModelFile &model,
           const TrainSettings &settings)
      : context(context), model(model), settings(settings),
        isTraining(context.args.has("train")) {}

  /// Pins the process, compiles and draws or reads the data. \p profile: see
  /// CompileOptions. Afterwards `program` is null if the run ended with a phase
  /// that was printed, with `status`.
  Expected<void> prepare(bool profile);

  /// One step; gives the loss, or element 0 of the first output.
  Expected<double> step();

  /// The threads of the run.
  unsigned threads() const;

  Context &context;
  const ModelFile &model;
  const TrainSettings &settings;
  const bool isTraining;
  int status = 0;
  int64_t batch = 1;
  std::unique_ptr<BoundProgram> program;
  /// With `profile`.
  std::vector<KernelInfo> kernels;
  double compileMilliseconds = 0;
  bool isCached = false;

private:
  Expected<void> compile(bool profile);
  Expected<DataBinding> targetBinding(const ast::Function &function) const;
  void makeBatches();
  Expected<void> readBatches(const std::string &path);

  ParameterStore store;
  /// One entry an input, in the order of the signature: its batches, which the
  /// program reads where they lie.
  std::vector<std::vector<AlignedBuffer>> pools;
  int64_t poolSize = 0;
  int64_t stepsDone = 0;
};

} // namespace nnc::tool

#endif // NNC_TOOLS_NNC_WORKLOAD_H

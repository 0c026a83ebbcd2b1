//===- Progress.h - What a person sees of a training ------------*- C++ -*-===//

#ifndef NNC_TOOLS_NNC_PROGRESS_H
#define NNC_TOOLS_NNC_PROGRESS_H

#include "Context.h"
#include "nnc/Training/Trainer.h"

namespace nnc::tool {

/// A bar on a terminal, a line an epoch elsewhere, JSON on standard output if
/// asked for.
class ProgressReporter : public TrainingObserver {
public:
  explicit ProgressReporter(const Context &context)
      : context(context), hasBar(context.hasProgressBar()) {}
  ~ProgressReporter() override { clearBar(); }

  void note(const std::string &text) override;
  bool wantsProgress() override;
  void progress(const Progress &progress) override;
  void epoch(const EpochRecord &record) override;

  /// Removes the bar, so that a message can take its line.
  void clearBar();

  /// Epochs in all, for the lines; 0: not known.
  int64_t epochs = 0;
  /// All epochs that were told.
  std::vector<EpochRecord> records;

private:
  const Context &context;
  bool hasBar;
  bool isDrawn = false;
  std::chrono::steady_clock::time_point lastDrawn{};
  std::chrono::steady_clock::time_point epochBegan =
      std::chrono::steady_clock::now();
  /// Batches of the epoch that were done before.
  int64_t batchBegan = 0;
};

/// "loss 0.1234, accuracy 0.9512".
std::string
figuresText(const std::vector<std::pair<std::string, double>> &values);

/// "0:05", "12:34", "1:02:03".
std::string durationText(double seconds);

} // namespace nnc::tool

#endif // NNC_TOOLS_NNC_PROGRESS_H
